"""One arm of a hepatitis C study: viral load under a long-acting interferon, or under a native one at a published efficacy.

Only what happens during treatment is a result. The model has no cure boundary: after treatment every virus returns in it, so a
sustained response is not derived from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.biology.hepatitis_c.functions import half_effect
from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model
from inferon.engine.interventions import set_parameters
from inferon.model import load_composite
from inferon.model.catalogue import DEFAULT_PRODUCT, parameter_table
from inferon.protocol.assays import CountingAssay
from inferon.protocol.products import product
from inferon.protocol.records import Regimen, prescribe
from inferon.trial.responses.hepatitis_c import EARLY_WEEK, RAPID_WEEK, early_response, rapid_response, undetectable

DAILY_DOSES = {5: "eps5", 10: "eps10", 15: "eps15"}
"""Daily doses of native interferon alfa-2b (MIU) with a published efficacy, and the row of the table that holds it."""

SETTINGS = Settings(
    rtol=1e-6,
    atol={"hepatitis_c__T": 1e-2, "hepatitis_c__I": 1e-8, "hepatitis_c__V": 1e-8},
    floor={"hepatitis_c__I": 1e-20, "hepatitis_c__V": 1e-20},
)
_PREFIX = "hepatitis_c__"


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Regimens of one long-acting interferon, or a daily dose (MIU) of native interferon as a constant efficacy; how long."""

    regimens: Sequence[Regimen] = ()
    daily_miu: int | None = None
    weeks: int = 48

    def __post_init__(self) -> None:
        if bool(self.regimens) == (self.daily_miu is not None):
            raise ValueError(
                "a treatment is either regimens of a long-acting interferon or a daily dose of a native one"
            )
        if self.daily_miu is not None and self.daily_miu not in DAILY_DOSES:
            allowed = ", ".join(map(str, DAILY_DOSES))
            raise ValueError(f"no efficacy is published for {self.daily_miu} MIU a day; allowed: {allowed}")
        for regimen in self.regimens:
            if product(regimen.drug).rows["f0"].value > 0:
                raise ValueError(
                    f"{regimen.drug} is gone between two doses while its antiviral effect is not; give its daily dose instead"
                )


@dataclass(frozen=True)
class HepatitisCResult:
    """``patients`` (one row each) and ``visits`` (one row a patient and visit; viral load in log10 copies/mL as measured)."""

    patients: pl.DataFrame
    visits: pl.DataFrame


@cache
def hepatitis_c_kernel() -> CompiledModel:
    """The compiled composite with viral load (copies/mL)."""
    return compile_model(load_composite("hepatitis_c"), (f"{_PREFIX}V",))


def visit_days(weeks: int) -> np.ndarray:
    """Days of the visits: before treatment, weeks 1, 2, 4, 8, 12, then every 12 weeks of treatment and at its end."""
    regular = [0, 1, 2, RAPID_WEEK, 8, *range(EARLY_WEEK, weeks + 1, 12), weeks]
    return DAYS_PER_WEEK * np.unique([float(week) for week in regular if week <= weeks])


def simulate_hepatitis_c(
    cohort: Cohort,
    treatment: Treatment,
    *,
    visits: np.ndarray | None = None,
    threads: int = 1,
    settings: Settings = SETTINGS,
) -> HepatitisCResult:
    """Follow every patient to the last of ``visits`` (days from 0 on; None: the usual ones to the end of treatment)."""
    days = visit_days(treatment.weeks) if visits is None else np.asarray(visits, dtype=float)
    marks = DAYS_PER_WEEK * np.array([0, RAPID_WEEK, EARLY_WEEK, treatment.weeks])
    sampled = np.union1d(days, marks[marks <= days[-1]])
    batch = _batch(cohort, treatment, sampled, settings)
    batch.advance(min(DAYS_PER_WEEK * treatment.weeks, float(sampled[-1])), threads=threads)
    if treatment.daily_miu is not None:
        column = np.array([batch.model.column(f"{_PREFIX}eps_constant")])
        set_parameters(batch, np.arange(len(batch)), column, np.zeros((len(batch), 1)))
    batch.advance(float(sampled[-1]), threads=threads)
    load = _measured(cohort, batch.samples[:, :, 0], sampled)
    patients = pl.DataFrame({"patient": cohort.patients, "status": [Status(code).sentence for code in batch.status]})
    return HepatitisCResult(
        patients.with_columns(**_responses(load, sampled, treatment)), _visit_table(cohort, load, sampled, days)
    )


def _batch(cohort: Cohort, treatment: Treatment, days: np.ndarray, settings: Settings) -> Batch:
    model, patients = hepatitis_c_kernel(), len(cohort)
    table, rows = model.defaults(patients), parameter_table("hepatitis_c")
    whole = model.kernel.model.parameters
    columns: dict[str, float | np.ndarray] = {
        n: cohort.constants[row.symbol] for n, row in whole.items() if row.symbol in cohort.constants
    }
    columns |= cohort.parameters
    prescription = prescribe(treatment.regimens, cohort.effects, patients, cohort.constants)
    if prescription:
        columns |= prescription.columns
        reference = product(DEFAULT_PRODUCT).with_values(cohort.constants).rows["a_drug"].value
        typical = cohort.constants.get("EC50_hcv", rows["EC50_hcv"].value)
        potency = prescription.product.rows["a_drug"].value
        columns[f"{_PREFIX}EC50_hcv"] = half_effect(typical, reference, potency)
    if treatment.daily_miu is not None:
        row = DAILY_DOSES[treatment.daily_miu]
        columns[f"{_PREFIX}eps_constant"] = cohort.constants.get(row, rows[row].value)
    for name, column in columns.items():
        if name in model.kernel.parameters:
            table[:, model.column(name)] = column
    doses = prescription.doses(model) if prescription else Doses.none(patients)
    return Batch(model, table, start=0.0, doses=doses, sample_days=days, settings=settings)


def _measured(cohort: Cohort, copies: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Viral load (log10 copies/mL) as counted in a sample of plasma; minus infinity where no genome was counted."""
    table = parameter_table("hepatitis_c")
    assay = CountingAssay(
        name="viral load", examined=table["sample_volume"].value, noise_sd=table["sd_assay"].value, least_count=1
    )
    counted = assay.measure(copies, seed=cohort.seed, patients=cohort.patients, days=days).value
    return np.log10(counted, out=np.full(counted.shape, -np.inf), where=counted > 0)


def _responses(load: np.ndarray, days: np.ndarray, treatment: Treatment) -> dict[str, pl.Series]:
    """Rapid, early and end-of-treatment response where the week lies within treatment and follow-up."""

    def at(week: int) -> np.ndarray | None:
        found = np.flatnonzero(days == DAYS_PER_WEEK * week)
        return load[:, found[0]] if len(found) and week <= treatment.weeks else None

    columns = {}
    if (week_4 := at(RAPID_WEEK)) is not None:
        columns["rapid_response"] = pl.Series(rapid_response(week_4))
    if (week_12 := at(EARLY_WEEK)) is not None:
        columns["early_response"] = pl.Series([r.value for r in early_response(load[:, 0], week_12)])
    if (end := at(treatment.weeks)) is not None:
        columns["end_of_treatment_response"] = pl.Series(undetectable(end))
    return columns


def _visit_table(cohort: Cohort, load: np.ndarray, sampled: np.ndarray, days: np.ndarray) -> pl.DataFrame:
    kept = load[:, np.searchsorted(sampled, days)]
    detected = ~undetectable(kept).ravel()
    return pl.DataFrame(
        {
            "patient": np.repeat(cohort.patients, len(days)),
            "day": np.tile(days, len(kept)),
            "detected": detected,
            "viral_load": pl.Series(np.where(detected, kept.ravel(), np.nan)).fill_nan(None),
        }
    )
