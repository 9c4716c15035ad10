"""Probability that a small population dies out: the two-type birth-death equations integrated backward.

One cycling cell divides at rate ``birth`` and dies at rate ``death``; it becomes dormant at rate ``to_dormant``; one dormant cell
wakes at rate ``wake`` and dies at rate ``dormant_death``. q is the probability that the descendants of one cell are extinct at
the horizon:

    -dq_Q/dt = wake (q_A - q_Q) + dormant_death (1 - q_Q)
    -dq_A/dt = death + birth q_A^2 + to_dormant q_Q - (birth + death + to_dormant) q_A

Source: D. G. Kendall, On the generalized birth-and-death process, Ann. Math. Statist. 19 (1948) 1-15.
"""

from __future__ import annotations

import numpy as np

from inferon.engine.cache import rebuilding, use_cache_for_driver

use_cache_for_driver()

from numba import njit  # noqa: E402

_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}


def extinction_probability(
    birth: np.ndarray,
    death: np.ndarray,
    wake: np.ndarray,
    dormant_death: np.ndarray,
    *,
    to_dormant: np.ndarray,
    step: float,
    counts: np.ndarray,
    cycling: np.ndarray,
    dormant: np.ndarray,
) -> np.ndarray:
    """Probability that ``cycling`` and ``dormant`` cells now are all extinct at the horizon.

    Rates have shape (patients, grid), 1/d, on a grid of ``step`` days from now; patient i uses its first ``counts[i]`` points,
    the last of which is the horizon. ``to_dormant``, ``cycling`` and ``dormant`` have shape (patients,). Fixed-step RK4 of one
    grid step, half-step rates by linear interpolation.
    """
    shape = birth.shape
    for name, rates in (("death", death), ("wake", wake), ("dormant_death", dormant_death)):
        if rates.shape != shape:
            raise ValueError(f"{name} has shape {rates.shape}; birth has {shape}")
    q = np.zeros((shape[0], 2))
    rebuilding(_backward)(birth, death, wake, dormant_death, to_dormant, step, counts, q)
    return q[:, 0] ** cycling * q[:, 1] ** dormant


@njit(**_OPTIONS)
def _slopes(b, d, w, dq, a, q_a, q_q):
    cycling = d + b * q_a * q_a + a * q_q - (b + d + a) * q_a
    dormant = w * (q_a - q_q) + dq * (1.0 - q_q)
    return cycling, dormant


@njit(**_OPTIONS)
def _backward(birth, death, wake, dormant_death, to_dormant, step, counts, q):
    for i in range(birth.shape[0]):
        a = to_dormant[i]
        x, z = 0.0, 0.0
        for j in range(counts[i] - 1, 0, -1):
            b1, d1, w1, e1 = birth[i, j], death[i, j], wake[i, j], dormant_death[i, j]
            b0, d0, w0, e0 = birth[i, j - 1], death[i, j - 1], wake[i, j - 1], dormant_death[i, j - 1]
            bm, dm, wm, em = 0.5 * (b0 + b1), 0.5 * (d0 + d1), 0.5 * (w0 + w1), 0.5 * (e0 + e1)
            x1, z1 = _slopes(b1, d1, w1, e1, a, x, z)
            x2, z2 = _slopes(bm, dm, wm, em, a, x + 0.5 * step * x1, z + 0.5 * step * z1)
            x3, z3 = _slopes(bm, dm, wm, em, a, x + 0.5 * step * x2, z + 0.5 * step * z2)
            x4, z4 = _slopes(b0, d0, w0, e0, a, x + step * x3, z + step * z3)
            x += step / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
            z += step / 6.0 * (z1 + 2.0 * z2 + 2.0 * z3 + z4)
        q[i, 0], q[i, 1] = x, z
