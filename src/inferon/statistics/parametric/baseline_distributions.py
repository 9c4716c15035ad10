"""Parametric distributions of a time, by name, on parameters that may take any value.

exponential         log_scale                 S = exp(-t / scale)
weibull             log_shape, log_scale      S = exp(-(t / scale)^shape)
gamma               log_shape, log_scale      mean shape · scale
lognormal           mu, log_s                 log T normal
loglogistic         log_alpha, log_beta       S = 1 / (1 + (t / alpha)^beta)
generalised_gamma   mu, log_s, Q              Weibull at Q = 1, lognormal at Q = 0, gamma at Q = s (Prentice 1974)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, gammaincinv, gammaln, ndtri

from inferon.statistics.parametric.error_distributions import LOGISTIC, NORMAL
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True)
class BaselineDistribution:
    """Names of its parameters, and log S(t), log f(t) and the quantile as functions of (t or p, parameters)."""

    parameters: tuple[str, ...]
    log_survival: Callable[[Floats, Floats], Floats]
    log_density: Callable[[Floats, Floats], Floats]
    quantile: Callable[[Floats, Floats], Floats]


def _gamma_log_survival(x: Floats, shape: float) -> Floats:
    below = gammainc(shape, x)
    with np.errstate(divide="ignore"):
        return np.where(below < 0.5, np.log1p(-below), np.log(gammaincc(shape, x)))


def _weibull_log_survival(t: Floats, p: Floats) -> Floats:
    return -((t / np.exp(p[1])) ** np.exp(p[0]))


def _weibull_log_density(t: Floats, p: Floats) -> Floats:
    ratio = t / np.exp(p[1])
    return p[0] - p[1] + (np.exp(p[0]) - 1) * np.log(ratio) - ratio ** np.exp(p[0])


def _weibull_quantile(q: Floats, p: Floats) -> Floats:
    return np.exp(p[1]) * (-np.log1p(-q)) ** np.exp(-p[0])


def _with_shape_one(function: Callable[[Floats, Floats], Floats]) -> Callable[[Floats, Floats], Floats]:
    return lambda t, p: function(t, np.array([0.0, p[0]]))


def _gamma_log_density(t: Floats, p: Floats) -> Floats:
    shape = np.exp(p[0])
    return (shape - 1) * np.log(t) - t / np.exp(p[1]) - shape * p[1] - gammaln(shape)


def _standardised(t: Floats, p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return (np.log(t) - p[0]) / np.exp(p[1])


def _loglogistic_z(t: Floats, p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.exp(p[1]) * (np.log(t) - p[0])


def _loglogistic_quantile(q: Floats, p: Floats) -> Floats:
    return np.exp(p[0] + LOGISTIC.quantile(q) * np.exp(-p[1]))


SMALLEST_Q = 1e-5
"""Below this |Q| the generalised gamma is taken as lognormal."""


def _generalised_gamma_log_survival(t: Floats, p: Floats) -> Floats:
    z, q = _standardised(t, p), p[2]
    if abs(q) < SMALLEST_Q:
        return NORMAL.log_survival(z)
    x, shape = np.exp(q * z) / q**2, q**-2
    if q > 0:
        return _gamma_log_survival(x, shape)
    with np.errstate(divide="ignore"):
        above = gammaincc(shape, x)
        return np.where(above < 0.5, np.log1p(-above), np.log(gammainc(shape, x)))


def _generalised_gamma_log_density(t: Floats, p: Floats) -> Floats:
    z, q = _standardised(t, p), p[2]
    if abs(q) < SMALLEST_Q:
        return NORMAL.log_density(z) - p[1] - np.log(t)
    shape = q**-2
    body = shape * (q * z - np.exp(q * z)) + shape * np.log(shape) - gammaln(shape)
    return np.log(abs(q)) - p[1] - np.log(t) + body


def _generalised_gamma_quantile(q: Floats, p: Floats) -> Floats:
    if abs(p[2]) < SMALLEST_Q:
        return np.exp(p[0] + np.exp(p[1]) * ndtri(q))
    tail = q if p[2] > 0 else 1 - np.asarray(q)
    return np.exp(p[0] + np.exp(p[1]) * np.log(p[2] ** 2 * gammaincinv(p[2] ** -2, tail)) / p[2])


BASELINES = {
    "exponential": BaselineDistribution(
        ("log_scale",),
        _with_shape_one(_weibull_log_survival),
        _with_shape_one(_weibull_log_density),
        _with_shape_one(_weibull_quantile),
    ),
    "weibull": BaselineDistribution(
        ("log_shape", "log_scale"), _weibull_log_survival, _weibull_log_density, _weibull_quantile
    ),
    "gamma": BaselineDistribution(
        ("log_shape", "log_scale"),
        lambda t, p: _gamma_log_survival(t / np.exp(p[1]), np.exp(p[0])),
        _gamma_log_density,
        lambda q, p: np.exp(p[1]) * gammaincinv(np.exp(p[0]), q),
    ),
    "lognormal": BaselineDistribution(
        ("mu", "log_s"),
        lambda t, p: NORMAL.log_survival(_standardised(t, p)),
        lambda t, p: NORMAL.log_density(_standardised(t, p)) - p[1] - np.log(t),
        lambda q, p: np.exp(p[0] + np.exp(p[1]) * ndtri(q)),
    ),
    "loglogistic": BaselineDistribution(
        ("log_alpha", "log_beta"),
        lambda t, p: LOGISTIC.log_survival(_loglogistic_z(t, p)),
        lambda t, p: LOGISTIC.log_density(_loglogistic_z(t, p)) + p[1] - np.log(t),
        _loglogistic_quantile,
    ),
    "generalised_gamma": BaselineDistribution(
        ("mu", "log_s", "Q"),
        _generalised_gamma_log_survival,
        _generalised_gamma_log_density,
        _generalised_gamma_quantile,
    ),
}
