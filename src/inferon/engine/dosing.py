"""Doses: boluses added at their time, infusions as constant rates between theirs."""

import numpy as np
from numba import njit

from inferon.engine.calls import MERGED


@njit(**MERGED)
def give_doses(t, i, given, time, amount, duration, state, y):
    """Add every bolus due by t; returns the number of records dealt with."""
    while given < time.shape[1] and time[i, given] <= t:
        if duration[i, given] <= 0.0:
            y[state[i, given]] += amount[i, given]
        given += 1
    return given


@njit(**MERGED)
def infusions(t, i, given, time, amount, duration, state, infused):
    """Rates of the infusions running just after t; returns when the first of them ends."""
    infused[:] = 0.0
    end = np.inf
    for r in range(given):
        stop = time[i, r] + duration[i, r]
        if duration[i, r] > 0.0 and time[i, r] <= t < stop:
            infused[state[i, r]] += amount[i, r] / duration[i, r]
            end = min(end, stop)
    return end
