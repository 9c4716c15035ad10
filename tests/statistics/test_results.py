"""Every result prints what a reader must know, becomes a table, and draws itself where there is something to draw."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

import altair
import numpy as np
import polars as pl
import pytest

from inferon import statistics as s

RNG = np.random.default_rng(8)
N = 120
TIME = np.round(RNG.exponential(5.0, N), 1) + 0.1
CAUSE = RNG.choice([0, 1, 2], N, p=[0.3, 0.4, 0.3])
EVENT = CAUSE > 0
ARM = RNG.integers(0, 2, N)
X = pl.DataFrame({"arm": ARM, "age": np.round(RNG.normal(60, 10, N))})
ONE = {"arm": 1, "age": 55.0}
LEFT = np.floor(TIME)
RIGHT = np.where(EVENT, LEFT + 1, np.inf)
CURED = RNG.random(N) < 0.3
CURE = {"time": np.where(CURED, 40.0, TIME), "event": ~CURED}
NEVER = np.where(RNG.random(N) < 0.3, TIME + 3, np.inf)


def illness() -> s.MultiState:
    ill = np.minimum(np.round(RNG.exponential(4.0, N), 1) + 0.05, TIME)
    return s.multi_state_by_times(
        {"well": None, "ill": ill, "dead": TIME},
        {"well": None, "ill": ill < TIME, "dead": CAUSE == 1},
        allowed=[("well", "ill"), ("well", "dead"), ("ill", "dead")],
    )


def cox() -> s.CoxModel:
    return s.cox(TIME, EVENT, covariates=X)


def hazards() -> s.TransitionHazards:
    return s.transition_hazards(illness())


RESULTS: dict[str, Callable[[], Any]] = {
    "KaplanMeier": lambda: s.kaplan_meier(TIME, EVENT),
    "NelsonAalen": lambda: s.nelson_aalen(TIME, EVENT),
    "FlemingHarrington": lambda: s.fleming_harrington(TIME, EVENT),
    "ConditionalSurvival": lambda: s.conditional_survival(TIME, EVENT, given=1.0),
    "CumulativeIncidence": lambda: s.aalen_johansen(TIME, CAUSE)[1],
    "AalenJohansen": lambda: s.aalen_johansen(TIME, CAUSE),
    "IncidenceDifference": lambda: s.incidence_difference(TIME, CAUSE, ARM, of=1, at=3),
    "FixedTimeComparison": lambda: s.fixed_time_comparison(TIME, EVENT, ARM, at=3),
    "RestrictedMean": lambda: s.restricted_mean(TIME, EVENT, tau=5),
    "RestrictedMeanComparison": lambda: s.compare_restricted_means(TIME, EVENT, ARM, tau=5),
    "RestrictedMeanTimeLost": lambda: s.restricted_mean_time_lost(TIME, CAUSE, tau=5),
    "RestrictedMeanRegression": lambda: s.restricted_mean_regression(TIME, EVENT, tau=5, covariates=X),
    "AdjustedRestrictedMeans": lambda: s.adjusted_restricted_means(TIME, EVENT, ARM, tau=5, covariates=X.select("age")),
    "PseudoValues": lambda: s.pseudo_values(TIME, EVENT, times=[1, 3]),
    "CompositeEndpoint": lambda: s.composite_endpoint(TIME, components={"death": (TIME, CAUSE == 1)}),
    "ExactInterval": lambda: s.clopper_pearson(3, 20),
    "LogRank": lambda: s.log_rank(TIME, EVENT, ARM),
    "WeightedLogRank": lambda: s.weighted_log_rank(TIME, EVENT, ARM, weight=s.log_rank_weights.Gehan()),
    "MaxCombo": lambda: s.max_combo(TIME, EVENT, ARM),
    "LogRankPermutation": lambda: s.log_rank_permutation(TIME, EVENT, ARM),
    "OneSampleLogRank": lambda: s.one_sample_log_rank(TIME, EVENT, cumulative_hazard=lambda t: 0.2 * t),
    "GrayTest": lambda: s.gray(TIME, CAUSE, ARM)[1],
    "GrayTests": lambda: s.gray(TIME, CAUSE, ARM),
    "CoxModel": cox,
    "Concordance": lambda: cox().concordance(),
    "ProportionalHazardsTest": lambda: cox().proportional_hazards(),
    "PredictedSurvival": lambda: cox().predict(ONE, times=[1, 3]),
    "GammaFrailty": lambda: s.gamma_frailty(TIME, EVENT, group=np.arange(N) % 6, covariates=X),
    "LandmarkSet": lambda: s.landmark_set(TIME, EVENT, landmark=2, reached_at={"response": NEVER}),
    "FineGray": lambda: s.fine_gray(TIME, CAUSE, covariates=X, cause_of_interest=1),
    "CauseSpecificModels": lambda: s.cause_specific_models(TIME, CAUSE, covariates=X),
    "AbsoluteRisk": lambda: s.cause_specific_models(TIME, CAUSE, covariates=X).absolute_risk(1, ONE, [1, 3]),
    "DirectBinomial": lambda: s.direct_binomial(TIME, CAUSE, covariates=X, cause_of_interest=1, horizon=4),
    "StandardisedRisk": lambda: s.g_formula(
        TIME, CAUSE, covariates=X, settings={"new": {"arm": 1}, "old": {"arm": 0}}, of_cause=1, times=[1, 3]
    ),
    "PredictionError": lambda: s.prediction_error(
        TIME, EVENT, predictions={"Cox": 1 - cox().predict(X, times=[1, 3]).survival}, times=[1, 3]
    ),
    "MultiState": illness,
    "TransitionHazards": hazards,
    "TransitionProbabilities": lambda: s.transition_probabilities(hazards()),
    "LengthOfStay": lambda: s.length_of_stay(hazards(), tau=5),
    "TransitionCox": lambda: s.transition_cox(illness(), covariates=X),
    "PatientHazards": lambda: s.transition_cox(illness(), covariates=X).hazards(ONE),
    "Turnbull": lambda: s.turnbull(LEFT, RIGHT),
    "IntervalSemiparametric": lambda: s.interval_semiparametric(LEFT, RIGHT, covariates=X),
    "IntervalRegression": lambda: s.interval_regression(LEFT, RIGHT, covariates=X),
    "AcceleratedFailureTime": lambda: s.accelerated_failure_time(TIME, EVENT, covariates=X),
    "PiecewiseExponential": lambda: s.piecewise_exponential(TIME, EVENT, cuts=[2, 5], covariates=X),
    "MixtureCure": lambda: s.mixture_cure(**CURE, covariates=X, bootstrap=3),
}
NOT_RESULTS = {"WeibullHazard"}
"""Exported, but given by the user."""
DRAWN = {
    "KaplanMeier", "NelsonAalen", "FlemingHarrington", "ConditionalSurvival", "CumulativeIncidence", "AalenJohansen",
    "RestrictedMeanRegression", "CoxModel", "PredictedSurvival", "GammaFrailty", "FineGray", "AbsoluteRisk",
    "DirectBinomial", "StandardisedRisk", "TransitionHazards", "TransitionProbabilities", "Turnbull",
    "IntervalSemiparametric", "IntervalRegression", "AcceleratedFailureTime", "PiecewiseExponential", "MixtureCure",
}  # fmt: skip
WITHOUT_EVENTS = {"OneSampleLogRank", "RestrictedMeanComparison", "RestrictedMeanRegression", "AdjustedRestrictedMeans"}
"""They print observed events, events by arm, or how many were not censored before the horizon."""


def test_law_every_result_of_the_package_is_listed_here():
    exported = {name for name, value in vars(s).items() if inspect.isclass(value) and is_dataclass(value)}
    assert exported - NOT_RESULTS <= set(RESULTS), exported - NOT_RESULTS - set(RESULTS)


@pytest.mark.parametrize("name", RESULTS)
def test_law_a_result_prints_method_variance_counts_and_source(name):
    result = RESULTS[name]()
    printed = repr(result)
    told = result if hasattr(result, "citation") else next(iter(result.values()))
    assert type(result).__name__ == name
    assert told.method in printed
    assert told.citation in printed
    assert "n = " in printed
    if name not in WITHOUT_EVENTS:
        assert "events = " in printed or "transitions made = " in printed
    if hasattr(told, "variance_form"):
        assert told.variance_form in printed
    assert "array(" not in printed
    assert max(map(len, printed.splitlines())) < 200


@pytest.mark.parametrize("name", RESULTS)
def test_law_a_result_becomes_a_table_without_nan(name):
    frame = RESULTS[name]().to_frame()
    assert frame.height > 0
    assert not frame.select(pl.col(pl.Float64).is_nan().any()).transpose().to_series().any()


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_law_curves_and_models_draw_themselves(name):
    result = RESULTS[name]()
    drawn = result.plot(from_state="well") if name == "TransitionProbabilities" else result.plot()
    picture = drawn.to_dict()
    titled = picture["title"]
    assert (titled if isinstance(titled, str) else titled["text"]).strip()
    assert any(rows for rows in picture["datasets"].values())
    assert altair.Chart.from_dict(picture) is not None


def test_law_only_what_is_listed_draws_itself():
    assert {name for name in RESULTS if hasattr(RESULTS[name](), "plot")} == DRAWN


def test_law_a_forest_plot_keeps_a_runaway_ratio_on_its_axis():
    """Nobody with x = 0 has the event: the hazard ratio and its upper limit are without bound."""
    with pytest.warns(s.MonotoneLikelihoodWarning):
        model = s.cox([1, 2, 3, 4], [1, 1, 0, 0], covariates={"x": [1, 1, 0, 0]})
    picture = model.plot().to_dict()
    scales = [layer["encoding"]["x"]["scale"] for layer in picture["layer"]]
    assert all(np.isfinite(scale["domain"]).all() for scale in scales)


def test_law_a_robust_cox_model_prints_the_test_that_holds_and_counts_clusters():
    """The likelihood-ratio test takes rows as independent."""
    halves = np.concatenate([np.minimum(TIME, 2), TIME[TIME > 2]])
    model = s.cox(
        halves, np.concatenate([EVENT & (TIME <= 2), EVENT[TIME > 2]]),
        start=np.concatenate([np.zeros(N), np.full((TIME > 2).sum(), 2.0)]),
        covariates=pl.concat([X, X.filter(TIME > 2)]), cluster=np.concatenate([np.arange(N), np.flatnonzero(TIME > 2)]),
    )  # fmt: skip
    assert f"n = {halves.size} rows in {N} clusters" in repr(model)
    assert f"robust Wald test: chi-square = {model.wald_test.statistic:.4f}" in repr(model)
    assert "likelihood ratio" not in repr(model)
    assert "likelihood ratio" in repr(cox())


def test_law_models_with_strata_say_how_many():
    sites = np.arange(N) % 3
    assert ", strata = 3;" in repr(s.cox(TIME, EVENT, covariates=X, strata=sites))
    assert "3 strata" in repr(s.fine_gray(TIME, CAUSE, covariates=X, cause_of_interest=1, strata=sites))
    assert "strat" not in repr(cox()) + repr(RESULTS["FineGray"]())
    assert "(stratified)" in repr(s.gray(TIME, CAUSE, ARM, strata=sites))


def test_law_weights_that_are_no_numbers_of_patients_make_a_cox_model_robust():
    assert s.cox(TIME, EVENT, covariates=X, weights=np.full(N, 2.0)).variance_form == "model"
    weighted = s.cox(TIME, EVENT, covariates=X, weights=RNG.uniform(0.5, 2, N))
    assert weighted.variance_form == "robust"


def test_law_without_any_event_curves_and_tests_say_so():
    curves, tests = s.aalen_johansen([1, 2], [0, 0]), s.gray([1, 2, 3], [0, 0, 0], ["a", "b", "a"])
    assert "nobody had an event" in repr(curves)
    assert "nobody had an event" in repr(tests)
    assert tests.to_frame().height == 0
    with pytest.raises(ValueError, match="nobody had an event"):
        curves.plot()
