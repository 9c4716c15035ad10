"""Survival and incidence curves as the oracles ask for them: Kaplan–Meier and its kin, Aalen–Johansen, a fixed time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.curves.aalen_johansen import AalenJohansen, aalen_johansen
from inferon.statistics.curves.fixed_time_comparison import fixed_time_comparison
from inferon.statistics.curves.fleming_harrington import fleming_harrington
from inferon.statistics.curves.kaplan_meier import SurvivalCurve, kaplan_meier

from ..oracle_cases import Comparison
from .places import Place, declared_causes, places
from .question import Answer, Question

OUR_CONFIDENCE = {"arcsin": "arcsine", "log_log": "log-log"}
OUR_TRANSFORM = {"naive": "identity", "log-log": "log_log", "arcsin": "arcsine"}
CURVES: dict[str, Callable[..., SurvivalCurve]] = {
    "kaplan_meier": kaplan_meier,
    "landmark_kaplan_meier": kaplan_meier,
    "fleming_harrington": fleming_harrington,
    "nelson_aalen": lambda *columns, **options: fleming_harrington(*columns, ties="together", **options),
}
AT_TIMES = {
    "survival": "estimate",
    "se_survival": "standard_error",
    "survival_lower": "lower",
    "survival_upper": "upper",
    "cumulative_incidence": "estimate",
    "se_cumulative_incidence": "standard_error",
    "cumulative_incidence_lower": "lower",
    "cumulative_incidence_upper": "upper",
    "number_at_risk": "at_risk",
}
OF_THE_CURVE = {
    "observed_times": "time",
    "number_of_events": "events",
    "number_censored": "censored",
    "cumulative_hazard": "cumulative_hazard",
    "se_cumulative_hazard": "cumulative_hazard_error",
}
QUANTILES = {
    "survival_time_quantile": "time",
    "survival_time_quantile_lower": "lower",
    "survival_time_quantile_upper": "upper",
}


@dataclass(frozen=True)
class Rows:
    """One group's columns as the estimators take them."""

    time: pl.Series
    cause: pl.Series
    options: dict[str, Any]


def group_rows(question: Question, group: str, comparison: Comparison) -> Rows:
    """Follow-up of a group, with entry, weights, clusters and the form of the variance as the case has them."""
    data, block = question.set, question.case.data
    own = data.groups[group]
    options: dict[str, Any] = {"variance": comparison.options.get("variance")}
    together = block.get("cluster") or (block.get("id") if data.start is not None else None)
    for name, column in (("start", data.start), ("weights", data.weights)):
        options[name] = None if column is None else column.filter(own)
    if together:
        options["cluster"] = data.frame[together].filter(own)
    scale = comparison.fixed.get("conf_type") or comparison.options.get("conf_type") or "log-log"
    options["conf_type"] = OUR_CONFIDENCE.get(scale, scale)
    options["conf_level"] = comparison.options.get("conf_level", 0.95)
    return Rows(data.times(group), data.causes(group), options)


def survival_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survfit for one kind of event: counts, curves at times or at all observed times, quantiles."""
    fit = CURVES[comparison.method]
    fitted: dict[str, SurvivalCurve] = {}
    answer = []
    for place in places(question, comparison):
        if place.group not in fitted:
            rows = group_rows(question, place.group, comparison)
            fitted[place.group] = fit(rows.time, _any_event(rows.cause), **rows.options)
        answer += _survival_values(fitted[place.group], comparison, place)
    return answer


def _any_event(cause: pl.Series) -> pl.Series:
    return (cause != 0).cast(pl.Int64)


def _survival_values(curve: SurvivalCurve, comparison: Comparison, place: Place) -> list[Any]:
    quantity = comparison.quantity
    if quantity in QUANTILES:
        return [getattr(curve.quantile(place.quantile), QUANTILES[quantity])]
    if quantity == "sample_size":
        return [curve.n]
    if not place.timed:
        return [curve.n_events if quantity == "number_of_events" else int(curve.censored.sum())]
    column = OF_THE_CURVE.get(quantity) or AT_TIMES[quantity]
    if place.time is None:
        return list(getattr(curve, column))
    if quantity in AT_TIMES:
        return curve.at([place.time])[column].to_list()
    return [_on_a_grid(curve, column, place)]


def _on_a_grid(curve: SurvivalCurve, column: str, place: Place) -> float:
    """Hazards as they stand at the time; events and censorings since the previous time asked for, as in summary()."""
    by_then = np.searchsorted(curve.time, place.time, side="right")
    if column in ("events", "censored"):
        since = 0 if place.previous is None else np.searchsorted(curve.time, place.previous, side="right")
        return getattr(curve, column)[since:by_then].sum()
    return np.append(0.0, getattr(curve, column))[by_then]


def aalen_johansen_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of cuminc, etmCIF, prodlim and survfit with several kinds of event."""
    column = AT_TIMES.get(comparison.quantity, "standard_error")
    squared = comparison.quantity == "variance_cumulative_incidence"
    fitted: dict[str, AalenJohansen] = {}
    answer = []
    for place in places(question, comparison):
        if place.group not in fitted:
            rows = group_rows(question, place.group, comparison)
            fitted[place.group] = aalen_johansen(
                rows.time, rows.cause, causes=declared_causes(question), **rows.options
            )
        curve = fitted[place.group][place.cause]
        if comparison.quantity in ("sample_size", "number_of_events") and not place.timed:
            answer.append(curve.n if comparison.quantity == "sample_size" else curve.n_events)
        elif comparison.quantity == "observed_times" or place.time is None:
            answer += list(getattr(curve, OF_THE_CURVE.get(comparison.quantity) or column))
        else:
            value = curve.at([place.time])[column].item()
            answer.append(value**2 if squared and value is not None else value)
    return answer


def fixed_time_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of simtrial::milestone: experimental arm minus the other."""
    data, options, arm = question.set, comparison.options, question.case.data["experimental"]
    experimental = data.frame[arm["column"]] == arm["equals"]
    transform: Any = OUR_TRANSFORM.get(options["transform"], options["transform"])
    assert data.time is not None and data.cause is not None
    result = fixed_time_comparison(
        data.frame[data.time], data.cause, experimental, at=options["time"], transform=transform, reference=False,
        start=data.start, weights=data.weights, variance=options.get("variance"),
    )  # fmt: skip
    fields = {
        "difference_transformed_survival": result.difference,
        "se_difference": result.standard_error,
        "z_statistic": result.z,
        "p_value": result.p_value,
        "survival": result.survival,
        "se_survival": result.survival_error,
    }
    return fields[comparison.quantity]


ANSWERS = {
    **dict.fromkeys(CURVES, survival_answer),
    "aalen_johansen": aalen_johansen_answer,
    "fixed_time_comparison": fixed_time_answer,
}
