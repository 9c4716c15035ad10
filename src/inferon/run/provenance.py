"""Where a result came from: versions, hashes, machine, timings and what could not be solved."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import polars as pl

from inferon.store import content_key
from inferon.study import Study, resolved_yaml

_PACKAGES = (
    "inferon",
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "polars",
    "antimony",
    "python-libsbml",
    "altair",
    "pydantic",
)


def science_hash() -> str:
    """Hash of every equation, parameter and table of the biology room."""
    return content_key(*(f"{name}:{text}" for name, text in sorted(_texts(files("inferon.biology")))))


def source_hash() -> str:
    """Hash of Inferon's own source files: results of another version are never resumed."""
    return content_key(*(f"{name}:{text}" for name, text in sorted(_texts(files("inferon"), (".py", ".ant", ".csv")))))


def _texts(folder: Traversable, endings: tuple[str, ...] = (".ant", ".csv"), prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _texts(entry, endings, f"{prefix}{entry.name}/")
        elif entry.name.endswith(endings):
            found.append((prefix + entry.name, entry.read_text(encoding="utf-8")))
    return found


def reproducible_provenance(study: Study, events: pl.DataFrame) -> dict[str, Any]:
    """What every repetition of a run has in common; the report prints it."""
    failed = events.filter(pl.col("status") != "ok")
    return {
        "inferon": version("inferon"),
        "command": "inferon run study.yaml",
        "python": 'import inferon\ninferon.run_study(inferon.read_study("study.yaml"), "again")',
        "study_sha256": content_key(resolved_yaml(study)),
        "science_sha256": science_hash(),
        "source_sha256": source_hash(),
        "seed": study.seed,
        "patients_simulated": len(events),
        "patients_not_solved": len(failed),
        "solver_failures": dict(failed["status"].value_counts(sort=True).iter_rows()),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def circumstances(*, timings: dict[str, float], threads: int, chunk: int, command: str) -> dict[str, Any]:
    """What differs from run to run without changing a result; only ``provenance.json`` holds it."""
    return {
        "command_given": command,
        "timings_seconds": {name: round(seconds, 3) for name, seconds in timings.items()},
        "threads": threads,
        "chunk": chunk,
        "python_version": platform.python_version(),
        "machine": {"system": platform.system(), "architecture": platform.machine(), "cores": os.cpu_count()},
    }
