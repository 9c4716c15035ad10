"""Acute leukaemia followed patient by patient: the typical clone, order in the dose, and the counts' consequences."""

import numpy as np
import polars as pl
import pytest

from inferon.engine import compile_model
from inferon.model import Instance, compose, load_module
from inferon.model.catalogue import parameter_table
from inferon.trial import acute_leukaemia_study
from inferon.trial.acute_leukaemia_study import simulate_acute
from inferon.trial.marrow_tables import consequences
from inferon.trial.responses import aml

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
    for name in ("infection_day", "bleeding_day", "neutropenia_day"):
        assert ((died[name] <= died["death_day"]) | died[name].is_infinite()).all()
    assert consequences()["p_fatal"] < 1


TREATED = {"given": ((0.0, "7+3 induction"), (21.0, "7+3 induction")), "days": np.arange(0.0, 92.0, 7.0)}


def test_law_the_responses_of_the_visits_are_those_of_the_definitions() -> None:
    visits = _run(**TREATED).visits.with_columns(initial=pl.col("blast_fraction").first().over("patient"))
    judged = visits.filter(pl.col("response").is_not_null())
    counts = {name: judged[name].to_numpy() for name in ("ANC", "PLT")}
    found = aml.classify(counts, judged["blast_fraction"].to_numpy(), judged["initial"].to_numpy())
    assert [response.value for response in found] == judged["response"].to_list()
    assert 0 < (judged["response"] == aml.AmlResponse.COMPLETE.value).mean() < 1


def test_law_no_marrow_is_judged_in_the_three_weeks_of_a_course() -> None:
    found = _run(**TREATED)
    judged = found.visits.filter(pl.col("response").is_not_null())["time_days"].unique().sort().to_list()
    assert judged == [0, 21, *range(42, 92, 7)]
    remission = found.patients["any_remission_day"].drop_nulls()
    assert len(remission) > 0
    assert ((remission == 21) | (remission >= 42)).all()


def test_law_a_remission_comes_before_its_relapse_and_a_complete_one_is_one_of_them() -> None:
    patients = _run(**TREATED).patients
    complete, remission, relapse = (
        patients[f"{name}_day"] for name in ("complete_remission", "any_remission", "relapse")
    )
    assert (complete.drop_nulls() >= remission.filter(complete.is_not_null())).all()
    assert (relapse.drop_nulls() > remission.filter(relapse.is_not_null())).all()
    assert complete.is_not_null().to_list() == (patients["best_response"] == aml.AmlResponse.COMPLETE.value).to_list()
    assert relapse.drop_nulls().len() > 0


def test_law_flow_cytometry_finds_residual_disease_in_those_with_more_of_it() -> None:
    visits = _run(**TREATED).visits
    share = {
        name: visits.filter(pl.col("mrd") == name)["blast_fraction"].log10().mean() for name in ("negative", "positive")
    }
    assert share["negative"] < -3 < share["positive"]


def _complete_remissions(patients: np.ndarray) -> float:
    """Share in complete remission three months after two courses of 7+3."""
    found = simulate_acute(patients, seed=5, preset="AML_default", **TREATED).patients
    return found["complete_remission_day"].is_not_null().mean()


def test_oracle_the_clones_speed_in_aplasia_is_what_complete_remission_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specification expects 60-70 %, Kern 2003 found 72.6 %; a clone that does not see the neutrophils fall passes both."""
    row = parameter_table("marrow")
    clone = {"a1L": "a1L_AML_default", "p1L": "p1L_AML_default", "p2L": "p1L_AML_default"}
    instances = [
        Instance(load_module("leukaemia"), rename={"s": "s_clone"}, values=clone),
        *(Instance(load_module(name)) for name in ("marrow", "marrow_space", "chemotherapy")),
    ]
    absent = dict.fromkeys(("f_anc", "f_plt", "f_hb", "q_ap"), 1.0) | {"s_clone": 0.5 / row["a1"].value}
    blind = compile_model(compose("blind", instances, absent), acute_leukaemia_study.READOUTS)
    numbers = np.arange(200)
    as_specified = _complete_remissions(numbers)
    monkeypatch.setattr(acute_leukaemia_study, "acute_model", lambda: blind)
    assert as_specified < 0.4
    assert _complete_remissions(numbers) > 0.726


@pytest.mark.parametrize("changes", [{"preset": "AML"}, {"given": ((0.0, "7+4"),)}])
def test_fault_unknown_names_are_refused(changes: dict) -> None:
    with pytest.raises(KeyError, match="allowed"):
        _run(**changes)
