"""Who is at risk and who has the event at every event time, by group: what the tests that compare groups are summed over.

Entry is delayed where `start` is given: a patient is at risk at t when start < t <= time. One table a stratum; one sort
each, so the work grows as patients · log patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Coded, Floats, Integers, event_indicator, follow_up_times, group_codes
from inferon.statistics.shared.records import entry_times
from inferon.statistics.shared.risk_table import before, risk_table


@dataclass(frozen=True, eq=False)
class EventTable:
    """Counts at the distinct event times of one stratum.

    time     event times, ascending, shape (times,)
    at_risk  patients at risk at each of them, shape (times, groups)
    events   patients with the event, shape (times, groups)
    """

    time: Floats
    at_risk: Floats
    events: Floats

    @cached_property
    def all_at_risk(self) -> Floats:
        """At risk in all groups together, shape (times,)."""
        return self.at_risk.sum(axis=1)

    @cached_property
    def all_events(self) -> Floats:
        """Events in all groups together, shape (times,)."""
        return self.events.sum(axis=1)

    @cached_property
    def free_before(self) -> Floats:
        """Pooled Kaplan–Meier estimate just before each event time, shape (times,)."""
        free = np.cumprod(1 - self.all_events / self.all_at_risk)
        return before(free, 1.0) if free.size else free


@dataclass(frozen=True, eq=False)
class ComparedGroups:
    """The checked columns of a comparison: labels and patients of each group, and one event table a stratum."""

    labels: tuple[Any, ...]
    n: Integers
    tables: tuple[EventTable, ...]
    stratified: bool

    @property
    def events(self) -> Integers:
        """Events a group."""
        zero = np.zeros(len(self.labels))
        return sum((table.events.sum(axis=0) for table in self.tables), zero).astype(np.int64)


def compared_groups(
    time: ArrayLike, event: ArrayLike, group: Any, *, strata: Any = None, start: ArrayLike | None = None
) -> ComparedGroups:
    """Check the columns of a comparison and count; ValueError for bad columns or fewer than two groups."""
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    coded = group_codes(group, patients=follow_up.size)
    if len(coded.labels) < 2:
        raise ValueError(f"a comparison needs two groups or more, found only {list(coded.labels)}")
    entry = None if start is None else entry_times(start, follow_up)
    tables = tuple(
        event_table(
            follow_up[rows],
            happened[rows],
            coded.codes[rows],
            groups=len(coded.labels),
            entry=None if entry is None else entry[rows],
        )
        for rows in rows_by_stratum(strata, follow_up.size)
    )
    return ComparedGroups(
        coded.labels, np.bincount(coded.codes, minlength=len(coded.labels)), tables, strata is not None
    )


def event_table(
    follow_up: Floats, happened: np.ndarray, group: Integers, *, groups: int, entry: Floats | None = None
) -> EventTable:
    """Count checked columns of one stratum at its event times."""
    counts = risk_table(follow_up, happened.astype(np.int64) - 1, group=group, groups=groups, start=entry)
    deaths = counts.events[:, :, 0]
    kept = deaths.any(axis=1)
    return EventTable(counts.time[kept], counts.at_risk[kept].astype(np.float64), deaths[kept].astype(np.float64))


def rows_by_stratum(strata: Any, patients: int) -> Iterator[Integers]:
    """The positions of each stratum's patients; all patients at once where `strata` is None."""
    if strata is None:
        yield np.arange(patients)
        return
    coded: Coded = group_codes(strata, patients=patients, name="strata")
    order = np.argsort(coded.codes, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(coded.codes))[:-1])


def compared_arm(labels: tuple[Any, ...], *, reference: Any = None) -> int:
    """Position of the arm that is compared with the reference (by default the first of two); ValueError otherwise."""
    if len(labels) != 2:
        raise ValueError(f"this comparison is of two groups, found {len(labels)}: {list(labels)}")
    if reference is not None and reference not in labels:
        raise ValueError(f"reference must be one of the groups {list(labels)}, found {reference!r}")
    return 1 if reference is None or reference == labels[0] else 0
