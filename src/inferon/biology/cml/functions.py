"""Chronic myeloid leukaemia in closed form: the immune window, and founders of resistant clones.

Pure array functions of numpy; every constant comes from the caller, who has it from the parameter tables.
"""

from __future__ import annotations

import numpy as np


def immune_window(p_z: np.ndarray, K_z: np.ndarray, a: float) -> tuple[np.ndarray, np.ndarray]:
    """Loads (scaled cells) between which recruitment of immune cells exceeds their decay; not a number where there is none.

    ``p_z`` scaled cells/month, ``K_z`` scaled cells, ``a`` 1/month. The two roots of a Y^2 - p_z Y + a K_z^2 = 0.
    """
    p_z, K_z = np.asarray(p_z, dtype=float), np.asarray(K_z, dtype=float)
    inside = p_z**2 - (2 * a * K_z) ** 2
    root = np.sqrt(np.where(inside >= 0, inside, np.nan))
    upper = (p_z + root) / (2 * a)
    return K_z**2 / upper, upper


def establishment(birth: np.ndarray, death: np.ndarray) -> np.ndarray:
    """Probability that the descendants of one cell never die out at constant rates (1/d): 1 - death/birth, at least 0.

    Source: Kendall 1948, for a horizon far away.
    """
    birth, death = np.broadcast_arrays(np.asarray(birth, dtype=float), np.asarray(death, dtype=float))
    safe = np.where(birth > 0, birth, 1.0)
    return np.where(birth > 0, np.clip(1 - death / safe, 0.0, 1.0), 0.0)


def cumulative_founders(
    cycling: np.ndarray, days: np.ndarray, division: np.ndarray, *, u: float, n_scale: float
) -> np.ndarray:
    """Expected number of mutants born by each of ``days``, shape (patients, days).

    ``cycling`` scaled cells (patients, days), ``division`` 1/d (the same shape or broadcast), ``u`` mutations per division,
    ``n_scale`` real cells per scaled cell. The rate u * division * n_scale * cycling is integrated by trapezoids.
    """
    rate = u * n_scale * division * cycling
    steps = 0.5 * (rate[:, 1:] + rate[:, :-1]) * np.diff(days)
    return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(steps, axis=1)], axis=1)


def founder_days(expected: np.ndarray, days: np.ndarray, arrivals: np.ndarray) -> np.ndarray:
    """Days on which the founders of an inhomogeneous Poisson process are born, (patients, founders); ``inf``: later or never.

    ``expected`` is the cumulative intensity on ``days``; ``arrivals`` (patients, founders) are running sums of unit
    exponentials, so that a longer follow-up adds founders and moves none.
    """
    born = np.full(arrivals.shape, np.inf)
    for i in range(len(expected)):
        known = arrivals[i] <= expected[i, -1]
        born[i, known] = np.interp(arrivals[i, known], expected[i], days)
    return born
