"""Does the cumulative incidence of a cause differ between groups, competing events taken into account?

Gray's test compares subdistribution hazards. With Y_k at risk, S_k(t-) the event-free probability and F_k(t-) the
cumulative incidence of the cause in group k just before t, patients who had a competing event stay in the risk set
with the weight that censoring leaves them:

    R_k = Y_k (1 - F_k(t-)) / S_k(t-),      score_k = Σ_t W(t) (d_k(t) - d(t) R_k(t) / R(t)),      W = (1 - F(t-))^rho

F is the cumulative incidence pooled under the hypothesis, with increments d / Σ_k (Y_k / S_k(t-)). The covariance of
the scores adds up, group by group, the variance of every event's effect on them (`_covariance_of_group`).

Source: Gray, Ann Stat 1988;16:1141-1154. Equal to cuminc(...)$Tests of the R package cmprsk, rho and strata included.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Coded, Floats, Integers, cause_codes, follow_up_times, group_codes
from inferon.statistics.shared.risk_table import before, risk_table
from inferon.statistics.shared.score_test import chi_square_p_value, quadratic_form


@dataclass(frozen=True, eq=False, repr=False)
class GrayTest:
    """Gray's test of one cause.

    groups     group labels, in the order of the arrays
    n, events  patients and events of the cause a group
    score      weighted observed minus expected a group (they sum to 0)
    variance   covariance of the scores, shape (groups, groups)
    statistic  chi-square with `df` degrees of freedom and its `p_value`; NaN and df 0 when nothing can be compared
    stratified whether scores and covariances are sums over strata
    caution    a sentence where the statistic should not be trusted, else None
    """

    cause: Hashable
    groups: tuple[Any, ...]
    n: Integers
    events: Integers
    score: Floats
    variance: Floats
    statistic: float
    df: int
    p_value: float
    rho: float
    stratified: bool
    caution: str | None

    method: ClassVar[str] = "Gray's test"
    variance_form: ClassVar[str] = "Gray 1988, as in cmprsk::cuminc"
    citation: ClassVar[str] = "Gray, Ann Stat 1988;16:1141-1154"

    def __post_init__(self) -> None:
        for name in ("n", "events", "score", "variance"):
            getattr(self, name).setflags(write=False)

    def to_frame(self) -> pl.DataFrame:
        """One row: cause, statistic, df, p_value (null where there is none)."""
        row = {"statistic": [self.statistic], "df": [self.df], "p_value": [self.p_value]}
        return pl.DataFrame({"cause": [self.cause], **row}, nan_to_null=True)

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), f"  variance: {self.variance_form}", f"  {self.citation}"])

    def _lines(self) -> list[str]:
        weight = f" (rho = {self.rho:g})" if self.rho else ""
        title = f"{self.method} of {self.cause}{weight}{' (stratified)' if self.stratified else ''}"
        head = f"{title}: chi-square = {self.statistic:.4f}, df = {self.df}, p = {self.p_value:.4g}"
        by_group = zip(self.groups, self.n, self.events, strict=True)
        rows = [f"  {group!s:>12}: n = {n}, events = {events}" for group, n, events in by_group]
        return [head, *rows, *([f"  {self.caution}"] if self.caution else [])]


@dataclass(frozen=True, eq=False, repr=False)
class GrayTests(Mapping[Any, GrayTest]):
    """One test a cause, by name, in the order of the causes."""

    tests: Mapping[Any, GrayTest]

    def __getitem__(self, cause: Any) -> GrayTest:
        return self.tests[cause]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tests)

    def __len__(self) -> int:
        return len(self.tests)

    def to_frame(self) -> pl.DataFrame:
        """One row a cause: cause, statistic, df, p_value."""
        none = {"cause": pl.Null, "statistic": pl.Float64, "df": pl.Int64, "p_value": pl.Float64}
        return pl.concat([test.to_frame() for test in self.values()]) if self.tests else pl.DataFrame(schema=none)

    def __repr__(self) -> str:
        if not self.tests:
            return f"{GrayTest.method}: nobody had an event and `causes` names none, so there is no test"
        lines = [line for test in self.values() for line in test._lines()]
        return "\n".join([*lines, f"  variance: {GrayTest.variance_form}", f"  {GrayTest.citation}"])


def gray(
    time: ArrayLike,
    cause: Any,
    group: Any,
    *,
    rho: float = 0.0,
    causes: Sequence[Hashable] | None = None,
    strata: Any = None,
) -> GrayTests:
    """Compare the cumulative incidence of every cause between two or more groups.

    time    follow-up, shape (patients,), >= 0
    cause   what ended it: 0 or None for censored, else a number or a name a cause
    group   label of each patient's group (two groups or more)
    rho     0 weighs all times alike; positive values weigh early differences more
    causes  the causes to test, in this order; by default those found
    strata  label of each patient's stratum, or None; scores and covariances are summed over strata

    ValueError for bad columns, an undeclared cause or a single group.
    """
    if not np.isfinite(rho):
        raise ValueError(f"rho must be a finite number, found {rho}")
    follow_up = follow_up_times(time)
    coded = cause_codes(cause, patients=follow_up.size, causes=causes)
    grouped = group_codes(group, patients=follow_up.size)
    if len(grouped.labels) < 2:
        raise ValueError(f"a comparison needs two groups or more, found only {list(grouped.labels)}")
    blocks = list(_strata_counts(follow_up, coded, grouped, strata))
    n = np.bincount(grouped.codes, minlength=len(grouped.labels))
    return GrayTests(
        MappingProxyType(
            {
                label: _test(
                    blocks,
                    position,
                    label=label,
                    groups=grouped.labels,
                    n=n,
                    rho=float(rho),
                    stratified=strata is not None,
                )
                for position, label in enumerate(coded.labels)
            }
        )
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """One stratum at its event times: at risk and event-free before, shape (times, groups); events by cause."""

    at_risk: Floats
    free_before: Floats
    free_after: Floats
    events: Integers


def _strata_counts(follow_up: Floats, coded: Coded, grouped: Coded, strata: Any) -> Iterator[_Counts]:
    stratum = np.zeros(follow_up.size, dtype=np.int64)
    if strata is not None:
        stratum = group_codes(strata, patients=follow_up.size, name="strata").codes
    for code in range(int(stratum.max()) + 1):
        rows = stratum == code
        groups, causes = len(grouped.labels), len(coded.labels)
        table = risk_table(
            follow_up[rows], coded.codes[rows], causes=causes, group=grouped.codes[rows], groups=groups
        )  # fmt: skip
        at_times = table.events.sum(axis=(1, 2)) > 0
        if at_times.any():
            events, at_risk = table.events[at_times], table.at_risk[at_times].astype(np.float64)
            surviving = np.where(at_risk > 0, 1 - events.sum(axis=2) / np.maximum(at_risk, 1.0), 1.0)
            free = np.cumprod(surviving, axis=0, dtype=np.float64)
            yield _Counts(at_risk, before(free, 1.0), free, events)


def _test(
    blocks: list[_Counts],
    position: int,
    *,
    label: Hashable,
    groups: tuple[Any, ...],
    n: Integers,
    rho: float,
    stratified: bool,
) -> GrayTest:
    size = len(groups)
    events, score, variance = np.zeros(size, dtype=np.int64), np.zeros(size), np.zeros((size, size))
    exhausted = False
    for block in blocks:
        own, others = block.events[:, :, position], block.events.sum(axis=2) - block.events[:, :, position]
        parts = _one_stratum(block, own, others, rho)
        events, score, variance = events + own.sum(axis=0), score + parts[0], variance + parts[1]
        exhausted |= parts[2]
    statistic, df = quadratic_form(score, variance)
    return GrayTest(
        label, groups, n, events, score, variance, statistic, df, chi_square_p_value(statistic, df), rho,
        stratified, _caution(df, len(groups), exhausted),
    )  # fmt: skip


def _caution(df: int, groups: int, exhausted: bool) -> str | None:
    if exhausted:
        return (
            "The pooled cumulative incidence passes 1 because a group's follow-up ends in events: the variance of "
            "Gray's test does not hold there; compare the groups over the follow-up they share"
        )
    if df == 0:
        return "No group can be compared: there are no events of this cause while two groups are at risk"
    return "A group takes no part: it says nothing on this cause" if df < groups - 1 else None


def _one_stratum(block: _Counts, own: Integers, others: Integers, rho: float) -> tuple[Floats, Floats, bool]:
    """Score and covariance of one stratum, and whether the pooled incidence left the range of a probability."""
    present = block.at_risk > 0
    safe_risk = np.maximum(block.at_risk, 1.0)
    incidence_before = before(np.cumsum(np.where(present, block.free_before * own / safe_risk, 0.0), axis=0), 0.0)
    adjusted = np.where(present, block.at_risk / np.where(present, block.free_before, 1.0), 0.0)
    reach, deaths = adjusted.sum(axis=1), own.sum(axis=1)
    pooled = np.cumsum(deaths / reach)
    remaining_before, remaining = 1 - before(pooled, 0.0), 1 - pooled
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = remaining_before**rho
        subdistribution = adjusted * (1 - incidence_before)
        expected = (weight * deaths / subdistribution.sum(axis=1)) @ subdistribution
        score = (weight[:, None] * own).sum(axis=0) - expected
        variance = np.zeros((own.shape[1], own.shape[1]))
        for k in range(own.shape[1]):
            direct = -weight[:, None] * adjusted * (adjusted[:, [k]] / reach[:, None])
            direct[:, k] += weight * adjusted[:, k]
            drift = np.cumsum(direct * np.where(deaths > 0, deaths / (reach * remaining_before), 0.0)[:, None], axis=0)
            variance += _covariance_of_group(block, own, others, k, direct, drift, reach, remaining)
    return score, variance, bool((remaining_before[deaths > 0] <= 0).any())


def _covariance_of_group(
    block: _Counts,
    own: Integers,
    others: Integers,
    k: int,
    direct: Floats,
    drift: Floats,
    reach: Floats,
    remaining: Floats,
) -> Floats:
    """What the events of group k add to the covariance of all scores.

    An event at t moves score i directly by `direct` and, through the event-free probability it changes, every later
    term: by ratio · (drift at the end - drift at t), ratio = (1 - F(t)) / S_k(t) for a competing event and one less,
    with the other sign, for an event of the cause.
    """
    at_risk, free_before, free_after = block.at_risk[:, k], block.free_before[:, k], block.free_after[:, k]
    deaths, left = own.sum(axis=1), free_after > 0
    ratio = np.where(left, remaining / np.where(left, free_after, 1.0), 0.0)
    later = drift[-1] - drift
    risk = np.maximum(at_risk, 1.0)
    own_ties = np.where(deaths > 1, 1 - (deaths - 1) / (reach * free_before - 1), 1.0)
    own_variance = np.where((at_risk > 0) & (deaths > 0), own_ties * free_before * deaths / (reach * risk), 0.0)
    competing = others[:, k]
    other_ties = np.where(competing > 1, 1 - (competing - 1) / np.maximum(at_risk - 1, 1.0), 1.0)
    other_variance = np.where(left & (competing > 0), other_ties * free_before**2 * competing / risk**2, 0.0)
    effect = direct + np.where(left, 1 - ratio, 1.0)[:, None] * later
    indirect = -ratio[:, None] * later
    return (effect * own_variance[:, None]).T @ effect + (indirect * other_variance[:, None]).T @ indirect
