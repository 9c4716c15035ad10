"""Parametric survival models against closed forms, plain optimisation and each other."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import gamma as gamma_law
from scipy.stats import genextreme, norm
from scipy.stats import t as student_law

from inferon.statistics.parametric.accelerated_failure_time import (
    accelerated_failure_time,
    interval_accelerated_failure_time,
)
from inferon.statistics.parametric.accelerated_failure_time_model import OF_LOG_TIME
from inferon.statistics.parametric.baseline_distributions import BASELINES
from inferon.statistics.parametric.interval_regression import interval_regression
from inferon.statistics.parametric.mixture_cure import mixture_cure
from inferon.statistics.parametric.piecewise_exponential import piecewise_exponential

NAMES = ["weibull", "exponential", "rayleigh", "lognormal", "loglogistic", "gaussian", "logistic", "extreme", "t"]


def cohort(n=120, seed=1):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    time = np.exp(1.5 + x @ [0.4, -0.3]) * rng.weibull(1.4, n)
    end = rng.uniform(2, 12, n)
    return np.minimum(time, end), time <= end, x


def test_oracle_closed_form_of_the_exponential() -> None:
    time, event, _ = cohort()
    fit = accelerated_failure_time(time, event, distribution="exponential")
    d, total = event.sum(), time.sum()
    assert fit.coefficients[0] == pytest.approx(np.log(total / d), rel=1e-12)
    assert fit.standard_error[0] == pytest.approx(d**-0.5, rel=1e-10)
    assert fit.log_likelihood == pytest.approx(d * np.log(d / total) - d, rel=1e-12)
    assert fit.survival([3.0])[0, 0] == pytest.approx(np.exp(-3 * d / total), rel=1e-10)


def test_oracle_uncensored_gaussian_is_least_squares() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 2))
    y = 9 + x @ [1.0, -2.0] + rng.normal(size=50)
    fit = accelerated_failure_time(y, np.ones(50), covariates=x, distribution="gaussian")
    design = np.column_stack([np.ones(50), x])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(fit.coefficients[:3], beta, rtol=1e-9)
    assert fit.scale[0] == pytest.approx(np.sqrt(((y - design @ beta) ** 2).mean()), rel=1e-8)


def plain_log_likelihood(parameters, name, left, right, x):
    mean, sigma = parameters[0] + x @ parameters[1:3], np.exp(parameters[3])
    law = {"weibull": genextreme(0), "lognormal": norm(), "t": student_law(4), "loglogistic": None}[name]
    with np.errstate(divide="ignore"):
        ends = [np.log(e) if name in OF_LOG_TIME else e for e in (left, right)]
    z = [(e - mean) / sigma for e in ends]
    if law is None:
        above = [1 / (1 + np.exp(v)) for v in z]
        density = above[0] * (1 - above[0])
    elif name == "weibull":  # the smallest extreme value is the largest one turned over
        above, density = [law.cdf(-v) for v in z], law.pdf(-z[0])
    else:
        above, density = [law.sf(v) for v in z], law.pdf(z[0])
    exact = left == right
    jacobian = left if name in OF_LOG_TIME else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(exact, np.log(density / sigma / jacobian), np.log(above[0] - above[1]))
    return rows.sum()


@pytest.mark.parametrize("name", ["weibull", "lognormal", "loglogistic", "t"])
def test_double_all_kinds_of_censoring_against_plain_optimisation(name) -> None:
    time, event, x = cohort(seed=6)
    kind = np.arange(time.size) % 3
    left = np.where(kind == 0, time, np.where(kind == 1, time * 0.8, 0.0))
    right = np.where(kind == 0, time, time * 1.1)
    left, right = np.where(event, left, time), np.where(event, right, np.inf)
    below = np.where((left == 0) & (name not in OF_LOG_TIME), -np.inf, left)
    fit = interval_accelerated_failure_time(left, right, covariates=x, distribution=name)

    def objective(parameters):
        return -plain_log_likelihood(parameters, name, below, right, x)

    assert fit.log_likelihood == pytest.approx(-objective(fit.coefficients), rel=1e-10)
    best = minimize(
        objective,
        fit.coefficients + 0.05,
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000},
    )
    np.testing.assert_allclose(fit.coefficients, best.x, atol=2e-4)
    h = 1e-4
    second = np.array([
        [
            sum(
                s * r * objective(fit.coefficients + h * (s * np.eye(4)[i] + r * np.eye(4)[j]))
                for s in (-1, 1)
                for r in (-1, 1)
            )
            / (4 * h * h)
            for j in range(4)
        ]
        for i in range(4)
    ])  # fmt: skip
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(second), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_law_weights_are_patients_and_time_may_be_rescaled(name) -> None:
    time, event, x = cohort(n=60)
    weights = 1 + np.arange(60) % 3
    repeated = np.repeat(np.arange(60), weights)
    a = accelerated_failure_time(time, event, covariates=x, distribution=name, weights=weights)
    b = accelerated_failure_time(time[repeated], event[repeated], covariates=x[repeated], distribution=name)
    np.testing.assert_allclose(a.coefficients, b.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(a.standard_error, b.standard_error, rtol=1e-5)
    slow = accelerated_failure_time(time * 12, event, covariates=x, distribution=name, weights=weights)
    if name in OF_LOG_TIME:
        np.testing.assert_allclose(slow.coefficients[1:], a.coefficients[1:], rtol=1e-6, atol=1e-7)
        assert slow.coefficients[0] == pytest.approx(a.coefficients[0] + np.log(12), rel=1e-7)
    else:
        np.testing.assert_allclose(slow.coefficients[:3], 12 * a.coefficients[:3], rtol=1e-5, atol=1e-6)


def test_law_splitting_follow_up_is_delayed_entry() -> None:
    time, event, x = cohort(n=80)
    cut = 2.0
    later = time > cut
    parts = {
        "time": np.concatenate([np.minimum(time, cut), time[later]]),
        "event": np.concatenate([event & ~later, event[later]]),
        "start": np.concatenate([np.zeros(80), np.full(later.sum(), cut)]),
        "x": np.concatenate([x, x[later]]),
    }
    for name in ("weibull", "lognormal", "loglogistic"):
        whole = accelerated_failure_time(time, event, covariates=x, distribution=name)
        split = accelerated_failure_time(
            parts["time"], parts["event"], start=parts["start"], covariates=parts["x"], distribution=name
        )
        np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-6, atol=1e-8)
        assert split.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-10)
    whole = piecewise_exponential(time, event, cuts=[1.0, 3.0], covariates=x)
    split = piecewise_exponential(
        parts["time"], parts["event"], start=parts["start"], cuts=[1.0, 3.0], covariates=parts["x"]
    )
    np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-8)


def test_law_strata_alone_are_separate_fits_of_the_scale() -> None:
    time, event, x = cohort(n=200)
    arm = x[:, 0]
    both = accelerated_failure_time(time, event, covariates={"arm": arm}, strata=arm)
    for number, label in enumerate((0, 1)):
        alone = accelerated_failure_time(time[arm == label], event[arm == label])
        assert both.scale[number] == pytest.approx(alone.scale[0], rel=1e-6)
        table = both.quantiles({"arm": [label]}, probabilities=[0.25, 0.5], stratum=label)
        np.testing.assert_allclose(table["time"], alone.quantiles(probabilities=[0.25, 0.5])["time"], rtol=1e-6)
        np.testing.assert_allclose(
            table["standard_error"], alone.quantiles(probabilities=[0.25, 0.5])["standard_error"], rtol=1e-4
        )
    assert both.terms == ("(Intercept)", "arm", "log(scale) 0", "log(scale) 1")


def test_law_robust_error_of_doubled_rows_in_clusters_is_that_of_single_rows() -> None:
    time, event, x = cohort(n=90)
    single = accelerated_failure_time(time, event, covariates=x, robust=True)
    twice = np.repeat(np.arange(90), 2)
    doubled = accelerated_failure_time(time[twice], event[twice], covariates=x[twice], cluster=twice)
    np.testing.assert_allclose(doubled.standard_error, single.standard_error, rtol=1e-6)
    assert "robust" in repr(doubled)


@pytest.mark.parametrize("name", list(BASELINES))
def test_law_density_is_the_slope_of_survival_and_quantiles_invert_it(name) -> None:
    law = BASELINES[name]
    for parameters in (np.array([0.3, -0.2, 0.7]), np.array([0.3, -0.2, -0.6]), np.array([0.3, -0.2, 0.0])):
        p = parameters[: len(law.parameters)]
        t, h = np.array([0.2, 0.9, 2.5]), 1e-5
        slope = -(np.exp(law.log_survival(t + h, p)) - np.exp(law.log_survival(t - h, p))) / (2 * h)
        np.testing.assert_allclose(np.exp(law.log_density(t, p)), slope, rtol=1e-5)
        q = np.array([0.1, 0.5, 0.9])
        np.testing.assert_allclose(-np.expm1(law.log_survival(law.quantile(q, p), p)), q, rtol=1e-9)


def test_oracle_scipy_gamma_baseline() -> None:
    p, t = np.array([0.4, 0.9]), np.array([0.5, 2.0, 9.0])
    law = gamma_law(np.exp(0.4), scale=np.exp(0.9))
    np.testing.assert_allclose(BASELINES["gamma"].log_survival(t, p), law.logsf(t), rtol=1e-10)
    np.testing.assert_allclose(BASELINES["gamma"].log_density(t, p), law.logpdf(t), rtol=1e-10)


def intervals(seed=8):
    time, event, x = cohort(n=150, seed=seed)
    left, right = np.floor(time), np.where(event, np.floor(time) + 1, np.inf)
    return left, np.where(event, right, np.inf), x


def test_double_weibull_hazards_and_loglogistic_odds_are_accelerated_failure_times() -> None:
    left, right, x = intervals()
    for model, baseline, sign in (("proportional_hazards", "weibull", -1), ("proportional_odds", "loglogistic", 1)):
        found = interval_regression(left, right, covariates=x, model=model, baseline=baseline, baseline_at="zero")
        aft = interval_accelerated_failure_time(left, right, covariates=x, distribution=baseline)
        scale = aft.scale[0]
        assert found.log_likelihood == pytest.approx(aft.log_likelihood, rel=1e-9)
        np.testing.assert_allclose(found.coefficients[2:], sign * aft.coefficients[1:3] / scale, rtol=1e-5)
        np.testing.assert_allclose(
            found.survival([1.0, 4.0], [[1.0, 0.5]]), aft.survival([1.0, 4.0], [[1.0, 0.5]]), rtol=1e-6
        )
        centred = interval_regression(left, right, covariates=x, model=model, baseline=baseline)
        assert centred.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-9)
        np.testing.assert_allclose(centred.coefficients[2:], found.coefficients[2:], rtol=1e-5)


@pytest.mark.parametrize(("baseline", "terms"), [("lognormal", 2), ("weibull", 2), ("exponential", 1)])
def test_double_accelerated_model_equals_the_one_with_exact_derivatives(baseline, terms) -> None:
    left, right, x = intervals(seed=12)
    found = interval_regression(
        left, right, covariates=x, model="accelerated_failure_time", baseline=baseline, baseline_at="zero"
    )
    aft = interval_accelerated_failure_time(left, right, covariates=x, distribution=baseline)
    assert found.log_likelihood == pytest.approx(aft.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(found.coefficients[terms:], aft.coefficients[1:3], rtol=1e-5)
    np.testing.assert_allclose(found.standard_error[terms:], aft.standard_error[1:3], rtol=1e-4)


@pytest.mark.parametrize("model", ["proportional_hazards", "proportional_odds", "accelerated_failure_time"])
def test_law_the_generalised_gamma_holds_weibull_and_lognormal(model) -> None:
    left, right, x = intervals(seed=13)
    fits = {
        name: interval_regression(left, right, covariates=x, model=model, baseline=name).log_likelihood
        for name in ("weibull", "lognormal", "gamma", "generalised_gamma")
    }
    assert fits["generalised_gamma"] >= max(fits.values()) - 1e-6


def test_oracle_closed_form_of_piecewise_rates() -> None:
    time, event, _ = cohort()
    fit = piecewise_exponential(time, event, cuts=[1.0, 3.0])
    bounds = [0.0, 1.0, 3.0, np.inf]
    d = np.array([(event & (time > a) & (time <= b)).sum() for a, b in pairwise(bounds)])
    spent = np.array([np.clip(np.minimum(time, b) - a, 0, None).sum() for a, b in pairwise(bounds)])
    np.testing.assert_allclose(fit.rates()["rate"], d / spent, rtol=1e-10)
    np.testing.assert_allclose(fit.rates()["upper"], d / spent * np.exp(1.959963984540054 / np.sqrt(d)), rtol=1e-9)
    assert fit.deviance == pytest.approx(0.0, abs=1e-9)
    hazard = d[0] / spent[0] + 2 * d[1] / spent[1] + d[2] / spent[2]
    assert fit.survival([4.0])[0, 0] == pytest.approx(np.exp(-hazard), rel=1e-10)


def test_double_one_period_is_the_exponential_model() -> None:
    time, event, x = cohort()
    fit = piecewise_exponential(time, event, cuts=[], covariates=x)
    aft = accelerated_failure_time(time, event, covariates=x, distribution="exponential")
    np.testing.assert_allclose(fit.coefficients, -aft.coefficients, rtol=1e-7)
    np.testing.assert_allclose(fit.standard_error, aft.standard_error, rtol=1e-7)
    assert fit.log_likelihood == pytest.approx(aft.log_likelihood, rel=1e-10)
    assert fit.log_likelihood_null == pytest.approx(aft.log_likelihood_null, rel=1e-10)


def cure_cohort(n=300, seed=4):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, n), rng.normal(size=n)])
    uncured = rng.random(n) < 1 / (1 + np.exp(-(0.6 - 0.8 * x[:, 0])))
    time = np.where(uncured, rng.exponential(1.0, n) * np.exp(-x @ [0.5, 0.3]), np.inf)
    end = rng.uniform(6, 12, n)
    return np.minimum(time, end), time <= end, x


def cure_log_likelihood(time, event, x, b, beta, jumps, link):
    """Of the data themselves, with one free jump of the hazard an event time."""
    p = {"logit": lambda v: 1 / (1 + np.exp(-v)), "probit": norm.cdf, "cloglog": lambda v: 1 - np.exp(-np.exp(v))}[
        link
    ](b[0] + x @ b[1:])
    moments = np.unique(time[event])
    risk = np.exp(x @ beta)
    cumulative = np.where(time > moments[-1], np.inf, (jumps * (moments <= time[:, None])).sum(axis=1))
    own = jumps[np.minimum(np.searchsorted(moments, time), moments.size - 1)]
    survival = np.exp(-cumulative * risk)
    return np.log(np.where(event, p * own * risk * survival, 1 - p + p * survival)).sum()


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_double_em_ends_where_the_likelihood_is_flat(link) -> None:
    time, event, x = cure_cohort()
    fit = mixture_cure(time, event, covariates=x, link=link)
    jumps = -np.diff(np.log(fit.baseline_survival), prepend=0.0)
    parameters = np.concatenate([fit.incidence, fit.latency, np.log(jumps)])

    def value(v):
        return cure_log_likelihood(time, event, x, v[:3], v[3:5], np.exp(v[5:]), link)

    h = 1e-5
    for number in [*range(5), 5, 40, parameters.size - 1]:
        along = h * (np.arange(parameters.size) == number)
        assert (value(parameters + along) - value(parameters - along)) / (2 * h) == pytest.approx(0.0, abs=1e-4)


def test_law_a_cure_model_predicts_its_plateau_and_bootstraps_by_seed() -> None:
    time, event, x = cure_cohort(n=150)
    fit = mixture_cure(time, event, covariates={"arm": x[:, 0]}, bootstrap=4, seed=7)
    again = mixture_cure(time, event, covariates={"arm": x[:, 0]}, bootstrap=4, seed=7)
    np.testing.assert_array_equal(fit.bootstrap, again.bootstrap)
    plateau = fit.survival([time[event].max() + 0.01], {"arm": [0, 1]})[:, 0]
    np.testing.assert_allclose(plateau, fit.cured({"arm": [0, 1]}), rtol=1e-12)
    assert (fit.uncured[event] == 1).all() and (fit.uncured[time > time[event].max()] == 0).all()
    assert np.isfinite(fit.standard_error).all() and "bootstrap (4 resamples)" in repr(fit)
    assert fit.to_frame()["part"].to_list() == ["incidence", "incidence", "latency"]


def test_law_the_fraction_cured_is_found_where_it_is_planted() -> None:
    """4,000 patients, 35.4 % and 55.0 % cured by design; standard errors of the fractions are about 0.011."""
    time, event, x = cure_cohort(n=4000, seed=21)
    fit = mixture_cure(time, event, covariates=x, incidence_covariates={"arm": x[:, 0]})
    np.testing.assert_allclose(fit.cured({"arm": [0, 1]}), [0.3543, 0.5498], atol=4 * 0.012)
    np.testing.assert_allclose(fit.latency, [0.5, 0.3], atol=4 * 0.05)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: accelerated_failure_time([1, 2], [1, 1], distribution="gompertz"), "distribution must be one of"),
        (lambda: accelerated_failure_time([0, 2], [1, 1]), "an event at time 0 has no logarithm: found one at position 0"),
        (lambda: accelerated_failure_time([1, 2, 3], [1, 1, 0], covariates={"x": [1, 1, 1]}), "constant or a sum"),
        (lambda: accelerated_failure_time([1, 2], [1, 1], scale=-1.0), "scale must be finite and above 0"),
        (lambda: accelerated_failure_time([1, 2, 3], [1, 1, 0], distribution="t", df=0.0), "df must be finite"),
        (lambda: interval_regression([1, 0], [2, 0]), "no density: position 1"),
        (lambda: interval_regression([1, 0], [2, 1], baseline="gompertz"), "baseline must be one of"),
        (lambda: piecewise_exponential([1, 2], [1, 1], cuts=[5.0]), "period 2 has no event"),
        (lambda: piecewise_exponential([1, 2], [1, 1], cuts=[3.0, 2.0]), "ascending"),
        (lambda: mixture_cure([1, 2], [0, 0], covariates={"x": [0, 1]}), "nobody had the event"),
        (lambda: mixture_cure([1, 2], [1, 0], covariates={"x": [0, 1]}, link="log"), "link must be one of"),
    ],
)  # fmt: skip
def test_fault_bad_input_gets_its_sentence(call, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()


def test_law_results_print_what_they_are() -> None:
    time, event, x = cohort()
    fit = accelerated_failure_time(time, event, covariates=x)
    assert "distribution: weibull" in repr(fit) and "n = 120" in repr(fit) and "Kalbfleisch" in repr(fit)
    np.testing.assert_allclose(fit.time_ratio, np.exp(fit.coefficients[1:3]))
    assert fit.to_frame().columns == ["term", "coefficient", "standard_error", "lower", "upper", "p_value"]
    with pytest.raises(ValueError, match="no time ratio"):
        _ = accelerated_failure_time(time, event, covariates=x, distribution="gaussian").time_ratio
    with pytest.raises(ValueError, match="newdata is needed"):
        fit.quantiles()
    assert "periods cut at 2" in repr(piecewise_exponential(time, event, cuts=[2.0], covariates=x))
