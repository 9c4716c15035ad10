"""Do two arms differ in how long they stay free of the event? In every trial of many.

The weighted log-rank test of ``inferon.statistics.comparisons.log_rank``: with d events among Y at risk, d_1 and Y_1 of them in
arm 1,

    U = Σ w (d_1 - d Y_1 / Y),   V = Σ w² d (Y - d) / (Y - 1) (Y_1 / Y) (1 - Y_1 / Y),   w = S(t-)^rho (1 - S(t-))^gamma

rho = gamma = 0 is the log-rank test, gamma = 0 the G-rho family (survdiff), both together Fleming and Harrington's.
With strata, S, U and V are taken within them and U and V summed. Sources: Mantel, Cancer Chemother Rep
1966;50:163-170; Fleming & Harrington, Counting Processes and Survival Analysis, 1991, chapter 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from inferon.statistics.batch.result import BatchResult, chi_square, rejections, trial_frame
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import ANY_CAUSE, Trials
from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False, repr=False)
class LogRankBatch(BatchResult):
    """The log-rank test of every trial; arrays over trials.

    n, events                patients and events by arm, shape (trials, 2)
    observed_minus_expected  weighted sum over the event times, arm 1
    variance                 of that sum, hypergeometric
    z                        their standardised ratio: positive where arm 1 has more events than expected
    statistic, p_value       z² and its two-sided p-value; NaN where nothing can be compared
    """

    n: Integers
    events: Integers
    observed_minus_expected: Floats
    variance: Floats
    z: Floats
    statistic: Floats
    p_value: Floats
    rho: float
    gamma: float
    stratified: bool
    cause: int | None

    method: ClassVar[str] = "Log-rank test"
    variance_form: ClassVar[str] = "hypergeometric"
    citation: ClassVar[str] = "Mantel, Cancer Chemother Rep 1966;50:163-170"

    def __len__(self) -> int:
        return len(self.statistic)

    def to_frame(self) -> pl.DataFrame:
        """One row a trial: trial, observed_minus_expected, variance, z, statistic, p_value."""
        names = ("observed_minus_expected", "variance", "z", "statistic", "p_value")
        return trial_frame(len(self), **{name: getattr(self, name) for name in names})

    def _summary(self) -> str:
        weight = f"rho = {self.rho:g}, gamma = {self.gamma:g}; " if self.rho or self.gamma else ""
        return f"{weight}{'stratified; ' if self.stratified else ''}{rejections(self.p_value)}"


def log_rank(
    trials: Trials, *, cause: int | None = None, rho: float = 0.0, gamma: float = 0.0, stratified: bool = False
) -> LogRankBatch:
    """Compare the event-free curves of the two arms in every trial.

    cause        the cause that counts, all others censoring; by default an event of any cause
    rho, gamma   weights (see the module)
    stratified   compare within the strata of the trials

    ValueError for trials of one arm, or without strata when ``stratified``. Equal to survdiff of the R package
    survival; with gamma to wlr(weight = fh(rho, gamma)) of simtrial.
    """
    from inferon.statistics.batch.kernels.log_rank import log_rank as kernel

    compared = trials.two_arms().by_stratum if stratified else trials.two_arms()
    events = np.zeros((len(trials), 2), dtype=np.int64)
    score, variance = np.zeros(len(trials)), np.zeros(len(trials))
    over_trials(
        kernel, len(trials), compared.time, compared.cause, compared.arm, compared.rows, compared.blocks,
        wanted_cause(cause), float(rho), float(gamma), events, score, variance, threads=trials.threads,
    )  # fmt: skip
    statistic, p_value = chi_square(score, variance)
    z = np.copysign(np.sqrt(statistic), score)
    return LogRankBatch(
        trials.n, events, score, variance, z, statistic, p_value, float(rho), float(gamma), stratified, cause
    )


def wanted_cause(cause: int | None) -> int:
    """The cause as the kernels take it; ValueError unless it is None or a whole number above 0."""
    if cause is None:
        return ANY_CAUSE
    if cause != int(cause) or cause <= 0:
        raise ValueError(f"cause must be None (any event) or a whole number above 0, found {cause}")
    return int(cause)
