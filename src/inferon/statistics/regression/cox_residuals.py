"""Residuals of a Cox model: where does it fit badly, and who moves the estimate?

martingale     events observed less events expected of each row; weighted, they sum to 0
deviance       the same made symmetric: sign(m) √(-2 (m + δ log(δ - m)))
score          each row's part in the score, Σ over time of (x - x̄(t)) dM(t), shape (rows, terms)
dfbeta         score · variance, times the weight: about how much β changes when the row is left out
schoenfeld     covariates of each event less the mean of its risk set, shape (events, terms), in the order of event times
scaled_schoenfeld  schoenfeld · variance · events + β: how β changes with time

Tied events share their own time's hazard as Efron's or Breslow's likelihood has it (the exact likelihood uses Breslow's).
Sources: Therneau, Grambsch & Fleming, Biometrika 1990;77:147-160; Schoenfeld, Biometrika 1982;69:239-241; Grambsch &
Therneau, Biometrika 1994;81:515-526. Equal to residuals(coxph(…)) of R; dfbeta there is weighted too.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.regression.cox_likelihood import RiskMeans, gathered_hazard
from inferon.statistics.regression.cox_risk_sets import RiskSets
from inferon.statistics.shared.columns import Floats

Residual = Literal["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"]
RESIDUALS: tuple[str, ...] = get_args(Residual)


def martingale_residuals(sets: RiskSets, means: RiskMeans, event: NDArray[np.bool_], weight: Floats) -> Floats:
    """Observed less expected events, shape (rows,)."""
    return event - means.risk / weight * gathered_hazard(sets, means.hazard)


def deviance_residuals(martingale: Floats, event: NDArray[np.bool_]) -> Floats:
    """Martingale residuals made symmetric, shape (rows,)."""
    expected = np.maximum(event - martingale, 0.0)
    logarithm = np.where(event, np.log(np.where(event, np.maximum(expected, np.finfo(float).tiny), 1.0)), 0.0)
    return np.sign(martingale) * np.sqrt(np.maximum(-2 * (martingale + logarithm), 0.0))


def score_residuals(sets: RiskSets, covariates: Floats, means: RiskMeans, weight: Floats) -> Floats:
    """Each row's part in the score, unweighted, shape (rows, terms); the weighted sum over rows is 0 at the maximum."""
    met = gathered_hazard(sets, means.hazard)
    met_mean = gathered_hazard(sets, means.hazard[:, None] * means.mean)
    residuals = (means.risk / weight)[:, None] * (met_mean - covariates * met[:, None])
    residuals[sets.died] += covariates[sets.died] - tied_means(sets, means)
    return residuals


def schoenfeld_residuals(sets: RiskSets, covariates: Floats, means: RiskMeans) -> Floats:
    """Covariates of each event less the mean of its risk set, shape (events, terms)."""
    return covariates[sets.died] - tied_means(sets, means)


def tied_means(sets: RiskSets, means: RiskMeans) -> Floats:
    """The mean of the risk set, averaged over the events that tie, shape (events, terms)."""
    return (sets.by_time(means.mean) / sets.deaths[:, None])[sets.died_at]
