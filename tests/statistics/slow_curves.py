"""Survival and incidence written out patient by patient, and their influence by moving each weight a little.

Plain loops over the definitions: a second implementation for the tests, independent of the estimators.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

NUDGE = 1e-5


@dataclass(frozen=True)
class Patients:
    """Entry, end, cause (0 = censored), weight and cluster of each row."""

    start: np.ndarray
    time: np.ndarray
    cause: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray


def some_patients(seed: int, n: int = 60, *, latest: int = 15) -> Patients:
    """Tied times, delayed entry, fractional weights and clusters of three or so; a risk set that never empties early."""
    random = np.random.default_rng(seed)
    time = random.integers(2, latest, n).astype(float)
    start = np.where(random.random(n) < 0.5, 0.0, np.floor(time * random.random(n) * 0.9))
    start[:12], time[:12] = 0.0, latest
    return Patients(start, time, random.integers(0, 3, n), 0.5 + random.random(n), random.integers(0, n // 3, n))


def at_risk_and_events(of: Patients, weight: np.ndarray, u: float, causes: Sequence[int]) -> tuple[float, float]:
    """Weights at risk at u, and of the events of these causes then."""
    at_risk = sum(w for s, t, w in zip(of.start, of.time, weight, strict=True) if s < u <= t)
    events = sum(w for t, c, w in zip(of.time, of.cause, weight, strict=True) if t == u and c in causes)
    return at_risk, events


def survival(of: Patients, weight: np.ndarray, until: float) -> float:
    """The product-limit estimate of staying free of every cause."""
    free = 1.0
    for u in sorted(set(of.time[of.time <= until])):
        at_risk, events = at_risk_and_events(of, weight, u, (1, 2))
        free *= 1 - events / at_risk
    return free


def hazard(of: Patients, weight: np.ndarray, until: float) -> float:
    """The sum of events over those at risk."""
    pairs = [at_risk_and_events(of, weight, u, (1, 2)) for u in sorted(set(of.time[of.time <= until]))]
    return sum(events / at_risk for at_risk, events in pairs)


def hazard_one_by_one(of: Patients, weight: np.ndarray, until: float) -> float:
    """The same with tied events leaving one after another."""
    total = 0.0
    for u in sorted(set(of.time[of.time <= until])):
        at_risk, events = at_risk_and_events(of, weight, u, (1, 2))
        number = sum(1 for t, c in zip(of.time, of.cause, strict=True) if t == u and c > 0)
        total += sum(events / number / (at_risk - k * events / number) for k in range(number))
    return total


def incidence(of: Patients, weight: np.ndarray, until: float) -> float:
    """The cumulative incidence of cause 1."""
    total, free = 0.0, 1.0
    for u in sorted(set(of.time[of.time <= until])):
        at_risk, own = at_risk_and_events(of, weight, u, (1,))
        total += free * own / at_risk
        free *= 1 - (own + at_risk_and_events(of, weight, u, (2,))[1]) / at_risk
    return total


def area(curve: Callable[[Patients, np.ndarray, float], float], first: float) -> Callable[..., float]:
    """The area under a step function that starts at `first`, as a function of the horizon."""

    def integral(of: Patients, weight: np.ndarray, until: float) -> float:
        edges = [0.0, *sorted(set(of.time[of.time < until])), until]
        heights = [first, *(curve(of, weight, u) for u in edges[1:-1])]
        return sum(height * (b - a) for height, a, b in zip(heights, edges[:-1], edges[1:], strict=True))

    return integral


def jackknife_variance(
    of: Patients, estimate: Callable[[Patients, np.ndarray, float], float], until: float, *, clustered: bool
) -> float:
    """Σ over rows or clusters of (Σ w ∂θ/∂w)², the derivatives by central differences."""
    influence = np.zeros(of.time.size)
    for i in range(of.time.size):
        step = np.zeros(of.time.size)
        step[i] = NUDGE
        influence[i] = (estimate(of, of.weight + step, until) - estimate(of, of.weight - step, until)) / (2 * NUDGE)
    weighted = of.weight * influence
    total = np.bincount(of.cluster, weighted) if clustered else weighted
    return float(total @ total)
