"""Does a covariate change the hazard (or the odds) of an event that is only known to lie between two visits?

    proportional hazards    S(t | x) = S₀(t) ^ exp(x β)                            exp(β) = hazard ratio
    proportional odds       S / (1 - S) at x = exp(x β) · S₀ / (1 - S₀)            exp(β) = odds ratio of being event-free

The baseline S₀ is left free: the maximum is over every distribution on the innermost intervals (`monotone_likelihood`).

Standard errors come from the curvature of the profile likelihood with the support of the baseline held fixed, which is
what the grouped-data likelihood of Finkelstein (Biometrics 1986;42:845-854) gives; the likelihood-ratio test does not
need them. Equal to ic_sp() of R's icenReg (which offers the bootstrap instead of standard errors). Coefficients do not
depend on where the covariates are centred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.parametric.error_distributions import EXTREME, LOGISTIC
from inferon.statistics.parametric.fitted_parameters import FittedParameters
from inferon.statistics.parametric.interval_times import interval_times
from inferon.statistics.parametric.location_scale import check_information
from inferon.statistics.parametric.monotone_likelihood import fit_monotone
from inferon.statistics.parametric.monotone_problem import MonotoneProblem, equal_start
from inferon.statistics.parametric.turnbull_intervals import innermost_intervals
from inferon.statistics.shared.columns import Floats
from inferon.statistics.shared.covariate_matrix import covariate_matrix, new_patients
from inferon.statistics.shared.records import case_weights

IntervalModel = Literal["proportional_hazards", "proportional_odds"]
INTERVAL_MODELS: tuple[str, ...] = get_args(IntervalModel)
LAW_AND_SIGN = {"proportional_hazards": (EXTREME, 1.0), "proportional_odds": (LOGISTIC, -1.0)}


@dataclass(frozen=True, eq=False, repr=False)
class IntervalSemiparametric(FittedParameters):
    """Coefficients, with the baseline: `baseline_survival` after each innermost interval (left, right], covariates 0."""

    model: str
    left: Floats
    right: Floats
    baseline_survival: Floats

    method: ClassVar[str] = "Semiparametric regression of interval-censored times"
    citation: ClassVar[str] = "Finkelstein, Biometrics 1986;42:845-854; Pan, J Comput Graph Stat 1999;8:109-120"

    @property
    def ratio(self) -> Floats:
        """exp(coefficient): hazard ratios, or odds ratios of being free of the event."""
        return np.exp(self.coefficients)

    def survival(self, newdata: Any) -> pl.DataFrame:
        """Survival after each innermost interval for each row of `newdata`: patient, left, right, survival."""
        rows = new_patients(newdata, terms=self.terms)
        factor = np.exp(rows @ self.coefficients)[:, None]
        base = self.baseline_survival
        hazards = self.model == "proportional_hazards"
        found = base**factor if hazards else factor * base / (1 + base * (factor - 1))
        size = base.size
        return pl.DataFrame(
            {
                "patient": np.repeat(np.arange(rows.shape[0]), size),
                "left": np.tile(self.left, rows.shape[0]),
                "right": np.tile(self.right, rows.shape[0]),
                "survival": found.ravel(),
            }
        )

    def describe(self) -> str:
        """Model and variance in words."""
        return f"model: {self.model.replace('_', ' ')}; baseline: free; variance: {self.variance_form}"


def interval_semiparametric(
    left: ArrayLike,
    right: ArrayLike,
    *,
    covariates: Any,
    model: IntervalModel = "proportional_hazards",
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> IntervalSemiparametric:
    """Fit coefficients with a free baseline to event times known to lie in (left, right].

    left, right  as in `turnbull`
    covariates   a frame, a mapping from names to columns or an array
    model        proportional_hazards or proportional_odds
    weights      patients a row stands for

    ValueError for bad columns, an unknown model, or covariates the data do not determine.
    """
    if model not in INTERVAL_MODELS:
        raise ValueError(f"model must be one of {', '.join(INTERVAL_MODELS)}, found {model!r}")
    times = interval_times(left, right)
    matrix = covariate_matrix(covariates, patients=times.n)
    counts = np.ones(times.n) if weights is None else case_weights(weights, patients=times.n)
    cells = innermost_intervals(times)
    law, sign = LAW_AND_SIGN[model]
    centre = matrix.values.mean(axis=0)
    spread = matrix.values.std(axis=0)
    if not spread.all():
        raise ValueError(f"covariate {matrix.terms[int(np.argmin(spread))]!r} is the same for all patients")
    design = sign * (matrix.values - centre) / spread
    free = MonotoneProblem(law, cells.first, cells.beyond, cells.left.size, design[:, :0], counts)
    full = MonotoneProblem(law, cells.first, cells.beyond, cells.left.size, design, counts)
    null = fit_monotone(free, equal_start(free))
    fit = fit_monotone(full, null.thresholds)
    check_information(fit.information)
    covariance = np.linalg.inv(fit.information) / np.outer(spread, spread)
    coefficients = fit.coefficients / spread
    baseline = np.exp(law.log_survival(fit.thresholds - sign * float(centre @ coefficients)))
    return IntervalSemiparametric(
        matrix.terms, coefficients, covariance, fit.log_likelihood, null.log_likelihood, times.n, times.n_events,
        "profile likelihood, support of the baseline held fixed", conf_level, fit.rounds, model, cells.left,
        cells.right, np.append(baseline, 0.0),
    )  # fmt: skip
