"""Dose rules as a table: at every visit, which quantity beyond which threshold means hold, reduce or stop, and when to resume.

A rule is latched when its quantity passes the threshold and released when it passes the resume level, which lies on the other
side (hysteresis). The dose is the planned one, limited by every latched rule and by the restart dose of every released hold: so
no rule ever raises a dose above the plan. Doses that fall into a hold are skipped, not postponed (assumed).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.model.catalogue import biology, parameter_table

ACTIONS = ("reduce", "hold", "stop")
SIDES = ("below", "above", "at least")
UNITS = ("ug", "fraction")


@dataclass(frozen=True, kw_only=True)
class DoseRule:
    """One line of the table, examined at every visit.

    Attributes
    ----------
    quantity: what the visit measures (ANC, PLT, HB in table units, ALT in multiples of the upper limit, an adverse-event grade).
    side: ``below`` (<), ``above`` (>) or ``at least`` (>=).
    threshold: where the rule is latched.
    action: ``reduce`` limits the dose to ``dose``, ``hold`` gives none until resumed, ``stop`` none ever again.
    dose: of a reduction, in ``dose_unit``: ug, or fraction of the planned dose.
    resume: level beyond which a hold or reduction is released; None for never.
    restart: dose after a released hold, in ``dose_unit``; None for the dose that applied before.
    rising: latched only when the quantity is also higher than at the visit before.
    """

    quantity: str
    side: str
    threshold: float
    action: str
    dose: float | None = None
    dose_unit: str = "ug"
    resume: float | None = None
    restart: float | None = None
    rising: bool = False

    def __post_init__(self) -> None:
        for found, allowed in ((self.side, SIDES), (self.action, ACTIONS), (self.dose_unit, UNITS)):
            if found not in allowed:
                raise ValueError(f"{self.name}: {found!r} is not one of {', '.join(allowed)}")
        if (self.dose is not None) != (self.action == "reduce"):
            raise ValueError(f"{self.name}: a reduction needs a dose, and nothing else has one")
        if (self.resume is None) != (self.action == "stop") and self.action != "reduce":
            raise ValueError(f"{self.name}: a hold needs a level at which to resume, and a stop has none")
        if self.restart is not None and self.action != "hold":
            raise ValueError(f"{self.name}: only a hold has a restart dose")
        if self.resume is not None and (self.resume - self.threshold) * (1 if self.side == "below" else -1) < 0:
            raise ValueError(f"{self.name}: resuming at {self.resume:g} would not wait for the quantity to recover")

    @property
    def name(self) -> str:
        """The condition in words: the reason that stands in the dose ledger."""
        return f"{self.quantity} {self.side} {self.threshold:g}" + (" and rising" if self.rising else "")

    @property
    def recovery(self) -> str:
        """The condition of release in words."""
        return f"{self.quantity} {'above' if self.side == 'below' else 'below'} {self.resume:g}"

    def latches(self, values: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Whose quantity calls for the rule now; never where it is not a number (not measured)."""
        beyond = {"below": np.less, "above": np.greater, "at least": np.greater_equal}[self.side](
            values, self.threshold
        )
        return beyond & (values > before) if self.rising else beyond

    def releases(self, values: np.ndarray) -> np.ndarray:
        """Whose quantity has recovered; never where it is not a number."""
        if self.resume is None:
            return np.zeros(len(values), bool)
        return values > self.resume if self.side == "below" else values < self.resume

    def limit(self, planned: np.ndarray) -> np.ndarray:
        """Dose (ug) that the latched rule allows, shape (patients,)."""
        return np.zeros(len(planned)) if self.dose is None else self._in_ug(self.dose, planned)

    def limit_after(self, planned: np.ndarray) -> np.ndarray:
        """Dose (ug) that the released rule still allows."""
        return planned if self.restart is None else self._in_ug(self.restart, planned)

    def _in_ug(self, dose: float, planned: np.ndarray) -> np.ndarray:
        return dose * planned if self.dose_unit == "fraction" else np.full(len(planned), dose)


@dataclass(frozen=True)
class Standing:
    """Where every patient stands: latched rules (patients, rules); lasting limit and present dose in ug, shape (patients,)."""

    latched: np.ndarray
    limit: np.ndarray
    dose: np.ndarray

    @classmethod
    def at_plan(cls, planned: np.ndarray, rules: Sequence[DoseRule]) -> Standing:
        """Everybody at the planned dose (ug), nothing latched."""
        return cls(np.zeros((len(planned), len(rules)), bool), planned.copy(), planned.copy())


@dataclass(frozen=True)
class Decision:
    """What a visit decided: the new standing, and for each patient the rule behind a changed dose (-1: unchanged)."""

    standing: Standing
    rule: np.ndarray


def decide(
    rules: Sequence[DoseRule],
    planned: np.ndarray,
    standing: Standing,
    values: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray],
) -> Decision:
    """Apply every rule to the quantities of one visit (``values``; ``before``: of the visit before), shape (patients,) each.

    Raises ``KeyError`` for a rule whose quantity the visit does not measure.
    """
    latched, limit = standing.latched.copy(), standing.limit.copy()
    turned = np.zeros(latched.shape, np.int64)
    for j, rule in enumerate(rules):
        now = rule.latches(values[rule.quantity], before[rule.quantity])
        released = latched[:, j] & rule.releases(values[rule.quantity]) & ~now
        limit = np.where(released, np.minimum(limit, rule.limit_after(planned)), limit)
        turned[:, j] = (now & ~latched[:, j]).astype(np.int64) - released
        latched[:, j] = (latched[:, j] | now) & ~released
    allowed = [np.where(latched[:, j], rule.limit(planned), np.inf) for j, rule in enumerate(rules)]
    dose = np.min([planned, limit, *allowed], axis=0)
    return Decision(Standing(latched, limit, dose), _responsible(rules, planned, standing.dose, dose, turned))


def _responsible(
    rules: Sequence[DoseRule], planned: np.ndarray, old: np.ndarray, new: np.ndarray, turned: np.ndarray
) -> np.ndarray:
    """The strictest of the rules latched now (``turned`` 1) behind a lower dose, of those released (-1) behind a higher one."""
    if not rules:
        return np.full(len(planned), -1)
    strictness = np.array([rule.limit(planned) - (rule.action == "stop") for rule in rules]).T
    ranked = np.where(turned == np.sign(old - new)[:, None], strictness, np.inf)
    return np.where(old == new, -1, np.argmin(ranked, axis=1))


@cache
def _rule_sets() -> dict[str, tuple[tuple[str, ...], tuple[DoseRule, ...]]]:
    with (biology() / "toxicity" / "dose_rules.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = dict.fromkeys(row["rule_set"] for row in rows)
    sets = {name: [row for row in rows if row["rule_set"] == name] for name in names}
    return {n: (tuple(chosen[0]["drugs"].split(";")), tuple(map(_rule, chosen))) for n, chosen in sets.items()}


def _rule(row: Mapping[str, str]) -> DoseRule:
    table = parameter_table("toxicity")
    numbers = {k: table[row[k]].value if row[k] else None for k in ("dose", "resume", "restart")}
    return DoseRule(
        quantity=row["quantity"],
        side=row["side"],
        threshold=table[row["threshold"]].value,
        rising=row["rising"] == "yes",
        action=row["action"],
        dose_unit=row["dose_unit"],
        **numbers,
    )


def dose_rules(drug: str, *, quantities: Collection[str] | None = None) -> tuple[DoseRule, ...]:
    """The rules for a product, from the table of the toxicity module; with ``quantities`` only those that look at one of them.

    Raises ``KeyError`` naming the products that have rules.
    """
    for drugs, rules in _rule_sets().values():
        if drug in drugs:
            return tuple(rule for rule in rules if quantities is None or rule.quantity in quantities)
    known = [drug for drugs, _ in _rule_sets().values() for drug in drugs]
    raise KeyError(f"no dose rules for {drug!r}; allowed: {', '.join(known)}")


def rule_table(rules: Sequence[DoseRule]) -> pl.DataFrame:
    """The rules as a table: visit, quantity, side, threshold, rising, hysteresis (resume level), action, dose, restart, unit."""
    columns = ("quantity", "side", "threshold", "rising", "resume", "action", "dose", "restart", "dose_unit")
    return pl.DataFrame({"visit": ["every"] * len(rules), **{c: [getattr(r, c) for r in rules] for c in columns}})
