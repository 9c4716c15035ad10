"""The EM algorithm of the mixture cure model: who is uncured, given the present fit; the fit, given who is uncured."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from inferon.statistics.parametric.location_scale import check_information
from inferon.statistics.shared.columns import Floats

ROUNDS = 20_000
TOLERANCE = 1e-12
"""EM ends when the squared change of all parameters and of S₀ falls below this."""


def _cloglog(linear: Floats) -> Floats:
    return -np.expm1(-np.exp(linear))


def _logit_slope(linear: Floats) -> Floats:
    return expit(linear) * expit(-linear)


def _probit_slope(linear: Floats) -> Floats:
    return np.exp(-0.5 * linear**2) / np.sqrt(2 * np.pi)


def _cloglog_slope(linear: Floats) -> Floats:
    return np.exp(linear - np.exp(linear))


LINKS: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "logit": (expit, _logit_slope),
    "probit": (ndtr, _probit_slope),
    "cloglog": (_cloglog, _cloglog_slope),
}


@dataclass(frozen=True, eq=False)
class CureData:
    """Patients sorted by time: follow-up, events, design of the incidence (with intercept) and of the latency."""

    time: Floats
    happened: NDArray[np.bool_]
    incidence: Floats
    latency: Floats

    def resampled(self, rows: NDArray[np.int64]) -> "CureData":
        """The patients at `rows`, still sorted."""
        chosen = np.sort(rows)
        return CureData(self.time[chosen], self.happened[chosen], self.incidence[chosen], self.latency[chosen])


def fit_cure(data: CureData, link: str, *, tolerance: float = TOLERANCE) -> tuple[Floats, Floats, Floats, Floats, int]:
    """Incidence, latency, S₀ at each patient's time, P(uncured), and the number of steps."""
    weights = data.happened.astype(np.float64)
    b = _incidence(data.incidence, weights, link, np.zeros(data.incidence.shape[1]))
    beta = _latency(data, weights, np.zeros(data.latency.shape[1]))
    survival = _breslow(data, weights, beta)
    for rounds in range(1, ROUNDS + 1):
        uncured = LINKS[link][0](data.incidence @ b)
        free = uncured * survival ** np.exp(data.latency @ beta)
        weights = np.where(data.happened, 1.0, free / (1 - uncured + free))
        new_b, new_beta = _incidence(data.incidence, weights, link, b), _latency(data, weights, beta)
        new_survival = _breslow(data, weights, new_beta)
        moved = ((new_b - b) ** 2).sum() + ((new_beta - beta) ** 2).sum() + ((new_survival - survival) ** 2).sum()
        b, beta, survival = new_b, new_beta, new_survival
        if moved < tolerance:
            return b, beta, survival, weights, rounds
    raise ValueError(f"the EM algorithm did not settle in {ROUNDS} steps: the cured fraction may not be determined")


def _incidence(design: Floats, weights: Floats, link: str, b: Floats) -> Floats:
    """Fractional binary regression by Fisher scoring."""
    probability, slope_of = LINKS[link]
    for _ in range(50):
        linear = design @ b
        p, slope = probability(linear), slope_of(linear)
        spread = np.maximum(p * (1 - p), 1e-300)
        information = design.T @ ((slope**2 / spread)[:, None] * design)
        check_information(information)
        step = np.linalg.solve(information, design.T @ (slope * (weights - p) / spread))
        b = b + step
        if np.abs(step).max() < 1e-10:
            return b
    raise ValueError("the incidence model does not settle: a covariate may separate the cured from the others")


def _latency(data: CureData, weights: Floats, beta: Floats) -> Floats:
    """Cox regression with Breslow ties in which each patient at risk counts `weights`."""
    if not beta.size:
        return beta
    x = data.latency
    first = np.searchsorted(data.time, data.time, side="left")[data.happened]
    for _ in range(50):
        risk = weights * np.exp(x @ beta)
        s0, s1, s2 = (_from_here_on(part)[first] for part in (risk, risk[:, None] * x, _squares(risk, x)))
        mean = s1 / s0[:, None]
        score = (x[data.happened] - mean).sum(axis=0)
        information = (s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]).sum(axis=0)
        check_information(information)
        step = np.linalg.solve(information, score)
        beta = beta + step / max(1.0, float(np.abs(x @ step).max()) / 5)
        if np.abs(step).max() < 1e-10:
            return beta
    raise ValueError("the latency model does not settle: a covariate may separate the events")


def _squares(risk: Floats, x: Floats) -> Floats:
    return risk[:, None, None] * x[:, :, None] * x[:, None, :]


def _from_here_on(values: Floats) -> Floats:
    """Sums over this row and all later ones."""
    return np.cumsum(values[::-1], axis=0)[::-1]


def _breslow(data: CureData, weights: Floats, beta: Floats) -> Floats:
    """S₀ at each patient's time: 1 before the first event, 0 after the last."""
    at_risk = _from_here_on(weights * np.exp(data.latency @ beta))
    times, counts = np.unique(data.time[data.happened], return_counts=True)
    hazard = np.cumsum(counts / at_risk[np.searchsorted(data.time, times, side="left")])
    survival = np.append(1.0, np.exp(-hazard))[np.searchsorted(times, data.time, side="right")]
    survival[data.time > times[-1]] = 0.0
    return survival
