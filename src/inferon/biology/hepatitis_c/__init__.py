"""Hepatitis C viral dynamics (module H): equations, parameters, card, closed forms."""
