"""Module P: the virtual population; the draws are made in the cohort room."""
