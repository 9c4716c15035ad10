"""A fitted accelerated failure time model: coefficients, scales, quantiles and survival for given covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.parametric.error_distributions import ErrorDistribution
from inferon.statistics.parametric.fitted_parameters import FittedParameters
from inferon.statistics.shared.columns import Floats
from inferon.statistics.shared.covariate_matrix import new_patients

OF_LOG_TIME = ("weibull", "exponential", "rayleigh", "lognormal", "loglogistic")
"""Distributions of which the logarithm of the time is modelled."""


@dataclass(frozen=True, eq=False, repr=False)
class AcceleratedFailureTime(FittedParameters):
    """Intercept, coefficients and log(scale) of each stratum, in this order.

    scale           σ of each stratum, shape (strata,)
    distribution    its name (see `accelerated_failure_time`)
    strata          labels of the strata, (None,) without
    """

    distribution: str
    scale: Floats
    strata: tuple[Any, ...]
    law: ErrorDistribution

    method: ClassVar[str] = "Accelerated failure time model"
    citation: ClassVar[str] = "Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 2002, chapter 3"

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates."""
        scales = len(self.terms) - self._estimated_scales
        return self.terms[1:scales]

    @property
    def time_ratio(self) -> Floats:
        """exp(β) of each covariate: by what factor it stretches the time; only where log T is modelled."""
        if self.distribution not in OF_LOG_TIME:
            raise ValueError(f"a {self.distribution} model is of the time itself, it has no time ratio")
        return np.exp(self.coefficients[1 : 1 + len(self.covariates)])

    def quantiles(self, newdata: Any = None, *, probabilities: ArrayLike = 0.5, stratum: Any = None) -> pl.DataFrame:
        """By when has the fraction `probabilities` had the event?

        newdata  rows to predict for (a frame, mapping, list of mappings or array); None where there are no covariates
        stratum  whose scale to take, where there are strata

        One row a patient and probability: patient, probability, time, standard_error, lower, upper. The standard error is
        by the delta method on the scale of the time, the limits are those of x β + σ q carried over.
        """
        design = self._design(newdata)
        wanted = np.atleast_1d(np.asarray(probabilities, dtype=np.float64))
        if not ((wanted > 0) & (wanted < 1)).all():
            raise ValueError(f"probabilities must lie between 0 and 1, found {wanted.tolist()}")
        place = self._stratum(stratum)
        q = np.asarray(self.law.quantile(wanted))
        line = (design @ self.coefficients[: design.shape[1]])[:, None] + self.scale[place] * q
        error = self._line_error(design, place, q)
        time, slope = (np.exp(line), np.exp(line)) if self.distribution in OF_LOG_TIME else (line, np.ones_like(line))
        ends = [line - self.z * error, line + self.z * error]
        lower, upper = (np.exp(end) if self.distribution in OF_LOG_TIME else end for end in ends)
        columns = {"time": time, "standard_error": slope * error, "lower": lower, "upper": upper}
        patient, probability = np.repeat(np.arange(line.shape[0]), q.size), np.tile(wanted, line.shape[0])
        flat = {name: values.ravel() for name, values in columns.items()}
        return pl.DataFrame({"patient": patient, "probability": probability, **flat})

    def survival(self, times: ArrayLike, newdata: Any = None, *, stratum: Any = None) -> Floats:
        """Which fraction is still free of the event at each of `times`? Shape (rows of newdata, times)."""
        design = self._design(newdata)
        grid = np.atleast_1d(np.asarray(times, dtype=np.float64))
        with np.errstate(divide="ignore"):
            y = np.log(grid) if self.distribution in OF_LOG_TIME else grid
        z = (y - (design @ self.coefficients[: design.shape[1]])[:, None]) / self.scale[self._stratum(stratum)]
        return np.exp(self.law.log_survival(z))

    def describe(self) -> str:
        """Distribution, scales and variance in words."""
        how = " (fixed)" if self._estimated_scales == 0 else ""
        scales = ", ".join(f"{value:.5g}" for value in self.scale)
        return f"distribution: {self.distribution}; scale{how}: {scales}; variance: {self.variance_form}"

    @property
    def _estimated_scales(self) -> int:
        return sum(term.startswith("log(scale)") for term in self.terms)

    def _covariate_terms(self) -> tuple[str, ...]:
        return self.covariates

    def _design(self, newdata: Any) -> Floats:
        if not self.covariates:
            return np.ones((1, 1))
        if newdata is None:
            raise ValueError(f"newdata is needed: the model's covariates are {', '.join(self.covariates)}")
        rows = new_patients(newdata, terms=self.covariates)
        return np.column_stack([np.ones(rows.shape[0]), rows])

    def _stratum(self, stratum: Any) -> int:
        if stratum is None and len(self.strata) == 1:
            return 0
        if stratum not in self.strata:
            raise ValueError(f"stratum must be one of {list(self.strata)}, found {stratum!r}")
        return self.strata.index(stratum)

    def _line_error(self, design: Floats, place: int, q: Floats) -> Floats:
        """Standard errors of x β + σ q, shape (rows, quantiles)."""
        terms = design.shape[1]
        gradient = np.zeros((design.shape[0], q.size, len(self.terms)))
        gradient[:, :, :terms] = design[:, None, :]
        if self._estimated_scales:
            gradient[:, :, terms + place] = self.scale[place] * q
        return np.sqrt(np.einsum("rqi,ij,rqj->rq", gradient, self.covariance, gradient))
