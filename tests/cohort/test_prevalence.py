"""Raking: weighted shares equal their targets, the weights are the nearest to equal ones, and precision is counted."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.cohort import draw_cohort
from inferon.cohort.prevalence import effective_sample_size, rake, shares, systematic_sample

AGES = {"LessThan10": "child", "10to19": "child", "20to29": "under 50", "30to39": "under 50", "40to49": "under 50",
        "50to59": "50 to 59", "60plus": "60 and over"}  # fmt: skip


def _people(seed: int, count: int = 400) -> pl.DataFrame:
    draws = np.random.default_rng(seed)
    return pl.DataFrame(
        {"sex": draws.choice(["m", "f"], count, p=[0.7, 0.3]), "age": draws.choice(["a", "b", "c"], count)}
    )


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95), st.floats(0.05, 0.6), st.floats(0.05, 0.35))
def test_property_weighted_shares_equal_their_targets(seed: int, men: float, a: float, b: float) -> None:
    people = _people(seed)
    targets = {"sex": {"m": men, "f": 1 - men}, "age": {"a": a, "b": b, "c": 1 - a - b}}
    found = rake(people, targets)
    reached = shares(people, "sex", "age", weights=found.weights)
    for column, wanted in targets.items():
        assert reached[column] == pytest.approx(wanted, abs=1e-8)
    assert found.weights.mean() == pytest.approx(1)
    assert np.all(found.weights > 0)
    assert 1 <= found.effective_sample_size <= len(people) * (1 + 1e-12)
    assert found.largest_difference <= 1e-9


def test_law_a_population_raked_to_itself_keeps_equal_weights_and_every_patient() -> None:
    people = _people(1)
    found = rake(people, shares(people, "sex", "age", ("sex", "age")))
    assert found.weights == pytest.approx(np.ones(len(people)))
    assert found.effective_sample_size == pytest.approx(len(people))
    assert found.rounds == 1


def test_law_weights_are_products_of_a_factor_a_class_and_nearest_to_equal() -> None:
    """No interaction of sex and age is brought in; any other weights with these shares have more relative entropy."""
    people = _people(2)
    found = rake(people, {"sex": {"m": 0.4, "f": 0.6}, "age": {"a": 0.2, "b": 0.3, "c": 0.5}})
    cell = people.with_columns(w=pl.Series(found.weights)).group_by("sex", "age").agg(pl.col("w").unique(), n=pl.len())
    weight = {(sex, age): w[0] for sex, age, w, _ in cell.iter_rows()}
    assert cell["w"].list.len().max() == 1
    assert weight["m", "a"] * weight["f", "b"] == pytest.approx(weight["m", "b"] * weight["f", "a"])
    count = {(sex, age): n for sex, age, _, n in cell.iter_rows()}

    def entropy(moved: float) -> float:
        """Weight moved around a square of cells, which leaves every share as it is."""
        signs = {("m", "a"): 1, ("f", "b"): 1, ("m", "b"): -1, ("f", "a"): -1}
        changed = {c: weight[c] + signs.get(c, 0) * moved / count[c] for c in weight}
        return sum(count[c] * w * np.log(w) for c, w in changed.items())

    assert entropy(0.0) < min(entropy(1.0), entropy(-1.0))


def test_law_raking_does_not_depend_on_the_order_of_targets_or_patients() -> None:
    people = _people(3)
    targets = {"sex": {"m": 0.4, "f": 0.6}, "age": {"a": 0.2, "b": 0.3, "c": 0.5}}
    one, other = rake(people, targets), rake(people, dict(reversed(targets.items())))
    assert one.weights == pytest.approx(other.weights, abs=1e-7)
    assert rake(people.reverse(), targets).weights[::-1] == pytest.approx(one.weights, abs=1e-12)


def test_double_one_table_is_post_stratification() -> None:
    people = _people(4)
    seen, wanted = shares(people, ("sex", "age"))["sex", "age"], {}
    wanted = dict.fromkeys(seen, 1 / 6)
    found = rake(people, {("sex", "age"): wanted})
    ratio = [wanted[row] / seen[row] for row in people.rows()]
    assert found.weights == pytest.approx(ratio)


def test_oracle_the_effective_sample_size_of_kish() -> None:
    assert effective_sample_size(np.array([1.0, 1, 1, 1])) == 4
    assert effective_sample_size(np.array([2.0, 0, 0, 0])) == 1
    assert effective_sample_size(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective_sample_size(np.zeros(3)) == 0


def test_law_a_class_wanted_in_nobody_is_left_out() -> None:
    people = _people(5)
    found = rake(people, {"age": {"a": 0.5, "b": 0.5, "c": 0.0}})
    assert np.all(found.weights[(people["age"] == "c").to_numpy()] == 0)
    assert found.effective_sample_size <= (people["age"] != "c").sum()


def test_law_a_systematic_sample_holds_every_class_in_its_weighted_number_to_within_one() -> None:
    people = _people(6, 6_000).sort("sex", "age")
    weights = rake(people, {"sex": {"m": 0.25, "f": 0.75}, "age": {"a": 0.1, "b": 0.3, "c": 0.6}}).weights
    weights[(people["age"] == "a").to_numpy()] = 0.0
    rows = systematic_sample(weights, 500, start=0.37)
    assert len(np.unique(rows)) == 500 and np.all(np.diff(rows) > 0) and np.all(weights[rows] > 0)
    share = people.with_columns(weight=weights / weights.sum()).group_by("sex", "age").agg(pl.col("weight").sum())
    counted = people[rows.tolist()].group_by("sex", "age").len()
    both = share.join(counted, on=["sex", "age"], how="left").with_columns(pl.col("len").fill_null(0))
    assert (500 * both["weight"] - both["len"]).abs().max() < 1


def test_double_over_all_starts_the_chance_of_a_row_is_its_weight() -> None:
    weights = rake(_people(8, 60), {"sex": {"m": 0.5, "f": 0.5}, "age": {"a": 0.2, "b": 0.5, "c": 0.3}}).weights
    starts = (np.arange(4000) + 0.5) / 4000
    taken = np.zeros(60)
    for start in starts:
        taken[systematic_sample(weights, 9, start=start)] += 1 / len(starts)
    assert taken == pytest.approx(9 * weights / weights.sum(), abs=2 / len(starts))


def test_fault_a_row_that_would_be_taken_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="too great for 3 different patients"):
        systematic_sample(np.array([1.0, 1.0, 1.0, 3.0]), 3, start=0.5)
    assert systematic_sample(np.array([1.0, 1.0, 0.0]), 2, start=0.999999).tolist() == [0, 1]


def test_law_virtual_patients_take_the_mix_of_a_registry(shared) -> None:
    """Adults of the covariate mix raked to the sex, age and disease stage of real adults with AML before a transplant."""
    real = pl.read_csv(shared / "data" / "cibmtr_covariates9651.csv").filter(dType="AML")
    real = real.with_columns(
        age=pl.col("ageP").replace_strict(AGES), sex=pl.col("sexP").replace_strict({"M": "male", "F": "female"}),
        stage=pl.when(dStatus="Adv").then(pl.lit("active")).otherwise(pl.lit("remission")),
    ).filter(pl.col("age") != "child")  # fmt: skip
    targets = shares(real, ("sex", "age"), "stage")
    virtual = draw_cohort("covariate-mix", np.arange(4000), seed=1).covariates.select(
        "sex",
        age=pl.col("age")
        .cut([50, 60], labels=["under 50", "50 to 59", "60 and over"], left_closed=True)
        .cast(pl.String),
        stage=pl.when(disease_status="active").then(pl.lit("active")).otherwise(pl.lit("remission")),
    )
    found = rake(virtual, targets)
    reached = shares(virtual, ("sex", "age"), "stage", weights=found.weights)
    assert reached["sex", "age"] == pytest.approx(targets["sex", "age"], abs=1e-8)
    assert reached["stage"] == pytest.approx(targets["stage"], abs=1e-8)
    before = shares(virtual, "age")["age"]
    assert before["under 50"] < 0.25 < shares(virtual, "age", weights=found.weights)["age"]["under 50"]
    assert 500 < found.effective_sample_size < 2500


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"sex": {"m": 0.5, "f": 0.6}}, "sum to 1.1, not 1"),
        ({"sex": {"m": 1.5, "f": -0.5}}, "are negative"),
        ({"sex": {"m": 1.0}}, "the class 'f' of 'sex' has no target; 0 leaves it out"),
        ({"sex": {"m": 0.5, "f": 0.4, "x": 0.1}}, "nobody is in the class 'x' of 'sex'"),
        (
            {"sex": {"m": 0.5, "f": 0.5}, "age": {"a": 0.5, "b": 0.5}},
            "no weights meet the targets of 'sex', 'age' together",
        ),
    ],
)
def test_fault_targets_that_cannot_be_met_are_told(targets, words: str) -> None:
    people = pl.DataFrame({"sex": ["m", "m", "f"], "age": ["a", "a", "a"]})
    if "age" in targets:
        people = pl.DataFrame({"sex": ["m", "m", "f"], "age": ["a", "b", "b"]})
        targets = {"sex": {"m": 0.1, "f": 0.9}, "age": {"a": 0.5, "b": 0.5}}
    with pytest.raises(ValueError, match=words):
        rake(people, targets, most_rounds=200)


def test_fault_columns_and_starting_weights_are_checked() -> None:
    people = _people(7)
    with pytest.raises(KeyError, match="no column 'sx'; allowed: sex, age"):
        rake(people, {"sx": {"m": 1.0}})
    with pytest.raises(ValueError, match="negative, or all 0"):
        rake(people, {"sex": {"m": 0.5, "f": 0.5}}, start=np.zeros(len(people)))
