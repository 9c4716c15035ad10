"""Acute leukaemia in the marrow: how it crowds out normal blood, and what courses of chemotherapy do to both."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from inferon.run.endpoints import COUNT, INCIDENCE, MEDIAN, SHARE, SURVIVAL, Endpoint
from inferon.run.systems.system import (
    INTRAVENOUS,
    SUBCUTANEOUS,
    Drug,
    Part,
    Readout,
    Refusal,
    Setting,
    System,
    Tables,
    no_doses_before,
    setting,
    visits_of,
)
from inferon.study import Arm
from inferon.trial.acute_leukaemia_study import PRESETS, VISIT_DAYS, simulate_acute
from inferon.trial.acute_leukaemia_treatment import courses
from inferon.trial.responses.aml import REMISSIONS, AmlResponse, Mrd

SETTINGS = {
    "preset": Setting(default=PRESETS[0], allowed=PRESETS, meaning="how fast the clone grows"),
    "blasts": Setting(default=0.2, meaning="share of blasts in the marrow on day 0, between 0.05 and 0.8"),
    "transfusions": Setting(
        default=True, allowed=(True, False), meaning="whether red cells and platelets are given when low"
    ),
}
_LEAST, _MOST = 0.05, 0.8


def treatment(arm: Arm) -> tuple[tuple[float, str], ...]:
    """Day and name of every course."""
    no_doses_before(arm)
    share = setting(SETTINGS, arm, "blasts")
    if not _LEAST <= float(share) <= _MOST:
        raise Refusal("", path=("settings", "blasts"), found=share, allowed=f"a share from {_LEAST:g} to {_MOST:g}")
    for index, dosing in enumerate(arm.regimen):
        if dosing.dose_amount != 1:
            found = f"{dosing.dose_amount:g} courses"
            raise Refusal("a course is given whole", path=("regimen", index, "dose"), found=found, allowed="1 course")
    given = sorted((day, dosing.drug) for dosing in arm.regimen for day in dosing.dose_days)
    for (day, drug), (following, _) in pairwise(given):
        if following <= day + courses()[drug].dose_days[-1]:
            last = f"day {day + courses()[drug].dose_days[-1]:g}"
            message = f"a course begins while {drug} is still given"
            raise Refusal(message, path=("regimen",), found=f"day {following:g}", allowed=f"a day after {last}")
    return tuple(given)


def simulate(part: Part) -> Tables:
    """From the day of the diagnosis: counts, blasts, complications and remission, twice a week."""
    result = simulate_acute(
        part.patients,
        seed=part.seed,
        preset=str(setting(SETTINGS, part.arm, "preset")),
        given=treatment(part.arm),
        days=visits_of(part, 2 * VISIT_DAYS),
        blasts=float(setting(SETTINGS, part.arm, "blasts")),
        transfusions=bool(setting(SETTINGS, part.arm, "transfusions")),
        threads=part.threads,
    )
    percent = (100 * pl.col("blast_fraction")).alias("blasts")
    return Tables(result.patients, result.visits.with_columns(percent))


def _event(
    label: str, definition: str, day: str, evidence: tuple[str, ...] = (), *, since: str | None = None
) -> Endpoint:
    competing = () if day == "death_day" else ("death_day",)
    return Endpoint(
        label=label,
        definition=definition,
        kind=INCIDENCE,
        events=(day,),
        competing=competing,
        since=since,
        evidence=evidence,
    )


def _median(label: str, column: str, unit: str) -> Endpoint:
    return Endpoint(
        label=f"{label}, median",
        definition="of those alive at the visit",
        kind=MEDIAN,
        unit=unit,
        number=pl.col(column),
    )


ENDPOINTS = {
    "complete_remission": _event(
        "Complete remission",
        "first visit with fewer than 5 % blasts, neutrophils from 1.0 and platelets from 100 × 10⁹/L on; death competes",
        "complete_remission_day",
        ("complete remission",),
    ),
    "any_remission": _event(
        "Remission (CR, CRh or CRi)",
        "first visit with fewer than 5 % blasts and neutrophils from 1.0, or platelets from 100, or both from 0.5 and "
        "50 × 10⁹/L on (European LeukemiaNet 2022); death competes",
        "any_remission_day",
    ),
    "leukaemia_free_state": Endpoint(
        label="Morphological leukaemia-free state or better",
        definition="fewer than 5 % blasts in the marrow at the visit, whatever the counts, of those alive",
        kind=SHARE,
        holds=pl.col("response").is_in([response.value for response in (*REMISSIONS, AmlResponse.LEUKAEMIA_FREE)]),
    ),
    "mrd_negative_remission": Endpoint(
        label="Remission without measurable residual disease",
        definition="CR, CRh or CRi at the visit and fewer than 0.1 % leukaemic cells by flow cytometry, of those alive",
        kind=SHARE,
        holds=pl.col("response").is_in([response.value for response in REMISSIONS])
        & (pl.col("mrd") == Mrd.NEGATIVE.value),
    ),
    "relapse": _event(
        "Relapse after remission",
        "5 % blasts again, from the day of the first CR, CRh or CRi; death competes",
        "relapse_day",
        ("relapse",),
        since="any_remission_day",
    ),
    "relapse_free_survival": Endpoint(
        label="Relapse-free survival after remission",
        definition="alive without relapse, from the day of the first CR, CRh or CRi",
        kind=SURVIVAL,
        since="any_remission_day",
        events=("relapse_day", "death_day"),
        evidence=("relapse-free survival",),
    ),
    "fatal_complication": _event(
        "Death of a complication",
        "death of infection or bleeding, the only deaths of this model: an assumed share of either is fatal",
        "death_day",
        ("hypoplastic death",),
    ),
    "infection": _event("Severe infection", "first infection of grade 3 or worse; death competes", "infection_day"),
    "bleeding": _event("Bleeding", "first bleeding by the hazard of low platelets; death competes", "bleeding_day"),
    "severe_neutropenia": _event(
        "Neutrophils below 0.5 × 10⁹/L", "first visit below; death competes", "neutropenia_day"
    ),
    "low_platelets": _event("Platelets below 20 × 10⁹/L", "first visit below; death competes", "low_platelets_day"),
    "low_haemoglobin": _event("Haemoglobin below 8 g/dL", "first visit below; death competes", "low_haemoglobin_day"),
    "blasts": _median("Blasts in the marrow", "blasts", "% blasts"),
    "neutrophils": _median("Neutrophils", "ANC", "10⁹/L"),
    "platelets": _median("Platelets (own)", "PLT", "10⁹/L"),
    "haemoglobin": _median("Haemoglobin", "HB", "g/dL"),
    "transfusions": Endpoint(
        label="Transfusions a patient",
        definition="units of red cells and of platelets given at visits twice a week",
        kind=COUNT,
        unit="units",
        number=pl.col("transfusions"),
        once=True,
    ),
    "neutropenic_days": Endpoint(
        label="Days with neutrophils below 0.5, median",
        definition="over the whole follow-up",
        kind=MEDIAN,
        unit="days",
        number=pl.col("neutropenic_days"),
        once=True,
    ),
    "growth": Endpoint(
        label="Days from one cell to day 0, median",
        definition="growth of the clone from one stem cell in 70 kg to the share of blasts of day 0",
        kind=MEDIAN,
        unit="days",
        number=pl.col("growth_days"),
        once=True,
    ),
}


def covariates(_population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """What differs between patients: days from one cell to diagnosis in the default preset."""
    day_zero = np.array([0.0])
    grown = simulate_acute(patients, seed=seed, preset=PRESETS[0], days=day_zero).patients
    known = pl.DataFrame({"patient": patients}).join(grown, on="patient", how="left", maintain_order="left")
    return known.select(days_of_growth_default_preset="growth_days")


SYSTEM = System(
    name="acute-leukaemia",
    title="Acute leukaemia in the marrow",
    populations={
        "acute-leukaemia": "one clone in a marrow that was healthy; the pace of the clone differs between patients"
    },
    drugs={name: Drug(units=("course",), routes=(INTRAVENOUS, SUBCUTANEOUS)) for name in courses()},
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    readouts={
        "blasts": Readout(title="Blasts in the marrow", unit="%"),
        "ANC": Readout(title="Neutrophils", unit="10⁹/L"),
        "PLT": Readout(title="Platelets (own)", unit="10⁹/L"),
        "HB": Readout(title="Haemoglobin", unit="g/dL"),
    },
    modules=("marrow",),
    checks=("C2", "C3", "C4"),
    assumptions=(
        "A course is given in equal doses on its days, kills by assumed log10 numbers while their effect lasts, and spares "
        "maturing cells; each patient has one sensitivity to all courses.",
        "Hazards of infection and bleeding and their fatal share are assumed. Leukaemia does not kill otherwise here, so "
        "survival with untreated leukaemia is far too long and is not reported.",
        "While neutrophils are low the clone grows up to seven times faster here (the module's known misfit): complete remission "
        "is rarer and relapse far quicker than in any trial. Compare arms, not levels.",
        "Responses are those of the European LeukemiaNet 2022 on true counts and marrow blasts, judged twice a week, but not in "
        "the three weeks from the start of a course (assumed); blasts in the blood are not looked at.",
        "Fewer leukaemic cells than one in 70 kg are none.",
    ),
    day_zero="the day the marrow holds the share of blasts the arm says",
    overrides=False,
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
