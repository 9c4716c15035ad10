"""Checks E3, E4 and E6: single mechanisms and doses, section 5 of the transplant reference (reference vector, layer off).

Its rows come from 24,000 patients and are printed without decimals: 3 Monte-Carlo errors of both samples and half a point.
"""

from __future__ import annotations

import numpy as np

from inferon.evidence.check import Finding, between, check, holds
from inferon.evidence.transplant_arms import FOUR, NONE, arm, percent, relapse_row, relapses, share
from inferon.trial.simulate import ArmResult

FOLDER = "transplant"
THEIRS = 24_000


def _only(**replaced: float) -> ArmResult:
    return arm(FOUR, replaced=tuple(replaced.items()), layer=False)


def _row(words: str, result: ArmResult, printed: tuple[float, ...], nrm: float | None = None) -> list[Finding]:
    findings = relapse_row(words, result, printed, theirs=THEIRS, digit=1)
    if nrm is not None:
        found = percent(result, "non_relapse_mortality")
        findings.append(share(f"{words}: non-relapse mortality, %", found, nrm, theirs=THEIRS))
    return findings


@check("E3", FOLDER, "antiproliferative effect only")
def antiproliferative() -> list[Finding]:
    """Without priming and dendritic-cell survival relapse is delayed: 7-11 points come between months 6 and 12."""
    printed = {0.3: (35, 55, 62), 0.6: (28, 51, 59), 0.9: (21, 46, 56), 1.0: (18, 45, 55)}
    arms = {i_ap: _only(e_x=0.0, e_H=0.0, i_ap=i_ap) for i_ap in printed}
    findings = [
        finding
        for i_ap, row in printed.items()
        for finding in _row(f"i_ap {i_ap} alone", arms[i_ap], row, 13.6 if i_ap == 0.3 else None)
    ]
    _, six, twelve = relapses(arms[0.9])
    _, six_full, twelve_full = relapses(arm(FOUR))
    return [
        *findings,
        between("i_ap 0.9 alone: points from month 6 to 12", twelve - six, 7, 11),
        between(
            "the same with all effects, as a share",
            (twelve_full - six_full) / (twelve - six),
            0,
            0.7,
            expected="flatter",
        ),
    ]


@check("E4", FOLDER, "priming and dendritic-cell survival only")
def priming() -> list[Finding]:
    """Without the antiproliferative effect; and survival of dendritic cells alone, which does almost nothing."""
    return [
        *_row("priming and survival", _only(i_ap=0.0), (32, 40, 44), 15.1),
        *_row("survival alone", _only(i_ap=0.0, e_x=0.0), (42, 58, 64), 12.9),
    ]


@check("E6", FOLDER, "dose, number of doses, and an effect on alloreactivity")
def doses() -> list[Finding]:
    """45, 90 and 360 ug, 26 doses, and what e_allo above 0 would do to GVHD (0 is assumed)."""
    printed = {45: (35, 49, 54), 90: (31, 43, 48), 360: (20, 29, 33)}
    arms = {dose: arm(f"4 doses of {dose} ug", layer=False) for dose in printed}
    findings = [finding for dose, row in printed.items() for finding in _row(f"{dose} ug", arms[dose], row)]
    findings += _row("26 doses", arm("26 doses from day -1", layer=False), (22, 26, 27), 17.2)
    by_dose = np.array([relapses(r) for r in (arm(NONE), arms[45], arms[90], arm(FOUR), arms[360])])
    falls = bool(np.all(np.diff(by_dose, axis=0) < 0))
    shown = ", ".join(f"{x:.0f}" for x in by_dose[:, 1])
    findings.append(
        holds("relapse at 3, 6 and 12 months by dose", falls, expected="falls", obtained=f"6 months: {shown} %")
    )
    for e_allo, gvhd in ((0.25, (33.4, 12.8)), (0.5, (34.9, 13.3))):
        result = _only(e_allo=e_allo)
        findings += _row(f"e_allo {e_allo}", result, (25, 36, 40))
        for grades, expected in zip(("2_4", "3_4"), gvhd, strict=True):
            index = percent(result, f"acute_gvhd_{grades}")
            words = f"e_allo {e_allo}: reference GVHD grade {grades.replace('_', '-')}, %"
            findings.append(share(words, index, expected, theirs=THEIRS))
    return findings
