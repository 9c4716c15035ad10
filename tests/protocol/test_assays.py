"""Counting assays: Poisson scatter, log-normal noise, limits of detection, and errors that belong to patient and day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.protocol.assays import CountingAssay, bcr_abl_assay

PATIENTS = np.arange(20_000)
FLOW = CountingAssay(name="flow cytometry", examined=5e5, least_count=20)
VIRUS = CountingAssay(name="HCV RNA", examined=0.05, noise_sd=0.1, least_count=1)
"""Genomes seen for each IU/mL: 20 IU/mL are one count."""


def _measured(assay: CountingAssay, truth: float, *, seed: int = 1, patients: np.ndarray = PATIENTS):
    return assay.measure(np.full((len(patients), 1), truth), seed=seed, patients=patients, days=np.array([30.0]))


@pytest.mark.parametrize("mean", [0.5, 4.0, 600.0])
def test_law_counts_without_noise_are_poisson(mean: float) -> None:
    counted = _measured(FLOW, mean / FLOW.examined).counted
    assert counted.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / len(PATIENTS)))
    assert counted.var() == pytest.approx(mean, rel=0.06)


def test_law_noise_and_sample_quality_are_log_normal() -> None:
    assay = bcr_abl_assay()
    found = _measured(assay, 50.0)
    assert np.median(found.examined) == pytest.approx(assay.examined, rel=0.02)
    assert found.examined.std() / found.examined.mean() == pytest.approx(assay.examined_cv, rel=0.04)
    assert np.log10(found.value / 50.0).std() == pytest.approx(assay.noise_sd, rel=0.03)
    assert np.median(found.value) == pytest.approx(50.0, rel=0.02)


@pytest.mark.parametrize(("assay", "unit"), [(FLOW, 20 / 5e5), (VIRUS, 20.0), (bcr_abl_assay(), 100 / 6e4)])
def test_law_what_lies_at_the_limit_is_detected_in_95_of_100(assay: CountingAssay, unit: float) -> None:
    limit = assay.limit_of_detection(probability=0.95)
    assert 1 <= limit / unit <= 3.1
    plain = CountingAssay(name=assay.name, examined=assay.examined, least_count=assay.least_count, scale=assay.scale)
    assert _measured(plain, limit).detected.mean() == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / len(PATIENTS)))


def test_law_one_count_is_enough_at_three_expected() -> None:
    assert bcr_abl_assay().limit_of_detection(probability=0.95) == pytest.approx(100 * -np.log(0.05) / 6e4)


def test_law_nothing_there_is_nothing_counted() -> None:
    found = _measured(bcr_abl_assay(), 0.0)
    assert not found.counted.any()
    assert not found.value.any()
    assert not found.detected.any()


def test_law_an_error_belongs_to_patient_and_day() -> None:
    truth, days = np.geomspace(1e-3, 100, 12).reshape(4, 3), np.array([30.0, 61, 91])
    whole = bcr_abl_assay().measure(truth, seed=5, patients=np.arange(4), days=days)
    some = bcr_abl_assay().measure(truth[[2]][:, [1]], seed=5, patients=np.array([2]), days=days[[1]])
    other = bcr_abl_assay().measure(truth, seed=6, patients=np.arange(4), days=days)
    assert some.value[0, 0] == whole.value[2, 1]
    assert some.examined[0, 0] == whole.examined[2, 1]
    assert not np.array_equal(other.examined, whole.examined)


@settings(max_examples=30)
@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 10_000))
def test_property_more_disease_never_counts_less(one: float, other: float, patient: int) -> None:
    low, high = sorted((one, other))
    number = np.array([patient])
    assert (
        _measured(bcr_abl_assay(), low, patients=number).counted
        <= _measured(bcr_abl_assay(), high, patients=number).counted
    )


@pytest.mark.parametrize("truth", [-1e-9, np.nan])
def test_fault_a_load_below_zero_or_unknown_is_refused(truth: float) -> None:
    with pytest.raises(ValueError, match="BCR-ABL"):
        _measured(bcr_abl_assay(), truth, patients=np.arange(2))


@pytest.mark.parametrize("wrong", [{"examined": 0.0}, {"noise_sd": -0.1}, {"least_count": 0}])
def test_fault_an_impossible_assay_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="made up"):
        CountingAssay(**{"name": "made up", "examined": 100.0, **wrong})
