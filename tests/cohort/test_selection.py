"""Patients chosen from candidates: plausible, in the target mix, each once, and the same whatever is drawn at a time."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort import POPULATIONS, draw_cohort, selection
from inferon.cohort.cannot_select import CannotSelect
from inferon.cohort.prevalence import effective_sample_size
from inferon.cohort.quantities import COVARIATES, quantities, units
from inferon.cohort.selection import POOL, select

RANGES = {"T_d": (20.0, 60.0), "bmi": (18.0, np.inf)}
REMISSION = "remission, MRD+ or remission, MRD-"
TARGET = {
    "age": {"<50": 0.5, "50 to <60": 0.3, ">=60": 0.2},
    "disease_status": {"active": 0.3, REMISSION: 0.7},
    "donor": {"matched related": 0.5, "matched unrelated": 0.5, "haploidentical or cord": 0.0},
}


def _draw(patients: np.ndarray) -> pl.DataFrame:
    return quantities(draw_cohort("covariate-mix", patients, seed=11))


def _select(size: int, ranges=None, target=None):
    return select(_draw, size=size, seed=11, ranges=ranges or {}, target=target)


@pytest.fixture(scope="module")
def both():
    """Two thousand patients chosen by ranges and target."""
    return _select(2000, RANGES, TARGET)


def test_law_every_quantity_has_a_unit_and_covariates_are_those_of_every_population_and_family() -> None:
    assert _draw(np.arange(3)).columns == list(units())
    tables = [
        quantities(draw_cohort(population, np.arange(200), seed=11, family=family)).select(COVARIATES.keys())
        for population in POPULATIONS
        for family in ("reference", "slow_disease")
    ]
    assert all(table.equals(tables[0]) for table in tables)


def test_law_without_a_wish_everybody_is_taken_from_the_first_on() -> None:
    found = _select(50)
    assert found.patients.tolist() == list(range(50))
    assert (found.drawn, found.plausible, found.weighted) == (POOL, POOL, None)


def test_law_only_plausible_patients_are_kept_and_the_first_of_them(both) -> None:
    found = _select(500, RANGES)
    chosen = _draw(np.arange(found.patients[-1] + 1))
    plausible = chosen.select(pl.col("T_d").is_between(20, 60) & (pl.col("bmi") >= 18)).to_series()
    assert found.patients.tolist() == plausible.arg_true().to_list()
    kept = _draw(both.patients)
    assert kept["T_d"].is_between(20, 60).all() and (kept["bmi"] >= 18).all()
    everybody = _draw(np.arange(POOL))
    told = dict(zip(found.ranges["quantity"], found.ranges.rows(), strict=True))
    assert told["T_d"] == ("T_d", 20.0, 60.0, (everybody["T_d"] < 20).sum(), (everybody["T_d"] > 60).sum(), 0)


def test_law_the_chosen_have_the_target_mix_each_once(both) -> None:
    assert len(np.unique(both.patients)) == 2000 and np.all(np.diff(both.patients) > 0)
    cells = 3 * 2 * 3
    table = both.weighted.marginals
    assert (table["cohort"] - table["target"]).abs().max() < cells / 2000
    people = _draw(both.patients)
    assert (people["age"] < 50).mean() == dict(table.select("class", "cohort").iter_rows())["<50"]
    assert not people["donor"].is_in(["haploidentical", "cord"]).any()
    assert [sum(rows["target"]) for _, rows in table.group_by("covariate")] == pytest.approx([1.0] * 3)


def test_law_weights_are_one_for_a_target_equal_to_the_population() -> None:
    drawn = _draw(np.arange(POOL))
    women, active = ((drawn[name] == label).mean() for name, label in (("sex", "female"), ("disease_status", "active")))
    target = {"sex": {"female": women, "male": 1 - women}, "disease_status": {"active": active, REMISSION: 1 - active}}
    found = _select(1000, target=target).weighted
    assert found.greatest == pytest.approx(
        1.0, abs=0.05
    )  # sex and status are independent in expectation, not in the sample
    assert found.effective_sample_size == pytest.approx(POOL, rel=1e-3)
    assert found.marginals["drawn"].to_list() == pytest.approx(found.marginals["target"].to_list())
    one = _select(1000, target={"sex": target["sex"]}).weighted
    assert (one.greatest, one.effective_sample_size) == (pytest.approx(1.0), pytest.approx(POOL))


def test_double_the_sample_estimates_what_the_weighted_candidates_do(both) -> None:
    """Mean load and share with poor cytogenetics, neither in the target: within four standard errors of post-stratification."""
    status = {"active": 0.3, REMISSION: 0.7}
    found = _select(2000, target={"disease_status": status})
    drawn, chosen = _draw(np.arange(found.drawn)), _draw(found.patients)
    active = (drawn["disease_status"] == "active").to_numpy()
    weights = np.where(active, 0.3 / active.mean(), 0.7 / (1 - active.mean()))
    assert found.weighted.effective_sample_size == pytest.approx(effective_sample_size(weights))
    assert found.weighted.greatest == pytest.approx(weights.max())
    poor = [(table["cytogenetic_risk"] == "poor").to_numpy().astype(float) for table in (drawn, chosen)]
    for everybody, few in ((drawn["log10_L"].to_numpy(), chosen["log10_L"].to_numpy()), poor):
        error = few.std() * np.sqrt(1 / 2000 + 1 / found.weighted.effective_sample_size)
        assert abs(few.mean() - np.average(everybody, weights=weights)) < 4 * error


def test_law_how_many_are_drawn_at_a_time_changes_nobody_chosen_by_ranges(monkeypatch) -> None:
    expected = _select(500, RANGES).patients
    for block in (300, 4000):
        monkeypatch.setattr(selection, "POOL", block)
        assert _select(500, RANGES).patients.tolist() == expected.tolist()


def test_law_candidates_are_drawn_until_the_rarest_class_suffices(monkeypatch) -> None:
    monkeypatch.setattr(selection, "POOL", 1000)
    found = _select(400, target={"age": {"<40": 0.3, ">=40": 0.7}})
    assert found.drawn > 4000 and found.drawn % 1000 == 0
    assert found.weighted.greatest * 400 <= found.plausible
    assert (_draw(found.patients)["age"] < 40).sum() == 120


@pytest.mark.parametrize(
    ("ranges", "target", "path", "words"),
    [
        ({"weight": (500.0, 600.0)}, None, ("ranges",), "too few plausible patients (20000 are outside the range of weight)"),
        ({}, {"age": {"<19": 0.5, ">=19": 0.5}}, ("target", "age", "<19"), "none of 20000 patients drawn is in this class"),
        ({}, {"age": {"<40": 0.5, ">=50": 0.5}}, ("target", "age"), "are in none of these classes"),
        ({}, {"age": {"<40": 0.5, ">=30": 0.5}}, ("target", "age", ">=30"), "overlaps"),
        ({}, {"donor": {"matched relatd": 1.0}}, ("target", "donor", "matched relatd"), ""),
        ({}, {"age": {"<27": 0.9, ">=27": 0.1}}, ("target",), "too few different patients in the target mix"),
        (
            {},
            {"age": {"<55": 0.1, ">=55": 0.9}, "conditioning": {"myeloablative": 0.5, "reduced intensity": 0.5}},
            ("target",),
            "no weights meet the targets of 'age', 'conditioning' together",
        ),
    ],
)  # fmt: skip
def test_fault_what_no_patients_can_be_is_told_with_its_place(ranges, target, path, words: str) -> None:
    with pytest.raises(CannotSelect) as caught:
        _select(400, ranges, target)
    assert caught.value.path == path
    assert words in str(caught.value)
    assert caught.value.found is not None and caught.value.allowed


def test_fault_the_rate_is_told_where_it_is_too_low() -> None:
    with pytest.raises(CannotSelect) as caught:
        _select(400, {"weight": (138.0, 200.0), "T_d": (1.0, 5.0)})
    found = str(caught.value.found)
    kept, drawn = (int(word) for word in found.split(" drawn", maxsplit=1)[0].split(" of "))
    assert 0 < kept < drawn / 250 and drawn == POOL and f"({100 * kept / drawn:.2g} %)" in found
    assert caught.value.allowed == "what at least one in 250 patients fulfils"
