"""The Cox model: published values, laws, and what it says when there is no estimate."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inferon.statistics.comparisons.log_rank import log_rank
from inferon.statistics.regression.cox import MonotoneLikelihoodWarning, cox
from inferon.statistics.regression.cox_residuals import RESIDUALS
from inferon.statistics.shared.tied_times import merge_rounded

SIXMP = {
    "placebo": [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23],
    "treated": [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
    "relapsed": [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
}
quick = settings(max_examples=25)


def leukaemia():
    """Freireich's 42 children: weeks of remission, relapse, placebo."""
    time = np.array(SIXMP["placebo"] + SIXMP["treated"], dtype=float)
    return time, np.array([1] * 21 + SIXMP["relapsed"]), np.repeat([1.0, 0.0], 21)


@st.composite
def trials(draw, ties=6):
    """Rows with ties, three strata, delayed entry, weights and two covariates; enough events in both groups."""
    n = draw(st.integers(20, 45))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    start = rng.integers(0, 3, n).astype(float)
    return {
        "time": start + rng.integers(1, ties, n),
        "event": rng.random(n) < 0.7,
        "start": start,
        "covariates": np.column_stack([rng.integers(0, 2, n), rng.normal(size=n).round(1)]),
        "strata": rng.integers(0, 2, n),
        "weights": rng.integers(1, 4, n).astype(float),
    }


def fitted(columns, **options):
    """The model; data without a finite estimate are passed over."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", MonotoneLikelihoodWarning)
        try:
            return cox(**{**columns, **options})
        except (ValueError, MonotoneLikelihoodWarning):
            return assume(False)


@pytest.mark.parametrize(
    ("ties", "coefficient", "error"), [("breslow", 1.509, 0.410), ("efron", 1.572, 0.412), ("exact", 1.628, 0.433)]
)
def test_oracle_freireich_hazard_ratio_by_treatment_of_ties(ties, coefficient, error) -> None:
    """Kalbfleisch & Prentice 2002, and Therneau & Grambsch 2000, Table 3.3: 1.509, 1.572, 1.628."""
    time, event, placebo = leukaemia()
    model = cox(time, event, covariates={"placebo": placebo}, ties=ties)
    assert model.coefficients[0] == pytest.approx(coefficient, abs=6e-4)
    assert model.standard_error[0] == pytest.approx(error, abs=6e-4)


def test_oracle_klein_moeschberger_disease_free_survival_after_transplant(shared) -> None:
    """Klein & Moeschberger 2003, Table 8.8 (Breslow): -1.091, -0.404, 0.837, 0.007, 0.004, 0.003."""
    data = pl.read_csv(shared / "data" / "bmt_km137.csv")
    recipient, donor = pl.col("z1") - 28, pl.col("z2") - 28
    table = data.select(
        low=(pl.col("group") == 2).cast(int), high=(pl.col("group") == 3).cast(int), fab="z8", recipient=recipient,
        donor=donor, both=recipient * donor,
    )  # fmt: skip
    model = cox(data["t2"], data["d3"], covariates=table, ties="breslow")
    np.testing.assert_allclose(model.coefficients, [-1.091, -0.404, 0.837, 0.007, 0.004, 0.003], atol=6e-4)


@pytest.mark.parametrize("strata", [None, np.tile([0, 1], 21)])
def test_law_the_exact_score_test_is_the_log_rank_test(strata) -> None:
    time, event, placebo = leukaemia()
    exact = cox(time, event, covariates=placebo, ties="exact", strata=strata)
    assert exact.score_test.statistic == pytest.approx(
        log_rank(time, event, placebo, strata=strata).statistic, rel=1e-10
    )


@quick
@given(trials())
def test_law_splitting_follow_up_changes_nothing(columns) -> None:
    whole = fitted(columns)
    middle = (columns["start"] + columns["time"]) / 2
    halves = {name: np.concatenate([value, value]) for name, value in columns.items()}
    halves["start"] = np.concatenate([columns["start"], middle])
    halves["time"] = np.concatenate([middle, columns["time"]])
    halves["event"] = np.concatenate([np.zeros_like(columns["event"]), columns["event"]])
    split = cox(**halves)
    np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(split.log_likelihood, whole.log_likelihood, rtol=1e-10)
    cluster = np.tile(np.arange(columns["time"].size), 2)
    alone = cox(**columns, robust=True)
    np.testing.assert_allclose(cox(**halves, cluster=cluster).variance, alone.variance, rtol=1e-7, atol=1e-12)
    assert cox(**halves, cluster=cluster).concordance().standard_error == pytest.approx(
        alone.concordance().standard_error, rel=1e-8
    )


@quick
@given(trials())
def test_law_weights_of_whole_numbers_are_replicates_under_breslow(columns) -> None:
    weighted = fitted(columns, ties="breslow")
    times = columns["weights"].astype(int)
    copies = {name: np.repeat(value, times, axis=0) for name, value in columns.items() if name != "weights"}
    replicated = cox(**copies, ties="breslow")
    np.testing.assert_allclose(weighted.coefficients, replicated.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(weighted.model_variance, replicated.model_variance, rtol=1e-8)
    new = np.zeros((1, 2))
    ours, theirs = (model.predict(new, times=[2, 4], stratum=0) for model in (weighted, replicated))
    np.testing.assert_allclose(ours.survival, theirs.survival, rtol=1e-9)
    np.testing.assert_allclose(ours.standard_error, theirs.standard_error, rtol=1e-8)


@quick
@given(trials(), st.floats(0.01, 100))
def test_law_units_of_time_and_covariates_do_not_matter(columns, unit) -> None:
    model = fitted(columns)
    scaled = {**columns, "time": columns["time"] * unit, "start": columns["start"] * unit}
    other = cox(**{**scaled, "covariates": columns["covariates"] * [unit, 1.0] + [0.0, 50.0]})
    np.testing.assert_allclose(other.coefficients * [unit, 1.0], model.coefficients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.log_likelihood, model.log_likelihood, rtol=1e-9)
    for transform in ("km", "identity", "rank"):
        np.testing.assert_allclose(
            other.proportional_hazards(transform).statistic, model.proportional_hazards(transform).statistic, rtol=1e-5
        )


@quick
@given(trials(), st.randoms(use_true_random=False))
def test_property_the_order_of_the_rows_does_not_matter(columns, random) -> None:
    model = fitted(columns)
    order = list(range(columns["time"].size))
    random.shuffle(order)
    other = cox(**{name: value[order] for name, value in columns.items()})
    np.testing.assert_allclose(other.coefficients, model.coefficients, rtol=1e-9, atol=1e-12)
    for kind in ("martingale", "score", "dfbeta"):
        np.testing.assert_allclose(other.residuals(kind), model.residuals(kind)[order], rtol=1e-6, atol=1e-9)
    assert other.concordance("n/G2").standard_error == pytest.approx(model.concordance("n/G2").standard_error)


@quick
@given(trials())
def test_law_weighted_martingale_and_score_residuals_sum_to_zero(columns) -> None:
    model = fitted(columns)
    weights = columns["weights"]
    assert weights @ model.residuals("martingale") == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(weights @ model.residuals("score"), 0, atol=1e-6)


def test_law_without_covariates_the_prediction_is_nelson_aalen() -> None:
    time, event, _ = leukaemia()
    predicted = cox(time, event, ties="breslow").predict(np.zeros((1, 0)), times=[1, 5, 10])
    steps = [sum(1 / (time >= t).sum() for t in time[event == 1] if t <= until) for until in (1, 5, 10)]
    np.testing.assert_allclose(predicted.cumulative_hazard[0], steps, rtol=1e-12)


def test_golden_residuals_of_every_kind_have_their_shape() -> None:
    time, event, placebo = leukaemia()
    model = cox(time, event, covariates={"placebo": placebo, "week": np.cos(time)})
    shapes = {"martingale": (42,), "deviance": (42,), "score": (42, 2), "dfbeta": (42, 2)}
    for kind in RESIDUALS:
        assert model.residuals(kind).shape == shapes.get(kind, (30, 2))
    with pytest.raises(ValueError, match="kind must be one of"):
        model.residuals("pearson")  # pyright: ignore[reportArgumentType]


def test_law_times_that_differ_by_rounding_are_one_time() -> None:
    merged = merge_rounded(np.array([0.1 + 0.2, 0.3, 0.4]), np.array([0.0, 0.0, 0.3]))
    assert merged[0][0] == merged[0][1] == merged[1][2]
    assert merged[0][2] == 0.4
    time, event, placebo = leukaemia()
    exact = cox(time, event, covariates=placebo)
    rounded = cox(time / 365.25 + 1e-16 * np.arange(42), event, covariates=placebo)
    assert rounded.coefficients[0] == pytest.approx(exact.coefficients[0], rel=1e-10)


def test_fault_a_coefficient_without_maximum_is_named() -> None:
    first = np.repeat([1.0, 0.0], 6)
    columns = {"early": first, "age": np.sin(np.arange(12))}
    with pytest.warns(MonotoneLikelihoodWarning, match="'early'"):
        model = cox(np.arange(1, 13), np.ones(12), covariates=columns)
    assert "goes to +∞" in model.diagnosis[0]
    assert "age" not in model.diagnosis[0]
    assert model.diagnosis[0] in repr(model)
    assert np.isfinite(model.likelihood_ratio_test.p_value)


@pytest.mark.parametrize(
    ("covariates", "sentence"),
    [
        ({"arm": [1.0] * 6}, "covariate 'arm' is constant in every risk set"),
        ({"arm": [0, 1, 0, 1, 0, 1], "other": [1, 0, 1, 0, 1, 0]}, "covariate 'other' is a combination"),
        ({"arm": [0, 1, 0, 1, 0, np.nan]}, "found nan at position 5"),
        ({"arm": ["a"] * 6}, "not numbers"),
    ],
)
def test_fault_covariates_without_a_hazard_ratio_are_named(covariates, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 1], covariates=covariates)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"event": [0, 0, 0]}, "no event"),
        ({"ties": "exakt"}, "ties must be one of efron, breslow, exact"),
        ({"start": [0, 2, 1]}, "start must lie before time"),
        ({"weights": [1, 0, 1]}, "weights must be above 0: found 0.0 at position 1"),
        ({"weights": [1, 2, 1], "ties": "exact"}, "takes no weights"),
        ({"ties": "exact", "robust": True}, "no robust variance"),
    ],
)
def test_fault_bad_columns_give_a_sentence(options, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        cox(**{"time": [1, 2, 3], "event": [1, 1, 0], "covariates": [0, 1, 0], **options})


def test_fault_predictions_ask_for_what_they_need() -> None:
    time, event, placebo = leukaemia()
    model = cox(time, event, covariates={"placebo": placebo}, strata=np.tile(["a", "b"], 21))
    with pytest.raises(ValueError, match="stratum must be one of"):
        model.predict({"placebo": 1})
    with pytest.raises(ValueError, match="newdata lacks placebo"):
        model.predict({"arm": 1}, stratum="a")
    with pytest.raises(ValueError, match="found 'c'"):
        model.predict({"placebo": 1}, stratum="c")


def test_golden_a_model_prints_plots_and_tabulates() -> None:
    time, event, placebo = leukaemia()
    model = cox(time, event, covariates={"placebo": placebo})
    assert "Cox proportional hazards: n = 42, events = 30; ties: efron; variance: model" in repr(model)
    row = model.to_frame().row(0, named=True)
    assert row["hazard_ratio"] == pytest.approx(np.exp(row["coefficient"]))
    assert row["lower"] < row["hazard_ratio"] < row["upper"]
    assert model.plot().to_dict()["layer"]
    assert model.predict({"placebo": [0, 1]}, times=[6]).to_frame().columns[:3] == ["patient", "time", "survival"]
