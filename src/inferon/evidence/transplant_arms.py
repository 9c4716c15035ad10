"""Arms of a transplant study by the name of their regimen, simulated once, and what is counted in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

import numpy as np

from inferon.cohort import draw_cohort
from inferon.evidence.check import Finding, near
from inferon.protocol import Regimen
from inferon.trial.simulate import ArmResult, simulate_arm

SEED = 20211201
PATIENTS = 4000
"""Patients an arm: Monte-Carlo error of relapse at most 0.8 points, of non-relapse mortality and GVHD at most 0.75."""
FOLLOW_UP = 365.25
MONTHS = (91.3125, 182.625, 365.25)
"""Days of 3, 6 and 12 months."""

NONE, FOUR, LATE, EIGHT = "no interferon", "4 doses from day -1", "4 doses from day 60", "8 doses from day -1"
_PEG = "peginterferon alfa-2a"
REGIMENS: dict[str, tuple[Regimen, ...]] = {
    NONE: (),
    FOUR: (Regimen(drug=_PEG, dose=180, doses=4),),
    LATE: (Regimen(drug=_PEG, dose=180, start=60, doses=4),),
    EIGHT: (Regimen(drug=_PEG, dose=180, doses=8),),
    "26 doses from day -1": (Regimen(drug=_PEG, dose=180, doses=26),),
    **{f"4 doses of {dose} ug": (Regimen(drug=_PEG, dose=dose, doses=4),) for dose in (45, 90, 360)},
}
"""Regimens by name: the columns of section 5 of the transplant reference and the rows below its table."""


@cache
def arm(
    regimen: str,
    *,
    family: str = "reference",
    population: str = "transplant-reference",
    patients: int = PATIENTS,
    drawn: tuple[tuple[str, float], ...] = (),
    replaced: tuple[tuple[str, float], ...] = (),
    layer: bool = True,
) -> ArmResult:
    """One arm of ``REGIMENS`` for a year; common random numbers make arms comparable patient by patient.

    ``drawn`` replaces table values before patients are drawn, ``replaced`` for this arm only (pairs of symbol and value);
    ``layer`` is the extinction layer. Raises ``RuntimeError`` when a patient cannot be solved.
    """
    cohort = draw_cohort(population, np.arange(patients), seed=SEED, family=family, overrides=dict(drawn))
    result = simulate_arm(
        cohort,
        REGIMENS[regimen],
        follow_up=FOLLOW_UP,
        parameters=dict(replaced),
        extinction_layer=layer,
        threads=os.cpu_count() or 1,
    )
    told = set(result.events["status"]) - {"ok"}
    if told:
        raise RuntimeError(f"patients could not be solved: {sorted(told)}")
    return result


def percent(result: ArmResult, event: str, day: float = FOLLOW_UP) -> float:
    """Cumulative incidence by counting: share of all patients, in percent, with the event by a day."""
    return 100.0 * float((result.events[f"{event}_day"] <= day).fill_null(False).mean())


def relapses(result: ArmResult) -> list[float]:
    """Percent relapsed by 3, 6 and 12 months."""
    return [percent(result, "relapse", day) for day in MONTHS]


def share(
    quantity: str,
    obtained: float,
    printed: float,
    *,
    patients: int = PATIENTS,
    theirs: int = 40_000,
    digit: float = 0.1,
) -> Finding:
    """A percentage beside a printed one: 3 Monte-Carlo errors of both samples and half a unit of the last printed digit."""
    variance = printed * (100 - printed)
    error = float(np.sqrt(variance / patients + variance / theirs))
    return near(quantity, obtained, printed, absolute=3 * error + digit / 2, relative=0)


def relapse_row(
    words: str, result: ArmResult, printed: Sequence[float], *, theirs: int = 40_000, digit: float = 0.1
) -> list[Finding]:
    """Relapse at 3, 6 and 12 months beside a printed row."""
    found = zip((3, 6, 12), relapses(result), printed, strict=True)
    patients = len(result.events)
    return [
        share(f"{words}: relapse at {month} months, %", obtained, value, patients=patients, theirs=theirs, digit=digit)
        for month, obtained, value in found
    ]
