"""Safety visits and the noise of an assay."""

import numpy as np
import pytest

from inferon.protocol.safety_visits import measured, safety_visits


def test_oracle_module_I_visits_are_weekly_four_times_then_every_four_weeks() -> None:
    assert safety_visits(120.0).tolist() == [7, 14, 21, 28, 56, 84, 112]


def test_law_visits_count_from_the_first_dose_and_end_with_follow_up() -> None:
    assert safety_visits(55.0, first_dose=-1.0).tolist() == [6, 13, 20, 27, 55]
    assert safety_visits(20.0).tolist() == [7, 14]


@pytest.mark.parametrize(("item", "cv"), [("ANC", 0.18), ("PLT", 0.12), ("HB", 0.04)])
def test_oracle_module_I_noise_has_its_coefficient_of_variation(item: str, cv: float) -> None:
    """Monte-Carlo error of a CV of n values is about cv/sqrt(2 n)."""
    n = 20_000
    read = measured(item, np.full(n, 3.0), seed=1, patients=np.arange(n), visit=4)
    assert read.std() / read.mean() == pytest.approx(cv, abs=4 * cv / np.sqrt(2 * n))
    assert np.median(read) == pytest.approx(3.0, rel=4 * cv * 1.2533 / np.sqrt(n))


def test_law_an_assay_is_addressed_by_patient_and_visit() -> None:
    def reading(patients: list[int], visit: int) -> np.ndarray:
        return measured("ANC", np.ones(len(patients)), seed=1, patients=np.array(patients), visit=visit)

    assert reading([5], 2)[0] == reading([1, 5], 2)[1]
    assert reading([5], 2)[0] != reading([5], 3)[0]
