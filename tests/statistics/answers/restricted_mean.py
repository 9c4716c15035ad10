"""Restricted mean times and pseudo-values as the oracles ask for them."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from inferon.statistics.curves.adjusted_rmst import AdjustedRestrictedMeans, adjusted_restricted_means
from inferon.statistics.curves.pseudo_values import ESTIMATORS, JACKKNIVES, pseudo_values
from inferon.statistics.curves.rmst import RestrictedMean, restricted_mean
from inferon.statistics.curves.rmst_comparison import Contrast, compare_restricted_means

from ..oracle_cases import Comparison
from .entry import entry_of, experimental_arm
from .question import Answer, Question

SAME_ESTIMATOR = {
    "rmst": "restricted_mean",
    "restricted_mean_survival_time": "restricted_mean",
    "sojourn": "restricted_mean",
    "auc": "restricted_mean",
    "rmtl": "restricted_time_lost",
    "cumulative_hazard": "nelson_aalen",
    "survival": "kaplan_meier",
    "cumulative_incidence": "aalen_johansen",
}


def rmst_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survRM2::rmst2: the two arms, their contrasts, and the same adjusted for covariates."""
    entry, data, options = entry_of(question, comparison), question.set, comparison.options
    if comparison.quantity.startswith("rmst_contrasts_adjusted") or "ancova" in comparison.quantity:
        return _adjusted(question, comparison, entry)
    level = options.get("conf_level", 0.95)
    result = compare_restricted_means(
        data.frame[data.time], data.cause, experimental_arm(question), tau=options["tau"], reference=False, conf_level=level
    )  # fmt: skip
    if comparison.quantity == "rmst_contrasts":
        columns = _listed(question, entry["columns"])
        return [[_contrast_cell(found, column) for column in columns] for found in result.contrasts]
    if comparison.quantity in ("rmst", "rmtl") and "arm" in entry:
        arm = result.arms[int(entry["arm"])]
        lost = comparison.quantity == "rmtl"
        return _arm_cell(arm, comparison.fixed["estimate_se_lower_upper"], lost=lost)
    return None


def _adjusted(question: Question, comparison: Comparison, entry: Mapping[str, Any]) -> Answer:
    options, data = comparison.options, question.set
    names = options["ancova_covariates"]
    kept = data.frame.select(pl.all_horizontal([pl.col(name).is_not_null() for name in names])).to_series()
    assert data.cause is not None and data.time is not None
    result = adjusted_restricted_means(
        data.frame[data.time].filter(kept),
        data.cause.filter(kept),
        experimental_arm(question).filter(kept),
        tau=options["tau"],
        covariates=data.frame.filter(kept).select(names),
        reference=False,
        conf_level=options.get("conf_level", 0.95),
    )
    columns = _listed(question, entry["columns"])
    if comparison.quantity == "rmst_contrasts_adjusted":
        return [[_contrast_cell(found, column) for column in columns] for found in result.contrasts]
    return None if "exp(coef)" in columns else _coefficients(result, columns)


def _coefficients(result: AdjustedRestrictedMeans, columns: list[str]) -> list[list[float]]:
    names = {"coef": "coefficient", "se(coef)": "standard_error", "z": "z", "p": "p_value"}
    table = result.models[0].to_frame()
    chosen = [names.get(column, column.split()[0]) for column in columns]
    return [list(row) for row in table.select(chosen).iter_rows()]


def time_lost_answer(question: Question, comparison: Comparison) -> Answer:
    """Mean time free of any event and its error, a group, as summary(survfit(...), rmean = tau) gives them."""
    fields = {"rmst": "estimate", "se_rmst": "standard_error"}
    if comparison.quantity not in fields:
        return None
    data, options = question.set, comparison.options
    assert data.time is not None and data.cause is not None
    form = options.get("variance", {}).get("event_free", "greenwood")
    means = [
        restricted_mean(
            data.frame[data.time].filter(own),
            data.cause.filter(own) > 0,
            tau=options["tau"],
            start=None if data.start is None else data.start.filter(own),
            weights=None if data.weights is None else data.weights.filter(own),
            variance=form,
            extend=True,
        )
        for own in data.groups.values()
    ]
    return [getattr(mean, fields[comparison.quantity]) for mean in means]


def pseudo_values_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of prodlim::jackknife and survival::pseudo: the first rows, or the mean at each time."""
    data, options = question.set, comparison.options
    estimator: Any = SAME_ESTIMATOR.get(options["estimator"], options["estimator"])
    if estimator not in ESTIMATORS or options["jackknife"] not in JACKKNIVES:
        return None
    result = pseudo_values(
        data.frame[data.time],
        data.cause,
        times=options.get("times") or options["tau"],
        estimator=estimator,
        cause_of_interest=options.get("cause"),
        jackknife=options["jackknife"],
    )
    if comparison.quantity == "pseudo_values_mean":
        return result.values.mean(axis=0)
    if not comparison.quantity.startswith("pseudo_values"):
        return None
    rows = len(comparison.expected)
    return result.values[:rows]


def _arm_cell(arm: RestrictedMean, name: str, *, lost: bool) -> float:
    if name == "Est.":
        return arm.time_lost if lost else arm.estimate
    if name == "se":
        return arm.standard_error
    lower = name.startswith("lower")
    if lost:
        return arm.tau - (arm.upper if lower else arm.lower)
    return arm.lower if lower else arm.upper


def _contrast_cell(found: Contrast, column: str) -> float:
    fields = {"Est.": "estimate", "lower": "lower", "upper": "upper", "p": "p_value"}
    return getattr(found, fields[column.split(maxsplit=1)[0]])


def _listed(question: Question, path: str) -> list[str]:
    found: Any = question.case.values
    for part in path.split("/"):
        found = found[part]
    return found


ANSWERS = {"rmst": rmst_answer, "pseudo_values": pseudo_values_answer}
