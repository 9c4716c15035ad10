"""Who is at risk of which transition, from when until when: the table every multi-state estimator starts from.

A model is a list of states and of the transitions allowed between them. A patient in a state is at risk of each
transition out of it over (start, stop]; the row of the transition that ends the stay has status 1, its rivals 0.

Two layouts are read. *By times*: one row a patient, with the time a patient reached each state, or was last known not to
have, and a 0/1 status; every state is visited at most once. *By rows*: the table itself, one row for each possible
transition of each stay, as mstate::msprep writes it; patients may come back to a state.

Sources: Putter, Fiocco & Geskus, Stat Med 2007;26:2389-2430; de Wreede, Fiocco & Putter, J Stat Softw 2011;38(7).
Equal to msprep() and events() of the R package mstate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.shared.columns import Floats, Integers, event_indicator, follow_up_times, group_codes
from inferon.statistics.shared.records import entry_times


@dataclass(frozen=True, eq=False, repr=False)
class MultiState:
    """Rows at risk: one for each patient, stay and allowed transition.

    states       names of the states
    transitions  allowed (from, to) pairs of positions in `states`; their order numbers the transitions
    patient      code of each row's patient
    transition   position in `transitions` of each row
    start, stop  the row is at risk when start < t <= stop
    status       whether the transition was made at `stop`
    simultaneous stays that could have ended in two states at once (the one listed first was taken)
    """

    states: tuple[str, ...]
    transitions: tuple[tuple[int, int], ...]
    patient: Integers
    transition: Integers
    start: Floats
    stop: Floats
    status: NDArray[np.bool_]
    simultaneous: int = 0

    method: ClassVar[str] = "Multi-state data"
    citation: ClassVar[str] = "Putter, Fiocco & Geskus, Stat Med 2007;26:2389-2430"

    def __post_init__(self) -> None:
        for name in ("patient", "transition", "start", "stop", "status"):
            getattr(self, name).setflags(write=False)

    @property
    def n(self) -> int:
        """Patients with at least one row."""
        return int(np.unique(self.patient).size)

    @property
    def n_events(self) -> int:
        """Transitions made."""
        return int(self.status.sum())

    @property
    def from_state(self) -> Integers:
        """The state each row starts in."""
        return np.array([origin for origin, _ in self.transitions], dtype=np.int64)[self.transition]

    @property
    def transition_names(self) -> tuple[str, ...]:
        """The transitions in words: 'Tx -> Relapse'."""
        return tuple(f"{self.states[a]} -> {self.states[b]}" for a, b in self.transitions)

    def state(self, name: Any) -> int:
        """The position of a state; ValueError when there is none of that name."""
        if name not in self.states:
            raise ValueError(f"state must be one of {list(self.states)}, found {name!r}")
        return self.states.index(name)

    def counts(self) -> pl.DataFrame:
        """How often was each transition made?

        One row a state: `from`, a column a state with the transitions made into it, `no_event` (stays that ended without
        one) and `total_entering` (stays that began).
        """
        made = np.zeros((len(self.states), len(self.states)), dtype=np.int64)
        stays = np.zeros(len(self.states), dtype=np.int64)
        for number, (origin, target) in enumerate(self.transitions):
            rows = self.transition == number
            made[origin, target] = self.status[rows].sum()
            stays[origin] = max(stays[origin], rows.sum())
        absorbing = ~np.isin(np.arange(len(self.states)), [origin for origin, _ in self.transitions])
        stays[absorbing] = made.sum(axis=0)[absorbing]
        columns = {name: made[:, position] for position, name in enumerate(self.states)}
        left = {"no_event": stays - made.sum(axis=1), "total_entering": stays}
        return pl.DataFrame({"from": list(self.states), **columns, **left})

    def to_frame(self) -> pl.DataFrame:
        """One row for each row at risk: patient, from, to, transition (from 1), start, stop, status."""
        names = np.array(self.states, dtype=object)
        pairs = np.array(self.transitions, dtype=np.int64)[self.transition]
        return pl.DataFrame(
            {
                "patient": self.patient,
                "from": names[pairs[:, 0]].tolist(),
                "to": names[pairs[:, 1]].tolist(),
                "transition": self.transition + 1,
                "start": self.start,
                "stop": self.stop,
                "status": self.status,
            }
        )

    def kept(self, rows: NDArray[np.bool_], *, start: Floats | None = None) -> MultiState:
        """The same model with only these rows at risk, entering at `start` where it is given."""
        entry = self.start if start is None else start
        return MultiState(
            self.states, self.transitions, self.patient[rows], self.transition[rows], entry[rows], self.stop[rows],
            self.status[rows],
        )  # fmt: skip

    def __repr__(self) -> str:
        rows = [
            f"  {name:<28} {int(self.status[self.transition == number].sum()):>7}"
            for number, name in enumerate(self.transition_names)
        ]
        head = f"{self.method}: n = {self.n}, {len(self.states)} states, transitions made = {self.n_events}"
        ties = [f"  {self.simultaneous} stays could have ended in two states at once"] if self.simultaneous else []
        return "\n".join([head, *rows, *ties, f"  {self.citation}"])


def multi_state_by_times(
    times: Mapping[str, Any],
    status: Mapping[str, Any],
    *,
    allowed: Sequence[tuple[str, str]],
    start: ArrayLike | None = None,
    start_state: Any = None,
) -> MultiState:
    """Read one row a patient: when was each state reached?

    times        for every state, in the order of the states, a column of times (patients,), or None for a state that is
                 never entered after the start
    status       for the same states, 1 where the state was reached at that time, 0 where it had not been by then
    allowed      the possible transitions, as pairs of names; their order numbers them
    start        entry into the study (delayed entry), 0 by default
    start_state  name of the state each patient starts in, the first state by default

    A time not after the entry into the current state counts as not reached from there. A stay that could end in two
    states at once ends in the one listed first (`simultaneous` counts them). ValueError for a pair that names no state, a
    missing time or a status other than 0/1.
    """
    states = tuple(times)
    pairs = _pairs(states, allowed)
    reached = _reached_times(times, status)
    patients = reached[0].shape[0]
    now = np.zeros(patients) if start is None else entry_times(start, np.full(patients, np.inf))
    here = np.zeros(patients, dtype=np.int64) if start_state is None else _positions(start_state, states, patients)
    rows: list[tuple[NDArray[Any], ...]] = []
    simultaneous = 0
    for _ in states:
        now, here, tied = _one_stay(rows, pairs, reached, now, here)
        simultaneous += tied
    if not rows:
        raise ValueError("nobody is at risk of any transition")
    patient, number, entry, stop, made = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((number, entry, patient))
    columns = (column[order] for column in (patient, number, entry, stop, made))
    return MultiState(states, pairs, *columns, simultaneous=simultaneous)


def multi_state_by_rows(
    time: ArrayLike,
    status: ArrayLike,
    *,
    start: ArrayLike,
    origin: Any,
    target: Any,
    patient: Any,
    states: Sequence[str],
    allowed: Sequence[tuple[str, str]],
) -> MultiState:
    """Read the table itself: one row for each possible transition of each stay.

    time, start     the row is at risk when start < t <= time
    status          1 where the transition was made at `time`
    origin, target  name of the state the row starts in and of the state its transition leads to
    patient         whose row it is
    states, allowed as in `multi_state_by_times`

    ValueError for a row that starts at or after its end, or whose transition is not allowed.
    """
    ends = follow_up_times(time)
    made = event_indicator(status, patients=ends.size)
    pairs = _pairs(tuple(states), allowed)
    came, goes = (_positions(column, tuple(states), ends.size) for column in (origin, target))
    lookup = np.full((len(states), len(states)), -1, dtype=np.int64)
    for number, pair in enumerate(pairs):
        lookup[pair] = number
    numbers = lookup[came, goes]
    if (numbers < 0).any():
        at = int(np.argmax(numbers < 0))
        raise ValueError(f"transition {states[came[at]]} -> {states[goes[at]]} at position {at} is not an allowed one")
    codes = group_codes(patient, patients=ends.size, name="patient").codes
    return MultiState(tuple(states), pairs, codes, numbers, entry_times(start, ends).copy(), ends.copy(), made.copy())


def _pairs(states: tuple[str, ...], allowed: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
    unknown = [name for pair in allowed for name in pair if name not in states]
    if unknown:
        raise ValueError(f"allowed names the state {unknown[0]!r}, the states are {list(states)}")
    pairs = tuple((states.index(a), states.index(b)) for a, b in allowed)
    if len(set(pairs)) != len(pairs) or not pairs or any(a == b for a, b in pairs):
        raise ValueError("allowed must list at least one transition, each once and between two different states")
    return pairs


def _positions(names: Any, states: tuple[str, ...], patients: int) -> Integers:
    coded = group_codes(names, patients=patients, name="state")
    unknown = [label for label in coded.labels if label not in states]
    if unknown:
        raise ValueError(f"state {unknown[0]!r} is not one of {list(states)}")
    return np.array([states.index(label) for label in coded.labels], dtype=np.int64)[coded.codes]


def _reached_times(times: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Times and statuses of all states, shape (patients, states); infinite and false for a state without a column."""
    given = {state: follow_up_times(column) for state, column in times.items() if column is not None}
    if not given:
        raise ValueError("times holds no column")
    patients = next(iter(given.values())).size
    if any(column.size != patients for column in given.values()):
        raise ValueError("the columns of times must have equal lengths")
    lacking = [state for state in given if status.get(state) is None]
    if lacking:
        raise ValueError(f"status lacks a column for the state {lacking[0]!r}")
    when = np.column_stack([given.get(state, np.full(patients, np.inf)) for state in times])
    never = np.zeros(patients, dtype=np.bool_)
    flags = [event_indicator(status[state], patients=patients) if state in given else never for state in times]
    return when, np.column_stack(flags)


def _one_stay(
    rows: list[tuple[NDArray[Any], ...]],
    pairs: tuple[tuple[int, int], ...],
    reached: tuple[Floats, NDArray[np.bool_]],
    now: Floats,
    here: Integers,
) -> tuple[Floats, Integers, int]:
    """Add the rows of everybody's present stay; where and when the next one starts (state -1: follow-up is over)."""
    when, happened = reached
    later, there, tied = np.full_like(now, np.inf), np.full_like(here, -1), 0
    for state in sorted({origin for origin, _ in pairs}):
        numbers = [number for number, pair in enumerate(pairs) if pair[0] == state]
        targets = np.array([pairs[number][1] for number in numbers])
        who = np.flatnonzero(here == state)
        known = when[np.ix_(who, targets)]
        known = np.where(known > now[who, None], known, np.inf)
        events = np.where(happened[np.ix_(who, targets)], known, np.inf)
        ended = events.min(axis=1, initial=np.inf)
        stop = np.where(np.isfinite(ended), ended, known.min(axis=1, initial=np.inf))
        choice = events.argmin(axis=1) if who.size else np.zeros(0, dtype=np.int64)
        first_together = (events == ended[:, None]) & np.isfinite(ended)[:, None]
        tied += int((first_together.sum(axis=1) > 1).sum())
        at_risk = np.isfinite(stop)
        for position, number in enumerate(numbers):
            made = np.isfinite(ended) & (choice == position)
            columns = (who, np.full(who.size, number), now[who], stop, made)
            rows.append(tuple(column[at_risk] for column in columns))
        moved = np.isfinite(ended)
        later[who[moved]], there[who[moved]] = ended[moved], targets[choice[moved]]
    return later, there, tied
