"""The compiled loops behind the batched statistics; importing one of these files imports numba."""
