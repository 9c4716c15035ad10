"""Fine–Gray in print and with bad input; absolute risk from cause-specific models; direct binomial regression."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.regression.cause_specific_risk import cause_specific_models
from inferon.statistics.regression.direct_binomial import direct_binomial
from inferon.statistics.regression.fine_gray import fine_gray
from inferon.statistics.regression.fine_gray_weights import fine_gray_weighted_rows

from .check_oracles import check_case
from .oracle_cases import load_cases
from .test_fine_gray import patients

quick = settings(max_examples=20)
seeds = st.integers(0, 10_000)
NEW = [{"arm": 0, "age": 0}, {"arm": 1, "age": 1.5}]


def test_oracle_every_finegray_case_equals_the_r_packages(shared: Path, capsys) -> None:
    outcomes = {case.id: check_case(case, shared / "data") for case in load_cases(shared / "oracles", "finegray")}
    with capsys.disabled():
        print(f"\noracles finegray: {sum(o.verdict == 'passed' for o in outcomes.values())} of {len(outcomes)} pass")
    assert not {name: outcome.failures for name, outcome in outcomes.items() if outcome.verdict != "passed"}
    assert len(outcomes) >= 19


def test_oracle_relapse_after_177_transplants(shared: Path) -> None:
    """Table 3 of Scrucca, Santucci & Aversa, Bone Marrow Transplant 2010;45:1388-1395 (printed to four places)."""
    table = pl.read_csv(shared / "data" / "bmtcrr177.csv")
    printed = {
        "age": (-0.0185, 0.0119), "female": (-0.0352, 0.2900), "aml": (-0.4723, 0.3054), "cr1": (-1.1018, 0.3764),
        "cr2": (-1.0200, 0.3558), "cr3": (-0.7314, 0.5766), "blood_only": (0.9211, 0.5530),
    }  # fmt: skip
    covariates = table.select(
        age="Age",
        female=pl.col("Sex") == "F",
        aml=pl.col("D") == "AML",
        cr1=pl.col("Phase") == "CR1",
        cr2=pl.col("Phase") == "CR2",
        cr3=pl.col("Phase") == "CR3",
        blood_only=pl.col("Source") == "PB",
    )
    model = fine_gray(table["ftime"], table["Status"], covariates=covariates, cause_of_interest=1)
    found = model.to_frame()
    assert found["term"].to_list() == list(printed)
    expected = np.array(list(printed.values()))
    assert abs(found["coefficient"].to_numpy() - expected[:, 0]).max() < 6e-5
    assert abs(found["standard_error"].to_numpy() - expected[:, 1]).max() < 6e-5


def test_golden_a_result_says_what_it_is() -> None:
    time, cause, z = patients(1)
    model = fine_gray(time, cause, covariates=z, cause_of_interest=1)
    shown = repr(model)
    for part in ("n = 60", "convention: crr", "ties: breslow", "variance: sandwich", "arm", "Fine & Gray"):
        assert part in shown
    assert model.to_frame().columns[:3] == ["term", "coefficient", "standard_error"]
    assert model.lower[0] < model.hazard_ratio[0] < model.upper[0]
    assert model.plot().to_dict()["layer"]
    with pytest.raises(ValueError, match="read-only"):
        model.coefficients[0] = 0


FAULTS = [
    ({"cause_of_interest": 9}, "nobody had the cause of interest 9: the causes found are [1, 2]"),
    ({"covariates": {"age": np.ones(60)}}, "covariate 'age' has the same value in every row"),
    ({"covariates": {"age": ["x"] * 60}}, "covariates column 'age' holds values that are not numbers"),
    ({"covariates": {"age": np.arange(59)}}, "must have one value a patient (60), found shape (59,)"),
    ({"convention": "sas"}, "convention must be one of crr, finegray, crprep, mets, found 'sas'"),
    ({"ties": "exact"}, "ties must be breslow or efron"),
    ({"variance": "jackknife"}, "variance must be one of sandwich"),
    ({"time_varying": {"dose": np.log}}, "'dose' is not a covariate; the covariates are arm, age"),
    ({"time_varying": {"age": lambda t: 1 / (t - t.min())}}, "a function in time_varying is inf at the event time"),
    ({"only_time_varying": ["age"]}, "time_varying gives it no function"),
    ({"patient": np.arange(60)}, "give their start as well"),
    ({"patient": np.zeros(60), "start": np.zeros(60)}, "leave a gap or overlap"),
    ({"conf_level": 2}, "conf_level must lie between 0 and 1"),
]


@pytest.mark.parametrize(("wrong", "sentence"), FAULTS)
def test_fault_bad_input_gets_one_sentence(wrong, sentence) -> None:
    time, cause, z = patients(1)
    with pytest.raises(ValueError) as caught:
        fine_gray(time, cause, **{"covariates": z, "cause_of_interest": 1, **wrong})
    assert sentence in str(caught.value)


def test_fault_repeated_covariates_are_named() -> None:
    time, cause, z = patients(1)
    repeated = z.with_columns(years=pl.col("age") * 2, sex=pl.Series(np.random.default_rng(1).normal(size=60)))
    with pytest.raises(ValueError, match="the covariates age, years repeat each other"):
        fine_gray(time, cause, covariates=repeated, cause_of_interest=1)


def test_fault_the_sandwich_is_refused_with_delayed_entry() -> None:
    time, cause, z = patients(1)
    late = np.where(np.arange(60) % 3 == 0, np.minimum(time - 1, 3), 0)
    with pytest.raises(ValueError, match="not known with delayed entry"):
        fine_gray(time, cause, covariates=z, cause_of_interest=1, start=late, variance="sandwich")
    assert fine_gray(time, cause, covariates=z, cause_of_interest=1, start=late).variance_form == "robust"


def test_fault_entry_cannot_be_weighted_where_nobody_was_seen_before() -> None:
    with pytest.raises(ValueError, match="at time 5 everyone under observation has only just entered"):
        fine_gray(
            [2, 4, 7, 8, 9], [2, 1, 1, 2, 1], covariates=[1, 0, 1, 0, 0], cause_of_interest=1, start=[0, 0, 5, 5, 6]
        )


def test_fault_a_runaway_coefficient_is_reported() -> None:
    time, cause, z = patients(1)
    lucky = z.select(lucky=pl.Series((cause == 1).astype(float)))
    model = fine_gray(time, cause, covariates=lucky, cause_of_interest=1, variance="model")
    assert "no finite estimate" in (model.caution or "")
    assert "no finite estimate" in repr(model)
    assert fine_gray(time, cause, covariates=z, cause_of_interest=1).caution is None


def test_law_expanded_rows_keep_time_and_events() -> None:
    time, cause, _ = patients(2)
    rows = fine_gray_weighted_rows(time, cause, cause_of_interest=1, layout="crprep")
    assert rows.filter(pl.col("event")).height == (cause == 1).sum()
    assert (rows["weight"] <= 1).all()
    first = rows.group_by("row", maintain_order=True).first()
    np.testing.assert_array_equal(first["stop"], time)
    assert (first["weight"] == 1).all()
    inside = rows.with_columns(joins=pl.col("start").shift(-1).over("row")).drop_nulls("joins")
    assert (inside["joins"] == inside["stop"]).all()


@quick
@given(seeds)
def test_law_risks_of_all_causes_and_freedom_sum_to_one(seed) -> None:
    time, cause, z = patients(seed)
    models = cause_specific_models(time, cause, covariates=z)
    times = [1, 3, 6]
    risks = [models.absolute_risk(label, NEW[:1], times).estimate[0] for label in models]
    risk = {c: np.exp((np.zeros(2) - m.rows.centre) @ m.coefficients) for c, m in models.items()}
    steps = {c: np.diff(m.baseline().at(np.unique(time)).hazard, prepend=0) * risk[c] for c, m in models.items()}
    free = np.cumprod(np.maximum(1 - steps[1] - steps[2], 0))
    expected = [free[np.unique(time) <= t][-1] for t in times]
    np.testing.assert_allclose(1 - sum(risks), expected, rtol=1e-9, atol=1e-12)


@quick
@given(seeds)
def test_law_a_single_cause_has_the_risk_of_its_cox_model(seed) -> None:
    time, cause, z = patients(seed)
    models = cause_specific_models(time, np.minimum(cause, 1), covariates=z)
    baseline, newcomer = models[1].baseline(), np.array([1, 1.5]) - models[1].rows.centre
    jumps = np.diff(baseline.hazard[baseline.time <= 4], prepend=0) * np.exp(newcomer @ models[1].coefficients)
    before = np.concatenate([[0], np.cumsum(jumps)[:-1]])
    for survival, expected in (
        ("product_limit", 1 - np.prod(np.maximum(1 - jumps, 0))),
        ("exponential", np.sum(np.exp(-before) * jumps)),
    ):
        found = models.absolute_risk(1, NEW[1:], [4], survival=survival).estimate.item()
        assert found == pytest.approx(expected, rel=1e-9) or jumps.max() > 1


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("survival", ["product_limit", "exponential"])
def test_double_the_standard_error_of_a_risk_is_the_infinitesimal_jackknife(ties, survival) -> None:
    """Each patient's influence by numerical differentiation with respect to its weight."""
    time, cause, z = patients(3, n=40)

    def risk(weights):
        models = cause_specific_models(time, cause, covariates=z, weights=weights, ties=ties)
        return models.absolute_risk(1, NEW, [3, 8], survival=survival)

    influence = []
    for row in range(time.size):
        moved = [np.where(np.arange(time.size) == row, 1 + step, 1.0) for step in (1e-4, -1e-4)]
        influence.append((risk(moved[0]).estimate - risk(moved[1]).estimate) / 2e-4)
    expected = np.sqrt((np.array(influence) ** 2).sum(axis=0))
    np.testing.assert_allclose(risk(np.ones(time.size)).standard_error, expected, rtol=1e-5)


def test_law_both_forms_of_the_standard_error_agree_without_ties() -> None:
    time, cause, z = patients(4, n=150)
    models = cause_specific_models(time + np.random.default_rng(4).random(150), cause, covariates=z)
    ours, theirs = (
        models.absolute_risk(2, NEW, [2, 9], survival="exponential", variance=form).standard_error
        for form in ("influence", "risk_regression")
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_fault_absolute_risk_says_what_it_does_not_know() -> None:
    time, cause, z = patients(5)
    models = cause_specific_models(time, cause, covariates=z)
    beyond = models.absolute_risk(1, NEW, [1, time.max() + 1])
    assert np.isfinite(beyond.estimate[:, 0]).all()
    assert np.isnan(beyond.estimate[:, 1]).all()
    assert beyond.to_frame()["estimate"].null_count() == 2
    with pytest.raises(ValueError, match="cause must be one of"):
        models.absolute_risk(3, NEW, [1])
    with pytest.raises(ValueError, match="newdata lacks age"):
        models.absolute_risk(1, {"arm": 1}, [1])


@quick
@given(seeds)
def test_law_direct_binomial_without_censoring_is_a_regression_of_the_status(seed) -> None:
    time, cause, z = patients(seed, censored=0.0)
    model = direct_binomial(time, cause, covariates=z, cause_of_interest=1, horizon=6)
    design = np.column_stack([np.ones(time.size), z.to_numpy()])
    status, fitted = (time <= 6) & (cause == 1), model.predict(z)
    np.testing.assert_allclose(design.T @ (status - fitted), 0, atol=1e-8)
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    meat = (design * (status - fitted)[:, None]).T @ (design * (status - fitted)[:, None])
    np.testing.assert_allclose(model.covariance, bread @ meat @ bread, rtol=1e-7)
    assert model.n_unknown == 0


@quick
@given(seeds)
def test_law_direct_binomial_by_arm_is_the_cumulative_incidence_of_each_arm(seed) -> None:
    time, cause, z = patients(seed, n=120)
    arm = z["arm"].to_numpy()
    for link in ("logit", "log", "identity", "cloglog"):
        model = direct_binomial(
            time, cause, covariates={"arm": arm}, cause_of_interest=1, horizon=5, link=link, censoring_group=arm
        )
        expected = [aalen_johansen(time[arm == a], cause[arm == a])[1].at([5])["estimate"].item() for a in (0, 1)]
        np.testing.assert_allclose(model.predict([[0], [1]]), expected, rtol=1e-8)
    errors = [aalen_johansen(time[arm == a], cause[arm == a])[1].at([5])["standard_error"].item() for a in (0, 1)]
    plain = direct_binomial(
        time, cause, covariates={"arm": arm}, cause_of_interest=1, horizon=5, link="identity", censoring_group=arm
    )
    assert plain.standard_error[0] == pytest.approx(errors[0], rel=0.05)
    assert plain.standard_error[1] == pytest.approx(np.hypot(*errors), rel=0.05)


@quick
@given(seeds)
def test_law_weights_stand_for_repeated_patients_in_direct_binomial(seed) -> None:
    time, cause, z = patients(seed, n=90)
    counts = np.random.default_rng(seed).integers(1, 4, time.size)
    rows = np.repeat(np.arange(time.size), counts)
    weighted = direct_binomial(time, cause, covariates=z, cause_of_interest=1, horizon=6, weights=counts)
    repeated = direct_binomial(
        time[rows], cause[rows], covariates=z[rows], cause_of_interest=1, horizon=6, cluster=rows
    )
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"horizon": 0.5}, "nobody had the cause of interest by the horizon 0.5"),
        ({"horizon": 999}, "lies beyond the longest follow-up"),
        ({"link": "probit"}, "link must be one of logit, log, identity, cloglog"),
        ({"convention": "r"}, "convention must be one of events_first, mets"),
        ({"covariates": {"a": np.ones(60)}}, "have no solution"),
    ],
)
def test_fault_direct_binomial_refuses_in_one_sentence(wrong, sentence) -> None:
    time, cause, z = patients(1)
    with pytest.raises(ValueError) as caught:
        direct_binomial(time, cause, **{"covariates": z, "cause_of_interest": 1, "horizon": 6, **wrong})
    assert sentence in str(caught.value)
