"""Radiation and conditioning: linear-quadratic cell kill with repair, and what conditioning leaves of the host."""
