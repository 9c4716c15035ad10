"""Checks E1, E2 and E5: the table of section 5 of the transplant reference, five families and four regimens, layer on.

4000 patients an arm here, 40,000 there: 3 Monte-Carlo errors of both samples are allowed (2.4 points of relapse at most, 1.8 of
non-relapse mortality), which is stricter than the 3 points of the specification.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.transplant_arms import EIGHT, FOUR, LATE, NONE, arm, percent, relapse_row, relapses, share

FOLDER = "transplant"
COLUMNS = (NONE, FOUR, LATE, EIGHT)
EXPECTED = {
    "reference": (
        (42.6, 59.2, 65.2, 12.8),
        (25.3, 36.0, 40.2, 16.2),
        (38.3, 47.9, 52.0, 14.1),
        (22.1, 28.5, 32.1, 17.1),
    ),
    "low_burden": (
        (38.2, 59.4, 65.4, 13.3),
        (21.7, 37.4, 42.1, 16.5),
        (33.1, 46.9, 51.3, 14.8),
        (17.6, 27.7, 31.8, 17.8),
    ),
    "strong_direct": (
        (45.7, 60.6, 64.9, 12.4),
        (20.7, 36.5, 41.7, 16.5),
        (37.2, 47.4, 52.6, 14.1),
        (13.6, 24.1, 31.0, 17.9),
    ),
    "slow_disease": (
        (46.0, 59.9, 65.8, 12.5),
        (28.8, 36.9, 40.4, 15.7),
        (41.9, 49.1, 52.6, 13.7),
        (26.0, 30.3, 33.2, 16.5),
    ),
    "strong_allo": (
        (45.4, 59.7, 65.5, 13.6),
        (27.9, 36.8, 40.5, 16.4),
        (41.4, 49.3, 53.0, 14.5),
        (24.9, 29.8, 32.8, 17.0),
    ),
}
"""Relapse at 3, 6 and 12 months and non-relapse mortality at 12 months, percent, in the order of ``COLUMNS``."""


def _rows(regimen: str) -> list[Finding]:
    """Every family under one regimen, and its reference graft-versus-host disease: 32.1 and 12.4 % everywhere."""
    findings = []
    for family, columns in EXPECTED.items():
        result, printed = arm(regimen, family=family), columns[COLUMNS.index(regimen)]
        words = f"{family}, {regimen}"
        findings += relapse_row(words, result, printed[:3])
        nrm = percent(result, "non_relapse_mortality")
        findings.append(share(f"{words}: non-relapse mortality, %", nrm, printed[3]))
        for grades, expected in (("2_4", 32.1), ("3_4", 12.4)):
            index = percent(result, f"acute_gvhd_{grades}")
            findings.append(share(f"{words}: reference GVHD grade {grades.replace('_', '-')}, %", index, expected))
    return findings


def _while_event_free(regimen: str, printed: tuple[int, int]) -> list[Finding]:
    """Acute GVHD as a trial counts it: before relapse and death."""
    events = arm(regimen).events
    gone = events.select(pl.min_horizontal("relapse_day", "non_relapse_mortality_day").fill_null(np.inf)).to_series()
    found = [100 * float((events[f"acute_gvhd_{g}_day"].fill_null(np.inf) < gone).mean()) for g in ("2_4", "3_4")]
    return [
        share(f"{regimen}: trial endpoint GVHD grade {grades}, %", obtained, value, digit=1)
        for grades, obtained, value in zip(("2-4", "3-4"), found, printed, strict=True)
    ]


@check("E1", FOLDER, "no interferon, five families")
def no_interferon() -> list[Finding]:
    """Relapse, non-relapse mortality, both read-outs of GVHD and engraftment of the surrogate."""
    day = arm(NONE).events["surrogate_engraftment_day"]
    quantiles = zip((5, 50, 95), np.quantile(day.fill_null(np.inf), [0.05, 0.5, 0.95]), (7.8, 10.6, 14.4), strict=True)
    return [
        *_rows(NONE),
        *_while_event_free(NONE, (20, 7)),
        *(near(f"surrogate engraftment, day of {q} %", d, e, absolute=0.2, relative=0) for q, d, e in quantiles),
        holds(
            "graft failure",
            day.null_count() == 0 and day.max() < 28,
            expected="none",
            obtained=f"last {day.max():.1f} d",
        ),
    ]


@check("E2", FOLDER, "four and eight doses of peginterferon alfa-2a from day -1, five families")
def with_interferon() -> list[Finding]:
    """The treated columns, the trial endpoint of GVHD, the surrogate's delay, and what the extinction layer does."""
    without, treated = arm(NONE).events, arm(FOUR).events
    day = treated["surrogate_engraftment_day"]
    delay = (day - without["surrogate_engraftment_day"]).mean()
    slower = (("IC_anc_hct", 17.0),)
    late = arm(FOUR, drawn=slower).events["surrogate_engraftment_day"]
    longer = (late - arm(NONE, drawn=slower).events["surrogate_engraftment_day"]).mean()
    return [
        *_rows(FOUR),
        *_rows(EIGHT),
        *_while_event_free(FOUR, (24, 9)),
        _neutral(without, treated),
        near("surrogate engraftment, median day", day.median(), 11.4, absolute=0.1, relative=0),
        near("surrogate engraftment, mean delay, d", delay, 0.9, absolute=0.1, relative=0),
        near("the same with the haematology value of IC_anc, d", longer, 3.1, absolute=0.3, relative=0),
        *_layer(NONE, 0.1),
        *_layer(FOUR, 0.9),
    ]


def _neutral(without: pl.DataFrame, treated: pl.DataFrame) -> Finding:
    """Same patients, same days of GVHD in both arms: ``e_allo`` is 0 by assumption."""
    names = ("acute_gvhd_2_4_day", "acute_gvhd_3_4_day")
    same = all((without[n].is_null() == treated[n].is_null()).all() for n in names)
    apart = max(float((without[n] - treated[n]).abs().max()) for n in names)
    obtained = f"days differ by at most {apart:.1g}" if same else "other patients"
    return holds(
        "reference GVHD does not depend on interferon", same and apart < 0.01, expected="assumed", obtained=obtained
    )


def _layer(regimen: str, extinct: float) -> list[Finding]:
    """Percent extinct within a year, and how far relapse moves when the layer is off (the reference prints 0.05 points)."""
    on, off = arm(regimen), arm(regimen, layer=False)
    moved = max(abs(a - b) for a, b in zip(relapses(on), relapses(off), strict=True))
    return [
        share(f"{regimen}: extinct within a year, %", 100 * float(on.events["extinct"].mean()), extinct),
        between(f"{regimen}: relapse moved by the layer, points", moved, 0, 0.3, expected="at most 0.3"),
    ]


@check("E5", FOLDER, "four doses from day 60, five families")
def late_start() -> list[Finding]:
    """The late column, and in every family: a later start loses benefit, more doses add to it."""
    findings = _rows(LATE)
    for family in EXPECTED:
        none, early, late, more = (percent(arm(regimen, family=family), "relapse") for regimen in COLUMNS)
        kept = (none - late) / (none - early)
        findings += [
            between(f"{family}: share of the benefit kept by the late start", kept, 0.0, 0.7, expected="0 to 0.7"),
            between(f"{family}: points gained by eight doses", early - more, 5, 12, expected="5 to 10, 2 more allowed"),
        ]
    return findings
