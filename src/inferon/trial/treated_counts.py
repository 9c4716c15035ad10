"""Adults on interferon whose blood counts alone are followed and obeyed, on any composite with the drug and one marrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort.treated_adults import TreatedAdults
from inferon.engine import Batch, CompiledModel, Settings, compile_model
from inferon.model.catalogue import load_composite
from inferon.protocol.dose_rules import DoseRule
from inferon.protocol.records import Prescription, Regimen, prescribe
from inferon.protocol.safety_visits import safety_visits
from inferon.trial.dose_rules import CountAssays, DosePlan, Followed, Observe, follow_with_rules
from inferon.trial.safety_tables import patient_table, visit_table

COUNTS = {"ANC": "marrow__ANC", "PLT": "marrow__PLT", "HB": "marrow__HB"}
"""Counts with an assay, and their read-out in composites with one marrow."""

BEFORE = 1.0
"""Days before the first dose at which the model starts: the baseline visit."""

SETTINGS = Settings(rtol=1e-5)


@dataclass(frozen=True)
class CountsResult:
    """One arm: tables of patients and visits, the dose ledger, and doses given (ug; patients, dose days)."""

    patients: pl.DataFrame
    visits: pl.DataFrame
    ledger: pl.DataFrame
    given: np.ndarray


@cache
def _compiled(composite: str) -> CompiledModel:
    return compile_model(load_composite(composite), tuple(COUNTS.values()))


def simulate_counts(
    cohort: TreatedAdults,
    regimens: Sequence[Regimen],
    *,
    follow_up: float,
    rules: Sequence[DoseRule] = (),
    composite: str = "interferon_marrow",
    settings: Settings = SETTINGS,
    threads: int = 1,
) -> CountsResult:
    """Follow every patient to study day ``follow_up`` with visits, noisy counts and rules about them; nobody stops on his own.

    Raises as ``planned_arm`` does, and ``KeyError`` for a rule about something other than a blood count.
    """
    model = _compiled(composite)
    prescription, plan = planned_arm(cohort, regimens, model, follow_up)
    days = daily(plan, follow_up)
    batch = treated_batch(model, cohort, prescription, plan, sample_days=days, settings=settings)
    assays = CountAssays(COUNTS, cohort.patients, cohort.seed)
    followed = followed_arm(batch, cohort, plan, rules, follow_up=follow_up, observe=assays, threads=threads)
    patients = patient_table(batch, cohort, plan, followed, COUNTS)
    return CountsResult(patients, visit_table(cohort, followed), followed.ledger, followed.given)


def followed_arm(
    batch: Batch,
    cohort: TreatedAdults,
    plan: DosePlan,
    rules: Sequence[DoseRule],
    *,
    follow_up: float,
    observe: Observe,
    withdrawal: str | None = None,
    threads: int = 1,
) -> Followed:
    """The cohort carried through the visits of a safety study to study day ``follow_up``; raises as ``follow_with_rules``."""
    return follow_with_rules(
        batch,
        plan,
        rules,
        patients=cohort.patients,
        visits=safety_visits(follow_up, first_dose=float(plan.days[0])),
        until=follow_up,
        observe=observe,
        withdrawal=withdrawal,
        threads=threads,
    )


def planned_arm(
    cohort: TreatedAdults, regimens: Sequence[Regimen], model: CompiledModel, follow_up: float
) -> tuple[Prescription, DosePlan]:
    """The prescription and the plan of an arm; raises ``ValueError`` without a drug or with a dose after the end of follow-up."""
    prescription = prescribe(regimens, cohort.effects, len(cohort))
    if prescription is None:
        raise ValueError("dose rules need a drug; this arm has no regimen")
    plan = DosePlan.of(prescription, model)
    if plan.days[-1] > follow_up:
        raise ValueError(f"the dose on day {plan.days[-1]:g} lies after the end of follow-up on day {follow_up:g}")
    return prescription, plan


def daily(plan: DosePlan, follow_up: float) -> np.ndarray:
    """Every day from the baseline visit to the end."""
    return np.arange(plan.days[0] - BEFORE, follow_up + 1e-9)


def treated_batch(
    model: CompiledModel,
    cohort: TreatedAdults,
    prescription: Prescription,
    plan: DosePlan,
    *,
    sample_days: np.ndarray,
    settings: Settings = SETTINGS,
    extra: Mapping[str, np.ndarray] | None = None,
) -> Batch:
    """The cohort at its baseline visit, with the planned doses; columns the model does not have are left out."""
    values = model.defaults(len(cohort))
    for name, column in {**prescription.columns, **cohort.parameters, **(extra or {})}.items():
        if name in model.kernel.parameters:
            values[:, model.column(name)] = column
    start = float(plan.days[0]) - BEFORE
    return Batch(model, values, start=start, doses=plan.doses, sample_days=sample_days, settings=settings)
