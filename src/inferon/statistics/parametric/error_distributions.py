"""The standard error distributions of survival regression: what is the chance of an error above z?

    extreme    S(z) = exp(-e^z)        smallest extreme value: the logarithm of a Weibull time
    logistic   S(z) = 1 / (1 + e^z)
    normal     S(z) = Φ(-z)
    t          Student's t with `df` degrees of freedom

Each has the log-density, its first two derivatives, log S and log F (exact in the far tails), and the quantile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln, log_expit, log_ndtr, ndtri, stdtr, stdtrit

from inferon.statistics.shared.columns import Floats

Function = Callable[[Floats], Floats]
LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class ErrorDistribution:
    """A standard distribution; every field but the name is a vectorised function."""

    name: str
    log_density: Function
    slope: Function
    curvature: Function
    log_survival: Function
    log_distribution: Function
    quantile: Callable[[Any], Any]


def _log_one_minus_exp(negative: Floats) -> Floats:
    """log(1 - e^x) for x <= 0, exact at both ends."""
    with np.errstate(divide="ignore"):
        return np.where(negative > -0.6931, np.log(-np.expm1(negative)), np.log1p(-np.exp(negative)))


def log_difference(larger: Floats, smaller: Floats) -> Floats:
    """log(e^larger - e^smaller)."""
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isneginf(smaller), -np.inf, smaller - larger)
    return larger + _log_one_minus_exp(np.minimum(gap, 0.0))


EXTREME = ErrorDistribution(
    "extreme",
    log_density=lambda z: z - np.exp(z),
    slope=lambda z: 1 - np.exp(z),
    curvature=lambda z: -np.exp(z),
    log_survival=lambda z: -np.exp(z),
    log_distribution=lambda z: _log_one_minus_exp(-np.exp(z)),
    quantile=lambda p: np.log(-np.log1p(-np.asarray(p))),
)
LOGISTIC = ErrorDistribution(
    "logistic",
    log_density=lambda z: log_expit(z) + log_expit(-z),
    slope=lambda z: -np.tanh(z / 2),
    curvature=lambda z: -0.5 / np.cosh(np.clip(z, -700, 700) / 2) ** 2,
    log_survival=lambda z: log_expit(-z),
    log_distribution=log_expit,
    quantile=lambda p: np.log(np.asarray(p)) - np.log1p(-np.asarray(p)),
)
NORMAL = ErrorDistribution(
    "normal",
    log_density=lambda z: -0.5 * z**2 - LOG_ROOT_TWO_PI,
    slope=lambda z: -z,
    curvature=lambda z: -np.ones_like(z),
    log_survival=lambda z: log_ndtr(-z),
    log_distribution=log_ndtr,
    quantile=ndtri,
)


def student(df: float) -> ErrorDistribution:
    """Student's t; ValueError unless df is above 0."""
    if not (np.isfinite(df) and df > 0):
        raise ValueError(f"df must be finite and above 0, found {df}")
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)

    def log_below(z: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log(stdtr(df, z))

    return ErrorDistribution(
        "t",
        log_density=lambda z: constant - (df + 1) / 2 * np.log1p(z**2 / df),
        slope=lambda z: -(df + 1) * z / (df + z**2),
        curvature=lambda z: -(df + 1) * (df - z**2) / (df + z**2) ** 2,
        log_survival=lambda z: log_below(-z),
        log_distribution=log_below,
        quantile=lambda p: stdtrit(df, np.asarray(p, dtype=np.float64)),
    )


@dataclass(frozen=True, eq=False)
class IntervalTerms:
    """log(S(z₁) - S(z₂)) of each row, with derivatives in z₁ and z₂; 0 in an infinite end, which cannot move."""

    value: Floats
    first: tuple[Floats, Floats]
    second: tuple[Floats, Floats]
    cross: Floats


def interval_terms(law: ErrorDistribution, lower: Floats, upper: Floats) -> IntervalTerms:
    """The log-probability of an error in (lower, upper], lower -inf and upper +inf allowed."""
    below, above = np.isfinite(lower), np.isfinite(upper)
    z1, z2 = np.where(below, lower, 0.0), np.where(above, upper, 0.0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        upper_tail = log_difference(
            np.where(below, law.log_survival(z1), 0.0), np.where(above, law.log_survival(z2), -np.inf)
        )
        lower_tail = log_difference(
            np.where(above, law.log_distribution(z2), 0.0), np.where(below, law.log_distribution(z1), -np.inf)
        )
        value = np.where(np.where(above, z2, 1.0) > 0, upper_tail, lower_tail)
        ratios = [np.where(known, np.exp(law.log_density(z) - value), 0.0) for known, z in ((below, z1), (above, z2))]
        first = (-ratios[0], ratios[1])
        second = (
            -ratios[0] * law.slope(z1) - ratios[0] ** 2,
            ratios[1] * law.slope(z2) - ratios[1] ** 2,
        )
    return IntervalTerms(value, first, second, ratios[0] * ratios[1])
