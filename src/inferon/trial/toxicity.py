"""One arm of a safety study: adults on interferon, their counts, side effects and withdrawal, and dose changes by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort.treated_adults import TreatedAdults
from inferon.engine import Batch, CompiledModel, Settings, Status, compile_model
from inferon.model.catalogue import load_composite, parameter_table
from inferon.protocol.dose_rules import DoseRule
from inferon.protocol.records import Prescription, Regimen
from inferon.trial.adverse_events import (
    flu_events,
    laboratory_events,
    peri_transplant_days,
    peri_transplant_events,
    reaction_events,
    symptom_events,
)
from inferon.trial.dose_rules import CountAssays, DosePlan, Followed
from inferon.trial.safety_clinic import SafetyClinic
from inferon.trial.safety_tables import patient_table, visit_table
from inferon.trial.treated_counts import COUNTS, SETTINGS, daily, followed_arm, planned_arm, treated_batch

CONTEXTS = {
    "hepatitis C": "ctx_hcv",
    "myeloproliferative neoplasm": "ctx_mpn",
    "post-transplant": "ctx_hct",
    "chronic myeloid leukaemia with kinase inhibitor": "ctx_cml",
}
"""Settings whose patients give up treatment at different rates, and their row of the toxicity table."""

_WINDOW = np.array([0.0, 0.02, 0.04, 0.06, 0.125, 0.25, 0.5, 0.75, 1.0])
"""Where in the window after a dose the signal is sampled: it peaks within hours of a first dose, after two days later on."""


@dataclass(frozen=True)
class SafetyResult:
    """One arm: tables of patients, visits and adverse events, the dose ledger, and doses given (ug; patients, dose days)."""

    patients: pl.DataFrame
    visits: pl.DataFrame
    adverse_events: pl.DataFrame
    ledger: pl.DataFrame
    given: np.ndarray


@cache
def safety_model() -> CompiledModel:
    """The compiled composite of drug, response, marrow and side effects."""
    return compile_model(load_composite("toxicity"), (*COUNTS.values(), "S_isg", "toxicity__exposure_days"))


def simulate_safety(
    cohort: TreatedAdults,
    regimens: Sequence[Regimen],
    *,
    follow_up: float,
    rules: Sequence[DoseRule] = (),
    context: str | None = "hepatitis C",
    settings: Settings = SETTINGS,
    threads: int = 1,
) -> SafetyResult:
    """Follow every patient to study day ``follow_up``.

    Patients withdraw at the rate of the ``context`` whether or not there are rules; None: nobody stops on his own. In the
    post-transplant context the graft is on day 0. Raises ``KeyError`` for an unknown context, and as ``planned_arm`` does.
    """
    if context is not None and context not in CONTEXTS:
        raise KeyError(f"unknown context {context!r}; allowed: {', '.join(CONTEXTS)}")
    model = safety_model()
    prescription, plan = planned_arm(cohort, regimens, model, follow_up)
    batch = treated_batch(
        model,
        cohort,
        prescription,
        plan,
        sample_days=np.union1d(daily(plan, follow_up), _window_days(plan)),
        settings=settings,
        extra=_tolerance(prescription, len(cohort), context),
    )
    transplant = context == "post-transplant"
    known = peri_transplant_days(cohort.patients, cohort.seed) if transplant else np.full(len(cohort), np.inf)
    assays = CountAssays(COUNTS, cohort.patients, cohort.seed)
    followed = followed_arm(
        batch,
        cohort,
        plan,
        rules,
        follow_up=follow_up,
        observe=SafetyClinic(assays, cohort.male, float(plan.days[0]), known),
        withdrawal="withdrawal",
        threads=threads,
    )
    patients = patient_table(batch, cohort, plan, followed, COUNTS)
    solved = patients.filter(pl.col("status") == Status.FINISHED.sentence).select("patient")
    events = _events(batch, cohort, plan, followed, transplant).join(solved, on="patient", how="semi")
    return SafetyResult(
        patients,
        visit_table(cohort, followed),
        events.sort("patient", "day", "term"),
        followed.ledger,
        followed.given,
    )


def _tolerance(prescription: Prescription, patients: int, context: str | None) -> dict[str, np.ndarray]:
    """Columns of the toxicity module that drug and context decide."""
    weight = 0.0 if context is None else parameter_table("toxicity")[CONTEXTS[context]].value
    return {
        "toxicity__w_cyt": prescription.columns["interferon_response__w_cyt"],
        "toxicity__t_first": prescription.columns["interferon_pk__t_first"],
        "toxicity__ctx": np.full(patients, weight),
    }


def _window_days(plan: DosePlan) -> np.ndarray:
    return plan.days[:, None] + _WINDOW * parameter_table("toxicity")["win_flu"].value


def _events(batch: Batch, cohort: TreatedAdults, plan: DosePlan, followed: Followed, transplant: bool) -> pl.DataFrame:
    who, seed = cohort.patients, cohort.seed
    places = np.searchsorted(batch.sample_days, _window_days(plan))
    signal = batch.samples[:, :, batch.model.kernel.readouts.index("S_isg")]
    peaks = np.nan_to_num(signal[:, places]).max(axis=2)  # 0 after the end of follow-up
    tables = [
        symptom_events(batch, who, seed),
        flu_events(peaks, followed.given, plan.days, cohort.parameters["toxicity__w"], who, seed),
        reaction_events(float(plan.days[0]), who, seed),
        laboratory_events(followed.seen, followed.visit_days, cohort.male, who),
        *([peri_transplant_events(who, seed)] if transplant else []),
    ]
    return pl.concat(tables)
