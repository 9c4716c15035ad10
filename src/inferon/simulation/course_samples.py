"""Measured BCR-ABL as somebody keeps it: a table of patient, time and percent, checked cell by cell and converted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_MONTH
from inferon.study import InputError
from inferon.study.errors import NOTHING

if TYPE_CHECKING:
    from inferon.analysis.table import RawTable

TIMES = ("days", "months")
"""Columns of time from the start of treatment; the first that is there is read."""


def read_samples(data: str | Path | pl.DataFrame) -> tuple[pl.DataFrame, RawTable]:
    """The samples, with the table as it was written, row for row.

    Columns: patient (whole number), days, bcrabl_percent, and, where the table has them, phase (text) and below_limit (0 or 1:
    censored at that value). Raises ``InputError`` with line and column for a table that does not fit.
    """
    from inferon.analysis.table import read_table  # brings the statistics with it, which nothing else here needs

    table = data if isinstance(data, pl.DataFrame) else Path(data)
    raw = read_table(table, ["patient", "bcrabl_percent"], optional=[*TIMES, "phase", "below_limit"])
    time = next((name for name in TIMES if name in raw.columns), None)
    if time is None:
        line = None if raw.lines is None else 1
        raise InputError("there is no column of time", file=raw.file, line=line, found=NOTHING, allowed=list(TIMES))
    days_of_one = DAYS_PER_MONTH if time == "months" else 1.0
    columns: dict[str, list[Any]] = {
        "patient": _converted(raw, "patient", int, "a whole number"),
        "days": [value * days_of_one for value in _converted(raw, time, float, "a number", least=-np.inf)],
        "bcrabl_percent": _converted(raw, "bcrabl_percent", float, "percent, 0 or more"),
    }
    if "below_limit" in raw.columns:
        columns["below_limit"] = _converted(raw, "below_limit", int, "0 or 1", most=1)
    if "phase" in raw.columns:
        columns["phase"] = raw.columns["phase"]
    return pl.DataFrame(columns), raw


def _converted(
    raw: RawTable, column: str, kind: Callable[[str], float], allowed: str, *, least: float = 0, most: float = np.inf
) -> list[float]:
    found = []
    for row, text in enumerate(raw.columns[column]):
        try:
            value = kind(text)
        except ValueError:
            value = np.nan
        if not (np.isfinite(value) and least <= value <= most):
            raise InputError("", **raw.place(column, row), found=text, allowed=allowed)
        found.append(value)
    return found
