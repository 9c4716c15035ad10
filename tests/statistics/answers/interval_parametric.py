"""Interval-censored, parametric and cure models as the oracles ask for them."""

from collections.abc import Callable
from typing import Any

from inferon.statistics.parametric.accelerated_failure_time import (
    accelerated_failure_time,
    interval_accelerated_failure_time,
)
from inferon.statistics.parametric.accelerated_failure_time_model import AcceleratedFailureTime
from inferon.statistics.parametric.interval_regression import interval_regression
from inferon.statistics.parametric.interval_semiparametric import interval_semiparametric
from inferon.statistics.parametric.mixture_cure import mixture_cure
from inferon.statistics.parametric.piecewise_exponential import piecewise_exponential
from inferon.statistics.parametric.turnbull import turnbull
from inferon.statistics.parametric.turnbull_self_consistent import turnbull_self_consistent

from ..oracle_cases import Comparison
from .question import Answer, Question


def covariates(question: Question) -> Any:
    """The covariate columns of the case, None where it has none."""
    names = list(question.set.covariates)
    return question.set.frame.select(names) if names else None


def _cluster(question: Question) -> Any:
    name = question.case.data.get("cluster")
    return None if name is None else question.set.frame[name]


def aft_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survreg."""
    data, options = question.set, comparison.options
    shared: dict[str, Any] = {
        "covariates": covariates(question), "distribution": options["distribution"], "strata": data.stratum,
        "weights": data.weights, "cluster": _cluster(question), "scale": options.get("scale"), "df": options.get("df", 4.0),
        "robust": str(options.get("variance", "model")).startswith("robust"),
    }  # fmt: skip
    if data.time is None:
        ends = (data.frame[question.case.data[side]] for side in ("left", "right"))
        fit = interval_accelerated_failure_time(*ends, **shared)
    else:
        fit = accelerated_failure_time(data.frame[data.time], data.cause, **shared)
    answers: dict[str, Callable[[], Answer]] = {
        "coefficients_and_log_scale": lambda: fit.coefficients,
        "se_coefficients_and_log_scale": lambda: fit.standard_error,
        "scale": lambda: fit.scale,
        "log_likelihood": lambda: [fit.log_likelihood_null, fit.log_likelihood],
        "predicted_quantiles_first_row": lambda: _first_row_quantiles(question, comparison, fit),
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


def _first_row_quantiles(question: Question, comparison: Comparison, fit: AcceleratedFailureTime) -> Answer:
    parent, _ = comparison.path.rsplit("/", 1)
    wanted = question.case.values[parent]["p"]
    data = question.set
    first = data.frame.head(1).select(list(data.covariates)) if data.covariates else None
    stratum = None if data.stratum is None else data.stratum[0]
    return fit.quantiles(first, probabilities=wanted, stratum=stratum)["time"]


def turnbull_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of ic_np; survival at times is survfit's, which stops short of the maximum (see the module of that name)."""
    ends = [question.set.frame[question.case.data[side]] for side in ("left", "right")]
    weights = question.set.weights
    if comparison.quantity == "turnbull_survival":
        times = question.case.values[comparison.path.rsplit("/", 1)[0] + "/time" if "/" in comparison.path else "time"]
        return turnbull_self_consistent(*ends, weights=weights).at(times)["survival"]
    found = turnbull(*ends, weights=weights)
    answers: dict[str, Answer] = {
        "turnbull_interval_left": found.left,
        "turnbull_interval_right": found.right,
        "turnbull_mass": found.mass,
        "log_likelihood": [found.log_likelihood],
    }
    return answers.get(comparison.quantity)


OUR_BASELINE = {"lnorm": "lognormal", "generalgamma": "generalised_gamma"}
OUR_MODEL = {"ph": "proportional_hazards", "po": "proportional_odds", "aft": "accelerated_failure_time"}


def interval_regression_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of ic_sp (baseline npmle) and ic_par."""
    options = comparison.options
    ends = [question.set.frame[question.case.data[side]] for side in ("left", "right")]
    shared: dict[str, Any] = {
        "covariates": covariates(question), "model": OUR_MODEL.get(options["model"], options["model"]),
        "weights": question.set.weights,
    }  # fmt: skip
    if options["baseline"] == "npmle":
        fit = interval_semiparametric(*ends, **shared)
    else:
        baseline: Any = OUR_BASELINE.get(options["baseline"], options["baseline"])
        fit = interval_regression(*ends, baseline=baseline, **shared)
    answers: dict[str, Answer] = {
        "coefficients": fit.coefficients,
        "se_coefficients": fit.standard_error,
        "log_likelihood": [fit.log_likelihood],
    }
    return answers.get(comparison.quantity)


def piecewise_exponential_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of glm on the split follow-up."""
    data = question.set
    fit = piecewise_exponential(
        data.frame[data.time], data.cause, cuts=comparison.options["cuts"], covariates=covariates(question),
        start=data.start, weights=data.weights,
    )  # fmt: skip
    answers: dict[str, Answer] = {
        "number_of_events": fit.cells["events"],
        "exposure": fit.cells["exposure"],
        "coefficients": fit.coefficients,
        "se_coefficients": fit.standard_error,
        "deviance": [fit.deviance],
        "log_likelihood": [fit.log_likelihood],
    }
    return answers.get(comparison.quantity)


def mixture_cure_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of smcure with proportional hazards among the uncured."""
    data, options = question.set, comparison.options
    if options.get("latency", "cox_proportional_hazards") != "cox_proportional_hazards":
        return None
    incidence = options.get("incidence_covariates")
    fit = mixture_cure(
        data.frame[data.time], data.cause, covariates=covariates(question), link=options.get("incidence_link", "logit"),
        incidence_covariates=None if incidence is None else data.frame.select(incidence),
    )  # fmt: skip
    return {"incidence_coefficients": fit.incidence, "coefficients": fit.latency}.get(comparison.quantity)


ANSWERS = {
    "aft": aft_answer,
    "turnbull": turnbull_answer,
    "interval_regression": interval_regression_answer,
    "piecewise_exponential": piecewise_exponential_answer,
    "mixture_cure": mixture_cure_answer,
}
