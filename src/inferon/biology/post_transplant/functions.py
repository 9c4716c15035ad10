"""Closed forms of module L: what an intervention does at one instant, and GVHD after lymphocytes. Constants are arguments."""

from __future__ import annotations

import numpy as np


def gvhd_probability(cd3_per_kg: np.ndarray, *, intercept: float, slope: float, log10_reference: float) -> np.ndarray:
    """Probability of acute GVHD of grade II or more within 12 months of a first infusion of so many CD3+ cells per kg.

    Logistic in log10 of the dose; ``intercept`` is the logit at ``10**log10_reference`` cells/kg.
    """
    logit = intercept + slope * (np.log10(cd3_per_kg) - log10_reference)
    return 1 / (1 + np.exp(-logit))


def gvhd_onset(z: np.ndarray, *, median_days: float, log_sd: float) -> np.ndarray:
    """Days from the infusion to GVHD, log-normal, for standard normal draws ``z``."""
    return median_days * np.exp(log_sd * z)


def cytoreduced(
    cycling: np.ndarray, dormant: np.ndarray, log_kill: np.ndarray | float, *, dormant_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cycling and dormant leukaemic cells after a log10-kill; dormant cells feel only ``dormant_share`` of it."""
    return cycling * 10.0 ** -np.asarray(log_kill), dormant * 10.0 ** -(dormant_share * np.asarray(log_kill))


def infused_cells(first: np.ndarray, cd3_per_kg: float, *, reference_per_kg: float) -> np.ndarray:
    """T cells an infusion adds, relative units: the patient's own first T cells, scaled by the CD3 dose."""
    return first * cd3_per_kg / reference_per_kg
