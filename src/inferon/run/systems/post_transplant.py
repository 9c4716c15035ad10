"""After a transplant: measurable disease pre-empted, overt relapse or relapse of CML treated, always in the same patients."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH, PRODUCTS, product
from inferon.run.endpoints import INCIDENCE, MEDIAN, SHARE, SURVIVAL, Endpoint
from inferon.run.systems.system import (
    INTRAVENOUS,
    Drug,
    Part,
    Readout,
    Setting,
    System,
    Tables,
    interferons,
    no_doses_before,
    regimens,
    setting,
)
from inferon.study import Arm
from inferon.trial.post_transplant import READOUTS, Triggered, cytogenetic_relapse, measurable_disease, overt_relapse
from inferon.trial.post_transplant_treatment import Course, Intervention, treat

LYMPHOCYTES = "donor lymphocytes"
TRIGGERS = {"mrd-positive": measurable_disease, "relapsed": overt_relapse, "relapsed-cml": cytogenetic_relapse}
SETTINGS = {
    "immunosuppression_kept": Setting(
        default=0.0, meaning="share of immunosuppression kept; 0 withdraws it at the trigger"
    ),
    "log_kill": Setting(default=0.0, meaning="log10 kill of cytoreduction at the trigger"),
    "inhibitor": Setting(
        default=False, allowed=(True, False), meaning="a tyrosine kinase inhibitor from the trigger on"
    ),
}
_FOLLOWED = tuple(n for n in PRODUCTS if product(n).rows["R0"].value == 0)
"""Products without receptor binding, whose capacity the model does not begin at a trigger."""


def treatment(arm: Arm) -> Intervention:
    """The arm as the trial room takes it; days count from the trigger."""
    no_doses_before(arm)
    cells = [
        (day, dosing.dose_amount) for dosing in arm.regimen if dosing.drug == LYMPHOCYTES for day in dosing.dose_days
    ]
    return Intervention(
        kept=float(setting(SETTINGS, arm, "immunosuppression_kept")),
        log_kill=float(setting(SETTINGS, arm, "log_kill")),
        infusions=tuple(sorted(cells)),
        interferon=tuple(regimens(arm)),
        inhibitor=bool(setting(SETTINGS, arm, "inhibitor")),
    )


@lru_cache(maxsize=32)
def _triggered(
    population: str, first: int, last: int, seed: int, changed: tuple[tuple[str, float], ...], threads: int
) -> Triggered:
    """Who reaches the trigger: the same in every arm that changes nothing before it."""
    cohort = draw_cohort("transplant-reference", np.arange(first, last), seed=seed, overrides=dict(changed))
    return TRIGGERS[population](cohort, threads=threads)


def simulate(part: Part) -> Tables:
    """Everybody who reaches the trigger, monthly from there on; patients who never do are not in the tables."""
    own = parameter_table("post_transplant")
    after, before = _split(part.arm.parameters, own)
    first, last = int(part.patients[0]), int(part.patients[-1]) + 1
    reached = _triggered(part.population, first, last, part.seed, tuple(sorted(before.items())), part.threads)
    months = max(1, int(part.follow_up / MONTH + 1e-6))
    course = treat(reached, treatment(part.arm), months=months, parameters=after, threads=part.threads)
    return Tables(course.events, _visits(course))


def _split(changed: Mapping[str, float], own: Mapping[str, object]) -> tuple[dict[str, float], dict[str, float]]:
    """Parameters of what happens after the trigger, and of everything before."""
    after = {symbol: value for symbol, value in changed.items() if symbol in own}
    return after, {symbol: value for symbol, value in changed.items() if symbol not in own}


def _visits(course: Course) -> pl.DataFrame:
    """Monthly samples of those still alive, without whom nothing is read."""
    who, days = course.events["patient"].to_numpy(), course.days
    death = course.events["death_day"].fill_null(np.inf).to_numpy()
    alive = (days[None, :] < death[:, None]).ravel()
    read = {name: course.samples[:, :, place].ravel() for place, name in enumerate(READOUTS)}
    table = pl.DataFrame(
        {
            "patient": np.repeat(who, len(days)),
            "time_days": np.tile(days, len(who)),
            "alive": alive,
            "log10_load": np.log10(np.maximum(read["L"], 1.0)),
            "gvhd_index": read["G"],
            "interferon_signal": read["S_isg"],
            "specific_t_cells": read["transplant__T_L"],
        }
    )
    row = parameter_table("post_transplant")
    remission = {"molecular_remission": row["L_mol_CML"].value, "cytogenetic_response": row["L_ccyr_CML"].value}
    below = {name: pl.col("alive") & (pl.col("log10_load") < np.log10(load)) for name, load in remission.items()}
    return table.with_columns(**below)


ENDPOINTS = {
    "relapse": Endpoint(
        label="Relapse after the trigger",
        definition="5 % marrow blasts first reached after the trigger; death without relapse competes",
        kind=INCIDENCE,
        events=("relapse_day",),
        competing=("non_relapse_mortality_day",),
        evidence=("relapse incidence after intervention", "relapse incidence after IFN"),
    ),
    "non_relapse_mortality": Endpoint(
        label="Non-relapse mortality",
        definition="death that is not of leukaemia, deaths of GVHD after lymphocytes included; leukaemic death competes",
        kind=INCIDENCE,
        events=("non_relapse_mortality_day",),
        competing=("leukaemic_death_day",),
        evidence=("non-relapse mortality after intervention", "non-relapse mortality after IFN"),
    ),
    "disease_free_survival": Endpoint(
        label="Disease-free survival",
        definition="alive without relapse after the trigger (only where the trigger is not itself a relapse)",
        kind=SURVIVAL,
        events=("relapse_day", "death_day"),
        evidence=("disease-free survival after intervention", "disease-free survival after IFN"),
    ),
    "overall_survival": Endpoint(
        label="Overall survival from the trigger",
        definition="alive; leukaemia is fatal at a fixed load",
        kind=SURVIVAL,
        events=("death_day",),
        evidence=("overall survival from relapse", "overall survival after relapse"),
    ),
    "conversion": Endpoint(
        label="Load back below the trigger",
        definition="first monthly sample with a load below the lower limit of the trigger; deaths do not compete",
        kind=INCIDENCE,
        events=("conversion_day",),
    ),
    "molecular_remission": Endpoint(
        label="Molecular remission (CML)",
        definition="alive with a load below that of a molecular remission at the monthly sample",
        kind=SHARE,
        holds=pl.col("molecular_remission"),
        evidence=("molecular remission",),
    ),
    "cytogenetic_response": Endpoint(
        label="Complete cytogenetic response (CML)",
        definition="alive with a load below 1 % at the monthly sample",
        kind=SHARE,
        holds=pl.col("cytogenetic_response"),
        evidence=("cytogenetic remission within 2 years",),
    ),
    "gvhd_after_lymphocytes": Endpoint(
        label="GVHD after donor lymphocytes",
        definition="onset of GVHD by dose of the first infusion; death competes",
        kind=INCIDENCE,
        events=("gvhd_after_lymphocytes_day",),
        competing=("death_day",),
        evidence=("GVHD after DLI", "GVHD"),
    ),
    "load": Endpoint(
        label="Leukaemic load, median",
        definition="of those alive at the monthly sample",
        kind=MEDIAN,
        unit="log10 cells",
        number=pl.when(pl.col("alive")).then(pl.col("log10_load")),
    ),
}


def covariates(_population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """The transplanted population the trigger is reached in."""
    return draw_cohort("transplant-reference", patients, seed=seed).covariates


SYSTEM = System(
    name="post-transplant",
    title="After a transplant: pre-emptive treatment and relapse",
    populations={
        "mrd-positive": "measurable disease in monthly samples between day 60 and a year after the transplant",
        "relapsed": "overt relapse of acute leukaemia between day 60 and a year",
        "relapsed-cml": "the load of a cytogenetic relapse of CML between day 60 and a year; slower growth from there",
    },
    drugs={
        **interferons(_FOLLOWED),
        LYMPHOCYTES: Drug(units=("cells/kg",), routes=(INTRAVENOUS,)),
    },
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    readouts={
        "log10_load": Readout(
            title="Leukaemic load (solution continued past death)", unit="log10 cells", from_zero=False
        ),
        "specific_t_cells": Readout(title="Leukaemia-specific T cells", unit="relative units"),
        "interferon_signal": Readout(title="Interferon signal", unit="0–1"),
        "gvhd_index": Readout(title="GVHD damage index", unit="0–1"),
    },
    modules=("post_transplant", "transplant", "interferon_pk", "interferon_response"),
    checks=("L2", "L3", "L5", "L6"),
    assumptions=(
        "The study's size counts transplanted patients; an arm holds those who reach the trigger, a selected group.",
        "GVHD neutrality of interferon is an assumption of the model (e_allo = 0), never a finding.",
        "Exhaustion and the boost by lymphocytes were picked with published rows in view: agreement with those confirms nothing.",
    ),
    day_zero="the day of the trigger",
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
