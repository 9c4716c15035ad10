"""What ended each follow-up, and when: the declared coding applied to the rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inferon.analysis.cells import Numbers, is_number, refuse
from inferon.analysis.coding import ByCode, ByColumns, Coding, Rule, same_value
from inferon.analysis.table import MISSING, RawTable

UNDECLARED = "the value is missing, and a missing value is not declared to mean anything"


@dataclass(frozen=True, eq=False)
class Ends:
    """When each follow-up ends, with which cause (None: censored), and what a reader should know of it."""

    time: Numbers
    cause: list[str | None]
    notes: tuple[str, ...] = ()


def ends(table: RawTable, coding: Coding, follow_up: Numbers) -> Ends:
    """Apply the coding; InputError for a value that is not declared, or an event after the end of follow-up."""
    if isinstance(coding, ByCode):
        return Ends(follow_up, causes_by_code(table, coding))
    return _by_columns(table, coding, follow_up)


def holds(table: RawTable, rule: Rule) -> list[bool]:
    """For which rows the condition of a rule is met; InputError for a missing value."""
    cells = table.columns[rule.column]
    known = {cell: same_value(cell, rule.value) for cell in set(cells)}
    missing = [row for row, cell in enumerate(cells) if cell in MISSING and not known[cell]]
    refuse(table, rule.column, missing, message=UNDECLARED, allowed=f"{rule.value} for {rule.cause}, or another value")
    return [known[cell] for cell in cells]


def times_of(table: RawTable, rule: Rule, met: Sequence[bool], follow_up: Numbers) -> Numbers:
    """When the rule's event happened, infinite where it did not; InputError for a time that is none or too late."""
    found = np.where(met, follow_up, np.inf)
    if rule.at is None:
        return found
    cells = table.columns[rule.at]
    rows = [row for row, is_met in enumerate(met) if is_met]
    lost = [row for row in rows if not is_number(cells[row]) or not 0 <= float(cells[row]) < np.inf]
    refuse(table, rule.at, lost, message=f"{rule.cause} happened, but not at a time", allowed="a finite number >= 0")
    found[rows] = [float(cells[row]) for row in rows]
    late = [row for row in rows if found[row] > follow_up[row]]
    if late:
        message = f"{rule.cause} happens after the end of follow-up"
        refuse(
            table,
            rule.at,
            late,
            message=message,
            allowed=f"a number up to {follow_up[late[0]]:g}, where follow-up ends",
        )
    return found


def causes_by_code(table: RawTable, coding: ByCode) -> list[str | None]:
    """The cause behind every code of a column; InputError for a code that is not declared."""
    meanings: list[tuple[str, str | None]] = [*coding.codes, *((code, None) for code in coding.censor)]
    cells = table.columns[coding.column]
    known = {cell: [cause for code, cause in meanings if same_value(cell, code)] for cell in dict.fromkeys(cells)}
    unknown = next((row for row, cell in enumerate(cells) if not known[cell]), None)
    if unknown is not None:
        rows = [row for row, cell in enumerate(cells) if cell == cells[unknown]]
        message = "the event is missing" if cells[unknown] in MISSING else "the code is not declared"
        allowed = ", ".join(f"{code} ({cause or 'censored'})" for code, cause in meanings)
        refuse(table, coding.column, rows, message=message, allowed=allowed)
    return [known[cell][0] for cell in cells]


def _by_columns(table: RawTable, coding: ByColumns, follow_up: Numbers) -> Ends:
    met = [holds(table, rule) for rule in coding.rules]
    when = np.array([times_of(table, rule, row, follow_up) for rule, row in zip(coding.rules, met, strict=True)])
    first = when.argmin(axis=0)
    happened = np.isfinite(when.min(axis=0))
    cause = [coding.rules[rule].cause if is_so else None for rule, is_so in zip(first, happened, strict=True)]
    time = np.where(happened, when.min(axis=0), follow_up)
    return Ends(time, cause, _several(coding, np.array(met)))


def _several(coding: ByColumns, met: np.ndarray) -> tuple[str, ...]:
    """How many patients fit more than one cause, and which of them was taken."""
    by_cause = [
        np.any([row for row, rule in zip(met, coding.rules, strict=True) if rule.cause == cause], axis=0)
        for cause in coding.causes
    ]
    several = int((np.sum(by_cause, axis=0) > 1).sum())
    order = f"the first declared ({', '.join(coding.causes)})"
    taken = f"the earliest counts, at equal times {order}" if coding.timed else f"{order} was taken"
    who = "1 patient fits" if several == 1 else f"{several} patients fit"
    return (f"{who} more than one cause; {taken}.",) if several else ()
