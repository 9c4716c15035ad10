"""The SBML semantic test suite: a fixed sample of its cases, right or refused by name, never wrong."""

from collections import Counter
from pathlib import Path

import pytest

from .sbml_case import PASSED, REFUSED, Verdict, judge
from .sbml_suite import index, unpacked

EVERY = 8
MUST_PASS = ("no_events", "events", "complex_events")
FEATURES = {
    "algebraic": {"algebraic rule"},
    "delay": {"delay"},
    "fast": {"fast reaction"},
    "random": {"order of events left to chance"},
    "package": {"package comp", "package fbc"},
}


@pytest.fixture(scope="module")
def verdicts(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verdict]:
    """Verdict of every sampled case by tier and case."""
    archive = shared / "suites" / "sbml-semantic-even.zip"
    if not archive.exists():
        pytest.skip("the SBML semantic suite is absent from the shared folder")
    folder = unpacked(archive, tmp_path_factory.mktemp("sbml"))
    return {(tier, case): judge(folder / case) for case, tier in index(folder)[::EVERY]}


def test_oracle_no_sampled_case_is_wrong(verdicts) -> None:
    bad = {key: verdict for key, verdict in verdicts.items() if verdict.outcome not in (PASSED, REFUSED)}
    assert len(verdicts) > 100
    assert bad == {}


@pytest.mark.parametrize("tier", MUST_PASS)
def test_oracle_cases_within_scope_pass(verdicts, tier: str) -> None:
    outcomes = Counter(verdict.outcome for (its, _), verdict in verdicts.items() if its == tier)
    assert outcomes.total() >= 10
    assert outcomes[PASSED] == outcomes.total()


@pytest.mark.parametrize("tier", FEATURES)
def test_fault_cases_out_of_scope_are_refused_by_the_name_of_the_feature(verdicts, tier: str) -> None:
    refused = [verdict for (its, _), verdict in verdicts.items() if its == tier and verdict.outcome == REFUSED]
    assert refused
    assert {verdict.reason for verdict in refused} <= FEATURES[tier]
