"""From text cells to follow-up, cause and group of every patient; what does not fit is refused with its line."""

import math
from collections import Counter
from dataclasses import dataclass

from inferon.analysis.coding import ByCode, ByColumns, same_value
from inferon.analysis.request import Request
from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError

EVERYBODY = "all"


@dataclass(frozen=True)
class Patients:
    """Follow-up, cause (None = censored) and group label of each patient, with what a reader should know."""

    time: list[float]
    cause: list[str | None]
    group: list[str]
    groups: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def read_patients(table: RawTable, request: Request) -> Patients:
    """Check every cell that is used; InputError at the first that cannot be."""
    time = [_follow_up(table, request.time, row, cell) for row, cell in enumerate(table.columns[request.time])]
    coding = request.coding
    cause, notes = _by_code(table, coding) if isinstance(coding, ByCode) else _by_columns(table, coding)
    group = _labels(table, request.group) if request.group else [EVERYBODY] * len(time)
    if request.id:
        _check_identities(table, request.id)
    groups = tuple(sorted(set(group), key=_natural))
    warnings = [*_zero_follow_up(table, time), *_lonely(group, groups, request), *_unseen(cause, request)]
    return Patients(time, cause, group, groups, tuple(warnings), tuple(notes))


def _follow_up(table: RawTable, column: str, row: int, cell: str) -> float:
    try:
        value = math.nan if cell in MISSING else float(cell)
    except ValueError:
        raise InputError("", **table.place(column, row), found=cell, allowed="a number >= 0") from None
    if math.isnan(value):
        raise InputError("the follow-up is missing", **table.place(column, row), found=cell, allowed="a number >= 0")
    if value < 0 or math.isinf(value):
        raise InputError("", **table.place(column, row), found=cell, allowed="a finite number >= 0")
    return value


def _by_columns(table: RawTable, coding: ByColumns) -> tuple[list[str | None], list[str]]:
    matches: dict[tuple[str, str], bool] = {}
    causes: list[str | None] = []
    several = 0
    cells = [table.columns[rule.column] for rule in coding.rules]
    for row in range(len(cells[0])):
        hits = []
        for rule, column in zip(coding.rules, cells, strict=True):
            key = (column[row], rule.value)
            if key not in matches:
                matches[key] = same_value(*key)
            if not matches[key] and column[row] in MISSING:
                message = "the value is missing, and a missing value is not declared to mean anything"
                place = table.place(rule.column, row)
                raise InputError(
                    message, **place, found=column[row], allowed=f"{rule.value} for {rule.cause}, or another value"
                )
            hits += [rule.cause] if matches[key] else []
        causes.append(hits[0] if hits else None)
        several += len(set(hits)) > 1
    note = f"{several} patients fit more than one cause; the first declared ({', '.join(coding.causes)}) was taken."
    return causes, [note] if several else []


def _by_code(table: RawTable, coding: ByCode) -> tuple[list[str | None], list[str]]:
    meanings: list[tuple[str, str | None]] = [*coding.codes, *((code, None) for code in coding.censor)]
    known: dict[str, str | None] = {}
    for row, cell in enumerate(table.columns[coding.column]):
        if cell not in known:
            found = [cause for code, cause in meanings if same_value(cell, code)]
            if not found:
                message = "the event is missing" if cell in MISSING else "the code is not declared"
                allowed = ", ".join(f"{code} ({cause or 'censored'})" for code, cause in meanings)
                raise InputError(message, **table.place(coding.column, row), found=cell, allowed=allowed)
            known[cell] = found[0]
    return [known[cell] for cell in table.columns[coding.column]], []


def _labels(table: RawTable, column: str) -> list[str]:
    for row, cell in enumerate(table.columns[column]):
        if cell in MISSING:
            message = "the group is missing"
            raise InputError(message, **table.place(column, row), found=cell, allowed="a label for every patient")
    return table.columns[column]


def _check_identities(table: RawTable, column: str) -> None:
    seen: dict[str, int] = {}
    for row, cell in enumerate(table.columns[column]):
        if cell in MISSING:
            raise InputError("the patient has no identifier", **table.place(column, row), found=cell, allowed="text")
        if cell in seen:
            message = f"the patient already stands in {table.position(seen[cell])}"
            raise InputError(message, **table.place(column, row), found=cell, allowed="one row a patient")
        seen[cell] = row


def _natural(label: str) -> tuple[bool, float, str]:
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label


def _zero_follow_up(table: RawTable, time: list[float]) -> list[str]:
    rows = [row for row, value in enumerate(time) if value == 0]
    if not rows:
        return []
    who = "1 patient has" if len(rows) == 1 else f"{len(rows)} patients have"
    return [f"{who} a follow-up of 0 (first in {table.position(rows[0])}); they count as at risk at time 0."]


def _lonely(group: list[str], groups: tuple[str, ...], request: Request) -> list[str]:
    if request.group is None:
        return []
    sizes = Counter(group)
    alone = [f"Group {label} has a single patient; its estimate says little." for label in groups if sizes[label] == 1]
    only = [f"Column {request.group} holds one group only ({groups[0]}); there is nothing to compare."]
    return alone + (only if len(groups) == 1 else [])


def _unseen(cause: list[str | None], request: Request) -> list[str]:
    present = set(cause)
    absent = [label for label in request.coding.causes if label not in present]
    return [f"No patient had {label} as declared; check its column and value." for label in absent]
