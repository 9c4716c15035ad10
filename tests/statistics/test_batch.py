"""The batched statistics give, trial by trial, what the single ones give: ties, unequal sizes, strata and covariates included."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics import batch
from inferon.statistics.comparisons.gray import gray
from inferon.statistics.comparisons.log_rank import log_rank
from inferon.statistics.comparisons.log_rank_weights import FlemingHarrington
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank
from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.rmst_comparison import compare_restricted_means
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.fine_gray import fine_gray

SEEDS = st.integers(0, 10**6)
TRIALS, MOST = 4, 60
TIMES = [0.0, 0.5, 1.0, 2.5]


def simulated(seed: int, *, smallest: int = 6) -> dict[str, np.ndarray]:
    """A few small trials of unequal size, their times rounded so that everything ties with everything."""
    rng = np.random.default_rng(seed)
    shape = (TRIALS, MOST)
    absent = np.arange(MOST) >= rng.integers(smallest, MOST + 1, (TRIALS, 1))
    time = np.round(rng.exponential(1.0, shape), rng.integers(1, 4)) + 0.25
    return {
        "time": np.where(absent, np.nan, time),
        "cause": rng.choice([0, 1, 2], shape, p=[0.3, 0.4, 0.3]),
        "arm": rng.integers(0, 2, shape),
        "strata": rng.integers(0, 3, shape),
        "age": np.round(rng.normal(60, 10, shape)),
    }


def made(columns: dict[str, np.ndarray]) -> batch.Trials:
    named = {name: columns[name] for name in ("time", "cause", "arm", "strata")}
    return batch.trials(**named, covariates={"age": columns["age"]})


def alone(columns: dict[str, np.ndarray], trial: int) -> dict[str, np.ndarray]:
    there = ~np.isnan(columns["time"][trial])
    return {name: column[trial][there] for name, column in columns.items()}


def in_standard_errors(covariance: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference in units of the two standard errors: a covariance near 0 has no digits of its own."""
    errors = np.sqrt(np.diag(expected))
    return float(np.max(np.abs(covariance - expected) / np.outer(errors, errors)))


def both_arms(columns: dict[str, np.ndarray], trial: int) -> bool:
    return np.unique(alone(columns, trial)["arm"]).size == 2


@settings(max_examples=40)
@given(seed=SEEDS)
def test_double_log_rank_tests_equal_the_single_ones(seed):
    columns = simulated(seed)
    trials = made(columns)
    plain, cause_1, strata = (
        batch.log_rank(trials),
        batch.log_rank(trials, cause=1),
        batch.log_rank(trials, stratified=True),
    )
    late, early = batch.log_rank(trials, gamma=1), batch.log_rank(trials, rho=0.5, stratified=True)
    for trial in filter(lambda trial: both_arms(columns, trial), range(TRIALS)):
        own = alone(columns, trial)
        time, event, arm = own["time"], own["cause"] > 0, own["arm"]
        pairs = [
            (plain, log_rank(time, event, arm)),
            (cause_1, log_rank(time, own["cause"] == 1, arm)),
            (strata, log_rank(time, event, arm, strata=own["strata"])),
            (late, weighted_log_rank(time, event, arm, weight=FlemingHarrington(0, 1))),
            (early, weighted_log_rank(time, event, arm, weight=FlemingHarrington(0.5), strata=own["strata"])),
        ]
        for found, single in pairs:
            assert found.observed_minus_expected[trial] == pytest.approx(
                single.observed[1] - single.expected[1], abs=1e-10
            )
            assert found.variance[trial] == pytest.approx(single.variance[1, 1], rel=1e-9, abs=1e-12)
            if found.variance[trial] > 1e-9:
                assert found.statistic[trial] == pytest.approx(single.statistic, rel=1e-9, abs=1e-12, nan_ok=True)
                assert found.p_value[trial] == pytest.approx(single.p_value, rel=1e-9, abs=1e-12, nan_ok=True)
        assert plain.n[trial].tolist() == log_rank(time, event, arm).n.tolist()


@settings(max_examples=40)
@given(seed=SEEDS, rho=st.sampled_from([0.0, 1.0, -1.0]))
def test_double_grays_test_equals_the_single_one(seed, rho):
    columns = simulated(seed)
    trials = made(columns)
    plain, strata = batch.gray(trials, rho=rho), batch.gray(trials, cause=2, rho=rho, stratified=True)
    for trial in filter(lambda trial: both_arms(columns, trial), range(TRIALS)):
        own = alone(columns, trial)
        single = gray(own["time"], own["cause"], own["arm"], rho=rho, causes=(1, 2))[1]
        within = gray(own["time"], own["cause"], own["arm"], rho=rho, causes=(1, 2), strata=own["strata"])[2]
        for found, expected in ((plain, single), (strata, within)):
            trustworthy = expected.caution is None or "pooled" not in expected.caution
            assert found.trustworthy[trial] == trustworthy
            assert found.events[trial].tolist() == expected.events.tolist()
            if trustworthy:
                assert found.score[trial] == pytest.approx(expected.score[1], rel=1e-9, abs=1e-10)
                assert found.statistic[trial] == pytest.approx(expected.statistic, rel=1e-8, abs=1e-10, nan_ok=True)


@settings(max_examples=40)
@given(seed=SEEDS, conf_type=st.sampled_from(["plain", "log-log", "arcsine"]))
def test_double_curves_equal_the_single_ones(seed, conf_type):
    columns = simulated(seed)
    trials = made(columns)
    free = batch.kaplan_meier(trials, times=TIMES, conf_type=conf_type)
    alone_1 = batch.kaplan_meier(trials, times=TIMES, cause=1, conf_type=conf_type)
    incidence = batch.aalen_johansen(trials, times=TIMES, cause=2, conf_type=conf_type, conf_level=0.9)
    for trial in range(TRIALS):
        own = alone(columns, trial)
        for arm in np.unique(own["arm"]):
            time, cause = own["time"][own["arm"] == arm], own["cause"][own["arm"] == arm]
            single = aalen_johansen(time, cause, causes=(1, 2), conf_type=conf_type, conf_level=0.9)[2]
            for found, curve in (
                (free, kaplan_meier(time, cause > 0, conf_type=conf_type)),
                (alone_1, kaplan_meier(time, cause == 1, conf_type=conf_type)),
                (incidence, single),
            ):
                expected = curve.at(TIMES).fill_null(np.nan)
                for name in ("estimate", "standard_error", "lower", "upper"):
                    values = expected[name].to_numpy()
                    assert getattr(found, name)[trial, arm] == pytest.approx(values, rel=1e-8, abs=1e-10, nan_ok=True)
                assert found.within_follow_up[trial, arm].tolist() == expected["within_follow_up"].to_list()


@pytest.mark.parametrize("conf_type", ["plain", "log-log", "arcsine"])
def test_law_an_incidence_that_must_be_one_is_certain(conf_type):
    """All patients of trial n - 2 have the event, n of them in each arm."""
    most = 60
    sizes = np.arange(2, most)
    rank = np.tile(np.arange(most) + 1.0, 2)
    time = np.where(rank <= sizes[:, None], rank, np.nan)
    arm = np.broadcast_to(np.repeat([0, 1], most), time.shape)
    last = batch.aalen_johansen(
        batch.trials(time=time, cause=np.ones(time.shape), arm=arm), times=[most], conf_type=conf_type
    )
    assert last.estimate == pytest.approx(np.ones((sizes.size, 2, 1)), rel=1e-12)
    assert last.estimate.max() == 1
    assert last.standard_error == pytest.approx(np.zeros((sizes.size, 2, 1)), abs=1e-14)
    assert last.lower == pytest.approx(last.estimate, rel=1e-12)
    assert last.upper == pytest.approx(last.estimate, rel=1e-12)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_double_cox_regressions_equal_the_single_ones(seed):
    columns = simulated(seed, smallest=25)
    trials, names = made(columns), ("arm", "age")
    fits = (
        batch.cox(trials, covariates=names),
        batch.cox(trials, covariates=names, ties="breslow", stratified=True),
        batch.cox(trials, covariates=names, cause=1),
    )
    for trial in range(TRIALS):
        own = alone(columns, trial)
        table = {name: own[name].astype(float) for name in names}
        events = (own["cause"] > 0, own["cause"] > 0, own["cause"] == 1)
        more = ({}, {"ties": "breslow", "strata": own["strata"]}, {})
        for fit, event, options in zip(fits, events, more, strict=True):
            if fit.status[trial] == batch.Fit.CONVERGED:
                single = cox(own["time"], event, covariates=table, **options)
                assert fit.coefficient[trial] == pytest.approx(single.coefficients, rel=1e-7, abs=1e-8)
                assert in_standard_errors(fit.covariance[trial], single.variance) < 1e-6
                assert fit.log_likelihood[trial] == pytest.approx(single.log_likelihood, rel=1e-9)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_double_fine_gray_regressions_equal_the_single_ones(seed):
    columns = simulated(seed, smallest=25)
    trials, names = made(columns), ("arm", "age")
    fit = batch.fine_gray(trials, covariates=names)
    for trial in np.flatnonzero(fit.status == batch.Fit.CONVERGED):
        own = alone(columns, trial)
        table = {name: own[name].astype(float) for name in names}
        single = fine_gray(own["time"], own["cause"], covariates=table, cause_of_interest=1)
        assert fit.coefficient[trial] == pytest.approx(single.coefficients, rel=1e-6, abs=1e-7)
        assert in_standard_errors(fit.covariance[trial], single.covariance) < 1e-5
        likelihood = (single.log_likelihood_null, single.log_likelihood)
        assert fit.log_likelihood[trial] == pytest.approx(likelihood, rel=1e-9)


@settings(max_examples=40)
@given(seed=SEEDS, given_tau=st.booleans())
def test_double_restricted_means_equal_the_single_ones(seed, given_tau):
    columns = simulated(seed)
    tau = 0.8 if given_tau else None
    found = batch.rmst(made(columns), tau=tau, conf_level=0.9)
    for trial in range(TRIALS):
        own = alone(columns, trial)
        event, arm = own["cause"] > 0, own["arm"]
        try:
            single = compare_restricted_means(own["time"], event, arm, tau=tau, conf_level=0.9)
        except ValueError:  # an arm is empty or not followed so long
            assert np.isnan(found.difference[trial])
            continue
        expected = single.difference
        assert found.tau[trial] == single.tau
        assert found.difference[trial] == pytest.approx(expected.estimate, rel=1e-9, abs=1e-11)
        for value, name in ((found.lower, "lower"), (found.upper, "upper"), (found.standard_error, "standard_error")):
            assert value[trial] == pytest.approx(getattr(expected, name), rel=1e-8, abs=1e-10)


def every_statistic(trials: batch.Trials) -> list[batch.trials]:
    return [
        batch.log_rank(trials),
        batch.log_rank(trials, stratified=True, rho=1),
        batch.gray(trials),
        batch.kaplan_meier(trials, times=TIMES),
        batch.aalen_johansen(trials, times=TIMES),
        batch.cox(trials, covariates=("arm", "age"), stratified=True),
        batch.fine_gray(trials, covariates=("arm", "age")),
        batch.rmst(trials),
    ]


def contents(result) -> bytes:
    return b"".join(value.tobytes() for value in vars(result).values() if isinstance(value, np.ndarray))


def test_law_the_same_bytes_for_any_number_of_threads():
    rng = np.random.default_rng(3)
    columns = {name: np.tile(column, (20, 1)) for name, column in simulated(3).items()}
    columns["age"] = columns["age"] + rng.normal(size=columns["age"].shape)
    named = {name: columns[name] for name in ("time", "cause", "arm", "strata")}
    one, three = (batch.trials(**named, covariates={"age": columns["age"]}, threads=n) for n in (1, 3))
    for first, second in zip(every_statistic(one), every_statistic(three), strict=True):
        assert contents(first) == contents(second), type(first).__name__


def test_law_a_trial_does_not_depend_on_its_company():
    columns = simulated(11, smallest=25)
    whole = every_statistic(made(columns))
    for trial in range(TRIALS):
        single = every_statistic(made({name: column[None] for name, column in alone(columns, trial).items()}))
        for found, expected in zip(whole, single, strict=True):
            here = found.to_frame().filter(trial=trial).drop("trial")
            assert here.equals(expected.to_frame().drop("trial"), null_equal=True), type(found).__name__


@settings(max_examples=20)
@given(seed=SEEDS)
def test_law_the_order_of_patients_does_not_matter(seed):
    columns = simulated(seed, smallest=25)
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(MOST), (TRIALS, 1)), axis=1)
    shuffled = {name: np.take_along_axis(column, order, axis=1) for name, column in columns.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        pairs = zip(every_statistic(made(columns)), every_statistic(made(shuffled)), strict=True)
    for found, expected in pairs:
        for name, value in vars(found).items():
            if isinstance(value, np.ndarray):
                other = getattr(expected, name)
                assert np.allclose(value, other, rtol=1e-6, atol=1e-8, equal_nan=True), (type(found).__name__, name)


def test_law_exchanging_the_arms_changes_signs_only():
    columns = simulated(5, smallest=25)
    ahead, back = made(columns), made({**columns, "arm": 1 - columns["arm"]})
    for statistic in (batch.log_rank, batch.gray):
        assert statistic(ahead).statistic == pytest.approx(statistic(back).statistic, rel=1e-9)
    assert batch.log_rank(ahead).z == pytest.approx(-batch.log_rank(back).z, rel=1e-9)
    assert batch.rmst(ahead, tau=0.8).difference == pytest.approx(-batch.rmst(back, tau=0.8).difference, rel=1e-12)
    for regression in (batch.cox, batch.fine_gray):
        assert regression(ahead).coefficient == pytest.approx(-regression(back).coefficient, rel=1e-8)
        assert regression(ahead).standard_error == pytest.approx(regression(back).standard_error, rel=1e-8)
