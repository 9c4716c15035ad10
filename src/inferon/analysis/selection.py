"""Rows that are left out because the user said so, counted and named: nobody is left out unasked."""

from collections.abc import Sequence

import numpy as np

from inferon.analysis.cells import is_number
from inferon.analysis.coding import same_value
from inferon.analysis.request import Request
from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError


def selected(table: RawTable, request: Request) -> tuple[RawTable, dict[str, list[int]], list[str]]:
    """The rows that stay, the lines of those left out by reason, and a sentence for each reason."""
    left_out: dict[str, list[int]] = {}
    notes = []
    for column, value in request.only:
        away = [row for row, cell in enumerate(table.columns[column]) if not same_value(cell, value)]
        if len(away) == table.rows:
            allowed = sorted(set(table.columns[column]) - MISSING)
            raise InputError("no row is left", file=table.file, field=column, found=value, allowed=allowed)
        notes.append(f"Only patients with {column} {value}: {len(away)} others left out.")
        left_out[f"{column} is not {value}"] = [table.number(row) for row in away]
        table = _without(table, away)
    for reason in request.leave_out:
        away, words = (_missing(table, request), "a value missing") if reason == "missing" else (
            _late(table, request), "entry not before the end of follow-up"
        )  # fmt: skip
        if len(away) == table.rows:
            raise InputError("no row is left", file=table.file, field="leave_out", found=reason)
        named = f": {table.positions(away)}" if away else ""
        notes.append(f"Left out as declared, {words}: {len(away)}{named}.")
        left_out[words] = [table.number(row) for row in away]
        table = _without(table, away)
    return table, {reason: rows for reason, rows in left_out.items() if rows}, notes


def _missing(table: RawTable, request: Request) -> list[int]:
    wanted = (request.time, request.start, request.group, request.weights, *request.strata)
    cells = [table.columns[column] for column in wanted if column]
    return [row for row, values in enumerate(zip(*cells, strict=True)) if any(value in MISSING for value in values)]


def _late(table: RawTable, request: Request) -> list[int]:
    if not request.start:
        return []
    pairs = zip(table.columns[request.start], table.columns[request.time], strict=True)
    return [row for row, (a, b) in enumerate(pairs) if is_number(a) and is_number(b) and float(a) >= float(b)]


def _without(table: RawTable, away: Sequence[int]) -> RawTable:
    return table.kept(np.setdiff1d(np.arange(table.rows), np.array(away, dtype=int)).tolist()) if away else table
