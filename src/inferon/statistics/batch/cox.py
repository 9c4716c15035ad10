"""How does the hazard depend on the arm and a few covariates, in every trial of many?

Cox's partial likelihood with Efron's (or Breslow's) approximation for ties, Newton's method. Newton's method and its
stopping rule are those of coxph; where the maximum is finite the fit then goes on to full precision. Sources: Cox, J
R Stat Soc B 1972;34:187-220; Efron, J Am Stat Assoc 1977;72:557-565.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from inferon.statistics.batch.log_rank import wanted_cause
from inferon.statistics.batch.regression import RegressionBatch
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import Trials


@dataclass(frozen=True, eq=False, repr=False)
class CoxBatch(RegressionBatch):
    """Cox regression of every trial: log hazard ratios; see :class:`RegressionBatch` for the arrays."""

    ties: str
    stratified: bool

    method: ClassVar[str] = "Cox regression"
    variance_form: ClassVar[str] = "inverse information"
    citation: ClassVar[str] = "Cox, J R Stat Soc B 1972;34:187-220"


def cox(
    trials: Trials,
    *,
    covariates: Sequence[str] = ("arm",),
    cause: int | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    stratified: bool = False,
) -> CoxBatch:
    """Fit a Cox regression to every trial.

    covariates  columns by name: ``arm`` and those given to ``trials``
    cause       the cause that counts, all others censoring (cause-specific hazard); by default an event of any cause
    ties        efron or breslow
    stratified  a baseline hazard for each stratum

    A trial that cannot be fitted holds NaN and a status that says why. ValueError for unknown covariates or ties, or
    without strata when ``stratified``. Equal to coxph of the R package survival.
    """
    from inferon.statistics.batch.kernels.cox import cox as kernel

    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties must be efron or breslow, found {ties!r}")
    used = trials.by_stratum if stratified else trials
    count, columns = len(trials), len(covariates)
    coefficient, covariance = np.zeros((count, columns)), np.full((count, columns, columns), np.nan)
    likelihood, status = np.empty((count, 2)), np.zeros(count, dtype=np.int64)
    over_trials(
        kernel, count, used.time, used.cause, used.rows, used.blocks, used.design(covariates), wanted_cause(cause),
        ties == "efron", coefficient, covariance, likelihood, status, threads=trials.threads,
    )  # fmt: skip
    return CoxBatch(tuple(covariates), coefficient, covariance, likelihood, status, cause, ties, stratified)
