"""How many are at risk, and how many leave for which reason, at every distinct follow-up time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.columns import Floats, Integers


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Counts by distinct time and group.

    time      distinct follow-up times, ascending, shape (times,)
    at_risk   patients with follow-up >= time, shape (times, groups)
    events    patients who end at that time by each cause, shape (times, groups, causes)
    censored  patients who end at that time without event, shape (times, groups)
    """

    time: Floats
    at_risk: Integers
    events: Integers
    censored: Integers


def risk_table(time: Floats, cause: Integers, *, causes: int = 1, group: Integers, groups: int = 1) -> RiskTable:
    """Count patients by time, group and cause code (-1 = censored); one sort, so O(patients log patients)."""
    distinct, position = np.unique(time, return_inverse=True)
    cell = (position * groups + group) * (causes + 1) + cause + 1
    counts = np.bincount(cell, minlength=distinct.size * groups * (causes + 1))
    counts = counts.reshape(distinct.size, groups, causes + 1)
    leaving = counts.sum(axis=2)
    at_risk = leaving.sum(axis=0) - np.cumsum(leaving, axis=0) + leaving
    return RiskTable(distinct, at_risk, counts[:, :, 1:], counts[:, :, 0])


def before(values: NDArray[Any], start: float) -> Floats:
    """The left-continuous version of a step function given at its jumps along the first axis."""
    shifted = np.empty_like(values)
    shifted[0] = start
    shifted[1:] = values[:-1]
    return shifted
