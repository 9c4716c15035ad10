"""Responses of hairy-cell leukaemia, the JAK2 neoplasm and hepatitis C at and beside every limit of their definitions."""

import numpy as np
import pytest

from inferon.trial.responses import hairy_cell, hepatitis_c, mpn
from inferon.trial.responses.hairy_cell import HairyCellResponse
from inferon.trial.responses.hepatitis_c import EarlyResponse, Outcome
from inferon.trial.responses.mpn import HaematologicalResponse, MolecularResponse

GOOD = {"ANC": 1.6, "PLT": 101.0, "HB": 12.1}


def _counts(**changed: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in {**GOOD, **changed}.items()}


@pytest.mark.parametrize(
    ("changed", "index", "expected"),
    [
        ({}, 0.049, HairyCellResponse.COMPLETE),
        ({}, 0.05, HairyCellResponse.PARTIAL),
        ({}, 0.25, HairyCellResponse.PARTIAL),
        ({}, 0.2501, HairyCellResponse.NORMALISED),
        ({"HB": 12.0}, 0.01, HairyCellResponse.NONE),
        ({"PLT": 100.0}, 0.01, HairyCellResponse.NONE),
        ({"ANC": 1.5}, 0.01, HairyCellResponse.NONE),
    ],
)
def test_oracle_consensus_1987_responses_of_hairy_cell_leukaemia(changed, index: float, expected) -> None:
    assert hairy_cell.classify(_counts(**changed), np.array([index]), np.array([0.5]))[0] is expected


def test_oracle_a_later_eye_sees_what_an_earlier_one_missed() -> None:
    index, start = np.array([0.02, 0.004]), np.array([0.5, 0.5])
    counts = {name: np.full(2, value) for name, value in GOOD.items()}
    early = hairy_cell.classify(counts, index, start)
    late = hairy_cell.classify(counts, index, start, morphology="purine-analogue era")
    assert early.tolist() == [HairyCellResponse.COMPLETE] * 2
    assert late.tolist() == [HairyCellResponse.PARTIAL, HairyCellResponse.COMPLETE]
    with pytest.raises(KeyError, match="unknown morphology 'flow'; allowed: interferon era, purine-analogue era"):
        hairy_cell.classify(counts, index, start, morphology="flow")


@pytest.mark.parametrize(
    ("changed", "indicated"),
    [({}, False), ({"ANC": 0.99}, True), ({"PLT": 99.0}, True), ({"HB": 10.9}, True), ({"HB": 11.0}, False)],
)
def test_oracle_treatment_is_indicated_by_any_low_count(changed, indicated: bool) -> None:
    assert hairy_cell.treatment_indicated(_counts(**changed)).tolist() == [indicated]


@pytest.mark.parametrize(
    ("hct", "plt", "wbc", "expected"),
    [
        (0.449, 400.0, 10.0, HaematologicalResponse.COMPLETE),
        (0.45, 300.0, 5.0, HaematologicalResponse.NONE),
        (0.44, 401.0, 5.0, HaematologicalResponse.PARTIAL),
        (0.44, 300.0, 10.1, HaematologicalResponse.PARTIAL),
    ],
)
def test_oracle_eln_2009_responses_of_polycythaemia_vera(hct, plt, wbc, expected) -> None:
    counts = {"HCT": np.array([hct]), "PLT": np.array([plt]), "WBC": np.array([wbc])}
    assert mpn.haematological(counts)[0] is expected


@pytest.mark.parametrize(
    ("initial", "burden", "expected"),
    [
        (0.60, 0.009, MolecularResponse.COMPLETE),
        (0.60, 0.30, MolecularResponse.PARTIAL),
        (0.60, 0.31, MolecularResponse.NONE),
        (0.20, 0.10, MolecularResponse.PARTIAL),
        (0.19, 0.05, MolecularResponse.NOT_EVALUABLE),
        (0.19, 0.005, MolecularResponse.COMPLETE),
    ],
)
def test_oracle_eln_2013_molecular_responses(initial: float, burden: float, expected) -> None:
    assert mpn.molecular(np.array([burden]), np.array([initial]))[0] is expected


def test_oracle_a_response_lasts_when_every_visit_of_twelve_weeks_has_it() -> None:
    days = np.array([0.0, 28, 56, 84, 112, 140])
    present = np.array([[False, True, True, True, True, True], [True, True, False, True, True, True]])
    assert mpn.durable(present, days).tolist() == [
        [False, True, True, False, False, False],
        [False, False, False, False, False, False],
    ]


def test_oracle_virological_responses_of_the_guideline() -> None:
    limit = 1.7
    assert hepatitis_c.rapid_response(np.array([1.69, limit, -np.inf])).tolist() == [True, False, True]
    early = hepatitis_c.early_response(np.array([6.0, 6.0, 6.0]), np.array([1.0, 4.0, 4.01]))
    assert early.tolist() == [EarlyResponse.COMPLETE, EarlyResponse.PARTIAL, EarlyResponse.NONE]
    outcome = hepatitis_c.outcome(np.array([1.0, 1.0, 3.0]), np.array([1.0, 5.0, 1.0]))
    assert outcome.tolist() == [Outcome.SUSTAINED, Outcome.RELAPSE, Outcome.NONRESPONSE]
