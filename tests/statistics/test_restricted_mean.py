"""Restricted means, their contrasts and their regression: laws, hand-worked numbers, and coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from inferon.statistics.curves.adjusted_rmst import adjusted_restricted_means
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.restricted_time_lost import restricted_mean_time_lost
from inferon.statistics.curves.rmst import restricted_mean
from inferon.statistics.curves.rmst_comparison import compare_restricted_means
from inferon.statistics.curves.rmst_regression import restricted_mean_regression

TIGHT = {"rtol": 1e-9, "atol": 1e-9}
quick = settings(max_examples=50)
patients = st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(1, 3)), min_size=2, max_size=40)


def columns(rows):
    time, event, weight = (np.array(column) for column in zip(*rows, strict=True))
    return time.astype(float), event, weight


def trial(seed=5, n=120, effect=0.5):
    random = np.random.default_rng(seed)
    arm, age = random.integers(0, 2, n), random.normal(50, 10, n)
    time, cut = random.exponential(12 * np.exp(effect * arm - 0.02 * (age - 50))), random.uniform(8, 30, n)
    return np.minimum(time, cut), time <= cut, arm, age


@quick
@given(patients, st.floats(0.5, 12))
def test_law_without_censoring_it_is_the_mean_of_the_truncated_times(rows, tau) -> None:
    time, _, _ = columns(rows)
    result = restricted_mean(time, np.ones(time.size), tau=tau)
    cut = np.minimum(time, tau)
    assert result.estimate == pytest.approx(cut.mean())
    assert result.standard_error == pytest.approx(cut.std() / np.sqrt(time.size), abs=1e-9)


@quick
@given(patients, st.floats(0.5, 15))
def test_double_area_equals_a_plain_sum_of_rectangles(rows, tau) -> None:
    time, event, _ = columns(rows)
    result = restricted_mean(time, event, tau=tau, extend=True)
    edges = np.unique(np.append(time[time < tau], [0, tau]))
    level = [kaplan_meier(time, event).at([left])["estimate"].item() for left in edges[:-1]]
    assert result.estimate == pytest.approx(np.diff(edges) @ level)
    total = 0.0
    for u in set(time[event & (time <= tau)]):
        y, d = (time >= u).sum(), ((time == u) & event).sum()
        ahead = sum(w * s for left, w, s in zip(edges[:-1], np.diff(edges), level, strict=True) if left >= u)
        total += ahead**2 * d / (y * (y - d)) if y > d else 0.0
    assert result.standard_error == pytest.approx(total**0.5, abs=1e-9)


@quick
@given(patients, st.floats(0.5, 15))
def test_law_jackknife_and_greenwood_agree_and_time_lost_adds_up(rows, tau) -> None:
    time, event, _ = columns(rows)
    plain, robust = (
        restricted_mean(time, event, tau=tau, extend=True, variance=form)
        for form in ("greenwood", "infinitesimal_jackknife")
    )
    assert robust.standard_error == pytest.approx(plain.standard_error, abs=1e-7)
    lost = restricted_mean_time_lost(time, event, tau=tau, causes=[1])
    assert plain.time_lost == pytest.approx(lost.mean_time[1])
    assert plain.estimate + plain.time_lost == pytest.approx(tau)


@quick
@given(patients, st.floats(0.5, 12))
def test_law_weights_replicate_patients_and_split_records_are_one_patient(rows, tau) -> None:
    time, event, weight = columns(rows)
    weighted = restricted_mean(time, event, tau=tau, weights=weight, extend=True)
    repeated = restricted_mean(np.repeat(time, weight), np.repeat(event, weight), tau=tau, extend=True)
    np.testing.assert_allclose(
        [weighted.estimate, weighted.standard_error], [repeated.estimate, repeated.standard_error], **TIGHT
    )  # fmt: skip
    later = time > 3
    split = restricted_mean(
        np.append(np.minimum(time, 3), time[later]), np.append(event & ~later, event[later]), tau=tau, extend=True,
        start=np.append(np.full(time.size, -1.0), np.full(later.sum(), 3.0)),
    )  # fmt: skip
    whole = restricted_mean(time, event, tau=tau, extend=True)
    np.testing.assert_allclose([split.estimate, split.standard_error], [whole.estimate, whole.standard_error], **TIGHT)


def test_double_contrasts_worked_by_hand() -> None:
    """Two arms of two, uncensored, τ = 4: means 2 and 3.5, variances 0.5 and 0.125."""
    result = compare_restricted_means([1, 3, 3, 6], [1, 1, 1, 1], ["c", "c", "e", "e"], tau=4)
    assert [arm.estimate for arm in result.arms] == [2.0, 3.5]
    assert result.difference.standard_error == pytest.approx(0.625**0.5)
    assert result.difference.p_value == pytest.approx(2 * norm.sf(1.5 / 0.625**0.5))
    assert result.ratio.estimate == pytest.approx(1.75)
    assert result.ratio.standard_error == pytest.approx((0.5 / 4 + 0.125 / 3.5**2) ** 0.5)
    assert result.ratio.lower == pytest.approx(1.75 * np.exp(-norm.ppf(0.975) * result.ratio.standard_error))
    assert result.time_lost_ratio.estimate == pytest.approx(0.25)
    assert result.time_lost_ratio.standard_error == pytest.approx((0.5 / 4 + 0.125 / 0.25) ** 0.5)


def test_law_arms_swapped_change_signs_and_unit_of_time_scales_the_difference() -> None:
    time, event, arm, _ = trial()
    one = compare_restricted_means(time, event, arm, tau=10)
    other = compare_restricted_means(30 * time, event, arm, tau=300, reference=1)
    assert other.difference.estimate == pytest.approx(-30 * one.difference.estimate)
    assert other.difference.p_value == pytest.approx(one.difference.p_value)
    assert other.ratio.estimate == pytest.approx(1 / one.ratio.estimate)
    assert other.time_lost_ratio.lower == pytest.approx(1 / one.time_lost_ratio.upper)


@pytest.mark.parametrize(("last", "expected"), [((1, 1), 9.0), ((0, 1), 9.0), ((1, 0), 6.0), ((0, 0), 6.0)])
def test_oracle_survrm2_default_horizon_is_the_last_time_both_curves_are_known(last, expected) -> None:
    """The four cases of rmst2's help page: last follow-up 9 in one arm and 6 in the other, each an event or censored."""
    longer, shorter = last
    result = compare_restricted_means([2, 9, 1, 6], [1, longer, 1, shorter], [0, 0, 1, 1])
    assert result.tau == expected


def test_double_without_censoring_regression_is_least_squares_with_its_sandwich() -> None:
    random = np.random.default_rng(2)
    x, time = random.normal(size=60), random.exponential(5, 60)
    fit = restricted_mean_regression(time, np.ones(60), tau=6, covariates={"x": x})
    design, cut = np.column_stack([np.ones(60), x]), np.minimum(time, 6)
    beta = np.linalg.lstsq(design, cut, rcond=None)[0]
    score = design * (cut - design @ beta)[:, None]
    inverse = np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(fit.coefficients, beta, rtol=1e-9)
    np.testing.assert_allclose(fit.variance, inverse @ (score.T @ score) @ inverse, rtol=1e-9)


def test_law_arm_alone_gives_the_areas_under_the_two_curves() -> None:
    """Without covariates and without ties the weighted means are the Kaplan–Meier areas."""
    time, event, arm, _ = trial()
    plain = compare_restricted_means(time, event, arm, tau=8)
    models = {
        link: restricted_mean_regression(
            time, event, tau=8, covariates={"arm": arm}, censoring_groups=arm, link=link, lost=lost
        )
        for link, lost in (("identity", False), ("log", True))
    }
    assert models["identity"].coefficients[1] == pytest.approx(plain.difference.estimate)
    assert models["identity"].standard_error[1] == pytest.approx(plain.difference.standard_error, rel=0.02)
    assert np.exp(models["log"].coefficients[1]) == pytest.approx(plain.time_lost_ratio.estimate)
    assert models["log"].standard_error[1] == pytest.approx(plain.time_lost_ratio.standard_error, rel=0.02)


def test_law_adjustment_for_a_constant_shift_of_covariates_changes_nothing() -> None:
    time, event, arm, age = trial()
    one = adjusted_restricted_means(time, event, arm, tau=8, covariates={"age": age})
    other = adjusted_restricted_means(time, event, arm, tau=8, covariates={"age": (age - 50) / 10})
    for first, second in zip(one.contrasts, other.contrasts, strict=True):
        assert first.estimate == pytest.approx(second.estimate)
        assert first.standard_error == pytest.approx(second.standard_error)


def test_double_limits_of_the_difference_cover_it_19_times_in_20() -> None:
    """2,000 trials of 2 × 100: coverage 0.95 within 3 Monte-Carlo errors (0.0049 each) and 0.5 % for small samples."""
    random = np.random.default_rng(8)
    truth = 8 * (1 - np.exp(-10 / 8)) - 5 * (1 - np.exp(-10 / 5))
    hits, arm = 0, np.repeat([0, 1], 100)
    for _ in range(2000):
        time, cut = random.exponential(np.where(arm, 8, 5)), random.uniform(8, 25, 200)
        found = compare_restricted_means(np.minimum(time, cut), time <= cut, arm, tau=10).difference
        hits += found.lower <= truth <= found.upper
    assert abs(hits / 2000 - 0.95) < 0.02, f"coverage {hits / 2000:.4f}, Monte-Carlo error 0.0049"


def test_fault_horizons_and_covariates_that_cannot_be_used_are_refused() -> None:
    time, event, arm, age = trial()
    with pytest.raises(ValueError, match=r"tau = 90 lies beyond the last follow-up .* see `extend`"):
        restricted_mean(time, event & (time < time.max()), tau=90)
    with pytest.raises(ValueError, match="tau must be a finite number above 0"):
        restricted_mean(time, event, tau=0)
    with pytest.raises(ValueError, match="tau = 90 lies beyond the last follow-up"):
        restricted_mean_regression(time, event & (time < time.max()), tau=90, covariates=age)
    with pytest.raises(ValueError, match="not independent"):
        adjusted_restricted_means(time, event, arm, tau=8, covariates={"a": age, "b": 2 * age})
    with pytest.raises(ValueError, match="must not be called arm"):
        adjusted_restricted_means(time, event, arm, tau=8, covariates={"arm": age})
    with pytest.raises(ValueError, match="exactly two groups"):
        compare_restricted_means(time, event, np.arange(time.size) % 3, tau=8)
    with pytest.raises(ValueError, match="does not settle"):
        restricted_mean_regression(
            [9, 9, 1, 2], [1, 1, 1, 1], tau=8, covariates=[0, 0, 1, 1], link="log", lost=True
        )  # fmt: skip


def test_golden_results_print_what_they_hold() -> None:
    time, event, arm, age = trial()
    assert "variance: Greenwood" in repr(compare_restricted_means(time, event, arm, tau=8))
    assert "adjusted for age" in repr(adjusted_restricted_means(time, event, arm, tau=8, covariates={"age": age}))
    table = compare_restricted_means(time, event, arm, tau=8).to_frame()
    assert table["contrast"].to_list() == ["difference of means", "ratio of means", "ratio of time lost"]
