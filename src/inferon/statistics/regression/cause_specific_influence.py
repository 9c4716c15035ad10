"""How much does every patient move the cumulative hazard of one cause? Part of `cause_specific_risk`."""

from dataclasses import dataclass

import numpy as np

from inferon.statistics.regression.cox_likelihood import risk_means
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.regression.cox_residuals import score_residuals
from inferon.statistics.regression.cox_risk_sets import RiskSets
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False)
class CauseInfluence:
    """The baseline hazard of one cause, at the means of the covariates, and what moves it.

    times, place     event times of all causes, and where those of this cause lie among them
    hazard           jumps at `times`, 0 where another cause jumps
    mean             jumps times mean covariates, at this cause's event times, shape (own times, terms)
    coefficients     influence of every row on the coefficients, shape (rows, terms)
    gained           by a row through its own event, shape (events,)
    spent, spent_tied  per unit of a row's relative risk at each time, and what tied events take off it
    relative         relative risk of every row
    """

    times: Floats
    place: np.ndarray
    hazard: Floats
    mean: Floats
    coefficients: Floats
    gained: Floats
    spent: Floats
    spent_tied: Floats
    relative: Floats
    sets: RiskSets

    def of(self, effect: Floats, row: Floats) -> Floats:
        """Σ effect(u) dδΛ(u) of every row, for a patient with centred covariates `row` and relative risk 1."""
        sets, own = self.sets, effect[self.place]
        slope = row * float(own @ self.hazard[self.place]) - own @ self.mean
        found = self.coefficients @ slope - self.relative * sets.accumulated(own * self.spent)
        died = sets.died
        found[died] += own[sets.died_at] * (self.gained + self.relative[died] * self.spent_tied[sets.died_at])
        return found


def cause_influence(model: CoxModel, times: Floats, variance: str) -> CauseInfluence:
    """Prepare a fitted model without strata; `variance` as in `cause_specific_risk`."""
    sets, covariates = model.fit.sets, model.rows.covariates
    weight = model.rows.records.weight()
    linear = model.rows.linear(model.coefficients)
    means = risk_means(sets, covariates, linear, weight)
    jump = means.hazard * np.exp(-means.shift)
    relative = np.exp(linear)
    if variance == "risk_regression":
        return _as_risk_regression(model, times, sets.by_time(jump), relative)
    residuals = score_residuals(sets, covariates, means, weight)
    squares = jump**2 / sets.mean_weight(weight)
    inverse = jump / sets.mean_weight(weight)
    return CauseInfluence(
        times, *_spread(times, sets, sets.by_time(jump)), sets.by_time(jump[:, None] * means.mean),
        residuals @ model.model_variance, (sets.by_time(inverse) / sets.deaths)[sets.died_at],
        sets.by_time(squares), sets.by_time(sets.share * squares), relative, sets,
    )  # fmt: skip


def _as_risk_regression(model: CoxModel, times: Floats, hazard: Floats, relative: Floats) -> CauseInfluence:
    """Risk sets without Efron's share; in the score several events at a time count once."""
    sets, covariates, weight = model.fit.sets, model.rows.covariates, model.rows.records.weight()
    at_risk = sets.sums(weight * relative)
    mean = sets.sums(covariates * (weight * relative)[:, None]) / at_risk[:, None]
    once = sets.accumulated(1 / at_risk)
    met = covariates * once[:, None] - sets.accumulated(mean / at_risk[:, None])
    score = -relative[:, None] * met
    score[sets.died] += covariates[sets.died] - mean[sets.died_at]
    return CauseInfluence(
        times, *_spread(times, sets, hazard), hazard[:, None] * mean, score @ model.model_variance,
        1 / at_risk[sets.died_at], hazard / at_risk, np.zeros(at_risk.size), relative, sets,
    )  # fmt: skip


def _spread(times: Floats, sets: RiskSets, hazard: Floats) -> tuple[np.ndarray, Floats]:
    place = np.searchsorted(times, sets.time)
    spread = np.zeros(times.size)
    spread[place] = hazard
    return place, spread
