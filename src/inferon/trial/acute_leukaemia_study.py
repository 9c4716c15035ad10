"""Acute leukaemia in the marrow: untreated, or given courses of chemotherapy; what follows from the blood counts.

A clone grows from one stem cell to a share of blasts, which is day 0. A course acts at once, by its log10 kills; between visits
hazards of infection and bleeding follow the counts, and some of either are fatal. Leukaemia itself has no other way to kill here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort.distributions import log_normal
from inferon.engine import Batch, CompiledModel, Settings, Status, compile_model
from inferon.model.catalogue import biology, load_composite, parameter_table
from inferon.random import exponential, normal

PRESETS = ("AML_default", "AML_fast", "AML_slow", "ALL")
READOUTS = ("marrow__ANC", "marrow__PLT", "marrow__HB", "blast_fraction")
SETTINGS = Settings(rtol=1e-6, atol={f"leukaemia__L{i}": 1e-6 for i in (1, 2, 3)})
VISIT_DAYS = 3.5
"""Between visits: counts are looked at, and blood is given, twice a week."""

_SEARCH = np.arange(0.0, 3601.0, 4.0)
"""Days on which the share of blasts is looked up to find day 0."""

_CLONE = ("leukaemia__L1", "leukaemia__L2", "leukaemia__L3")


@dataclass(frozen=True)
class Course:
    """log10 kill of stem cells, committed cells and their chains, leukaemic stem cells, blasts; spread of the last two."""

    stem_cells: float
    committed: float
    leukaemic_stem_cells: float
    blasts: float
    spread: float


@dataclass(frozen=True)
class AcuteResult:
    """``patients`` (one row each, days from day 0) and ``visits`` (one row a patient and visit)."""

    patients: pl.DataFrame
    visits: pl.DataFrame


def _rows(name: str) -> list[dict[str, str]]:
    with (biology() / "marrow" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def courses() -> Mapping[str, Course]:
    """Courses of chemotherapy by name, from the table of the marrow module."""
    columns = ("LK_C1", "LK_C2", "LK_L1", "LK_L2", "sd_LK_L")
    return {row["course"]: Course(*(float(row[name]) for name in columns)) for row in _rows("chemotherapy.csv")}


@cache
def consequences() -> Mapping[str, float]:
    """What blood counts lead to: thresholds and hazards by symbol, from the table of the marrow module."""
    return {row["symbol"]: float(row["value"]) for row in _rows("consequences.csv")}


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
    unknown = [name for _, name in given if name not in courses()]
    if unknown:
        raise KeyError(f"unknown course {unknown[0]!r}; allowed: {', '.join(courses())}")
    share = consequences()["blasts_diagnosis"] if blasts is None else blasts
    batch, numbers, growth = _at_diagnosis(np.asarray(patients), seed, preset, share, threads)
    visits = np.union1d(
        np.arange(0.0, days[-1] + 1e-9, VISIT_DAYS), [*days, *(day for day, _ in given if day <= days[-1])]
    )
    follow = batch.copy(np.arange(len(batch)), sample_days=visits, origin=growth)
    clinic = _Clinic(numbers, seed, transfusions)
    kills = {day: courses()[name] for day, name in given}
    for number, day in enumerate(visits):
        follow.advance(growth + day + 1e-9, threads=threads)
        clinic.look(follow, number, float(day))
        if day in kills:
            _give(follow, kills[day], normal(seed, "sensitivity to chemotherapy", numbers))
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


def _give(batch: Batch, course: Course, z: np.ndarray) -> None:
    """A whole course at once; nobody's leukaemia gains by it."""
    batch.state("marrow__C1")[:] *= 10.0**-course.stem_cells
    for name in batch.model.kernel.states:
        if name == "marrow__C2" or name.startswith("marrow__X_"):
            batch.state(name)[:] *= 10.0**-course.committed
    for name, mean in zip(_CLONE[:2], (course.leukaemic_stem_cells, course.blasts), strict=True):
        batch.state(name)[:] *= 10.0 ** -np.maximum(mean + course.spread * z, 0.0)


def _let_the_last_cell_die(batch: Batch) -> None:
    """Fewer leukaemic cells than one in the body are none."""
    few = batch.state("leukaemia__L1") + batch.state("leukaemia__L2") < consequences()["one_cell"]
    for name in _CLONE:
        batch.state(name)[few] = 0.0


class _Clinic:
    """What visits see, and what the counts lead to between them."""

    def __init__(self, patients: np.ndarray, seed: int, transfusions: bool) -> None:
        self.numbers, self.transfusions, self.value = patients, transfusions, consequences()
        draws = {"infection": "infection", "bleeding": "bleeding", "death": "death of a complication"}
        self.threshold = {name: exponential(seed, stream, patients) for name, stream in draws.items()}
        self.summed = {name: np.zeros(len(patients)) for name in draws}
        self.day = {name: np.full(len(patients), np.inf) for name in (*draws, "remission", "relapse")}
        self.low = {name: np.full(len(patients), np.inf) for name in ("ANC", "PLT", "HB")}
        self.units, self.neutropenic, self.extra = (np.zeros(len(patients)) for _ in range(3))
        self.seen: list[tuple[float, dict[str, np.ndarray]]] = []

    def look(self, batch: Batch, number: int, day: float) -> None:
        """One visit: hazards since the last one, counts, remission, transfusions."""
        now = {name.removeprefix("marrow__"): batch.samples[:, number, place] for place, name in enumerate(READOUTS)}
        if self.seen:
            self._pass(self.seen[-1], day)
        v = self.value
        for name, limit in (("ANC", v["anc_half"]), ("PLT", 20.0), ("HB", v["hb_transfuse"])):
            self.low[name] = np.where(np.isinf(self.low[name]) & (now[name] < limit), day, self.low[name])
        clear = now["blast_fraction"] < v["blasts_remission"]
        complete = clear & (now["ANC"] >= v["anc_remission"]) & (now["PLT"] >= v["plt_remission"])
        self.day["remission"] = np.where(np.isinf(self.day["remission"]) & complete, day, self.day["remission"])
        back = (self.day["remission"] < day) & ~clear & np.isinf(self.day["relapse"])
        self.day["relapse"] = np.where(back, day, self.day["relapse"])
        if self.transfusions:
            self._transfuse(batch, now)
        self.seen.append(
            (day, {**now, "remission": complete, "clear": clear, "platelets_seen": now["PLT"] + self.extra})
        )

    def _pass(self, last: tuple[float, dict[str, np.ndarray]], day: float) -> None:
        """The days since the last visit at the hazards of that visit's counts."""
        before, counts = last
        v, days = self.value, day - before
        neutrophils, platelets = counts["ANC"], counts["platelets_seen"]
        low = np.where(
            neutrophils < v["anc_half"], v["h_inf_half"], np.where(neutrophils < v["anc_one"], v["h_inf_one"], 0.0)
        )
        hazard = {"infection": v["h_inf_0"] + low}
        hazard["bleeding"] = v["h_bleed_0"] * np.exp(np.maximum(0.0, v["plt_bleed"] - platelets) / v["plt_scale"])
        hazard["death"] = v["p_fatal"] * (hazard["infection"] + hazard["bleeding"])
        for name, rate in hazard.items():
            left = self.threshold[name] - self.summed[name]
            struck = np.isinf(self.day[name]) & (rate * days >= left)
            self.day[name] = np.where(struck, before + left / rate, self.day[name])
            self.summed[name] += rate * days
        self.neutropenic += np.where(neutrophils < v["anc_half"], days, 0.0)
        self.extra *= np.exp(-v["k_transfused"] * days)

    def _transfuse(self, batch: Batch, now: Mapping[str, np.ndarray]) -> None:
        v = self.value
        red = now["HB"] < v["hb_transfuse"]
        batch.state("marrow__B_R")[red] += v["hb_unit"] / parameter_table("marrow")["HB_1"].value
        platelets = now["PLT"] + self.extra < v["plt_transfuse"]
        self.extra[platelets] += v["plt_unit"]
        self.units += red.astype(float) + platelets

    def patients(self, batch: Batch, growth: np.ndarray) -> pl.DataFrame:
        """One row a patient; what would come after a death does not count."""
        death = self.day["death"]
        days = {f"{name}_day": column for name, column in self.day.items()}
        days |= {
            "neutropenia_day": self.low["ANC"],
            "low_platelets_day": self.low["PLT"],
            "low_haemoglobin_day": self.low["HB"],
        }
        kept = {name: np.where(np.isfinite(day) & (day <= death), day, np.nan) for name, day in days.items()}
        columns = {
            "patient": self.numbers,
            "status": [Status(code).sentence for code in batch.status],
            "growth_days": growth,
            **kept,
            "transfusions": self.units,
            "neutropenic_days": self.neutropenic,
            "extinct": batch.state(_CLONE[0]) == 0.0,
        }
        return pl.DataFrame(columns).fill_nan(None)

    def visits(self, days: np.ndarray) -> pl.DataFrame:
        """One row a patient and sampled day, of those alive then."""
        frames = []
        for day, seen in self.seen:
            if np.isclose(days, day).any():
                columns = {"patient": self.numbers, "alive": self.day["death"] > day, **seen}
                frames.append(pl.DataFrame(columns).with_columns(time_days=pl.lit(day)))
        return pl.concat(frames).filter("alive").sort("patient", "time_days").fill_nan(None)
