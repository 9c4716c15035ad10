"""`inferon models courses`: measured BCR-ABL beside simulated bands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inferon.cli.models.arguments import AsJson

if TYPE_CHECKING:
    from inferon.simulation import CourseComparison

OPTIONS = {name: f"--{name}" for name in ("beside", "patients", "seed")}


def courses(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV of samples: patient, days or months, bcrabl_percent.")
    ],
    beside: Annotated[
        str | None, typer.Option(help="published or first-line; a table with a phase is of the published patients.")
    ] = None,
    patients: Annotated[int, typer.Option(help="Virtual patients behind the band of a population; 20 or more.")] = 1500,
    seed: Annotated[int, typer.Option(help="Seed of the virtual patients.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Folder for bands, coverage and the picture.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measured BCR-ABL time courses beside the simulated 90 % band of every sample, and how many samples lie inside."""
    from inferon.cli.telling import told_by_option, written_by
    from inferon.simulation import compare_courses, write_comparison

    with told_by_option(OPTIONS):
        found = compare_courses(data, beside=beside, patients=patients, seed=seed)
    with written_by("--out"):
        written = write_comparison(found, out) if out is not None else []
    if as_json:
        typer.echo(json.dumps({**found.plain(), "files": [str(path) for path in written]}, ensure_ascii=False))
    else:
        _print(found, written)


def _print(found: CourseComparison, written: list[Path]) -> None:
    """Coverage of all samples in one line, by part as a table, and the files."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(found.sentence)
    if len(found.by_part):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for heading in found.by_part.columns:
            table.add_column(heading, justify="right")
        for row in found.by_part.rows():
            table.add_row(*(f"{100 * cell:.1f} %" if isinstance(cell, float) else str(cell) for cell in row))
        console.print(table)
    for path in written:
        console.print(str(path), highlight=False)
