"""Responses of chronic myeloid leukaemia by definition, at their thresholds and through time."""

import numpy as np
import pytest

from inferon.protocol.assays import Measurement
from inferon.trial.responses.cml import (
    DEFINITIONS,
    Milestone,
    Response,
    eln_milestone,
    first_day,
    loss_of_major_molecular_response,
    milestone_months,
    molecular_relapse,
    responses,
)

DAYS = np.array([0.0, 91, 152, 183, 274, 365])


def _held(value: float, copies: float = 6e4, share: float = 0.0) -> set[Response]:
    shape = np.ones((1, 1))
    measured = Measurement(copies * shape, np.rint(value / 100 * copies * shape), value * shape, shape > 0)
    return {name for name, found in responses(measured, share * shape).items() if found[0, 0]}


HAEMATOLOGICAL = {Response.COMPLETE_HAEMATOLOGICAL}
MAJOR = HAEMATOLOGICAL | {Response.MAJOR_CYTOGENETIC}
COMPLETE = MAJOR | {Response.COMPLETE_CYTOGENETIC}


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.96, set()), (0.95, HAEMATOLOGICAL), (0.36, HAEMATOLOGICAL), (0.35, MAJOR), (0.01, MAJOR), (0.0099, COMPLETE)],
)
def test_law_cytogenetic_responses_at_their_thresholds(share: float, expected: set[Response]) -> None:
    assert _held(50.0, share=share) == expected


@pytest.mark.parametrize(
    ("value", "copies", "expected"),
    [
        (0.101, 6e4, set()),
        (0.1, 6e4, {Response.MAJOR_MOLECULAR}),
        (0.01, 9_999, {Response.MAJOR_MOLECULAR}),
        (0.01, 10_000, {Response.MAJOR_MOLECULAR, Response.MR4}),
        (0.0032, 31_999, {Response.MAJOR_MOLECULAR, Response.MR4}),
        (0.0032, 32_000, {Response.MAJOR_MOLECULAR, Response.MR4, Response.MR4_5}),
        (0.0, 32_000, {Response.MAJOR_MOLECULAR, Response.MR4, Response.MR4_5}),
        (0.0, 5_000, {Response.MAJOR_MOLECULAR}),
    ],
)
def test_law_molecular_responses_need_depth_and_enough_copies(value: float, copies: float, expected: set) -> None:
    assert _held(value, copies) - COMPLETE == expected


def test_law_every_response_has_a_definition_with_its_citation_or_says_it_is_a_surrogate() -> None:
    assert set(DEFINITIONS) == set(Response)
    assert all("Leukemia" in text or text.startswith("surrogate") for text in DEFINITIONS.values())


def test_law_first_visit_loss_and_relapse() -> None:
    held = np.array([[0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1]], dtype=bool)
    assert first_day(held, DAYS).tolist() == [91, np.inf, 91]
    assert loss_of_major_molecular_response(held, DAYS).tolist() == [183, np.inf, np.inf]
    stopped = np.array([183.0, np.inf, 200])
    assert molecular_relapse(held, DAYS, stopped).tolist() == [365, np.inf, np.inf]


@pytest.mark.parametrize(
    ("month", "day", "value", "grade"),
    [
        (3, 91, 10.0, Milestone.OPTIMAL),
        (6, 183, 1.0, Milestone.OPTIMAL),
        (6, 183, 1.01, Milestone.WARNING),
        (6, 183, 10.01, Milestone.FAILURE),
        (12, 365, 0.1, Milestone.OPTIMAL),
        (12, 365, 1.0, Milestone.WARNING),
        (12, 365, 1.01, Milestone.FAILURE),
    ],
)
def test_law_milestones_at_their_thresholds(month: int, day: float, value: float, grade: Milestone) -> None:
    values = np.where(day == DAYS, value, 0.0)[None, :]
    assert eln_milestone(values, DAYS, month)[0] == grade


def test_law_failure_at_three_months_needs_a_second_sample() -> None:
    once, twice = np.array([[100, 20, 5, 1, 1, 1.0], [100, 20, 12, 1, 1, 1.0]])
    assert eln_milestone(np.array([once, twice]), DAYS, 3).tolist() == [Milestone.WARNING, Milestone.FAILURE]


def test_law_a_milestone_without_a_visit_is_not_assessed() -> None:
    assert eln_milestone(np.ones((2, 2)), np.array([0.0, 60.0]), 12).tolist() == [Milestone.NOT_ASSESSED] * 2


def test_fault_only_the_months_of_the_table_have_milestones() -> None:
    assert milestone_months() == (3, 6, 12)
    with pytest.raises(KeyError, match="3, 6, 12"):
        eln_milestone(np.ones((1, 6)), DAYS, 18)
