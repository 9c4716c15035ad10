"""Tests that compare groups as the oracles ask for them: the log-rank family and Gray's test."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.comparisons import log_rank_weights as weights
from inferon.statistics.comparisons.gray import gray
from inferon.statistics.comparisons.log_rank_permutation import log_rank_permutation
from inferon.statistics.comparisons.max_combo import max_combo
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank

from ..oracle_cases import Comparison
from .entry import entry_of, experimental_arm
from .question import Answer, Question

WEIGHTS: Mapping[str, Callable[[Mapping[str, Any]], weights.Weight]] = {
    "g_rho": lambda o: weights.FlemingHarrington(o.get("rho", 0.0), o.get("gamma", 0.0)),
    "fleming_harrington": lambda o: weights.FlemingHarrington(o.get("rho", 0.0), o.get("gamma", 0.0)),
    "magirr_burman": lambda o: weights.MagirrBurman(_number(o.get("delay")), _number(o.get("w_max"))),
    "early_zero": lambda o: weights.EarlyZero(o["early_period"]),
    "logrank": lambda o: weights.Constant(),
    "log_rank": lambda o: weights.Constant(),
    "gehan_breslow": lambda o: weights.Gehan(),
    "tarone_ware": lambda o: weights.TaroneWare(_first(o.get("rho"), 0.5)),
    "peto_peto": lambda o: weights.PetoPeto(),
    "prentice": lambda o: weights.Prentice(),
    "prentice_marek": lambda o: weights.PrenticeMarek(),
    "andersen_borgan_gill_keiding": lambda o: weights.AndersenBorganGillKeiding(),
}
"""The weights by the names the oracles give them, from a case's options."""

PERMUTATION_SCORES = {
    **WEIGHTS,
    "fleming_harrington": lambda o: weights.FlemingHarrington(_first(o.get("rho"), 0.0), _first(o.get("gamma"), 0.0)),
}


def log_rank_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of survdiff, and of simtrial's weighted tests (one arm's observed minus expected)."""
    name = comparison.options.get("weight", "log_rank")
    if name not in WEIGHTS:
        return None
    two_armed = question.case.data.get("experimental") is not None
    result = weighted_log_rank(
        *_columns(question),
        experimental_arm(question) if two_armed else _group_numbers(question),
        weight=WEIGHTS[name](comparison.options),
        strata=question.set.stratum,
        start=question.set.start,
    )
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: result.n,
        "weighted_observed": lambda: result.observed,
        "weighted_expected": lambda: result.expected,
        "covariance_observed_minus_expected": lambda: result.variance,
        "chi_square": lambda: result.statistic,
        "degrees_of_freedom": lambda: result.df,
        "p_value": lambda: result.p_value,
        "sum_weighted_observed_minus_expected_experimental": lambda: result.observed[1] - result.expected[1],
        "se_sum_weighted_observed_minus_expected": lambda: np.sqrt(result.variance[1, 1]),
        "z_statistic": lambda: _signed(question, comparison, result.z()),
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


def max_combo_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of simtrial::maxcombo."""
    options = comparison.options
    if options.get("weight", "fleming_harrington") != "fleming_harrington":
        return None
    chosen = [
        weights.FlemingHarrington(rho, gamma) for rho, gamma in zip(options["rho"], options["gamma"], strict=True)
    ]
    side = str(entry_of(question, comparison).get("alternative", "one_sided"))
    result = max_combo(
        *_columns(question),
        experimental_arm(question),
        weights=chosen,
        alternative="two-sided" if side.startswith("two_sided") else "less",
        strata=question.set.stratum,
    )
    fields = {"z_statistic": "z", "correlation_of_statistics": "correlation", "p_value_max": "p_value"}
    return getattr(result, fields[comparison.quantity]) if comparison.quantity in fields else None


def log_rank_permutation_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of coin::logrank_test with its asymptotic distribution."""
    options = comparison.options
    if options.get("distribution", "asymptotic") != "asymptotic" or options["score"] not in PERMUTATION_SCORES:
        return None
    two_armed = question.case.data.get("experimental") is not None
    result = log_rank_permutation(
        *_columns(question),
        experimental_arm(question) if two_armed else _group_numbers(question),
        weight=PERMUTATION_SCORES[options["score"]](options),
        ties=options.get("ties", "mid_ranks"),
        strata=question.set.stratum,
    )
    answers: dict[str, Callable[[], Answer]] = {
        "z_statistic": result.z,
        "chi_square": lambda: result.statistic,
        "degrees_of_freedom": lambda: result.df,
        "p_value": lambda: result.p_value,
    }
    return answers[comparison.quantity]() if comparison.quantity in answers else None


def gray_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of cuminc(...)$Tests."""
    data, options = question.set, comparison.options
    if comparison.quantity == "sample_size":
        return data.frame.height
    coding = options.get("competing", question.case.data)["event"]
    tests = gray(
        data.frame[data.time],
        _cause(data.frame, coding),
        data.group_labels(),
        rho=options.get("rho", 0.0),
        causes=options.get("causes") or [item["cause"] for item in coding],
        strata=data.stratum,
    )
    column = {"chi_square": "statistic", "p_value": "p_value", "degrees_of_freedom": "df"}.get(comparison.quantity)
    return None if column is None else tests.to_frame()[column].to_list()


def landmark_answer(question: Question, comparison: Comparison) -> Answer:
    """How many reach the landmark, and how many of them are exposed; the tests are asked for by their own methods."""
    frame = question.set.frame
    if comparison.quantity == "sample_size":
        return frame.height
    return frame[question.set.covariates[0]].cast(pl.Int64).sum() if comparison.quantity == "number_exposed" else None


def _columns(question: Question) -> tuple[pl.Series, Any]:
    data = question.set
    return data.frame[data.time], data.cause


def _group_numbers(question: Question) -> list[int]:
    """Groups as numbers in the order of the arrays."""
    labels = list(question.set.groups)
    return [labels.index(label) for label in question.set.group_labels()]


def _signed(question: Question, comparison: Comparison, z: float) -> float:
    """z with the sign the case states: that of observed minus expected, unless it says the opposite."""
    sign = str(entry_of(question, comparison).get("sign", ""))
    return -z if sign.startswith(("positive favours experimental", "minus", "-")) else z


def _cause(frame: pl.DataFrame, coding: Any) -> pl.Series:
    """Cause of every row from a list of (cause, column, equals), 0 where none holds."""
    if isinstance(coding, str):
        return frame[coding].cast(pl.Int64)
    chain = pl.lit(0)
    for item in reversed(coding):
        chain = pl.when(pl.col(item["column"]) == item["equals"]).then(pl.lit(item["cause"])).otherwise(chain)
    return frame.select(chain.alias("cause")).to_series()


def _first(value: Any, default: float) -> float:
    """The number, or the only number of a list."""
    found = value[0] if isinstance(value, list) else value
    return default if found is None else found


def _number(value: Any) -> float:
    return np.inf if value in (None, "Inf") else float(value)


ANSWERS = {
    "log_rank": log_rank_answer,
    "weighted_log_rank": log_rank_answer,
    "max_combo": max_combo_answer,
    "log_rank_permutation": log_rank_permutation_answer,
    "gray": gray_answer,
    "landmark_group_comparison": landmark_answer,
}
