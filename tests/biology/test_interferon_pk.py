"""Checks A1-A14 against the specification of module A."""

import numpy as np
import pytest

from inferon.evidence import laboratory
from inferon.evidence.check import all_checks
from inferon.evidence.checks import interferon_pk

CHECKS = [check for check in all_checks() if check.module == "interferon_pk"]


def test_law_every_check_of_module_A_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"A{number}" for number in range(1, 15)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    """No finding fails and none is a misfit."""
    assert judged(check) == ({}, set())


def test_fault_a_clearance_a_tenth_too_high_is_noticed(judged, monkeypatch) -> None:
    right = laboratory.interferon()

    def wrong(days: np.ndarray, **how):
        return right(days, **{**how, "factors": {"interferon_pk__CL": 1.1}})

    monkeypatch.setattr(interferon_pk, "interferon", lambda: wrong)
    for check in CHECKS[:2]:
        failed, _ = judged(check)
        assert failed, f"check {check.id} passes with a wrong clearance"
