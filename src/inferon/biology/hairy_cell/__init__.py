"""Hairy-cell leukaemia (module F): equations, parameters, card, closed forms."""
