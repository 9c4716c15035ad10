"""A simulation as files in a folder: tables as CSV and Parquet, the picture as SVG and PNG; all of them or none."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from inferon.simulation.results import Simulation
from inferon.store import write_json, write_parquet
from inferon.study import InputError


def write_simulation(simulation: Simulation, folder: str | Path) -> tuple[Path, ...]:
    """Write bands, courses and events (CSV and Parquet), picture.svg, picture.png and summary.json; returns the paths.

    ``bands`` and ``events`` are what was summarised, ``courses`` every patient at every time. Files of an earlier simulation in
    the folder are replaced. Raises ``InputError`` where the folder cannot be made.
    """
    from inferon.report.figures.save import save_figure
    from inferon.simulation.picture import simulation_figure

    target = Path(folder)
    made_folder(target)
    with TemporaryDirectory(dir=target, prefix=".simulation-") as name:
        draft = Path(name)
        tables = {"bands": simulation.bands, "courses": simulation.courses, "events": simulation.events}
        if simulation.records is not None:
            tables["records"] = simulation.records
        for stem, table in tables.items():
            write_table(table, draft / stem)
        write_json(simulation.plain(), draft / "summary.json")
        save_figure(simulation_figure(simulation), draft / "picture")
        return moved(draft, target)


def write_table(table: pl.DataFrame, stem: Path) -> None:
    """One table as CSV and Parquet."""
    table.write_csv(stem.with_suffix(".csv"))
    write_parquet(table, stem.with_suffix(".parquet"))


def made_folder(target: Path) -> None:
    """Make the folder; raises ``InputError`` where that cannot be."""
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder cannot be made ({error.strerror or error})"
        raise InputError(message, field="out", found=str(target), allowed="a folder that can be written") from None


def moved(draft: Path, target: Path) -> tuple[Path, ...]:
    """Every file of the draft in its place."""
    names = sorted(path.name for path in draft.iterdir())
    for name in names:
        os.replace(draft / name, target / name)
    return tuple(target / name for name in names)
