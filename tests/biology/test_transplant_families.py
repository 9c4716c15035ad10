"""Checks E1-E14 against module E: families, regimens, mechanisms, extinction, directions."""

import dataclasses

import pytest

from inferon.evidence import transplant_arms
from inferon.evidence.check import all_checks
from inferon.evidence.checks import transplant

CHECKS = [check for check in all_checks() if check.module == "transplant"]
MISFITS = {"E12": {"4 doses from day -1: relapse of MRD-negative, MRD-positive, active, %"}}
"""Known disagreements: one that starts to agree has to be looked at, and its note taken away."""


def test_law_every_check_of_module_E_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"E{number}" for number in range(1, 15)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, MISFITS.get(check.id, set()))


def test_law_E2_an_extinct_clone_never_relapses(arm) -> None:
    extinct = arm("4 doses from day -1").events.filter("extinct")
    assert len(extinct) > 0
    assert extinct["relapse_day"].null_count() == len(extinct)


def test_fault_a_weaker_priming_is_noticed(judged, monkeypatch) -> None:
    """Half of e_x in the reference family; the other families, taken from the shelf, still pass."""

    def weaker(regimen: str, *, family: str = "reference", **how):
        replaced = (("e_x", 8.1),) if (regimen, family) == ("4 doses from day -1", "reference") else ()
        return transplant_arms.arm(regimen, family=family, **({"replaced": replaced} if replaced else {}), **how)

    monkeypatch.setattr(transplant, "arm", weaker)
    failed, _ = judged(next(check for check in CHECKS if check.id == "E2"))
    assert any(quantity.startswith("reference, 4 doses from day -1: relapse") for quantity in failed)
    assert not any("slow_disease" in quantity for quantity in failed)


def test_fault_an_arm_with_an_unsolved_patient_is_refused(monkeypatch) -> None:
    simulate = transplant_arms.simulate_arm

    def one_lost(*given, **how):
        result = simulate(*given, **how)
        events = result.events.with_columns(status=result.events["status"].scatter(0, "the step became too small"))
        return dataclasses.replace(result, events=events)

    monkeypatch.setattr(transplant_arms, "simulate_arm", one_lost)
    with pytest.raises(RuntimeError, match="too small"):
        transplant_arms.arm("no interferon", patients=3)
