"""One arm of a transplant study: virtual patients through the model, the extinction layer, and out as one row a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model, extinction_probability
from inferon.model.catalogue import load_composite, parameter_table
from inferon.protocol.records import Regimen, dosing, graft_infusion, joined
from inferon.protocol.visits import MRD_VISITS
from inferon.random import normal

START_DAY = -1.0
"""Integration starts the day before the graft, after conditioning."""

READOUTS = {
    "C": "C",
    "S_isg": "S_isg",
    "H_x": "transplant__H_x",
    "T_L": "transplant__T_L",
    "L": "L",
    "G": "G",
}
"""What is sampled for the mechanism, and its name in the composite model."""

_RATES = ("transplant__birth", "transplant__death", "transplant__wake", "transplant__kill")
_TERMINAL = ("relapse", "non_relapse_mortality")

SETTINGS = Settings(
    rtol=1e-6,
    atol={
        "transplant__A": 1e-3,
        "transplant__Q": 1e-3,
        **{f"{i}__{c}": 1.0 for i in ("donor", "host") for c in ("C1", "C2")},
    },
    floor={"transplant__A": 1e-9, "transplant__Q": 1e-9, "transplant__T_A": 1e-9, "transplant__T_L": 1e-9},
)
"""Tolerances of the transplant model: cells to 1e-3, everything of order one to 1e-9, the floors of the specification."""


@dataclass(frozen=True)
class ArmResult:
    """One arm simulated: ``events`` (one row a patient) and ``samples`` (patients, days, read-outs in the order of READOUTS)."""

    events: pl.DataFrame
    days: np.ndarray
    samples: np.ndarray


@cache
def transplant_kernel() -> CompiledModel:
    """The compiled transplant composite with the read-outs of the mechanism and the rates of the extinction layer."""
    return compile_model(load_composite("transplant"), (*READOUTS.values(), *_RATES))


def simulate_arm(
    cohort: Cohort,
    regimens: Sequence[Regimen],
    *,
    follow_up: float,
    days: np.ndarray | None = None,
    parameters: Mapping[str, float] | None = None,
    settings: Settings = SETTINGS,
    extinction_layer: bool = True,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> ArmResult:
    """Follow every patient of ``cohort`` under ``regimens`` to day ``follow_up``.

    ``days`` are the study days at which the mechanism is sampled (kept up to the GVHD window, day 180); ``parameters`` replaces
    table values by symbol for this arm. The solution goes on past relapse or death to the end of the GVHD window, so that the
    reference GVHD index can be read; which event came first is in the events table.
    """
    model = transplant_kernel()
    table = parameter_table("transplant")
    values, doses = _inputs(model, cohort, regimens, parameters or {}, follow_up)
    batch = Batch(
        model,
        values,
        start=START_DAY,
        doses=doses,
        sample_days=_visit_days(days),
        settings=settings,
    )
    window = min(table["t_gvhd_max"].value, follow_up)
    journey = {"stop_on": _TERMINAL, "stop_not_before": window, "threads": threads, "chunk": 64}
    batch.advance(follow_up, pause_on=("few_clonogenic",) if extinction_layer else (), progress=progress, **journey)
    fate = np.full((2, len(batch)), np.nan)
    paused = np.flatnonzero(batch.status == Status.PAUSED)
    if len(paused):
        fate[:, paused] = _decide_extinction(batch, paused, cohort, follow_up, threads)
        batch.advance(follow_up, **journey)
    return _result(batch, cohort, fate, days, follow_up)


def _visit_days(days: np.ndarray | None) -> np.ndarray:
    return np.union1d(np.array(MRD_VISITS, dtype=float), np.array([]) if days is None else days)


def _inputs(
    model: CompiledModel, cohort: Cohort, regimens: Sequence[Regimen], overrides: Mapping[str, float], follow_up: float
) -> tuple[np.ndarray, Doses]:
    """The parameter table and the dosing records of the arm, as ``Batch`` takes them."""
    table = model.defaults(len(cohort))
    kept = [regimen for regimen in regimens if regimen.start <= follow_up]
    doses, columns = dosing(model, kept, cohort.effects, len(cohort))
    for symbol, value in {**cohort.constants, **overrides}.items():
        for name in model.kernel.parameters:
            if model.kernel.model.parameters[name].origin.endswith(f"/{symbol}"):
                table[:, model.column(name)] = value
    for name, column in {**cohort.parameters, **columns}.items():
        if name in model.kernel.parameters and model.kernel.model.parameters[name].symbol not in overrides:
            table[:, model.column(name)] = column
    marrow = parameter_table("marrow")
    graft = graft_infusion(
        model,
        cd34=cohort.draws["cd34"],
        committed=cohort.draws["committed"],
        seed=(marrow["seed_C1"].value, marrow["seed_C2"].value),
    )
    return table, joined(graft, doses)


def _decide_extinction(batch: Batch, paused: np.ndarray, cohort: Cohort, follow_up: float, threads: int) -> np.ndarray:
    """Forecast each paused patient to the horizon, draw extinction once, and put the outcome into the batch.

    Returns the probability and whether extinct (0 or 1), shape (2, paused).
    """
    table = parameter_table("transplant")
    step, origin = table["dt_ext"].value, batch.t[paused].copy()
    counts = np.floor((follow_up - origin) / step + 1e-9).astype(np.int64) + 1
    grid = step * np.arange(counts.max())
    forecast = batch.copy(paused, sample_days=grid, origin=origin)
    forecast.advance(origin + step * (counts - 1) + 1e-9, threads=threads, chunk=16)
    birth, death, wake, kill = (np.ascontiguousarray(forecast.samples[:, :, len(READOUTS) + j]) for j in range(4))
    model, clonogenic = batch.model, table["f_c"].value
    cells = {name: batch.state(f"transplant__{name}") for name in ("A", "Q")}
    probability = extinction_probability(
        birth,
        death,
        wake,
        table["f_killQ"].value * kill,
        to_dormant=batch.parameters[paused, model.column("transplant__k_aq")],
        step=step,
        counts=counts,
        cycling=clonogenic * cells["A"][paused],
        dormant=clonogenic * cells["Q"][paused],
    )
    extinct = cohort.draws["extinction"][paused] < probability
    for column in cells.values():
        survivors = np.minimum(column[paused] / np.maximum(1 - probability, 1e-12), 1e11)
        column[paused] = np.where(extinct, 0.0, survivors)
    return np.array([probability, extinct.astype(float)])


def _result(batch: Batch, cohort: Cohort, fate: np.ndarray, days: np.ndarray | None, follow_up: float) -> ArmResult:
    table = parameter_table("transplant")
    relapse, death = batch.event_day("relapse"), batch.event_day("non_relapse_mortality")
    relapse = np.maximum(relapse, 0.0)  # at or above the threshold at the start: a relapse at day 0
    first_relapse = (relapse <= death) & (relapse <= follow_up)
    first_death = (death < relapse) & (death <= follow_up)
    after_relapse = relapse + cohort.draws["post_relapse"] / table["h_pr"].value
    died = np.where(first_death, death, np.where(first_relapse, after_relapse, np.inf))
    columns = {
        "patient": cohort.patients,
        "status": [Status(code).sentence for code in batch.status],
        "relapse_day": _days(relapse, first_relapse),
        "non_relapse_mortality_day": _days(death, first_death),
        "death_day": _days(died, died <= follow_up),
    }
    for name in ("acute_gvhd_2_4", "acute_gvhd_3_4", "engraftment", "surrogate_engraftment"):
        day = batch.event_day(name)
        columns[f"{name}_day"] = _days(day, day <= follow_up)
    columns["extinction_probability"] = _days(fate[0], ~np.isnan(fate[0]))
    columns["extinct"] = fate[1] == 1
    visits = _visit_days(days)
    for visit in MRD_VISITS:
        columns[f"mrd_day_{visit}"] = _measured(batch, cohort, visit, np.minimum(relapse, died), visits)
    kept = np.isin(visits, [] if days is None else days)
    samples = batch.samples[:, kept, : len(READOUTS)]
    return ArmResult(pl.DataFrame(columns), visits[kept], samples)


def _days(values: np.ndarray, valid: np.ndarray) -> pl.Series:
    return pl.Series(np.where(valid, values, np.nan)).fill_nan(None)


def _measured(batch: Batch, cohort: Cohort, visit: int, gone: np.ndarray, visits: np.ndarray) -> pl.Series:
    """log10 of the leukaemic fraction a flow assay would read; null once relapsed or dead. One cell is the least counted."""
    table = parameter_table("transplant")
    load = batch.samples[:, np.searchsorted(visits, visit), list(READOUTS).index("L")]
    noise = table["sd_mrd"].value * normal(cohort.seed, "MRD assay", cohort.patients, visit)
    fraction = np.log10(np.maximum(load, 1.0) / table["K"].value) + noise
    return _days(fraction, gone > visit)
