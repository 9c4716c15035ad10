"""How much a difference at each event time counts in a weighted log-rank test.

With S(t-) the pooled Kaplan–Meier estimate just before t, d events and Y at risk at t, all groups of the stratum
together:

    Constant                       1: the log-rank test
    FlemingHarrington(rho, gamma)  S(t-)^rho (1 - S(t-))^gamma; (rho, 0) is the G-rho family of survdiff, (0, 1) late
    Gehan                          Y
    TaroneWare(power)              Y^power
    PetoPeto                       S(t-), the same as FlemingHarrington(1, 0)
    Prentice                       ∏ Y / (Y + d) up to and including t
    PrenticeMarek                  ∏ (1 - d / (Y + 1)) up to and including t; textbooks also call this one Peto–Peto
    AndersenBorganGillKeiding      ∏ (1 - d / (Y + 1)) before t, times Y / (Y + 1)
    MagirrBurman(delay, maximum)   1 / S(t-), held from `delay` on and never above `maximum`: modestly weighted
    EarlyZero(until)               0 before `until`, then 1

A weight is a small frozen object that is called with an `EventTable` and gives one number an event time; anything else
that can be called so is a weight too. Those of coin::logrank_test are PetoPeto to AndersenBorganGillKeiding.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inferon.statistics.shared.columns import Floats
from inferon.statistics.shared.event_table import EventTable
from inferon.statistics.shared.risk_table import before

Weight = Callable[[EventTable], Floats]


@dataclass(frozen=True)
class Constant:
    """All events count alike. Mantel, Cancer Chemother Rep 1966;50:163-170."""

    def __call__(self, table: EventTable) -> Floats:
        return np.ones(table.time.size)


@dataclass(frozen=True)
class FlemingHarrington:
    """S(t-)^rho (1 - S(t-))^gamma. Fleming & Harrington, Counting Processes and Survival Analysis, 1991, section 7.2.

    With a negative rho, data whose pooled survival reaches 0 before a late entrant's event raise a ValueError.
    """

    rho: float = 0.0
    gamma: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rho) and np.isfinite(self.gamma) and self.gamma >= 0):
            raise ValueError(f"rho must be finite and gamma finite and >= 0, found rho {self.rho}, gamma {self.gamma}")

    def __call__(self, table: EventTable) -> Floats:
        if self.rho < 0:
            _refuse_empty(table, table.free_before, "S(t-) to a negative power", "give FlemingHarrington a rho >= 0")
        return table.free_before**self.rho * (1 - table.free_before) ** self.gamma


@dataclass(frozen=True)
class Gehan:
    """The number at risk. Gehan, Biometrika 1965;52:203-223; Breslow, Biometrika 1970;57:579-594."""

    def __call__(self, table: EventTable) -> Floats:
        return table.all_at_risk


@dataclass(frozen=True)
class TaroneWare:
    """A power of the number at risk, by default its root. Tarone & Ware, Biometrika 1977;64:156-160."""

    power: float = 0.5

    def __call__(self, table: EventTable) -> Floats:
        return table.all_at_risk**self.power


@dataclass(frozen=True)
class PetoPeto:
    """The Kaplan–Meier estimate just before t. Peto & Peto, J R Stat Soc A 1972;135:185-207."""

    def __call__(self, table: EventTable) -> Floats:
        return table.free_before


@dataclass(frozen=True)
class Prentice:
    """∏ Y / (Y + d). Prentice, Biometrika 1978;65:167-179."""

    def __call__(self, table: EventTable) -> Floats:
        return np.cumprod(table.all_at_risk / (table.all_at_risk + table.all_events))


@dataclass(frozen=True)
class PrenticeMarek:
    """∏ (1 - d / (Y + 1)). Prentice & Marek, Biometrics 1979;35:861-867."""

    def __call__(self, table: EventTable) -> Floats:
        return np.cumprod(1 - table.all_events / (table.all_at_risk + 1))


@dataclass(frozen=True)
class AndersenBorganGillKeiding:
    """∏ (1 - d / (Y + 1)) before t, times Y / (Y + 1). Andersen et al., Int Stat Rev 1982;50:219-258."""

    def __call__(self, table: EventTable) -> Floats:
        after = PrenticeMarek()(table)
        return before(after, 1.0) * table.all_at_risk / (table.all_at_risk + 1) if after.size else after


@dataclass(frozen=True)
class MagirrBurman:
    """1 / S(t-) until `delay`, constant afterwards, at most `maximum`. Magirr & Burman, Stat Med 2019;38:3782-3790.

    Magirr (Pharm Stat 2021;20:512-527) recommends no delay but a maximum of 2: MagirrBurman(inf, 2). Without a
    maximum, data whose pooled survival reaches 0 before a late entrant's event raise a ValueError.
    """

    delay: float = np.inf
    maximum: float = np.inf

    def __post_init__(self) -> None:
        if not (self.delay >= 0 and self.maximum > 0):
            raise ValueError(f"delay must be >= 0 and maximum > 0, found {self.delay} and {self.maximum}")

    def __call__(self, table: EventTable) -> Floats:
        early = table.free_before[table.time <= self.delay]
        held = np.maximum(table.free_before, early.min() if early.size else 1.0)
        if np.isinf(self.maximum):
            _refuse_empty(table, held, "1 / S(t-)", "give MagirrBurman a maximum")
        with np.errstate(divide="ignore"):
            return np.minimum(1 / held, self.maximum)


@dataclass(frozen=True)
class EarlyZero:
    """Nothing before `until`, everything afterwards. Xu, Zhen, Park & Zhu, Stat Med 2017;36:592-605."""

    until: float

    def __post_init__(self) -> None:
        if not self.until >= 0:
            raise ValueError(f"until must be >= 0, found {self.until}")

    def __call__(self, table: EventTable) -> Floats:
        return (table.time >= self.until).astype(np.float64)


def _refuse_empty(table: EventTable, survival: Floats, weight: str, advice: str) -> None:
    """ValueError where a weight divides by a pooled survival of 0."""
    if not survival.all():
        raise ValueError(
            f"the pooled survival is 0 before an event at {table.time[survival == 0][0]:g} (everybody at risk had the event, "
            f"others entered later), so {weight} has no value there: {advice}"
        )
