"""When counts and complaints are looked at during treatment, and how exactly a count is measured."""

from __future__ import annotations

from functools import cache

import numpy as np

from inferon.model.catalogue import parameter_table
from inferon.random import normal

NOISE = {"ANC": "cv_anc", "PLT": "cv_plt", "HB": "cv_hb"}
"""Rows of the toxicity table that hold the coefficient of variation of a measured count."""


def safety_visits(last: float, *, first_dose: float = 0.0) -> np.ndarray:
    """Days of the visits after the first dose: weekly for four weeks, then every four weeks, up to and including ``last``."""
    table = parameter_table("toxicity")
    early = table["visit_early"].value * np.arange(1, int(table["n_early"].value) + 1)
    late = np.arange(early[-1] + table["visit_late"].value, last - first_dose + 1e-9, table["visit_late"].value)
    days = first_dose + np.concatenate([early, late])
    return days[days <= last]


def measured(item: str, true: np.ndarray, *, seed: int, patients: np.ndarray, visit: int) -> np.ndarray:
    """What an assay reads: the true count times log-normal noise addressed by item, patient and visit; units as ``true``."""
    return true * np.exp(_spread(item) * normal(seed, f"assay {item}", patients, visit))


@cache
def _spread(item: str) -> float:
    return float(np.sqrt(np.log1p(parameter_table("toxicity")[NOISE[item]].value ** 2)))
