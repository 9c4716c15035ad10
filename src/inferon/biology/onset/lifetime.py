"""Competing risks over a lifetime: cumulative hazards, the age they are used up, and incidence by the age reached.

Hazards (1/yr) are constant within cells of equal width ``step`` (yr) along the last axis; with them everything here is exact.
"""

from __future__ import annotations

import numpy as np


def cumulative_hazard(rates: np.ndarray, step: float) -> np.ndarray:
    """The hazard summed from the first edge to each edge of the cells: one value more than there are cells."""
    summed = np.cumsum(rates, axis=-1) * step
    return np.concatenate([np.zeros((*summed.shape[:-1], 1)), summed], axis=-1)


def age_at(cumulative: np.ndarray, threshold: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The age at which each person's cumulative hazard reaches the threshold; ``inf`` where it never does.

    ``cumulative``: (people or 1, edges), not falling; ``threshold``: (people,). One row for all and the same row for everybody
    give the same bits.
    """
    if len(cumulative) == 1:
        above = np.searchsorted(cumulative[0], threshold, side="right")
        rows = np.zeros(len(threshold), dtype=np.int64)
    else:
        above = np.sum(cumulative <= threshold[:, None], axis=1)
        rows = np.arange(len(threshold))
    last = np.minimum(above, len(edges) - 1)
    low, high = cumulative[rows, last - 1], cumulative[rows, last]
    width = edges[last] - edges[last - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        age = edges[last - 1] + (threshold - low) / (high - low) * width
    return np.where(above < len(edges), age, np.inf)


def hazard_at(cumulative: np.ndarray, age: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Cumulative hazard at each person's age, shape (people,); the inverse of ``age_at``. The edges are equally far apart."""
    step = edges[1] - edges[0]
    cell = np.clip(((age - edges[0]) / step).astype(np.int64), 0, len(edges) - 2)
    rows = np.zeros(len(cell), dtype=np.int64) if len(cumulative) == 1 else np.arange(len(cell))
    low, high = cumulative[rows, cell], cumulative[rows, cell + 1]
    return low + (high - low) * (age - edges[cell]) / step


def cumulative_incidence(rates: np.ndarray, competing: np.ndarray, step: float) -> np.ndarray:
    """Probability of each cause by each edge when the first event counts.

    ``rates``: (causes, cells); ``competing``: (cells,), the hazard of leaving without any of the causes. Returns (causes, edges).
    """
    total = rates.sum(axis=0) + competing
    alive = np.exp(-cumulative_hazard(total, step)[:-1])
    spent = -np.expm1(-total * step)
    share = np.divide(rates, total, out=np.zeros_like(rates), where=total > 0)
    return np.concatenate([np.zeros((len(rates), 1)), np.cumsum(share * spent * alive, axis=-1)], axis=-1)


def life_expectancy(total: np.ndarray, step: float) -> float:
    """Mean years lived under a total hazard, from the first edge to the last."""
    cumulative = cumulative_hazard(total, step)
    alive = np.exp(-cumulative[:-1])
    spent = -np.expm1(-total * step)
    lived = np.where(total > 0, spent / np.where(total > 0, total, 1.0), step)
    return float(np.sum(alive * lived))
