"""The distributions virtual patients are drawn from, as functions of uniform or normal draws (so that arms share them)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr, ndtri


def log_normal(z: np.ndarray, median: float | np.ndarray, cv: float) -> np.ndarray:
    """Log-normal with the given median and coefficient of variation: omega^2 = ln(1 + CV^2)."""
    return median * np.exp(np.sqrt(np.log1p(cv**2)) * z)


def truncated_normal(u: np.ndarray, mean, sd, lower, upper) -> np.ndarray:
    """Normal redrawn until inside [lower, upper], by inverting the truncated distribution function."""
    low, high = ndtr((lower - mean) / sd), ndtr((upper - mean) / sd)
    return np.clip(mean + sd * ndtri(low + u * (high - low)), lower, upper)


def categorical(u: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """Labels with the given shares; raises ``ValueError`` unless the shares sum to 1."""
    total = sum(shares.values())
    if abs(total - 1) > 1e-9:
        raise ValueError(f"shares of {', '.join(shares)} sum to {total}, not 1")
    edges = np.cumsum(list(shares.values()))[:-1]
    return np.array(list(shares), dtype=object)[np.searchsorted(edges, u, side="right")]


def correlated(z: np.ndarray, other: np.ndarray, correlation: float) -> np.ndarray:
    """A standard normal with the given correlation with ``z``, made from an independent one."""
    return correlation * z + np.sqrt(1 - correlation**2) * other
