"""What the two regressions return: coefficients by trial, and in words how the fit ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from inferon.statistics.batch.result import BatchResult
from inferon.statistics.shared.columns import Floats, Integers


class Fit(IntEnum):
    """How a fit ended; ``sentence`` says it in words."""

    CONVERGED = 0
    MONOTONE = 1
    NO_EVENTS = 2
    SINGULAR = 3
    NOT_CONVERGED = 4

    @property
    def sentence(self) -> str:
        """What it means for the trial."""
        return _SENTENCES[self]


_SENTENCES = {
    Fit.CONVERGED: "the likelihood has its maximum at the coefficients",
    Fit.MONOTONE: "the likelihood rises for ever: a coefficient is infinite; what is shown is where R would stop",
    Fit.NO_EVENTS: "there is no event of the cause, so nothing is estimated",
    Fit.SINGULAR: "a covariate is constant or repeats the others, so nothing is estimated",
    Fit.NOT_CONVERGED: "Newton's method did not converge, so nothing is estimated",
}


@dataclass(frozen=True, eq=False, repr=False)
class RegressionBatch(BatchResult):
    """Coefficients of a regression in every trial.

    covariates      names of the columns
    coefficient     shape (trials, covariates); NaN where nothing is estimated
    covariance      their covariance, shape (trials, covariates, covariates)
    log_likelihood  with all coefficients 0 and at the coefficients, shape (trials, 2)
    status          how each fit ended: the numbers of :class:`Fit`
    """

    covariates: tuple[str, ...]
    coefficient: Floats
    covariance: Floats
    log_likelihood: Floats
    status: Integers
    cause: int | None

    def __len__(self) -> int:
        return len(self.coefficient)

    @property
    def standard_error(self) -> Floats:
        """Roots of the diagonal of the covariance, shape (trials, covariates)."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))

    @property
    def p_value(self) -> Floats:
        """Wald's test of each coefficient, two-sided."""
        return 2 * ndtr(-np.abs(self.coefficient / self.standard_error))

    def interval(self, conf_level: float = 0.95) -> tuple[Floats, Floats]:
        """Wald limits of the coefficients, each of shape (trials, covariates)."""
        margin = float(ndtri(0.5 + conf_level / 2)) * self.standard_error
        return self.coefficient - margin, self.coefficient + margin

    def to_frame(self) -> pl.DataFrame:
        """One row a trial and covariate: trial, covariate, coefficient, standard_error, p_value, status."""
        trial, column = (index.reshape(-1) for index in np.indices(self.coefficient.shape))
        names = np.array([fit.name.lower() for fit in Fit])
        values = {name: getattr(self, name).reshape(-1) for name in ("coefficient", "standard_error", "p_value")}
        labels = {"covariate": np.array(self.covariates)[column], "status": names[self.status][trial]}
        return pl.DataFrame({"trial": trial, **labels, **values}, nan_to_null=True)

    def _summary(self) -> str:
        counts = Counter(Fit(status) for status in self.status.tolist())
        return "; ".join(f"{counts[fit]}: {fit.sentence}" for fit in sorted(counts))
