"""Do the groups differ, when every way of dealing the patients out to the groups was equally likely?

Each patient gets a score: with weight W, δ = 1 for the event and Y at risk,

    a_i = W(t_i) δ_i - Σ_{u <= t_i} W(u) d(u) / Y(u)

and the sum of the scores of a group is compared with what it would be if the patients had been dealt out at random
(conditional on group sizes and times), stratum by stratum:

    T_k = Σ_{i in k} a_i,      E T_k = n_k ā,      cov(T_k, T_l) = Σ (a_i - ā)² / (n - 1) · n_k (δ_kl - n_l / n)

The sum T_k is the weighted log-rank O - E; only the variance differs from the hypergeometric one of `weighted_log_rank`,
slightly when censoring is alike in the groups. It presumes that censoring does not depend on the group.

Sources: Strasser & Weber, Math Methods Stat 1999;8:220-250; Hothorn et al., Am Stat 2006;60:257-263; ties: Hothorn &
Lausen, Comput Stat Data Anal 2003;43:121-137; Callaert, Am Stat 2003;57:214-217. Equal to coin::logrank_test with the
asymptotic distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.comparisons.log_rank_weights import Constant, Weight
from inferon.statistics.shared.columns import Floats, Integers, event_indicator, follow_up_times, group_codes
from inferon.statistics.shared.event_table import EventTable, compared_arm, rows_by_stratum
from inferon.statistics.shared.risk_table import distinct_times
from inferon.statistics.shared.score_test import chi_square_p_value, quadratic_form

Ties = Literal["mid_ranks", "hothorn_lausen", "average_scores"]
TIES: tuple[str, ...] = get_args(Ties)


@dataclass(frozen=True, eq=False, repr=False)
class LogRankPermutation:
    """The permutation form of a weighted log-rank test.

    groups       group labels, in the order of the arrays
    n, events    patients and events a group
    score        sum of the scores a group (above 0: more events than expected)
    expectation  of the scores under random allocation
    variance     their covariance under random allocation, shape (groups, groups)
    statistic    chi-square with `df` degrees of freedom, `p_value` two-sided; NaN and df 0 when all scores are equal
    """

    groups: tuple[Any, ...]
    n: Integers
    events: Integers
    score: Floats
    expectation: Floats
    variance: Floats
    statistic: float
    df: int
    p_value: float
    weight: Weight
    ties: str
    stratified: bool

    method: ClassVar[str] = "Log-rank permutation test"
    variance_form: ClassVar[str] = "permutation, asymptotic"
    citation: ClassVar[str] = "Strasser & Weber, Math Methods Stat 1999;8:220-250"

    def __post_init__(self) -> None:
        for name in ("n", "events", "score", "expectation", "variance"):
            getattr(self, name).setflags(write=False)

    def z(self, *, reference: Any = None) -> float:
        """The standardised score of the group that is not the reference (by default the first of two).

        Below 0: fewer events than expected. NaN where all scores are equal; ValueError for more than two groups.
        """
        place = compared_arm(self.groups, reference=reference)
        spread = self.variance[place, place]
        return float((self.score[place] - self.expectation[place]) / np.sqrt(spread)) if spread > 0 else float("nan")

    def to_frame(self) -> pl.DataFrame:
        """One row a group: group, n, events, score, expectation."""
        names = ("n", "events", "score", "expectation")
        return pl.DataFrame({"group": list(self.groups), **{name: getattr(self, name) for name in names}})

    def __repr__(self) -> str:
        kind = f"{self.method}{' (stratified)' if self.stratified else ''}, weight {self.weight}, ties {self.ties}"
        head = f"{kind}: chi-square = {self.statistic:.4f}, df = {self.df}, p = {self.p_value:.4g}"
        rows = [
            f"  {group!s:>12} n = {n}, events = {events}, score = {score:.4f}"
            for group, n, events, score in zip(self.groups, self.n, self.events, self.score, strict=True)
        ]
        return "\n".join([head, *rows, f"  variance: {self.variance_form}", f"  {self.citation}"])


def log_rank_permutation(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: Weight | None = None,
    ties: Ties = "mid_ranks",
    strata: Any = None,
) -> LogRankPermutation:
    """Compare two or more groups by the permutation distribution of their log-rank scores.

    time, event  follow-up >= 0 and 0/1, shape (patients,)
    group        label of each patient's group (two groups or more)
    weight       one of `log_rank_weights`; by default Constant(), the log-rank scores
    ties         mid_ranks: all with a time are at risk at it (as in `log_rank`); hothorn_lausen: only as many as follow
                 the last of them, itself included; average_scores: tied events happen one after the other and share the
                 mean of their scores
    strata       label of each patient's stratum, or None

    ValueError for bad columns, a single group or unknown ties.
    """
    if ties not in TIES:
        raise ValueError(f"ties must be one of {', '.join(TIES)}, found {ties!r}")
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    coded = group_codes(group, patients=follow_up.size)
    if len(coded.labels) < 2:
        raise ValueError(f"a comparison needs two groups or more, found only {list(coded.labels)}")
    weighing, size = weight or Constant(), len(coded.labels)
    score, expectation, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for rows in rows_by_stratum(strata, follow_up.size):
        scores = log_rank_scores(follow_up[rows], happened[rows], weight=weighing, ties=ties)
        n = np.bincount(coded.codes[rows], minlength=size)
        score += np.bincount(coded.codes[rows], scores, minlength=size)
        expectation += n * scores.mean()
        variance += _covariance(scores, n)
    statistic, df = quadratic_form(score - expectation, variance)
    return LogRankPermutation(
        coded.labels,
        np.bincount(coded.codes, minlength=size),
        np.bincount(coded.codes[happened], minlength=size),
        score, expectation, variance, statistic, df, chi_square_p_value(statistic, df), weighing, ties,
        strata is not None,
    )  # fmt: skip


def log_rank_scores(follow_up: Floats, happened: np.ndarray, *, weight: Weight, ties: str = "mid_ranks") -> Floats:
    """The score of every patient of one stratum, shape (patients,)."""
    if ties == "average_scores":
        return _averaged(follow_up, happened, weight)
    distinct, position = distinct_times(follow_up)
    leaving = np.bincount(position)
    at_risk = leaving[::-1].cumsum()[::-1]
    if ties == "hothorn_lausen":
        at_risk = at_risk - leaving + 1
    deaths = np.bincount(position[happened], minlength=distinct.size)
    kept = deaths > 0
    value, hazard = np.zeros(distinct.size), np.zeros(distinct.size)
    value[kept], hazard[kept] = _weighted(distinct[kept], at_risk[kept], deaths[kept].astype(np.float64), weight)
    return np.where(happened, value[position], 0.0) - np.cumsum(hazard)[position]


def _averaged(follow_up: Floats, happened: np.ndarray, weight: Weight) -> Floats:
    """Scores with tied events put one after the other, before the censored of that time, and averaged over the tied."""
    order = np.lexsort((~happened, follow_up))
    dies = happened[order]
    at_risk = follow_up.size - np.arange(follow_up.size)
    value, hazard = np.zeros(follow_up.size), np.zeros(follow_up.size)
    ones = np.ones(int(dies.sum()))
    value[dies], hazard[dies] = _weighted(follow_up[order][dies], at_risk[dies], ones, weight)
    scores = value - np.cumsum(hazard)
    _, tied = distinct_times(follow_up[order])
    counts = np.bincount(tied[dies], minlength=tied.size)
    shared = np.bincount(tied[dies], scores[dies], minlength=tied.size) / np.maximum(counts, 1)
    found = np.empty(follow_up.size)
    found[order] = np.where(dies, shared[tied], scores)
    return found


def _weighted(time: Floats, at_risk: Integers, deaths: Floats, weight: Weight) -> tuple[Floats, Floats]:
    """The weight at each event time and weight · d / Y."""
    table = EventTable(time, at_risk[:, None].astype(np.float64), deaths[:, None].astype(np.float64))
    value = weight(table)
    return value, value * table.all_events / table.all_at_risk


def _covariance(scores: Floats, n: Integers) -> Floats:
    if scores.size < 2:
        return np.zeros((n.size, n.size))
    return scores.var(ddof=1) * (np.diag(n) - np.outer(n, n) / scores.size)
