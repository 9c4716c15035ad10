"""What a simulation gives back: courses, bands and events as plain frames, and what was changed and given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

LOWER, UPPER = 0.05, 0.95
"""Shares of the patients below the lower and below the upper limit of a band."""


@dataclass(frozen=True)
class Simulation:
    """One model simulated under one regimen.

    Attributes
    ----------
    model, title, population: what was simulated, in whom. seed: of every draw.
    time: name of the column of time. time_unit: its unit in words.
    courses: one row a patient and time: ``patient``, time, one column a quantity; null once a patient is not followed.
    events: one row a patient: ``patient``, ``status`` and the day of each event (null: it did not happen).
    units: unit of each quantity by its column in ``courses``.
    doses: one row a dose as ordered: day, drug, amount, unit.
    changed: sentences, a replaced value each, with what the table has. notes: what the reader has to know.
    records: a table of records with what the model says at each, where one was simulated.
    """

    model: str
    title: str
    population: str
    seed: int
    time: str
    time_unit: str
    courses: pl.DataFrame
    events: pl.DataFrame
    units: Mapping[str, str]
    doses: pl.DataFrame
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    records: pl.DataFrame | None = None

    @property
    def patients(self) -> int:
        """Number of patients."""
        return self.events.height

    @property
    def quantities(self) -> tuple[str, ...]:
        """Columns of ``courses`` that are shown."""
        return tuple(self.units)

    @property
    def unsolved(self) -> Mapping[str, int]:
        """Patients without a solution, by sentence."""
        counts = self.events.filter(pl.col("status") != "ok")["status"].value_counts().sort("status")
        return dict(counts.iter_rows())

    @cached_property
    def bands(self) -> pl.DataFrame:
        """quantity, unit, time, n (patients followed then), lower (5 %), median, upper (95 %)."""
        parts = [self._band(name) for name in self.quantities]
        return pl.concat(parts)

    def _band(self, name: str) -> pl.DataFrame:
        value = pl.col(name)
        found = self.courses.group_by(self.time, maintain_order=True).agg(
            n=value.count(),
            lower=value.quantile(LOWER, interpolation="linear"),
            median=value.median(),
            upper=value.quantile(UPPER, interpolation="linear"),
        )
        return found.select(pl.lit(name).alias("quantity"), pl.lit(self.units[name]).alias("unit"), pl.all())

    @cached_property
    def event_table(self) -> pl.DataFrame:
        """event, patients, share of those solved, lower (5 %), median and upper (95 %) day of those who had it."""
        solved = self.events.filter(pl.col("status") == "ok")
        rows = [
            _event_row(name, solved[name].drop_nulls().to_numpy(), solved.height)
            for name in self.events.columns
            if name not in ("patient", "status")
        ]
        kinds = {"event": pl.String, "patients": pl.Int64} | dict.fromkeys(
            ("share", "lower", "median", "upper"), pl.Float64
        )
        return pl.DataFrame(rows, schema=kinds, orient="row")

    def plain(self) -> dict[str, Any]:
        """Everything but the courses as plain values; bands at up to a dozen times."""
        times = self.bands[self.time].unique().sort()
        kept = times.gather(np.unique(np.linspace(0, len(times) - 1, 12).round().astype(int)))
        words = ("model", "title", "population", "patients", "seed", "time", "time_unit")
        return {
            **{name: getattr(self, name) for name in words},
            "units": dict(self.units),
            "doses": self.doses.to_dicts(),
            "changed": list(self.changed),
            "notes": list(self.notes),
            "unsolved": dict(self.unsolved),
            "events": self.event_table.to_dicts(),
            "bands": self.bands.filter(pl.col(self.time).is_in(kept.to_list())).to_dicts(),
        }


def _event_row(column: str, days: np.ndarray, solved: int) -> tuple[Any, ...]:
    name = column.removesuffix("_day")
    if not len(days):
        return name, 0, 0.0 if solved else None, None, None, None
    limits = (float(q) for q in np.quantile(days, [LOWER, 0.5, UPPER]))
    return name, len(days), len(days) / solved, *limits
