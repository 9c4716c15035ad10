"""Checks J1-J9: rates by age, lifetime risk, radiation, chemotherapy, smoking and benzene; the clone is in `onset_clone`."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from inferon.biology.onset import functions as onset
from inferon.biology.onset.functions import SUBTYPES
from inferon.biology.onset.lifetime import life_expectancy
from inferon.cohort.exposures import (
    STEP_YEARS,
    Exposure,
    age_edges,
    lifetime_risk,
    middles,
    onset_values,
    rates,
    scenario,
)
from inferon.cohort.onset import draw_people
from inferon.evidence.check import Finding, between, check, near
from inferon.model.catalogue import biology

FOLDER = "onset"
PER_1E5 = 1e5
ADULT = 20.0
"""Age from which checks J8 and J9 count lifetime risk."""


@cache
def _standard() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Age groups of the 2000 US standard population: from, to (the last is open) and weight."""
    with (biology() / "onset" / "us2000_standard.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    to = [float(row["age_to"] or "inf") for row in rows]
    return (
        np.array([float(r["age_from"]) for r in rows]),
        np.array(to),
        np.array([float(r["weight_per_million"]) for r in rows]),
    )


def _group_rates(subtype: str) -> np.ndarray:
    """Mean rate per 1e5 in each age group; the open one has the rate of the last age."""
    first, last, _ = _standard()
    inside = (np.arange(200) + 0.5) / 200
    ages = np.where(
        np.isinf(last)[:, None], first[:, None], first[:, None] + inside * (np.minimum(last, 120) - first)[:, None]
    )
    return PER_1E5 * onset.baseline_rate(ages, subtype, onset_values()).mean(axis=1)


def _adjusted(subtype: str, start: float = 0.0, end: float = np.inf) -> float:
    """Age-adjusted rate per 1e5 between two ages."""
    first, last, weight = _standard()
    inside = (first >= start) & (last <= end)
    return float(np.average(_group_rates(subtype)[inside], weights=weight[inside]))


@check("J1", FOLDER, "age-adjusted rates")
def age_adjusted_rates() -> list[Finding]:
    """Both sexes, weights of the 2000 US standard population, rates averaged over each age group.

    CLL below 65 years is printed to one digit: its tolerance is half a unit of that digit."""
    printed = {"AML": 4.16, "ALL": 1.69, "CML": 1.72, "CLL": 4.57}
    found = [near(f"{s}, per 1e5 a year", _adjusted(s), rate, relative=0.01) for s, rate in printed.items()]
    return [
        *found,
        near("CLL below 65 years, per 1e5 a year", _adjusted("CLL", end=65), 1.5, absolute=0.05, relative=0.01),
        near("CLL from 65 years on, per 1e5 a year", _adjusted("CLL", start=65), 25.7, relative=0.01),
        near("ALL below 20 years, per 1e6 a year", 10 * _adjusted("ALL", end=20), 33.5, relative=0.01),
    ]


def _median_age(ages: np.ndarray, incidence: np.ndarray) -> float:
    return float(np.interp(incidence[-1] / 2, incidence, ages))


@check("J2", FOLDER, "a lifetime without exposure")
def lifetime() -> list[Finding]:
    """Cumulative incidence with death competing, median age at diagnosis, and years lived."""
    risk, found = lifetime_risk(Exposure()), rates(Exposure(), middles(age_edges()))
    total = 100 * sum(risk[s][-1] for s in SUBTYPES)
    printed = {"AML": (0.47, 73.5), "ALL": (0.135, 20), "CML": (0.19, 71.5), "CLL": (0.57, 75)}
    findings = [near("any leukaemia, %", total, 1.36, relative=0, absolute=0.01)]
    for subtype, (percent, age) in printed.items():
        findings.append(near(f"{subtype}, %", 100 * risk[subtype][-1], percent, relative=0, absolute=0.01))
        median = _median_age(risk["age"], risk[subtype])
        findings.append(near(f"median age at {subtype}, yr", median, age, relative=0, absolute=0.5))
    years = life_expectancy(sum(rate[0] for rate in found.values()), STEP_YEARS)
    return [*findings, near("life expectancy, yr", years, 79.8, relative=0, absolute=0.5)]


@check("J3", FOLDER, "the sampler against the integral")
def sampler(people: int = 400_000) -> list[Finding]:
    """Shares of sampled lives that end with a diagnosis of each subtype."""
    risk = lifetime_risk(Exposure())
    cause = draw_people(np.arange(people), seed=3, sexes=False).table["exit_cause"]
    findings = []
    for subtype in SUBTYPES:
        expected = risk[subtype][-1]
        error = 300 * np.sqrt(expected * (1 - expected) / people)
        share = 100 * float((cause == subtype).mean())
        findings.append(near(f"{subtype}, % of lives", share, 100 * expected, relative=0, absolute=max(0.02, error)))
    return findings


@check("J4", FOLDER, "excess relative risk after radiation")
def radiation_excess() -> list[Finding]:
    """At a marrow dose, age at exposure and attained age."""
    printed = [(1, 30, 70, 0.776), (1, 30, 40, 2.62), (1, 10, 20, 5.57), (0.1, 30, 70, 0.039), (2, 30, 70, 2.40)]
    findings = []
    for dose, exposed, age, expected in printed:
        obtained = onset.radiation_excess(np.float64(dose), exposed, np.float64(age), onset_values())
        rounding = 0.0005 if expected < 0.1 else 0.0
        what = f"{dose:g} Gy at {exposed} yr, seen at {age} yr"
        findings.append(near(what, float(obtained), expected, relative=0.01, absolute=rounding))
    partial = 1 + float(onset.radiation_excess(np.float64(7.5), 54, np.float64(60), onset_values()))
    return [*findings, near("relative risk 6 yr after 7.5 Gy, at 60 yr", partial, 2.4, relative=0.01)]


def _excess(name: str, from_age: float, radiation: str = "survivors") -> dict[str, np.ndarray]:
    """Cumulative incidence of an exposed person minus that of the unexposed twin, per 1e5, by age."""
    exposed = lifetime_risk(scenario(name), from_age=from_age, radiation=radiation)
    twin = lifetime_risk(Exposure(), from_age=from_age)
    return {"age": twin["age"], **{s: PER_1E5 * (exposed[s] - twin[s]) for s in SUBTYPES}}


@check("J5", FOLDER, "lifetime excess after acute radiation")
def lifetime_excess() -> list[Finding]:
    """All leukaemia per 1e5 exposed; when half of it has appeared; CLL only loses to competing risks."""
    printed = [("0.1 Gy at 30", 30, 31), ("1 Gy at 10", 10, 748), ("1 Gy at 30", 30, 619), ("1 Gy at 50", 50, 658)]
    findings, lymphocytic = [], []
    for name, age, expected in (*printed, ("2 Gy at 30", 30, 1900)):
        excess = _excess(name, age)
        findings.append(near(f"{name}, per 1e5", sum(excess[s][-1] for s in SUBTYPES), expected, relative=0.02))
        lymphocytic.append(excess["CLL"][-1])
    later = _excess("1 Gy at 30", 30)
    curve = sum(later[s] for s in SUBTYPES)
    half = float(np.interp(curve[-1] / 2, curve, later["age"])) - 30
    return [
        *findings,
        near("years until half of the excess after 1 Gy at 30", half, 32, relative=0.02),
        between("largest excess of CLL, per 1e5", max(lymphocytic), -PER_1E5, 0.0, expected="0 or less"),
    ]


@check("J6", FOLDER, "another form of the radiation risk")
def alternative_radiation() -> list[Finding]:
    """The BEIR VII form beside the fit to the survivors: how far the two differ at low dose is model uncertainty."""
    v, at = onset_values(), (np.float64(1.0), 30, np.float64(55.0))
    low = {
        form: sum(_excess("0.1 Gy at 30", 30, form)[s][-1] for s in SUBTYPES) for form in ("survivors", "alternative")
    }
    return [
        near("BEIR VII, 1 Gy at 30 yr after 25 yr", onset.alternative_radiation_excess(*at, v), 2.15, relative=0.02),
        near("survivors, 1 Gy at 30 yr after 25 yr", onset.radiation_excess(*at, v), 1.37, relative=0.02),
        near("BEIR VII, lifetime excess of 0.1 Gy at 30, per 1e5", low["alternative"], 73, relative=0.02),
        near("ratio of the two at low dose", low["alternative"] / low["survivors"], 2.3, relative=0.02),
    ]


@check("J7", FOLDER, "leukaemia after chemotherapy")
def therapy_related() -> list[Finding]:
    """Risk by intensity, latency by component, and de novo AML at the same age for scale."""
    v = onset_values()
    printed = {"standard": (0.19, 0.25), "intensified": (0.99, 1.28), "high": (3.36, 4.56)}
    findings = []
    for name, risks in printed.items():
        for years, percent in zip((5, 8), risks, strict=True):
            risk = 100 * float(onset.therapy_risk(np.float64(years), (v[f"pA_{name}"], v[f"pT_{name}"]), v))
            findings.append(near(f"{name}, within {years} yr, %", risk, percent, relative=0, absolute=0.02))
    for symbol, first, last, percent in (("m_alk", 2, 5, 36), ("m_alk", 5, 10, 34), ("m_topo", 1, 3, 61)):
        share = 100 * onset.latency_share(first, last, symbol, v)
        findings.append(near(f"{symbol}: cases after {first} to {last} yr, %", share, percent, relative=0, absolute=1))
    background = lifetime_risk(Exposure(), from_age=50)
    de_novo = 100 * float(np.interp(55, background["age"], background["AML"]))
    return [*findings, near("de novo AML from 50 to 55 yr, %", de_novo, 0.019, relative=0, absolute=0.001)]


def _lifetime_aml(exposure: Exposure) -> float:
    return PER_1E5 * float(lifetime_risk(exposure, from_age=ADULT)["AML"][-1])


@check("J8", FOLDER, "smoking")
def smoking() -> list[Finding]:
    """Relative risk, lifetime AML of a smoker, and the share of AML due to smoking.

    The share takes the published relative risk of current smokers and half of its excess for former ones; the check names no
    pack-years.
    """
    v = onset_values()
    current = v["RR_smk_current"]
    due = onset.attributable_fraction(
        [v["p_smk_current"], v["p_smk_former"]], [current, 1 + v["F_S_former"] * (current - 1)]
    )
    return [
        near(
            "relative risk after 40 pack-years, current", float(onset.smoking_risk(40.0, True, v)), 1.68, relative=0.02
        ),
        near("lifetime AML from 20 yr, per 1e5", _lifetime_aml(Exposure()), 459, relative=0.02),
        near(
            "the same, a pack a day from 20 to 60",
            _lifetime_aml(scenario("pack a day from 20 to 60")),
            624,
            relative=0.02,
        ),
        near("share of AML due to smoking, %", 100 * due, 10, relative=0, absolute=1),
    ]


@check("J9", FOLDER, "benzene")
def benzene() -> list[Finding]:
    """Relative risk at the end of exposure, and lifetime AML from 20 yr."""
    v = onset_values()
    return [
        near("relative risk after 10 ppm x 10 yr", float(onset.benzene_risk(100.0, 0.0, "AML", v)), 2.6, relative=0.03),
        near("relative risk after 1 ppm x 40 yr", float(onset.benzene_risk(40.0, 0.0, "AML", v)), 1.6, relative=0.03),
        near(
            "lifetime AML, 10 ppm x 10 yr, per 1e5",
            _lifetime_aml(scenario("benzene 10 ppm for 10 years")),
            843,
            relative=0.03,
        ),
        near(
            "lifetime AML, 1 ppm x 40 yr, per 1e5",
            _lifetime_aml(scenario("benzene 1 ppm for 40 years")),
            660,
            relative=0.03,
        ),
    ]
