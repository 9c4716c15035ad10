"""Checks I1-I8: cytopenias, symptoms, withdrawal and tolerance under weekly peginterferon alfa-2a (module I).

Counts are the lowest true ones of 48 weeks, taken two ways: with the marrow module whole, and with its feedback cut, which is
what the printed numbers are (checks B5 and B6 say the same of theirs).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl

from inferon.biology.toxicity.functions import flu_probability
from inferon.cohort.distributions import log_normal
from inferon.cohort.treated_adults import TreatedAdults, draw_treated_adults
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.laboratory import interferon
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH, Regimen, dosing
from inferon.random import normal
from inferon.trial.adverse_events import FLU, REACTION, event_frequencies
from inferon.trial.toxicity import SafetyResult, simulate_safety
from inferon.trial.treated_counts import SETTINGS, simulate_counts

FOLDER = "toxicity"
SEED, PATIENTS, WEEKS = 20120, 4000, 48
DOSES = (180, 135, 90)
WAYS = {"with the marrow": "interferon_marrow", "feedback cut": "toxicity_open_loop"}
CML = "chronic myeloid leukaemia with kinase inhibitor"
_FEEDBACK = (
    "the marrow's feedback raises its output when neutrophils fall, which the printed numbers leave out (see B5 and B6)"
)
_LINGERS = (
    "peginterferon lingers above EC_u, so refractoriness outlasts a three-week gap between doses (check B3 says the same); "
    "the printed statement holds for three weeks without drug in the blood"
)
_VARIED = "printed for the typical signal; with the table's variability of EC0, k_U and ka some signals stay above the threshold"


def _weekly(dose: float, doses: int = WEEKS) -> list[Regimen]:
    return [Regimen(drug="peginterferon alfa-2a", dose=dose, start=0, interval=7, doses=doses)]


@cache
def _cohort() -> TreatedAdults:
    return draw_treated_adults(np.arange(PATIENTS), seed=SEED)


@cache
def _arm(dose: float, context: str | None) -> SafetyResult:
    """48 weeks without dose rules; context None: nobody stops on his own."""
    return simulate_safety(_cohort(), _weekly(dose), follow_up=7.0 * WEEKS, context=context, threads=2)


@cache
def _frequencies(dose: float, context: str | None) -> dict[str, float]:
    """Percent of patients with each adverse event by 48 weeks."""
    table = event_frequencies(_arm(dose, context).adverse_events, PATIENTS)
    return {row["term"]: 100 * row["any_grade"] for row in table.to_dicts()}


@cache
def _counts(dose: float, composite: str, spread_of_platelets: float | None = None) -> pl.DataFrame:
    """Lowest counts of 48 weeks without rules or withdrawal; the spread replaces the table's CV of IC_plt."""
    cohort = _cohort()
    if spread_of_platelets is not None:
        row, name = parameter_table("interferon_response")["IC_plt"], "interferon_response__IC_plt"
        drawn = log_normal(normal(SEED, "check I3", cohort.patients), row.value, spread_of_platelets)
        cohort = replace(cohort, parameters={**cohort.parameters, name: drawn})
    return simulate_counts(cohort, _weekly(dose), follow_up=7.0 * WEEKS, composite=composite, threads=2).patients


def _below(count: str, dose: float, limit: float) -> list[float]:
    """Percent of patients whose count fell below a limit, for each of ``WAYS``."""
    lowest = (_counts(dose, composite)[f"lowest_{count}"] for composite in WAYS.values())
    return [100 * float((counts < limit).mean()) for counts in lowest]


def _fall_of_platelets(composite: str, spread: float | None = None) -> np.ndarray:
    counts = _counts(180, composite, spread)
    return 100 * (1 - (counts["lowest_PLT"] / counts["baseline_PLT"]).to_numpy())


def _three_errors(percent: float) -> float:
    """Three Monte-Carlo errors of a percentage."""
    return 300 * float(np.sqrt(percent / 100 * (1 - percent / 100) / PATIENTS))


def _both_ways(words: str, found: list[float], expected: float, least: float) -> list[Finding]:
    width = max(least, _three_errors(expected))
    return [
        near(f"{words}, {way}", share, expected, relative=0, absolute=width, misfit=misfit)
        for way, share, misfit in zip(WAYS, found, (_FEEDBACK, ""), strict=True)
    ]


@check("I1", FOLDER, "severe neutropenia by dose")
def severe_neutropenia() -> list[Finding]:
    """Tolerance: 0.5 points or three Monte-Carlo errors."""
    findings = []
    for dose, expected in zip(DOSES, (2.9, 1.5, 0.5), strict=True):
        findings += _both_ways(f"ANC below 0.75 at {dose} ug (%)", _below("ANC", dose, 0.75), expected, 0.5)
    return findings


@check("I2", FOLDER, "neutropenia at 180 ug")
def neutropenia() -> list[Finding]:
    """Tolerance: 2 points or three Monte-Carlo errors."""
    return _both_ways("ANC below 1.5 at 180 ug (%)", _below("ANC", 180, 1.5), 29, 2)


@check("I3", FOLDER, "fall of platelets at 180 ug")
def platelet_fall() -> list[Finding]:
    """Median with the table's CV of IC_plt (75 %) both ways; median and 5-95 % with CV 60 and 90 % and the feedback cut."""
    medians = [float(np.median(_fall_of_platelets(composite))) for composite in WAYS.values()]
    findings = _both_ways("median fall of platelets (%), CV 75 %", medians, 30, 3)
    for cv, printed in ((0.60, (30, 13, 55)), (0.90, (30, 10, 62))):
        found = np.percentile(_fall_of_platelets(WAYS["feedback cut"], cv), (50, 5, 95))
        findings += [
            near(f"{words} of the fall (%), CV {100 * cv:.0f} %, feedback cut", value, expected, relative=0, absolute=3)
            for words, value, expected in zip(("median", "5 %", "95 %"), found, printed, strict=True)
        ]
    return findings


@check("I4", FOLDER, "severe thrombocytopenia at 180 ug")
def severe_thrombocytopenia() -> list[Finding]:
    """Inside the printed range, widened by three Monte-Carlo errors."""
    lower, upper = 1.0 - _three_errors(1.0), 2.4 + _three_errors(2.4)
    return [
        between(f"PLT below 50 at 180 ug (%), {way}", share, lower, upper, expected="1.0 to 2.4")
        for way, share in zip(WAYS, _below("PLT", 180, 50), strict=True)
    ]


@check("I5", FOLDER, "every event more often at a higher dose, in the same patients")
def rises_with_dose() -> list[Finding]:
    """Order over 90, 135 and 180 ug, withdrawal acting; and the frequencies at 180 ug that the hazards were set by."""
    findings = []
    for term in (t for t in _frequencies(180, "hepatitis C") if t != REACTION):
        shares = [_frequencies(dose, "hepatitis C")[term] for dose in (90, 135, 180)]
        findings.append(_in_order(term, shares))
    left = [100 * _arm(d, "hepatitis C").patients["withdrawal_day"].is_not_null().mean() for d in (90, 135, 180)]
    findings.append(_in_order("withdrawal", left))
    printed = {
        "fatigue": 75,
        "headache": 36,
        "depression": 13,
        "thyroid dysfunction": 10,
        "serious adverse event": 15.7,
    }
    for term, expected in printed.items():
        width = _three_errors(expected) + 1
        words = f"{term} at 180 ug by 48 weeks (%), nobody stopping"
        findings.append(near(words, _frequencies(180, None)[term], expected, relative=0, absolute=width))
    return findings


def _in_order(term: str, shares: list[float]) -> Finding:
    said = " / ".join(f"{share:.1f}" for share in shares)
    return holds(f"{term} at 90 / 135 / 180 ug (%)", shares == sorted(shares), expected="rises", obtained=said)


def _peak(days: np.ndarray, signal: np.ndarray, dose_day: float) -> float:
    window = parameter_table(FOLDER)["win_flu"].value
    return float(signal[(days >= dose_day) & (days <= dose_day + window)].max())


def _chance(peak: float) -> float:
    """Percent of patients with flu-like symptoms after a dose with this signal: mean over the frailty of the cohort."""
    table, w = parameter_table(FOLDER), _cohort().parameters["toxicity__w"]
    shares = flu_probability(np.array([peak]), w, gain=table["a_flu"].value, threshold=table["S_flu"].value)
    return 100 * float(shares.mean())


@check("I6", FOLDER, "flu-like symptoms fade and return")
def tolerance_of_flu() -> list[Finding]:
    """The typical signal and the frailty of 4000 patients; then what variable signals and a gap between doses change."""
    days = np.linspace(0, 35, 3501)
    signal = interferon()(days, regimens=_weekly(180, 5))["S_isg"][0]
    first, *later = (_chance(_peak(days, signal, 7.0 * k)) for k in range(5))
    washed, gap = _chance(_rechallenge(empty=True)), _chance(_rechallenge(empty=False))
    events = _arm(180, None).adverse_events
    flu = events.filter(events["term"] == FLU)
    at_first, at_second = (100 * float((flu["day"] == day).sum()) / PATIENTS for day in (0, 7))
    half = "at least half of dose 1"
    return [
        near("after dose 1 (%)", first, 60, relative=0, absolute=5),
        between("after doses 2 to 5, the largest (%)", max(later), 0, 5, expected="below 5"),
        between("after three weeks without drug in the blood (%)", washed, first / 2, 100, expected=half),
        between("after three weeks without a dose (%)", gap, first / 2, 100, expected=half, misfit=_LINGERS),
        near("after dose 1, variable signals (%)", at_first, 60, relative=0, absolute=5, misfit=_VARIED),
        between("after dose 2, variable signals (%)", at_second, 0, 5, expected="below 5", misfit=_VARIED),
    ]


def _rechallenge(*, empty: bool) -> float:
    """Largest signal after a dose three weeks past a twelve-week course; ``empty``: all drug is removed at the gap's start."""
    last, again = 84.0, 105.0
    regimens = [*_weekly(180, 12), Regimen(drug="peginterferon alfa-2a", dose=180, start=again, doses=1)]
    days = np.linspace(again, again + 2, 401)
    laboratory = interferon()
    if not empty:
        return _peak(days, laboratory(days, regimens=regimens)["S_isg"][0], again)
    doses, columns = dosing(laboratory.model, regimens, {"weight": np.full(1, 70.0)}, 1)
    batch = laboratory.batch(days, 1, columns, {}, doses, 0.0, SETTINGS)
    batch.advance(last)
    for state in ("interferon_pk__A_d", "interferon_pk__A_c"):
        batch.state(state)[:] = 0.0
    batch.advance(float(days[-1]))
    return _peak(days, batch.samples[0, :, laboratory.model.kernel.readouts.index("S_isg")], again)


@check("I7", FOLDER, "depression develops over weeks")
def depression_is_late() -> list[Finding]:
    """Share of the 48-week incidence reached by day 14 against that of a constant hazard."""
    events = _arm(180, "hepatitis C").adverse_events
    days = events.filter(events["term"] == "depression")["day"]
    share = 100 * float((days <= 14).sum()) / len(days)
    return [between("share of the incidence by day 14 (%)", share, 0, 4.2, expected="below 4.2")]


@check("I8", FOLDER, "stopping interferon beside a kinase inhibitor")
def stopping_in_cml() -> list[Finding]:
    """By month 12, weekly dosing going on; inside the printed range, widened by three Monte-Carlo errors."""
    arm = simulate_safety(_cohort(), _weekly(180, 53), follow_up=12 * MONTH, context=CML, threads=2)
    share = 100 * float(arm.patients["withdrawal_day"].is_not_null().mean())
    lower, upper = 55 - _three_errors(55), 65 + _three_errors(65)
    return [between("stopped by month 12 (%)", share, lower, upper, expected="55 to 65")]
