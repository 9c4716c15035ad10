"""What Inferon's statistics answer to an oracle comparison; one class a method, and None for what is not built yet."""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics import KaplanMeier, aalen_johansen, gray, kaplan_meier, log_rank

from .oracle_cases import Case, Comparison
from .oracle_data import analysis_set

Answer = Any
OUR_CONFIDENCE = {"arcsin": "arcsine"}
OUR_VARIANCE = {
    "greenwood_type": "greenwood_type",
    "aalen_1978_cmprsk": "aalen_1978_cmprsk",
    "infinitesimal_jackknife": "greenwood_type",  # equal to 1e-15 without weights (oracles' README, fact 1)
}
CURVE_COLUMNS = {
    "survival": "estimate",
    "se_survival": "standard_error",
    "survival_lower": "lower",
    "survival_upper": "upper",
    "number_at_risk": "at_risk",
}
INCIDENCE_COLUMNS = {
    "cumulative_incidence": "estimate",
    "se_cumulative_incidence": "standard_error",
    "cumulative_incidence_lower": "lower",
    "cumulative_incidence_upper": "upper",
    "number_at_risk": "at_risk",
}
QUANTILES = {
    "survival_time_quantile": "time",
    "survival_time_quantile_lower": "lower",
    "survival_time_quantile_upper": "upper",
}


class Question:
    """A case with its analysis set."""

    def __init__(self, case: Case, data_folder: Path) -> None:
        self.case, self.set = case, analysis_set(case, data_folder)

    def group(self, comparison: Comparison, index: int | None = None) -> str:
        """The label of the group: named by a wildcard (by label or by position from 1), else by index."""
        labels = list(self.set.groups)
        key = comparison.fixed.get("group")
        if key is None:
            return labels[index or 0]
        return key if key in labels else labels[int(key) - 1]


def kaplan_meier_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survfit: counts by group, curves at times or at all observed times, quantiles."""
    level = comparison.options.get("conf_level", 0.95)
    scale = comparison.fixed.get("conf_type", "log-log")

    def fitted(group: str) -> KaplanMeier:
        data = question.set
        scale_name: Any = OUR_CONFIDENCE.get(scale, scale)
        return kaplan_meier(data.times(group), data.causes(group), conf_type=scale_name, conf_level=level)

    if comparison.axes == ("group",):
        counts = {"sample_size": "n", "number_of_events": "n_events"}
        return [getattr(fitted(group), counts[comparison.quantity]) for group in question.set.groups]
    curve = fitted(question.group(comparison))
    if comparison.axes == ("quantile",):
        column = QUANTILES[comparison.quantity]
        return [getattr(curve.quantile(q), column) for q in comparison.options["quantiles"]]
    if comparison.options["times"] == "all_observed":
        return _whole_curve(curve, comparison.quantity)
    return curve.at(comparison.options["times"])[CURVE_COLUMNS[comparison.quantity]].to_list()


def _whole_curve(curve: KaplanMeier, quantity: str) -> Answer:
    fields = {
        "observed_times": curve.time,
        "number_at_risk": curve.at_risk,
        "number_of_events": curve.events,
        "number_censored": curve.censored,
        "survival": curve.estimate,
        "cumulative_hazard": curve.cumulative_hazard,
        "se_cumulative_hazard": curve.cumulative_hazard_error,
    }
    return fields[quantity]


def log_rank_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survdiff, and of simtrial's unweighted test (one arm's observed minus expected)."""
    data = question.set
    labels = list(data.groups)
    numbers = [labels.index(label) for label in data.group_labels()]
    result = log_rank(data.frame[data.time], data.cause, numbers, strata=data.stratum)
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: result.n,
        "weighted_observed": lambda: result.observed,
        "weighted_expected": lambda: result.expected,
        "covariance_observed_minus_expected": lambda: result.variance,
        "chi_square": lambda: result.statistic,
        "degrees_of_freedom": lambda: result.df,
        "p_value": lambda: result.p_value,
        "sum_weighted_observed_minus_expected_experimental": lambda: _experimental(question, result)[0],
        "se_sum_weighted_observed_minus_expected": lambda: _experimental(question, result)[1],
        "z_statistic": lambda: -_experimental(question, result)[0] / _experimental(question, result)[1],
    }
    return answers[comparison.quantity]()


def _experimental(question: Question, result: Any) -> tuple[float, float]:
    arm = str(question.case.data["experimental"]["equals"])
    position = list(question.set.groups).index(arm)
    return result.observed[position] - result.expected[position], result.variance[position, position] ** 0.5


def gray_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of cuminc(...)$Tests."""
    data = question.set
    if comparison.quantity == "sample_size":
        return data.frame.height
    tests = gray(
        data.frame[data.time],
        data.cause,
        data.group_labels(),
        rho=comparison.options["rho"],
        causes=comparison.options["causes"],
        strata=data.stratum,
    )
    column = {"chi_square": "statistic", "p_value": "p_value", "degrees_of_freedom": "df"}[comparison.quantity]
    return tests.to_frame()[column].to_list()


def aalen_johansen_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of cuminc, etmCIF, prodlim and survfit; None for variances that are not built."""
    variance = OUR_VARIANCE.get(comparison.options.get("variance", ""))
    if variance is None or comparison.method != "aalen_johansen":
        return None
    options = comparison.options
    column = INCIDENCE_COLUMNS.get(comparison.quantity, "standard_error")
    squared = comparison.quantity == "variance_cumulative_incidence"

    def value(group: str, cause: int, time: float) -> float | None:
        data = question.set
        curves = aalen_johansen(
            data.times(group), data.causes(group), causes=_all_causes(question), variance=variance,
            conf_type=options.get("conf_type", "log-log"), conf_level=options.get("conf_level", 0.95),
        )  # fmt: skip
        found = curves[cause].at([time])[column].item()
        return found**2 if squared and found is not None else found

    return [value(*place) for place in _places(question, comparison)]


def _places(question: Question, comparison: Comparison) -> list[tuple[str, int, float]]:
    """(group, cause, time) of every value that is asked for, in the order of the reference array."""
    options, times = comparison.options, comparison.options.get("times", [])
    if "rows" in options:
        rows = [(_row_group(question, row), row["cause"]) for row in options["rows"]]
        return [(group, cause, time) for (group, cause), time in product(rows, times)]
    if "row_group" in options:
        values = question.case.values
        rows = zip(values[options["row_group"]], values[options["row_time"]], strict=True)
        return [(group, cause, time) for (group, time), cause in product(rows, options["causes"])]
    group = question.group(comparison)
    causes = _causes(question.case.values, comparison)
    return [(group, cause, time) for cause, time in product(causes, times)]


def _causes(values: Mapping[str, Any], comparison: Comparison) -> list[int]:
    if "cause" in comparison.fixed:
        parent: Any = values
        for part in comparison.path.split("/")[:-1]:
            parent = parent[int(part)] if isinstance(parent, list) else parent[part]
        return [parent[comparison.options["cause_key"]]]
    return comparison.options["causes"] if "cause" in comparison.axes else comparison.options["causes"][:1]


def _row_group(question: Question, row: Mapping[str, Any]) -> str:
    conditions = [pl.col(name) == value for name, value in row["equals"].items()]
    members = question.set.frame.select(pl.all_horizontal(conditions)).to_series()
    return next(label for label, mask in question.set.groups.items() if np.array_equal(mask, members))


def _all_causes(question: Question) -> list[int]:
    return [item["cause"] for item in question.case.data["event"]]


ANSWERS: dict[str, Callable[[Question, Comparison], Answer]] = {
    "kaplan_meier": kaplan_meier_answer,
    "log_rank": log_rank_answer,
    "gray": gray_answer,
    "aalen_johansen": aalen_johansen_answer,
}


def in_reach(case: Case) -> bool:
    """Is the case one of the estimators built here, unweighted and without delayed entry?"""
    if case.method not in ANSWERS or case.data.get("start") or case.data.get("weights"):
        return False
    return case.method != "kaplan_meier" or case.options.get("variance", "greenwood") == "greenwood"
