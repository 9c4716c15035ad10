"""Virtual people from birth: common random numbers, exposures, and what is said about the clone."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.biology.onset.clone import clonal_prevalence
from inferon.cohort import onset as onset_module
from inferon.cohort.exposures import (
    CHEMOTHERAPY,
    SCENARIOS,
    THERAPY_RISKS,
    Exposure,
    draw_exposures,
    lifetime_risk,
    onset_values,
    rates,
    scenario,
)
from inferon.cohort.onset import DAYS_PER_YEAR, ORIGINS, carrier_age, draw_people
from inferon.model.catalogue import parameter_table

PEOPLE = np.arange(3000)
QUICK = settings(max_examples=10)


def _table(exposure: Exposure | None = None, people: np.ndarray = PEOPLE, **how) -> pl.DataFrame:
    return draw_people(people, seed=5, exposure=exposure, **how).table


def _exposed(rng: np.random.Generator, people: int) -> Exposure:
    """Everybody exposed to several things at once, each person differently."""
    start = rng.uniform(15, 40, people)
    return Exposure(
        radiation_dose_gy=rng.uniform(0, 2, people),
        radiation_age=rng.uniform(0, 60, people),
        benzene_ppm=rng.uniform(0, 5, people),
        benzene_from=start,
        benzene_until=start + 10,
        packs_per_day=rng.uniform(0, 2, people),
        smoking_from=start,
        smoking_until=start + 25,
        therapy=rng.choice(["none", *CHEMOTHERAPY, *THERAPY_RISKS], people),
        therapy_age=rng.uniform(30, 70, people),
    )


def test_law_person_i_is_the_same_in_any_company(monkeypatch) -> None:
    exposure = _exposed(np.random.default_rng(1), len(PEOPLE))
    together = _table(exposure, clonal_haematopoiesis=True)
    monkeypatch.setattr(onset_module, "_BLOCK", 700)
    assert _table(exposure, clonal_haematopoiesis=True).equals(together)
    few = slice(1000, 1100)
    assert _table(exposure.of(few), PEOPLE[few], clonal_haematopoiesis=True).equals(together[1000:1100])


def test_law_other_draws_change_nothing_that_was_there() -> None:
    plain, full = _table(), _table(clonal_haematopoiesis=True)
    assert plain["sex"].equals(full["sex"])
    not_aml = (plain["exit_cause"] != "AML") & (full["exit_cause"] != "AML")
    assert plain.filter(not_aml)["exit_age"].equals(full.filter(not_aml)["exit_age"])
    assert plain["carrier_age"].null_count() == len(plain)


@given(st.integers(0, 2**32))
@QUICK
def test_property_an_exposed_twin_is_never_diagnosed_later_and_the_same_before_exposure(seed: int) -> None:
    people = PEOPLE[:400]
    exposure = _exposed(np.random.default_rng(seed), len(people))
    exposed, twin = (draw_people(people, seed=seed, exposure=e).table for e in (exposure, None))
    assert np.all(exposed["exit_age"].to_numpy() <= twin["exit_age"].to_numpy())
    first = np.min([exposure.radiation_age, exposure.benzene_from, exposure.therapy_age], axis=0)
    before = twin["exit_age"].to_numpy() < first - 0.5
    assert np.array_equal(exposed["exit_age"].to_numpy()[before], twin["exit_age"].to_numpy()[before])


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "unexposed"])
def test_law_every_scenario_adds_AML_whatever_the_age_of_counting(name: str) -> None:
    twin, exposed = (lifetime_risk(scenario(n)) for n in ("unexposed", name))
    assert np.all(exposed["AML"] >= twin["AML"]) and exposed["AML"][-1] > twin["AML"][-1]
    assert np.all(np.diff(exposed["AML"]) >= 0) and exposed["AML"][-1] < 0.1


def test_law_a_sensitivity_reaches_the_risk() -> None:
    """Protracted exposure has no quadratic part; the form of the excess and the slope of benzene change what they should."""
    acute, twin = (lifetime_risk(scenario(n), from_age=30) for n in ("1 Gy at 30", "unexposed"))
    protracted = lifetime_risk(scenario("1 Gy at 30"), from_age=30, values={**onset_values(), "aQ_rad": 0.0})
    share = (protracted["CML"][-1] - twin["CML"][-1]) / (acute["CML"][-1] - twin["CML"][-1])
    assert share == pytest.approx(0.7899 / (0.7899 + 0.9501), rel=0.01)
    none = lifetime_risk(scenario("benzene 10 ppm for 10 years"), values={**onset_values(), "bB": 0.0})
    assert np.array_equal(none["AML"], lifetime_risk(Exposure())["AML"])


@pytest.mark.parametrize("name", ["high cumulative chemotherapy at 50", "2 Gy at 30"])
def test_double_sampled_people_against_the_integral(name: str) -> None:
    """Each subtype within four Monte-Carlo errors of its cumulative incidence, from the age of exposure on."""
    age, people = (50 if "at 50" in name else 30), np.arange(40_000)
    risk = lifetime_risk(scenario(name), from_age=age)
    drawn = draw_people(people, seed=9, exposure=scenario(name), sexes=False, from_age=age).table
    assert drawn["exit_age"].min() > age
    for subtype in ("AML", "ALL", "CML", "CLL"):
        expected = risk[subtype][-1]
        error = np.sqrt(expected * (1 - expected) / len(people))
        assert (drawn["exit_cause"] == subtype).mean() == pytest.approx(expected, abs=4 * error)


def test_oracle_men_have_more_leukaemia_than_women_by_the_registry_factors() -> None:
    v, ages = onset_values(), np.array([60.0])
    found = rates(Exposure(), ages, male=np.array([True, False]))
    assert found["AML"][0, 0] / found["AML"][1, 0] == pytest.approx(v["sexf_AML_m"] / v["sexf_AML_f"])
    assert found["CLL"][0, 0] / found["CLL"][1, 0] == pytest.approx(1.3 / 0.75)
    drawn = _table(people=np.arange(20_000))
    assert set(drawn["sex"]) == {"male", "female"}
    assert (drawn["sex"] == "male").mean() == pytest.approx(
        parameter_table("population")["p_male_other"].value, abs=0.015
    )


def test_law_carriers_are_as_frequent_as_the_clone_process_says() -> None:
    people = np.arange(40_000)
    since = carrier_age(people, seed=2)
    for age in (45.0, 75.0, 95.0):
        expected = clonal_prevalence(age, onset_values())[0]
        error = np.sqrt(expected * (1 - expected) / len(people))
        assert (since <= age).mean() == pytest.approx(expected, abs=4 * error)


@pytest.fixture(scope="module")
def treated() -> pl.DataFrame:
    """Enough therapy-related AML to look at: high cumulative treatment at 50, everybody alive then."""
    exposure = scenario("high cumulative chemotherapy at 50")
    return draw_people(np.arange(40_000), seed=4, exposure=exposure, from_age=50).table


def test_law_clones_begin_after_what_caused_them_and_before_diagnosis(treated: pl.DataFrame) -> None:
    ill = treated.filter(pl.col("exit_cause") != "death")
    ages = (ill["exit_age"] - ill["onset_age"]) * DAYS_PER_YEAR
    assert ages.to_numpy() == pytest.approx(ill["growth_days"].to_numpy(), abs=1e-6)
    assert ill["onset_age"].min() >= -1e-9
    related = ill.filter(pl.col("origin").is_in(ORIGINS[1:]))
    assert len(related) > 500 and related["onset_age"].min() >= 50 - 1e-9
    assert set(related["exit_cause"]) == {"AML"}


def test_law_presets_follow_the_origin(treated: pl.DataFrame) -> None:
    by_origin = {o: treated.filter(pl.col("origin") == o) for o in ORIGINS}
    assert set(by_origin["topoisomerase"]["preset"]) == {"AML_fast"}
    assert set(by_origin["alkylator"]["cytogenetic_risk"]) == {"poor"}
    slow = by_origin["alkylator"].filter(pl.col("preset") == "AML_default")
    assert len(slow) > 0.5 * len(by_origin["alkylator"])
    assert by_origin["de novo"]["cytogenetic_risk"].null_count() == len(by_origin["de novo"])
    topoisomerase, alkylator = (by_origin[o]["exit_age"].median() for o in ("topoisomerase", "alkylator"))
    assert topoisomerase < alkylator


def test_law_a_clone_starts_with_one_cell_unless_time_was_short(treated: pl.DataFrame) -> None:
    ill = treated.filter(pl.col("exit_cause") != "death")
    one = 1 / onset_values()["weight_ref"]
    assert ill["onset_cells"].min() == pytest.approx(one)
    more = ill.filter(pl.col("onset_cells") > one * (1 + 1e-9))
    at_therapy = (more["onset_age"] - 50).abs() < 1e-9
    assert len(more) > 0 and (at_therapy | (more["onset_age"].abs() < 1e-9)).all()
    healthy = treated.filter(pl.col("exit_cause") == "death")
    assert healthy["onset_age"].null_count() == len(healthy) == healthy["preset"].null_count()


def test_law_a_mixture_gives_everybody_one_of_its_scenarios() -> None:
    shares = {"unexposed": 0.6, "pack a day from 20 to 60": 0.4}
    label, exposure = draw_exposures(shares, PEOPLE, seed=1)
    assert np.array_equal(exposure.packs_per_day == 1, label == "pack a day from 20 to 60")
    assert exposure.people == len(PEOPLE)
    assert (label == "unexposed").mean() == pytest.approx(0.6, abs=0.03)


def test_fault_names_and_sizes_that_do_not_exist_are_refused() -> None:
    with pytest.raises(KeyError, match="unknown exposure 'smoker'; allowed: unexposed"):
        scenario("smoker")
    with pytest.raises(KeyError, match="unknown therapy 'radiation'; allowed: none"):
        Exposure(therapy="radiation", therapy_age=50)
    with pytest.raises(ValueError, match="radiation_dose_gy is -1; allowed: 0 or more"):
        Exposure(radiation_dose_gy=-1)
    with pytest.raises(ValueError, match="packs_per_day is nan"):
        Exposure(packs_per_day=float("nan"))
    with pytest.raises(ValueError, match="describes 3 people; 2 are drawn"):
        draw_people(PEOPLE[:2], seed=1, exposure=Exposure(radiation_dose_gy=np.zeros(3), radiation_age=30.0))
    with pytest.raises(ValueError, match="2, 3 people at once"):
        draw_people(PEOPLE[:2], seed=1, exposure=Exposure(radiation_dose_gy=np.zeros(3), packs_per_day=np.zeros(2)))
    with pytest.raises(ValueError, match="describes 3 people; allowed: one"):
        lifetime_risk(Exposure(radiation_dose_gy=np.zeros(3)))
    with pytest.raises(KeyError, match="unknown radiation form 'linear'"):
        draw_people(PEOPLE[:2], seed=1, radiation="linear")
    with pytest.raises(ValueError, match=r"sum to 0\.5"):
        draw_exposures({"unexposed": 0.5}, PEOPLE, seed=1)
