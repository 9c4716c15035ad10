"""Standardised risks and the error of predicted ones."""

import sys

import numpy as np
import polars as pl
import pytest

from inferon.statistics.regression.cause_specific_risk import cause_specific_models
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.fine_gray import fine_gray
from inferon.statistics.regression.g_formula import g_formula
from inferon.statistics.regression.prediction_error import NULL_MODEL, prediction_error


def competing(n=120, seed=3):
    rng = np.random.default_rng(seed)
    arm, age = rng.integers(0, 2, n).astype(float), rng.normal(size=n)
    relapse = rng.exponential(2 / np.exp(-0.6 * arm + 0.3 * age))
    death, censored = rng.exponential(3 / np.exp(0.2 * age)), rng.uniform(0.5, 5, n)
    first = np.minimum(np.minimum(relapse, death), censored)
    cause = np.where(first == relapse, 1, np.where(first == death, 2, 0))
    return np.ceil(first * 12), cause, {"arm": arm, "age": age}


def test_double_standardised_risk_is_the_mean_of_everybodys_risk() -> None:
    time, cause, covariates = competing()
    found = g_formula(
        time, cause, covariates=covariates, settings={"control": {"arm": 0}, "treated": {"arm": 1}}, of_cause=1,
        times=[6, 12],
    )  # fmt: skip
    models = cause_specific_models(time, cause, covariates=covariates)
    for place, arm in enumerate([0.0, 1.0]):
        everybody = pl.DataFrame({"arm": np.full(120, arm), "age": covariates["age"]})
        risks = models.absolute_risk(1, everybody, [6, 12]).estimate
        np.testing.assert_allclose(found.risk[place], risks.mean(axis=0), rtol=1e-12)
    difference = found.differences()["difference"].to_numpy()
    np.testing.assert_allclose(difference, found.risk[1] - found.risk[0], rtol=1e-12)
    np.testing.assert_allclose(found.ratios()["ratio"].to_numpy(), found.risk[1] / found.risk[0], rtol=1e-12)


@pytest.mark.parametrize("survival", ["product_limit", "exponential"])
def test_double_influence_is_the_jackknife(survival) -> None:
    """Leaving one patient out moves the estimate by about minus the influence; the sum of squares agrees to 5 %."""
    time, cause, covariates = competing(100, 5)
    options = {"settings": {"treated": {"arm": 1}}, "of_cause": 1, "times": [12.0], "survival": survival}
    whole = g_formula(time, cause, covariates=covariates, **options)
    moved = []
    for left_out in range(100):
        kept = np.arange(100) != left_out
        columns = {name: column[kept] for name, column in covariates.items()}
        moved.append(whole.risk[0, 0] - g_formula(time[kept], cause[kept], covariates=columns, **options).risk[0, 0])
    influence = whole.influence[:, 0, 0]
    assert np.corrcoef(moved, influence)[0, 1] > 0.99
    assert np.sqrt(np.sum(np.square(moved))) == pytest.approx(whole.standard_error[0, 0], rel=0.05)
    assert influence.sum() == pytest.approx(0, abs=1e-10)


def test_law_with_one_cause_the_exponential_form_is_one_minus_cox_survival() -> None:
    time, cause, covariates = competing()
    event = (cause > 0).astype(int)
    found = g_formula(
        time, event, covariates=covariates, settings={"treated": {"arm": 1}}, of_cause=1, times=[6, 12],
        survival="exponential",
    )  # fmt: skip
    everybody = {"arm": np.ones(120), "age": covariates["age"]}
    survival = cox(time, event, covariates=covariates).predict(everybody, times=[6, 12]).survival
    np.testing.assert_allclose(found.risk[0], 1 - survival.mean(axis=0), rtol=1e-12)


def test_law_blocks_of_patients_do_not_change_the_sum(monkeypatch) -> None:
    time, cause, covariates = competing()
    options = {"settings": {"treated": {"arm": 1}}, "of_cause": 2, "times": [6, 12]}
    whole = g_formula(time, cause, covariates=covariates, **options)
    monkeypatch.setattr(sys.modules["inferon.statistics.regression.g_formula"], "CELLS", 500)
    blocks = g_formula(time, cause, covariates=covariates, **options)
    np.testing.assert_allclose(blocks.standard_error, whole.standard_error, rtol=1e-10)


def test_fault_settings_and_causes_must_be_known() -> None:
    time, cause, covariates = competing()
    common = {"covariates": covariates, "times": [6]}
    with pytest.raises(ValueError, match="names 'dose'"):
        g_formula(time, cause, settings={"a": {"dose": 1}}, of_cause=1, **common)
    with pytest.raises(ValueError, match="of_cause must be one of"):
        g_formula(time, cause, settings={"a": {"arm": 1}}, of_cause="relapse", **common)
    with pytest.raises(ValueError, match="no setting"):
        g_formula(time, cause, settings={}, of_cause=1, **common)


def test_law_without_censoring_the_brier_score_and_the_auc_are_the_plain_ones() -> None:
    rng = np.random.default_rng(1)
    time, cause, risk = rng.exponential(10, 80), rng.integers(1, 3, 80), rng.random(80).round(1)
    found = prediction_error(time, cause, predictions={"m": risk[:, None]}, times=[8])
    case = (time <= 8) & (cause == 1)
    assert found.brier[1, 0] == pytest.approx(((case - risk) ** 2).mean(), rel=1e-12)
    above = (risk[case, None] > risk[~case]) + (risk[case, None] == risk[~case]) / 2
    assert found.auc[1, 0] == pytest.approx(above.mean(), rel=1e-12)
    assert found.brier[0, 0] == pytest.approx(case.mean() * (1 - case.mean()), rel=1e-12)
    plain = ((case - risk) ** 2).std(ddof=1) / np.sqrt(80)
    assert found.brier_error[1, 0] == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("of_cause", [1, 2])
def test_double_errors_are_the_jackknife(of_cause) -> None:
    time, cause, covariates = competing(150, 7)
    risk = np.round(1 / (1 + np.exp(covariates["arm"] - covariates["age"])), 2)[:, None]
    whole = prediction_error(time, cause, predictions={"m": risk}, times=[12], of_cause=of_cause)
    brier, auc = [], []
    for left_out in range(150):
        kept = np.arange(150) != left_out
        part = prediction_error(time[kept], cause[kept], predictions={"m": risk[kept]}, times=[12], of_cause=of_cause)
        brier.append(part.brier[1, 0])
        auc.append(part.auc[1, 0])
    for values, error in ((brier, whole.brier_error[1, 0]), (auc, whole.auc_error[1, 0])):
        assert np.sqrt(149 * np.var(values)) == pytest.approx(error, rel=0.05)


def test_oracle_competing_risks_score_of_riskregression(shared) -> None:
    """Score(list(csc = CSC(Hist(ftime, fstatus) ~ factor(group)))) at 180 and 365 days, relapse; riskRegression 2022.11.28."""
    data = pl.read_csv(shared / "data" / "bmt_km137.csv")
    cause = data.select(pl.when(pl.col("d2") == 1).then(1).when(pl.col("d3") == 1).then(2).otherwise(0)).to_series()
    groups = data.select(low=(pl.col("group") == 2).cast(float), high=(pl.col("group") == 3).cast(float))
    risks = cause_specific_models(data["t2"], cause, covariates=groups).absolute_risk(1, groups, [180, 365]).estimate
    with_mtx = groups.with_columns(mtx=data["z10"].cast(float))
    fitted = fine_gray(data["t2"], cause, covariates=with_mtx, cause_of_interest=1)
    subdistribution = fitted.predict(with_mtx, times=[180, 365])
    found = prediction_error(data["t2"], cause, predictions={"csc": risks, "fgr": subdistribution}, times=[180, 365])
    np.testing.assert_allclose(found.auc[1], [0.769017094017094, 0.694870053405061], rtol=1e-9)
    np.testing.assert_allclose(found.auc_error[1], [0.0389101889956663, 0.0486804426186548], rtol=1e-6)
    np.testing.assert_allclose(found.auc[2], [0.790598290598291, 0.713523692750272], rtol=1e-9)
    np.testing.assert_allclose(found.brier[2], [0.111707586482002, 0.152257980287942], rtol=1e-5)  # crr stops early
    np.testing.assert_allclose(found.brier_error[2], [0.0184353936254788, 0.0181005997199267], rtol=1e-4)
    np.testing.assert_allclose(found.brier[:2].ravel(), [0.124673664, 0.167151272, 0.111725842, 0.153054768], rtol=1e-8)
    np.testing.assert_allclose(
        found.brier_error[:2].ravel(), [0.02143725, 0.02020943, 0.01836778, 0.01815395], rtol=1e-6
    )
    difference = found.differences(reference=NULL_MODEL)
    assert difference["auc"].to_list() == [None] * 4
    assert (difference["brier"].to_numpy() < 0).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"times": [99]}, "nobody is followed beyond 99"),
        ({"times": [0.5]}, "nobody has the event by 0.5"),
        ({"of_cause": 3}, "of_cause must be one of the causes"),
        ({"predictions": {"m": [[2.0], [0], [0], [1]]}}, "risks between 0 and 1"),
        ({"predictions": {"m": [[1.0], [0]]}}, "must have the shape"),
    ],
)
def test_fault_predictions_that_cannot_be_judged(options, sentence) -> None:
    usual = {"predictions": {"m": [[0.1], [0.2], [0.3], [0.4]]}, "times": [2]}
    with pytest.raises(ValueError, match=sentence):
        prediction_error([1, 2, 3, 4], [1, 0, 1, 0], **{**usual, **options})
