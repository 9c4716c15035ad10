"""Regression with competing risks as the oracles ask for it: Fine–Gray, cause-specific absolute risk, direct binomial."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.regression.cause_specific_risk import cause_specific_models
from inferon.statistics.regression.direct_binomial import direct_binomial
from inferon.statistics.regression.fine_gray import fine_gray
from inferon.statistics.regression.fine_gray_result import FineGray
from inferon.statistics.regression.fine_gray_weights import fine_gray_weighted_rows
from inferon.statistics.shared.columns import Floats

from ..oracle_cases import Comparison
from .question import Answer, Question
from .time_functions import changing_effects

LOG_LOG = {"log_log": "log-log", "loglog": "log-log", "arcsin": "arcsine"}
VARIANCE = {"sandwich_with_censoring_term": "sandwich", "robust_cluster": "robust", "robust": "robust"}


def fine_gray_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of crr, predict.crr, finegray or crprep with coxph, and cifreg."""
    if comparison.quantity in ("weighted_rows", "sum_of_weights"):
        weights = _weighted_rows(question, comparison.options)
        return weights.height if comparison.quantity == "weighted_rows" else weights["weight"].sum()
    model = _fitted(question, comparison.options)
    jumps = np.concatenate(model.baseline_jumps)
    both = [model.log_likelihood_null, model.log_likelihood]
    first = len(comparison.expected) if isinstance(comparison.expected, list) else 1
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: model.n,
        "number_of_events": lambda: model.n_events,
        "coefficients": lambda: model.coefficients,
        "hazard_ratio": lambda: model.hazard_ratio,
        "hazard_ratio_lower": lambda: model.lower,
        "hazard_ratio_upper": lambda: model.upper,
        "p_value": lambda: model.p_value,
        "z_statistic": lambda: model.coefficients / model.standard_error,
        "se_coefficients": lambda: model.standard_error,
        "covariance_coefficients": lambda: model.covariance,
        "log_partial_likelihood": lambda: both if "null_fitted" in comparison.axes else model.log_likelihood,
        "log_partial_likelihood_null": lambda: model.log_likelihood_null,
        "event_times": lambda: model.baseline_times[0],
        "event_times_first": lambda: model.baseline_times[0][:first],
        "baseline_subdistribution_hazard_jumps": lambda: jumps,
        "baseline_subdistribution_hazard_jumps_first": lambda: jumps[:first],
        "baseline_subdistribution_hazard_total": lambda: float(jumps.sum()),
        "predicted_cumulative_incidence": lambda: _predicted(model, comparison.options),
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


def absolute_risk_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of CSC and its predict."""
    data, options = question.set, comparison.options
    assert data.time is not None
    models = cause_specific_models(
        data.frame[data.time],
        data.cause,
        covariates=data.frame.select(data.covariates),
        start=data.start,
        weights=data.weights,
        ties=options.get("ties", "efron"),
    )
    if comparison.quantity in ("coefficients", "se_coefficients"):
        model = models[options["cause"]]
        values = model.coefficients if comparison.quantity == "coefficients" else model.standard_error
        term = comparison.fixed.get("term")
        return values if term is None else values[model.terms.index(term)]
    column = {
        "absolute_risk": "estimate",
        "se_absolute_risk": "standard_error",
        "absolute_risk_lower": "lower",
        "absolute_risk_upper": "upper",
    }.get(comparison.quantity)
    if column is None:
        return None
    scale: Any = options.get("conf_type", "log_log")
    risk = models.absolute_risk(
        options["cause"],
        options["newdata"],
        options["times"],
        survival=options.get("survival", "product_limit"),
        variance="risk_regression",
        conf_type=LOG_LOG.get(scale, scale),
        conf_level=options.get("conf_level", 0.95),
    )
    return getattr(risk, column)


def direct_binomial_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of mets::binreg."""
    data, options = question.set, comparison.options
    assert data.time is not None
    if not options.get("intercept", True):
        return None
    model = direct_binomial(
        data.frame[data.time],
        data.cause,
        covariates=data.frame.select(data.covariates),
        cause_of_interest=options["cause"],
        horizon=options["time"],
        link=options.get("link", "logit"),
        weights=data.weights,
        cluster=data.cluster,
        convention="mets",
    )
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: model.n,
        "number_of_events": lambda: model.n_events,
        "coefficients": lambda: model.coefficients,
        "se_coefficients": lambda: model.standard_error,
        "covariance_coefficients": lambda: model.covariance,
        "predicted_cumulative_incidence": lambda: model.predict(options["newdata"]),
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


def _fitted(question: Question, options: Mapping[str, Any]) -> FineGray:
    data = question.set
    assert data.time is not None
    changing = changing_effects(options, data.covariates, question.case.values)
    columns = list(dict.fromkeys([*data.covariates, *changing.functions]))
    ties = options.get("ties") if options.get("route") == "weighted_cox" else None
    return fine_gray(
        data.frame[data.time],
        _cause(question),
        covariates=data.frame.select(pl.col(columns).cast(pl.Float64)),
        cause_of_interest=options["cause"],
        time_varying=changing.functions,
        only_time_varying=changing.without_constant,
        start=data.start,
        weights=data.weights,
        cluster=data.cluster,
        strata=data.stratum,
        censoring_group=_censoring_group(data.frame, options),
        convention=_convention(options),
        ties=ties,
        variance=_variance(question, options),
    )


def _weighted_rows(question: Question, options: Mapping[str, Any]) -> pl.DataFrame:
    data = question.set
    assert data.time is not None
    return fine_gray_weighted_rows(
        data.frame[data.time],
        _cause(question),
        cause_of_interest=options["cause"],
        start=data.start,
        weights=data.weights,
        censoring_group=_censoring_group(data.frame, options),
        layout="crprep" if _convention(options) == "crprep" else "finegray",
    )


def _convention(options: Mapping[str, Any]) -> Any:
    """crr unless a route is named; Geskus' weights are those of crprep, the other weighted Cox models finegray's."""
    route = options.get("route")
    if route == "weighted_cox":
        return "crprep" if "geskus" in (options.get("weights") or "") else "finegray"
    return route or "crr"


def _variance(question: Question, options: Mapping[str, Any]) -> Any:
    """Without clusters coxph turns to a variance robust by row by itself, as the weights are not whole numbers."""
    named = options.get("variance")
    if named == "model":
        unclustered = options.get("route") == "weighted_cox" and question.set.cluster is None
        return "robust_by_row" if unclustered else "model"
    return VARIANCE.get(named)


def _censoring_group(frame: pl.DataFrame, options: Mapping[str, Any]) -> pl.Series | None:
    return frame[options["cengroup"]] if options.get("cengroup") else None


def _cause(question: Question) -> pl.Series:
    """The causes; a case that is first about any event names the competing ones in its options."""
    competing = question.case.options.get("competing")
    if not competing:
        assert question.set.cause is not None
        return question.set.cause
    chain: Any = pl.lit(0)
    for item in reversed(competing["event"]):
        chain = pl.when(pl.col(item["column"]) == item["equals"]).then(pl.lit(item["cause"])).otherwise(chain)
    return question.set.frame.select(chain.alias("cause")).to_series()


def _predicted(model: FineGray, options: Mapping[str, Any]) -> Floats:
    return model.predict(options["newdata"], options["times"])


ANSWERS = {
    "fine_gray": fine_gray_answer,
    "cause_specific_absolute_risk": absolute_risk_answer,
    "binomial_regression_ipcw": direct_binomial_answer,
}
