"""One arm of a transplant study: virtual patients through the model, the extinction layer, and out as one row a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model, extinction_probability
from inferon.model.catalogue import load_composite, parameter_table
from inferon.model.specialise import specialised
from inferon.protocol.records import Regimen, graft_infusion, joined, prescribe
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
_CLONOGENIC = ("transplant__A", "transplant__Q")
_FORECASTS = 128
"""Patients forecast at once: their rates by quarter days still fit into the processor's cache."""
_GRAFT_STATES = ("donor__C1", "donor__C2")

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
def transplant_kernel(fixed: frozenset[tuple[str, float]] = frozenset(), moved: tuple[str, ...] = ()) -> CompiledModel:
    """The compiled transplant composite with the read-outs of the mechanism and the rates of the extinction layer.

    ``fixed`` holds parameters that are the same in every patient; what they leave without work is not computed. ``moved`` names
    the states that doses change.
    """
    model = (
        specialised(load_composite("transplant"), dict(fixed), moved=moved) if fixed else load_composite("transplant")
    )
    return compile_model(model, (*READOUTS.values(), *_RATES))


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
    reference GVHD index can be read; which event came first is in the events table. Raises ``KeyError`` for an unknown symbol and
    ``ValueError`` for a dose before the model begins.
    """
    _refuse_unknown(parameters or {})
    early = [regimen.start for regimen in regimens if regimen.start < START_DAY]
    if early:
        raise ValueError(f"a dose on day {early[0]:g} lies before the start of the model on day {START_DAY:g}")
    table = {
        **{s: row.value for s, row in parameter_table("transplant").items()},
        **cohort.constants,
        **(parameters or {}),
    }
    model, values, doses = _inputs(cohort, [r for r in regimens if r.start <= follow_up], parameters or {})
    batch = Batch(model, values, start=START_DAY, doses=doses, sample_days=_visit_days(days), settings=settings)
    window = min(table["t_gvhd_max"], follow_up)
    journey = {"stop_on": _TERMINAL, "stop_not_before": window, "threads": threads}
    batch.advance(follow_up, pause_on=("few_clonogenic",) if extinction_layer else (), progress=progress, **journey)
    fate = np.full((2, len(batch)), np.nan)
    paused = np.flatnonzero(batch.status == Status.PAUSED)
    if len(paused):
        fate[:, paused] = decide_extinction(batch, paused, cohort, table, follow_up, threads)
        batch.advance(follow_up, **journey)
    return _result(batch, cohort, table, fate, days, follow_up)


def _refuse_unknown(overrides: Mapping[str, float]) -> None:
    folders = ("interferon_pk", "interferon_response", "marrow", "transplant")
    known = {symbol for folder in folders for symbol in parameter_table(folder)}
    unknown = [symbol for symbol in overrides if symbol not in known]
    if unknown:
        raise KeyError(f"no parameter table has a symbol {unknown[0]!r}")


def _visit_days(days: np.ndarray | None) -> np.ndarray:
    return np.union1d(np.array(MRD_VISITS, dtype=float), np.array([]) if days is None else days)


def _inputs(
    cohort: Cohort, regimens: Sequence[Regimen], overrides: Mapping[str, float]
) -> tuple[CompiledModel, np.ndarray, Doses]:
    """The kernel, the parameter table and the dosing records of an arm, as ``Batch`` takes them.

    What is the same in every patient goes into the kernel, by name and never by looking at the patients at hand, so that a
    patient meets the same arithmetic in any chunk.
    """
    whole = load_composite("transplant").parameters
    values: dict[str, float | np.ndarray] = {name: row.value for name, row in whole.items()}
    changed = {**cohort.constants, **overrides}
    values |= {name: float(changed[row.symbol]) for name, row in whole.items() if row.symbol in changed}
    prescription = prescribe(regimens, cohort.effects, len(cohort), changed)
    columns = {**cohort.parameters, **(prescription.columns if prescription else {})}
    values |= {n: c for n, c in columns.items() if n in whole and whole[n].symbol not in overrides}
    for name in prescription.common if prescription else ():
        values[name] = float(np.asarray(values[name]).flat[0])
    fixed = {name: value for name, value in values.items() if isinstance(value, float)}
    moved = (*_GRAFT_STATES, *(prescription.dosed_states if prescription else ()))
    model = transplant_kernel(frozenset(fixed.items()), moved)
    table = np.column_stack([np.asarray(values[name], dtype=float) for name in model.kernel.parameters])
    marrow = parameter_table("marrow")
    graft = graft_infusion(
        model,
        cd34=cohort.draws["cd34"],
        committed=cohort.draws["committed"],
        seed=(marrow["seed_C1"].value, marrow["seed_C2"].value),
    )
    return model, table, joined(graft, prescription.doses(model)) if prescription else graft


def decide_extinction(
    batch: Batch, paused: np.ndarray, cohort: Cohort, table: Mapping[str, float], follow_up: float, threads: int
) -> np.ndarray:
    """Draw extinction once for each paused patient and put the outcome into the batch.

    Returns the probability and whether extinct (0 or 1), shape (2, paused).
    """
    pieces = [paused[first : first + _FORECASTS] for first in range(0, len(paused), _FORECASTS)]
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        found = pool.map(lambda piece: _extinction_probability(batch, piece, table, follow_up), pieces)
    probability = np.concatenate(list(found))
    extinct = cohort.draws["extinction"][paused] < probability
    for name in _CLONOGENIC:
        column = batch.state(name)
        survivors = np.minimum(column[paused] / np.maximum(1 - probability, 1e-12), 10 ** table["logL0_max"])
        column[paused] = np.where(extinct, 0.0, survivors)
    return np.array([probability, extinct.astype(float)])


def _extinction_probability(
    batch: Batch, paused: np.ndarray, table: Mapping[str, float], follow_up: float
) -> np.ndarray:
    """Forecast the paused patients (indices) to the horizon as if they went on, and from that their chance of extinction."""
    step, origin = table["dt_ext"], batch.t[paused].copy()
    counts = np.floor((follow_up - origin) / step + 1e-9).astype(np.int64) + 1
    forecast = batch.copy(paused, sample_days=step * np.arange(counts.max()), origin=origin)
    forecast.advance(origin + step * (counts - 1) + 1e-9)
    birth, death, wake, kill = (forecast.samples[:, :, len(READOUTS) + j] for j in range(4))
    cycling, dormant = (table["f_c"] * batch.state(name)[paused] for name in _CLONOGENIC)
    return extinction_probability(
        birth,
        death,
        wake,
        table["f_killQ"] * kill,
        to_dormant=np.full(len(paused), table["k_aq"]),
        step=step,
        counts=counts,
        cycling=cycling,
        dormant=dormant,
    )


def _result(
    batch: Batch,
    cohort: Cohort,
    table: Mapping[str, float],
    fate: np.ndarray,
    days: np.ndarray | None,
    follow_up: float,
) -> ArmResult:
    relapse, death = batch.event_day("relapse"), batch.event_day("non_relapse_mortality")
    relapse = np.maximum(relapse, 0.0)  # at or above the threshold at the start: a relapse at day 0
    first_relapse = (relapse <= death) & (relapse <= follow_up)
    first_death = (death < relapse) & (death <= follow_up)
    after_relapse = relapse + cohort.draws["post_relapse"] / table["h_pr"]
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
        columns[f"mrd_day_{visit}"] = _measured(batch, cohort, table, visit, np.minimum(relapse, died), visits)
    kept = np.isin(visits, [] if days is None else days)
    samples = batch.samples[:, kept, : len(READOUTS)]
    return ArmResult(pl.DataFrame(columns), visits[kept], samples)


def _days(values: np.ndarray, valid: np.ndarray) -> pl.Series:
    return pl.Series(np.where(valid, values, np.nan)).fill_nan(None)


def _measured(
    batch: Batch, cohort: Cohort, table: Mapping[str, float], visit: int, gone: np.ndarray, visits: np.ndarray
) -> pl.Series:
    """log10 of the leukaemic fraction a flow assay would read; null once relapsed or dead. One cell is the least counted."""
    load = batch.samples[:, np.searchsorted(visits, visit), list(READOUTS).index("L")]
    noise = table["sd_mrd"] * normal(cohort.seed, "MRD assay", cohort.patients, visit)
    fraction = np.log10(np.maximum(load, 1.0) / table["K"]) + noise
    return _days(fraction, gone > visit)
