"""Dose rules carried out on composites: ledger, doses given, shared draws, and what the rules do to counts."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from inferon.cohort.treated_adults import draw_treated_adults
from inferon.engine import Batch, Doses, Settings, compile_model
from inferon.model import load_composite
from inferon.protocol import Regimen
from inferon.protocol.dose_rules import DoseRule, dose_rules
from inferon.protocol.records import prescribe
from inferon.trial.dose_rules import LEDGER, CountAssays, DosePlan, follow_with_rules
from inferon.trial.treated_counts import CountsResult, simulate_counts

WEEKLY = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=48)]
COUNT_RULES = dose_rules("peginterferon alfa-2a", quantities=("ANC", "PLT"))
DAYS = np.arange(0, 336, 7)


@pytest.fixture(scope="module")
def cohort():
    return draw_treated_adults(np.arange(1500), seed=11)


@pytest.fixture(scope="module")
def ruled(cohort) -> CountsResult:
    """Weekly peginterferon 180 ug for 48 weeks on the interferon and marrow composite, label rules about counts."""
    return simulate_counts(cohort, WEEKLY, follow_up=336.0, rules=COUNT_RULES, threads=2)


@pytest.fixture(scope="module")
def free(cohort) -> CountsResult:
    """The same patients without rules."""
    return simulate_counts(cohort, WEEKLY, follow_up=336.0, threads=2)


def _doses_by_ledger(ledger: pl.DataFrame, patients: int) -> np.ndarray:
    """Doses given, worked out from the ledger alone."""
    given = np.full((patients, len(DAYS)), 180.0)
    for row in ledger.iter_rows(named=True):
        given[row["patient"], row["time_days"] <= DAYS] = row["to_ug"]
    return given


def test_property_ledger_entries_chain_from_the_plan(ruled) -> None:
    assert dict(ruled.ledger.schema) == LEDGER
    assert len(ruled.ledger) > 100
    before = pl.col("to_ug").shift(1).over("patient").fill_null(180.0)
    assert (ruled.ledger.select((pl.col("from_ug") == before).all())).item()
    assert (ruled.ledger["from_ug"] != ruled.ledger["to_ug"]).all()
    assert ruled.ledger.select(pl.col("time_days").is_sorted().over("patient").all()).item()


def test_property_no_dose_is_above_the_plan(ruled) -> None:
    assert ruled.given.min() >= 0
    assert ruled.given.max() == 180
    assert ruled.ledger["to_ug"].max() < 180


def test_double_doses_given_follow_from_the_ledger_alone(ruled) -> None:
    assert np.array_equal(_doses_by_ledger(ruled.ledger, 1500), ruled.given)


def test_double_decisions_follow_from_the_counts_in_the_visit_table(ruled) -> None:
    """The rules about counts written out once more as a loop over one patient's visits."""
    visits = ruled.visits.filter(pl.col("visit") > 0)
    again = np.full((1500, len(DAYS)), 180.0)
    for (patient,), table in visits.group_by("patient"):
        limit, held, stopped = 180.0, False, False
        for day, anc, plt in table.sort("day").select("day", "ANC", "PLT").iter_rows():
            if held and anc > 1.0:
                held, limit = False, min(limit, 90.0)
            held = held or anc < 0.5
            stopped = stopped or plt < 25
            limit = min(limit, 135.0 if anc < 0.75 else 180.0, 90.0 if plt < 50 else 180.0)
            again[patient, day <= DAYS] = 0.0 if held or stopped else limit
    assert np.array_equal(again, ruled.given)


def test_property_a_hold_ends_only_above_1_0(ruled) -> None:
    resumed = ruled.ledger.filter(pl.col("action") == "resume").join(
        ruled.visits, left_on=["patient", "time_days"], right_on=["patient", "day"]
    )
    held = ruled.ledger.filter(pl.col("action") == "hold").join(
        ruled.visits, left_on=["patient", "time_days"], right_on=["patient", "day"]
    )
    assert len(resumed) > 3
    assert resumed["ANC"].min() > 1.0
    assert held["ANC"].max() < 0.5
    assert set(resumed["to_ug"]) == {90.0}


def test_law_patients_whom_no_rule_touches_are_the_same_in_both_arms(ruled, free) -> None:
    touched = ruled.ledger["patient"].unique()
    assert 50 < len(touched) < 1000
    for table in ("patients", "visits"):
        same = [getattr(arm, table).filter(~pl.col("patient").is_in(touched.implode())) for arm in (ruled, free)]
        assert same[0].equals(same[1])


def test_law_until_the_first_decision_a_touched_patient_is_the_same_in_both_arms(ruled, free) -> None:
    first = ruled.ledger.group_by("patient").agg(decided=pl.col("time_days").min())
    before = [
        arm.visits.join(first, on="patient").filter(pl.col("day") <= pl.col("decided")).select("ANC", "PLT", "HB")
        for arm in (ruled, free)
    ]
    assert before[0].equals(before[1])


def test_property_rules_never_lower_the_lowest_count(ruled, free) -> None:
    """Less drug means more production at every moment; 1e-3 is what two solutions of the same patient differ by at most."""
    for count in ("ANC", "PLT"):
        with_rules, without = (arm.patients[f"lowest_{count}"].to_numpy() for arm in (ruled, free))
        assert np.all(with_rules >= without * (1 - 1e-3))
        assert with_rules.mean() > without.mean()


def test_law_without_rules_the_ledger_is_empty_and_the_plan_is_given(free) -> None:
    assert len(free.ledger) == 0
    assert np.all(free.given == 180)
    assert (free.patients["dose_intensity"] == 1).all()


def test_law_threads_change_no_byte(cohort) -> None:
    few = draw_treated_adults(np.arange(300), seed=11)
    one, two = (simulate_counts(few, WEEKLY, follow_up=336.0, rules=COUNT_RULES, threads=t) for t in (1, 2))
    assert one.ledger.equals(two.ledger)
    assert one.visits.equals(two.visits)


def test_law_a_patient_alone_is_the_patient_among_others(ruled) -> None:
    """Patients that a rule touches, so that the ledger is compared too."""
    chosen = ruled.ledger["patient"].unique().sort().to_numpy()[:5]
    alone = simulate_counts(draw_treated_adults(chosen, seed=11), WEEKLY, follow_up=336.0, rules=COUNT_RULES)
    among = ruled.ledger.filter(pl.col("patient").is_in(chosen.tolist()))
    assert alone.ledger.equals(among)


def test_law_a_skipped_dose_leaves_no_drug(cohort) -> None:
    """A rule that holds everybody at the first visit: from then on the drug only falls, as after a single dose."""
    everybody = DoseRule(quantity="ANC", side="above", threshold=0.0, action="stop")
    few = draw_treated_adults(np.arange(20), seed=11)
    stopped = simulate_counts(few, WEEKLY, follow_up=336.0, rules=(everybody,))
    single = simulate_counts(few, [replace(WEEKLY[0], doses=1)], follow_up=336.0)
    assert np.all(stopped.given[:, 0] == 180)
    assert np.all(stopped.given[:, 1:] == 0)
    late = pl.col("day") >= 56
    shown = [arm.visits.filter(late)["ANC"].to_numpy() for arm in (stopped, single)]
    assert shown[0] == pytest.approx(shown[1], rel=1e-4)


def test_law_a_dose_that_is_no_whole_number_is_given_as_it_is() -> None:
    halved = DoseRule(quantity="ANC", side="above", threshold=0.0, action="reduce", dose=0.5, dose_unit="fraction")
    few = draw_treated_adults(np.arange(3), seed=11)
    odd = [replace(WEEKLY[0], dose=45)]
    result = simulate_counts(few, odd, follow_up=336.0, rules=(halved,))
    assert result.given[:, :2].tolist() == [[45.0, 22.5]] * 3
    assert result.ledger["to_ug"].to_list() == [22.5] * 3


def test_law_the_plan_keeps_other_treatments_apart() -> None:
    """On the transplant composite a graft on day 0 is a record too: a rule must leave it alone, and relapse ends the visits."""
    model = compile_model(load_composite("transplant"), ("donor__ANC",))
    regimen = Regimen(drug="peginterferon alfa-2a", dose=180, doses=4)
    prescription = prescribe([regimen], {"weight": np.full(3, 70.0)}, 3)
    assert prescription is not None
    state = model.kernel.states.index("donor__C1")
    graft = Doses(np.zeros((3, 1)), np.full((3, 1), 1.2e6), np.zeros((3, 1)), np.full((3, 1), state))
    plan = DosePlan.of(prescription, model, others=graft)
    values = model.defaults(3)
    for name, column in prescription.columns.items():
        values[:, model.column(name)] = column
    values[0, model.column("transplant__L0")] = 6e10  # relapsed at the start
    batch = Batch(model, values, start=-2.0, doses=plan.doses, settings=Settings(rtol=1e-5))
    stop = DoseRule(quantity="ANC", side="above", threshold=-1.0, action="stop")
    followed = follow_with_rules(
        batch,
        plan,
        (stop,),
        patients=np.arange(3),
        visits=np.array([13.0, 27.0]),
        until=60.0,
        observe=CountAssays({"ANC": "donor__ANC"}, np.arange(3), 1),
        ended_by=("relapse",),
    )
    assert followed.ledger["patient"].to_list() == [1, 2]
    assert np.isnan(followed.seen["ANC"][0, 1:]).all()
    assert followed.given.tolist() == [[180.0] * 4, [180.0, 0, 0, 0], [180.0, 0, 0, 0]]
    assert np.all(batch.doses.amount[batch.doses.state == state] == 1.2e6)


def test_fault_doses_of_different_size_are_refused(cohort) -> None:
    uneven = [WEEKLY[0], replace(WEEKLY[0], dose=90, start=336, doses=2)]
    with pytest.raises(ValueError, match="one planned dose"):
        simulate_counts(cohort, uneven, follow_up=400.0)


def test_fault_an_arm_without_drug_or_with_late_doses_is_refused(cohort) -> None:
    with pytest.raises(ValueError, match="no regimen"):
        simulate_counts(cohort, [], follow_up=336.0)
    with pytest.raises(ValueError, match="the dose on day 329 lies after the end of follow-up on day 300"):
        simulate_counts(cohort, WEEKLY, follow_up=300.0)


def test_fault_a_rule_about_what_is_not_measured_is_refused() -> None:
    with pytest.raises(KeyError, match="depression grade"):
        simulate_counts(
            draw_treated_adults(np.arange(2), seed=1),
            WEEKLY,
            follow_up=336.0,
            rules=dose_rules("peginterferon alfa-2a"),
        )
