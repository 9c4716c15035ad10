"""Power by resampling is what theory says."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from inferon.design import power_of_incidence_difference


def _arm(patients: int, share: float, seed: int) -> pl.DataFrame:
    happened = np.random.default_rng(seed).random(patients) < share
    none = pl.Series([None] * patients, dtype=pl.Float64)
    return pl.DataFrame(
        {
            "patient": np.arange(patients),
            "relapse_day": np.where(happened, 50.0, np.nan),
            "non_relapse_mortality_day": none,
        }
    ).fill_nan(None)


def _power(control, drug, **changes):
    plan = {
        "endpoint": "relapse",
        "at": 182.625,
        "sizes": (80,),
        "trials": 1000,
        "seed": 7,
        "follow_up": 365.25,
        **changes,
    }
    return power_of_incidence_difference(control, drug, **plan)


def test_oracle_normal_theory_power_of_a_difference_in_proportions():
    control, drug = _arm(20_000, 0.60, 1), _arm(20_000, 0.38, 2)
    p, q = 0.60, 0.38
    expected = norm.cdf((p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 80) - norm.ppf(0.975))
    found = _power(control, drug)[0].power
    assert (
        abs(found - expected) < 3 * np.sqrt(expected * (1 - expected) / 1000) + 0.02
    )  # 0.02: arms of 20 000 and discreteness


def test_law_size_of_the_test_under_no_difference():
    same = _arm(20_000, 0.5, 3)
    rate = _power(same, same, trials=2000)[0].power
    assert (
        abs(rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 2000) + 0.01
    )  # 0.01: the z-test is slightly liberal at 80 an arm


def test_law_power_rises_with_size_and_repeats_exactly():
    control, drug = _arm(2000, 0.6, 4), _arm(2000, 0.4, 5)
    first, again = (_power(control, drug, sizes=(20, 60, 200), trials=300) for _ in range(2))
    assert [r.power for r in first] == sorted(r.power for r in first)
    assert first == again


def test_law_dropout_costs_power():
    control, drug = _arm(4000, 0.6, 6), _arm(4000, 0.4, 7)
    assert _power(control, drug, dropout_per_year=0.95)[0].power < _power(control, drug)[0].power


def test_fault_too_few_patients_or_different_patients():
    control = _arm(100, 0.5, 8)
    with pytest.raises(ValueError, match="different patients"):
        _power(control, control)
    with pytest.raises(ValueError, match="same patients"):
        _power(control, control.with_columns(pl.col("patient") + 1), sizes=(10,))
