"""Where can the mass of an estimate from interval-censored times lie? On the innermost intervals (Peto, Turnbull).

An innermost interval begins at a left end and ends at the next right end with no other end between. (a, b] and (b, c] do
not meet; a time seen at t, [t, t], meets (a, t] but not (t, c]. Where inside an innermost interval the mass lies, the data
cannot tell.
Sources: Peto, Appl Stat 1973;22:86-91; Turnbull, J R Stat Soc B 1976;38:290-295.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.parametric.interval_times import IntervalTimes
from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False)
class InnermostIntervals:
    """The innermost intervals, ascending, and which of them each patient's interval covers.

    left, right    ends, shape (intervals,); `closed` where the left end belongs to the interval (a single time)
    first, beyond  patient i covers the intervals first[i] .. beyond[i] - 1, shape (patients,)
    """

    left: Floats
    right: Floats
    closed: NDArray[np.bool_]
    first: Integers
    beyond: Integers


def innermost_intervals(times: IntervalTimes) -> InnermostIntervals:
    """Find them with one sort of all ends."""
    # at one time: a closed left end [t comes before a right end t], and both before an open left end (t
    left_rank = np.where(times.exact, 0, 2)
    ends = np.concatenate([times.left, times.right])
    rank = np.concatenate([left_rank, np.ones(times.n, dtype=np.int64)])
    is_left = np.concatenate([np.ones(times.n, dtype=np.bool_), np.zeros(times.n, dtype=np.bool_)])
    order = np.lexsort((rank, ends))
    sorted_left = is_left[order]
    opens = np.flatnonzero(sorted_left[:-1] & ~sorted_left[1:])
    left, right = ends[order][opens], ends[order][opens + 1]
    closed = rank[order][opens] == 0
    return InnermostIntervals(left, right, closed, *_covered(times, left_rank, left, right, closed))


def _covered(
    times: IntervalTimes, left_rank: Integers, left: Floats, right: Floats, closed: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """First interval whose left end is not before the patient's, and the number of intervals that end by the patient's."""
    # two keys (time, rank) as one: the position among all distinct ends
    moments = np.unique(np.concatenate([times.left, left]))
    mine = np.searchsorted(moments, times.left) * 3 + left_rank
    theirs = np.searchsorted(moments, left) * 3 + np.where(closed, 0, 2)
    first = np.searchsorted(theirs, mine, side="left")
    beyond = np.searchsorted(right, times.right, side="right")
    return first.astype(np.int64), beyond.astype(np.int64)
