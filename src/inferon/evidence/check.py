"""Acceptance checks of the biology: what the specification expects, what the model gives, and whether that agrees.

Every check has the id the specification gives it (``D4``: module letter and number). A check is a function that returns findings,
registered under its id by ``check`` in the file of its module in ``evidence/checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

PASS, MISFIT, FAIL = "pass", "misfit", "fail"


@dataclass(frozen=True)
class Finding:
    """One quantity of one check.

    Attributes
    ----------
    quantity: what was looked at, with its unit.
    expected: as the specification states it.
    obtained: as the model gives it; a number or a sentence.
    lower, upper: between which it counts as agreeing (None where it is not a number).
    verdict: ``pass``; ``misfit`` where a disagreement is known and ``note`` says why it stands; ``fail``.
    check, module, title: whose finding it is; filled in by ``run_checks``.
    """

    quantity: str
    expected: str
    obtained: float | str
    verdict: str
    lower: float | None = None
    upper: float | None = None
    note: str = ""
    check: str = ""
    module: str = ""
    title: str = ""


@dataclass(frozen=True)
class Check:
    """A check that can be run: id, biology folder, what it is about, and the function that finds out."""

    id: str
    module: str
    title: str
    run: Callable[[], Sequence[Finding]]


_checks: dict[str, Check] = {}


def check(id: str, module: str, title: str) -> Callable[[Callable[[], Sequence[Finding]]], Callable]:
    """Register the decorated function as the check ``id`` of the biology folder ``module``."""

    def register(function: Callable[[], Sequence[Finding]]) -> Callable[[], Sequence[Finding]]:
        if id in _checks:
            raise ValueError(f"two checks are called {id}")
        _checks[id] = Check(id, module, title, function)
        return function

    return register


def near(
    quantity: str, obtained: float, expected: float, *, relative: float = 0.05, absolute: float = 0.0, misfit: str = ""
) -> Finding:
    """A number that should be ``expected``, to a relative or an absolute tolerance, whichever is wider.

    ``misfit`` is the reason why a known disagreement stands: with it, disagreeing is reported as a misfit and not as a failure.
    """
    width = max(absolute, relative * abs(expected))
    return between(quantity, obtained, expected - width, expected + width, expected=f"{expected:g}", misfit=misfit)


def between(
    quantity: str, obtained: float, lower: float, upper: float, *, expected: str = "", misfit: str = ""
) -> Finding:
    """A number that should lie in an interval; see ``near`` for ``misfit``."""
    said = expected or f"{lower:g} to {upper:g}"
    agrees = lower <= obtained <= upper
    verdict = PASS if agrees else MISFIT if misfit else FAIL
    return Finding(quantity, said, float(obtained), verdict, lower, upper, "" if agrees else misfit)


def holds(quantity: str, truth: bool, *, expected: str, obtained: str, misfit: str = "") -> Finding:
    """A statement that should be true; see ``near`` for ``misfit``."""
    verdict = PASS if truth else MISFIT if misfit else FAIL
    return Finding(quantity, expected, obtained, verdict, note="" if truth else misfit)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check there is, by module letter and number."""
    package = import_module("inferon.evidence.checks")
    for found in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{found.name}")
    return tuple(sorted(_checks.values(), key=lambda c: (c.id[0], int(c.id[1:]))))


def run_checks(chosen: Sequence[Check]) -> list[Finding]:
    """Run checks one after another; an exception is a failed finding that names it, so that the others still run."""
    findings: list[Finding] = []
    for one in chosen:
        try:
            found = list(one.run())
        except Exception as error:
            found = [Finding("the check itself", "a result", f"{type(error).__name__}: {error}", FAIL)]
        findings += [replace(f, check=one.id, module=one.module, title=one.title) for f in found]
    return findings
