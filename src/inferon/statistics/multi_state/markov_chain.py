"""Where is a patient after time t if the rates between states are constant, or constant in periods?

    P(t) = exp(Q t)          with periods: P = exp(Q₁ t₁) exp(Q₂ t₂) …, the first period first

Q holds the rate from each state to each other one; its rows add up to 0. Source: Kalbfleisch & Lawless, J Am Stat Assoc
1985;80:863-871. Equal to MatrixExp() of R's msm; the exponential is scipy's scaled Padé approximation (Al-Mohy & Higham 2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import expm

from inferon.statistics.shared.columns import Floats

ROW_SUM = 1e-9
"""A row of rates may miss 0 by this fraction of its largest rate (rounding in the input)."""


def markov_chain(rates: ArrayLike, time: ArrayLike) -> Floats:
    """The transition matrix P, shape (states, states): P[h, j] is the probability of j at the end, from h at the start.

    rates  Q of shape (states, states), or one a period, shape (periods, states, states), per unit of time
    time   how long, a number >= 0, or the length of each period, shape (periods,)

    ValueError when Q is not square, has a negative rate off the diagonal or rows that do not add up to 0.
    """
    periods = np.asarray(rates, dtype=np.float64)
    periods = periods[None] if periods.ndim == 2 else periods
    lengths = np.atleast_1d(np.asarray(time, dtype=np.float64))
    if periods.ndim != 3 or periods.shape[1] != periods.shape[2]:
        raise ValueError(f"rates must be a square matrix or one a period, found an array of shape {periods.shape}")
    if lengths.shape != periods.shape[:1] or not np.isfinite(lengths).all() or (lengths < 0).any():
        raise ValueError(
            f"time must hold one finite length >= 0 a period ({periods.shape[0]}), found {lengths.tolist()}"
        )
    result = np.eye(periods.shape[1])
    for number, (matrix, length) in enumerate(zip(periods, lengths, strict=True)):
        _check_generator(matrix, number + 1)
        result = result @ expm(matrix * length)
    return result


def _check_generator(matrix: Floats, period: int) -> None:
    off = matrix[~np.eye(matrix.shape[0], dtype=np.bool_)]
    if not np.isfinite(matrix).all() or (off < 0).any():
        raise ValueError(f"rates of period {period} must be finite, and not negative off the diagonal")
    if (np.abs(matrix.sum(axis=1)) > ROW_SUM * np.maximum(np.abs(matrix).max(axis=1), 1e-300)).any():
        row = int(np.argmax(np.abs(matrix.sum(axis=1))))
        raise ValueError(f"row {row} of the rates of period {period} must add up to 0, found {matrix[row].sum():g}")
