"""What this room finds as files in a folder: tables as CSV and Parquet, pictures as SVG and PNG; all of them or none."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from inferon.simulation.course_comparison import CourseComparison
from inferon.simulation.results import Simulation
from inferon.store import write_json, write_parquet, write_together


def write_simulation(simulation: Simulation, folder: str | Path) -> list[Path]:
    """Write bands, courses and events (CSV and Parquet), picture.svg, picture.png and summary.json; returns the paths.

    ``bands`` and ``events`` are what was summarised, ``courses`` every patient at every time. Files of an earlier simulation in
    the folder are replaced. Raises ``WriteError`` where the folder cannot be made or written to.
    """
    return write_together(partial(_make_simulation, simulation), folder)


def write_comparison(comparison: CourseComparison, folder: str | Path) -> list[Path]:
    """Write bands.csv, coverage.csv (by patient) and the picture as bcr_abl.svg and bcr_abl.png; returns the paths.

    Raises ``WriteError`` where the folder cannot be made or written to.
    """
    return write_together(partial(_make_comparison, comparison), folder)


def _make_simulation(simulation: Simulation, draft: Path) -> None:
    from inferon.report.figures.save import save_figure
    from inferon.simulation.picture import simulation_figure

    tables = {"bands": simulation.bands, "courses": simulation.courses, "events": simulation.events}
    if simulation.records is not None:
        tables["records"] = simulation.records
    for stem, table in tables.items():
        _write_table(table, draft / stem)
    write_json(simulation.plain(), draft / "summary.json")
    save_figure(simulation_figure(simulation), draft / "picture")


def _make_comparison(comparison: CourseComparison, draft: Path) -> None:
    from inferon.report.figures.save import save_figure
    from inferon.simulation.course_picture import comparison_figure

    comparison.bands.write_csv(draft / "bands.csv")
    comparison.by_patient.write_csv(draft / "coverage.csv")
    save_figure(comparison_figure(comparison), draft / "bcr_abl")


def _write_table(table: pl.DataFrame, stem: Path) -> None:
    """One table as CSV and Parquet."""
    table.write_csv(stem.with_suffix(".csv"))
    write_parquet(table, stem.with_suffix(".parquet"))
