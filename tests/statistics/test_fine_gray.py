"""Fine–Gray regression: identities it must obey, and a second, slow implementation."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.fine_gray import CONVENTIONS, fine_gray
from inferon.statistics.regression.fine_gray_weights import fine_gray_weighted_rows

from .slow_fine_gray import Slow

SAME = {"rtol": 1e-8, "atol": 1e-10}
seeds = st.integers(0, 10_000)
quick = settings(max_examples=25)
FORMS = [*((c, v) for c in ("crr", "finegray", "mets") for v in ("sandwich", "robust", "model"))]


def patients(seed: int, n: int = 60, *, censored: float = 1.0):
    """Tied times, two causes and censoring, two covariates that matter."""
    rng = np.random.default_rng(seed)
    z = np.column_stack([rng.permutation(n) % 2, rng.normal(size=n).round(1)])
    event = rng.exponential(8 * np.exp(-0.6 * z[:, 0]), n)
    follow_up = np.where(rng.random(n) < 0.4 * censored, rng.exponential(8, n), np.inf)
    cause = np.where(event <= follow_up, 1 + (rng.random(n) < 0.4), 0)
    time = np.ceil(np.minimum(event, follow_up))
    return time, cause, pl.DataFrame({"arm": z[:, 0], "age": z[:, 1]})


def equal_models(one, other, **tolerance):
    tolerance = tolerance or SAME
    np.testing.assert_allclose(one.coefficients, other.coefficients, **tolerance)
    np.testing.assert_allclose(one.covariance, other.covariance, **tolerance)
    np.testing.assert_allclose(one.baseline_jumps[0], other.baseline_jumps[0], **tolerance)


@quick
@given(seeds)
def test_law_without_competing_events_fine_gray_is_cox(seed) -> None:
    time, cause, z = patients(seed)
    cause = np.minimum(cause, 1)
    for convention, known in CONVENTIONS.items():
        ties = "efron" if known.efron else "breslow"
        ours = fine_gray(
            time, cause, covariates=z, cause_of_interest=1, convention=convention, ties=ties, variance="model"
        )
        theirs = cox(time, cause, covariates=z, ties=ties)
        np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.covariance, theirs.variance, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose([ours.log_likelihood_null, ours.log_likelihood], theirs.log_likelihood, rtol=1e-9)
    robust = fine_gray(time, cause, covariates=z, cause_of_interest=1, ties="efron", variance="robust")
    np.testing.assert_allclose(robust.covariance, cox(time, cause, covariates=z, robust=True).variance, rtol=1e-6)


@quick
@given(seeds)
def test_law_without_censoring_competing_patients_stay_at_risk_for_ever(seed) -> None:
    time, cause, z = patients(seed, censored=0.0)
    ours = fine_gray(time, cause, covariates=z, cause_of_interest=1, variance="model")
    stayed = np.where(cause == 2, time.max() + 1, time)
    theirs = cox(stayed, cause == 1, covariates=z, ties="breslow")
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.covariance, theirs.variance, rtol=1e-6)


@quick
@given(seeds)
def test_double_the_expanded_rows_in_a_cox_model_say_the_same(seed) -> None:
    time, cause, z = patients(seed)
    for layout in ("finegray", "crprep"):
        rows = fine_gray_weighted_rows(time, cause, cause_of_interest=1, layout=layout)
        expanded = {
            "covariates": z[rows["row"].to_numpy()],
            "start": rows["start"],
            "weights": rows["weight"],
        }
        theirs = cox(rows["stop"], rows["event"], robust=False, **expanded)
        clustered = cox(rows["stop"], rows["event"], cluster=rows["row"], **expanded).variance
        by_row = cox(rows["stop"], rows["event"], robust=True, **expanded).variance
        for form, expected in (("model", theirs.variance), ("robust", clustered), ("robust_by_row", by_row)):
            ours = fine_gray(
                time, cause, covariates=z, cause_of_interest=1, convention=layout, ties="efron", variance=form
            )
            np.testing.assert_allclose(ours.covariance, expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.log_likelihood, theirs.log_likelihood[1], rtol=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_double_plain_loops_give_the_same_likelihood_and_sandwich(seed) -> None:
    time, cause, z = patients(seed, n=28)
    values = z.to_numpy()
    slow = Slow(time.tolist(), cause.tolist(), lambda i, t: values[i], 2)
    ours = fine_gray(time, cause, covariates=z, cause_of_interest=1)
    value, score, information = slow.at(ours.coefficients)
    assert ours.log_likelihood == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(score, 0, atol=1e-7)
    np.testing.assert_allclose(
        fine_gray(time, cause, covariates=z, cause_of_interest=1, variance="model").covariance,
        np.linalg.inv(information),
        rtol=1e-7,
    )
    np.testing.assert_allclose(ours.covariance, slow.sandwich(ours.coefficients, by_group=True), rtol=1e-7)
    np.testing.assert_allclose(ours.baseline_jumps[0], list(slow.hazard(ours.coefficients).values()), rtol=1e-8)


@pytest.mark.parametrize(("form", "by_group"), [("sandwich", False), ("sandwich_by_group", True)])
def test_double_plain_loops_with_censoring_groups(form, by_group) -> None:
    time, cause, z = patients(5, n=28)
    group = (np.arange(28) % 2).tolist()
    values = z.to_numpy()
    slow = Slow(time.tolist(), cause.tolist(), lambda i, t: values[i], 2, group=group)
    ours = fine_gray(time, cause, covariates=z, cause_of_interest=1, censoring_group=group, variance=form)
    assert ours.log_likelihood == pytest.approx(slow.at(ours.coefficients)[0], rel=1e-10)
    np.testing.assert_allclose(ours.covariance, slow.sandwich(ours.coefficients, by_group=by_group), rtol=1e-7)


@pytest.mark.parametrize("seed", [3, 4])
def test_double_plain_loops_with_effects_that_change_with_time(seed) -> None:
    time, cause, z = patients(seed, n=26)
    values = z.to_numpy()
    slow = Slow(time.tolist(), cause.tolist(), lambda i, t: [*values[i], values[i][1] * np.log(t)], 3)
    ours = fine_gray(time, cause, covariates=z, cause_of_interest=1, time_varying={"age": np.log})
    value, score, _ = slow.at(ours.coefficients)
    assert ours.terms == ("arm", "age", "age:log(t)")
    assert ours.log_likelihood == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(score, 0, atol=1e-7)
    np.testing.assert_allclose(ours.covariance, slow.sandwich(ours.coefficients, by_group=True), rtol=1e-7)
    jumps = slow.hazard(ours.coefficients)
    risen = sum(jump * np.exp(ours.coefficients @ [1, 0.5, 0.5 * np.log(t)]) for t, jump in jumps.items() if t <= 4)
    assert ours.predict({"arm": 1, "age": 0.5}, [4])[0, 0] == pytest.approx(1 - np.exp(-risen), rel=1e-8)


@pytest.mark.parametrize("seed", [6, 7])
def test_double_plain_loops_with_delayed_entry(seed) -> None:
    time, cause, z = patients(seed, n=40)
    rng = np.random.default_rng(seed)
    start = np.minimum(np.where(rng.random(40) < 0.6, 0, rng.integers(0, 5, 40)), time - 1).astype(float)
    values = z.to_numpy()
    slow = Slow(time.tolist(), cause.tolist(), lambda i, t: values[i], 2, start=start.tolist())
    ours = fine_gray(time, cause, covariates=z, cause_of_interest=1, start=start, convention="crr", variance="model")
    value, score, information = slow.at(ours.coefficients)
    assert ours.delayed_entry
    assert ours.log_likelihood == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(score, 0, atol=1e-7)
    np.testing.assert_allclose(ours.covariance, np.linalg.inv(information), rtol=1e-7)


@quick
@given(seeds)
def test_law_records_split_in_two_change_nothing(seed) -> None:
    time, cause, z = patients(seed)
    cut = np.random.default_rng(seed).integers(0, 6, time.size) + 0.5
    split = cut < time
    rows = np.concatenate([np.arange(time.size), np.flatnonzero(split)])
    ends = np.concatenate([time, cut[split]])
    starts = np.concatenate([np.where(split, cut, 0.0), np.zeros(split.sum())])
    causes = np.concatenate([cause, np.zeros(split.sum(), dtype=int)])
    for convention, form in FORMS:
        how = {"cause_of_interest": 1, "convention": convention, "variance": form}
        whole = fine_gray(time, cause, covariates=z, **how)
        parts = fine_gray(ends, causes, covariates=z[rows], start=starts, patient=rows, **how)
        equal_models(whole, parts)
        assert (whole.n, whole.n_censored) == (parts.n, parts.n_censored)


@quick
@given(seeds)
def test_law_weights_stand_for_repeated_patients(seed) -> None:
    time, cause, z = patients(seed)
    counts = np.random.default_rng(seed).integers(1, 4, time.size)
    rows = np.repeat(np.arange(time.size), counts)
    for convention in ("crr", "finegray"):
        for form in ("sandwich", "robust", "model"):
            how = {"cause_of_interest": 1, "convention": convention, "variance": form, "ties": "breslow"}
            weighted = fine_gray(time, cause, covariates=z, weights=counts, **how)
            repeated = fine_gray(time[rows], cause[rows], covariates=z[rows], cluster=rows, **how)
            equal_models(weighted, repeated)


@quick
@given(seeds, st.randoms(use_true_random=False))
def test_property_order_labels_and_unit_of_time_do_not_matter(seed, random) -> None:
    time, cause, z = patients(seed)
    order = list(range(time.size))
    random.shuffle(order)
    named = np.array([None, "relapse", "death"], dtype=object)[cause]
    for convention, form in FORMS:
        one = fine_gray(time, cause, covariates=z, cause_of_interest=1, convention=convention, variance=form)
        other = fine_gray(
            30.4 * time[order], named[order], covariates=z[order], cause_of_interest="relapse",
            convention=convention, variance=form,
        )  # fmt: skip
        equal_models(one, other)


@quick
@given(seeds)
def test_law_moving_a_covariate_moves_the_baseline_only(seed) -> None:
    time, cause, z = patients(seed)
    one = fine_gray(time, cause, covariates=z, cause_of_interest=1)
    moved = fine_gray(time, cause, covariates=z.with_columns(pl.col("age") + 40), cause_of_interest=1)
    np.testing.assert_allclose(one.covariance, moved.covariance, rtol=1e-6)
    ours = one.predict([{"arm": 1, "age": 0.3}], [2, 5, 9])
    np.testing.assert_allclose(ours, moved.predict([{"arm": 1, "age": 40.3}], [2, 5, 9]), rtol=1e-7)
    assert ((ours >= 0) & (ours <= 1) & (np.diff(ours, axis=1, prepend=0) >= 0)).all()


@quick
@given(seeds)
def test_law_the_same_patients_in_two_strata_double_the_information(seed) -> None:
    time, cause, z = patients(seed)
    strata = np.repeat(["a", "b"], time.size)
    one = fine_gray(time, cause, covariates=z, cause_of_interest=1, variance="model")
    twice = fine_gray(
        np.tile(time, 2), np.tile(cause, 2), covariates=pl.concat([z, z]), cause_of_interest=1, strata=strata,
        censoring_group=strata, variance="model",
    )  # fmt: skip
    np.testing.assert_allclose(twice.coefficients, one.coefficients, **SAME)
    np.testing.assert_allclose(twice.covariance, one.covariance / 2, **SAME)
    for label in "ab":
        np.testing.assert_allclose(
            twice.predict({"arm": 1, "age": 0}, [4], stratum=label), one.predict({"arm": 1, "age": 0}, [4]), rtol=1e-8
        )
    assert twice.baseline()["stratum"].unique(maintain_order=True).to_list() == ["a", "b"]


@quick
@given(seeds)
def test_law_one_censoring_group_is_none(seed) -> None:
    time, cause, z = patients(seed)
    one = fine_gray(time, cause, covariates=z, cause_of_interest=1)
    for form in ("sandwich", "sandwich_by_group"):
        group = np.zeros(time.size)
        equal_models(
            one, fine_gray(time, cause, covariates=z, cause_of_interest=1, censoring_group=group, variance=form)
        )


@quick
@given(seeds)
def test_law_entry_before_everybody_s_first_time_says_nothing(seed) -> None:
    time, cause, z = patients(seed)
    entry = np.random.default_rng(seed).random(time.size) * 0.9
    for convention, form in FORMS:
        how = {"covariates": z, "cause_of_interest": 1, "convention": convention, "variance": form}
        equal_models(fine_gray(time, cause, **how), fine_gray(time, cause, start=entry, **how))


@quick
@given(seeds)
def test_law_a_function_that_is_constant_in_time_is_a_constant_effect(seed) -> None:
    time, cause, z = patients(seed)
    one = fine_gray(time, cause, covariates=z, cause_of_interest=1)
    same = fine_gray(
        time, cause, covariates=z, cause_of_interest=1, time_varying={"age": np.ones_like}, only_time_varying=["age"]
    )
    equal_models(one, same, rtol=1e-7, atol=1e-9)


def test_double_many_levels_in_blocks_equal_one_block(monkeypatch) -> None:
    time, cause, z = patients(8, n=80)
    how = {"covariates": z, "cause_of_interest": 1, "time_varying": {"age": np.sqrt}}
    whole = fine_gray(time, cause, **how)
    monkeypatch.setattr("inferon.statistics.regression.fine_gray_risk_sets.CELLS_A_BLOCK", 240)
    equal_models(whole, fine_gray(time, cause, **how))


def test_law_conventions_agree_where_no_times_tie() -> None:
    time, cause, z = patients(9, n=200)
    time = time + np.random.default_rng(9).random(200)
    models = [
        fine_gray(time, cause, covariates=z, cause_of_interest=1, convention=convention, variance="model")
        for convention in CONVENTIONS
    ]
    for model in models[1:]:
        np.testing.assert_allclose(model.coefficients, models[0].coefficients, rtol=1e-8)
        np.testing.assert_allclose(model.covariance, models[0].covariance, rtol=1e-8)


def test_property_the_coefficient_is_near_the_truth() -> None:
    """The Fine–Gray simulation of their paper: F1 = 1 - (1 - p (1 - e^-t))^exp(zb); 5 model standard errors are allowed."""
    rng = np.random.default_rng(11)
    z = rng.normal(size=(4000, 2))
    ratio = np.exp(z @ [0.5, -0.5])
    first = rng.random(4000) < 1 - 0.34**ratio
    draw = rng.random(4000) * (1 - 0.34**ratio)
    relapse = -np.log1p((np.power(1 - draw, 1 / ratio) - 1) / 0.66)
    event = np.where(first, relapse, rng.exponential(1, 4000))
    follow_up = rng.uniform(0.2, 4, 4000)
    cause = np.where(event <= follow_up, np.where(first, 1, 2), 0)
    model = fine_gray(np.minimum(event, follow_up), cause, covariates=z, cause_of_interest=1)
    assert (np.abs(model.coefficients - [0.5, -0.5]) < 5 * model.standard_error).all()
    np.testing.assert_allclose(model.predict([[0, 0]], [1]), 0.66 * (1 - np.exp(-1)), atol=0.05)
