"""Arms of a hairy-cell leukaemia trial: who gets what when, and what visits find."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.protocol import MONTH
from inferon.trial.hairy_cell import HairyCellResult, simulate_hairy_cell
from inferon.trial.hairy_cell_treatment import LowDoseInterferon, Treatment

SEED = 1987
VISITS = np.concatenate([[0.0, 14, 28], MONTH * np.arange(3, 121, 3)])


def _arm(
    treatment: Treatment, patients: np.ndarray | None = None, visits: np.ndarray = VISITS, **how
) -> HairyCellResult:
    numbers = np.arange(60) if patients is None else patients
    return simulate_hairy_cell(draw_hairy_cell_cohort(numbers, seed=SEED, **how), treatment, visits=visits)


@pytest.fixture(scope="module")
def sequence() -> HairyCellResult:
    """A year of interferon, then cladribine whenever counts ask for it."""
    return _arm(Treatment(interferon=LowDoseInterferon(), rescue=True))


@pytest.fixture(scope="module")
def alone() -> HairyCellResult:
    """A year of interferon and nothing after."""
    return _arm(Treatment(interferon=LowDoseInterferon()))


def test_law_a_patient_is_the_same_in_any_company(sequence) -> None:
    few = np.array([41, 3, 17])
    other = _arm(Treatment(interferon=LowDoseInterferon(), rescue=True), few)
    for whole, part in (
        (sequence.patients, other.patients),
        (sequence.visits, other.visits),
        (sequence.ledger, other.ledger),
    ):
        expected = whole.filter(pl.col("patient").is_in(few.tolist())).sort(whole.columns[:2])
        assert expected.equals(part.sort(part.columns[:2]))


def test_law_the_ledger_holds_plans_and_decisions_and_decisions_have_their_reason(sequence) -> None:
    assert sequence.ledger.columns == ["patient", "day", "reason", "from", "to"]
    assert len(sequence.ledger.filter(pl.col("reason") == "planned")) == 60
    decided = sequence.ledger.filter(pl.col("reason") != "planned")
    assert len(decided) > 20
    seen = decided.join(sequence.visits, on=["patient", "day"])
    assert len(seen) == len(decided)
    assert seen.select(((pl.col("ANC") < 1) | (pl.col("PLT") < 100) | (pl.col("HB") < 11)).all()).item()
    assert decided["day"].min() >= 365
    waited = sequence.ledger.sort("patient", "day").select(pl.col("day").diff().over("patient")).drop_nulls()
    assert waited["day"].min() >= 365


def test_law_rescue_lowers_hairy_cells_and_changes_nothing_before_it(sequence, alone) -> None:
    first = (
        sequence.ledger.filter(pl.col("reason") != "planned")
        .group_by("patient")
        .agg(pl.col("day").min().alias("given"))
    )
    both = sequence.visits.join(alone.visits, on=["patient", "day"], suffix="_alone").join(
        first, on="patient", how="left"
    )
    before = both.filter(pl.col("day") <= pl.col("given").fill_null(1e9))
    assert (before["index"] - before["index_alone"]).abs().max() < 1e-7
    after = both.filter(pl.col("day") > pl.col("given") + 30)
    assert (after["index"] <= after["index_alone"] * (1 + 1e-4) + 1e-9).all()
    assert (after["index"] / after["index_alone"]).median() < 0.1


def test_law_interferon_stops_with_the_course_that_replaces_it() -> None:
    """Three years of interferon are planned; whoever is given cladribine on the way gets no more of it."""
    long = Treatment(interferon=LowDoseInterferon(weeks=156), rescue=True)
    visits = MONTH * np.arange(0, 34, 3)
    cohort = draw_hairy_cell_cohort(
        np.arange(40), seed=SEED, overrides={"LK_clad": 1e-9, "sd_LK": 1e-12, "LK_C2_clad": 0.0}
    )
    stopped = simulate_hairy_cell(cohort, long, visits=visits)
    kept_on = simulate_hairy_cell(cohort, Treatment(interferon=LowDoseInterferon(weeks=156)), visits=visits)
    decided = stopped.ledger.filter(pl.col("reason") != "planned")
    assert set(decided["from"]) == {"interferon alfa-2b"}
    given = dict(decided.group_by("patient").agg(pl.col("day").min()).iter_rows())
    last = stopped.visits.filter(pl.col("day") == visits[-1]).join(kept_on.visits, on=["patient", "day"])
    for patient, index, other in last.select("patient", "index", "index_right").iter_rows():
        assert (index > other * 1.05) == (patient in given), patient


def test_law_responses_come_from_the_visits(alone) -> None:
    found = alone.visits.filter(pl.col("response").is_in(["partial response", "complete response"]))
    first = found.group_by("patient").agg(pl.col("day").min()).sort("patient")
    listed = (
        alone.patients.filter(pl.col("response_day").is_not_null())
        .select("patient", day="response_day")
        .sort("patient")
    )
    assert first.equals(listed)
    assert len(first) > 10
    assert set(alone.patients["status"]) == {"ok"}
    receptor = 500 + 2e4 * alone.visits["index"]
    assert (alone.visits["sIL2R"] - receptor).abs().max() < 1e-9


def test_law_slow_regrowth_lowers_relapse_and_touches_nothing_else() -> None:
    course = Treatment(courses=(0.0,), morphology="purine-analogue era")
    usual = _arm(course)
    slow = _arm(course, population="hairy-cell slow")
    late = pl.col("day") == VISITS[-1]
    kept = usual.visits.filter(late)["index"] == slow.visits.filter(late)["index"]
    assert 0.4 < kept.mean() < 0.8
    assert (slow.visits.filter(late)["index"] <= usual.visits.filter(late)["index"]).mean() > 0.9


def test_law_a_treatment_without_plans_has_an_empty_ledger() -> None:
    result = _arm(Treatment(), np.arange(3), np.array([0.0, 10.0]))
    assert result.ledger.shape == (0, 5)
    assert len(result.visits) == 6


def test_fault_bad_treatments_populations_and_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match="analogue is 'fludarabine'; allowed: cladribine, pentostatin"):
        Treatment(analogue="fludarabine")
    with pytest.raises(ValueError, match="modelled for cladribine only"):
        Treatment(analogue="pentostatin", rescue=True)
    with pytest.raises(KeyError, match="unknown population 'hcl'; allowed: hairy-cell, hairy-cell slow"):
        draw_hairy_cell_cohort(np.arange(2), seed=1, population="hcl")
    with pytest.raises(KeyError, match="unknown parameter 'grwoth'"):
        draw_hairy_cell_cohort(np.arange(2), seed=1, overrides={"grwoth": 1.0})
