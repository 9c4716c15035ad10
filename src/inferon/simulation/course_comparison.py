"""Measured BCR-ABL beside the simulated band of every sample, and how many samples lie inside.

The table is read where it lies. The 21 published patients get the band of the assay around each one's own course; anybody else
that of the response population under continuous imatinib, which holds the differences between patients as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_MONTH
from inferon.cohort.cml import draw_cml_cohort, published_patients
from inferon.simulation.course_samples import read_samples
from inferon.study import InputError
from inferon.trial.cml_time_courses import BAND, coverage, population_bands, published_patient_bands
from inferon.trial.cml_treatment import CmlTreatment

if TYPE_CHECKING:
    from inferon.analysis.table import RawTable

PUBLISHED, FIRST_LINE = "published", "first-line"
BESIDE = {
    PUBLISHED: "the assay's scatter around each published patient's own course",
    FIRST_LINE: "the response population on imatinib: differences between patients, and the assay",
}
"""What the band is of."""

QUARTER = DAYS_PER_MONTH * 3
FEWEST_PATIENTS = 20
"""Patients behind a band: of fewer, its limits are hardly more than the lowest and the highest of them."""


@dataclass(frozen=True)
class CourseComparison:
    """Samples with their band, and coverage: of all, by part (phase or quarter of a year) and by patient.

    Attributes
    ----------
    beside: a word of ``BESIDE``.
    bands: the samples (with ``days``), each with lower, median and upper (percent; 0: nothing counted) and inside.
    whole, by_part, by_patient: samples, how many lie inside, and their share; ``by_part`` is empty without a phase.
    """

    beside: str
    bands: pl.DataFrame
    whole: pl.DataFrame
    by_part: pl.DataFrame
    by_patient: pl.DataFrame

    @property
    def sentence(self) -> str:
        """Coverage of all samples in words."""
        whole = self.whole.row(0, named=True)
        return (
            f"{100 * BAND:.0f} % band of {BESIDE[self.beside]}: {whole['inside']} of {whole['samples']} samples inside, "
            f"coverage {100 * whole['coverage']:.1f} %."
        )

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


def compare_courses(
    data: str | Path | pl.DataFrame, *, beside: str | None = None, patients: int = 1500, seed: int = 3
) -> CourseComparison:
    """How many measured BCR-ABL samples lie inside their simulated 90 % band?

    ``data``: CSV, Parquet or frame with patient, days (or months) from the start of treatment and bcrabl_percent; phase and
    below_limit (1: censored at that value) if there. ``beside`` is a word of ``BESIDE``; without it a table with a phase is of
    the published patients. ``patients`` and ``seed`` are those of the population behind the band. Samples from before the start
    count as of day 0. Raises ``InputError`` for a table that does not fit.
    """
    if beside is not None and beside not in BESIDE:
        raise InputError("", field="beside", found=beside, allowed=list(BESIDE))
    if patients < FEWEST_PATIENTS:
        raise InputError("", field="patients", found=patients, allowed=f"{FEWEST_PATIENTS} or more")
    if seed < 0:
        raise InputError("", field="seed", found=seed, allowed="0 or more")
    samples, raw = read_samples(data)
    beside = beside or (PUBLISHED if "phase" in samples.columns else FIRST_LINE)
    if beside == PUBLISHED:
        _refuse_strangers(samples, raw)
        bands, part = published_patient_bands(samples.with_columns(months=pl.col("days") / DAYS_PER_MONTH)), "phase"
        bands = bands.drop("months")
    else:
        cohort = draw_cml_cohort("cml-first-line", np.arange(patients), seed=seed)
        bands, part = population_bands(samples, cohort, CmlTreatment()), "quarter"
        bands = bands.with_columns(quarter=(pl.col("days").clip(lower_bound=0) / QUARTER).floor().cast(pl.Int64) + 1)
    by_part = coverage(bands, by=part) if part in bands.columns else pl.DataFrame()
    return CourseComparison(beside, bands, coverage(bands), by_part, coverage(bands, by="patient"))


def _refuse_strangers(samples: pl.DataFrame, raw: RawTable) -> None:
    known = published_patients()["patient"]
    strange = (~samples["patient"].is_in(known.to_list())).arg_true()
    if len(strange):
        row = strange[0]
        allowed = f"{known.min()} to {known.max()}, the published patients; for others beside {FIRST_LINE}"
        raise InputError("", **raw.place("patient", row), found=samples["patient"][row], allowed=allowed)
