"""Who is at risk at every event time, held so that a sum over each risk set costs one pass over the rows.

A row is at risk at t when start < t <= stop. Every row therefore belongs to a run of consecutive event times, and the
sums of any quantity over all risk sets are one reversed cumulative sum of what enters and leaves. Strata keep their
event times apart. Nothing here depends on the coefficients.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Rows and event times of all strata; event times are numbered by (stratum, time).

    time, stratum      of every event time, shape (event_times,)
    before, last       a row is at risk at the event times before < position <= last, shape (rows,)
    died               rows with the event, in the order of their event times, shape (events,)
    died_at            position of the event time of each of those rows
    opens              position in `died` of the first event of each event time
    deaths             events at each event time
    share              of each event among its ties: 0, 1/d, 2/d … for Efron's ties, 0 for Breslow's
    stratum_end        position after the last event time of the stratum of each event time
    membership         +1 where a row leaves and -1 where it enters, sparse, shape (event_times, rows)
    """

    time: Floats
    stratum: Integers
    before: Integers
    last: Integers
    died: Integers
    died_at: Integers
    opens: Integers
    deaths: Integers
    share: Floats
    stratum_end: Integers
    membership: Any

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.last.size

    def sums(self, values: Floats) -> Floats:
        """The sum of a quantity, shape (rows,) or (rows, columns), over the risk set of each event time."""
        left = np.asarray(self.membership @ values)
        running = np.zeros((left.shape[0] + 1, *left.shape[1:]))
        running[:-1] = np.cumsum(left[::-1], axis=0)[::-1]
        return running[:-1] - running[self.stratum_end]

    def sorted_rows(self) -> "tuple[RiskSets, Integers]":
        """The same with the rows in the order of their last event time, in which sums run through memory, and the order."""
        order = np.argsort(self.last, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        rows = {"before": self.before[order], "last": self.last[order], "died": place[self.died]}
        return replace(self, **rows, membership=self.membership[:, order]), order

    def by_time(self, values: Floats) -> Floats:
        """The sum of a quantity of the events, shape (events,) or (events, columns), at each event time."""
        return np.add.reduceat(values, self.opens, axis=0) if self.opens.size else values

    def accumulated(self, increments: Floats) -> Floats:
        """What each row gathers of increments at the event times while it is at risk, shape (rows, …)."""
        running = np.zeros((increments.shape[0] + 1, *increments.shape[1:]))
        np.cumsum(increments, axis=0, out=running[1:])
        return running[self.last + 1] - running[self.before + 1]

    def mean_weight(self, weights: Floats) -> Floats:
        """Mean weight of the events that tie with each event, shape (events,)."""
        return (self.by_time(weights[self.died]) / self.deaths)[self.died_at]


def risk_sets(
    start: Floats | None, stop: Floats, event: NDArray[np.bool_], *, stratum: Integers | None = None, efron: bool = True
) -> RiskSets:
    """Order the rows once: O(rows log rows). `start` None: at risk from before the first event time."""
    rows = stop.size
    stratum = np.zeros(rows, dtype=np.int64) if stratum is None else stratum
    distinct = np.unique(stop[event])
    width = distinct.size + 1
    key = stratum * width + np.searchsorted(distinct, stop, side="right")
    entered = stratum * width
    if start is not None:
        entered = entered + np.searchsorted(distinct, start, side="right")
    at = np.unique(key[event])
    last = np.searchsorted(at, key, side="right") - 1
    before = np.searchsorted(at, entered, side="right") - 1
    died = np.flatnonzero(event)
    died = died[np.argsort(key[died], kind="stable")]
    died_at = last[died]
    deaths = np.bincount(died_at, minlength=at.size)
    opens = np.cumsum(deaths) - deaths
    place = np.arange(died.size) - opens[died_at]
    share = place / deaths[died_at] if efron else np.zeros(died.size)
    of_stratum = at // width
    return RiskSets(
        distinct[at % width - 1], of_stratum, before, last, died, died_at, opens, deaths, share,
        np.searchsorted(of_stratum, of_stratum, side="right"),
        _membership(before, last, before >= np.searchsorted(at, stratum * width), at.size),
    )  # fmt: skip


def _membership(before: Integers, last: Integers, late: NDArray[np.bool_], event_times: int) -> Any:
    """`late`: the row enters after an event time of its own stratum, so that it has to be taken off the earlier ones."""
    counted = np.flatnonzero(last > before)
    entered = counted[late[counted]]
    positions = np.concatenate([last[counted], before[entered]])
    members = np.concatenate([counted, entered])
    signs = np.concatenate([np.ones(counted.size), -np.ones(entered.size)])
    return sparse.csr_array((signs, (positions, members)), shape=(event_times, last.size))
