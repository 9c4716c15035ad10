"""Columns of covariates as numbers, and as yes/no columns of their categories, with the reference category named."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inferon.analysis.cells import is_number, natural
from inferon.analysis.coding import same_value
from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError


@dataclass(frozen=True)
class Covariate:
    """A column used in regressions; with a `reference` its values are categories compared with that one."""

    column: str
    reference: str | None = None


@dataclass(frozen=True, eq=False)
class Term:
    """One column of a regression: a number, or a category (`level`) against `reference`."""

    name: str
    column: str
    values: NDArray[np.float64]
    level: str | None = None
    reference: str | None = None


@dataclass(frozen=True, eq=False)
class Covariates:
    """The terms of all covariates, and which rows hold every one of them (`complete`)."""

    terms: tuple[Term, ...]
    complete: NDArray[np.bool_]
    notes: tuple[str, ...]

    def kept(self, rows: NDArray[np.bool_]) -> "Covariates":
        """The terms for some of the rows."""
        terms = tuple(Term(t.name, t.column, t.values[rows], t.level, t.reference) for t in self.terms)
        return Covariates(terms, self.complete[rows], self.notes)


def read_covariates(table: RawTable, wanted: Sequence[Covariate]) -> Covariates:
    """Numbers as they are, text as categories; InputError for a mixture, or a reference that is not there."""
    missing = {c.column: [row for row, cell in enumerate(table.columns[c.column]) if cell in MISSING] for c in wanted}
    complete = np.ones(table.rows, dtype=np.bool_)
    complete[sorted({row for rows in missing.values() for row in rows})] = False
    terms = tuple(term for covariate in wanted for term in _terms(table, covariate))
    return Covariates(terms, complete, tuple(_left_out(table, missing)))


def categories(column: str, cells: Sequence[str], reference: str) -> tuple[Term, ...]:
    """A yes/no column for every label but the reference; missing cells are missing in all of them."""
    absent = np.array([cell in MISSING for cell in cells])
    levels = sorted({cell for cell in cells if cell not in MISSING} - {reference}, key=natural)
    return tuple(
        Term(
            f"{column} = {level}",
            column,
            np.where(absent, np.nan, [cell == level for cell in cells]),
            level,
            reference,
        )
        for level in levels
    )


def _terms(table: RawTable, covariate: Covariate) -> tuple[Term, ...]:
    cells = table.columns[covariate.column]
    present = [cell for cell in cells if cell not in MISSING]
    numbers = [is_number(cell) for cell in present]
    if not present:
        raise InputError("the covariate is missing everywhere", file=table.file, field=covariate.column)
    if covariate.reference is not None:
        return categories(covariate.column, cells, _reference(table, covariate, present))
    if all(numbers):
        values = np.array([np.nan if cell in MISSING else float(cell) for cell in cells])
        _refuse_infinite(table, covariate.column, values)
        return (Term(covariate.column, covariate.column, values),)
    if any(numbers):
        row = next(row for row, cell in enumerate(cells) if cell not in MISSING and not is_number(cell))
        allowed = f"a number in every row, or {covariate.column}:REFERENCE for categories"
        message = "the covariate holds numbers and text"
        raise InputError(message, **table.place(covariate.column, row), found=cells[row], allowed=allowed)
    return categories(covariate.column, cells, min(present, key=natural))


def _reference(table: RawTable, covariate: Covariate, present: Sequence[str]) -> str:
    wanted = covariate.reference or ""
    found = next((cell for cell in present if same_value(cell, wanted)), None)
    if found is None:
        allowed = sorted(set(present), key=natural)
        message = "no row has the reference category"
        raise InputError(message, file=table.file, field=covariate.column, found=wanted, allowed=allowed)
    return found


def _refuse_infinite(table: RawTable, column: str, values: NDArray[np.float64]) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        found = table.columns[column][row]
        raise InputError("", **table.place(column, row), found=found, allowed="a finite number")


def _left_out(table: RawTable, missing: dict[str, list[int]]) -> list[str]:
    rows = sorted({row for column in missing.values() for row in column})
    if not rows:
        return []
    each = ", ".join(f"{column} {len(found)}" for column, found in missing.items() if found)
    who = "1 patient lacks" if len(rows) == 1 else f"{len(rows)} patients lack"
    stays = "stays" if len(rows) == 1 else "stay"
    return [f"{who} a covariate ({each}) and {stays} out of the regressions only: {table.positions(rows)}."]
