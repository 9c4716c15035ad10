"""The Cox model against slow second implementations of the same formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from inferon.statistics.regression.concordance import risk_concordance
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.cox_exact import exact_derivatives
from inferon.statistics.regression.cox_likelihood import derivatives
from inferon.statistics.regression.cox_risk_sets import risk_sets
from inferon.statistics.regression.frailty import gamma_frailty
from inferon.statistics.shared.rank_sums import rank_sums

from .slow_cox import gradient, log_likelihood, pairs

quick = settings(max_examples=25)


def rows_of(seed, n=30, *, weighted=True):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, n).astype(float)
    stop = start + rng.integers(1, 6, n)
    event = rng.random(n) < 0.6
    event[np.argmax(stop)] = True
    weight = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    return start, stop, event, rng.integers(0, 3, n), weight, rng.normal(size=(n, 2)).round(1)


@quick
@given(st.integers(0, 10_000), st.sampled_from(["efron", "breslow", "exact"]))
def test_double_likelihood_score_and_information(seed, ties) -> None:
    rows = rows_of(seed, 18 if ties == "exact" else 30, weighted=ties != "exact")
    start, stop, event, stratum, weight, x = rows
    beta = np.array([0.4, -0.7])
    sets = risk_sets(start, stop, event, stratum=stratum, efron=ties == "efron")
    form = exact_derivatives if ties == "exact" else derivatives
    value, score, information = form(sets, x, x @ beta, weight)
    assert value == pytest.approx(log_likelihood(beta, rows, ties=ties), rel=1e-10)
    np.testing.assert_allclose(
        score, gradient(lambda b: log_likelihood(b, rows, ties=ties), beta), rtol=1e-6, atol=1e-6
    )
    second = [gradient(lambda b, k=k: form(sets, x, x @ b, weight)[1][k], beta) for k in range(2)]
    np.testing.assert_allclose(information, -np.array(second), rtol=1e-6, atol=1e-6)


@quick
@given(st.integers(0, 10_000))
def test_double_concordant_pairs_are_counted_one_by_one(seed) -> None:
    rows = rows_of(seed)
    start, stop, event, stratum, weight, x = rows
    risk = x[:, 0]

    def found(w):
        return risk_concordance(risk, stop, event, start=start, weight=w, stratum=stratum)

    result = found(weight)
    np.testing.assert_allclose(result.pairs, pairs(risk, rows), rtol=1e-10, atol=1e-10)
    moves = gradient(lambda w: found(w).estimate, weight, step=1e-6) * weight
    assert result.standard_error == pytest.approx(np.sqrt(moves @ moves), rel=1e-4)


@quick
@given(st.integers(0, 10_000))
def test_double_ranks_within_stretches(seed) -> None:
    rng = np.random.default_rng(seed)
    ranks, weights = rng.integers(0, 9, 40), rng.random(40)
    left = rng.integers(0, 40, 25)
    right, value = left + rng.integers(0, 41 - left), rng.integers(0, 12, 25)
    below, equal = rank_sums(ranks, weights, left=left, right=right, value=value)
    for k in range(25):
        inside, those = weights[left[k] : right[k]], ranks[left[k] : right[k]]
        assert below[k] == pytest.approx(inside[those < value[k]].sum(), abs=1e-12)
        assert equal[k] == pytest.approx(inside[those == value[k]].sum(), abs=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_double_dfbeta_is_the_derivative_with_respect_to_weights(ties) -> None:
    start, stop, event, stratum, weight, x = rows_of(5, 60)

    def coefficients(w):
        return cox(stop, event, covariates=x, start=start, strata=stratum, weights=w, ties=ties).coefficients

    model = cox(stop, event, covariates=x, start=start, strata=stratum, weights=weight, ties=ties)
    dfbeta = model.residuals("dfbeta")
    for row in range(0, 60, 7):
        up, down = (weight + sign * 1e-4 * (np.arange(60) == row) for sign in (1, -1))
        slope = (coefficients(up) - coefficients(down)) / 2e-4 * weight[row]
        np.testing.assert_allclose(dfbeta[row], slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("transform", ["identity", "log"])
def test_double_proportionality_is_the_score_test_of_a_covariate_times_time(transform) -> None:
    """Rows are cut at every event time, x · g(t) is added as a covariate, and its score taken at the fitted model."""
    _, stop, event, _, _, x = rows_of(11, 50, weighted=False)
    model = cox(stop, event, covariates=x)
    cuts = np.unique(stop[event])
    which, until = np.nonzero(cuts <= stop[:, None])
    begins = np.where(until == 0, -1.0, cuts[np.maximum(until - 1, 0)])
    died = event[which] & (stop[which] == cuts[until])
    clock = cuts[until] if transform == "identity" else np.log(cuts[until])
    wide = np.column_stack([x[which], x[which] * clock[:, None]])
    beta = np.append(model.coefficients, np.zeros(2))
    _, score, information = derivatives(risk_sets(begins, cuts[until], died), wide, wide @ beta, np.ones(which.size))
    expected = score @ np.linalg.solve(information, score)
    result = model.proportional_hazards(transform)
    assert result.statistic[-1] == pytest.approx(expected, rel=1e-6)
    one = np.array([0, 1, 2])
    part = score[one] @ np.linalg.solve(information[np.ix_(one, one)], score[one])
    assert result.statistic[0] == pytest.approx(part, rel=1e-6)


def test_double_survival_error_is_the_delta_method_of_simulated_samples() -> None:
    """With β known the variance is Σ 1/R²; with it estimated, q'Vq is added: both against the bootstrap's spread."""
    rng = np.random.default_rng(3)
    n = 300
    x = rng.integers(0, 2, n).astype(float)
    time, event = rng.exponential(1 / np.exp(0.5 * x)), rng.random(n) < 0.8
    predicted = cox(time, event, covariates=x).predict([[1.0]], times=[0.5])
    samples = []
    for _ in range(300):
        chosen = rng.integers(0, n, n)
        again = cox(time[chosen], event[chosen], covariates=x[chosen]).predict([[1.0]], times=[0.5])
        samples.append(again.survival[0, 0])
    # the standard deviation of 300 draws is known to 1 / sqrt(2 · 299) = 4 %; 15 % is more than three of those
    assert np.std(samples, ddof=1) == pytest.approx(predicted.standard_error[0, 0], rel=0.15)


def test_double_gamma_frailty_is_integrated_numerically() -> None:
    """At θ̂ the marginal likelihood of each centre, ∫ Z^d exp(-Z A) f(Z) dZ, with the fitted hazards."""
    rng = np.random.default_rng(8)
    centre = np.repeat(np.arange(12), 10)
    frailty, x = rng.gamma(2, 0.5, 12)[centre], rng.normal(size=120)
    time = rng.exponential(1 / (frailty * np.exp(0.7 * x)))
    event = time < 2
    model = gamma_frailty(np.minimum(time, 2), event, group=centre, covariates={"x": x}, ties="breslow")
    theta = model.frailty_variance
    risk = np.exp((x - x.mean()) * model.coefficients[0])
    carried = risk * model.frailties[centre]
    stop = np.minimum(time, 2)
    steps = np.array([1 / carried[stop >= t].sum() if died else 0.0 for t, died in zip(stop, event, strict=True)])
    hazard = np.array([steps[stop <= t].sum() for t in stop])
    total = np.log(risk[event] * steps[event]).sum() + event.sum()
    shape = 1 / theta
    for code in range(12):
        here = centre == code
        d, met = event[here].sum(), (risk * hazard)[here].sum()
        value, _ = quad(
            lambda z, d=d, met=met: z**d * np.exp(-z * met) * z ** (shape - 1) * np.exp(-z * shape), 0, 60, limit=200
        )
        total += np.log(value) + shape * np.log(shape) - np.log(quad(lambda z: z ** (shape - 1) * np.exp(-z), 0, 80)[0])
    assert model.log_likelihood[1] == pytest.approx(total, rel=1e-6)
    assert model.log_likelihood[1] > model.log_likelihood[0]


def test_law_without_centre_effect_the_frailty_variance_is_zero_and_the_model_is_coxs() -> None:
    rng = np.random.default_rng(1)
    x, time = rng.normal(size=80), rng.exponential(size=80)
    centre = np.argsort(np.argsort(time)) % 8
    model = gamma_frailty(time, np.ones(80), group=centre, covariates={"x": x})
    plain = cox(time, np.ones(80), covariates={"x": x})
    assert model.frailty_variance < 1e-3
    assert model.coefficients[0] == pytest.approx(plain.coefficients[0], rel=1e-3)
    assert model.log_likelihood[0] == pytest.approx(plain.log_likelihood[1], rel=1e-12)


def test_fault_frailty_needs_groups_and_ties_it_knows() -> None:
    columns = {"time": [1, 2, 3], "event": [1, 1, 1], "covariates": [0.0, 1.0, 0.5]}
    with pytest.raises(ValueError, match="two groups or more"):
        gamma_frailty(**columns, group=["a"] * 3)
    with pytest.raises(ValueError, match="efron or breslow"):
        gamma_frailty(**columns, group=["a", "b", "a"], ties="exact")
