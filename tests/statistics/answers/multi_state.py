"""Multi-state estimates, landmark Aalen–Johansen and Markov chains as the oracles ask for them."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.multi_state.illness_death import WeibullHazard, first_event_incidence
from inferon.statistics.multi_state.landmark_aalen_johansen import landmark_aalen_johansen
from inferon.statistics.multi_state.length_of_stay import length_of_stay
from inferon.statistics.multi_state.markov_chain import markov_chain
from inferon.statistics.multi_state.multi_state import MultiState, multi_state_by_rows, multi_state_by_times
from inferon.statistics.multi_state.transition_hazards import transition_hazards
from inferon.statistics.multi_state.transition_probabilities import transition_probabilities

from ..oracle_cases import Comparison
from .question import Answer, Question

PROBABILITY = {"state_probability": "probability", "se_state_probability": "standard_error"}


def multi_state_data(question: Question) -> MultiState:
    """The rows at risk of the case: from one row a patient (wide) or one a possible transition (long)."""
    layout, frame = question.case.data["transitions"], question.set.frame
    states = [str(name) for name in layout["states"]]
    allowed = [(states[a - 1], states[b - 1]) for a, b in layout["allowed"]]
    if layout["format"] == "long":
        names = pl.Series(states)
        origin, target = (names.gather(frame[layout[side]].cast(pl.Int64) - 1) for side in ("from", "to"))
        return multi_state_by_rows(
            frame[question.case.data["time"]], frame[question.case.data["event"]],
            start=frame[question.case.data["start"]], origin=origin, target=target,
            patient=frame[question.case.data["id"]], states=states, allowed=allowed,
        )  # fmt: skip
    columns = {
        key: {state: None if name is None else frame[name] for state, name in zip(states, layout[key], strict=True)}
        for key in ("times", "status")
    }
    entry = question.set.start
    return multi_state_by_times(columns["times"], columns["status"], allowed=allowed, start=entry)


def multi_state_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of msprep/events, msfit, probtrans and ELOS."""
    options, data = comparison.options, multi_state_data(question)
    if options["estimate"] == "transition_counts":
        return data.counts().drop("from").to_numpy().ravel()
    variance = options.get("variance", "aalen")
    hazards = transition_hazards(data, variance=variance, clock=options.get("clock", "forward"))
    if options["estimate"] == "cumulative_hazard":
        found = hazards.at(options["times"])
        column = "cumulative_hazard" if comparison.quantity == "cumulative_hazard" else "standard_error"
        return found[column] ** (2 if comparison.quantity.startswith("variance") else 1)
    if options["estimate"] == "expected_length_of_stay":
        return length_of_stay(hazards, tau=options["tau"], predict_from=options.get("predict_from", 0.0)).stay.ravel()
    if options["estimate"] != "transition_probability":
        return None
    found = transition_probabilities(
        hazards, predict_from=options.get("predict_from", 0.0), horizon=options.get("horizon"), recursion=variance
    )
    origin = data.states[options["from_state"] - 1]
    return found.at(options["times"], from_state=origin)[PROBABILITY[comparison.quantity]]


def landmark_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of LMAJ."""
    options, data = comparison.options, multi_state_data(question)
    origin = data.states[options["from_state"] - 1]
    found = landmark_aalen_johansen(
        data, landmark=options["landmark"], from_state=origin, variance=options["variance"], ties="efron"
    )
    return found.at(options["times"], from_state=origin)[PROBABILITY[comparison.quantity]]


def ctmc_answer(question: Question, comparison: Comparison) -> Answer:
    """Values of MatrixExp, and of products of it."""
    return markov_chain(comparison.options["Q"], comparison.options["t"]).ravel()


def illness_death_answer(question: Question, comparison: Comparison) -> Answer:
    """Cumulative incidence of the first event, for the reference patient and as the mean of the cohort."""
    options = comparison.options
    parameters = json.loads((question.data_folder / options["parameters"]).read_text(encoding="utf-8"))
    hazards = [_hazard(parameters, number) for number in (1, 2)]
    covariates = None
    if comparison.quantity.startswith("mean"):
        frame = pl.read_csv(question.data_folder / f"{question.case.dataset}.csv")
        covariates = _indicators(frame, list(parameters["beta1.true"]))
    found = first_event_incidence(
        *hazards, time=options["time"], frailty_variance=parameters["theta.true"][0], covariates=covariates
    ).mean(axis=0)
    event = comparison.fixed["event"] if "event" in comparison.fixed else comparison.path.split("/")[-1]
    return [found[1 if event.startswith("death") else 0]]


def _hazard(parameters: Mapping[str, Any], number: int) -> WeibullHazard:
    scale, shape = (parameters[f"{name}{number}.true"][0] for name in ("kappa", "alpha"))
    return WeibullHazard(scale, shape, tuple(parameters[f"beta{number}.true"].values()))


def _indicators(frame: pl.DataFrame, terms: list[str]) -> Any:
    """0/1 columns from terms such as ageP20to29, column ageP at level 20to29; sexP alone is 1 for F (the data's README)."""
    known = {f"{column}{level}": (column, level) for column in frame.columns for level in frame[column].unique()}
    known["sexP"] = ("sexP", "F")
    return np.column_stack([frame[known[term][0]] == known[term][1] for term in terms])


ANSWERS = {
    "multi_state": multi_state_answer,
    "landmark_aalen_johansen": landmark_answer,
    "ctmc": ctmc_answer,
    "illness_death_generator": illness_death_answer,
}
