"""Checks E10-E14: what must rise or fall when one thing is changed in the same patients."""

from __future__ import annotations

from inferon.cohort import draw_cohort
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.transplant_arms import FOUR, NONE, SEED, arm, percent, relapse_row, relapses, share

FOLDER = "transplant"
GRADES = ("acute_gvhd_2_4", "acute_gvhd_3_4")
IN_MIX = 8000
"""Patients of the covariate mix: their groups by disease status are a fifth of the cohort and more."""


def _direction(
    words: str, drawn: tuple[tuple[str, float], ...], printed: tuple[tuple[float, ...], tuple[float, ...]]
) -> list[Finding]:
    """Relapse up and GVHD down at every time, and the row of the reference (24,000 patients, no decimals)."""
    before, after = arm(NONE), arm(NONE, drawn=drawn)
    relapse = list(zip(relapses(before), relapses(after), strict=True))
    gvhd = [(percent(before, grade), percent(after, grade)) for grade in GRADES]
    shown = [", ".join(f"{b:.0f} to {a:.0f}" for b, a in pairs) for pairs in (relapse, gvhd)]
    numbers = zip(("2-4", "3-4"), gvhd, printed[1], strict=True)
    return [
        holds(f"{words}: relapse, %", all(a > b for b, a in relapse), expected="rises", obtained=shown[0]),
        holds(f"{words}: reference GVHD, %", all(a < b for b, a in gvhd), expected="falls", obtained=shown[1]),
        *relapse_row(words, after, printed[0], theirs=24_000, digit=1),
        *(share(f"{words}: GVHD grade {g}, %", a, value, theirs=24_000, digit=1) for g, (_, a), value in numbers),
    ]


@check("E10", FOLDER, "a hundredth of the T cells in the graft")
def few_t_cells() -> list[Finding]:
    """CD3 dose times 0.01, no interferon."""
    return _direction("CD3 x 0.01", (("CD3", 2.5e6),), ((48, 70, 80), (11, 4)))


@check("E11", FOLDER, "more immunosuppression")
def more_suppression() -> list[Finding]:
    """Prophylaxis of 0.8 instead of 0.6, no interferon."""
    return _direction("IS0 0.8", (("IS0", 0.8),), ((46, 67, 75), (3, 1)))


def relapse_by_status(regimen: str) -> tuple[float, float, float]:
    """Percent relapsed within a year: remission without and with measurable disease, active disease (covariate mix)."""
    events = arm(regimen, population="covariate-mix", patients=IN_MIX).events
    status = draw_cohort("covariate-mix", events["patient"].to_numpy(), seed=SEED).covariates["disease_status"]
    relapsed = events["relapse_day"].is_not_null()
    groups = ("remission, MRD-", "remission, MRD+", "active")
    return tuple(100 * relapsed.filter(status == group).mean() for group in groups)


@check("E12", FOLDER, "patients without measurable disease relapse least")
def by_status() -> list[Finding]:
    """Load from the classes before transplant; the specification names no arm."""
    reason = (
        "the check names no arm; under interferon the order turns, because priming needs antigen, L/(L + 1e7 cells), which low "
        "loads lack while the drug acts"
    )
    findings = []
    for regimen, misfit in ((NONE, ""), (FOUR, reason)):
        negative, positive, active = relapse_by_status(regimen)
        findings.append(
            holds(
                f"{regimen}: relapse of MRD-negative, MRD-positive, active, %",
                negative < positive < active,
                expected="rises in this order",
                obtained=f"{negative:.1f}, {positive:.1f}, {active:.1f}",
                misfit=misfit,
            )
        )
    return findings


@check("E13", FOLDER, "twice the CD34 dose")
def more_stem_cells() -> list[Finding]:
    """Donor marrow engrafts earlier in everybody; reference GVHD not higher than 0.5 points more."""
    before, after = (arm(NONE, drawn=drawn) for drawn in ((), (("CD34", 1.2e7),)))
    sooner = before.events["engraftment_day"] - after.events["engraftment_day"]
    engrafted = sooner.null_count() == 0
    least = float(sooner.fill_null(float("-inf")).min())
    return [
        holds(
            "days sooner, least of all patients",
            engrafted and least > 0,
            expected="above 0",
            obtained=f"{least:.2f}",
        ),
        *(
            between(
                f"points more of {grade.replace('_', ' ')}",
                percent(after, grade) - percent(before, grade),
                -100,
                0.5,
                expected="at most 0.5",
            )
            for grade in GRADES
        ),
    ]


@check("E14", FOLDER, "interferon from day -1 and the return of neutrophils")
def delay() -> list[Finding]:
    """Paired delay of the donor marrow with both values of IC_anc: a day and four days at most (0.5 d allowed), never earlier."""
    findings = []
    for ic_anc, limit in ((60.0, 1.0), (17.0, 4.0)):
        drawn = (("IC_anc_hct", ic_anc),)
        without, treated = (arm(regimen, drawn=drawn).events for regimen in (NONE, FOUR))
        days = treated["engraftment_day"] - without["engraftment_day"]
        words = f"IC_anc {ic_anc:g} ng/mL"
        findings += [
            holds(
                f"{words}: patients without engraftment",
                days.null_count() == 0,
                expected="0",
                obtained=f"{days.null_count()}",
            ),
            between(f"{words}: median delay, d", float(days.median()), 0, limit + 0.5, expected=f"at most {limit:g}"),
            between(
                f"{words}: 95 % of delays below, d",
                float(days.quantile(0.95)),
                0,
                limit + 0.5,
                expected=f"at most {limit:g}",
            ),
            between(f"{words}: least delay, d", float(days.min()), -0.5, limit, expected="never earlier"),
        ]
    day = arm(NONE).events["engraftment_day"]
    return [
        *findings,
        near("median day of engraftment after blood grafts", float(day.median()), 14.9, absolute=0.5, relative=0),
        holds(
            "graft failure by day 28",
            day.null_count() == 0 and day.max() < 28,
            expected="none",
            obtained=f"last on day {day.max():.1f}",
        ),
    ]
