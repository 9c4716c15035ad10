"""Patients still followed and free of the events at a landmark, and what they had reached by then.

Patients whose follow-up ends by the landmark, with or without an event, are left out and counted. A group formed by what
happened until the landmark is fair from there on; formed by what happened at any time it would credit the patients with
the time they had to live to get there. Source: Anderson, Cain & Gelber, J Clin Oncol 1983;1:710-719.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inferon.analysis.cells import Numbers
from inferon.analysis.coding import Rule
from inferon.analysis.endpoint import holds, times_of
from inferon.analysis.request import Request
from inferon.analysis.table import RawTable
from inferon.study.errors import InputError


@dataclass(frozen=True)
class Landmark:
    """The landmark `at`; `shift` is what is taken off every time: `at` where the clock restarts, else 0."""

    at: float
    shift: float
    left_out: int
    notes: tuple[str, ...]

    @property
    def origin(self) -> float:
        """Where the curves begin on the reported clock."""
        return self.at - self.shift


def past_landmark(
    time: Numbers, start: Numbers | None, request: Request
) -> tuple[NDArray[np.bool_], Numbers | None, Landmark]:
    """Who is followed beyond the landmark, their entry on the reported clock, and the landmark; InputError if nobody is."""
    at = request.landmark or 0.0
    kept = time > at
    if not kept.any():
        allowed = f"a time before the longest follow-up, {time.max():g}"
        raise InputError("nobody is followed beyond it", field="landmark", found=at, allowed=allowed)
    restarts = request.clock == "restart"
    found = Landmark(at, at if restarts else 0.0, int((~kept).sum()), (_told(at, int((~kept).sum()), request),))
    entry = np.full(time.size, at) if start is None else np.maximum(start, at)
    late = start is not None and bool((start[kept] > at).any())
    return kept, entry[kept] - found.shift if late or not restarts else None, found


def groups_by_landmark(table: RawTable, rule: Rule, follow_up: Numbers, landmark: Landmark) -> list[str]:
    """Whether each patient had reached the state of `rule` by the landmark, as the label of a group."""
    times = times_of(table, rule, holds(table, rule), follow_up)
    return [rule.cause if time <= landmark.at else f"no {rule.cause}" for time in times]


def _told(at: float, left_out: int, request: Request) -> str:
    unit = request.time_unit
    who = "1 patient whose follow-up ends" if left_out == 1 else f"{left_out} patients whose follow-up ends"
    clock = "time restarts at 0 there" if request.clock == "restart" else "time goes on from the original origin"
    return f"Landmark at {at:g} {unit}: {who} by then, with or without an event, left out; {clock}."
