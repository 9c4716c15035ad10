"""Chronic myeloid leukaemia: kinase inhibitors, interferon, low-dose cytarabine; response by definition; stopping."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl

from inferon.cohort.cml import draw_cml_cohort
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH
from inferon.run.endpoints import INCIDENCE, MEDIAN, SHARE, Endpoint
from inferon.run.systems.system import (
    ORAL,
    Drug,
    Part,
    Readout,
    Refusal,
    Setting,
    System,
    Tables,
    interferons,
    no_doses_before,
    regimens,
    setting,
    visits_of,
)
from inferon.study import Arm, Dosing
from inferon.trial.cml import CmlArm, simulate_cml_arm
from inferon.trial.cml_treatment import CmlTreatment
from inferon.trial.responses.cml import DEFINITIONS, Response, molecular_relapse

CYTARABINE = "cytarabine, low-dose course"
FIRST_LINE = "cml-first-line"
POPULATIONS = {
    FIRST_LINE: "newly diagnosed, chronic phase: the two-state model of response",
    "cml-treatment-free": "treated with imatinib to a day of stopping of their own: the model with immune control",
}
SETTINGS = {
    "stops": Setting(
        default=False,
        allowed=(True, False),
        meaning="whether the inhibitor ends on each patient's own day of stopping",
        populations=("cml-treatment-free",),
    ),
    "resistance": Setting(default=True, allowed=(True, False), meaning="whether resistant clones may be founded"),
}
ADHERENCE = "Everybody takes everything to the end: nobody stops for side effects, fails at once or progresses."


@cache
def inhibitors() -> dict[str, dict[str, str]]:
    """Kinase inhibitors: the standard daily dose (mg), whether second generation, and where that is read."""
    with (files("inferon.run.systems") / "inhibitors.csv").open(encoding="utf-8", newline="") as lines:
        return {row["drug"]: row for row in csv.DictReader(lines)}


def treatment(arm: Arm) -> CmlTreatment:
    """The arm as the trial room takes it; doses of an inhibitor relative to its standard dose."""
    no_doses_before(arm)
    courses = tuple(day for dosing in arm.regimen if dosing.drug == CYTARABINE for day in _courses(dosing))
    return CmlTreatment(
        inhibitor=_inhibitor(arm),
        stops=bool(setting(SETTINGS, arm, "stops")),
        interferon=tuple(regimens(arm)),
        cytarabine=courses,
    )


def _courses(dosing: Dosing) -> tuple[float, ...]:
    if dosing.dose_amount != 1:
        raise Refusal("a course is given whole", found=f"{dosing.dose_amount:g} courses", allowed="1 course")
    return dosing.dose_days


def _inhibitor(arm: Arm) -> tuple[tuple[float, float], ...]:
    """Day and relative dose of every change."""
    steps: dict[float, float] = {}
    lines = [(index, dosing) for index, dosing in enumerate(arm.regimen) if dosing.drug in inhibitors()]
    for index, dosing in sorted(lines, key=lambda line: line[1].start_day):
        if dosing.doses > 1 and dosing.interval_days != 1.0:
            found = f"{dosing.interval_days:g} days"
            raise Refusal("an inhibitor is taken daily", path=("regimen", index, "every"), found=found, allowed="1 day")
        if steps and dosing.start_day < max(steps):
            allowed = f"a start on day {max(steps):g} or later, when the one before has ended"
            raise Refusal(
                "one inhibitor at a time", path=("regimen", index, "start"), found=dosing.drug, allowed=allowed
            )
        steps[dosing.start_day] = _relative(dosing)
        steps[dosing.start_day + dosing.doses] = 0.0
    return tuple(sorted(steps.items()))


def _relative(dosing: Dosing) -> float:
    """The dose relative to the standard one, times what a second-generation inhibitor is worth in the table."""
    row = inhibitors()[dosing.drug]
    worth = parameter_table("cml")["f_tki2"].value if row["second_generation"] == "yes" else 1.0
    return worth * dosing.dose_amount / float(row["standard_mg"])


def simulate(part: Part) -> Tables:
    """Monthly assays of BCR-ABL and Ph-positive share to the end of follow-up."""
    chosen = treatment(part.arm)
    cohort = draw_cml_cohort(part.population, part.patients, seed=part.seed, overrides=part.arm.parameters)
    arm = simulate_cml_arm(
        cohort,
        chosen,
        visits=visits_of(part, MONTH),
        resistance=bool(setting(SETTINGS, part.arm, "resistance")),
        threads=part.threads,
    )
    return Tables(_patients(arm, chosen), _visits(arm))


def _patients(arm: CmlArm, chosen: CmlTreatment) -> pl.DataFrame:
    """With the day the last inhibitor ended, where it did, and molecular relapse after it in those who had a response then."""
    end = arm.days[-1]
    last = max((day for day, _ in chosen.inhibitor), default=np.inf)
    stopped = (
        np.full(len(arm.patients), last) if not chosen.stops else arm.patients["stop_day"].fill_null(np.inf).to_numpy()
    )
    stopped = np.where(stopped < end, stopped, np.inf)
    mmr = arm.held[Response.MAJOR_MOLECULAR]
    at_stop = np.array([np.searchsorted(arm.days, day, side="right") - 1 for day in stopped])
    eligible = np.isfinite(stopped) & mmr[np.arange(len(mmr)), np.minimum(at_stop, mmr.shape[1] - 1)]
    relapse = molecular_relapse(mmr, arm.days, stopped)
    return arm.patients.with_columns(
        stop_day=pl.Series(np.where(eligible, stopped, np.nan)).fill_nan(None),
        molecular_relapse_day=pl.Series(np.where(np.isfinite(relapse) & eligible, relapse, np.nan)).fill_nan(None),
    )


def _visits(arm: CmlArm) -> pl.DataFrame:
    measured = arm.visits.rename({"day": "time_days"})
    held = {name.name.lower(): pl.Series(found.ravel()) for name, found in arm.held.items()}
    logarithm = pl.col("bcr_abl_true").clip(1e-5).log10().alias("log10_bcr_abl")
    return measured.with_columns(logarithm, **held)


def _responses() -> dict[str, Endpoint]:
    names = {
        Response.COMPLETE_HAEMATOLOGICAL: ("complete haematological response",),
        Response.MAJOR_CYTOGENETIC: ("major cytogenetic response",),
        Response.COMPLETE_CYTOGENETIC: ("complete cytogenetic response",),
        Response.MAJOR_MOLECULAR: ("major molecular response",),
        Response.MR4: ("superior molecular response (>=4 log)",),
        Response.MR4_5: ("MR4.5",),
    }
    return {
        f"{response.name.lower()}{'_response' if not response.name.startswith('MR') else ''}": Endpoint(
            label=response.value[:1].upper() + response.value[1:],
            definition=f"{DEFINITIONS[response]}; share of all patients at the visit",
            kind=SHARE,
            holds=pl.col(response.name.lower()),
            evidence=evidence,
        )
        for response, evidence in names.items()
    }


ENDPOINTS = {
    **_responses(),
    "early_molecular_failure": Endpoint(
        label="BCR-ABL above 10 %",
        definition="measured BCR-ABL above 10 % at the visit (early response failure at 3 and 6 months)",
        kind=SHARE,
        holds=pl.col("bcr_abl") > 10,
        evidence=("BCR-ABL >10% (early response failure)",),
    ),
    "bcr_abl": Endpoint(
        label="BCR-ABL, median",
        definition="measured transcript ratio; 0 where nothing was counted",
        kind=MEDIAN,
        unit="% BCR-ABL",
        number=pl.col("bcr_abl"),
    ),
    "molecular_relapse": Endpoint(
        label="Molecular relapse after stopping",
        definition="first loss of a major molecular response after the inhibitor ended, in those who had one then; "
        "time from that day",
        kind=INCIDENCE,
        since="stop_day",
        events=("molecular_relapse_day",),
        evidence=("molecular relapse", "loss of major molecular response"),
    ),
    "resistance": Endpoint(
        label="Resistance seen",
        definition="first visit with BCR-ABL above 10 %, most of it from a resistant clone",
        kind=INCIDENCE,
        events=("resistance_day",),
    ),
}


def covariates(population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Who they are: covariates, and the rates that differ between patients (1/month)."""
    cohort = draw_cml_cohort(population, patients, seed=seed)
    rates = {f"{n.removeprefix('cml__')}_per_month": c for n, c in cohort.parameters.items() if n.startswith("cml__p_")}
    return cohort.covariates.with_columns(**{name: pl.Series(column) for name, column in rates.items()})


SYSTEM = System(
    name="cml",
    title="Chronic myeloid leukaemia",
    populations=POPULATIONS,
    drugs={
        **{name: Drug(units=("mg",), routes=(ORAL,)) for name in inhibitors()},
        **interferons(),
        CYTARABINE: Drug(units=("course",)),
    },
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    readouts={
        "log10_bcr_abl": Readout(title="BCR-ABL", unit="log10 %", from_zero=False),
        "ph_positive": Readout(title="Ph-positive metaphases", unit="%"),
    },
    modules=("cml", "interferon_pk", "interferon_response"),
    checks=("D4", "D6", "D9"),
    assumptions=(
        ADHERENCE,
        "The dose of an inhibitor acts in proportion to its standard dose; a second-generation inhibitor is a stronger "
        "imatinib (relative dose assumed), and cross-resistance is complete.",
        "Complete haematological response is a surrogate (at most 95 % Ph-positive): the module has no blood counts.",
    ),
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
