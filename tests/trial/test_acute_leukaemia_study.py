"""Acute leukaemia followed patient by patient: the typical clone, order in the dose, and the counts' consequences."""

import numpy as np
import pytest

from inferon.trial.acute_leukaemia_study import consequences, courses, simulate_acute

DAYS = np.arange(0.0, 61.0, 10.0)
PATIENTS = np.arange(25)


def _run(**changes):
    return simulate_acute(
        PATIENTS, **{"seed": 5, "preset": "AML_default", "days": DAYS, "transfusions": False} | changes
    )


def test_law_day_zero_is_the_day_of_the_share_of_blasts() -> None:
    for share in (0.2, 0.5):
        visits = _run(blasts=share, days=np.array([0.0])).visits
        assert visits["blast_fraction"].to_numpy() == pytest.approx(np.full(len(visits), share), abs=0.01)


def test_law_a_faster_clone_is_diagnosed_earlier_in_everybody() -> None:
    days = [_run(preset=f"AML_{pace}").patients["growth_days"].to_numpy() for pace in ("fast", "default", "slow")]
    assert np.all(days[0] < days[1])
    assert np.all(days[1] < days[2])


def test_law_a_course_lowers_neutrophils_and_a_weaker_one_less() -> None:
    after = np.array([10.5])
    untreated, weak, strong = (
        _run(given=given, days=after).visits
        for given in ((), ((0.0, "low-dose cytarabine"),), ((0.0, "7+3 induction"),))
    )
    assert (strong["ANC"] < weak["ANC"]).all()
    assert (weak["ANC"] < untreated["ANC"]).all()


def test_law_the_kills_are_those_of_the_table() -> None:
    course = courses()["7+3 induction"]
    assert (course.committed, course.leukaemic_stem_cells, course.spread) == (2.5, 2.0, 1.0)


def test_law_transfused_patients_have_more_haemoglobin() -> None:
    late = np.array([0.0, 160.0])
    without, given = (_run(days=late, transfusions=t) for t in (False, True))
    assert given.patients["transfusions"].sum() > 0
    assert without.patients["transfusions"].sum() == 0
    alive = without.visits.join(given.visits, on=["patient", "time_days"], suffix="_given")
    assert (alive["HB_given"] >= alive["HB"] - 1e-9).all()


def test_law_deaths_are_fewer_than_complications_and_end_everything() -> None:
    patients = _run(days=np.array([0.0, 180.0])).patients.fill_null(np.inf)
    died = patients.filter(patients["death_day"].is_finite())
    for name in ("infection_day", "bleeding_day", "relapse_day"):
        assert ((died[name] <= died["death_day"]) | died[name].is_infinite()).all()
    assert consequences()["p_fatal"] < 1


@pytest.mark.parametrize("changes", [{"preset": "AML"}, {"given": ((0.0, "7+4"),)}])
def test_fault_unknown_names_are_refused(changes: dict) -> None:
    with pytest.raises(KeyError, match="allowed"):
        _run(**changes)
