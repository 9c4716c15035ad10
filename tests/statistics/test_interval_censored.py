"""Interval-censored estimates against other algorithms, grouped-data models, closed forms, and their laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.parametric import monotone_likelihood
from inferon.statistics.parametric.interval_regression import interval_regression
from inferon.statistics.parametric.interval_semiparametric import interval_semiparametric
from inferon.statistics.parametric.interval_times import interval_times
from inferon.statistics.parametric.turnbull import turnbull
from inferon.statistics.parametric.turnbull_intervals import innermost_intervals
from inferon.statistics.parametric.turnbull_self_consistent import turnbull_self_consistent

quick = settings(max_examples=40)


@st.composite
def observed(draw):
    """Left and right ends on whole days: intervals, exact times, left and right censoring."""
    rows = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6), st.booleans()), min_size=2, max_size=30))
    left = np.array([a for a, _, _ in rows], dtype=float)
    right = np.array([np.inf if b == 6 else a + b for a, b, _ in rows], dtype=float)
    right = np.where((left == 0) & (right == 0), 1.0, right)
    return left, right


def membership(left, right, cells):
    """Which innermost interval lies within which patient's interval, by the definition."""
    return np.array([
        [
            (a < c or (a == c and not (closed and a < b))) and d <= b
            for c, d, closed in zip(cells.left, cells.right, cells.closed, strict=True)
        ]
        for a, b in zip(left, right, strict=True)
    ], dtype=float)  # fmt: skip


@quick
@given(observed())
def test_law_no_mass_can_be_moved_to_gain_likelihood(ends) -> None:
    """The conditions of Gentleman & Geyer: Σ_i A_ij / P_i <= n in every innermost interval, = n where there is mass."""
    left, right = ends
    found = turnbull(left, right)
    a = membership(left, right, innermost_intervals(interval_times(left, right)))
    pull = (a / (a @ found.mass)[:, None]).sum(axis=0)
    assert found.mass.sum() == pytest.approx(1.0, abs=1e-12)
    assert pull.max() <= left.size * (1 + 1e-5)
    np.testing.assert_allclose(pull[found.mass > 1e-6], left.size, rtol=1e-4)
    assert found.log_likelihood == pytest.approx(np.log(a @ found.mass).sum(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("baseline", [None, "weibull", "gamma", "lognormal", "generalised_gamma"])
def test_law_a_patient_of_whom_nothing_is_known_changes_no_estimate(baseline) -> None:
    """Censored at time 0: the event lies somewhere in (0, inf]."""
    random = np.random.default_rng(1)
    left, x = np.floor(random.exponential(5, 60)), random.integers(0, 2, 60).astype(float)
    right = np.where(np.arange(60) < 40, left + 1, np.inf)
    unknown = (left == 0) & np.isinf(right)
    assert unknown.sum() == 4
    own = {"baseline": baseline, "baseline_at": "zero"} if baseline else {}
    fit = interval_regression if baseline else interval_semiparametric
    whole = fit(left, right, covariates={"x": x}, **own)
    kept = fit(left[~unknown], right[~unknown], covariates={"x": x[~unknown]}, **own)
    np.testing.assert_allclose(whole.coefficients, kept.coefficients, rtol=1e-8)
    assert whole.log_likelihood == pytest.approx(kept.log_likelihood, rel=1e-10)


@quick
@given(observed())
def test_double_plain_em_does_not_get_higher(ends) -> None:
    left, right = ends
    found = turnbull(left, right)
    a = membership(left, right, innermost_intervals(interval_times(left, right)))
    mass = np.full(a.shape[1], 1 / a.shape[1])
    for _ in range(400):
        mass = mass * (a / (a @ mass)[:, None]).mean(axis=0)
    assert found.log_likelihood >= np.log(a @ mass).sum() - 1e-9


@quick
@given(st.lists(st.tuples(st.integers(1, 15), st.booleans()), min_size=2, max_size=40))
def test_law_times_seen_or_right_censored_give_kaplan_meier(rows) -> None:
    time, event = (np.array(c) for c in zip(*rows, strict=True))
    event[0] = True
    found = turnbull(time, np.where(event, time, np.inf))
    grid = np.unique(time[event]).astype(float)
    expected = kaplan_meier(time, event).at(grid)["estimate"].to_numpy()
    np.testing.assert_allclose(found.at(grid)["survival"], expected, atol=1e-7)
    slow = turnbull_self_consistent(time, np.where(event, time, np.inf))
    np.testing.assert_allclose(slow.at(grid)["survival"], expected, atol=1e-9)


@quick
@given(observed(), st.randoms(use_true_random=False))
def test_property_weights_are_patients_and_order_and_unit_do_not_matter(ends, random) -> None:
    left, right = ends
    weights = np.array([random.randint(1, 3) for _ in left])
    weighted = turnbull(left, right, weights=weights)
    order = np.repeat(np.arange(left.size), weights)
    random.shuffle(order)
    repeated = turnbull(left[order] * 7, right[order] * 7)
    np.testing.assert_allclose(repeated.left, weighted.left * 7)
    assert repeated.log_likelihood == pytest.approx(weighted.log_likelihood, rel=1e-9, abs=1e-8)


def test_oracle_by_hand_innermost_intervals_and_masses() -> None:
    """(0,1], (0,2], (1,3], (2,inf): innermost (0,1], (1,2], (2,3]; two patients each way share the ends equally."""
    found = turnbull([0, 0, 1, 2], [1, 2, 3, np.inf])
    np.testing.assert_array_equal(np.column_stack([found.left, found.right]), [[0, 1], [1, 2], [2, 3]])
    np.testing.assert_allclose(found.mass, [0.5, 0.0, 0.5], atol=1e-8)
    table = found.at([0.0, 0.4, 1.5, 2.5, 3.0])
    np.testing.assert_allclose(table["survival"], [1, 1, 0.5, 0, 0], atol=1e-8)
    np.testing.assert_allclose(table["lower"], [1, 0.5, 0.5, 0, 0], atol=1e-8)
    np.testing.assert_allclose(table["upper"], [1, 1, 0.5, 0.5, 0], atol=1e-8)


def test_oracle_by_hand_a_time_seen_meets_what_ends_there_and_not_what_begins_there() -> None:
    cells = innermost_intervals(interval_times([2, 0, 2], [2, 2, 5]))
    np.testing.assert_array_equal(np.column_stack([cells.left, cells.right]), [[2, 2], [2, 5]])
    assert cells.closed.tolist() == [True, False]
    np.testing.assert_array_equal(cells.first, [0, 0, 1])
    np.testing.assert_array_equal(cells.beyond, [1, 1, 2])


def test_law_the_stopped_iteration_comes_close_and_stays_below_the_maximum() -> None:
    rng = np.random.default_rng(4)
    left = rng.uniform(0, 8, 60)
    right = np.where(rng.random(60) < 0.3, np.inf, left + rng.uniform(1, 4, 60))
    best, stopped = turnbull(left, right), turnbull_self_consistent(left, right)
    closer = turnbull_self_consistent(left, right, tolerance=1e-10)
    assert stopped.log_likelihood <= closer.log_likelihood + 1e-9 <= best.log_likelihood + 2e-9
    assert best.log_likelihood - stopped.log_likelihood < 0.05
    grid = best.right[(best.mass > 1e-6) & np.isfinite(best.right)]
    np.testing.assert_allclose(closer.at(grid)["survival"], best.at(grid)["survival"], atol=1e-5)


def cohort(n=150, seed=2, beta=(0.7, -0.4)):
    """Patients seen at months 1 to 6 (some not until the end), hazard 0.2 exp(x β)."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    month = np.ceil(rng.exponential(5, n) / np.exp(x @ beta))
    last = rng.integers(2, 7, n)
    seen = month <= last
    return np.where(seen, month - 1, last).astype(float), np.where(seen, month, np.inf), x


def grouped_fit(left, right, x, link):
    """Person-months as binary outcomes with a free intercept a month: the same model, fitted as a regression."""
    rows = []
    for a, b, values in zip(left, right, x, strict=True):
        for month in range(1, int(a) + 1):
            rows.append((month, 0.0, values))
        if np.isfinite(b):
            rows.append((int(b), 1.0, values))
    month, y, values = (np.array(c) for c in zip(*rows, strict=True))
    design = np.column_stack([(month[:, None] == np.arange(1, month.max() + 1)).astype(float), values])
    theta = np.append(np.full(int(month.max()), -1.5), np.zeros(x.shape[1]))
    for _ in range(60):
        e = np.exp(design @ theta)
        p = -np.expm1(-e)
        score = design.T @ (y * e * (1 - p) / p - (1 - y) * e)
        r = e * (1 - p) / p
        bend = y * (r - e * r - r**2) - (1 - y) * e
        information = -(design.T @ (bend[:, None] * design))
        theta = theta + np.linalg.solve(information, score)
    return theta, np.sqrt(np.diag(np.linalg.inv(information))), float((y * np.log(p) - (1 - y) * e).sum())


def test_double_common_visits_are_a_complementary_log_log_regression_of_person_months() -> None:
    left, right, x = cohort()
    theta, error, log_likelihood = grouped_fit(left, right, x, "cloglog")
    found = interval_semiparametric(left, right, covariates=x)
    np.testing.assert_allclose(found.coefficients, theta[-2:], rtol=1e-6)
    np.testing.assert_allclose(found.standard_error, error[-2:], rtol=1e-5)
    assert found.log_likelihood == pytest.approx(log_likelihood, rel=1e-10)
    months = np.cumsum(np.exp(theta[:-2]))
    np.testing.assert_allclose(found.baseline_survival[: months.size - 1], np.exp(-months)[:-1], rtol=1e-5)


@pytest.mark.parametrize("model", ["proportional_hazards", "proportional_odds"])
def test_law_turning_scaling_and_moving_a_covariate_moves_only_its_coefficient(model) -> None:
    left, right, x = cohort(seed=5)
    found = interval_semiparametric(left, right, covariates=x, model=model)
    other = interval_semiparametric(left, right, covariates={"arm": 1 - x[:, 0], "age": 10 * x[:, 1] + 50}, model=model)
    np.testing.assert_allclose(other.coefficients, found.coefficients * [-1, 0.1], rtol=1e-5)
    np.testing.assert_allclose(other.standard_error, found.standard_error * [1, 0.1], rtol=1e-5)
    assert other.log_likelihood == pytest.approx(found.log_likelihood, abs=1e-8)
    assert other.likelihood_ratio > 0 and other.terms == ("arm", "age")
    assert found.log_likelihood_null == pytest.approx(turnbull(left, right).log_likelihood, abs=1e-8)
    here = found.survival([[0.0, 0.0], [1.0, 0.0]])["survival"].to_numpy().reshape(2, -1)
    there = other.survival([{"arm": 1, "age": 50}, {"arm": 0, "age": 50}])["survival"].to_numpy().reshape(2, -1)
    np.testing.assert_allclose(here, there, atol=1e-6)


def test_double_the_convex_minorant_alone_reaches_the_same_maximum(monkeypatch) -> None:
    left, right, x = cohort(n=60, seed=9)
    fast = interval_semiparametric(left, right, covariates=x)
    curve = turnbull(left, right)
    monkeypatch.setattr(monotone_likelihood, "LIMIT_OF_DENSE", 0)
    monkeypatch.setattr(monotone_likelihood, "ROUNDS", 20_000)
    slow = interval_semiparametric(left, right, covariates=x)
    np.testing.assert_allclose(slow.coefficients, fast.coefficients, atol=1e-4)
    np.testing.assert_allclose(turnbull(left, right).mass, curve.mass, atol=1e-4)


def test_fault_bad_ends_get_their_sentence() -> None:
    with pytest.raises(ValueError, match=r"right must not lie before left: found \(3.0, 2.0\] at position 1"):
        turnbull([0, 3], [1, 2])
    with pytest.raises(ValueError, match="left must not be negative"):
        turnbull([-1], [2])
    with pytest.raises(ValueError, match="equal lengths"):
        turnbull([1, 2], [2])
    with pytest.raises(ValueError, match="weights must be above 0"):
        turnbull([1], [2], weights=[0])
    with pytest.raises(ValueError, match="the same for all patients"):
        interval_semiparametric([0, 1], [1, 2], covariates={"arm": [1, 1]})
    with pytest.raises(ValueError, match="model must be one of"):
        interval_semiparametric([0, 1], [1, 2], covariates={"arm": [0, 1]}, model="ph")  # type: ignore[arg-type]


def test_law_results_print_and_draw() -> None:
    left, right, x = cohort(n=40)
    curve, fit = turnbull(left, right), interval_semiparametric(left, right, covariates=x)
    assert "Turnbull" in repr(curve) and "n = 40" in repr(curve) and "none" in repr(curve)
    assert "proportional hazards" in repr(fit) and "profile likelihood" in repr(fit) and "Finkelstein" in repr(fit)
    assert curve.to_frame().columns == ["left", "right", "mass", "survival"]
    assert len(curve.plot().to_dict()["layer"]) == 2
