"""Does the cumulative incidence of a cause differ between two arms, in every trial of many?

The score and its variance are those of ``inferon.statistics.comparisons.gray`` (which says what they are), for two groups; with
strata they are summed over them. Source: Gray, Ann Stat 1988;16:1141-1154.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inferon.statistics.batch.log_rank import wanted_cause
from inferon.statistics.batch.result import BatchResult, chi_square, rejections, trial_frame
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import Trials
from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False, repr=False)
class GrayBatch(BatchResult):
    """Gray's test of one cause in every trial; arrays over trials.

    n, events           patients, and events of the cause, by arm, shape (trials, 2)
    score, variance     of arm 1: positive where it has more events than expected
    statistic, p_value  chi-square on one degree of freedom; NaN where nothing can be compared
    trustworthy         false where the pooled incidence passes 1, so that the variance does not hold (see
                        ``GrayTest.caution``)
    """

    n: Integers
    events: Integers
    score: Floats
    variance: Floats
    statistic: Floats
    p_value: Floats
    trustworthy: NDArray[np.bool_]
    cause: int
    rho: float
    stratified: bool

    method: ClassVar[str] = "Gray's test"
    variance_form: ClassVar[str] = "Gray 1988, as in cmprsk::cuminc"
    citation: ClassVar[str] = "Gray, Ann Stat 1988;16:1141-1154"

    def __len__(self) -> int:
        return len(self.statistic)

    def to_frame(self) -> pl.DataFrame:
        """One row a trial: trial, score, variance, statistic, p_value, trustworthy."""
        names = ("score", "variance", "statistic", "p_value", "trustworthy")
        return trial_frame(len(self), **{name: getattr(self, name) for name in names})

    def _summary(self) -> str:
        doubtful = int((~self.trustworthy).sum())
        caution = f"; not to be trusted in {doubtful}" if doubtful else ""
        return f"cause {self.cause}, rho = {self.rho:g}; {rejections(self.p_value)}{caution}"


def gray(trials: Trials, *, cause: int = 1, rho: float = 0.0, stratified: bool = False) -> GrayBatch:
    """Compare the cumulative incidence of ``cause`` between the two arms in every trial.

    rho         0 weighs all times alike; positive values weigh early differences more
    stratified  compare within the strata of the trials

    ValueError for trials of one arm, or without strata when ``stratified``. Equal to cuminc(...)$Tests of the R
    package cmprsk.
    """
    from inferon.statistics.batch.kernels.gray import gray as kernel

    compared = trials.two_arms().by_stratum if stratified else trials.two_arms()
    events = np.zeros((len(trials), 2), dtype=np.int64)
    score, variance = np.zeros(len(trials)), np.zeros(len(trials))
    trusted = np.ones(len(trials), dtype=np.bool_)
    over_trials(
        kernel, len(trials), compared.time, compared.cause, compared.arm, compared.rows, compared.blocks,
        wanted_cause(cause), float(rho), events, score, variance, trusted, threads=trials.threads,
    )  # fmt: skip
    statistic, p_value = chi_square(score, variance)
    return GrayBatch(
        trials.n, events, score, variance, statistic, p_value, trusted, cause, float(rho), stratified
    )  # fmt: skip
