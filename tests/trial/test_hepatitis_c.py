"""Arms of a hepatitis C study: doses ordered, native interferon at published efficacies, nothing claimed after treatment."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from inferon.cohort.hepatitis_c import draw_hepatitis_c_cohort
from inferon.protocol import Regimen
from inferon.trial.hepatitis_c import HepatitisCResult, Treatment, simulate_hepatitis_c, visit_days

SEED = 1998


def _weekly(dose: float, drug: str = "peginterferon alfa-2a", unit: str = "ug") -> Treatment:
    return Treatment(regimens=[Regimen(drug=drug, dose=dose, unit=unit, start=0, interval=7, doses=48)])


def _arm(treatment: Treatment, patients: np.ndarray | None = None, **how) -> HepatitisCResult:
    cohort = draw_hepatitis_c_cohort(np.arange(200) if patients is None else patients, seed=SEED)
    return simulate_hepatitis_c(cohort, treatment, **how)


@pytest.fixture(scope="module")
def by_dose() -> dict[int, HepatitisCResult]:
    """Four weekly doses of peginterferon alfa-2a in the same patients."""
    return {dose: _arm(_weekly(dose)) for dose in (45, 90, 135, 180)}


def test_property_more_drug_means_more_responders_of_every_kind(by_dose) -> None:
    for kind in ("rapid_response", "end_of_treatment_response"):
        shares = [result.patients[kind].mean() for result in by_dose.values()]
        assert all(less <= more for less, more in pairwise(shares)), (kind, shares)
        assert shares[-1] - shares[0] > 0.1
    none = [(r.patients["early_response"] == "no early virological response").mean() for r in by_dose.values()]
    assert none == sorted(none, reverse=True)


def test_law_a_patient_is_the_same_in_any_company_and_whatever_else_is_visited(by_dose) -> None:
    few = np.array([150, 9])
    other = _arm(_weekly(180), few, visits=np.array([0.0, 28.0, 50.0, 336.0]))
    assert (
        by_dose[180]
        .patients.filter(pl.col("patient").is_in([9, 150]))
        .equals(other.patients.sort("patient").select(by_dose[180].patients.columns))
    )
    common = other.visits.filter(pl.col("day").is_in([28.0, 336.0])).sort("patient", "day")
    mine = by_dose[180].visits.filter(pl.col("patient").is_in([9, 150]) & pl.col("day").is_in([28.0, 336.0]))
    assert mine.equals(common)


def test_law_viral_load_is_null_where_nothing_is_detected(by_dose) -> None:
    visits = by_dose[180].visits
    assert (visits["viral_load"].is_null() == ~visits["detected"]).all()
    assert visits["viral_load"].min() >= 1.7
    assert visits.filter(pl.col("day") == 0)["detected"].all()


def test_oracle_native_interferon_at_published_efficacies_falls_as_neumann_saw() -> None:
    """Median fall by day 2 at 5, 10 and 15 MIU: 0.80, 1.40, 1.49 (check H1); Monte-Carlo error 0.035."""
    for dose, fall in ((5, 0.80), (10, 1.40), (15, 1.49)):
        result = _arm(Treatment(daily_miu=dose, weeks=12), visits=np.array([0.0, 2.0]))
        load = result.visits.pivot(on="day", index="patient", values="viral_load")
        assert (load["0.0"] - load["2.0"]).median() == pytest.approx(fall, abs=0.07)


def test_law_the_constant_efficacy_ends_with_treatment_and_virus_returns() -> None:
    result = _arm(Treatment(daily_miu=15, weeks=4), visits=np.array([0.0, 28.0, 56.0]))
    load = result.visits.with_columns(pl.col("viral_load").fill_null(1.7)).pivot(
        on="day", index="patient", values="viral_load"
    )
    assert (load["28.0"] < load["0.0"]).all()
    assert (load["56.0"] - load["0.0"]).median() > -0.3
    assert not any("sustained" in name for name in result.patients.columns)


def test_law_responses_need_their_week() -> None:
    short = _arm(Treatment(daily_miu=10, weeks=4), np.arange(3))
    assert short.patients.columns == ["patient", "status", "rapid_response", "end_of_treatment_response"]
    assert visit_days(4).tolist() == [0, 7, 14, 28]
    assert visit_days(24).tolist() == [0, 7, 14, 28, 56, 84, 168]


def test_fault_treatments_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="either regimens of a long-acting interferon or a daily dose"):
        Treatment()
    with pytest.raises(ValueError, match="no efficacy is published for 3 MIU a day; allowed: 5, 10, 15"):
        Treatment(daily_miu=3)
    with pytest.raises(ValueError, match="interferon alfa-2b is gone between two doses"):
        _weekly(10, drug="interferon alfa-2b", unit="MIU")
