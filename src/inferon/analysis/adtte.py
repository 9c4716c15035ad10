"""CDISC ADaM time-to-event data (ADTTE): what the standard fixes is read so, what it leaves open stays declared.

Fixed by the standard: one row a subject and parameter (PARAMCD), time in AVAL, CNSR 0 = event and above 0 = censored, USUBJID
the subject, TRTP the planned treatment. Left open: which events compete. Where EVNTDESC tells them apart, its values are
declared as codes ("RELAPSE" = relapse); without codes every event counts as one kind.

Source: CDISC Analysis Data Model, ADaM Basic Data Structure for Time-to-Event Analyses, version 1.0, 2012.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inferon.analysis.cells import Numbers, is_number, refuse
from inferon.analysis.coding import same_value
from inferon.analysis.endpoint import Ends
from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError

PARAMETER, TIME, CENSORING, SUBJECT, TREATMENT = "PARAMCD", "AVAL", "CNSR", "USUBJID", "TRTP"
EVENT, CENSORED_BY = "EVNTDESC", "CNSDTDSC"


@dataclass(frozen=True)
class ByCensoringFlag:
    """Events are the rows with CNSR 0, told apart by EVNTDESC where `codes` (description, cause) declares them."""

    parameter: str
    codes: tuple[tuple[str, str], ...] = ()

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order declared; without codes a single one, named after the parameter."""
        return tuple(dict.fromkeys(cause for _, cause in self.codes)) or (f"{self.parameter} event",)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (CENSORING, EVENT) if self.codes else (CENSORING,)


def rows_of_parameter(table: RawTable, parameter: str) -> RawTable:
    """The rows of one parameter; InputError when there are none."""
    cells = table.columns[PARAMETER]
    rows = [row for row, cell in enumerate(cells) if cell == parameter]
    if not rows:
        allowed = sorted(set(cells) - MISSING)
        raise InputError(
            "no row has this parameter", file=table.file, field=PARAMETER, found=parameter, allowed=allowed
        )
    return table.kept(rows)


def ends_by_censoring_flag(table: RawTable, coding: ByCensoringFlag, follow_up: Numbers) -> Ends:
    """Apply the coding; InputError for a flag that is none, an undeclared description, or a censored row with an event."""
    flags = table.columns[CENSORING]
    bad = [row for row, cell in enumerate(flags) if not is_number(cell) or float(cell) < 0 or float(cell) % 1]
    refuse(table, CENSORING, bad, allowed="0 (event) or a whole number above 0 (censored)")
    event = [float(cell) == 0 for cell in flags]
    if not coding.codes:
        cause = [coding.causes[0] if happened else None for happened in event]
        return Ends(follow_up, cause, (*_kinds(table, event), *_censored_by(table, event)))
    return Ends(follow_up, _described(table, coding, event), _censored_by(table, event))


def _described(table: RawTable, coding: ByCensoringFlag, event: Sequence[bool]) -> list[str | None]:
    cells = table.columns[EVENT]
    known = {cell: next((c for code, c in coding.codes if same_value(cell, code)), None) for cell in set(cells)}
    declared = ", ".join(f"{code} ({cause})" for code, cause in coding.codes)
    undeclared = [row for row, cell in enumerate(cells) if event[row] and known[cell] is None]
    refuse(table, EVENT, undeclared, message="the event (CNSR 0) is not declared", allowed=declared)
    crossed = [row for row, cell in enumerate(cells) if not event[row] and known[cell] is not None]
    allowed = "another description, or CNSR 0"
    refuse(table, EVENT, crossed, message="a censored row (CNSR above 0) describes an event", allowed=allowed)
    return [known[cell] if happened else None for cell, happened in zip(cells, event, strict=True)]


def _kinds(table: RawTable, event: Sequence[bool]) -> tuple[str, ...]:
    found = _counts(table, EVENT, [row for row, happened in enumerate(event) if happened])
    if len(found) < 2:
        return ()
    listed = ", ".join(f"{name} {number}" for name, number in found.items())
    return (f"{EVENT} names {len(found)} kinds of event ({listed}); none was declared, so all count as one.",)


def _censored_by(table: RawTable, event: Sequence[bool]) -> tuple[str, ...]:
    found = _counts(table, CENSORED_BY, [row for row, happened in enumerate(event) if not happened])
    listed = ", ".join(f"{name} {number}" for name, number in found.items())
    return (f"Censored for these reasons ({CENSORED_BY}): {listed}.",) if found else ()


def _counts(table: RawTable, column: str, rows: Sequence[int]) -> dict[str, int]:
    cells = table.columns.get(column, [])
    named = Counter(cells[row] for row in rows if cells and cells[row] not in MISSING)
    return dict(sorted(named.items()))
