"""Max-combo, the normal integral beneath it, and the one-sample log-rank test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, multivariate_normal, norm

from inferon.statistics.comparisons import log_rank_weights as weights
from inferon.statistics.comparisons.max_combo import max_combo
from inferon.statistics.comparisons.normal_rectangle import normal_rectangle
from inferon.statistics.comparisons.one_sample_log_rank import one_sample_log_rank
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank
from inferon.statistics.curves.nelson_aalen import nelson_aalen

quick = settings(max_examples=40)
LATE = (weights.FlemingHarrington(0, 0), weights.FlemingHarrington(0, 1))


def trial(seed=3, n=80):
    random = np.random.default_rng(seed)
    arm = random.integers(0, 2, n)
    time, cut = random.exponential(10 + 6 * arm), random.uniform(3, 25, n)
    return np.ceil(np.minimum(time, cut)), time <= cut, np.where(arm, "new", "old")


@quick
@given(st.lists(st.floats(-0.9, 0.9), min_size=3, max_size=3))
def test_double_orthant_probability_of_three_equals_its_arcsine_formula(r) -> None:
    matrix = np.array([[1, r[0], r[1]], [r[0], 1, r[2]], [r[1], r[2], 1]])
    if np.linalg.eigvalsh(matrix)[0] < 1e-3:
        return
    exact = 1 / 8 + np.arcsin(r).sum() / (4 * np.pi)
    assert normal_rectangle([0] * 3, [np.inf] * 3, matrix) == pytest.approx(exact, abs=2e-5)


def test_double_rectangles_equal_those_of_scipy() -> None:
    matrix = np.array([[1, 0.5, 0.3, 0.2], [0.5, 1, 0.2, -0.4], [0.3, 0.2, 1, 0.1], [0.2, -0.4, 0.1, 1]])
    low, high = np.array([-1, -2, -0.5, -np.inf]), np.array([1, 0.3, 2, 0.8])
    theirs = multivariate_normal(cov=matrix).cdf(high, lower_limit=low)
    assert normal_rectangle(low, high, matrix) == pytest.approx(theirs, abs=2e-5)


def test_law_singular_and_independent_correlations_have_known_answers() -> None:
    ones = np.ones((3, 3))
    assert normal_rectangle([-1] * 3, [2, 1, 3], ones) == pytest.approx(norm.cdf(1) - norm.cdf(-1), abs=1e-12)
    assert normal_rectangle([0, 0], [9, 9], [[1, -1], [-1, 1]]) == 0.0
    product = (norm.cdf(1) - norm.cdf(-1)) * norm.cdf(-6)
    assert normal_rectangle([-1, -np.inf], [1, -6], np.eye(2)) == pytest.approx(product, rel=1e-9)
    assert normal_rectangle([-1.96], [1.96], [[1]]) == pytest.approx(0.95, abs=1e-4)


def test_law_third_variable_that_is_a_mixture_of_two_adds_no_dimension() -> None:
    matrix = np.array([[1, 0.2], [0.2, 1]])
    mixture = np.array([0.6, 0.7]) / np.sqrt(np.array([0.6, 0.7]) @ matrix @ np.array([0.6, 0.7]))
    whole = np.block([[matrix, (matrix @ mixture)[:, None]], [(matrix @ mixture)[None, :], np.ones((1, 1))]])
    two = normal_rectangle([0, 0], [np.inf, np.inf], matrix)
    assert normal_rectangle([0, 0, 0], [np.inf] * 3, whole) == pytest.approx(two, abs=1e-5)
    assert two == pytest.approx(0.25 + np.arcsin(0.2) / (2 * np.pi), abs=1e-5)


def test_law_one_weight_alone_is_its_weighted_log_rank_test() -> None:
    for weight in (weights.Gehan(), weights.FlemingHarrington(0, 1)):
        alone = max_combo(*trial(), weights=[weight], reference="old")
        known = weighted_log_rank(*trial(), weight=weight)
        assert alone.z[0] == pytest.approx(known.z(reference="old"))
        assert alone.p_value == pytest.approx(known.p_value, rel=1e-9)
        assert max_combo(*trial(), weights=[weight] * 3).p_value == pytest.approx(known.p_value, rel=1e-6)


def test_law_sides_and_arms_mirror_each_other() -> None:
    less = max_combo(*trial(), reference="old", alternative="less")
    mirrored = max_combo(*trial(), reference="new", alternative="greater")
    assert less.p_value == pytest.approx(mirrored.p_value, rel=1e-12)
    np.testing.assert_allclose(less.z, -mirrored.z)
    two = max_combo(*trial(), reference="old")
    assert norm.cdf(less.z.min()) <= less.p_value <= norm.cdf(less.z).sum()
    assert two.p_value == pytest.approx(2 * less.p_value, rel=0.02)


def test_double_two_weights_equal_the_bivariate_normal() -> None:
    result = max_combo(*trial(), weights=LATE)
    limit = np.abs(result.z).max()
    inside = multivariate_normal(cov=result.correlation).cdf([limit] * 2, lower_limit=[-limit] * 2)
    assert result.p_value == pytest.approx(1 - inside, abs=1e-5)


def test_double_error_rate_of_max_combo_under_the_hypothesis() -> None:
    """200 trials without difference: the share with p < 0.1 is 0.1 within 3 Monte-Carlo errors (0.021 each)."""
    random = np.random.default_rng(11)
    low = 0
    for _ in range(200):
        time, cut = random.exponential(10, 60), random.uniform(3, 25, 60)
        p = max_combo(np.minimum(time, cut), time <= cut, np.arange(60) % 2, weights=LATE).p_value
        low += p < 0.1
    assert abs(low / 200 - 0.1) < 0.064


@quick
@given(
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=2, max_size=40).filter(
        lambda r: any(e for _, e in r)
    )
)
def test_law_against_its_own_nelson_aalen_curve_an_arm_has_what_is_expected(rows) -> None:
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    own = nelson_aalen(time, event)
    hazard = np.append(0.0, own.estimate)[np.searchsorted(own.time, time, side="right")]
    result = one_sample_log_rank(time, event, cumulative_hazard=hazard)
    assert result.expected == pytest.approx(event.sum())
    assert (result.z, result.p_value) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_double_one_sample_test_worked_by_hand() -> None:
    """Four patients against a hazard of 0.1: E = 0.1 (2 + 5 + 7 + 10) = 2.4, O = 3."""
    time, event = [2, 5, 7, 10], [1, 1, 0, 1]
    result = one_sample_log_rank(time, event, cumulative_hazard=lambda t: 0.1 * t)
    assert (result.observed, result.expected) == (3, pytest.approx(2.4))
    assert result.z == pytest.approx(0.6 / 2.4**0.5)
    assert result.p_value == pytest.approx(chi2.sf(0.36 / 2.4, 1))
    exact = chi2.ppf(0.025, 6) / 2 / 2.4, chi2.ppf(0.975, 8) / 2 / 2.4
    assert (result.lower, result.upper) == pytest.approx(exact)
    averaged = one_sample_log_rank(
        time, event, cumulative_hazard=lambda t: 0.1 * t, variance="mean_of_observed_and_expected"
    )  # fmt: skip
    assert averaged.z == pytest.approx(0.6 / 2.7**0.5)


def test_law_one_sample_follow_up_split_in_two_is_the_whole() -> None:
    whole = one_sample_log_rank([4, 9], [0, 1], cumulative_hazard=lambda t: 0.02 * t**2)
    split = one_sample_log_rank(
        [4, 6, 9], [0, 0, 1], cumulative_hazard=lambda t: 0.02 * t**2, start=[0, 0, 6]
    )  # fmt: skip
    assert split.expected == pytest.approx(whole.expected)
    assert split.z == pytest.approx(whole.z)


def test_fault_what_cannot_be_compared_is_refused() -> None:
    time, event, group = trial()
    with pytest.raises(ValueError, match="of two groups, found 3"):
        max_combo(time, event, np.arange(time.size) % 3)
    with pytest.raises(ValueError, match="nothing can be compared with weight EarlyZero"):
        max_combo(time, event, group, weights=[weights.EarlyZero(1e9)])
    with pytest.raises(ValueError, match="weights is empty"):
        max_combo(time, event, group, weights=[])
    with pytest.raises(ValueError, match="alternative must be one of"):
        max_combo(time, event, group, alternative="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not fall"):
        one_sample_log_rank([2.0], [1], cumulative_hazard=lambda t: 3 - t, start=[1.0])
    with pytest.raises(ValueError, match="predicts no event"):
        one_sample_log_rank([2.0], [1], cumulative_hazard=[0.0])
    with pytest.raises(ValueError, match="as a function of time"):
        one_sample_log_rank([2.0], [1], cumulative_hazard=[0.5], start=[1.0])
    with pytest.raises(ValueError, match="negative eigenvalues"):
        normal_rectangle([0, 0], [1, 1], [[1, 2], [2, 1]])


def test_golden_results_print_what_they_hold() -> None:
    assert "one-sided, less" in repr(max_combo(*trial(), alternative="less"))
    assert "exact limits" in repr(one_sample_log_rank([3.0], [1], cumulative_hazard=[0.5]))
    assert max_combo(*trial()).to_frame().height == 4
