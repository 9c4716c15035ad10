"""The laboratories and arms that acceptance checks use, at hand for tests, and the verdict on one check."""

from collections.abc import Callable

import pytest

from inferon.evidence import laboratory, transplant_arms
from inferon.evidence.check import FAIL, MISFIT, Check, run_checks
from inferon.evidence.laboratory import Laboratory
from inferon.trial.simulate import ArmResult


@pytest.fixture(scope="session")
def interferon() -> Laboratory:
    """Drug and response in one person."""
    return laboratory.interferon()


@pytest.fixture(scope="session")
def marrow() -> Laboratory:
    """Normal haematopoiesis and one leukaemic clone."""
    return laboratory.marrow()


@pytest.fixture(scope="session")
def arm() -> Callable[..., ArmResult]:
    """An arm of a transplant study by name of its regimen, simulated once: ``arm("no interferon", family=..., ...)``."""
    return transplant_arms.arm


@pytest.fixture(scope="session")
def judged() -> Callable[[Check], tuple[dict[str, float | str], set[str]]]:
    """What a check found: quantities that fail with their value, and the quantities that are misfits."""

    def verdict(check: Check) -> tuple[dict[str, float | str], set[str]]:
        findings = run_checks([check])
        assert findings, f"check {check.id} found nothing"
        failed = {finding.quantity: finding.obtained for finding in findings if finding.verdict == FAIL}
        return failed, {finding.quantity for finding in findings if finding.verdict == MISFIT}

    return verdict
