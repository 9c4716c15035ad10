"""Arms of an interferon trial in a JAK2 neoplasm: titration, responses at visits, exposure and what was published about it."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort.mpn import draw_mpn_cohort
from inferon.trial.mpn import MpnResult, simulate_mpn, titration

SEED = 20250
VISITS = 28.0 * np.arange(0, 27)


@pytest.fixture(scope="module")
def fast() -> MpnResult:
    """Two years of ropeginterferon with fast titration in polycythaemia vera."""
    cohort = draw_mpn_cohort("polycythaemia vera", np.arange(300), seed=SEED)
    return simulate_mpn(cohort, titration("fast", doses=52), visits=VISITS)


def test_oracle_titrations_are_those_of_the_trials() -> None:
    given = {
        speed: [(r.start + 14 * i, r.dose) for r in titration(speed, doses=12) for i in range(r.doses)]
        for speed in ("fast", "slow")
    }
    assert given["fast"] == [(14.0 * i, dose) for i, dose in enumerate([250, 350, *[500] * 10])]
    assert given["slow"] == [(14.0 * i, dose) for i, dose in enumerate([*range(100, 500, 50), *[500] * 4])]
    assert [r.doses for r in titration("fast", doses=2)] == [1, 1]
    with pytest.raises(ValueError, match="speed is 'medium'; allowed: fast, slow"):
        titration("medium", doses=3)


def test_law_a_patient_is_the_same_in_any_company(fast) -> None:
    cohort = draw_mpn_cohort("polycythaemia vera", np.array([250, 7]), seed=SEED)
    other = simulate_mpn(cohort, titration("fast", doses=52), visits=VISITS)
    chosen = pl.col("patient").is_in([250, 7])
    assert fast.patients.filter(chosen).equals(other.patients.sort("patient"))
    assert fast.visits.filter(chosen).equals(other.visits.sort("patient", "day"))


def test_law_visits_and_responses_agree(fast) -> None:
    complete = fast.visits.filter(pl.col("haematological_response") == "complete haematological response")
    assert complete.select(
        (pl.col("HCT") < 0.45).all() & (pl.col("PLT") <= 400).all() & (pl.col("WBC") <= 10).all()
    ).item()
    first = complete.group_by("patient").agg(pl.col("day").min()).sort("patient")
    listed = fast.patients.filter(pl.col("complete_response_day").is_not_null())
    assert first["day"].to_list() == listed["complete_response_day"].to_list()
    lasting = fast.patients.filter(pl.col("durable_response_day").is_not_null())
    assert 0 < len(lasting) < len(listed)
    assert (lasting["durable_response_day"] >= lasting["complete_response_day"]).all()


def test_oracle_exposure_lies_where_the_trials_found_it(fast) -> None:
    """Median about 37.5 ng/mL to week 24 with fast and 20 with slow titration (Qin 2025, figure 3), in lighter patients."""
    cohort = draw_mpn_cohort("polycythaemia vera", np.arange(300), seed=SEED)
    slow = simulate_mpn(cohort, titration("slow", doses=13), visits=np.array([0.0, 182.0]))
    assert fast.patients["exposure_week_24"].median() == pytest.approx(37.5, rel=0.2)
    assert 15 < slow.patients["exposure_week_24"].median() < fast.patients["exposure_week_24"].median()
    assert "exposure_week_52" not in slow.patients.columns


def test_law_published_regressions_are_null_outside_their_range(fast) -> None:
    outside = (pl.col("exposure_week_52") < 10) | (pl.col("exposure_week_52") > 50)
    table = fast.patients.with_columns(outside=outside)
    assert 0 < table["outside"].sum() < len(table)
    for name in ("response_probability_week_52", "allele_burden_change_week_52"):
        assert (table[name].is_null() == table["outside"]).all()


def test_law_the_allele_burden_falls_and_untreated_it_does_not() -> None:
    cohort = draw_mpn_cohort("essential thrombocythaemia", np.arange(200), seed=SEED)
    treated = simulate_mpn(cohort, titration("fast", doses=52), visits=VISITS)
    untreated = simulate_mpn(cohort, [], visits=VISITS)
    last = pl.col("day") == VISITS[-1]
    start = cohort.covariates["allele_burden"]
    assert treated.visits.filter(last)["VAF"].median() < 0.5 * start.median()
    assert untreated.visits.filter(last)["VAF"].median() == pytest.approx(start.median(), abs=0.02)
    assert "HCT" not in treated.visits.columns
    assert "complete_response_day" not in treated.patients.columns


def test_law_allele_burdens_have_their_median_and_zygosity_follows_them() -> None:
    """20,000 patients: Monte-Carlo error of a median 0.002."""
    for population, median in (("polycythaemia vera", 0.695), ("essential thrombocythaemia", 0.225)):
        cohort = draw_mpn_cohort(population, np.arange(20000), seed=SEED)
        burden = cohort.covariates["allele_burden"].to_numpy()
        assert np.median(burden) == pytest.approx(median, abs=0.012)
        share = cohort.parameters["mpn__F0"] * cohort.parameters["mpn__zygosity"] / 2
        assert share == pytest.approx(burden)
        assert np.all(cohort.parameters["mpn__F0"] <= 1)
        assert np.all((cohort.parameters["mpn__f_zygosity"] == 1.5) == (burden > 0.5))


def test_fault_an_unknown_population_is_refused() -> None:
    with pytest.raises(
        KeyError, match="unknown population 'CALR'; allowed: polycythaemia vera, essential thrombocythaemia"
    ):
        draw_mpn_cohort("CALR", np.arange(2), seed=1)
