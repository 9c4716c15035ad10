"""Area under the event-free curve up to a horizon, by arm, in many trials."""

import numpy as np

from inferon.statistics.batch.cache import compiled, inside


@compiled
def rmst(first, last, time, cause, arm, rows, blocks, wanted, horizon, area, variance):
    """Restricted mean and its variance Σ (area from the event time to the horizon)² d / (Y (Y - d)), by trial and arm.

    A horizon that is NaN is set to the latest time at which the curves of both arms are known. The results are NaN for an
    arm whose curve is not known up to the horizon.
    """
    longest = 0
    for trial in range(first, last):
        longest = max(longest, rows[blocks[trial + 1]] - rows[blocks[trial]])
    area_then, term = np.empty(longest), np.empty(longest)
    for trial in range(first, last):
        begin, end = rows[blocks[trial]], rows[blocks[trial + 1]]
        if np.isnan(horizon[trial]):
            horizon[trial] = _common(time, cause, arm, begin, end, wanted)
        for k in range(2):
            area[trial, k], variance[trial, k] = _one_arm(
                time, cause, arm, begin, end, wanted, k, horizon[trial], area_then, term
            )


@inside
def _followed(time, cause, arm, begin, end, wanted, k):
    """The last time seen in an arm, and whether its curve is 0 there; NaN in an arm without patients."""
    last_seen, down = np.nan, False
    for row in range(end - 1, begin - 1, -1):
        if time[row] < last_seen:
            break
        if arm[row] == k:
            down = (down or np.isnan(last_seen)) and cause[row] != 0 and (wanted == 0 or cause[row] == wanted)
            last_seen = time[row]
    return last_seen, down


@inside
def _common(time, cause, arm, begin, end, wanted):
    """The shorter follow-up of the curves that do not come down to 0; the longer one where both do."""
    last_0, down_0 = _followed(time, cause, arm, begin, end, wanted, 0)
    last_1, down_1 = _followed(time, cause, arm, begin, end, wanted, 1)
    if down_0 and down_1:
        return max(last_0, last_1)
    if down_0:
        return last_1
    return last_0 if down_1 else min(last_0, last_1)


@inside
def _one_arm(time, cause, arm, begin, end, wanted, k, horizon, area_then, term):
    last_seen, down = _followed(time, cause, arm, begin, end, wanted, k)
    if not (last_seen >= horizon or down):
        return np.nan, np.nan
    at_risk = 0
    for row in range(begin, end):
        at_risk += arm[row] == k
    free, total, before, row, count = 1.0, 0.0, 0.0, begin, 0
    while row < end and time[row] <= horizon:
        now, events, left = time[row], 0, 0
        while row < end and time[row] == now:
            if arm[row] == k:
                left += 1
                events += cause[row] != 0 and (wanted == 0 or cause[row] == wanted)
            row += 1
        if events > 0:
            total += free * (now - before)
            before = now
            free *= (at_risk - events) / at_risk
            area_then[count] = total
            term[count] = events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
            count += 1
        at_risk -= left
    total += free * (horizon - before)
    variance = 0.0
    for at in range(count):
        variance += (total - area_then[at]) ** 2 * term[at]
    return total, variance
