"""Checks P1-P5: marginals, shares, conditioning and derived values of 20,000 adults before a transplant.

MCE is the Monte-Carlo error: sd/sqrt(n) of a mean, 1.25 sd/sqrt(n) of a median, sd/sqrt(2n) of a sd; three are allowed.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import truncnorm

from inferon.cohort import Cohort, draw_cohort
from inferon.cohort.covariates import draw_covariates
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.model.catalogue import parameter_table

FOLDER = "population"
PATIENTS, SEED = 20_000, 41
AGE = truncnorm((20 - 58) / 9, (75 - 58) / 9, loc=58, scale=9)


@cache
def cohort(population: str) -> Cohort:
    """One of the two transplant populations."""
    return draw_cohort(population, np.arange(PATIENTS), seed=SEED)


def mean_and_sd(words: str, values: np.ndarray, mean: float, sd: float, *, digit: float = 0.0) -> list[Finding]:
    """Mean and sd of a sample, 3 MCE; ``digit`` is the last printed digit, half of which is allowed on top."""
    error = 3 * sd / np.sqrt(len(values))
    return [
        near(f"{words}: mean", values.mean(), mean, absolute=error + digit / 2, relative=0),
        near(f"{words}: sd", values.std(), sd, absolute=error / np.sqrt(2) + digit / 2, relative=0),
    ]


def log_normal(words: str, values: np.ndarray, median: float, cv: float, *, clamped: bool = False) -> list[Finding]:
    """Median and variability of a log-normal sample, 3 MCE; a clamped one is judged by its quartiles, which do not move."""
    omega, logs, n = np.sqrt(np.log1p(cv**2)), np.log(values), len(values)
    low, high = np.quantile(logs, [0.25, 0.75])
    spread, factor = ((high - low) / (2 * ndtri(0.75)), 1.17) if clamped else (logs.std(), 1 / np.sqrt(2))
    ratio = np.exp(np.median(logs)) / median
    return [
        near(f"{words}: median, share of {median:g}", ratio, 1, absolute=3 * 1.2533 * omega / np.sqrt(n), relative=0),
        near(f"{words}: sd of the logarithm", spread, omega, absolute=3 * factor * omega / np.sqrt(n), relative=0),
    ]


def portion(words: str, obtained: float, expected: float, n: float) -> Finding:
    """A share of n people, 3 MCE."""
    return near(words, obtained, expected, absolute=3 * np.sqrt(expected * (1 - expected) / n), relative=0)


@check("P1", FOLDER, "age of adults with acute myeloid leukaemia before transplant")
def age() -> list[Finding]:
    """N(58, 9) redrawn outside 20 to 75 years, never clipped."""
    years = cohort("transplant-reference").covariates["age"].to_numpy()
    at_bounds = float(np.mean((years == 20) | (years == 75)))
    return [
        near("mean of the stated distribution, yr", AGE.mean(), 57.4, absolute=0.05, relative=0),
        near("sd of the stated distribution, yr", AGE.std(), 8.4, absolute=0.05, relative=0),
        *mean_and_sd("age, yr", years, AGE.mean(), AGE.std()),
        between("youngest, yr", years.min(), 20, 75),
        between("oldest, yr", years.max(), 20, 75),
        between("share exactly at a bound", at_bounds, 0, 0, expected="0"),
    ]


@check("P2", FOLDER, "weight, height, creatinine and baseline counts by sex")
def sizes() -> list[Finding]:
    """Medians and variability before clamping; weight clamped to 40 to 140 kg."""
    table, findings = cohort("transplant-reference").covariates, []
    printed = {"weight": ((85, 0.18), (71, 0.22)), "creatinine": ((0.95, 0.20), (0.78, 0.20))}
    printed["baseline_haemoglobin"] = ((14.5, 0.08), (13.3, 0.08))
    for place, sex in enumerate(("male", "female")):
        part = table.filter(sex=sex)
        for quantity, rows in printed.items():
            words = f"{quantity.replace('_', ' ')}, {sex}"
            findings += log_normal(words, part[quantity].to_numpy(), *rows[place], clamped=quantity == "weight")
        mean, sd = ((1.76, 0.07), (1.62, 0.065))[place]
        findings += mean_and_sd(f"height, {sex}, m", part["height"].to_numpy(), mean, sd)
    for quantity, median, cv in (("baseline_neutrophils", 3.4, 0.38), ("baseline_platelets", 200, 0.33)):
        findings += log_normal(quantity.replace("_", " "), table[quantity].to_numpy(), median, cv)
    weight, women = table["weight"].to_numpy(), (table["sex"] == "female").to_numpy()
    at_40 = float(ndtr(np.log(40 / 71) / np.sqrt(np.log1p(0.22**2))))
    return [
        *findings,
        near("least weight, kg", weight.min(), 40, relative=0),
        near("largest weight, kg", weight.max(), 140, relative=0),
        portion("women clamped to 40 kg", float(np.mean(weight[women] == 40)), at_40, women.sum()),
    ]


SHARES = {
    "sex": {"male": 0.55, "female": 0.45},
    "disease_status": {"active": 0.55, "remission, MRD+": 0.25, "remission, MRD-": 0.20},
    "cytogenetic_risk": {"poor": 0.50, "intermediate": 0.45, "favourable": 0.05},
    "donor": {"matched related": 0.25, "matched unrelated": 0.55, "haploidentical": 0.15, "cord": 0.05},
    "comorbidity": {"0": 0.35, "1-2": 0.33, "3+": 0.32},
    "graft": {"blood": 0.85, "marrow": 0.15},
}


@check("P3", FOLDER, "shares of sex, status, cytogenetics, donor, comorbidity and graft")
def shares() -> list[Finding]:
    """The covariate mix."""
    findings = []
    for covariate, expected in SHARES.items():
        drawn = cohort("covariate-mix").covariates[covariate].to_numpy()
        words = covariate.replace("_", " ")
        findings += [
            portion(f"{words}: {label}", float(np.mean(drawn == label)), p, PATIENTS) for label, p in expected.items()
        ]
        others = set(drawn) - set(expected)
        findings.append(
            holds(f"{words}: other values", not others, expected="none", obtained=", ".join(others) or "none")
        )
    return findings


@check("P4", FOLDER, "conditioning")
def conditioning() -> list[Finding]:
    """Myeloablative in 80 % of those younger than 55 with a comorbidity index of 2 or less, and in nobody else."""
    table = cohort("covariate-mix").covariates
    eligible = ((table["age"] < 55) & (table["comorbidity"] != "3+")).to_numpy()
    ablative = (table["conditioning"] == "myeloablative").to_numpy()
    return [
        portion("myeloablative where eligible", float(ablative[eligible].mean()), 0.80, eligible.sum()),
        between("myeloablative elsewhere, patients", float(ablative[~eligible].sum()), 0, 0, expected="0"),
        near("myeloablative in all", float(ablative.mean()), 0.21, absolute=0.015, relative=0),
    ]


@check("P5", FOLDER, "derived sizes and creatinine clearance")
def derived() -> list[Finding]:
    """The typical man of 50 and woman of 60: every normal draw 0 and the uniform draw of that age."""
    findings = []
    for sex, years, bmi, surface, clearance in (("male", 50, 27.4, 2.04, 111.8), ("female", 60, 27.1, 1.79, 86.0)):
        draws = {"sex": 0.1 if sex == "male" else 0.9, "age": float(AGE.cdf(years))}
        person = draw_covariates(
            parameter_table(FOLDER),
            lambda stream, draws=draws: np.array([draws.get(stream, 0.5)]),
            lambda _: np.zeros(1),
        ).row(0, named=True)
        findings += [
            near(f"{sex}, {years} yr: body mass index, kg/m2", person["bmi"], bmi, absolute=0.1, relative=0),
            near(f"{sex}, {years} yr: body surface, m2", person["body_surface"], surface, absolute=0.01, relative=0),
            near(
                f"{sex}, {years} yr: creatinine clearance, mL/min",
                person["creatinine_clearance"],
                clearance,
                absolute=0.1,
                relative=0,
            ),
        ]
    return findings
