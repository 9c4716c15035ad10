"""Transition-specific Cox models and their predictions as the oracles ask for them."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from inferon.statistics.multi_state.transition_cox import TransitionCox, transition_cox

from ..oracle_cases import Comparison
from ..oracle_expression import expression
from .multi_state import PROBABILITY, multi_state_data
from .question import Answer, Question


def transition_cox_answer(question: Question, comparison: Comparison) -> Answer | None:
    """Values of coxph after expand.covs, msfit with newdata and probtrans."""
    fitted = _fitted(question)
    quantity, options = comparison.quantity, comparison.options
    if quantity in PROBABILITY:
        found = fitted.probabilities(
            _dummies(options, pl.DataFrame([options["newdata"]])),
            predict_from=options.get("predict_from", 0.0),
            horizon=options.get("predict_from")
            if options.get("direction") == "fixedhorizon"
            else options.get("horizon"),
            recursion=options.get("variance", "aalen"),
        )
        origin = fitted.data.states[options["from_state"] - 1]
        return found.at(options["times"], from_state=origin)[PROBABILITY[quantity]]
    if quantity in ("cumulative_hazard", "se_cumulative_hazard", "variance_cumulative_hazard"):
        hazards = fitted.hazards(_dummies(options, pl.DataFrame([options["newdata"]]))).at(options["times"])
        column = "cumulative_hazard" if quantity == "cumulative_hazard" else "standard_error"
        return hazards[column] ** (2 if quantity.startswith("variance") else 1)
    model = fitted.model
    answers: dict[str, Callable[[], Answer]] = {
        "sample_size": lambda: model.n,
        "number_of_events": lambda: model.n_events,
        "coefficients": lambda: model.coefficients,
        "se_coefficients": lambda: model.standard_error,
        "covariance_coefficients": lambda: model.variance,
        "log_partial_likelihood": lambda: model.log_likelihood,
        "score_test": lambda: model.score_test.statistic,
        "wald_test": lambda: model.wald_test.statistic,
        "likelihood_ratio_test": lambda: model.likelihood_ratio_test.statistic,
    }
    return answers[quantity]() if quantity in answers else None


@lru_cache(maxsize=2)
def _fitted(question: Question) -> TransitionCox:
    options = question.case.options
    used = list((options.get("covariates_per_transition") or {}).get("factors", {}))
    known = question.set.frame.drop_nulls(used)
    data = multi_state_data(question)
    extra, strata = options.get("extra_covariate"), options.get("strata")
    return transition_cox(
        data,
        covariates=_dummies(options, _one_row_a_patient(question, known)),
        of_transition={extra["name"]: _of_transition(data.transitions, extra["expr"])} if extra else None,
        strata=strata or "none",
        clock=options.get("clock", "forward"),
        ties=options.get("ties", "breslow"),
    )


def _one_row_a_patient(question: Question, frame: pl.DataFrame) -> pl.DataFrame:
    if question.case.data["transitions"]["format"] == "wide":
        return frame
    subject = question.case.data["id"]
    return frame.unique(subject, keep="first", maintain_order=True).sort(subject)


def _dummies(options: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """0/1 columns of the factors: `name` with two levels, `nameK` for the K-th level that is not the reference."""
    block = options.get("covariates_per_transition") or {}
    columns = []
    for name, factor in block.get("factors", {}).items():
        levels = factor["levels"]
        for number, level in enumerate(levels, start=1):
            label = name if len(levels) == 1 else f"{name}{number}"
            columns.append((pl.col(name).cast(pl.String) == str(level)).cast(pl.Float64).alias(label))
    numeric = block.get("numeric", [])
    return frame.select(*columns, *(pl.col(name).cast(pl.Float64) for name in numeric))


def _of_transition(transitions: tuple[tuple[int, int], ...], text: str) -> list[float]:
    table = pl.DataFrame(
        {
            "transition": range(1, len(transitions) + 1),
            "trans": range(1, len(transitions) + 1),
            "from": [origin + 1 for origin, _ in transitions],
            "to": [target + 1 for _, target in transitions],
        }
    )
    return table.select(expression(text).cast(pl.Float64)).to_series().to_list()


ANSWERS = {"transition_cox": transition_cox_answer}
