"""Side effects of interferon by dose: symptoms, depression, thyroid, cytopenias, transaminases, dose changes, withdrawal."""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.treated_adults import draw_treated_adults
from inferon.protocol.dose_rules import dose_rules
from inferon.run.endpoints import COUNT, INCIDENCE, MEDIAN, SHARE, Endpoint
from inferon.run.systems.system import (
    Part,
    Readout,
    Refusal,
    Setting,
    System,
    Tables,
    interferons,
    regimens,
    setting,
)
from inferon.study import Arm
from inferon.trial.adverse_events import FLU, REACTION
from inferon.trial.toxicity import CONTEXTS, simulate_safety

AS_PLANNED, LABEL = "as planned", "label"
SETTINGS = {
    "dose_rules": Setting(
        default=AS_PLANNED,
        allowed=(AS_PLANNED, LABEL),
        meaning="whether doses are held, reduced or stopped at visits by the rules of the product",
    )
}
_SYMPTOMS = {
    "flu_like": (FLU, "flu-like symptoms after any dose", ("flu-like symptoms",)),
    "fatigue": ("fatigue", "fatigue of any grade", ("fatigue",)),
    "headache": ("headache", "headache of any grade", ()),
    "depression": (
        "depression",
        "depression of any grade",
        ("depression", "depressive symptoms", "major depressive episode"),
    ),
    "thyroid": ("thyroid dysfunction", "thyroid dysfunction of any grade", ("thyroid dysfunction",)),
    "serious": ("serious adverse event", "a serious event of another kind", ()),
    "injection_site": (REACTION, "injection-site reaction ever, whatever the dose", ()),
}


def treatment(arm: Arm) -> list:
    """The regimens of the arm; an arm without a drug has no doses to be changed and is not simulated here."""
    if not arm.regimen:
        raise Refusal(
            "every arm of this system is treated", path=("regimen",), found="no drug", allowed="an interferon"
        )
    given = regimens(arm)
    if setting(SETTINGS, arm, "dose_rules") == LABEL:
        dose_rules(given[0].drug)
    return given


def simulate(part: Part) -> Tables:
    """Counts at safety visits, adverse events, dose changes by the rules of the arm."""
    cohort = draw_treated_adults(part.patients, seed=part.seed)
    given = treatment(part.arm)
    by_rule = setting(SETTINGS, part.arm, "dose_rules") == LABEL
    result = simulate_safety(
        cohort,
        given,
        follow_up=float(np.floor(part.follow_up)),
        rules=dose_rules(given[0].drug) if by_rule else (),
        context=part.population,
        threads=part.threads,
    )
    first = {key: (pl.col("term") == term) & (pl.col("grade") >= 1) for key, (term, _, _) in _SYMPTOMS.items()}
    days = [pl.col("day").filter(held).min().alias(f"{key}_day") for key, held in first.items()]
    severe = pl.col("day").filter((pl.col("origin") != "laboratory") & (pl.col("grade") >= 3)).min().alias("severe_day")
    events = result.adverse_events.group_by("patient").agg(*days, severe, pl.len().alias("adverse_events"))
    changes = (
        result.ledger.filter(pl.col("action") != "withdraw")
        .group_by("patient")
        .agg(dose_change_day=pl.col("time_days").min())
    )
    patients = result.patients.join(events, on="patient", how="left", maintain_order="left").join(
        changes, on="patient", how="left", maintain_order="left"
    )
    lowest = _lowest(result.visits)
    patients = patients.join(lowest, on="patient", how="left", maintain_order="left").with_columns(
        pl.col("adverse_events").fill_null(0), pl.col("dose_change_day").cast(pl.Float64)
    )
    return Tables(patients, result.visits.rename({"day": "time_days"}))


def _lowest(visits: pl.DataFrame) -> pl.DataFrame:
    """Lowest measured counts after the baseline visit."""
    after = visits.filter(pl.col("visit") > 0)
    return after.group_by("patient").agg(
        pl.col("ANC").min().alias("measured_ANC"),
        pl.col("PLT").min().alias("measured_PLT"),
        pl.col("HB").min().alias("measured_HB"),
    )


def _symptom(term: str, definition: str, evidence: tuple[str, ...], key: str) -> Endpoint:
    return Endpoint(
        label=term[:1].upper() + term[1:],
        definition=f"{definition}, first by this day; withdrawal competes",
        kind=INCIDENCE,
        events=(f"{key}_day",),
        competing=("withdrawal_day",),
        evidence=evidence,
    )


def _low(label: str, item: str, limit: float, evidence: tuple[str, ...]) -> Endpoint:
    return Endpoint(
        label=label,
        definition="measured at any visit after the first, on or off treatment",
        kind=SHARE,
        holds=pl.col(f"measured_{item}") < limit,
        once=True,
        evidence=evidence,
    )


ENDPOINTS = {
    **{key: _symptom(term, words, evidence, key) for key, (term, words, evidence) in _SYMPTOMS.items()},
    "neutrophils_below_1_5": _low("Neutrophils below 1.5 × 10⁹/L", "ANC", 1.5, ("neutropenia",)),
    "neutrophils_below_0_75": _low("Neutrophils below 0.75 × 10⁹/L", "ANC", 0.75, ("ANC <0.75e9/L",)),
    "neutrophils_below_0_5": _low("Neutrophils below 0.5 × 10⁹/L", "ANC", 0.5, ("ANC <0.5e9/L",)),
    "platelets_below_50": _low("Platelets below 50 × 10⁹/L", "PLT", 50, ("platelets <50e9/L",)),
    "haemoglobin_below_10": _low("Haemoglobin below 10 g/dL", "HB", 10, ()),
    "severe": Endpoint(
        label="Symptom of grade 3 or worse",
        definition="any adverse event of grade 3 or worse other than a laboratory value",
        kind=INCIDENCE,
        events=("severe_day",),
        competing=("withdrawal_day",),
    ),
    "dose_change": Endpoint(
        label="Dose held, reduced or stopped by rule",
        definition="first change of the dose by the rules of the arm",
        kind=INCIDENCE,
        events=("dose_change_day",),
        competing=("withdrawal_day",),
        evidence=("pegIFN dose reduction", "any dose reduction"),
    ),
    "withdrawal": Endpoint(
        label="Treatment given up",
        definition="the patient stops for good, at the rate of the setting, more often while something severe goes on",
        kind=INCIDENCE,
        events=("withdrawal_day",),
        evidence=(
            "withdrawal for adverse event or laboratory abnormality", "withdrawal for adverse events",
            "definitive discontinuation", "discontinued pegIFN", "discontinuation for adverse events",
        ),
    ),
    "dose_intensity": Endpoint(
        label="Dose given, median of planned",
        definition="mean dose given over the planned one, in each patient",
        kind=MEDIAN,
        unit="% of planned dose",
        number=100 * pl.col("dose_intensity"),
        once=True,
    ),
    "adverse_events": Endpoint(
        label="Adverse events a patient",
        definition="first events of each kind, and flu-like symptoms after every dose",
        kind=COUNT,
        unit="events",
        number=pl.col("adverse_events"),
        once=True,
    ),
}  # fmt: skip


def covariates(_population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Who they are."""
    return draw_treated_adults(patients, seed=seed).covariates


SYSTEM = System(
    name="side-effects",
    title="Side effects of interferon",
    populations={
        "hepatitis C": "adults treated for hepatitis C, in whom the frequencies were read",
        "myeloproliferative neoplasm": "the same adults, giving up treatment at the rate of these trials",
        "post-transplant": "the same adults around a transplant, with its own severe events",
        "chronic myeloid leukaemia with kinase inhibitor": "the same adults beside a kinase inhibitor",
    },
    drugs=interferons(),
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    readouts={
        "ANC": Readout(title="Neutrophils", unit="10⁹/L"),
        "PLT": Readout(title="Platelets", unit="10⁹/L"),
        "HB": Readout(title="Haemoglobin", unit="g/dL", from_zero=False),
        "ALT": Readout(title="ALT", unit="× normal"),
    },
    modules=("toxicity", "marrow", "interferon_pk", "interferon_response"),
    checks=("I1", "I2", "I4", "I5", "I6", "I8"),
    assumptions=(
        "Frequencies come from selected hepatitis C patients, most on ribavirin too; grades of symptoms are assumed shares.",
        "Rare and autoimmune events are not modelled: their absence is no evidence of safety.",
    ),
    overrides=False,
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)

assert set(SYSTEM.populations) == set(CONTEXTS)
