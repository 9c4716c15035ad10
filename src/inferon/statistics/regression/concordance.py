"""How often does the patient with the higher predicted risk have the event first?

    C = (concordant + ½ tied in risk) / (concordant + discordant + tied in risk)

A pair is compared at the earlier event time t when the other is at risk then (start < t) and has no event at or before t;
pairs of different strata are not compared. Pairs count w_i w_j times a weight of time:

n       1                     Harrell's C: pairs in proportion to the number at risk
S       Σw S(t) / Y(t)        Peto–Wilcoxon weights; depends less on the censoring
S/G     S with 1 / G(t-)      Schemper's
n/G     1 / G(t-)             inverse probability of being uncensored, once
n/G2    1 / G(t-)²            Uno's
I       1                     as `n`: what survival 3.5 computes under this name

S and G are the stratum's Kaplan–Meier curves of event and censoring, Y(t) those at risk without event at t. The standard
error is the infinitesimal jackknife, summed over clusters where given; a stratum with one event counts as `n`. Where a
patient has several rows, give the patient as cluster: row by row, as in R without id, it depends on where rows were cut.
Sources: Harrell, Califf & Pryor, JAMA 1982;247:2543-2546; Uno et al., Stat Med 2011;30:1105-1117; Therneau & Watson,
Mayo Clinic report 85, 2017. Equal to concordance(coxph(…), timewt = …) of R's survival.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inferon.statistics.regression.cox_robust import summed_by
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.rank_sums import rank_sums
from inferon.statistics.shared.risk_table import before, risk_table

Weighting = Literal["n", "S", "S/G", "n/G", "n/G2", "I"]
WEIGHTINGS: tuple[str, ...] = get_args(Weighting)
PAIRS = ("concordant", "discordant", "tied_risk", "tied_time", "tied_both")


@dataclass(frozen=True, eq=False, repr=False)
class Concordance:
    """Concordance of a risk score with what happened; `pairs` are the weighted numbers of pairs, named in PAIRS.

    n, n_events   rows and events of the model
    """

    estimate: float
    standard_error: float
    pairs: Floats
    weighting: str
    n: int
    n_events: int

    variance_form: ClassVar[str] = "infinitesimal jackknife"
    method: ClassVar[str] = "Concordance"
    citation: ClassVar[str] = "Harrell, Califf & Pryor, JAMA 1982;247:2543-2546"

    def to_frame(self) -> pl.DataFrame:
        """One row: weighting, estimate, standard_error and the numbers of pairs."""
        first = {"weighting": self.weighting, "estimate": self.estimate, "standard_error": self.standard_error}
        return pl.DataFrame([{**first, **dict(zip(PAIRS, self.pairs.tolist(), strict=True))}])

    def __repr__(self) -> str:
        counted = ", ".join(f"{name.replace('_', ' ')} {x:g}" for name, x in zip(PAIRS, self.pairs, strict=True))
        head = (
            f"{self.method} (weights {self.weighting}): {self.estimate:.4f}, standard error {self.standard_error:.4f} "
            f"({self.variance_form}); n = {self.n}, events = {self.n_events}"
        )
        return f"{head}\n  pairs: {counted}\n  {self.citation}"


def risk_concordance(
    risk: Floats, stop: Floats, event: NDArray[np.bool_], *, start: Floats | None, weight: Floats,
    stratum: Integers, cluster: Integers | None = None, weighting: str = "n",
) -> Concordance:  # fmt: skip
    """Concordance of a score (higher = sooner) of checked columns; O(rows log rows)."""
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting must be one of {', '.join(WEIGHTINGS)}, found {weighting!r}")
    pairs, influence = np.zeros(5), np.zeros((stop.size, 3))
    for code in range(int(stratum.max()) + 1):
        rows = np.flatnonzero(stratum == code)
        if event[rows].any():
            entry = None if start is None else start[rows]
            found = _one_stratum(risk[rows], stop[rows], event[rows], entry, weight[rows], weighting)
            pairs, influence[rows] = pairs + found[0], found[1]
    compared = pairs[:3].sum()
    difference = (pairs[0] - pairs[1]) / compared if compared > 0 else np.nan
    moved = weight * (influence[:, 0] - influence[:, 1] - difference * influence.sum(axis=1))
    moved = moved if cluster is None else summed_by(moved[:, None], cluster)[:, 0]
    error = float(np.sqrt(moved @ moved) / (2 * compared)) if compared > 0 else np.nan
    return Concordance(float((1 + difference) / 2), error, pairs, weighting, stop.size, int(event.sum()))


def _one_stratum(
    risk: Floats, stop: Floats, event: NDArray[np.bool_], start: Floats | None, weight: Floats, weighting: str
) -> tuple[Floats, Floats]:
    """Numbers of pairs, and each row's concordant, discordant and risk-tied pairs (weighted by the partners)."""
    rank = np.unique(risk, return_inverse=True)[1].astype(np.int64)
    at = np.where(event, weight, 0.0)
    at[event] *= _time_weight(weighting, stop, event, start, weight)[event]
    later = _against_later(rank, stop, event, start, weight)
    died = np.flatnonzero(event)
    pairs = (at[died, None] * later[died]).sum(axis=0)
    factor = np.divide(at, weight)[:, None]
    earlier = _against_earlier(rank, stop, event, start, at)
    ties = _ties_in_time(rank, stop, event, at, weight)
    return np.concatenate([pairs, ties]), factor * later + earlier


def _against_later(
    rank: Integers, stop: Floats, event: NDArray[np.bool_], start: Floats | None, weight: Floats
) -> Floats:
    """For each event: weight of those still at risk who rank below, above and equal, shape (rows, 3)."""
    order = np.lexsort((event, -stop))
    key = _position(stop[order], event[order], stop)
    nobody = np.zeros(rank.size, dtype=np.int64)
    below, equal = rank_sums(rank[order], weight[order], left=nobody, right=key, value=rank)
    total = np.append(0.0, np.cumsum(weight[order]))[key]
    if start is not None:
        entry = np.argsort(-start, kind="stable")
        ahead = np.searchsorted(-start[entry], -stop, side="right")
        out_below, out_equal = rank_sums(rank[entry], weight[entry], left=nobody, right=ahead, value=rank)
        below, equal = below - out_below, equal - out_equal
        total = total - np.append(0.0, np.cumsum(weight[entry]))[ahead]
    later = np.column_stack([below, total - below - equal, equal])
    later[~event] = 0.0
    return later


def _against_earlier(
    rank: Integers, stop: Floats, event: NDArray[np.bool_], start: Floats | None, at: Floats
) -> Floats:
    """For each row: time-weighted events it outlived that rank above, below and equal, shape (rows, 3)."""
    died = np.flatnonzero(event)
    died = died[np.argsort(stop[died], kind="stable")]
    times = stop[died]
    right = np.where(event, np.searchsorted(times, stop, side="left"), np.searchsorted(times, stop, side="right"))
    left = np.zeros(stop.size, dtype=np.int64) if start is None else np.searchsorted(times, start, side="right")
    right = np.maximum(left, right)
    below, equal = rank_sums(rank[died], at[died], left=left, right=right, value=rank)
    running = np.append(0.0, np.cumsum(at[died]))
    return np.column_stack([running[right] - running[left] - below - equal, below, equal])


def _position(stops: Floats, events: NDArray[np.bool_], time: Floats) -> Integers:
    """How many of the rows, latest first and censored before events, outlast an event at each time."""
    later = np.searchsorted(-stops, -time, side="left")
    censored = np.append(0, np.cumsum(~events))
    until = np.searchsorted(-stops, -time, side="right")
    return later + censored[until] - censored[later]


def _ties_in_time(rank: Integers, stop: Floats, event: NDArray[np.bool_], at: Floats, weight: Floats) -> Floats:
    """Pairs of events at one time, and those of them that tie in risk as well."""
    died = np.flatnonzero(event)
    time = np.unique(stop[died], return_inverse=True)[1]
    both = np.unique(np.column_stack([time, rank[died]]), axis=0, return_inverse=True)[1].ravel()
    return np.array([_pairs_within(time, at[died], weight[died]), _pairs_within(both, at[died], weight[died])])


def _pairs_within(group: Integers, at: Floats, weight: Floats) -> float:
    return float((np.bincount(group, at) * np.bincount(group, weight) - np.bincount(group, at * weight)).sum() / 2)


def _time_weight(
    weighting: str, stop: Floats, event: NDArray[np.bool_], start: Floats | None, weight: Floats
) -> Floats:
    if weighting in ("n", "I") or event.sum() < 2:
        return np.ones(stop.size)
    nobody = np.zeros(stop.size, dtype=np.int64)
    table = risk_table(stop, event.astype(np.int64) - 1, group=nobody, start=start, weights=weight)
    at_risk, events = table.at_risk[:, 0], table.events[:, 0, 0]
    uncensored = before(np.cumprod(1 - table.censored[:, 0] / at_risk), 1.0)
    free, left = np.cumprod(1 - events / at_risk), at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):
        peto = np.where(free > 0, weight.sum() * free / left, 0.0)
        values = {"S": peto, "S/G": peto / uncensored, "n/G": 1 / uncensored, "n/G2": 1 / uncensored**2}[weighting]
    return np.where(np.isfinite(values), values, 0.0)[np.searchsorted(table.time, stop)]
