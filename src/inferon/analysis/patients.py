"""From text cells to follow-up, cause and group of every patient; what does not fit is refused with its line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inferon.analysis.adtte import PARAMETER, ByCensoringFlag, ends_by_censoring_flag, rows_of_parameter
from inferon.analysis.cells import Numbers, case_weights, entry, follow_up, labels, natural
from inferon.analysis.coding import same_value
from inferon.analysis.covariates import Covariates, read_covariates
from inferon.analysis.endpoint import Ends, ends
from inferon.analysis.landmark import Landmark, groups_by_landmark, past_landmark
from inferon.analysis.request import Request
from inferon.analysis.selection import selected
from inferon.analysis.table import MISSING, RawTable
from inferon.study.errors import InputError

EVERYBODY = "all"


@dataclass(frozen=True, eq=False)
class Patients:
    """What the analysis sees of each patient, with what a reader should know.

    time, start   end of follow-up and entry (None: everybody enters at the origin), on the clock that is reported
    cause         what ended the follow-up, None = censored
    group         label of the group; `groups` lists them, the reference first
    weights, strata  one each, or None
    covariates    the terms of the regressions, or None
    left_out      why patients were left out -> their lines (or row numbers)
    """

    time: Numbers
    cause: NDArray[Any]
    group: NDArray[Any]
    groups: tuple[str, ...]
    start: Numbers | None = None
    weights: Numbers | None = None
    strata: NDArray[Any] | None = None
    covariates: Covariates | None = None
    landmark: Landmark | None = None
    left_out: dict[str, list[int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def event(self) -> NDArray[np.bool_]:
        """Whether any cause ended the follow-up."""
        return self.cause != None  # noqa: E711 - elementwise

    @property
    def compared(self) -> bool:
        """Whether there are groups to compare."""
        return len(self.groups) > 1

    @property
    def entered_late(self) -> bool:
        """Whether patients enter at different times, so that methods without delayed entry cannot be used."""
        return self.start is not None and bool((self.start != self.start[0]).any())

    @property
    def since_entry(self) -> Numbers:
        """Time from the common entry; what methods without delayed entry may use where nobody entered late."""
        return self.time if self.start is None else self.time - self.start[0]


def read_patients(table: RawTable, request: Request) -> Patients:
    """Check every cell that is used; InputError at the first that cannot be."""
    if request.adtte:
        table = rows_of_parameter(table, request.adtte)
    table, left_out, told = selected(table, request)
    last = follow_up(table, request.time)
    coding = request.coding
    by_flag = isinstance(coding, ByCensoringFlag)
    found = ends_by_censoring_flag(table, coding, last) if by_flag else ends(table, coding, last)
    start = entry(table, request.start, found.time) if request.start else None
    if request.id:
        _check_identities(table, request.id)
    if request.landmark is None:
        return _patients(table, request, replace(found, notes=(*told, *found.notes)), start, left_out=left_out)
    kept, start, landmark = past_landmark(found.time, start, request)
    reached = groups_by_landmark(table, request.reached, last, landmark) if request.reached else None
    chosen = np.flatnonzero(kept)
    causes = [found.cause[row] for row in chosen]
    shifted = Ends(found.time[kept] - landmark.shift, causes, (*told, *found.notes))
    group = None if reached is None else [reached[row] for row in chosen]
    early = [table.number(row) for row in np.flatnonzero(~kept).tolist()]
    left_out |= {f"follow-up ends by the landmark {landmark.at:g}": early} if early else {}
    return _patients(table.kept(chosen.tolist()), request, shifted, start, group, landmark, left_out)


def _patients(
    table: RawTable, request: Request, found: Ends, start: Numbers | None, group: list[str] | None = None,
    landmark: Landmark | None = None, left_out: dict[str, list[int]] | None = None,
) -> Patients:  # fmt: skip
    named = group or (_labelled(table, request) if request.group else [EVERYBODY] * table.rows)
    groups = _ordered(table, named, request)
    covariates = read_covariates(table, request.covariates) if request.covariates else None
    lacking = [] if covariates is None else [table.number(row) for row in np.flatnonzero(~covariates.complete).tolist()]
    warnings = (
        *_zero_follow_up(table, found), *_lonely(table, named, groups, request), *_unseen(found.cause, request.causes)
    )  # fmt: skip
    notes = (*found.notes, *(landmark.notes if landmark else ()), *(covariates.notes if covariates else ()))
    strata = [labels(table, column, what="stratum") for column in request.strata]
    return Patients(
        found.time, np.array(found.cause, dtype=object), np.array(named, dtype=object), groups, start,
        case_weights(table, request.weights) if request.weights else None,
        np.array([" / ".join(cells) for cells in zip(*strata, strict=True)], dtype=object) if strata else None,
        covariates, landmark, (left_out or {}) | ({"a covariate is missing (regressions only)": lacking} if lacking else {}),
        warnings, notes,
    )  # fmt: skip


def _labelled(table: RawTable, request: Request) -> list[str]:
    """The groups of the patients, called as declared; InputError for a name whose value nobody has."""
    cells = labels(table, request.group or "")
    called = {
        cell: next((name for value, name in request.labels if same_value(cell, value)), cell) for cell in set(cells)
    }
    for value, name in request.labels:
        if not any(same_value(cell, value) for cell in called):
            message = f"no patient is in the group that is called {name}"
            allowed = sorted(called, key=natural)
            raise InputError(message, file=table.file, field=request.group, found=value, allowed=allowed)
    return [called[cell] for cell in cells]


def _ordered(table: RawTable, group: Sequence[str], request: Request) -> tuple[str, ...]:
    """The groups, numbers by size and then text, the reference first; InputError when there is no such group."""
    found = sorted(set(group), key=natural)
    if request.reached:
        found.sort(key=lambda label: not label.startswith("no "))
    wanted = next((name for value, name in request.labels if value == request.reference), request.reference)
    if wanted is None:
        order = {name: place for place, (_, name) in enumerate(request.labels)}
        return tuple(sorted(found, key=lambda label: order.get(label, len(order))))
    if wanted not in found:
        message = "no patient is in the reference group"
        raise InputError(message, file=table.file, field=request.group, found=wanted, allowed=found)
    return (wanted, *(label for label in found if label != wanted))


def _check_identities(table: RawTable, column: str) -> None:
    seen: dict[str, int] = {}
    for row, cell in enumerate(table.columns[column]):
        if cell in MISSING:
            raise InputError("the patient has no identifier", **table.place(column, row), found=cell, allowed="text")
        if cell in seen:
            message = f"the patient already stands in {table.position(seen[cell])}"
            if PARAMETER in table.columns:
                message += " with the same parameter"
            raise InputError(message, **table.place(column, row), found=cell, allowed="one row a patient")
        seen[cell] = row


def _zero_follow_up(table: RawTable, found: Ends) -> list[str]:
    rows = np.flatnonzero(found.time == 0).tolist()
    if not rows:
        return []
    who = "1 patient has" if len(rows) == 1 else f"{len(rows)} patients have"
    events = sum(found.cause[row] is not None for row in rows)
    ties = f", {events} of them with an event" if events else ""
    return [f"{who} a follow-up of 0{ties} ({table.positions(rows)}); they count as at risk at time 0."]


def _lonely(table: RawTable, group: Sequence[str], groups: Sequence[str], request: Request) -> list[str]:
    if request.group is None and request.reached is None:
        return []
    sizes = Counter(group)
    alone = [
        f"Group {label} has a single patient ({table.position(group.index(label))}); its estimate says little."
        for label in groups
        if sizes[label] == 1
    ]
    what = f"Column {request.group} holds" if request.group else "The landmark leaves"
    return alone + ([f"{what} one group only ({groups[0]}); there is nothing to compare."] if len(groups) == 1 else [])


def _unseen(cause: Sequence[str | None], causes: Sequence[str]) -> list[str]:
    present = set(cause)
    absent = [label for label in causes if label not in present]
    return [f"No patient had {label} as declared; check its column and value." for label in absent]
