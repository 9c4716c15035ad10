"""Probabilities and restricted times, by time: one estimator a file."""
