"""How far does a proportion reach that was seen in n patients?

Exact interval of Clopper & Pearson, Biometrika 1934;26:404-413: limits are quantiles of beta distributions, and at
least `conf_level` of such intervals hold the truth whatever it is. Equal to binom.test(events, n)$conf.int in R.
"""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl
from scipy.special import betaincinv


@dataclass(frozen=True, repr=False)
class ExactInterval:
    """A proportion with its exact interval; all three between 0 and 1."""

    events: int
    n: int
    estimate: float
    lower: float
    upper: float
    conf_level: float

    method: ClassVar[str] = "Clopper–Pearson exact interval"
    citation: ClassVar[str] = "Clopper & Pearson, Biometrika 1934;26:404-413"

    def to_frame(self) -> pl.DataFrame:
        """One row: events, n, estimate, lower, upper, conf_level."""
        names = ("events", "n", "estimate", "lower", "upper", "conf_level")
        return pl.DataFrame({name: [getattr(self, name)] for name in names})

    def __str__(self) -> str:
        share = f"{self.events}/{self.n} = {100 * self.estimate:.1f}%"
        return f"{share} ({100 * self.conf_level:g}% exact interval {100 * self.lower:.1f}–{100 * self.upper:.1f}%)"

    def __repr__(self) -> str:
        return f"{self.method}: n = {self.n}, events = {self.events}\n  {self}\n  {self.citation}"


def clopper_pearson(events: int, n: int, *, conf_level: float = 0.95) -> ExactInterval:
    """The exact interval of `events` in `n`; ValueError unless 0 <= events <= n, n >= 1 and 0 < conf_level < 1."""
    if int(events) != events or int(n) != n or n < 1 or not 0 <= events <= n:
        raise ValueError(f"events must be a whole number between 0 and n, and n at least 1: found {events} of {n}")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1, found {conf_level}")
    tail = (1 - conf_level) / 2
    lower = float(betaincinv(events, n - events + 1, tail)) if events > 0 else 0.0
    upper = float(betaincinv(events + 1, n - events, 1 - tail)) if events < n else 1.0
    return ExactInterval(int(events), int(n), events / n, lower, upper, conf_level)
