"""Cox models, their tests, predictions, residuals and concordance, as the oracles ask for them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.regression.frailty import GammaFrailty, gamma_frailty

from ..oracle_cases import Comparison
from .question import Answer, Question

RESIDUALS = {f"{kind}_residuals_first": kind for kind in ("martingale", "deviance", "score", "schoenfeld")}
RESIDUALS |= {"dfbeta_residuals_first": "dfbeta", "dfbeta_first": "dfbeta"}
PREDICTED = {
    "predicted_survival": "survival",
    "se_predicted_survival": "standard_error",
    "predicted_survival_lower": "lower",
    "predicted_survival_upper": "upper",
    "predicted_cumulative_hazard": "cumulative_hazard",
    "se_predicted_cumulative_hazard": "cumulative_hazard_error",
}


def fitted_cox(question: Question, comparison: Comparison) -> CoxModel:
    """The model of the case's analysis set, fitted once for each treatment of ties."""
    return _fitted(question, comparison.options.get("ties", "efron"))


@lru_cache(maxsize=4)
def _fitted(question: Question, ties: Any) -> CoxModel:
    data = question.set
    robust = data.cluster is not None or question.case.options.get("variance", "model") != "model"
    assert data.time is not None
    return cox(
        data.frame[data.time],
        data.cause != 0,
        covariates=data.frame.select(data.covariates),
        start=data.start,
        strata=data.stratum,
        weights=data.weights,
        cluster=data.cluster,
        ties=ties,
        robust=robust,
    )


def cox_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of coxph, cox.zph, survfit(coxph), residuals and concordance."""
    model = fitted_cox(question, comparison)
    quantity, options = comparison.quantity, comparison.options
    if quantity in RESIDUALS:
        kind: Any = RESIDUALS[quantity]
        return model.residuals(kind)[: len(comparison.expected)]
    if quantity in PREDICTED:
        predicted = _predicted(model, question, options)
        return None if predicted is None else getattr(predicted, PREDICTED[quantity])
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: model.n,
        "number_of_events": lambda: model.n_events,
        "number_exposed": lambda: int(question.set.frame[question.set.covariates[0]].sum()),
        "coefficients": lambda: model.coefficients,
        "hazard_ratio": lambda: model.hazard_ratio,
        "hazard_ratio_lower": lambda: model.limits[0],
        "hazard_ratio_upper": lambda: model.limits[1],
        "covariance_coefficients": lambda: model.variance,
        "se_coefficients": lambda: np.sqrt(np.diag(_variance(model, options))),
        "log_partial_likelihood": lambda: model.log_likelihood,
        "score_test": lambda: model.score_test.statistic,
        "wald_test": lambda: model.wald_test.statistic,
        "likelihood_ratio_test": lambda: model.likelihood_ratio_test.statistic,
        "proportionality_test_chi_square": lambda: _proportional(model, options).statistic,
        "proportionality_test_p": lambda: _proportional(model, options).p_value,
        "concordance": lambda: model.concordance(options.get("timewt", "n")).estimate,
        "se_concordance": lambda: model.concordance(options.get("timewt", "n")).standard_error,
        "pair_counts": lambda: model.concordance(options.get("timewt", "n")).pairs,
        "linear_predictors_first": lambda: model.linear_predictor[: len(comparison.expected)],
        "baseline_cumulative_hazard_at_zero": lambda: _at_zero(model, options),
    }
    return answers[quantity]() if quantity in answers else None


def _variance(model: CoxModel, options: Any) -> Any:
    return model.model_variance if options.get("variance", "model") == "model" else model.variance


def _proportional(model: CoxModel, options: Any) -> Any:
    return model.proportional_hazards(options.get("transform", "km"))


def _at_zero(model: CoxModel, options: Any) -> Answer:
    zero = pl.DataFrame({term: [0.0] for term in model.terms})
    return model.predict(zero, times=options["times"]).cumulative_hazard


def _predicted(model: CoxModel, question: Question, options: Any) -> Any:
    patients = options["newdata"]
    strata = question.case.data.get("strata")
    labels = None
    if strata:
        names = [strata] if isinstance(strata, str) else strata
        labels = [" / ".join(str(patient[name]) for name in names) for patient in patients]
    scale = {"arcsin": "arcsine"}.get(options.get("conf_type", "log"), options.get("conf_type", "log"))
    return model.predict(patients, times=options["times"], stratum=labels, conf_type=scale)


def frailty_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of coxph with a gamma frailty term."""
    if comparison.options.get("frailty", "gamma") != "gamma":
        return None
    data = question.set
    assert data.time is not None
    model: GammaFrailty = gamma_frailty(
        data.frame[data.time],
        data.cause != 0,
        group=data.frame[question.case.data["frailty"]],
        covariates=data.frame.select(data.covariates),
        start=data.start,
        strata=data.stratum,
        ties=comparison.options.get("ties", "efron"),
    )
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: model.n,
        "number_of_events": lambda: model.n_events,
        "coefficients": lambda: model.coefficients,
        "se_coefficients": lambda: model.standard_error,
        "frailty_variance": lambda: model.frailty_variance,
        "integrated_log_likelihood": lambda: model.log_likelihood[1],
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


ANSWERS = {"cox": cox_answer, "landmark_cox": cox_answer, "cox_shared_frailty": frailty_answer}
