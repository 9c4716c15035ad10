"""Fine–Gray once more, in plain loops over patients and event times: slow, and written from the paper alone.

Every event of interest adds z b - log Σ w e^{zb}; a patient after a competing event at X weighs K(t) / K(X). Ties are Breslow's.
The covariates are functions of time: `z(i, t)`.
"""

from dataclasses import dataclass
from math import exp, log

import numpy as np


@dataclass
class Slow:
    """Times, causes (0 censored, 1 of interest, 2 competing), entries, censoring groups, and covariates z(i, t)."""

    time: list[float]
    cause: list[int]
    z: object
    terms: int
    start: list[float] | None = None
    group: list[int] | None = None

    def __post_init__(self) -> None:
        self.n = len(self.time)
        self.start = self.start or [-1.0] * self.n
        self.group = self.group or [0] * self.n
        self.events = sorted({t for t, c in zip(self.time, self.cause, strict=True) if c == 1})

    def censoring(self, t: float, group: int) -> float:
        """G(t-) of a group: events that tie with a censoring are still at risk."""
        members = [i for i in range(self.n) if self.group[i] == group]
        value = 1.0
        for u in sorted({self.time[i] for i in members if self.cause[i] == 0}):
            if u < t:
                lost = sum(1 for i in members if self.time[i] == u and self.cause[i] == 0)
                value *= 1 - lost / sum(1 for i in members if self.start[i] < u <= self.time[i])
        return value if t <= max(self.time[i] for i in members) else 0.0

    def entry(self, t: float) -> float:
        """H(t): the chance to have entered before t, from entries at t or later."""
        value = 1.0
        if max(self.start) < min(self.time):
            return value
        for u in sorted(set(self.start)):
            if u >= t:
                entering = self.start.count(u)
                value *= 1 - entering / sum(1 for i in range(self.n) if self.start[i] <= u < self.time[i])
        return value

    def weight(self, i: int, t: float) -> float:
        """How much patient i counts in the risk set at t."""
        if self.time[i] >= t:
            return 1.0 if self.start[i] < t else 0.0
        if self.cause[i] != 2:
            return 0.0
        kept = [self.censoring(u, self.group[i]) * self.entry(u) for u in (t, self.time[i])]
        return kept[0] / kept[1]

    def sums(self, t: float, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Σ w e^{zb}, Σ w z e^{zb}, Σ w z z' e^{zb} over the risk set at t."""
        zero, one, two = 0.0, np.zeros(self.terms), np.zeros((self.terms, self.terms))
        for i in range(self.n):
            z = np.asarray(self.z(i, t), dtype=float)
            amount = self.weight(i, t) * exp(z @ b)
            zero, one, two = zero + amount, one + amount * z, two + amount * np.outer(z, z)
        return zero, one, two

    def at(self, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log-likelihood, score and information."""
        value, score, information = 0.0, np.zeros(self.terms), np.zeros((self.terms, self.terms))
        for t in self.events:
            zero, one, two = self.sums(t, b)
            for i in range(self.n):
                if self.time[i] == t and self.cause[i] == 1:
                    z = np.asarray(self.z(i, t), dtype=float)
                    value += z @ b - log(zero)
                    score += z - one / zero
                    information += two / zero - np.outer(one, one) / zero**2
        return value, score, information

    def hazard(self, b: np.ndarray) -> dict[float, float]:
        """Jumps of the baseline."""
        count = {
            t: sum(1 for s, c in zip(self.time, self.cause, strict=True) if s == t and c == 1) for t in self.events
        }
        return {t: count[t] / self.sums(t, b)[0] for t in self.events}

    def sandwich(self, b: np.ndarray, *, by_group: bool) -> np.ndarray:
        """I⁻¹ Σ (η + ψ)(η + ψ)' I⁻¹, with ψ of the group's own events only unless `by_group`."""
        inverse = np.linalg.inv(self.at(b)[2])
        shares = [self._eta(i, b) + self._psi(i, b, by_group) for i in range(self.n)]
        return inverse @ sum(np.outer(s, s) for s in shares) @ inverse

    def _eta(self, i: int, b: np.ndarray) -> np.ndarray:
        share, jumps = np.zeros(self.terms), self.hazard(b)
        for t in self.events:
            zero, one, _ = self.sums(t, b)
            z = np.asarray(self.z(i, t), dtype=float)
            happened = self.time[i] == t and self.cause[i] == 1
            share += (z - one / zero) * (happened - self.weight(i, t) * exp(z @ b) * jumps[t])
        return share

    def _psi(self, j: int, b: np.ndarray, by_group: bool) -> np.ndarray:
        own = [i for i in range(self.n) if self.group[i] == self.group[j]]
        share = np.zeros(self.terms)
        for u in sorted({self.time[i] for i in own if self.cause[i] == 0}):
            if u <= self.time[j]:
                at_risk = sum(1 for i in own if self.time[i] >= u)
                lost = sum(1 for i in own if self.time[i] == u and self.cause[i] == 0)
                censored = self.cause[j] == 0 and self.time[j] == u
                share += self._effect(u, own, b, by_group) / at_risk * (censored - lost / at_risk)
        return share

    def _effect(self, u: float, own: list[int], b: np.ndarray, by_group: bool) -> np.ndarray:
        total = np.zeros(self.terms)
        for s in self.events:
            if s >= u:
                zero, one, _ = self.sums(s, b)
                counted = range(self.n) if by_group else own
                events = sum(1 for i in counted if self.time[i] == s and self.cause[i] == 1)
                for i in own:
                    if self.cause[i] == 2 and self.time[i] < u:
                        z = np.asarray(self.z(i, s), dtype=float)
                        total += (z - one / zero) * self.weight(i, s) * exp(z @ b) * events / zero
        return total
