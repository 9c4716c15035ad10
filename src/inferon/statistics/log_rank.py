"""Do the groups differ in how long they stay free of the event?

At each event time the events d are shared out over the groups as if they did not differ (hypergeometric):
    E_k = Σ d Y_k / Y,      V_kl = Σ d (Y - d) / (Y - 1) · (Y_k / Y) (δ_kl - Y_l / Y),      χ² = (O - E)' V⁻ (O - E)

With strata, O, E and V are summed over them. Sources: Mantel, Cancer Chemother Rep 1966;50:163-170; Peto & Peto,
J R Stat Soc A 1972;135:185-207. Equal to survdiff(Surv(time, event) ~ group, rho = 0) of the R package survival.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.columns import Coded, Floats, Integers, event_indicator, follow_up_times, group_codes
from inferon.statistics.risk_table import risk_table
from inferon.statistics.score_test import chi_square_p_value, quadratic_form


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

    def to_frame(self) -> pl.DataFrame:
        """One row a group: group, n, observed, expected."""
        columns = {"n": self.n, "observed": self.observed, "expected": self.expected}
        return pl.DataFrame({"group": list(self.groups), **columns})

    def __repr__(self) -> str:
        rows = [
            f"  {group!s:>12} {n:>8} {observed:>9g} {expected:>9.2f}"
            for group, n, observed, expected in zip(self.groups, self.n, self.observed, self.expected, strict=True)
        ]
        kind = f"{self.method}{' (stratified)' if self.stratified else ''}"
        head = f"{kind}: chi-square = {self.statistic:.4f}, df = {self.df}, p = {self.p_value:.4g}"
        titles = f"  {'group':>12} {'n':>8} {'observed':>9} {'expected':>9}"
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def log_rank(time: ArrayLike, event: ArrayLike, group: Any, *, strata: Any = None) -> LogRank:
    """Compare the event-free curves of two or more groups.

    time    follow-up, shape (patients,), >= 0
    event   1/True for the event, 0/False for censored
    group   label of each patient's group (two groups or more)
    strata  label of each patient's stratum, or None

    ValueError for bad columns or a single group. A group nobody of whom is ever at risk at an event time takes no
    part: it costs a degree of freedom.
    """
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    coded = group_codes(group, patients=follow_up.size)
    if len(coded.labels) < 2:
        raise ValueError(f"a comparison needs two groups or more, found only {list(coded.labels)}")
    stratum = _strata(strata, follow_up.size)
    groups = len(coded.labels)
    observed, expected, variance = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    for code in range(len(stratum.labels)):
        rows = stratum.codes == code
        parts = _one_stratum(follow_up[rows], happened[rows], coded.codes[rows], groups)
        observed, expected, variance = observed + parts[0], expected + parts[1], variance + parts[2]
    statistic, df = quadratic_form((observed - expected)[expected > 0], variance[np.ix_(expected > 0, expected > 0)])
    n = np.bincount(coded.codes, minlength=groups)
    p_value = chi_square_p_value(statistic, df)
    stratified = strata is not None
    return LogRank(coded.labels, n, observed, expected, variance, statistic, df, p_value, stratified)


def _strata(strata: Any, patients: int) -> Coded:
    if strata is None:
        return Coded(np.zeros(patients, dtype=np.int64), (None,))
    return group_codes(strata, patients=patients, name="strata")


def _one_stratum(
    follow_up: Floats, happened: np.ndarray, group: Integers, groups: int
) -> tuple[Floats, Floats, Floats]:
    table = risk_table(follow_up, happened.astype(np.int64) - 1, group=group, groups=groups)
    deaths = table.events[:, :, 0]
    with_events = deaths.sum(axis=1) > 0
    deaths, at_risk = deaths[with_events].astype(np.float64), table.at_risk[with_events].astype(np.float64)
    d, y = deaths.sum(axis=1), at_risk.sum(axis=1)
    share = at_risk / y[:, None]
    spread = d * (y - d) / np.maximum(y - 1, 1.0)
    variance = np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return deaths.sum(axis=0), d @ share, variance
