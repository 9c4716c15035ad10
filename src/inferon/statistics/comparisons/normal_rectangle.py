"""The probability that correlated normal values fall within a box.

P(lower <= Z <= upper) for Z multivariate normal with mean 0, variances 1 and the given correlations, which may be
singular. The integral over one variable after the other is taken with a fixed lattice of points, so that the answer is a
deterministic function of its arguments; its error, some 1e-6 for up to four variables, is below what a p-value is read
to. The narrowest limits are taken first, which keeps small probabilities right in their leading digits.

Source: Genz, J Comput Graph Stat 1992;1:141-149; for singular correlations Genz & Kwong, J Stat Comput Simul
2000;68:1-21. Equal to pmvnorm of the R package mvtnorm, which draws its points at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from inferon.statistics.shared.columns import Floats, Integers

POINTS = 1 << 15
"""Lattice points; each adds one term to the mean."""

NEGLIGIBLE = 1e-9
"""A variance left over by the other variables that is smaller than this counts as none."""


def normal_rectangle(lower: ArrayLike, upper: ArrayLike, correlation: ArrayLike) -> float:
    """P(lower <= Z <= upper), Z normal with this correlation matrix.

    lower, upper  limits, shape (variables,), -inf and inf allowed
    correlation   shape (variables, variables), symmetric, ones on the diagonal, possibly singular

    ValueError when shapes do not fit or the matrix is not a correlation matrix.
    """
    low, high = np.atleast_1d(np.asarray(lower, float)), np.atleast_1d(np.asarray(upper, float))
    matrix = np.atleast_2d(np.asarray(correlation, float))
    _check(low, high, matrix)
    root, order = _pivoted_root(matrix, first=int(np.argmin(ndtr(high) - ndtr(low))))
    low, high = low[order], high[order]
    last = np.array([np.flatnonzero(row)[-1] for row in root])
    rank = int(last.max()) + 1
    drawn = np.zeros((POINTS, rank))
    lattice = _lattice(rank - 1)
    probability = np.ones(POINTS)
    for column in range(rank):
        bottom, top = _interval(root, low, high, np.flatnonzero(last == column), column, drawn)
        below, width = ndtr(bottom), np.maximum(ndtr(top) - ndtr(bottom), 0.0)
        probability *= width
        if column < rank - 1:
            inside = np.clip(below + lattice[:, column] * width, 1e-300, 1 - 1e-16)
            drawn[:, column] = ndtri(inside)
    return float(min(max(probability.mean(), 0.0), 1.0))


def _interval(
    root: Floats, low: Floats, high: Floats, rows: Integers, column: int, drawn: Floats
) -> tuple[Floats, Floats]:
    """Where the variable `column` must lie, given those before it, for every row whose last term it is."""
    bottom, top = np.full(POINTS, -np.inf), np.full(POINTS, np.inf)
    for row in rows:
        known = drawn[:, :column] @ root[row, :column]
        first, second = (low[row] - known) / root[row, column], (high[row] - known) / root[row, column]
        bottom, top = np.maximum(bottom, np.minimum(first, second)), np.minimum(top, np.maximum(first, second))
    return bottom, top


def _pivoted_root(matrix: Floats, *, first: int) -> tuple[Floats, Integers]:
    """L with L L' = the matrix in the order of pivots: `first`, then the largest variance left; zero columns dropped."""
    size = matrix.shape[0]
    left, root, order = matrix.copy(), np.zeros((size, size)), np.arange(size)
    for column in range(size):
        pivot = column + int(np.argmax(np.diag(left)[column:])) if column else first
        if left[pivot, pivot] < NEGLIGIBLE:
            root = root[:, :column]
            break
        swap = [column, pivot]
        left[swap], order[swap], root[swap] = left[swap[::-1]], order[swap[::-1]], root[swap[::-1]]
        left[:, swap] = left[:, swap[::-1]]
        root[column:, column] = left[column:, column] / np.sqrt(left[column, column])
        left[column:, column:] -= np.outer(root[column:, column], root[column:, column])
    root[np.abs(root) < np.sqrt(NEGLIGIBLE)] = 0.0
    return root, order


def _lattice(dimensions: int) -> Floats:
    """Fractional parts of multiples of square roots of primes, folded so that the two ends meet."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < dimensions:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    position = np.outer(np.arange(1, POINTS + 1), np.sqrt(np.array(primes, dtype=np.float64))) % 1.0
    return np.abs(2 * position - 1)


def _check(low: Floats, high: Floats, matrix: Floats) -> None:
    if low.shape != high.shape or matrix.shape != (low.size, low.size):
        raise ValueError(f"limits of shape {low.shape} and {high.shape} do not fit correlations of {matrix.shape}")
    if not np.isfinite(matrix).all() or not np.allclose(np.diag(matrix), 1.0, atol=1e-8):
        raise ValueError("the correlation matrix must be finite with ones on its diagonal")
    if not np.allclose(matrix, matrix.T, atol=1e-8) or np.linalg.eigvalsh(matrix)[0] < -1e-8:
        raise ValueError("the correlation matrix must be symmetric without negative eigenvalues")
