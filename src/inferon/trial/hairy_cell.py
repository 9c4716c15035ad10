"""One arm of a hairy-cell leukaemia trial: low-dose interferon, a course of a purine analogue, or one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.biology.hairy_cell.functions import marrow_at_rest, soluble_receptor, suppression
from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Settings, Status, compile_model
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol.records import Prescription, prescribe
from inferon.protocol.safety_visits import measured
from inferon.trial.hairy_cell_treatment import BEFORE, DRUG, Treatment, dosing_records, stop_interferon, value
from inferon.trial.responses.hairy_cell import COUNTS, HairyCellResponse, classify, marrow_relapse, treatment_indicated

READOUTS = {"index": "hairy_cell_index", "ANC": "marrow__ANC", "PLT": "marrow__PLT", "HB": "marrow__HB"}
"""What a visit looks at, and its name in the composite model."""

SETTINGS = Settings(
    rtol=1e-5, atol={"hairy_cell__Hc": 1e-10, "hairy_cell__Ceq24": 1e-7, "marrow__C1": 1.0, "marrow__C2": 1.0}
)
OBSERVATION = "observation"
"""What the ledger calls having no treatment."""
_LINEAGES = {"N": "blood", "P": "blood", "R": "blood", "B": "output"}


@dataclass(frozen=True)
class HairyCellResult:
    """``patients`` (one row each), ``visits`` (one row a patient and visit) and ``ledger`` (every decision about treatment)."""

    patients: pl.DataFrame
    visits: pl.DataFrame
    ledger: pl.DataFrame


@cache
def hairy_cell_kernel() -> CompiledModel:
    """The compiled composite with what a visit looks at, the trailing mean of interferon and the purine-analogue signal."""
    return compile_model(load_composite("hairy_cell"), (*READOUTS.values(), "hairy_cell__Ceq24", "E_chemo"))


def simulate_hairy_cell(
    cohort: Cohort, treatment: Treatment, *, visits: np.ndarray, threads: int = 1, settings: Settings = SETTINGS
) -> HairyCellResult:
    """Follow every patient to the last of ``visits`` (days, ascending, from 0 on), measuring and deciding at each.

    Counts are measured with the assays' scatter; the index is read without (no size of a biopsy's scatter is given).
    """
    batch = hairy_cell_batch(cohort, treatment, visits, settings)
    seen: dict[str, list[np.ndarray]] = {name: [] for name in READOUTS}
    ledger = [_entry(cohort.patients, day, "planned", OBSERVATION, drug) for day, drug in treatment.planned]
    last = np.full(len(batch), max((day for day, _ in treatment.planned), default=-np.inf))
    for number, day in enumerate(visits):
        batch.advance(float(day), threads=threads)
        now = {name: batch.samples[:, number, column] for column, name in enumerate(READOUTS)}
        for item in COUNTS:
            now[item] = measured(item, now[item], seed=cohort.seed, patients=cohort.patients, visit=number)
        for name, column in now.items():
            seen[name].append(column)
        if treatment.rescue:
            ledger += _rescue(batch, cohort, treatment, now, float(day), last)
    values = {name: np.stack(columns, axis=1) for name, columns in seen.items()}
    return _result(cohort, treatment, np.asarray(visits, dtype=float), values, batch.status, ledger)


def hairy_cell_batch(cohort: Cohort, treatment: Treatment, days: np.ndarray, settings: Settings = SETTINGS) -> Batch:
    """The patients on day 0 with their parameters and doses, and blood counts at rest beside their hairy cells."""
    model = hairy_cell_kernel()
    regimens = treatment.interferon.regimens() if treatment.interferon else []
    prescription = prescribe(regimens, cohort.effects, len(cohort), cohort.constants)
    table = _parameters(model, cohort, treatment, prescription)
    doses = dosing_records(model, cohort, treatment, prescription)
    batch = Batch(model, table, start=0.0, doses=doses, sample_days=days, settings=settings)
    put_at_rest(batch, cohort)
    return batch


def _parameters(
    model: CompiledModel, cohort: Cohort, treatment: Treatment, prescription: Prescription | None
) -> np.ndarray:
    whole = model.kernel.model.parameters
    columns = {n: cohort.constants[row.symbol] for n, row in whole.items() if row.symbol in cohort.constants}
    columns |= cohort.parameters
    columns["hairy_cell__LK_clad"] = cohort.draws[treatment.analogue]
    columns["marrow__k_C2"] = np.log(10) * value(cohort, "LK_C2_clad")
    if prescription:
        chosen = prescription.columns
        columns |= chosen | {n.replace(DRUG, BEFORE): column for n, column in chosen.items() if n.startswith(DRUG)}
        columns[f"{BEFORE}t_first"] = chosen[f"{DRUG}t_first"] + value(cohort, "window")
        columns["hairy_cell__a_drug"] = chosen["interferon_response__a_drug"]
    table = model.defaults(len(cohort))
    for name, column in columns.items():
        if name in model.kernel.parameters:
            table[:, model.column(name)] = column
    return table


def put_at_rest(batch: Batch, cohort: Cohort) -> None:
    """Put the marrow where it rests beside each patient's hairy cells."""
    share, full, steepness = (
        batch.parameters[:, batch.model.column(f"hairy_cell__{symbol}")] for symbol in ("Hc0", "Hc_full", "n_sup")
    )
    marrow = {s: cohort.constants.get(s, row.value) for s, row in parameter_table("marrow").items()}
    rest = marrow_at_rest(suppression(share, full, steepness), marrow)
    levels = {"C1": rest["C1"], "C2": rest["C2"]}
    for lineage, level in _LINEAGES.items():
        levels |= dict.fromkeys((*(f"X_{lineage}{stage}" for stage in (1, 2, 3)), f"B_{lineage}"), rest[level])
    for name, level in levels.items():
        if f"marrow__{name}" in batch.model.kernel.states:
            batch.state(f"marrow__{name}")[:] = level


def _rescue(
    batch: Batch,
    cohort: Cohort,
    treatment: Treatment,
    now: Mapping[str, np.ndarray],
    day: float,
    last: np.ndarray,
) -> list[pl.DataFrame]:
    """Start a course of cladribine, and stop interferon, where counts call for it and the last treatment has had its time."""
    ask = treatment_indicated(now) & (day >= last + value(cohort, "t_wait")) & (batch.status <= Status.PAUSED)
    if not ask.any():
        return []
    batch.state("hairy_cell__days_left")[ask] += value(cohort, "d_course")
    stop_interferon(batch, ask, day, value(cohort, "window"))
    last[ask] = day
    before = treatment.interferon.drug if treatment.interferon and day < treatment.interferon.end else OBSERVATION
    return [_entry(cohort.patients[ask], day, "counts low at a visit", before, "cladribine")]


def _entry(patients: np.ndarray, day: float, reason: str, before: str, after: str) -> pl.DataFrame:
    words = {"reason": reason, "from": before, "to": after}
    return pl.DataFrame({"patient": patients}).with_columns(
        day=pl.lit(float(day)), **{name: pl.lit(text) for name, text in words.items()}
    )


def _result(
    cohort: Cohort,
    treatment: Treatment,
    visits: np.ndarray,
    values: Mapping[str, np.ndarray],
    status: np.ndarray,
    ledger: list[pl.DataFrame],
) -> HairyCellResult:
    initial = cohort.parameters["hairy_cell__Hc0"][:, None]
    response = classify(values, values["index"], initial, morphology=treatment.morphology)
    response[[Status(code).failed for code in status]] = None
    complete = response == HairyCellResponse.COMPLETE
    halved = values["index"] <= value(cohort, "pr_index") * initial
    back = marrow_relapse(values["index"]) & np.logical_or.accumulate(halved, axis=1)
    days = {
        "marrow_response_day": halved,
        "response_day": complete | (response == HairyCellResponse.PARTIAL),
        "complete_response_day": complete,
        "marrow_relapse_day": back,
    }
    sentences = [Status(code).sentence for code in status]
    patients = pl.DataFrame(
        {"patient": cohort.patients, "status": sentences, **{n: _first(visits, true) for n, true in days.items()}}
    )
    rows, columns = response.shape
    receptor = soluble_receptor(values["index"], value(cohort, "sIL2R_0"), value(cohort, "sIL2R_slope"))
    seen = pl.DataFrame(
        {
            "patient": np.repeat(cohort.patients, columns),
            "day": np.tile(visits, rows),
            **{
                name: pl.Series(column.ravel()).fill_nan(None) for name, column in {**values, "sIL2R": receptor}.items()
            },
            "response": [found.value if found else None for found in response.ravel()],
        }
    )
    empty = _entry(cohort.patients[:0], 0.0, "", "", "")
    return HairyCellResult(patients, seen, pl.concat([empty, *ledger]).sort("patient", "day"))


def _first(visits: np.ndarray, true: np.ndarray) -> pl.Series:
    """Day of the first visit at which something holds, null where it never does."""
    day = np.where(true.any(axis=1), visits[np.argmax(true, axis=1)], np.nan)
    return pl.Series(day).fill_nan(None)
