"""Standardisation and prediction error as the oracles ask for them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from inferon.statistics.regression.cause_specific_risk import cause_specific_models
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.g_formula import StandardisedRisk, g_formula
from inferon.statistics.regression.prediction_error import NULL_MODEL, PredictionError, prediction_error

from ..oracle_cases import Comparison
from ..oracle_expression import expression
from .question import Answer, Question

CONTRASTS = {"standardised_risk_difference": "difference", "standardised_risk_ratio": "ratio"}
FIELDS = {"se": "standard_error", "std_err": "standard_error", "lower": "lower", "upper": "upper"}


def g_formula_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of riskRegression's ate: one row of a table, found by its labels."""
    parts = comparison.path.split("/")
    row, field = _row(question.case.values, parts), parts[-1]
    quantity = comparison.quantity.removeprefix("se_")
    if quantity not in ("standardised_risk", *CONTRASTS):
        return None
    found = _standardised(question, comparison.options, row["time"])
    if quantity == "standardised_risk":
        table, column = found.to_frame().filter(pl.col("setting") == str(row["treatment"])), "risk"
    else:
        column = CONTRASTS[quantity]
        table = found.differences() if column == "difference" else found.ratios()
        table = table.filter((pl.col("reference") == str(row["A"])) & (pl.col("setting") == str(row["B"])))
    column = "standard_error" if comparison.quantity.startswith("se_") else FIELDS.get(field, column)
    return table[column].to_list()


def _standardised(question: Question, options: Mapping[str, Any], time: float) -> StandardisedRisk:
    data, exposure = question.set, options["exposure"]
    assert data.time is not None
    single = options["model"] == "cox"
    return g_formula(
        data.frame[data.time],
        data.cause,
        covariates=data.frame.select(data.covariates),
        settings={str(level): _set_to(question, exposure, level) for level in data.frame[exposure].unique().sort()},
        of_cause=options.get("cause", 1),
        times=[time],
        ties=options.get("ties", "efron"),
        survival="exponential" if single else "product_limit",
        variance="risk_regression",
    )


def _set_to(question: Question, exposure: str, level: Any) -> dict[str, pl.Series]:
    """The covariates of everybody with the exposure at `level`, derived again."""
    data = question.set
    frame = data.frame.with_columns(pl.lit(level).alias(exposure))
    for step in question.case.data.get("derive", []):
        if step["column"] != exposure and step["column"] in data.covariates:
            frame = frame.with_columns(expression(step["expr"]).alias(step["column"]))
    return {name: frame[name] for name in data.covariates}


def prediction_error_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of riskRegression's Score: one row of its tables of AUC and Brier scores."""
    parts = comparison.path.split("/")
    row = _row(question.case.values, parts)
    found = _scored(question)
    label = NULL_MODEL if row["model"] == NULL_MODEL else row["model"]
    place = found.models.index(label), list(found.time).index(row["times"])
    fields = {"auc": found.auc, "se_auc": found.auc_error, "brier": found.brier, "se_brier": found.brier_error}
    return [fields[comparison.quantity][place]] if comparison.quantity in fields else None


@lru_cache(maxsize=2)
def _scored(question: Question) -> PredictionError:
    data, options = question.set, question.case.options
    assert data.time is not None
    competing = len({*data.cause.unique()} - {0}) > 1
    predictions = {label: _risks(question, model, options, competing) for label, model in options["models"].items()}
    return prediction_error(
        data.frame[data.time],
        data.cause,
        predictions=predictions,
        times=options["times"],
        of_cause=options.get("cause", 1),
    )


def _risks(question: Question, model: Mapping[str, Any], options: Mapping[str, Any], competing: bool) -> Any:
    data, ties = question.set, model.get("ties", options.get("ties", "efron"))
    covariates = data.frame.select(model["covariates"])
    time = data.frame[data.time]
    if competing:
        fitted = cause_specific_models(time, data.cause, covariates=covariates, ties=ties)
        return fitted.absolute_risk(options.get("cause", 1), covariates, options["times"]).estimate
    fitted = cox(time, data.cause != 0, covariates=covariates, ties=ties)
    return 1 - fitted.predict(covariates, times=options["times"]).survival


def _row(values: Any, parts: list[str]) -> Mapping[str, Any]:
    for part in parts[:-1]:
        values = values[int(part)] if isinstance(values, list) else values[part]
    return values


ANSWERS = {
    "g_formula": g_formula_answer,
    "prediction_error_ipcw": prediction_error_answer,
}
