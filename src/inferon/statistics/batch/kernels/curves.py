"""Event-free probability and cumulative incidence at chosen times, by arm, in many trials."""

import numpy as np

from inferon.statistics.batch.cache import compiled, inside
from inferon.statistics.batch.kernels.ties import in_arm_1, leaving


@compiled
def curves(
    first, last, time, cause, arm, rows, blocks, wanted, times, free, free_error, incidence, incidence_error, followed
):
    """Fill (trials, arms, times): estimates, standard errors (Greenwood, Greenwood type), and who was followed so long.

    ``state`` holds, by arm: S, Greenwood's sum, F, and the sums that make the variance of F at any later time
    F² a - 2 F b + c (see ``aalen_johansen``).
    """
    arms = free.shape[1]
    at_risk, own, other, left = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)
    longest, state = np.zeros(2), np.zeros((2, 6))
    for trial in range(first, last):
        row, end = rows[blocks[trial]], rows[blocks[trial + 1]]
        at_risk[1] = in_arm_1(arm, row, end)
        at_risk[0] = end - row - at_risk[1]
        state[:] = 0.0
        state[:, 0] = 1.0
        longest[:] = -1.0
        reported = 0
        while row < end:
            now = time[row]
            while reported < times.size and times[reported] < now:
                _report(trial, reported, state, free, free_error, incidence, incidence_error)
                reported += 1
            row, own[0], own[1], other[0], other[1], left[0], left[1] = leaving(time, cause, arm, row, end, wanted)
            for k in range(arms):
                if left[k] > 0:
                    longest[k] = now
                    if own[k] + other[k] > 0:
                        _step(state[k], at_risk[k], own[k], own[k] + other[k])
                    at_risk[k] -= left[k]
        for later in range(reported, times.size):
            _report(trial, later, state, free, free_error, incidence, incidence_error)
        for k in range(arms):
            for at in range(times.size):
                followed[trial, k, at] = times[at] <= longest[k]


@inside
def _step(state, at_risk, own, events):
    free, incidence = state[0], state[2]
    incidence += free * own / at_risk
    hazard_term = events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
    cross = free * own / at_risk**2
    state[0] = free * ((at_risk - events) / at_risk)
    state[1] += hazard_term
    state[2] = incidence
    state[3] += hazard_term
    state[4] += incidence * hazard_term + cross
    state[5] += (
        incidence * incidence * hazard_term + 2 * incidence * cross + free**2 * own * (at_risk - own) / at_risk**3
    )


@inside
def _report(trial, at, state, free, free_error, incidence, incidence_error):
    for k in range(free.shape[1]):
        s, f = state[k, 0], state[k, 2]
        free[trial, k, at] = s
        free_error[trial, k, at] = s * np.sqrt(state[k, 1]) if s > 0 else np.nan
        incidence[trial, k, at] = f
        variance = f * f * state[k, 3] - 2 * f * state[k, 4] + state[k, 5]
        incidence_error[trial, k, at] = np.sqrt(max(variance, 0.0))
