"""`inferon models courses`: measured BCR-ABL beside the simulated band of every sample, and how many samples lie inside.

The table is read where it lies. The 21 published patients get the band of the assay around each one's own course; anybody else
that of the response population under continuous imatinib, which holds the differences between patients as well.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from inferon.analysis.table import RawTable, read_table
from inferon.biology.calendar import DAYS_PER_MONTH
from inferon.cohort.cml import draw_cml_cohort, published_patients
from inferon.study import InputError
from inferon.trial.cml_time_courses import BAND, coverage, population_bands, published_patient_bands
from inferon.trial.cml_treatment import CmlTreatment

BESIDE = {
    "published": "the assay's scatter around each published patient's own course",
    "first-line": "the response population on imatinib: differences between patients, and the assay",
}
"""What the band is of."""

PATIENTS, SEED = 1500, 3
QUARTER = DAYS_PER_MONTH * 3


@dataclass(frozen=True)
class Courses:
    """Samples with their band, and coverage: of all, by part (phase or quarter of a year) and by patient.

    ``bands``: the samples (with ``days``), each with lower, median and upper (percent; 0: nothing counted) and inside.
    """

    beside: str
    bands: pl.DataFrame
    whole: pl.DataFrame
    by_part: pl.DataFrame
    by_patient: pl.DataFrame

    def plain(self) -> dict[str, Any]:
        """Coverage as plain values."""
        tables = {"by_part": self.by_part, "by_patient": self.by_patient}
        return {
            "beside": self.beside,
            "band_of": BESIDE[self.beside],
            "band": BAND,
            **self.whole.to_dicts()[0],
            **{name: table.to_dicts() for name, table in tables.items()},
        }


def courses(data: Path, *, beside: str | None = None, patients: int = PATIENTS, seed: int = SEED) -> Courses:
    """Simulate the band of every sample of a table: patient, days or months, bcrabl_percent; phase and below_limit if there.

    ``beside`` None: a table with a phase is of the published patients. Raises ``InputError`` for a table that does not fit.
    """
    samples = _samples(data)
    beside = beside or ("published" if "phase" in samples.columns else "first-line")
    if beside not in BESIDE:
        raise InputError("", field="--beside", found=beside, allowed=list(BESIDE))
    if beside == "published":
        _refuse_strangers(samples, data)
        bands, part = published_patient_bands(samples.with_columns(months=pl.col("days") / DAYS_PER_MONTH)), "phase"
        bands = bands.drop("months")
    else:
        cohort = draw_cml_cohort("cml-first-line", np.arange(patients), seed=seed)
        bands, part = population_bands(samples, cohort, CmlTreatment()), "quarter"
        bands = bands.with_columns(quarter=(pl.col("days") / QUARTER).floor().cast(pl.Int64) + 1)
    by_part = coverage(bands, by=part) if part in bands.columns else pl.DataFrame()
    return Courses(beside, bands.drop("line"), coverage(bands), by_part, coverage(bands, by="patient"))


def write_courses(found: Courses, folder: Path) -> list[Path]:
    """Write bands.csv, coverage.csv and the picture as SVG and PNG; all of them or none."""
    from inferon.cli.model_courses_figure import courses_figure
    from inferon.report.figures.save import save_figure

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder cannot be made ({error.strerror or error})"
        raise InputError(message, field="--out", found=str(folder), allowed="a folder that can be written") from None
    with TemporaryDirectory(dir=folder, prefix=".courses-") as name:
        draft = Path(name)
        found.bands.write_csv(draft / "bands.csv")
        found.by_patient.write_csv(draft / "coverage.csv")
        save_figure(courses_figure(found), draft / "bcr_abl")
        made = sorted(path.name for path in draft.iterdir())
        for file in made:
            os.replace(draft / file, folder / file)
    return [folder / file for file in made]


def print_courses(found: Courses, written: list[Path]) -> None:
    """Coverage of all samples in one line, by part as a table, and the files."""
    from rich.console import Console
    from rich.table import Table

    console, whole = Console(), found.whole.to_dicts()[0]
    console.print(
        f"{100 * BAND:.0f} % band of {BESIDE[found.beside]}: {whole['inside']} of {whole['samples']} samples inside, "
        f"coverage {100 * whole['coverage']:.1f} %."
    )
    if len(found.by_part):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for heading in found.by_part.columns:
            table.add_column(heading, justify="right")
        for row in found.by_part.rows():
            table.add_row(*(f"{100 * cell:.1f} %" if isinstance(cell, float) else str(cell) for cell in row))
        console.print(table)
    for path in written:
        console.print(str(path), highlight=False)


def _samples(data: Path) -> pl.DataFrame:
    """The table checked and converted, with the line of each row."""
    read_table(data, ["patient", "bcrabl_percent"])
    with data.open(encoding="utf-8-sig", newline="") as lines:
        there = [name.strip() for name in next(csv.reader(lines))]
    time = next((name for name in ("days", "months") if name in there), None)
    if time is None:
        raise InputError(
            "there is no column of time", file=data, line=1, found=", ".join(there), allowed="days, months"
        )
    optional = [name for name in ("phase", "below_limit") if name in there]
    raw = read_table(data, ["patient", time, "bcrabl_percent", *optional])
    columns: dict[str, list[Any]] = {
        "line": raw.lines or list(range(1, len(raw.columns["patient"]) + 1)),
        "patient": _converted(raw, "patient", int, "a whole number"),
        "days": _converted(raw, time, float, "a number; before the start counts as day 0", least=-np.inf),
        "bcrabl_percent": _converted(raw, "bcrabl_percent", float, "percent, 0 or more"),
    }
    if "below_limit" in optional:
        columns["below_limit"] = _converted(raw, "below_limit", int, "0 or 1")
    if "phase" in optional:
        columns["phase"] = raw.columns["phase"]
    table = pl.DataFrame(columns)
    return table.with_columns(days=pl.col("days") * DAYS_PER_MONTH) if time == "months" else table


def _converted(
    raw: RawTable, column: str, kind: Callable[[str], float], allowed: str, *, least: float = 0
) -> list[float]:
    found = []
    for row, text in enumerate(raw.columns[column]):
        try:
            value = kind(text)
        except ValueError:
            value = np.nan
        if not (least <= value and abs(value) < np.inf) or (column == "below_limit" and value > 1):
            raise InputError("", **raw.place(column, row), found=text, allowed=allowed)
        found.append(value)
    return found


def _refuse_strangers(samples: pl.DataFrame, data: Path) -> None:
    known = published_patients()["patient"]
    strange = samples.filter(~pl.col("patient").is_in(known.to_list()))
    if len(strange):
        row = strange.row(0, named=True)
        allowed = f"{known.min()} to {known.max()}; for other patients --beside first-line"
        raise InputError("", file=data, line=row["line"], field="patient", found=row["patient"], allowed=allowed)
