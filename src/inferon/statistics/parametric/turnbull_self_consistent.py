"""Turnbull's estimate by his own iteration, stopped where R's survfit stops: how to obtain the other answer.

Each interval's patient is shared out over the points where a jump is possible, in proportion to the present jumps; a
Kaplan–Meier estimate of the shares gives the next jumps. survfit(Surv(left, right, type = "interval2") ~ 1) puts a jump at
every time seen and in the middle of every innermost interval, extrapolates every fifth step (Aitken), and ends once no
point of the curve moves by more than 5e-5 in one step. That is not yet the maximum: errors up to about 1e-3 are seen. Use
`turnbull` unless the number must be survfit's.

Source: Turnbull, J R Stat Soc B 1976;38:290-295; the stopping rule was read off the R package survival 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.parametric.interval_times import IntervalTimes, interval_times
from inferon.statistics.parametric.turnbull import Turnbull
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.records import case_weights

TOLERANCE = 5e-5
MOST = 100_000


@dataclass(frozen=True, eq=False)
class _Shares:
    """Points of possible jumps, the points first .. beyond - 1 of each unseen interval, and the plain follow-up."""

    points: Floats
    first: Integers
    beyond: Integers
    interval_weights: Floats
    times: Floats
    seen: Floats
    leaving: Floats


def turnbull_self_consistent(
    left: ArrayLike, right: ArrayLike, *, weights: ArrayLike | None = None, tolerance: float = TOLERANCE
) -> Turnbull:
    """Iterate as survfit does; arguments as in `turnbull`, and `tolerance`, the largest move of the curve at the end.

    The result's intervals are the points where survfit shows a jump (left = right). ValueError for bad columns or a
    tolerance that is not above 0.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, found {tolerance}")
    times = interval_times(left, right)
    counts = np.ones(times.n) if weights is None else case_weights(weights, patients=times.n)
    shares = _shares(times, counts)
    survival = (
        _iterate(shares, tolerance) if shares.first.size else _product_limit(shares, np.zeros(shares.points.size))
    )
    mass = -np.diff(survival, prepend=1.0)
    covered = np.append(0.0, np.cumsum(mass))
    log_likelihood = float(shares.interval_weights @ np.log(covered[shares.beyond] - covered[shares.first]))
    left_over = max(float(survival[-1]), 0.0)
    points = shares.points
    if left_over > 0:
        points, mass = np.append(points, np.inf), np.append(mass, left_over)
    log_likelihood += _seen_part(times, counts, points, mass)
    return Turnbull(points.copy(), points.copy(), mass, log_likelihood, times.n, times.n_events)


def _shares(times: IntervalTimes, counts: Floats) -> _Shares:
    plain = times.exact | np.isinf(times.right)
    points = _points(times)
    first = np.searchsorted(points, times.left[~plain], side="right")
    beyond = np.searchsorted(points, times.right[~plain], side="right")
    moments = np.unique(np.concatenate([times.left[plain], points]))
    place = np.searchsorted(moments, times.left[plain])
    amounts = (counts[plain] * times.exact[plain], counts[plain])
    seen, leaving = (np.asarray(np.bincount(place, amount, moments.size), dtype=np.float64) for amount in amounts)
    return _Shares(points, first, beyond, counts[~plain], moments, seen, leaving)


def _points(times: IntervalTimes) -> Floats:
    """Times seen, and the middle between any left end and the right end that follows it directly."""
    open_interval = ~times.exact & np.isfinite(times.right)
    ends = np.concatenate([times.left, times.right[open_interval]])
    kind = np.concatenate([np.where(times.exact, 0, 2), np.ones(int(open_interval.sum()), dtype=np.int64)])
    order = np.lexsort((kind, ends))
    ends, kind = ends[order], kind[order]
    pair = (kind[:-1] != 1) & (kind[1:] == 1)
    return np.unique(np.concatenate([ends[kind == 0], (ends[:-1][pair] + ends[1:][pair]) / 2]))


def _iterate(shares: _Shares, tolerance: float) -> Floats:
    size = shares.points.size + 1
    cover = np.cumsum(np.bincount(shares.first, minlength=size) - np.bincount(shares.beyond, minlength=size))[:-1]
    before = 1 - np.cumsum(cover) / cover.sum()
    survival, last, last_but_one, move = before, np.zeros(size - 1), np.zeros(size - 1), np.zeros(size - 1)
    for step in range(1, MOST + 1):
        jumps = -np.diff(survival, prepend=1.0)
        earlier_move, move, plain = move, jumps - last, jumps
        if step % 5 == 0:
            jumps = _extrapolated(shares, jumps, last_but_one, earlier_move, move)
        last_but_one, last = last, plain
        survival = _product_limit(shares, _shared_out(shares, jumps))
        if step % 5 >= 2 and np.max(np.abs(before - survival)) <= tolerance:
            return survival
        before = survival
    raise ValueError(f"the iteration did not settle in {MOST} steps")


def _extrapolated(shares: _Shares, jumps: Floats, start: Floats, earlier: Floats, latest: Floats) -> Floats:
    """Aitken's guess at the limit where it is a probability and does not lower the likelihood, else the jumps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = start - earlier**2 / (latest - earlier)
    guess = np.where((guess > 0) & (guess < 1), guess, jumps)
    likelihoods = [np.log(np.diff(_sums(shares, values), axis=0)).sum() for values in (jumps, guess)]
    return jumps if likelihoods[1] < likelihoods[0] else guess


def _sums(shares: _Shares, jumps: Floats) -> Floats:
    total = np.append(0.0, np.cumsum(jumps))
    return np.stack([total[shares.first], total[shares.beyond]])


def _shared_out(shares: _Shares, jumps: Floats) -> Floats:
    """How many of the patients with unseen times each point receives."""
    each = shares.interval_weights / np.diff(_sums(shares, jumps), axis=0)[0]
    size = jumps.size + 1
    return jumps * np.cumsum(np.bincount(shares.first, each, size) - np.bincount(shares.beyond, each, size))[:-1]


def _product_limit(shares: _Shares, received: Floats) -> Floats:
    """Kaplan–Meier at the points, from the times seen, those censored, and the shares received."""
    events, leaving = shares.seen.copy(), shares.leaving.copy()
    place = np.searchsorted(shares.times, shares.points)
    events[place] += received
    leaving[place] += received
    at_risk = np.cumsum(leaving[::-1])[::-1]
    curve = np.cumprod(1 - np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0))
    return np.maximum(curve[place], 0.0)


def _seen_part(times: IntervalTimes, counts: Floats, points: Floats, mass: Floats) -> float:
    """Log-likelihood of the times seen (their jump) and of those censored (the mass beyond)."""
    after = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    censored = np.isinf(times.right)
    own = mass[np.searchsorted(points, times.left[times.exact])]
    beyond = after[np.searchsorted(points, times.left[censored], side="right")]
    return float(counts[times.exact] @ np.log(own) + counts[censored] @ np.log(beyond))
