"""The steps of a cumulative hazard, and the two variances of a sum over them.

For Σ_{u <= t} d(u) g(u), where g depends on the risk set only (1 / Y for Nelson–Aalen, 1 / (Y - d) for -log S of
Kaplan–Meier), both variances come from what one event adds and what one patient at risk takes away:

greenwood, aalen          Σ d(u) g(u) / Y(u): Greenwood's of -log S, Aalen's of the cumulative hazard
infinitesimal_jackknife   Σ over clusters of the squared influence: a row adds g(T) at its own event and takes away
                          Σ d(u) g(u) / Y(u) over the times it is at risk (see `influence`)
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.influence import jackknife_variance, stay
from inferon.statistics.shared.records import Records
from inferon.statistics.shared.risk_table import Counts, risk_table

SurvivalVariance = Literal["greenwood", "infinitesimal_jackknife"]
HazardVariance = Literal["aalen", "infinitesimal_jackknife"]
SURVIVAL_VARIANCES: tuple[str, ...] = get_args(SurvivalVariance)
HAZARD_VARIANCES: tuple[str, ...] = get_args(HazardVariance)
VARIANCE_NAMES = {"greenwood": "Greenwood", "aalen": "Aalen", "infinitesimal_jackknife": "infinitesimal jackknife"}


@dataclass(frozen=True, eq=False)
class EventSteps:
    """Counts at every distinct time, shape (times,), with the rows they come from and where each of them ends."""

    time: Floats
    at_risk: Counts
    events: Counts
    censored: Counts
    position: Integers
    records: Records
    happened: NDArray[np.bool_]


def event_steps(records: Records, happened: NDArray[np.bool_]) -> EventSteps:
    """Counts of one kind of event in one group."""
    together = np.zeros(records.n, dtype=np.int64)
    table = risk_table(
        records.time, happened.astype(np.int64) - 1, group=together, start=records.start, weights=records.weights
    )
    return EventSteps(
        table.time, table.at_risk[:, 0], table.events[:, 0, 0], table.censored[:, 0], table.position, records, happened
    )


def chosen_variance(variance: Any, records: Records, *, allowed: tuple[str, ...] = SURVIVAL_VARIANCES) -> str:
    """The form asked for; by default the first, but the jackknife with clusters or with fractional weights."""
    if variance is None:
        return allowed[int(records.clustered or records.fractional)]
    if variance not in allowed:
        raise ValueError(f"variance must be one of {', '.join(allowed)}, found {variance!r}")
    return variance


def step_variance(steps: EventSteps, form: str, *, each: Floats, drain: Floats | None = None) -> Floats:
    """The variance of a sum over events at every distinct time, shape (times,).

    each   what one event adds at each time
    drain  what one patient at risk takes away there; by default d · each / Y
    """
    taken = steps.events * each / steps.at_risk if drain is None else drain
    if form != "infinitesimal_jackknife":
        return np.cumsum(taken)
    where = stay(steps.records, steps.time, steps.position)
    drained = np.cumsum(taken)
    on_entry, on_exit = where.accrued(drained)
    own = np.where(steps.happened, each[steps.position], 0.0)
    return jackknife_variance(
        steps.records,
        where,
        present=np.column_stack([on_entry, np.full(steps.records.n, -1.0)]),
        gone=np.column_stack([own - on_exit + on_entry, np.zeros(steps.records.n)]),
        basis=np.column_stack([np.ones(steps.time.size), drained]),
    )
