"""The likelihood of y = x β + σ · error with censoring on either side, and its maximum.

Each row says that y lies in (y₁, y₂], with -inf and +inf allowed, or is exactly y₁ = y₂; with delayed entry, given that y
lies above y₀. With z = (y - x β) / σ the row adds log f(z) - log σ, or log(S(z₁) - S(z₂)), and -log S(z₀).
Newton's method with step halving, on β and on log σ of each stratum; first and second derivatives are exact.
"""

from dataclasses import dataclass

import numpy as np

from inferon.statistics.parametric.error_distributions import ErrorDistribution, interval_terms
from inferon.statistics.shared.columns import Floats, Integers

STEPS = 100
ENOUGH = 1e-10
"""The fit ends when Newton's next gain in log-likelihood would be below this."""


@dataclass(frozen=True, eq=False)
class LocationScaleData:
    """Rows to fit: design (with its intercept), interval of y, entry, weight, and stratum of the scale."""

    design: Floats
    lower: Floats
    upper: Floats
    entry: Floats | None
    weights: Floats
    stratum: Integers
    scales: int
    fixed_scale: float | None

    @property
    def free_scales(self) -> int:
        """Scales to estimate."""
        return 0 if self.fixed_scale is not None else self.scales


@dataclass(frozen=True, eq=False)
class LocationScaleFit:
    """Estimates (β, then log σ of each stratum), log-likelihood, information, and the weighted score of each row."""

    parameters: Floats
    log_likelihood: float
    information: Floats
    row_scores: Floats
    iterations: int


def fit_location_scale(data: LocationScaleData, law: ErrorDistribution) -> LocationScaleFit:
    """Maximise the likelihood; ValueError where it has no maximum (too few events, or collinear covariates)."""
    parameters = _start(data, law)
    value, scores, information = _evaluate(data, law, parameters)
    for iteration in range(1, STEPS + 1):
        score = scores.sum(axis=0)
        step = _ascent(score, information)
        gain = float(score @ step) / 2
        if gain < ENOUGH * (1 + abs(value) * 1e-6):
            value, scores, information = _evaluate(data, law, parameters + step)
            check_information(information)
            return LocationScaleFit(parameters + step, value, information, scores, iteration)
        parameters, value, scores, information = _halved(data, law, parameters, step, value)
    raise ValueError(f"the fit did not settle in {STEPS} steps: the data may not determine the parameters")


def check_information(information: Floats) -> None:
    """ValueError unless the information is positive definite after scaling its diagonal to 1."""
    scale = np.sqrt(np.abs(np.diag(information)))
    singular = not scale.all() or np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < 1e-10
    if singular:
        raise ValueError("the likelihood does not determine the parameters: a covariate is constant or a sum of others")


def _halved(
    data: LocationScaleData, law: ErrorDistribution, parameters: Floats, step: Floats, value: float
) -> tuple[Floats, float, Floats, Floats]:
    for _ in range(60):
        proposal = parameters + step
        found = _evaluate(data, law, proposal)
        if np.isfinite(found[0]) and found[0] > value - 1e-12 * abs(value):
            return proposal, *found
        step = step / 2
    raise ValueError("the likelihood cannot be increased from here: the data may not determine the parameters")


def _ascent(score: Floats, information: Floats) -> Floats:
    """Newton's step, with the diagonal raised until the information is positive definite."""
    diagonal = np.maximum(np.abs(np.diag(information)), 1e-300)
    scale = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    floored = np.maximum(np.abs(values), 1e-8)
    return vectors @ ((vectors.T @ (score / scale)) / floored) / scale


def _start(data: LocationScaleData, law: ErrorDistribution) -> Floats:
    """Least squares on the middle of each interval, with the law's centre and spread taken out."""
    bounded = np.isfinite(data.lower) & np.isfinite(data.upper)
    y = np.where(np.isfinite(data.lower), data.lower, data.upper)
    y[bounded] = (data.lower[bounded] + data.upper[bounded]) / 2
    known = np.isfinite(y)
    root = np.sqrt(data.weights[known])
    beta = np.linalg.lstsq(data.design[known] * root[:, None], y[known] * root, rcond=None)[0]
    residual = y[known] - data.design[known] @ beta
    spread = np.sqrt(np.average(residual**2, weights=data.weights[known])) / float(
        (law.quantile(0.841) - law.quantile(0.159)) / 2
    )
    scale = spread if spread > 0 and np.isfinite(spread) else 1.0
    beta = beta.copy()
    beta[0] += -float(law.quantile(0.5)) * (data.fixed_scale or scale)
    return np.append(beta, np.full(data.free_scales, np.log(scale)))


def _evaluate(data: LocationScaleData, law: ErrorDistribution, parameters: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, weighted score of each row, and observed information."""
    terms = data.design.shape[1]
    log_scale = np.full(data.scales, np.log(data.fixed_scale)) if data.fixed_scale is not None else parameters[terms:]
    sigma = np.exp(log_scale)[data.stratum]
    mean = data.design @ parameters[:terms]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        parts = _row_parts(data, law, mean, sigma)
    value, u, v, h0, h1, h2 = parts
    w = data.weights
    beta_scores = -(w * u / sigma)[:, None] * data.design
    bb = data.design.T @ ((w * h0 / sigma**2)[:, None] * data.design)
    if data.free_scales == 0:
        return float(w @ value), beta_scores, -bb
    own = data.stratum[:, None] == np.arange(data.scales)
    scale_scores = np.where(own, (-w * v)[:, None], 0.0)
    bs = data.design.T @ np.where(own, (w * (u + h1) / sigma)[:, None], 0.0)
    ss = np.diag((own * (w * (h2 + v))[:, None]).sum(axis=0))
    exact = data.lower == data.upper
    scale_scores -= np.where(own & exact[:, None], w[:, None], 0.0)
    hessian = np.block([[bb, bs], [bs.T, ss]])
    return float(w @ value), np.hstack([beta_scores, scale_scores]), -hessian


def _row_parts(data: LocationScaleData, law: ErrorDistribution, mean: Floats, sigma: Floats) -> tuple[Floats, ...]:
    """Log-likelihood of each row and sums over its ends: Σ g, Σ z g, Σ G, Σ z G, Σ z z' G (derivatives in z)."""
    value, u, v, h0, h1, h2 = np.zeros((6, mean.size))
    exact = data.lower == data.upper
    z = (data.lower[exact] - mean[exact]) / sigma[exact]
    slope, bend = law.slope(z), law.curvature(z)
    value[exact] = law.log_density(z) - np.log(sigma[exact])
    u[exact], v[exact], h0[exact], h1[exact], h2[exact] = slope, z * slope, bend, z * bend, z**2 * bend
    rest = ~exact
    _add_interval(law, (value, u, v, h0, h1, h2), rest, data.lower, data.upper, mean, sigma, 1.0)
    if data.entry is not None:
        late = np.isfinite(data.entry)
        beyond = np.full(mean.size, np.inf)
        _add_interval(law, (value, u, v, h0, h1, h2), late, data.entry, beyond, mean, sigma, -1.0)
    return value, u, v, h0, h1, h2


def _add_interval(
    law: ErrorDistribution,
    sums: tuple[Floats, ...],
    rows: np.ndarray,
    lower: Floats,
    upper: Floats,
    mean: Floats,
    sigma: Floats,
    sign: float,
) -> None:
    value, u, v, h0, h1, h2 = sums
    z1, z2 = ((end[rows] - mean[rows]) / sigma[rows] for end in (lower, upper))
    found = interval_terms(law, z1, z2)
    z1, z2 = np.where(np.isfinite(z1), z1, 0.0), np.where(np.isfinite(z2), z2, 0.0)
    (g1, g2), (g11, g22), g12 = found.first, found.second, found.cross
    value[rows] += sign * found.value
    u[rows] += sign * (g1 + g2)
    v[rows] += sign * (z1 * g1 + z2 * g2)
    h0[rows] += sign * (g11 + 2 * g12 + g22)
    h1[rows] += sign * (z1 * (g11 + g12) + z2 * (g12 + g22))
    h2[rows] += sign * (z1**2 * g11 + 2 * z1 * z2 * g12 + z2**2 * g22)
