"""Adverse events as a table: symptoms decided by hazards, by doses or once a patient; laboratory events from measured counts.

One row is one patient's event: term, day, grade and where it came from. Grades of symptoms are assumed shares (module I gives
frequencies only); laboratory grades are CTCAE version 5.0. Rare and autoimmune events are not modelled: absence is not safety.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from inferon.biology.toxicity.functions import day_of_constant_hazard, flu_probability, graded
from inferon.engine import Batch
from inferon.model.catalogue import parameter_table
from inferon.protocol.ctcae import laboratory_grade, laboratory_items
from inferon.random import exponential, uniform

SYMPTOMS = {
    "fatigue": "fatigue",
    "headache": "headache",
    "depression": "depression",
    "thyroid": "thyroid dysfunction",
    "serious": "serious adverse event",
}
"""Events of the toxicity module whose summed hazard the engine follows, and their terms."""

FLU, REACTION, PERI_TRANSPLANT = "flu-like symptoms", "injection-site reaction", "severe peri-transplant event"

EVENTS = {"patient": pl.Int64, "term": pl.String, "day": pl.Float64, "grade": pl.Int64, "origin": pl.String}
"""Columns of the table of adverse events; ``origin`` is hazard, dose, patient or laboratory; ``day`` a study day."""


def _table(patients: np.ndarray, term: str, days: np.ndarray, grades: np.ndarray, origin: str) -> pl.DataFrame:
    """Rows for those whose day is finite."""
    happened = np.isfinite(days)
    columns = {"patient": patients[happened], "term": term, "day": days[happened], "grade": grades[happened]}
    return pl.DataFrame(columns | {"origin": origin}, schema=EVENTS)


def symptom_grades(event: str, patients: np.ndarray, seed: int) -> np.ndarray:
    """Grade each patient's event has if it happens, shape (patients,): a trait of the patient, the same in every arm."""
    table = parameter_table("toxicity")
    if event == "serious":
        return np.full(len(patients), int(table["g_sae"].value))
    kind = "dep" if event == "depression" else "sym"
    u = uniform(seed, f"grade of {event}", patients)
    return graded(u, grade_2=table[f"p_g2_{kind}"].value, grade_3=table[f"p_g3_{kind}"].value)


def symptom_events(batch: Batch, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """First event of each cause by the summed hazards of the toxicity module."""
    tables = [
        _table(patients, term, batch.event_day(event), symptom_grades(event, patients, seed), "hazard")
        for event, term in SYMPTOMS.items()
    ]
    return pl.concat(tables)


def flu_events(
    peaks: np.ndarray, given: np.ndarray, days: np.ndarray, frailty: np.ndarray, patients: np.ndarray, seed: int
) -> pl.DataFrame:
    """Flu-like symptoms after each dose: ``peaks`` of S_isg in the window after it, ``given`` in ug, shape (patients, doses)."""
    table, doses = parameter_table("toxicity"), np.arange(len(days))
    chance = flu_probability(peaks, frailty[:, None], gain=table["a_flu"].value, threshold=table["S_flu"].value)
    struck = (uniform(seed, "flu-like symptoms", patients[:, None], doses) < chance) & (given > 0)
    who, which = np.nonzero(struck)
    return _table(patients[who], FLU, days[which].astype(float), symptom_grades(FLU, patients, seed)[who], "dose")


def reaction_events(first_day: float, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Injection-site reaction ever, whatever the dose; put on the day of the first dose, since its day is not specified."""
    struck = uniform(seed, "injection-site reaction", patients) < parameter_table("toxicity")["p_isr"].value
    return _table(patients, REACTION, np.where(struck, first_day, np.inf), np.ones(len(patients), np.int64), "patient")


def peri_transplant_days(patients: np.ndarray, seed: int) -> np.ndarray:
    """Day after the graft of a severe (grade 3 or worse) event around the transplant, ``inf`` for those without."""
    table, draws = parameter_table("toxicity"), exponential(seed, "severe peri-transplant event", patients)
    return day_of_constant_hazard(draws, probability=table["p_sae_hct"].value, window=table["t_sae_hct"].value)


def peri_transplant_events(patients: np.ndarray, seed: int) -> pl.DataFrame:
    """The severe events around a transplant, all as grade 3 (the source counts grade 3 or worse)."""
    return _table(patients, PERI_TRANSPLANT, peri_transplant_days(patients, seed), np.full(len(patients), 3), "patient")


def laboratory_events(
    seen: Mapping[str, np.ndarray], visit_days: np.ndarray, male: np.ndarray, patients: np.ndarray
) -> pl.DataFrame:
    """Worst recorded grade of every laboratory item and the visit it was first recorded at, visit 0 (baseline) left out.

    ``seen`` holds measured values by item, shape (patients, visits). What is recorded depends on the visits, as in a trial.
    """
    tables = []
    for item in (name for name in seen if name in laboratory_items()):
        grades = laboratory_grade(item, seen[item][:, 1:], male=male[:, None])
        worst = grades.max(axis=1)
        day = np.where(worst > 0, visit_days[1:][grades.argmax(axis=1)], np.inf)
        tables.append(_table(patients, laboratory_items()[item].term, day, worst, "laboratory"))
    return pl.concat(tables) if tables else pl.DataFrame(schema=EVENTS)


def event_frequencies(events: pl.DataFrame, patients: int) -> pl.DataFrame:
    """Share of ``patients`` with each term at all, and at grade 2 and 3 or worse: term, any_grade, grade_2, grade_3 (0-1)."""
    worst = events.group_by("term", "patient").agg(pl.col("grade").max())
    shares = {"any_grade": 1, "grade_2": 2, "grade_3": 3}
    counted = [((pl.col("grade") >= least).sum() / patients).alias(name) for name, least in shares.items()]
    return worst.group_by("term").agg(counted).sort("term")
