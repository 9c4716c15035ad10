"""How the pictures of the modules are drawn: medians with bands over time, rounded so that they repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from inferon.report.figures.time_courses import time_courses

PEG = "peginterferon alfa-2a"
SEED = 20250101


Arms = Mapping[str, Mapping[str, np.ndarray]]
"""By arm: each panel's values, (times,) for one patient or (patients, times) for many."""


def drawn(arms: Arms, times: np.ndarray, panels: Mapping[str, tuple[str, bool]], unit: str) -> Any:
    """Panels from top to bottom with their unit and whether the axis starts at 0; medians with 90 % bands of many patients."""
    frames = [
        pl.DataFrame({"panel": panel, "arm": arm, "time": times, **_summary(np.asarray(found[panel]))})
        for arm, found in arms.items()
        for panel in panels
    ]
    chosen = [(panel, unit_of, from_zero) for panel, (unit_of, from_zero) in panels.items()]
    return time_courses(pl.concat(frames), arms=list(arms), panels=chosen, time_unit=unit)


def _summary(found: np.ndarray) -> dict[str, Any]:
    if found.ndim == 1:
        nothing = pl.Series([None] * len(found), dtype=pl.Float64)
        return {"middle": _rounded(found), "lower": nothing, "upper": nothing}
    low, middle, high = np.quantile(found, [0.05, 0.5, 0.95], axis=0)
    return {"middle": _rounded(middle), "lower": _rounded(low), "upper": _rounded(high)}


def _rounded(found: np.ndarray) -> np.ndarray:
    """Four digits: enough for a picture, and the same on every machine."""
    scale = 10.0 ** (3 - np.floor(np.log10(np.maximum(np.abs(found), 1e-12))))
    return np.round(found * scale) / scale


def log10(found: np.ndarray, least: float) -> np.ndarray:
    return np.log10(np.maximum(found, least))
