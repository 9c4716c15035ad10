"""Plausible patients: of those drawn, the ones whose quantities lie in physiological ranges.

The first of the two steps of Allen, Rieger & Musante, CPT Pharmacometrics Syst Pharmacol 2016;5:140: patients outside the ranges
of every quantity that is known to be bounded are left out, whatever parameters made them. The second step, weights or selection
towards an observed distribution, is ``inferon.cohort.prevalence``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

Ranges = Mapping[str, tuple[float, float]]
"""Least and greatest plausible value by quantity, in its own unit; infinite where one side is open."""


@dataclass(frozen=True)
class Plausibility:
    """Which patients are plausible.

    Attributes
    ----------
    accepted: booleans, shape (patients,).
    reasons: one row a quantity: its range, and how many patients lie below, above, or have no value.
    """

    accepted: np.ndarray
    reasons: pl.DataFrame

    @property
    def share(self) -> float:
        """Share of the patients that is accepted; 0 of nobody."""
        return float(self.accepted.mean()) if len(self.accepted) else 0.0


def plausible(values: pl.DataFrame, ranges: Ranges) -> Plausibility:
    """Which rows of ``values`` (a patient each) lie within every range, limits included; a missing value does not.

    Raises ``KeyError`` for a quantity that is not a column and ``ValueError`` for a range that is empty.
    """
    rows, accepted = [], np.ones(values.height, bool)
    for name, (low, high) in ranges.items():
        if name not in values.columns:
            raise KeyError(f"no quantity {name!r}; allowed: {', '.join(values.columns)}")
        if not low <= high:
            raise ValueError(f"the range of {name} is empty: {low:g} to {high:g}")
        column = values[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        below, above, missing = column < low, column > high, np.isnan(column)
        accepted &= ~(below | above | missing)
        rows.append((name, float(low), float(high), int(below.sum()), int(above.sum()), int(missing.sum())))
    kinds = {"quantity": pl.String, "lower": pl.Float64, "upper": pl.Float64}
    kinds |= dict.fromkeys(("below", "above", "missing"), pl.Int64)
    return Plausibility(accepted, pl.DataFrame(rows, schema=kinds, orient="row"))
