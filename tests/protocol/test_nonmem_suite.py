"""Dosing scenarios with NONMEM's own answers, which nobody on this project produced."""

from pathlib import Path

from .nonmem_suite import ALLOWED, run_suite


def test_oracle_every_scenario_agrees_with_nonmem(shared: Path) -> None:
    scenarios = run_suite(shared / "suites" / "nonmem-dosing")
    assert len(scenarios) >= 15
    assert {s.description: s.worst for s in scenarios if not s.worst <= ALLOWED} == {}
