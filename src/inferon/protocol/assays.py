"""Assays that count molecules or cells: a true share becomes a number of positives among a number examined.

Counting decides what can be seen: a quantitative PCR of BCR-ABL counts transcripts among copies of a control gene, a flow assay
of measurable residual disease counts cells among cells acquired, a viral load counts genomes in a volume of plasma. All three
are the same arithmetic: log-normal error of the assay, log-normal quality of the sample, Poisson counts, and a least count to
call the result positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from inferon.model.catalogue import parameter_table
from inferon.random import normal, uniform


@dataclass(frozen=True, kw_only=True)
class CountingAssay:
    """One assay.

    Attributes
    ----------
    name: also the name of its random streams, so that two assays of one patient err independently.
    examined: median number examined in a sample: control-gene copies, cells, or genomes seen per unit of load.
    examined_cv: between samples (log-normal).
    noise_sd: of the result, log10 (log-normal).
    least_count: fewest positives that count as detected.
    scale: what a share of 1 reads (100 for percent; 1 for a load per volume).
    """

    name: str
    examined: float
    examined_cv: float = 0.0
    noise_sd: float = 0.0
    least_count: int = 1
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (self.examined > 0 and self.examined_cv >= 0 and self.noise_sd >= 0):
            raise ValueError(f"{self.name}: examined must be positive, variability and noise not negative")
        if self.least_count < 1:
            raise ValueError(f"{self.name}: least_count is {self.least_count}; allowed: 1 or more")

    def measure(self, truth: np.ndarray, *, seed: int, patients: np.ndarray, days: np.ndarray) -> Measurement:
        """What the assay reads of ``truth`` (patients, visits), in the unit of ``scale``, at visits on whole ``days``.

        The error of a sample belongs to patient and day: it is the same in every arm and whatever else is measured. Raises
        ``ValueError`` where a share is negative or not a number.
        """
        truth = np.asarray(truth, dtype=float)
        if not np.all(truth >= 0):
            raise ValueError(f"{self.name}: a measured quantity is negative or not a number")
        numbers, visit = np.asarray(patients)[:, None], np.rint(np.asarray(days)).astype(np.int64)[None, :]
        examined = self.examined * np.ones((len(numbers), visit.shape[1]))
        if self.examined_cv > 0:
            spread = np.sqrt(np.log1p(self.examined_cv**2))
            examined *= np.exp(spread * normal(seed, f"{self.name} sample", numbers, visit))
        mean = truth / self.scale * examined
        if self.noise_sd > 0:
            mean = mean * 10 ** (self.noise_sd * normal(seed, f"{self.name} noise", numbers, visit))
        counted = poisson.ppf(uniform(seed, f"{self.name} count", numbers, visit), mean).astype(np.int64)
        return Measurement(examined, counted, self.scale * counted / examined, counted >= self.least_count)

    def limit_of_detection(self, *, probability: float) -> float:
        """The least true value detected with ``probability`` in a median sample without noise, in the unit of ``scale``."""
        low, high = 0.0, 1.0
        while poisson.sf(self.least_count - 1, high) < probability:
            high *= 2
        for _ in range(80):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if poisson.sf(self.least_count - 1, middle) < probability else (low, middle)
        return self.scale * high / self.examined


@dataclass(frozen=True)
class Measurement:
    """Results of an assay, each of shape (patients, visits).

    Attributes
    ----------
    examined: number examined (quality of the sample).
    counted: positives counted.
    value: ``counted`` over ``examined`` in the unit of the assay; 0 where nothing was counted.
    detected: whether enough were counted to call the result positive.
    """

    examined: np.ndarray
    counted: np.ndarray
    value: np.ndarray
    detected: np.ndarray


def bcr_abl_assay() -> CountingAssay:
    """Quantitative PCR of BCR-ABL, percent on the international scale: transcripts among copies of ABL."""
    row = parameter_table("cml")
    return CountingAssay(
        name="BCR-ABL",
        examined=row["n_ABL"].value,
        examined_cv=row["n_ABL"].variability or 0.0,
        noise_sd=row["sd_ratio"].value,
        scale=100.0,
    )
