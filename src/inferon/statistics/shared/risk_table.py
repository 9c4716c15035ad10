"""How many are at risk, and how many leave for which reason, at every distinct follow-up time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Floats, Integers

Counts = NDArray[Any]
"""Numbers of patients (integers), or sums of their weights (floats)."""


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Counts by distinct time and group; sums of weights where patients are weighted.

    time      distinct times at which follow-up ends, ascending, shape (times,)
    at_risk   patients with start < time <= end of follow-up, shape (times, groups)
    events    patients who end at that time by each cause, shape (times, groups, causes)
    censored  patients who end at that time without event, shape (times, groups)
    position  where each patient's follow-up ends among the times, shape (patients,)
    """

    time: Floats
    at_risk: Counts
    events: Counts
    censored: Counts
    position: Integers


def risk_table(
    time: Floats,
    cause: Integers,
    *,
    causes: int = 1,
    group: Integers,
    groups: int = 1,
    start: Floats | None = None,
    weights: Floats | None = None,
) -> RiskTable:
    """Count patients by time, group and cause code (-1 = censored); one sort, so O(patients log patients).

    start    entry times, each before its `time`; without them everybody is at risk from the beginning
    weights  how much each patient counts; where everybody at risk leaves at once, the sums are exactly equal
    """
    distinct, position = distinct_times(time)
    shape = (distinct.size, groups, causes + 1)
    cell = (position * groups + group) * (causes + 1) + cause + 1
    counts = np.bincount(cell, weights, minlength=distinct.size * groups * (causes + 1)).reshape(shape)
    leaving = counts.sum(axis=2)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1]
    if start is not None:
        first = np.searchsorted(distinct, start, side="right") * groups + group
        at_risk = at_risk - _not_yet_entered(first, shape[:2], weights)
        if weights is not None:
            unweighted = np.bincount(cell, minlength=counts.size).reshape(shape).sum(axis=2)
            number = unweighted[::-1].cumsum(axis=0)[::-1] - _not_yet_entered(first, shape[:2], None)
            at_risk = np.where(number == unweighted, leaving, at_risk)
    return RiskTable(distinct, at_risk, counts[:, :, 1:], counts[:, :, 0], position)


def distinct_times(time: Floats) -> tuple[Floats, Integers]:
    """The distinct times, ascending, and the position of every patient's time among them."""
    order = np.argsort(time)
    ascending = time[order]
    opens = np.empty(time.size, dtype=np.bool_)
    opens[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=opens[1:])
    position = np.empty(time.size, dtype=np.int64)
    position[order] = np.cumsum(opens) - 1
    return ascending[opens], position


def before(values: NDArray[Any], start: float) -> Floats:
    """The left-continuous version of a step function given at its jumps along the first axis."""
    shifted = np.empty_like(values)
    shifted[0] = start
    shifted[1:] = values[:-1]
    return shifted


def _not_yet_entered(first: Integers, shape: tuple[int, int], weights: Floats | None) -> Counts:
    """Patients, by time and group, whose first time at risk (a cell number) is still to come."""
    entering = np.bincount(first, weights, minlength=shape[0] * shape[1]).reshape(shape)
    return entering[::-1].cumsum(axis=0)[::-1] - entering
