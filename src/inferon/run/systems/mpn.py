"""JAK2 V617F neoplasms on interferon: blood counts, allele burden, and what exposure alone would predict."""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.mpn import POPULATIONS, draw_mpn_cohort
from inferon.protocol import MONTH
from inferon.run.endpoints import INCIDENCE, MEDIAN, SHARE, Endpoint
from inferon.run.systems.system import (
    Part,
    Readout,
    System,
    Tables,
    interferons,
    no_doses_before,
    regimens,
    visits_of,
)
from inferon.study import Arm
from inferon.trial.mpn import COUNTED_IN, simulate_mpn
from inferon.trial.responses.mpn import HaematologicalResponse, MolecularResponse

_DRUGS = ("ropeginterferon alfa-2b", "peginterferon alfa-2a")


def treatment(arm: Arm) -> list:
    """The arm's regimens."""
    no_doses_before(arm)
    return regimens(arm)


def simulate(part: Part) -> Tables:
    """Counts and allele burden at monthly visits."""
    cohort = draw_mpn_cohort(part.population, part.patients, seed=part.seed, overrides=part.arm.parameters)
    days = visits_of(part, MONTH)
    result = simulate_mpn(cohort, treatment(part.arm), visits=days, threads=part.threads)
    initial = pl.DataFrame({"patient": cohort.patients, "initial": cohort.covariates["allele_burden"]})
    visits = result.visits.rename({"day": "time_days"}).join(initial, on="patient", how="left", maintain_order="left")
    percent = pl.col("VAF") * 100
    complete = pl.col("haematological_response") == HaematologicalResponse.COMPLETE.value
    at_counts = complete if part.population == COUNTED_IN else pl.lit(None, dtype=pl.Boolean)
    molecular = pl.col("molecular_response").is_in([MolecularResponse.COMPLETE.value, MolecularResponse.PARTIAL.value])
    evaluable = pl.col("molecular_response") != MolecularResponse.NOT_EVALUABLE.value
    visits = visits.with_columns(
        allele_burden=percent,
        haematocrit=pl.col("HCT") * 100 if "HCT" in visits.columns else pl.lit(None, dtype=pl.Float64),
        complete_haematological=at_counts,
        molecular=pl.when(evaluable).then(molecular),
    ).drop("initial")
    return Tables(_patients(result.patients), visits)


def _patients(patients: pl.DataFrame) -> pl.DataFrame:
    """Chances by the published regressions as 0/1 means need no draw: kept as they are; absent columns become null."""
    needed = (
        "complete_response_day",
        "durable_response_day",
        "response_probability_week_52",
        "allele_burden_change_week_52",
    )
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in needed if name not in patients.columns]
    return patients.with_columns(absent)


ENDPOINTS = {
    "complete_haematological_response": Endpoint(
        label="Complete haematological response",
        definition="haematocrit, platelets and leucocytes all normal at the visit; no phlebotomy is given in the model "
        "(polycythaemia vera only)",
        kind=SHARE,
        holds=pl.col("complete_haematological"),
        evidence=("complete haematological response",),
    ),
    "first_complete_response": Endpoint(
        label="First complete haematological response",
        definition="first visit with all three counts normal",
        kind=INCIDENCE,
        events=("complete_response_day",),
        evidence=("complete haematological response",),
    ),
    "durable_response": Endpoint(
        label="Durable complete response",
        definition="first visit of a complete response that holds at every visit of the following 12 weeks",
        kind=INCIDENCE,
        events=("durable_response_day",),
    ),
    "molecular_response": Endpoint(
        label="Molecular response, partial or complete",
        definition="allele burden at least halved at the visit, of those who began with at least 20 %, or undetectable",
        kind=SHARE,
        holds=pl.col("molecular"),
        evidence=("molecular response",),
    ),
    "allele_burden": Endpoint(
        label="JAK2 V617F allele burden, median",
        definition="measured allele burden at the visit",
        kind=MEDIAN,
        unit="% allele burden",
        number=pl.col("allele_burden"),
        evidence=("JAK2 V617F allele burden",),
    ),
    "haematocrit_controlled": Endpoint(
        label="Haematocrit below 45 %",
        definition="measured haematocrit below 45 % at the visit",
        kind=SHARE,
        holds=pl.col("haematocrit") < 45,
        evidence=("normal red cell counts",),
    ),
    "response_predicted_by_exposure": Endpoint(
        label="Complete response predicted by exposure, week 52",
        definition="median over patients of the chance given by the published regression on mean exposure to week 52",
        kind=MEDIAN,
        unit="chance",
        number=pl.col("response_probability_week_52"),
        once=True,
    ),
}


def covariates(population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Who they are, with the allele burden before treatment (%)."""
    drawn = draw_mpn_cohort(population, patients, seed=seed).covariates
    burden = (pl.col("allele_burden") * 100).alias("allele_burden_percent")
    return (
        drawn.drop("baseline_neutrophils", "baseline_platelets", "baseline_haemoglobin")
        .with_columns(burden)
        .drop("allele_burden")
    )


SYSTEM = System(
    name="mpn",
    title="JAK2 V617F myeloproliferative neoplasm",
    populations={
        "polycythaemia vera": "blood counts and allele burden",
        "essential thrombocythaemia": "allele burden only: the published count models are those of polycythaemia vera",
    },
    drugs=interferons(_DRUGS),
    endpoints=ENDPOINTS,
    readouts={
        "allele_burden": Readout(title="JAK2 V617F allele burden", unit="%"),
        "haematocrit": Readout(title="Haematocrit", unit="%", from_zero=False),
        "PLT": Readout(title="Platelets", unit="10⁹/L"),
        "WBC": Readout(title="Leucocytes", unit="10⁹/L"),
    },
    modules=("mpn", "interferon_pk"),
    checks=("G2", "G6", "G8"),
    assumptions=(
        "No phlebotomy, no aspirin and no hydroxyurea: a patient whose haematocrit stays high here would have been bled.",
        "Nobody stops or reduces treatment for side effects.",
        "The published exposure models of the blood counts belong to ropeginterferon; other products act by their concentration.",
    ),
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)

assert set(SYSTEM.populations) == set(POPULATIONS)
