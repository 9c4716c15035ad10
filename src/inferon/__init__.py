"""Inferon."""
