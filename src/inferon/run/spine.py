"""One study from file to report: names checked, patients simulated, tables, estimates and page written, provenance last.

A run is a directory. Every file appears whole or not at all; blocks of patients are checkpointed, so the same command goes on
after a kill at any moment. Only ``provenance.json`` differs between two runs of the same study.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from inferon.report.page import write_report
from inferon.run import system_run, transplant_run
from inferon.run.catalogues import check_study_names, settled
from inferon.run.provenance import circumstances, reproducible_provenance, science_hash, source_hash
from inferon.run.systems import TRANSPLANT
from inferon.store import Checkpoints, content_key, write_json, write_parquet, write_text
from inferon.study import InputError, Study, resolved_yaml

DEFAULT_CHUNK = 1000

Step = Callable[[str, int], Callable[[int], object]]
"""Called with the name of a step and its amount of work; returns what is called as work is done."""


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, its estimates (as ``estimates.json``) and its provenance."""

    folder: Path
    estimates: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def report(self) -> Path:
        """The self-contained page."""
        return self.folder / "report.html"


@dataclass
class _Clock:
    """Seconds spent in each step."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def _silent(_name: str, _total: int) -> Callable[[int], object]:
    return lambda _done: None


def run_study(
    study: Study,
    out: str | Path,
    *,
    threads: int = 1,
    chunk: int = DEFAULT_CHUNK,
    step: Step = _silent,
    command: str = "",
) -> RunResult:
    """Run a whole study into the folder ``out`` and return where everything is.

    ``threads`` and ``chunk`` (patients simulated and checkpointed at a time) change no table. Raises ``InputError`` before
    anything is written when the study names what does not exist, and ``TooManyFailures`` when patients could not be solved.
    """
    check_study_names(study)
    study = settled(study)
    folder, clock = _own_folder(Path(out), study), _Clock()
    journey = transplant_run if study.model == TRANSPLANT else system_run
    checkpoints = Checkpoints(folder / "unfinished", content_key(resolved_yaml(study), science_hash(), source_hash()))
    with clock.timing("simulation"):
        done = step("Simulating virtual patients", journey.work(study, chunk))
        simulated = journey.simulate(study, checkpoints, threads=threads, chunk=chunk, progress=done)
    with clock.timing("estimates"):
        estimates, tables = journey.summarise(study, simulated, step)
    with clock.timing("tables"):
        _write_tables(folder, {**tables, "patients": journey.patients(study)})
        write_json(estimates, folder / "estimates.json")
    origin = reproducible_provenance(study, tables["events"])
    with clock.timing("report"):
        done = step("Drawing the report", 1)
        write_report(folder, study=study_for_report(study), estimates=estimates, tables=tables, provenance=origin)
        done(1)
    origin |= circumstances(timings=clock.seconds, threads=threads, chunk=chunk, command=command)
    write_json(origin, folder / "provenance.json")
    checkpoints.clear()
    return RunResult(folder, estimates, origin)


def _own_folder(folder: Path, study: Study) -> Path:
    """The folder of the run, with the resolved study in it; one that holds another study's run is refused, not mixed up."""
    resolved, there = resolved_yaml(study), folder / "study.yaml"
    if there.is_file() and there.read_text(encoding="utf-8") != resolved:
        raise InputError(
            "this folder holds the run of another study or seed",
            field="--out",
            found=str(folder),
            allowed="a new folder, or one with a run of this study",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(resolved, there)
    except OSError as error:
        raise InputError(
            "the run cannot be written",
            field="--out",
            found=str(folder),
            allowed=f"a folder one can write to ({error.strerror})",
        ) from None
    return folder


def _write_tables(folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.items():
        write_parquet(table, folder / "tables" / f"{name}.parquet")


def study_for_report(study: Study) -> dict[str, Any]:
    """The study as the plain dictionary the report room takes (units in the names)."""
    regimen_fields = ("drug", "dose_amount", "dose_unit", "route", "start_day", "interval_days", "doses")
    return {
        "title": study.title,
        "question": study.question,
        "model": study.model,
        "families": list(study.families),
        "endpoints": list(study.endpoints),
        "seed": study.seed,
        "report_times_days": list(study.report_times_days),
        "cohort": {
            name: value for name, value in _fields(study.cohort).items() if name not in ("plausible", "weights")
        },
        "trial": {**_fields(study.trial), "power": _fields(study.trial.power) if study.trial.power else None},
        "published": [_fields(result) for result in study.published],
        "arms": {
            name: {
                "regimen": [{f: getattr(dosing, f) for f in regimen_fields} for dosing in arm.regimen],
                "parameters": dict(arm.parameters),
                "settings": dict(arm.settings),
            }
            for name, arm in study.arms.items()
        },
    }


def _fields(record: Any) -> dict[str, Any]:
    """A part of the study by its Python names, numbers as numbers."""
    return {name: getattr(record, name) for name in type(record).model_fields}
