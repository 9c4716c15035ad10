"""Adverse events and the safety arm: tables, grades, contexts, withdrawal, and the same draws in every arm."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort.treated_adults import draw_treated_adults
from inferon.protocol import Regimen
from inferon.protocol.dose_rules import dose_rules
from inferon.trial.adverse_events import (
    EVENTS,
    FLU,
    PERI_TRANSPLANT,
    REACTION,
    event_frequencies,
    flu_events,
    laboratory_events,
    peri_transplant_days,
    symptom_grades,
)
from inferon.trial.toxicity import CONTEXTS, SafetyResult, simulate_safety

PATIENTS = 1500


def _weekly(dose: float, doses: int = 48, start: float = 0) -> list[Regimen]:
    return [Regimen(drug="peginterferon alfa-2a", dose=dose, start=start, interval=7, doses=doses)]


@pytest.fixture(scope="module")
def cohort():
    return draw_treated_adults(np.arange(PATIENTS), seed=5)


@pytest.fixture(scope="module")
def full(cohort) -> SafetyResult:
    """180 ug weekly for 48 weeks, nobody stopping."""
    return simulate_safety(cohort, _weekly(180), follow_up=336.0, context=None, threads=2)


@pytest.fixture(scope="module")
def half(cohort) -> SafetyResult:
    """90 ug, nobody stopping."""
    return simulate_safety(cohort, _weekly(90), follow_up=336.0, context=None, threads=2)


@pytest.fixture(scope="module")
def ruled(cohort) -> SafetyResult:
    """180 ug with the label's rules, patients withdrawing as in hepatitis C."""
    rules = dose_rules("peginterferon alfa-2a")
    return simulate_safety(cohort, _weekly(180), follow_up=336.0, rules=rules, threads=2)


def test_law_the_table_of_events_has_its_columns_and_real_grades(full) -> None:
    assert dict(full.adverse_events.schema) == EVENTS
    assert full.adverse_events["grade"].is_between(1, 4).all()
    assert full.adverse_events["day"].is_between(0, 336).all()
    assert full.patients["status"].unique().to_list() == ["ok"]


def _first_days(result: SafetyResult, term: str) -> np.ndarray:
    chosen = result.adverse_events.filter(pl.col("term") == term).group_by("patient").agg(pl.col("day").min())
    days = np.full(PATIENTS, np.inf)
    days[chosen["patient"].to_numpy()] = chosen["day"].to_numpy()
    return days


@pytest.mark.parametrize("term", ["fatigue", "headache", "depression", "thyroid dysfunction", "serious adverse event"])
def test_property_at_a_higher_dose_every_patient_has_an_event_no_later(full, half, term: str) -> None:
    """The same threshold and a hazard that is larger at every moment; 0.05 d is what locating an event may differ by."""
    high, low = _first_days(full, term), _first_days(half, term)
    happened = np.isfinite(low)
    assert happened.sum() > 10
    assert np.all(high[happened] <= low[happened] + 0.05)
    assert np.isfinite(high).sum() > happened.sum()


def test_law_an_injection_site_reaction_is_the_patients_and_not_the_doses(full, half) -> None:
    assert np.array_equal(_first_days(full, REACTION), _first_days(half, REACTION))


def test_oracle_module_I_shares_at_180_ug_by_48_weeks(full) -> None:
    """Three Monte-Carlo errors of 1500 patients and a point for exposure that varies and builds up."""
    found = {row["term"]: row["any_grade"] for row in event_frequencies(full.adverse_events, PATIENTS).to_dicts()}
    printed = {"fatigue": 0.75, "headache": 0.36, "depression": 0.13, "thyroid dysfunction": 0.10, REACTION: 0.35}
    for term, share in printed.items():
        assert found[term] == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / PATIENTS) + 0.01), term


def test_property_one_frailty_joins_the_symptoms_of_a_patient(full) -> None:
    """Fatigue is more frequent in patients with headache; independent causes would differ by chance only."""
    tired, aching = (np.isfinite(_first_days(full, term)) for term in ("fatigue", "headache"))
    with_headache, without = tired[aching].mean(), tired[~aching].mean()
    error = np.sqrt(0.25 / aching.sum() + 0.25 / (~aching).sum())
    assert with_headache > without + 3 * error


def test_law_grades_are_a_trait_of_the_patient() -> None:
    grades = symptom_grades("depression", np.arange(40_000), 3)
    for least, share in ((2, 0.45), (3, 0.10)):
        assert (grades >= least).mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 40_000))
    assert symptom_grades("depression", np.array([17]), 3)[0] == grades[17]
    assert set(symptom_grades("serious", np.arange(9), 3)) == {3}


def test_law_a_dose_not_given_causes_no_flu_like_symptoms() -> None:
    who, peaks = np.arange(500), np.full((500, 2), 0.9)
    given = np.column_stack([np.full(500, 180.0), np.zeros(500)])
    events = flu_events(peaks, given, np.array([0.0, 7.0]), np.ones(500), who, 1)
    assert set(events["day"]) == {0.0}
    assert events["term"].unique().to_list() == [FLU]
    quiet = flu_events(np.full((500, 2), 0.3), given + 1, np.array([0.0, 7.0]), np.ones(500), who, 1)
    assert len(quiet) == 0


def test_law_the_worst_recorded_grade_skips_the_baseline_visit() -> None:
    seen = {"ANC": np.array([[0.3, 1.2, 0.8, 0.7], [0.3, 4.0, 4.0, 4.0], [3.0, np.nan, 0.4, np.nan]])}
    days = np.array([0.0, 7, 14, 21])
    events = laboratory_events(seen, days, np.ones(3, bool), np.array([10, 11, 12]))
    assert events.select("patient", "day", "grade").rows() == [(10, 14.0, 3), (12, 14.0, 4)]


def test_property_the_ledger_chains_with_withdrawal_and_adverse_events(ruled) -> None:
    before = pl.col("to_ug").shift(1).over("patient").fill_null(180.0)
    assert ruled.ledger.select((pl.col("from_ug") == before).all()).item()
    assert {"withdraw", "reduce", "hold", "resume", "stop"} == set(ruled.ledger["action"])
    assert ruled.given.max() <= 180


def test_law_after_stop_or_withdrawal_nothing_is_given(ruled) -> None:
    days = np.arange(0, 336, 7)
    final = (
        ruled.ledger.filter(pl.col("action").is_in(["stop", "withdraw"]))
        .group_by("patient")
        .agg(pl.col("time_days").min())
    )
    assert len(final) > 50
    for patient, day in final.iter_rows():
        assert np.all(ruled.given[patient, days >= day] == 0)
    assert ruled.ledger.group_by("patient").agg((pl.col("action") == "withdraw").sum())["action"].max() == 1


def test_law_withdrawal_in_the_table_of_patients_is_that_of_the_ledger(ruled) -> None:
    left = ruled.ledger.filter(pl.col("action") == "withdraw").select("patient", withdrawal_day="time_days")
    shown = ruled.patients.filter(pl.col("withdrawal_day").is_not_null()).select("patient", "withdrawal_day")
    assert shown.equals(left)


def test_property_severe_depression_seen_at_a_visit_stops_treatment(ruled) -> None:
    seen = ruled.visits.filter((pl.col("depression_grade") >= 3) & (pl.col("visit") > 0) & (pl.col("day") < 336))
    assert len(seen) > 3
    for patient, day in seen.select("patient", "day").iter_rows():
        assert ruled.given[patient, int(np.ceil(day / 7)) :].sum() == 0


def test_property_contexts_order_withdrawal(cohort) -> None:
    shares = []
    for context in ("hepatitis C", "myeloproliferative neoplasm", "chronic myeloid leukaemia with kinase inhibitor"):
        arm = simulate_safety(cohort, _weekly(180), follow_up=336.0, context=context, threads=2)
        shares.append(arm.patients["withdrawal_day"].is_not_null().mean())
    assert shares == sorted(shares)
    assert shares[2] > 3 * shares[0]


def test_oracle_module_I_a_quarter_has_a_severe_event_around_the_transplant() -> None:
    n = 20_000
    days = peri_transplant_days(np.arange(n), 2)
    assert np.isfinite(days).mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / n))
    assert days[np.isfinite(days)].max() <= 70
    few = draw_treated_adults(np.arange(200), seed=2)
    four = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
    arm = simulate_safety(few, four, follow_up=100.0, context="post-transplant")
    told = arm.adverse_events.filter(pl.col("term") == PERI_TRANSPLANT)
    assert sorted(told["day"]) == sorted(days[:200][np.isfinite(days[:200])])


def test_law_a_patient_alone_is_the_patient_among_others(ruled) -> None:
    chosen = np.array([3, 700, 1499])
    rules = dose_rules("peginterferon alfa-2a")
    alone = simulate_safety(draw_treated_adults(chosen, seed=5), _weekly(180), follow_up=336.0, rules=rules)
    for table in ("patients", "visits", "adverse_events", "ledger"):
        among = getattr(ruled, table).filter(pl.col("patient").is_in(chosen.tolist()))
        assert getattr(alone, table).equals(among), table


def test_fault_an_unknown_context_names_the_known_ones(cohort) -> None:
    with pytest.raises(KeyError, match="unknown context 'CML'; allowed: hepatitis C"):
        simulate_safety(cohort, _weekly(180), follow_up=336.0, context="CML")
    assert len(CONTEXTS) == 4
