"""Hepatitis C: viral load under interferon by dose; the classical quantitative check of drug and effect."""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.hepatitis_c import POPULATION, draw_hepatitis_c_cohort
from inferon.model.catalogue import parameter_table
from inferon.protocol import product
from inferon.run.endpoints import MEDIAN, SHARE, Endpoint
from inferon.run.systems.system import (
    Drug,
    Part,
    Readout,
    Refusal,
    System,
    Tables,
    interferons,
    no_doses_before,
    regimens,
    visits_of,
)
from inferon.study import Arm
from inferon.trial.hepatitis_c import DAILY_DOSES, Treatment, simulate_hepatitis_c
from inferon.trial.responses.hepatitis_c import EARLY_FALL

_NATIVE = "interferon alfa-2b"
_LONG_ACTING = ("peginterferon alfa-2a", "peginterferon alfa-2b", "peginterferon alfa-2b 40 kDa")


def treatment(arm: Arm) -> Treatment:
    """Weekly long-acting interferon, or native interferon every day at a dose with a published efficacy."""
    no_doses_before(arm)
    if not arm.regimen:
        raise Refusal(
            "every arm of this system is treated", path=("regimen",), found="no drug", allowed="an interferon"
        )
    given = regimens(arm)
    weeks = max(1, round(max(line.start + line.interval * line.doses for line in given) / 7))
    if given[0].drug != _NATIVE:
        return Treatment(regimens=given, weeks=weeks)
    line, here = given[0], ("regimen", 0)
    if len(given) > 1 or line.unit != "MIU" or line.dose not in DAILY_DOSES:
        allowed = f"one line of {', '.join(f'{dose} MIU' for dose in DAILY_DOSES)}: doses with a published efficacy"
        raise Refusal("", path=(*here, "dose"), found=f"{line.dose:g} {line.unit}", allowed=allowed)
    if line.interval != 1 or line.start != 0:
        raise Refusal(
            "the efficacies are those of daily doses from day 0",
            path=(*here, "every"),
            found=f"{line.interval:g} days",
            allowed="1 day",
        )
    return Treatment(daily_miu=int(line.dose), weeks=weeks)


def simulate(part: Part) -> Tables:
    """Viral load at visits: days of the first two weeks, then weeks."""
    cohort = draw_hepatitis_c_cohort(part.patients, seed=part.seed, overrides=part.arm.parameters)
    days = visits_of(part, 7.0, also=(1.0, 2.0, 3.0, 4.0, 10.0))
    result = simulate_hepatitis_c(cohort, treatment(part.arm), visits=days, threads=part.threads)
    visits = result.visits.rename({"day": "time_days"})
    first = visits.filter(pl.col("time_days") == 0).select("patient", initial="viral_load")
    seen = visits.join(first, on="patient", how="left", maintain_order="left").with_columns(
        fall=pl.col("initial") - pl.col("viral_load").fill_null(pl.lit(_undetectable())),
    )
    early = (pl.col("fall") >= EARLY_FALL) | ~pl.col("detected")
    return Tables(result.patients, seen.with_columns(early=early).drop("initial"))


def _undetectable() -> float:
    """Where a load stands that the assay does not find: at its limit (log10 copies/mL)."""
    return parameter_table("hepatitis_c")["limit_detection"].value


ENDPOINTS = {
    "undetectable": Endpoint(
        label="Undetectable virus",
        definition="the assay finds no virus at the visit (at week 4 a rapid, at week 12 a complete early response)",
        kind=SHARE,
        holds=~pl.col("detected"),
    ),
    "early_response": Endpoint(
        label="Fall of 2 log10 or undetectable",
        definition="viral load at least 2 log10 lower than before treatment, or undetectable (early response at week 12)",
        kind=SHARE,
        holds=pl.col("early"),
    ),
    "viral_fall": Endpoint(
        label="Fall of viral load, median",
        definition="log10 fall since before treatment; at least that much where the virus is undetectable",
        kind=MEDIAN,
        unit="log10",
        number=pl.col("fall"),
    ),
}


def covariates(_population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Who they are, and the two rates of the virus that differ between patients (1/d)."""
    cohort = draw_hepatitis_c_cohort(patients, seed=seed)
    rates = {"clearance_of_virus_per_day": "hepatitis_c__c", "loss_of_infected_cells_per_day": "hepatitis_c__delta"}
    drawn = cohort.covariates.drop("baseline_neutrophils", "baseline_platelets", "baseline_haemoglobin")
    return drawn.with_columns(**{name: pl.Series(cohort.parameters[column]) for name, column in rates.items()})


SYSTEM = System(
    name="hepatitis-c",
    title="Chronic hepatitis C",
    populations={POPULATION: "chronic infection at the steady state between virus and liver, interferon alone"},
    drugs={
        _NATIVE: Drug(units=("MIU",)),
        **interferons(tuple(n for n in _LONG_ACTING if product(n).rows["f0"].value == 0)),
    },
    endpoints=ENDPOINTS,
    readouts={"fall": Readout(title="Fall of viral load", unit="log10")},
    modules=("hepatitis_c", "interferon_pk"),
    checks=("H1", "H2", "H3", "H4"),
    assumptions=(
        "The model has no cure boundary: when treatment ends every virus returns, so a sustained response is not shown.",
        "No ribavirin, no resistance; native interferon acts as the constant efficacy published for its daily dose.",
    ),
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
