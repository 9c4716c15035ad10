"""Responses of acute myeloid leukaemia at and beside every limit of their definitions, and on simulated courses."""

import numpy as np
import polars as pl
import pytest

from inferon.protocol.safety_visits import measured
from inferon.trial.acute_leukaemia_study import AcuteResult, simulate_acute
from inferon.trial.responses import aml
from inferon.trial.responses.aml import AmlResponse, Mrd


def _counts(anc: float, platelets: float) -> dict[str, np.ndarray]:
    return {"ANC": np.array([anc]), "PLT": np.array([platelets])}


@pytest.mark.parametrize(
    ("anc", "platelets", "blasts", "expected"),
    [
        (1.0, 100.0, 0.049, AmlResponse.COMPLETE),
        (0.99, 100.0, 0.049, AmlResponse.PARTIAL_RECOVERY),
        (0.5, 50.0, 0.049, AmlResponse.PARTIAL_RECOVERY),
        (0.49, 100.0, 0.049, AmlResponse.INCOMPLETE_RECOVERY),
        (1.0, 49.0, 0.049, AmlResponse.INCOMPLETE_RECOVERY),
        (0.49, 99.0, 0.049, AmlResponse.LEUKAEMIA_FREE),
        (0.0, 5.0, 0.0, AmlResponse.LEUKAEMIA_FREE),
        (1.0, 100.0, 0.05, AmlResponse.PARTIAL),
        (1.0, 100.0, 0.25, AmlResponse.PARTIAL),
        (1.0, 100.0, 0.26, AmlResponse.NONE),
        (1.0, 99.0, 0.05, AmlResponse.NONE),
    ],
)
def test_oracle_eln_2022_responses(anc: float, platelets: float, blasts: float, expected: AmlResponse) -> None:
    assert aml.classify(_counts(anc, platelets), np.array([blasts]), np.array([0.6]))[0] is expected


def test_oracle_a_partial_remission_halves_the_blasts_and_blasts_in_the_blood_are_no_remission() -> None:
    blasts = np.array([0.20])
    assert aml.classify(_counts(2.0, 200.0), blasts, np.array([0.40]))[0] is AmlResponse.PARTIAL
    assert aml.classify(_counts(2.0, 200.0), blasts, np.array([0.39]))[0] is AmlResponse.NONE
    seen = aml.classify(_counts(2.0, 200.0), np.array([0.01]), np.array([0.6]), blood_blasts=np.array([True]))
    assert seen[0] is AmlResponse.PARTIAL


def test_oracle_best_response_and_days_of_remission() -> None:
    responses = np.array(
        [
            [AmlResponse.NONE, AmlResponse.LEUKAEMIA_FREE, AmlResponse.INCOMPLETE_RECOVERY, AmlResponse.COMPLETE],
            [AmlResponse.NONE, AmlResponse.PARTIAL, AmlResponse.NONE, AmlResponse.NONE],
        ]
    )
    days = np.array([0, 14, 28, 42])
    assert aml.best(responses).tolist() == [AmlResponse.COMPLETE, AmlResponse.PARTIAL]
    assert aml.remission_day(responses, days).tolist() == [42, np.inf]
    assert aml.remission_day(responses, days, response=AmlResponse.INCOMPLETE_RECOVERY).tolist() == [28, np.inf]


def test_oracle_relapse_needs_a_remission_before() -> None:
    days = np.array([0.0, 28, 56, 84])
    blasts = np.array([[0.6, 0.02, 0.049, 0.05], [0.6, 0.02, 0.3, 0.6], [0.6, 0.2, 0.2, 0.2]])
    counts = {"ANC": np.full((3, 4), 2.0), "PLT": np.full((3, 4), 200.0)}
    counts["ANC"][1], counts["PLT"][1] = 0.1, 10.0
    responses = aml.classify(counts, blasts, blasts[:, :1])
    assert responses[1, 1] is AmlResponse.LEUKAEMIA_FREE
    assert aml.relapse_day(responses, blasts, days).tolist() == [84, np.inf, np.inf]


@pytest.mark.parametrize(("second", "expected"), [(34.0, np.inf), (35.0, 35.0)])
def test_oracle_blood_blasts_are_a_relapse_in_two_samples_a_week_apart(second: float, expected: float) -> None:
    days = np.array([0.0, 14.0, 28.0, second])
    blasts = np.full((1, 4), 0.01)
    counts = {"ANC": np.full((1, 4), 2.0), "PLT": np.full((1, 4), 200.0)}
    blood = np.array([[False, False, True, True]])
    responses = aml.classify(counts, blasts, np.full((1, 1), 0.6), blood_blasts=blood)
    assert aml.relapse_day(responses, blasts, days, blood_blasts=blood).tolist() == [expected]


def test_oracle_limits_of_measurable_residual_disease() -> None:
    assert aml.mrd(np.array([0.0009, 0.001])).tolist() == [Mrd.NEGATIVE, Mrd.POSITIVE]
    assert aml.mrd(np.array([0.0, 0.019, 0.02]), method="pcr").tolist() == [Mrd.NEGATIVE, Mrd.LOW_LEVEL, Mrd.POSITIVE]
    with pytest.raises(KeyError, match="unknown method 'NGS'; allowed: flow, pcr"):
        aml.mrd(np.array([0.1]), method="NGS")


@pytest.mark.parametrize(
    ("share", "method", "expected"),
    [
        ([0.01, 0.0001, 0.002, 0.005], "flow", 60.0),
        ([0.01, 0.0001, 0.002, 0.0001], "flow", np.inf),
        ([0.01, 0.002, 0.002, 0.002], "flow", np.inf),
        ([0.0, 0.001, 0.001, 0.001], "pcr", 60.0),
        ([0.001, 0.001, 0.01, 0.01], "pcr", 60.0),
        ([0.001, 0.001, 0.009, 0.009], "pcr", np.inf),
    ],
)
def test_oracle_a_molecular_relapse_is_confirmed_two_to_four_weeks_later(share, method: str, expected: float) -> None:
    """Samples on days 0, 30, 60 and 81: only the last one comes in time to confirm."""
    days = np.array([0.0, 30.0, 60.0, 81.0])
    assert aml.mrd_relapse_day(np.array([share]), days, method=method).tolist() == [expected]
    late = np.array([0.0, 30.0, 60.0, 89.0])
    assert aml.mrd_relapse_day(np.array([share]), late, method=method).tolist() == [np.inf]


def test_law_better_counts_and_fewer_blasts_never_make_a_response_worse() -> None:
    order = list(AmlResponse)
    draws = np.random.default_rng(4)
    anc, platelets, blasts = draws.uniform(0, 2, 400), draws.uniform(0, 200, 400), draws.uniform(0, 0.6, 400)
    now = aml.classify({"ANC": anc, "PLT": platelets}, blasts, np.array(0.6))
    better = aml.classify({"ANC": 1.2 * anc, "PLT": 1.2 * platelets}, blasts / 2, np.array(0.6))
    assert {*now} == {*order}
    assert all(order.index(b) <= order.index(n) for b, n in zip(better, now, strict=True))


def test_law_induction_brings_remissions_that_assays_find_and_untreated_patients_have_none() -> None:
    treated, untreated = (_measured(_followed(*courses).visits) for courses in (("7+3 induction", "7+3 induction"), ()))
    assert 0.1 < np.isin(aml.best(treated), aml.REMISSIONS).mean() < 1
    assert not np.isin(untreated, aml.REMISSIONS).any()


DAYS = np.arange(0.0, 183.0, 14.0)


def _followed(*courses: str) -> AcuteResult:
    given = tuple((28.0 * number, course) for number, course in enumerate(courses))
    return simulate_acute(np.arange(40), seed=2, preset="AML_default", given=given, days=DAYS)


def _measured(visits: pl.DataFrame) -> np.ndarray:
    """Responses at the visits of those who live to the end, through the assays."""
    alive = visits.filter(pl.len().over("patient") == len(DAYS)).sort("patient", "time_days")
    who = alive["patient"].unique(maintain_order=True).to_numpy()
    true = {n: alive[n].to_numpy().reshape(len(who), len(DAYS)) for n in ("ANC", "PLT", "blast_fraction")}
    counts = {
        item: np.stack(
            [measured(item, true[item][:, v], seed=2, patients=who, visit=v) for v in range(len(DAYS))], axis=1
        )
        for item in ("ANC", "PLT")
    }
    blasts = aml.marrow_assay().measure(true["blast_fraction"], seed=2, patients=who, days=DAYS).value
    return aml.classify(counts, blasts, blasts[:, :1])


def test_law_the_assays_read_the_truth_within_their_counting_error() -> None:
    numbers = np.arange(4000)
    read = aml.marrow_assay().measure(np.full((4000, 1), 0.05), seed=1, patients=numbers, days=np.array([0])).value
    assert read.mean() == pytest.approx(0.05, abs=0.001)
    assert read.std() == pytest.approx(np.sqrt(0.05 / 500), rel=0.05)
    flow = aml.flow_assay().measure(np.full((4000, 1), 0.001), seed=1, patients=numbers, days=np.array([0])).value
    assert np.std(np.log10(flow)) == pytest.approx(0.3, rel=0.1)
