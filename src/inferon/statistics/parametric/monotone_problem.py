"""An interval-censored likelihood on rising thresholds: its value, its derivatives by threshold, and a place to start.

Thresholds g₁ <= g₂ <= … stand between the innermost intervals; the mass of interval k is S(g_k) - S(g_{k+1}), with S the
survival function of the error distribution `law`, g₀ = -inf and the last threshold +inf.
"""

from dataclasses import dataclass

import numpy as np

from inferon.statistics.parametric.error_distributions import ErrorDistribution, IntervalTerms, interval_terms
from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False)
class MonotoneProblem:
    """Rows covering thresholds first .. beyond of `cells` intervals, a design (rows, terms) and weights."""

    law: ErrorDistribution
    first: Integers
    beyond: Integers
    cells: int
    design: Floats
    weights: Floats


def equal_start(problem: MonotoneProblem, *, sweeps: int = 30) -> Floats:
    """Thresholds after some EM steps from equal masses: rising, and already near the estimate."""
    mass = np.full(problem.cells, 1 / problem.cells)
    total = problem.weights.sum()
    for _ in range(sweeps):
        share = _cover(problem, problem.weights / _covered_mass(problem, mass))
        mass = mass * share / total
    return thresholds_of(problem.law, mass)


def thresholds_of(law: ErrorDistribution, mass: Floats) -> Floats:
    """Thresholds with these masses between them."""
    below = np.clip(np.cumsum(mass)[:-1], 1e-12, 1 - 1e-12)
    return np.maximum.accumulate(np.asarray(law.quantile(below)))


def masses(law: ErrorDistribution, thresholds: Floats) -> Floats:
    """The mass of each innermost interval, exact where thresholds are equal (0)."""
    ends = np.concatenate([[-np.inf], thresholds, [np.inf]])
    apart = np.exp(interval_terms(law, ends[:-1], ends[1:]).value)
    return np.where(ends[:-1] == ends[1:], 0.0, apart)


def _covered_mass(problem: MonotoneProblem, mass: Floats) -> Floats:
    sums = np.append(0.0, np.cumsum(mass))
    return sums[problem.beyond] - sums[problem.first]


def summed(position: Integers, values: Floats, size: int) -> Floats:
    """Sums of `values` by position, shape (size,)."""
    return np.asarray(np.bincount(position, values, size), dtype=np.float64)


def _cover(problem: MonotoneProblem, values: Floats) -> Floats:
    """For every cell the sum of `values` over the rows that cover it."""
    size = problem.cells + 1
    return np.cumsum(summed(problem.first, values, size) - summed(problem.beyond, values, size))[:-1]


def row_terms(problem: MonotoneProblem, g: Floats, beta: Floats) -> IntervalTerms:
    """Log-probability of each row's interval and its derivatives in the two thresholds."""
    ends = np.concatenate([[-np.inf], g, [np.inf]])
    shift = problem.design @ beta
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        return interval_terms(problem.law, ends[problem.first] + shift, ends[problem.beyond] + shift)


def log_likelihood(problem: MonotoneProblem, g: Floats, beta: Floats) -> float:
    """Weighted sum over the rows; -inf where a row has no probability."""
    value = float(problem.weights @ row_terms(problem, g, beta).value)
    return value if np.isfinite(value) else -np.inf


def threshold_sums(problem: MonotoneProblem, ends: tuple[Floats, Floats]) -> Floats:
    """Sums over rows of a quantity of each end, by threshold 1 .. cells - 1."""
    size = problem.cells + 1
    found = summed(problem.first, problem.weights * ends[0], size)
    return (found + summed(problem.beyond, problem.weights * ends[1], size))[1:-1]
