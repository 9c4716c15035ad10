"""Interval-censored times and curves of known shape."""
