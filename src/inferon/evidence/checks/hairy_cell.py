"""Checks F1-F7: response to low-dose interferon, regrowth, purine analogues (module F).

The specification prints no tolerances: 5 points for shares of 1,000 virtual patients (three Monte-Carlo errors at one half), 15 %
for indices and times. The marrow index decides in F1 to F3, F5, F6 and F7, because the printed numbers can only be got so; what
the definition with blood counts gives is a finding of its own.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from inferon.biology.hairy_cell.functions import index_without_bound, regrowth_days
from inferon.cohort import Cohort
from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH
from inferon.trial.hairy_cell import READOUTS, hairy_cell_batch
from inferon.trial.hairy_cell_treatment import LowDoseInterferon, Treatment
from inferon.trial.responses.hairy_cell import HairyCellResponse, classify

FOLDER = "hairy_cell"
PATIENTS, SEED = 1000, 1987
MONTHS = {3: 18, 6: 54, 12: 76}
"""Month, and percent with a response as printed."""
POINTS = 5.0
UNBOUNDED = (
    "the printed numbers come from exponential growth and the marrow alone; the logistic factor of section 2 slows growth while "
    "the marrow is full"
)
HAEMOGLOBIN = (
    "section 2 gives all lineages the same suppression: haemoglobin starts below 3 g/dL and red cells need most of a year to "
    "bring it above 12"
)

Course = dict[str, np.ndarray]


@cache
def cohort(population: str = "hairy-cell") -> Cohort:
    """The virtual patients of these checks."""
    return draw_hairy_cell_cohort(np.arange(PATIENTS), seed=SEED, population=population)


def _true(population: str, treatment: Treatment, days: np.ndarray) -> Course:
    """True values (patients, days) of an arm."""
    batch = hairy_cell_batch(cohort(population), treatment, days)
    batch.advance(float(days[-1]), threads=2)
    if batch.failures():
        raise RuntimeError(f"patients could not be solved: {batch.failures()}")
    return {name: batch.samples[:, :, column] for column, name in enumerate(READOUTS)}


YEAR = 12 * MONTH
ON_DAYS = np.concatenate([np.arange(0, 61, 1.0), MONTH * np.arange(3, 13)])
OFF_DAYS = YEAR + MONTH * np.arange(0.5, 60.1, 0.5)


@cache
def interferon() -> Course:
    """A year of interferon, 2 MIU/m2 three times a week, and five years without; the days are ON_DAYS and OFF_DAYS."""
    return _true("hairy-cell", Treatment(interferon=LowDoseInterferon(weeks=52)), np.concatenate([ON_DAYS, OFF_DAYS]))


@cache
def cladribine(population: str = "hairy-cell") -> Course:
    """One course: daily for four weeks, then month 12 and years 4 and 10."""
    days = np.concatenate([np.arange(0, 36, 1.0), 365.25 * np.array([1, 4, 10])])
    return _true(population, Treatment(courses=(0.0,)), days)


def _at(month: float) -> int:
    return int(np.flatnonzero(np.isclose(ON_DAYS, month * MONTH))[0])


def _initial() -> np.ndarray:
    return cohort().parameters["hairy_cell__Hc0"]


@cache
def unbounded(month: int) -> np.ndarray:
    """The index of every patient in a month if growth were exponential, under the typical mean of interferon."""
    values = {symbol: row.value for symbol, row in parameter_table(FOLDER).items()}
    mean = 0.0105  # ng/mL, printed beside EC_hcl
    effect = mean / (values["EC_hcl"] + mean)
    drawn = cohort().parameters
    return index_without_bound(
        month * MONTH, _initial(), drawn["hairy_cell__g"], drawn["hairy_cell__k_hcl"], effect, values["tau"]
    )


def _percent(true: np.ndarray) -> float:
    return 100.0 * float(np.mean(true))


@check("F1", FOLDER, "response to interferon at months 3, 6 and 12")
def response() -> list[Finding]:
    """Observed: 23, 63 and 82 %."""
    seen, start = interferon(), _initial()
    part = parameter_table(FOLDER)["pr_index"].value
    findings = []
    for month, printed in MONTHS.items():
        index = seen["index"][:, _at(month)]
        counts = {name: seen[name][:, _at(month)] for name in ("ANC", "PLT", "HB")}
        found = classify(counts, index, start)
        both = _percent((found == HairyCellResponse.COMPLETE) | (found == HairyCellResponse.PARTIAL))
        alone, plain = _percent(index <= part * start), _percent(unbounded(month) <= part * start)
        findings += [
            near(f"marrow halved at month {month}, exponential growth, %", plain, printed, absolute=POINTS),
            near(f"marrow halved at month {month}, %", alone, printed, absolute=POINTS, misfit=UNBOUNDED),
            near(
                f"marrow halved and counts normal at month {month}, %",
                both,
                printed,
                absolute=POINTS,
                misfit=HAEMOGLOBIN,
            ),
        ]
    return findings


@check("F2", FOLDER, "complete response at month 12")
def complete_response() -> list[Finding]:
    """Observed: 32 and 20 %."""
    seen, limit = interferon(), parameter_table(FOLDER)["cr_index"].value
    index = seen["index"][:, _at(12)]
    counts = {name: seen[name][:, _at(12)] for name in ("ANC", "PLT", "HB")}
    both = _percent(classify(counts, index, _initial()) == HairyCellResponse.COMPLETE)
    return [
        near("no hairy cells, exponential growth, %", _percent(unbounded(12) < limit), 37, absolute=POINTS),
        near("no hairy cells, %", _percent(index < limit), 37, absolute=POINTS, misfit=UNBOUNDED),
        near("no hairy cells and normal counts, %", both, 37, absolute=POINTS, misfit=HAEMOGLOBIN),
    ]


@check("F3", FOLDER, "hairy-cell index at months 6 and 12")
def median_index() -> list[Finding]:
    """Observed: 0.56 before, 0.12 after 6 to 12 months."""
    findings = [near("median index before treatment", float(np.median(_initial())), 0.56, relative=0.05)]
    for month, printed in ((6, 0.24), (12, 0.09)):
        alone, plain = float(np.median(interferon()["index"][:, _at(month)])), float(np.median(unbounded(month)))
        findings += [
            near(f"median index at month {month}, exponential growth", plain, printed, relative=0.15),
            near(f"median index at month {month}", alone, printed, relative=0.15, misfit=UNBOUNDED),
        ]
    return findings


@check("F4", FOLDER, "counts fall before they rise")
def early_fall() -> list[Finding]:
    """Reported, without a size."""
    findings = []
    for name in ("ANC", "PLT"):
        curve = np.median(interferon()[name][:, : _at(12) + 1], axis=0)
        first = curve[: int(np.searchsorted(ON_DAYS, 60)) + 1]
        worst = int(first.argmin())
        findings.append(
            holds(
                f"median {name}: lowest within two months, then higher than before",
                bool(worst > 0 and first[worst] < curve[0] < curve[-1]),
                expected="a fall, then a rise",
                obtained=f"{100 * (first[worst] / curve[0] - 1):.1f} % on day {ON_DAYS[worst]:g}, "
                f"{curve[-1] / curve[0]:.1f} times at month 12",
            )
        )
    return findings


@check("F5", FOLDER, "regrowth after a year of interferon")
def regrowth() -> list[Finding]:
    """Observed: 1 of 24 needed therapy at a median of 8.5 months; the specification says its model is too fast."""
    index = interferon()["index"][:, len(ON_DAYS) :]
    back = index > parameter_table(FOLDER)["relapse_index"].value
    months = (OFF_DAYS - YEAR) / MONTH
    day = np.where(back.any(axis=1), months[back.argmax(axis=1)], np.inf)
    early = _percent(day <= 8.5)
    values, last = {s: row.value for s, row in parameter_table(FOLDER).items()}, interferon()["index"][:, _at(12)]
    growth = cohort().parameters["hairy_cell__g"]
    at_once = regrowth_days(last, values["relapse_index"], growth, values["Hc_max"]) / MONTH
    return [
        near("median months to index > 0.35 if the effect ended at once", float(np.median(at_once)), 22, relative=0.15),
        near(
            "median months from stopping to index > 0.35",
            float(np.median(day)),
            22,
            relative=0.15,
            misfit="section 2 lets the effect fade over weeks after the last dose; the printed number is that of an effect that "
            "ends at once",
        ),
        near("back within 8.5 months, %", early, 23, absolute=POINTS),
        between(
            "back within 8.5 months, %, beside 1 of 24 observed (exact 95 % interval)",
            early,
            0.1,
            21.1,
            expected="4.2 (0.1 to 21.1) observed",
            misfit="known misfit of the specification: regrowth after interferon is too fast",
        ),
    ]


@check("F6", FOLDER, "cladribine: complete response, relapse at 4 and 10 years")
def purine_analogue() -> list[Finding]:
    """Observed: complete response about 85 %, relapse 35-50 % at 10 years."""
    seen, table = cladribine(), parameter_table(FOLDER)
    relapse = {
        years: _percent(seen["index"][:, column] > table["relapse_index"].value)
        for years, column in ((4, -2), (10, -1))
    }
    slow = _percent(cladribine("hairy-cell slow")["index"][:, -1] > table["relapse_index"].value)
    lowest = seen["index"][:, 10:36].min(axis=1)
    neutrophils = np.median(seen["ANC"][:, :36], axis=0)
    dip = 5 + int(neutrophils[5:36].argmin())
    return [
        near(
            "no hairy cells after the course, %", _percent(lowest < table["cr_index_strict"].value), 88, absolute=POINTS
        ),
        near("index > 0.35 at 4 years, %", relapse[4], 29, absolute=POINTS),
        near("index > 0.35 at 10 years, %", relapse[10], 81, absolute=POINTS),
        between(
            "index > 0.35 at 10 years beside what was observed, %",
            relapse[10],
            35,
            50,
            misfit="known misfit of the specification: exponential regrowth makes late relapse inevitable",
        ),
        between("the same with 40 % of patients regrowing slowly (sensitivity), %", slow, 35, 50),
        between("lowest median neutrophils after day 5, day", dip, 7, 28, expected="weeks 1 to 4"),
    ]


@check("F7", FOLDER, "patients who never respond")
def never() -> list[Finding]:
    """Observed: 26 of 195."""
    halved = interferon()["index"][:, : len(ON_DAYS)] <= parameter_table(FOLDER)["pr_index"].value * _initial()[:, None]
    return [between("marrow never halved within a year of interferon, %", _percent(~halved.any(axis=1)), 10, 15)]
