"""What a row of follow-up says besides its end: when it enters, how much it counts, and whom it belongs to.

Delayed entry (left truncation): a row is at risk at t when start < t <= time. Splitting one patient's follow-up at any
time into two rows, the first of them censored, changes no estimate. A weight of 2 counts as two patients. Rows of one
`cluster` (a patient, a family, a centre) may depend on each other; only the infinitesimal jackknife heeds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, Integers, follow_up_times, group_codes


@dataclass(frozen=True, eq=False)
class Records:
    """Checked follow-up: end, entry (None: everybody enters before the first time), weight (None: 1), cluster code."""

    time: Floats
    start: Floats | None = None
    weights: Floats | None = None
    cluster: Integers | None = None

    @property
    def n(self) -> int:
        """The number of rows, whatever they weigh."""
        return self.time.size

    @property
    def clustered(self) -> bool:
        """Whether rows are named as belonging together."""
        return self.cluster is not None

    @property
    def fractional(self) -> bool:
        """Whether a weight is not a whole number, so that it cannot stand for a number of patients."""
        return self.weights is not None and bool((self.weights != np.floor(self.weights)).any())

    def weight(self) -> Floats:
        """The weights, 1 where none were given."""
        return np.ones(self.n) if self.weights is None else self.weights

    def cluster_codes(self) -> Integers:
        """The clusters, each row its own where none were given."""
        return np.arange(self.n) if self.cluster is None else self.cluster


def checked_records(
    time: ArrayLike, *, start: ArrayLike | None = None, weights: ArrayLike | None = None, cluster: Any = None
) -> Records:
    """Check the columns of follow-up; ValueError with the first offending position."""
    ends = follow_up_times(time)
    return Records(
        ends,
        None if start is None else entry_times(start, ends),
        None if weights is None else case_weights(weights, patients=ends.size),
        None if cluster is None else group_codes(cluster, patients=ends.size, name="cluster").codes,
    )


def entry_times(start: ArrayLike, time: Floats) -> Floats:
    """Entry times as float64; ValueError unless each is a finite number before the row's end."""
    values = _numbers(start, "start", time.size)
    late = ~(values < time)
    if late.any():
        at = int(np.argmax(late))
        raise ValueError(f"start must lie before time: found start {values[at]} and time {time[at]} at position {at}")
    return values


def case_weights(weights: ArrayLike, *, patients: int) -> Floats:
    """Weights as float64; ValueError unless each is finite and above 0 (leave out who should not count)."""
    values = _numbers(weights, "weights", patients)
    if (values <= 0).any():
        at = int(np.argmax(values <= 0))
        raise ValueError(f"weights must be above 0: found {values[at]} at position {at}")
    return values


def _numbers(column: ArrayLike, name: str, patients: int) -> Floats:
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds values that are not numbers") from None
    if values.shape != (patients,):
        raise ValueError(f"{name} must have one value a patient ({patients}), found shape {values.shape}")
    if not np.isfinite(values).all():
        at = int(np.argmax(~np.isfinite(values)))
        raise ValueError(f"{name} must be a finite number: found {values[at]} at position {at}")
    return values
