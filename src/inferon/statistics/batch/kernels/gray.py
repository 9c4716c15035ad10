"""Gray's test of two arms in many trials: forward for the score and each event's effect, once more for the variance."""

import numpy as np

from inferon.statistics.batch.cache import compiled, inside
from inferon.statistics.batch.kernels.ties import in_arm_1, leaving

# what is kept of an event time and arm for the way back
_DIRECT, _DRIFT, _GAIN, _RATIO, _OWN, _OTHER = range(6)


@compiled
def gray(first, last, time, cause, arm, rows, blocks, wanted, rho, events, score, variance, trusted):
    """Events by arm, the score of arm 1 and its variance; ``trusted`` is false where the pooled incidence passes 1."""
    longest = 0
    for trial in range(first, last):
        for block in range(blocks[trial], blocks[trial + 1]):
            longest = max(longest, rows[block + 1] - rows[block])
    kept = np.empty((longest, 2, 6))
    for trial in range(first, last):
        trusted[trial] = True
        for block in range(blocks[trial], blocks[trial + 1]):
            row, end = rows[block], rows[block + 1]
            count, score_0, sound = _forward(time, cause, arm, row, end, wanted, rho, events[trial], kept)
            score[trial] -= score_0
            variance[trial] += _variance(kept, count)
            trusted[trial] &= sound


@inside
def _forward(time, cause, arm, row, end, wanted, rho, events, kept):
    """Fill ``kept`` by event time; returns how many, the score of arm 0, and whether the pooled incidence is below 1."""
    at_risk, own, other, left = np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)
    at_risk[1] = in_arm_1(arm, row, end)
    at_risk[0] = end - row - at_risk[1]
    free, incidence, drift, adjusted = np.ones(2), np.zeros(2), np.zeros(2), np.zeros(2)
    count, score, pooled, sound = 0, 0.0, 0.0, True
    while row < end:
        row, own[0], own[1], other[0], other[1], left[0], left[1] = leaving(time, cause, arm, row, end, wanted)
        deaths = own[0] + own[1]
        if deaths + other[0] + other[1] > 0:
            for k in range(2):
                adjusted[k] = at_risk[k] / free[k] if at_risk[k] > 0 else 0.0
            reach = adjusted[0] + adjusted[1]
            remaining_before = 1 - pooled
            pooled += deaths / reach
            weight = remaining_before**rho if rho != 0 else 1.0
            here_0, here_1 = adjusted[0] * (1 - incidence[0]), adjusted[1] * (1 - incidence[1])
            score += weight * own[0] - weight * deaths * here_0 / (here_0 + here_1)
            sound &= deaths == 0 or remaining_before > 0
            for k in range(2):
                direct = -weight * adjusted[0] * (adjusted[k] / reach)
                if k == 0:
                    direct += weight * adjusted[0]
                if deaths > 0:
                    drift[k] += direct * deaths / (reach * remaining_before)
                _keep(kept[count, k], at_risk[k], own[k], other[k], deaths, free[k], reach, 1 - pooled)
                kept[count, k, _DIRECT], kept[count, k, _DRIFT] = direct, drift[k]
                if at_risk[k] > 0:
                    incidence[k] += free[k] * own[k] / at_risk[k]
                    free[k] *= 1 - (own[k] + other[k]) / at_risk[k]
            count += 1
            events[0] += int(own[0])
            events[1] += int(own[1])
        at_risk[0] -= left[0]
        at_risk[1] -= left[1]
    return count, score, sound


@inside
def _keep(kept, at_risk, own, other, deaths, free, reach, remaining):
    """How an event acts beyond its time (``_GAIN``, ``_RATIO``), and the variances of the two kinds of events."""
    free_after = free * (1 - (own + other) / at_risk) if at_risk > 0 else free
    going_on = free_after > 0
    ratio = remaining / free_after if going_on else 0.0
    own_ties = 1 - (deaths - 1) / (reach * free - 1) if deaths > 1 else 1.0
    other_ties = 1 - (other - 1) / max(at_risk - 1, 1.0) if other > 1 else 1.0
    kept[_GAIN] = 1 - ratio if going_on else 1.0
    kept[_RATIO] = ratio
    kept[_OWN] = own_ties * free * deaths / (reach * at_risk) if at_risk > 0 and deaths > 0 else 0.0
    kept[_OTHER] = other_ties * free**2 * other / at_risk**2 if going_on and other > 0 else 0.0


@inside
def _variance(kept, count):
    total = 0.0
    for k in range(2):
        for at in range(count):
            event = kept[at, k]
            later = kept[count - 1, k, _DRIFT] - event[_DRIFT]
            effect, indirect = event[_DIRECT] + event[_GAIN] * later, event[_RATIO] * later
            total += effect * effect * event[_OWN] + indirect * indirect * event[_OTHER]
    return total
