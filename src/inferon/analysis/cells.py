"""Columns of text as numbers or labels; what does not fit is refused with its first row, and the others are named."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError

Numbers = NDArray[np.float64]
A_LABEL = "a label for every patient"


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number; a missing one cannot."""
    if cell in MISSING or "_" in cell:
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def refuse(table: RawTable, column: str, rows: Sequence[int], *, message: str = "", allowed: str) -> None:
    """InputError at the first of `rows`, where there is one; several are counted and named."""
    if not rows:
        return
    several = f"{len(rows)} rows are so ({table.positions(rows)})" if len(rows) > 1 else ""
    told = "; ".join(part for part in (message, several) if part)
    raise InputError(told, **table.place(column, rows[0]), found=table.columns[column][rows[0]], allowed=allowed)


def follow_up(table: RawTable, column: str) -> Numbers:
    """A column of times: finite numbers >= 0, none missing."""
    cells = table.columns[column]
    values, bad = _values(cells)
    missing = [row for row in bad if cells[row] in MISSING]
    wrong = [row for row in bad if row not in set(missing)]
    refuse(table, column, _earliest(missing, wrong), message="the follow-up is missing", allowed="a number >= 0")
    refuse(table, column, _earliest(wrong, missing), allowed="a number >= 0")
    refuse(table, column, np.flatnonzero(~np.isfinite(values) | (values < 0)).tolist(), allowed="a finite number >= 0")
    return values


def entry(table: RawTable, column: str, time: Numbers) -> Numbers:
    """A column of entry times, each a finite number before the end of follow-up of its row."""
    values = _finite(table, column, what="the entry time")
    late = np.flatnonzero(values >= time).tolist()
    if late:
        allowed = f"a number before the end of follow-up, here {time[late[0]]:g}"
        refuse(table, column, late, message="the entry is not before the end of follow-up", allowed=allowed)
    return values


def case_weights(table: RawTable, column: str) -> Numbers:
    """A column of weights, each a finite number above 0."""
    values = _finite(table, column, what="the weight")
    refuse(table, column, np.flatnonzero(values <= 0).tolist(), allowed="a number > 0")
    return values


def labels(table: RawTable, column: str, *, what: str = "group") -> list[str]:
    """A column of labels, none missing."""
    cells = table.columns[column]
    missing = [row for row, cell in enumerate(cells) if cell in MISSING]
    refuse(table, column, missing, message=f"the {what} is missing", allowed=A_LABEL)
    return cells


def natural(label: str) -> tuple[bool, float, str]:
    """Sorts labels: numbers by size, then text."""
    return (False, float(label), label) if is_number(label) else (True, 0.0, label)


def _values(cells: Sequence[str]) -> tuple[Numbers, list[int]]:
    """The cells as numbers, and the rows of those that are none."""
    bad = [row for row, cell in enumerate(cells) if not is_number(cell) or math.isnan(float(cell))]
    out = set(bad)
    return np.array([0.0 if row in out else float(cell) for row, cell in enumerate(cells)]), bad


def _finite(table: RawTable, column: str, *, what: str) -> Numbers:
    cells = table.columns[column]
    values, bad = _values(cells)
    missing = [row for row in bad if cells[row] in MISSING]
    wrong = sorted({*bad, *np.flatnonzero(~np.isfinite(values)).tolist()} - set(missing))
    refuse(table, column, _earliest(missing, wrong), message=f"{what} is missing", allowed="a number for every patient")
    refuse(table, column, wrong, allowed="a finite number")
    return values


def _earliest(rows: list[int], others: list[int]) -> list[int]:
    """The rows, unless one of the others stands before all of them (it is then told first)."""
    return rows if rows and (not others or rows[0] < others[0]) else []
