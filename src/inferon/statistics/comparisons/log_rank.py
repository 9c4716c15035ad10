"""Do the groups differ in how long they stay free of the event?

At each event time the events d are shared out over the groups as if they did not differ (hypergeometric):
    E_k = Σ d Y_k / Y,      V_kl = Σ d (Y - d) / (Y - 1) · (Y_k / Y) (δ_kl - Y_l / Y),      χ² = (O - E)' V⁻ (O - E)

With strata, O, E and V are summed over them. Sources: Mantel, Cancer Chemother Rep 1966;50:163-170; Peto & Peto,
J R Stat Soc A 1972;135:185-207. Equal to survdiff(Surv(time, event) ~ group, rho = 0) of the R package survival; with
`start` (which survdiff does not offer) to the score test of a Cox model with exact ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.comparisons.log_rank_weights import Constant, Weight
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.event_table import ComparedGroups, EventTable, compared_arm, compared_groups
from inferon.statistics.shared.score_test import chi_square_p_value, quadratic_form


@dataclass(frozen=True, eq=False, repr=False)
class LogRank:
    """The log-rank test of K groups.

    groups      group labels, in the order of the arrays
    n           patients a group
    observed    events a group
    expected    events a group expected if the groups did not differ
    variance    covariance of observed - expected, shape (groups, groups), hypergeometric
    statistic   chi-square with `df` degrees of freedom, `p_value` two-sided; NaN and df 0 when nothing can be compared
    """

    groups: tuple[Any, ...]
    n: Integers
    observed: Floats
    expected: Floats
    variance: Floats
    statistic: float
    df: int
    p_value: float
    stratified: bool

    method: ClassVar[str] = "Log-rank test"
    variance_form: ClassVar[str] = "hypergeometric"
    citation: ClassVar[str] = "Mantel, Cancer Chemother Rep 1966;50:163-170"

    def __post_init__(self) -> None:
        for name in ("n", "observed", "expected", "variance"):
            getattr(self, name).setflags(write=False)

    def z(self, *, reference: Any = None) -> float:
        """(observed - expected) / standard error of the group that is not the reference (by default the first of two).

        Below 0: fewer events than if the groups did not differ. NaN where the variance is 0; ValueError for more groups.
        """
        place = compared_arm(self.groups, reference=reference)
        if self.variance[place, place] <= 0:
            return float("nan")
        return float((self.observed[place] - self.expected[place]) / np.sqrt(self.variance[place, place]))

    def to_frame(self) -> pl.DataFrame:
        """One row a group: group, n, observed, expected."""
        columns = {"n": self.n, "observed": self.observed, "expected": self.expected}
        return pl.DataFrame({"group": list(self.groups), **columns})

    def __repr__(self) -> str:
        rows = [
            f"  {group!s:>12} {n:>8} {observed:>9g} {expected:>9.2f}"
            for group, n, observed, expected in zip(self.groups, self.n, self.observed, self.expected, strict=True)
        ]
        head = f"{self._title()}: chi-square = {self.statistic:.4f}, df = {self.df}, p = {self.p_value:.4g}"
        titles = f"  {'group':>12} {'n':>8} {'observed':>9} {'expected':>9}"
        return "\n".join(
            [head, titles, *rows, f"  {self._counts()}; variance: {self.variance_form}", f"  {self.citation}"]
        )

    def _counts(self) -> str:
        return f"n = {self.n.sum()}, events = {self.observed.sum():g}"

    def _title(self) -> str:
        return f"{self.method}{' (stratified)' if self.stratified else ''}"

    @classmethod
    def of(cls, groups: ComparedGroups, weighing: Weight, **more: Any) -> Self:
        """The test of `groups`, each event weighing what `weighing` says."""
        observed, expected, variance = weighted_sums(groups, weighing)
        known = expected > 0
        statistic, df = quadratic_form((observed - expected)[known], variance[np.ix_(known, known)])
        p_value = chi_square_p_value(statistic, df)
        return cls(
            groups.labels, groups.n, observed, expected, variance, statistic, df, p_value, groups.stratified, **more
        )


def log_rank(
    time: ArrayLike, event: ArrayLike, group: Any, *, strata: Any = None, start: ArrayLike | None = None
) -> LogRank:
    """Compare the event-free curves of two or more groups.

    time    follow-up, shape (patients,), >= 0
    event   1/True for the event, 0/False for censored
    group   label of each patient's group (two groups or more)
    strata  label of each patient's stratum, or None
    start   entry into observation, before `time`, or None: at risk when start < t <= time

    ValueError for bad columns or a single group. A group nobody of whom is ever at risk at an event time takes no
    part: it costs a degree of freedom.
    """
    return LogRank.of(compared_groups(time, event, group, strata=strata, start=start), Constant())


def weighted_sums(groups: ComparedGroups, weight: Weight) -> tuple[Floats, Floats, Floats]:
    """Weighted observed and expected events a group and the covariance of their difference, summed over strata."""
    size = len(groups.labels)
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for table in groups.tables:
        values = weight(table)
        share = table.at_risk / table.all_at_risk[:, None]
        observed += values @ table.events
        expected += (values * table.all_events) @ share
        variance += covariance(table, values**2)
    return observed, expected, variance


def covariance(table: EventTable, squared_weight: Floats) -> Floats:
    """Hypergeometric covariance of the groups' events, each time multiplied by `squared_weight`."""
    d, y = table.all_events, table.all_at_risk
    share = table.at_risk / y[:, None]
    spread = squared_weight * d * (y - d) / np.maximum(y - 1, 1.0)
    return np.diag(spread @ share) - (share * spread[:, None]).T @ share
