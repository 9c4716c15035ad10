"""How leukaemia begins: people from birth under an exposure, to a diagnosis of one kind or to death without."""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.exposures import RADIATION_FORMS, SCENARIOS, scenario
from inferon.cohort.onset import draw_people
from inferon.run.endpoints import FINISHED, INCIDENCE, MEDIAN, PER_100_000, Endpoint
from inferon.run.systems.system import Part, Setting, System, Tables, setting
from inferon.study import DAYS_PER_YEAR, Arm

SUBTYPES = ("AML", "ALL", "CML", "CLL")
SETTINGS = {
    "exposure": Setting(default="unexposed", allowed=SCENARIOS, meaning="what everybody in the arm is exposed to"),
    "radiation_form": Setting(
        default=RADIATION_FORMS[0],
        allowed=RADIATION_FORMS,
        meaning="which published form the excess after radiation takes",
    ),
    "clonal_haematopoiesis": Setting(
        default=False,
        allowed=(True, False),
        meaning="whether carriers of clonal haematopoiesis are drawn and at higher risk",
    ),
}


def treatment(arm: Arm) -> None:
    """Nothing is given: an arm is an exposure."""


def simulate(part: Part) -> Tables:
    """One row a person with the day (from birth) of a diagnosis or of death without one."""
    people = draw_people(
        part.patients,
        seed=part.seed,
        exposure=scenario(str(setting(SETTINGS, part.arm, "exposure"))),
        radiation=str(setting(SETTINGS, part.arm, "radiation_form")),
        clonal_haematopoiesis=bool(setting(SETTINGS, part.arm, "clonal_haematopoiesis")),
    ).table
    day, cause = pl.col("exit_age") * DAYS_PER_YEAR, pl.col("exit_cause")
    related = (cause == "AML") & (pl.col("origin") != "de novo")
    columns = {f"{subtype.lower()}_day": pl.when(cause == subtype).then(day) for subtype in SUBTYPES}
    columns |= {"therapy_related_day": pl.when(related).then(day), "death_day": pl.when(cause == "death").then(day)}
    columns["age_at_aml"] = pl.when(cause == "AML").then(pl.col("exit_age"))
    columns["years_of_growth"] = pl.when(cause == "AML").then(pl.col("growth_days") / DAYS_PER_YEAR)
    patients = people.select("patient", pl.lit(FINISHED).alias("status"), "sex", **columns)
    return Tables(patients, pl.DataFrame(schema={"patient": pl.Int64, "time_days": pl.Float64}))


def _incidence(label: str, events: tuple[str, ...], definition: str) -> Endpoint:
    others = tuple(f"{s.lower()}_day" for s in SUBTYPES if f"{s.lower()}_day" not in events)
    competing = (*(() if "therapy_related_day" in events else others), "death_day")
    return Endpoint(
        label=label, definition=definition, kind=INCIDENCE, unit=PER_100_000, events=events, competing=competing
    )


ENDPOINTS = {
    **{
        subtype.lower(): _incidence(
            subtype,
            (f"{subtype.lower()}_day",),
            f"diagnosis of {subtype} by this age; other leukaemia and death compete",
        )
        for subtype in SUBTYPES
    },
    "any_leukaemia": _incidence(
        "Any leukaemia",
        tuple(f"{s.lower()}_day" for s in SUBTYPES),
        "first diagnosis of any kind by this age; death competes",
    ),
    "therapy_related_aml": _incidence(
        "Therapy-related AML", ("therapy_related_day",), "AML from the hazard that chemotherapy adds; death competes"
    ),
    "age_at_aml": Endpoint(
        label="Age at AML, median",
        definition="age at diagnosis of those who get AML",
        kind=MEDIAN,
        unit="years",
        number=pl.col("age_at_aml"),
        once=True,
    ),
    "years_of_growth": Endpoint(
        label="Time from founding cell to diagnosis, median",
        definition="how long the clone of an AML had grown before its diagnosis",
        kind=MEDIAN,
        unit="years",
        number=pl.col("years_of_growth"),
        once=True,
    ),
}


def covariates(_population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Sex, and the age at which an unexposed life ends or leukaemia comes."""
    return draw_people(patients, seed=seed).table.select("sex", age_at_exit_unexposed="exit_age")


SYSTEM = System(
    name="onset",
    title="How leukaemia begins",
    populations={"general population": "people followed from birth; rates of the registries"},
    drugs={},
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    modules=("onset",),
    checks=("J1", "J2", "J5", "J7", "J8", "J9"),
    assumptions=(
        "Exposures multiply by assumption, and an exposure changes the hazard of leukaemia alone: other causes of death stay.",
        "Not for individual risk, compensation or radiation protection.",
    ),
    day_zero="birth",
    overrides=False,
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
