"""Acute leukaemia in the marrow: untreated, or given courses of chemotherapy; what follows from the blood counts.

A clone grows from one stem cell to a share of blasts, which is day 0. Doses act by the equations of the marrow module; visits
twice a week see the counts. Leukaemia itself has no way to kill here but through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort.distributions import log_normal
from inferon.engine import Batch, CompiledModel, Settings, compile_model
from inferon.model.catalogue import load_composite, parameter_table
from inferon.random import normal
from inferon.trial.acute_leukaemia_clinic import READOUTS, Clinic
from inferon.trial.acute_leukaemia_treatment import SENSITIVITY, Chemotherapy
from inferon.trial.marrow_tables import consequences

PRESETS = ("AML_default", "AML_fast", "AML_slow", "ALL")
SETTINGS = Settings(rtol=1e-6, atol={f"leukaemia__L{i}": 1e-6 for i in (1, 2, 3)})
VISIT_DAYS = 3.5
"""Between visits: counts are looked at, and blood is given, twice a week."""

_SEARCH = np.arange(0.0, 3601.0, 4.0)
"""Days on which the share of blasts is looked up to find day 0."""

_CLONE = ("leukaemia__L1", "leukaemia__L2", "leukaemia__L3")


@dataclass(frozen=True)
class AcuteResult:
    """``patients`` (one row each, days from day 0) and ``visits`` (one row a patient and visit)."""

    patients: pl.DataFrame
    visits: pl.DataFrame


@cache
def acute_model() -> CompiledModel:
    """The compiled composite of a marrow with one leukaemic clone."""
    return compile_model(load_composite("marrow"), READOUTS)


def simulate_acute(
    patients: np.ndarray,
    *,
    seed: int,
    preset: str,
    given: Sequence[tuple[float, str]] = (),
    days: np.ndarray,
    blasts: float | None = None,
    transfusions: bool = True,
    threads: int = 1,
) -> AcuteResult:
    """Follow patients by number from the day their marrow holds ``blasts`` (None: those of a diagnosis) to the last of ``days``.

    ``given``: (day, course) in order. ``days`` are sampled; counts are also looked at twice a week. Patients whose clone needs
    ten years have no day 0 and are left out. Raises ``KeyError`` for an unknown preset or course.
    """
    if preset not in PRESETS:
        raise KeyError(f"unknown preset {preset!r}; allowed: {', '.join(PRESETS)}")
    share = consequences()["blasts_diagnosis"] if blasts is None else blasts
    batch, numbers, growth = _at_diagnosis(np.asarray(patients), seed, preset, share, threads)
    treatment = Chemotherapy(given, normal(seed, SENSITIVITY, numbers))
    visits = np.union1d(np.arange(0.0, days[-1] + 1e-9, VISIT_DAYS), days)
    follow = batch.copy(np.arange(len(batch)), sample_days=visits, origin=growth)
    clinic = Clinic(numbers, seed, [day for day, _ in given], transfusions)
    for day in np.union1d(visits, treatment.days[treatment.days <= visits[-1]]):
        follow.advance(growth + day + 1e-9, threads=threads)
        if day in visits:
            clinic.look(follow, int(np.searchsorted(visits, day)), float(day))
        if day in treatment.days:
            treatment.give(follow, day)
        _let_the_last_cell_die(follow)
    return AcuteResult(clinic.patients(follow, growth), clinic.visits(days))


def _at_diagnosis(
    patients: np.ndarray, seed: int, preset: str, share: float, threads: int
) -> tuple[Batch, np.ndarray, np.ndarray]:
    """Those whose clone reaches the share of blasts, standing there, their numbers, and the days that took."""
    model, row = acute_model(), parameter_table("marrow")
    table = model.defaults(len(patients))
    pace = log_normal(
        normal(seed, "proliferation of the clone", patients),
        row[f"p1L_{preset}"].value,
        row[f"p1L_{preset}"].variability or 0.0,
    )
    columns = {"L1_0": consequences()["one_cell"], "a1L": row[f"a1L_{preset}"].value, "p1L": pace, "p2L": pace}
    for symbol, column in columns.items():
        table[:, model.column(f"leukaemia__{symbol}")] = column
    search = Batch(model, table, start=0.0, sample_days=_SEARCH, settings=SETTINGS)
    search.advance(float(_SEARCH[-1]), threads=threads)
    seen = np.nan_to_num(search.samples[:, :, READOUTS.index("blast_fraction")])
    reached = seen.max(axis=1) >= share
    after = np.argmax(seen >= share, axis=1)
    rows, before = np.arange(len(patients)), np.maximum(after - 1, 0)
    low, high = seen[rows, before], seen[rows, after]
    part = (share - low) / np.where(high > low, high - low, 1.0)
    growth = (_SEARCH[before] + part * (_SEARCH[after] - _SEARCH[before]))[reached]
    batch = Batch(model, table[reached], start=0.0, settings=SETTINGS)
    batch.advance(growth, threads=threads)
    return batch, patients[reached], growth


def _let_the_last_cell_die(batch: Batch) -> None:
    """Fewer leukaemic cells than one in the body are none."""
    few = batch.state("leukaemia__L1") + batch.state("leukaemia__L2") < consequences()["one_cell"]
    for name in _CLONE:
        batch.state(name)[few] = 0.0
