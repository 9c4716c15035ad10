"""Plausible patients: of those drawn, the ones whose quantities lie in physiological ranges.

The first of the two steps of Allen, Rieger & Musante, CPT Pharmacometrics Syst Pharmacol 2016;5:140: patients outside the ranges
of every quantity that is known to be bounded are left out, whatever parameters made them. The second step, weights or selection
towards an observed distribution, is ``inferon.cohort.prevalence``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from inferon.cohort.populations import Cohort
from inferon.model.catalogue import parameter_table

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


def table_ranges(folder: str, quantities: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Ranges of a module's parameter table: ``quantities`` names for each quantity the symbol of its row.

    An end the table leaves open is infinite. Raises ``KeyError`` for a symbol the table has not.
    """
    table = parameter_table(folder)
    unknown = [symbol for symbol in quantities.values() if symbol not in table]
    if unknown:
        raise KeyError(f"the table of {folder} has no symbol {unknown[0]!r}")
    rows = {name: table[symbol] for name, symbol in quantities.items()}
    return {
        name: (-np.inf if row.lower is None else row.lower, np.inf if row.upper is None else row.upper)
        for name, row in rows.items()
    }


def chosen(cohort: Cohort, selected: np.ndarray) -> Cohort:
    """The selected patients (mask or indices) of a cohort, each as before."""
    kept = np.flatnonzero(selected) if np.asarray(selected).dtype == bool else np.asarray(selected)
    columns = {
        name: {key: column[kept] for key, column in getattr(cohort, name).items()}
        for name in ("parameters", "effects", "draws")
    }
    return replace(cohort, patients=cohort.patients[kept], covariates=cohort.covariates[kept], **columns)


def draw_plausible(
    draw: Callable[[np.ndarray], Cohort],
    look: Callable[[Cohort], pl.DataFrame],
    ranges: Ranges,
    *,
    patients: int,
    most: int = 1_000_000,
    block: int = 1000,
) -> Cohort:
    """The first so many plausible patients, by number from 0 on.

    ``draw`` makes a cohort from numbers; ``look`` gives the quantities (one row a patient), from its parameters or from a
    simulation. ``block`` patients are drawn at a time and change no result. Raises ``ValueError`` when ``most`` draws do not hold
    enough plausible ones.
    """
    found = np.zeros(0, np.int64)
    for first in range(0, most, block):
        numbers = np.arange(first, min(first + block, most))
        found = np.concatenate([found, numbers[plausible(look(draw(numbers)), ranges).accepted]])
        if len(found) >= patients:
            return draw(found[:patients])
    raise ValueError(f"of {most} patients drawn {len(found)} are plausible; {patients} were asked for")
