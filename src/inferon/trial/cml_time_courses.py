"""Simulated BCR-ABL beside real time courses: a band for every sample somebody took, and how many samples lie inside.

The patients' own courses (the 21 with published rates) get the band of the assay alone; patients of whom only samples are known
get the band of a population, which holds the differences between patients as well.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.cml import draw_cml_cohort
from inferon.cohort.populations import Cohort
from inferon.protocol.assays import bcr_abl_assay
from inferon.protocol.visits import MONTH
from inferon.trial.cml import CmlArm, simulate_cml_arm
from inferon.trial.cml_treatment import CmlTreatment

BAND = 0.90
"""Share of simulated samples inside a band."""

_SEED = 20200401


def published_patient_bands(samples: pl.DataFrame, *, replicates: int = 400, seed: int = _SEED) -> pl.DataFrame:
    """Each sample of the 21 published patients with the band of its own patient's simulated course.

    ``samples``: patient (1 to 21), phase, months from the start of treatment, bcrabl_percent, below_limit (0/1: censored at that
    value). Returned with day, lower, median and upper (percent; 0: nothing counted), and ``inside``. The band is the
    assay's scatter around the course the published rates give; nothing is fitted here.
    """
    days = _days(samples["months"] * MONTH)
    arm = _arm(draw_cml_cohort("cml-published", np.arange(1, 22), seed=seed), CmlTreatment(stops=True), days)
    truth = arm.samples[samples["patient"].to_numpy() - 1, np.searchsorted(arm.days, days), 0]
    repeated = np.tile(
        truth, (replicates, 1)
    ).T  # each sample stands for a patient of its own, each replicate for a visit
    address = {"seed": seed, "patients": np.arange(len(truth)), "days": np.arange(replicates)}
    read = bcr_abl_assay().measure(repeated, **address).value
    return _banded(samples, days, read)


def population_bands(samples: pl.DataFrame, cohort: Cohort, treatment: CmlTreatment) -> pl.DataFrame:
    """Each sample with the band of a simulated population on the same day, as ``published_patient_bands`` gives it.

    ``samples``: patient, days from the start of treatment, bcrabl_percent, and below_limit where some are censored.
    """
    days = _days(samples["days"])
    arm = _arm(cohort, treatment, days)
    read = (
        bcr_abl_assay().measure(arm.samples[:, :, 0], seed=cohort.seed, patients=cohort.patients, days=arm.days).value
    )
    return _banded(samples, days, read[:, np.searchsorted(arm.days, days)].T)


def coverage(bands: pl.DataFrame, *, by: str | None = None) -> pl.DataFrame:
    """Samples, how many lie inside their band, and the share, for each value of ``by`` or all together."""
    counts = (pl.len().alias("samples"), pl.col("inside").sum(), pl.col("inside").mean().alias("coverage"))
    return bands.select(*counts) if by is None else bands.group_by(by).agg(*counts).sort(by)


def _days(values: pl.Series) -> np.ndarray:
    return np.rint(np.maximum(values.to_numpy(), 0.0))


def _arm(cohort: Cohort, treatment: CmlTreatment, days: np.ndarray) -> CmlArm:
    visits = np.union1d(days, [0.0, days.max() + 1])
    return simulate_cml_arm(cohort, treatment, visits=visits, resistance=False, extinction_layer=False)


def _banded(samples: pl.DataFrame, days: np.ndarray, read: np.ndarray) -> pl.DataFrame:
    """``read`` holds simulated results for each sample, (samples, replicates).

    A censored sample lies inside where the band reaches below its limit.
    """
    lower, median, upper = np.quantile(read, [(1 - BAND) / 2, 0.5, (1 + BAND) / 2], axis=1)
    seen = samples["bcrabl_percent"].to_numpy()
    censored = samples["below_limit"].to_numpy() == 1 if "below_limit" in samples.columns else np.zeros(len(seen), bool)
    inside = np.where(censored, lower <= seen, (lower <= seen) & (seen <= upper))
    found = {"day": days, "lower": lower, "median": median, "upper": upper, "inside": inside}
    return samples.with_columns(**{name: pl.Series(column) for name, column in found.items()})
