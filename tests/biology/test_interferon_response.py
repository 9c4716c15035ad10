"""Checks B1-B7 against the specification of module B (B7 over the ranges of the tables is with module A's properties)."""

import numpy as np
import pytest

from inferon.evidence import laboratory
from inferon.evidence.check import all_checks
from inferon.evidence.checks import interferon_response

CHECKS = [check for check in all_checks() if check.module == "interferon_response"]
MISFITS = {
    "B1": {"time of the first peak beside the one observed, h"},
    "B5": {"nadir, share of the start"},
    "B6": {"patients below 1.5e9/L, %"},
}
"""Known disagreements: one that starts to agree has to be looked at, and its note taken away."""


def test_law_every_check_of_module_B_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"B{number}" for number in range(1, 8)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, MISFITS.get(check.id, set()))


def test_oracle_B6_shares_are_within_7_points_and_in_order() -> None:
    counts = interferon_response.worst_neutrophils()
    shares = [100 * (counts < limit).mean() for limit in (1.5, 1.0, 0.75, 0.5)]
    assert shares == pytest.approx([29, 9, 2.9, 0.5], abs=7)
    assert np.all(np.diff(shares) < 0)


def test_fault_a_desensitisation_a_fifth_too_strong_is_noticed(judged, monkeypatch) -> None:
    right = laboratory.interferon()

    def wrong(days: np.ndarray, **how):
        return right(days, **{**how, "factors": {"interferon_response__phi": 1.2}})

    monkeypatch.setattr(interferon_response, "interferon", lambda: wrong)
    for check in CHECKS:
        if check.id in ("B1", "B3"):
            failed, _ = judged(check)
            assert failed, f"check {check.id} passes with a wrong phi"
