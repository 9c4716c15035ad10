"""A Fine–Gray model as a plain weighted Cox model: the rows that say so.

A patient with a competing event goes on in further rows (start, stop] with the weight K(t) / K(X), one row for each stretch
of time in which K is constant and somebody has the event of interest. Two layouts are in use; both give the same likelihood.

finegray  the first row runs on to the end of its stretch (survival::finegray)
crprep    the first row ends with the competing event; rows end at event times (mstate::crprep, shortened)

The expansion grows with patients × stretches: `fine_gray` does not need it. Source: Geskus, Biometrics 2011;67:39-49.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.regression.fine_gray_columns import codes_of, competing_rows
from inferon.statistics.shared.censoring_distribution import Observation, ObservationWeight, observation_weight
from inferon.statistics.shared.columns import Floats, Integers

Layout = Literal["finegray", "crprep"]


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """The expanded rows: which row of the data each comes from, its time at risk, event of interest and weight."""

    row: Integers
    start: Floats
    stop: Floats
    event: NDArray[np.bool_]
    weight: Floats


def fine_gray_weighted_rows(
    time: ArrayLike,
    cause: Any,
    *,
    cause_of_interest: Hashable,
    start: ArrayLike | None = None,
    patient: Any = None,
    weights: ArrayLike | None = None,
    censoring_group: Any = None,
    layout: Layout = "finegray",
) -> pl.DataFrame:
    """Which rows, with which weights, turn a Cox program into a Fine–Gray one?

    One row a stretch: row (position in the data, from 0), start, stop, event (of the cause of interest), weight. Columns in:
    as in `fine_gray`. Fit with Efron ties and a variance that is robust by patient. Equal to survival::finegray, and with
    layout crprep to mstate::crprep(shorten = TRUE). ValueError for bad columns.
    """
    if layout not in ("finegray", "crprep"):
        raise ValueError(f"layout must be finegray or crprep, found {layout!r}")
    rows = competing_rows(
        time, cause, cause_of_interest=cause_of_interest, start=start, patient=patient, weights=weights
    )
    group = codes_of(censoring_group, "censoring_group", rows.rows)
    tied: Any = "left" if layout == "finegray" else "at_risk"
    kept = [
        observation_weight(rows.observed.of(group == code), tied_events=tied, without_latest_entry=layout == "crprep")
        for code in range(int(group.max()) + 1)
    ]
    found = expand(rows.observed, rows.interest, rows.competing, group, kept, layout=layout)
    return pl.DataFrame({name: getattr(found, name) for name in ("row", "start", "stop", "event", "weight")})


def expand(
    observed: Observation,
    interest: NDArray[np.bool_],
    competing: NDArray[np.bool_],
    group: Integers,
    weights: Sequence[ObservationWeight],
    *,
    layout: Layout,
) -> WeightedRows:
    """The rows in the order of the data, each patient's in time; `weights` holds K of every censoring group."""
    beginning = np.full(group.size, _before_all(observed.follow_up)) if observed.start is None else observed.start
    first_stop = observed.follow_up.copy()
    row, start, stop, weight = [np.arange(group.size)], [beginning], [first_stop], [observed.weights]
    for code, steps in enumerate(weights):
        members = np.flatnonzero(competing & (group == code))
        times = np.unique(observed.follow_up[interest & (group == code)])
        if members.size and times.size:
            pieces = _stretches(steps, times, layout)
            exits = observed.follow_up[members]
            if layout == "finegray":
                first_stop[members] = np.append(steps.time, steps.last)[np.searchsorted(steps.time, exits)]
            skipped = np.searchsorted(pieces[0] if layout == "finegray" else pieces[1], exits, side=_side(layout))
            more = pieces[1].size - skipped
            which = np.repeat(np.arange(members.size), more)
            piece = np.arange(which.size) - np.repeat(np.cumsum(more) - more - skipped, more)
            row.append(members[which])
            start.append(np.maximum(pieces[0][piece], exits[which]))
            stop.append(pieces[1][piece])
            weight.append(observed.weights[members[which]] * pieces[2][piece] / steps.before(exits)[which])
    rows, starts = np.concatenate(row), np.concatenate(start)
    order = np.lexsort((starts, rows))
    further = np.arange(rows.size) >= group.size
    event = interest[rows] & ~further
    return WeightedRows(
        rows[order], starts[order], np.concatenate(stop)[order], event[order], np.concatenate(weight)[order]
    )


def _stretches(steps: ObservationWeight, times: Floats, layout: Layout) -> tuple[Floats, Floats, Floats]:
    """Start, end and K of each stretch with an event of interest."""
    if layout == "finegray":
        held = np.unique(np.searchsorted(steps.time, times))
        ends = np.append(steps.time, steps.last)
        return np.concatenate([[-np.inf], ends])[held], ends[held], steps.value[held]
    value = steps.before(times)
    final = np.flatnonzero(np.append(np.diff(value) != 0, True))
    ends = times[final]
    return np.concatenate([[-np.inf], ends[:-1]]), ends, value[final]


def _side(layout: Layout) -> Literal["left", "right"]:
    """A stretch counts once it starts at or after the exit (finegray), or once it ends after it (crprep)."""
    return "left" if layout == "finegray" else "right"


def _before_all(times: Floats) -> float:
    """A start before every time: 0, or below 0 where somebody's follow-up has no length."""
    return 0.0 if times.min() > 0 else -1.0
