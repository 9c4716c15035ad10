"""Checks P1-P12 of the population, and what follows from drawn covariates."""

from dataclasses import replace

import numpy as np
import pytest

from inferon.evidence.check import FAIL, MISFIT, all_checks, run_checks
from inferon.evidence.checks import population

CHECKS = [check for check in all_checks() if check.module == "population"]
MISFITS = {
    "P7": {
        "rho_A and rho_L, covariate-mix",
        "T_A0 and T_L0, as the population file has it, transplant-reference",
        "T_A0 and T_L0, as the population file has it, covariate-mix",
        "IC_anc and IC_plt, covariate-mix",
    }
}
"""Known disagreements: one that starts to agree has to be looked at, and its note taken away."""


def test_law_every_check_of_the_population_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"P{number}" for number in range(1, 13)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(check) -> None:
    findings = run_checks([check])
    assert {f.quantity: f.obtained for f in findings if f.verdict == FAIL} == {}
    assert {f.quantity for f in findings if f.verdict == MISFIT} == MISFITS.get(check.id, set())


def test_fault_a_cohort_two_years_too_old_is_noticed(monkeypatch) -> None:
    right = population.cohort("transplant-reference")
    older = replace(right, covariates=right.covariates.with_columns(age=right.covariates["age"] + 2))

    monkeypatch.setattr(population, "cohort", lambda _: older)
    findings = run_checks([check for check in CHECKS if check.id == "P1"])
    assert "age, yr: mean" in {finding.quantity for finding in findings if finding.verdict == FAIL}


def test_law_P5_derived_values_follow_from_the_drawn_ones() -> None:
    table = population.cohort("covariate-mix").covariates
    age, kg, m, mg = (table[c].to_numpy() for c in ("age", "weight", "height", "creatinine"))
    sex = np.where((table["sex"] == "male").to_numpy(), 1.0, 0.85)
    assert table["bmi"].to_numpy() == pytest.approx(kg / m**2)
    assert table["body_surface"].to_numpy() == pytest.approx(np.sqrt(kg * 100 * m / 3600))
    assert table["creatinine_clearance"].to_numpy() == pytest.approx((140 - age) * kg / (72 * mg) * sex)
