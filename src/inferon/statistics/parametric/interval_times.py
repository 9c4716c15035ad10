"""Event times known to lie in (left, right]: checked, and told apart by what is known of them.

left = right            the event was seen at that time
right missing or inf    right censored at left
left 0 or missing       left censored: it happened by `right`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False)
class IntervalTimes:
    """`left` >= 0 and `right` (inf where the event was not seen), shape (patients,); `exact` where they are equal."""

    left: Floats
    right: Floats

    @property
    def exact(self) -> NDArray[np.bool_]:
        """The event time itself is known."""
        return self.left == self.right

    @property
    def n(self) -> int:
        """Patients."""
        return self.left.size

    @property
    def n_events(self) -> int:
        """Patients whose event is known to have happened."""
        return int(np.isfinite(self.right).sum())


def interval_times(left: ArrayLike, right: ArrayLike) -> IntervalTimes:
    """Read both ends; ValueError with the position for a negative or infinite left end or a right end before it."""
    lower, upper = _ends(left, "left"), _ends(right, "right")
    if lower.shape != upper.shape:
        raise ValueError(f"left and right must have equal lengths, found {lower.size} and {upper.size}")
    lower, upper = np.where(np.isnan(lower), 0.0, lower), np.where(np.isnan(upper), np.inf, upper)
    for wrong, rule in ((lower < 0, "left must not be negative"), (np.isinf(lower), "left must be finite")):
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(f"{rule}: found {lower[at]} at position {at}")
    if (upper < lower).any():
        at = int(np.argmax(upper < lower))
        raise ValueError(f"right must not lie before left: found ({lower[at]}, {upper[at]}] at position {at}")
    return IntervalTimes(lower, upper)


def _ends(column: ArrayLike, name: str) -> Floats:
    values = column.to_numpy() if isinstance(column, pl.Series) else column
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds values that are not numbers") from None
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"{name} must be one column with at least one value, found shape {numbers.shape}")
    return numbers
