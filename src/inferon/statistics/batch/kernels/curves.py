"""Event-free probability and cumulative incidence at chosen times, by arm, in many trials.

The Greenwood-type variance of F(t) (see ``incidence_variance``) is the sum over event times u <= t of

    S(u-)² d_j d_o / Y³ + (1 - G(u) - F(t))² d_j / (Y (Y - d)) + (F(t) - F(u))² d_o / (Y (Y - d)),

with d_o the events of other causes and G their incidence: what is chance between the three fates of a patient at risk,
pair by pair. No term is negative, so that nothing cancels and 0 stays 0. Sums of weighted squares around F(t), which is
not known yet at u, are kept as sums around their own mean: Σ w (x - F)² = Q + W (M - F)² (West, Commun ACM
1979;22:532-535).
"""

import numpy as np

from inferon.statistics.batch.cache import compiled, inside
from inferon.statistics.batch.kernels.ties import in_arm_1, leaving


@compiled
def curves(
    first, last, time, cause, arm, rows, blocks, wanted, times, free, free_error, incidence, incidence_error, followed
):
    """Fill (trials, arms, times): estimates, standard errors (Greenwood, Greenwood type), and who was followed so long.

    ``state`` holds, by arm: S, Greenwood's sum, F, G and Σ S(u-)² d_j d_o / Y³; ``own_squares`` and ``other_squares`` hold
    W, M and Q of the two sums of squares.
    """
    arms = free.shape[1]
    at_risk, own, other, left = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)
    longest, state, own_squares, other_squares = np.zeros(2), np.zeros((2, 5)), np.zeros((2, 3)), np.zeros((2, 3))
    for trial in range(first, last):
        row, end = rows[blocks[trial]], rows[blocks[trial + 1]]
        at_risk[1] = in_arm_1(arm, row, end)
        at_risk[0] = end - row - at_risk[1]
        state[:] = 0.0
        state[:, 0] = 1.0
        own_squares[:] = 0.0
        other_squares[:] = 0.0
        longest[:] = -1.0
        reported = 0
        while row < end:
            now = time[row]
            while reported < times.size and times[reported] < now:
                _report(
                    trial, reported, state, own_squares, other_squares, free, free_error, incidence, incidence_error
                )
                reported += 1
            row, own[0], own[1], other[0], other[1], left[0], left[1] = leaving(time, cause, arm, row, end, wanted)
            for k in range(arms):
                if left[k] > 0:
                    longest[k] = now
                    if own[k] + other[k] > 0:
                        _step(state[k], own_squares[k], other_squares[k], at_risk[k], own[k], other[k])
                    at_risk[k] -= left[k]
        for later in range(reported, times.size):
            _report(trial, later, state, own_squares, other_squares, free, free_error, incidence, incidence_error)
        for k in range(arms):
            for at in range(times.size):
                followed[trial, k, at] = times[at] <= longest[k]


@inside
def _step(state, own_squares, other_squares, at_risk, own, other):
    free, left = state[0], at_risk - own - other
    state[0] = free * (left / at_risk)
    state[2] = min(state[2] + free * own / at_risk, 1.0)  # rounding must not carry it past certainty
    state[3] += free * other / at_risk
    state[4] += free * free * own * other / at_risk**3
    if left > 0:
        state[1] += (own + other) / (at_risk * left)
        _add_square(own_squares, own / (at_risk * left), 1.0 - state[3])
        _add_square(other_squares, other / (at_risk * left), state[2])


@inside
def _add_square(squares, weight, value):
    if weight > 0:
        squares[0] += weight
        away = value - squares[1]
        squares[1] += away * weight / squares[0]
        squares[2] += weight * away * (value - squares[1])


@inside
def _sum_of_squares(squares, around):
    return squares[2] + squares[0] * (squares[1] - around) ** 2


@inside
def _report(trial, at, state, own_squares, other_squares, free, free_error, incidence, incidence_error):
    for k in range(free.shape[1]):
        s, f = state[k, 0], state[k, 2]
        free[trial, k, at] = s
        free_error[trial, k, at] = s * np.sqrt(state[k, 1]) if s > 0 else np.nan
        incidence[trial, k, at] = f
        variance = state[k, 4] + _sum_of_squares(own_squares[k], f) + _sum_of_squares(other_squares[k], f)
        incidence_error[trial, k, at] = np.sqrt(variance)
