"""Enrolment, permuted blocks, dropout and cutoff."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.trial.conduct import Conduct, conduct_trial, permuted_blocks


@pytest.fixture
def covariates() -> pl.DataFrame:
    n = 3000
    return pl.DataFrame(
        {"patient": np.arange(n), "disease_status": np.where(np.arange(n) % 3 == 0, "active", "remission")}
    )


def _conduct(**changes) -> Conduct:
    return Conduct(**{"allocation": {"control": 1, "drug": 1}, "strata": ("disease_status",), **changes})


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**40),
    ratio=st.sampled_from([(1, 1), (2, 1), (1, 3)]),
    strata=st.lists(st.sampled_from("abc"), max_size=90),
)
def test_property_permuted_blocks_hold_the_exact_ratio_in_every_full_block(seed, ratio, strata):
    allocation = {"control": ratio[0], "drug": ratio[1]}
    size = 2 * sum(ratio)
    arms = permuted_blocks(strata, allocation, size, seed=seed)
    for stratum in set(strata):
        own = [arm for arm, s in zip(arms, strata, strict=True) if s == stratum]
        for first in range(0, len(own) - size + 1, size):
            block = own[first : first + size]
            assert [block.count("control"), block.count("drug")] == [2 * ratio[0], 2 * ratio[1]]


def test_law_nobody_enrols_twice_and_days_rise(covariates):
    trial = conduct_trial(covariates, 400, _conduct(), seed=1)
    assert trial["patient"].n_unique() == len(trial) == 400
    assert trial["enrolled_day"].is_sorted()


def test_law_arms_are_balanced_within_half_a_block_in_every_stratum(covariates):
    trial = conduct_trial(covariates, 401, _conduct(), seed=2)
    counts = trial.group_by("stratum", "arm").len().pivot("arm", index="stratum", values="len")
    assert ((counts["control"].cast(pl.Int64) - counts["drug"].cast(pl.Int64)).abs() <= 2).all()


def test_law_accrual_rate_within_monte_carlo_error(covariates):
    trial = conduct_trial(covariates, 2000, _conduct(accrual_per_month=4.0), seed=3)
    months = trial["enrolled_day"][-1] / 30.4375
    assert abs(months - 500) < 3 * 500 / np.sqrt(2000)


def test_law_cutoff_censors_and_leaves_out_late_patients(covariates):
    trial = conduct_trial(covariates, 500, _conduct(cutoff=600.0, accrual_per_month=15), seed=4)
    assert len(trial) < 500
    assert (trial["enrolled_day"] + trial["censor_day"] <= 600.0 + 1e-9).all()
    assert (trial["censor_day"] >= 0).all()


def test_law_dropout_share_within_monte_carlo_error(covariates):
    trial = conduct_trial(covariates, 3000, _conduct(dropout_per_year=0.2), seed=5)
    lost = (trial["censor_day"] < 365.25).mean()
    assert abs(lost - 0.2) < 3 * np.sqrt(0.2 * 0.8 / 3000)


def test_law_trials_differ_and_repeat(covariates):
    first, again = (conduct_trial(covariates, 60, _conduct(), seed=6, trial=1) for _ in range(2))
    other = conduct_trial(covariates, 60, _conduct(), seed=6, trial=2)
    assert first.equals(again)
    assert not first.equals(other)


def test_fault_block_size_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="no multiple of the allocation"):
        _conduct(block_size=3)


def test_fault_more_patients_than_there_are(covariates):
    with pytest.raises(ValueError, match="without replacement"):
        conduct_trial(covariates, 3001, _conduct(), seed=1)
