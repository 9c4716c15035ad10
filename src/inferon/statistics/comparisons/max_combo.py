"""Do two arms differ, when it is not known beforehand whether early, late or steady differences will show?

Several weighted log-rank statistics z_i are computed and the most extreme is judged by their joint distribution under
the hypothesis, multivariate normal with

    cov(z_i, z_j) = Σ W_i W_j v / √(Σ W_i² v Σ W_j² v),      v the hypergeometric variance at each event time

so that looking several times costs exactly what it should. Sources: Lee, Biometrics 1996;52:721-725; Karrison, Stata J
2016;16:678-690. Equal to simtrial::maxcombo (one-sided), whose integral is drawn at random (about 1e-4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.comparisons.log_rank import weighted_sums
from inferon.statistics.comparisons.log_rank_weights import FlemingHarrington, Weight
from inferon.statistics.comparisons.normal_rectangle import normal_rectangle
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.event_table import ComparedGroups, EventTable, compared_arm, compared_groups

Alternative = Literal["two-sided", "less", "greater"]
ALTERNATIVES: tuple[str, ...] = get_args(Alternative)
USUAL_WEIGHTS = (
    FlemingHarrington(0, 0),
    FlemingHarrington(0, 1),
    FlemingHarrington(1, 0),
    FlemingHarrington(1, 1),
)


@dataclass(frozen=True, eq=False, repr=False)
class MaxCombo:
    """The max-combo test of two arms.

    groups        the two labels, the reference first
    n, events     patients and events a group
    weights       the weights combined
    z             weighted observed minus expected events of the second group over its standard error, per weight
    correlation   of the z under the hypothesis, shape (weights, weights)
    alternative   less (fewer events in the second group), greater or two-sided
    statistic     the z that decides: the smallest, the largest, or the one largest in size
    p_value       probability of one as extreme among as many correlated statistics
    """

    groups: tuple[Any, ...]
    n: Integers
    events: Integers
    weights: tuple[Weight, ...]
    z: Floats
    correlation: Floats
    alternative: str
    statistic: float
    p_value: float
    stratified: bool

    method: ClassVar[str] = "Max-combo test"
    variance_form: ClassVar[str] = "hypergeometric"
    citation: ClassVar[str] = "Lee, Biometrics 1996;52:721-725; Karrison, Stata J 2016;16:678-690"

    def __post_init__(self) -> None:
        for name in ("n", "events", "z", "correlation"):
            getattr(self, name).setflags(write=False)

    def to_frame(self) -> pl.DataFrame:
        """One row a weight: weight, z."""
        return pl.DataFrame({"weight": [str(weight) for weight in self.weights], "z": self.z})

    def __repr__(self) -> str:
        rows = [f"  {weight!s:<40} z = {z:8.4f}" for weight, z in zip(self.weights, self.z, strict=True)]
        side = "two-sided" if self.alternative == "two-sided" else f"one-sided, {self.alternative}"
        head = f"{self.method}{' (stratified)' if self.stratified else ''}: p = {self.p_value:.4g} ({side})"
        counts = f"n = {self.n.sum()}, events = {self.events.sum()}; variance: {self.variance_form}"
        arms = f"  z above 0: more events of {self.groups[1]!s} than if the groups did not differ"
        return "\n".join([head, arms, *rows, f"  {counts}", f"  {self.citation}"])


def max_combo(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weights: Sequence[Weight] = USUAL_WEIGHTS,
    reference: Any = None,
    alternative: Alternative = "two-sided",
    strata: Any = None,
    start: ArrayLike | None = None,
) -> MaxCombo:
    """Combine several weighted log-rank tests of two arms into one.

    time, event   follow-up >= 0 and 0/1, shape (patients,)
    group         label of each patient's arm (exactly two)
    weights       the weights to combine, by default Fleming–Harrington (0,0), (0,1), (1,0) and (1,1)
    reference     the arm compared with, by default the first label in sorted order
    alternative   two-sided, less (fewer events than expected in the other arm) or greater
    strata        label of each patient's stratum, or None
    start         entry into observation, before `time`, or None

    ValueError for bad columns, a number of groups other than two, no weight, or a weight under which nothing can be
    compared (its statistic has no variance).
    """
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {', '.join(ALTERNATIVES)}, found {alternative!r}")
    if not weights:
        raise ValueError("weights is empty: name one weight or more")
    groups = compared_groups(time, event, group, strata=strata, start=start)
    arm = compared_arm(groups.labels, reference=reference)
    scores = np.array([_score(groups, weight, arm) for weight in weights])
    products = np.zeros((len(weights), len(weights)))
    for table in groups.tables:
        values = np.array([weight(table) for weight in weights])
        products += (values * _pooled_variance(table, arm)) @ values.T
    spread = np.sqrt(np.diag(products))
    if not spread.all():
        raise ValueError(f"nothing can be compared with weight {weights[int(np.argmin(spread))]}")
    z, correlation = scores / spread, products / np.outer(spread, spread)
    statistic, p_value = _extreme(z, correlation, alternative)
    return MaxCombo(
        (groups.labels[1 - arm], groups.labels[arm]), groups.n[[1 - arm, arm]], groups.events[[1 - arm, arm]],
        tuple(weights), z, correlation, alternative, statistic, p_value, groups.stratified,
    )  # fmt: skip


def _score(groups: ComparedGroups, weight: Weight, arm: int) -> float:
    observed, expected, _ = weighted_sums(groups, weight)
    return observed[arm] - expected[arm]


def _pooled_variance(table: EventTable, arm: int) -> Floats:
    """Hypergeometric variance of the arm's events at each event time."""
    d, y = table.all_events, table.all_at_risk
    share = table.at_risk[:, arm] / y
    return d * (y - d) / np.maximum(y - 1, 1.0) * share * (1 - share)


def _extreme(z: Floats, correlation: Floats, alternative: str) -> tuple[float, float]:
    """The deciding statistic and the probability that one of as many normal values is as extreme."""
    if alternative == "less":
        return float(z.min()), _first_below(float(z.min()), np.inf, correlation)
    if alternative == "greater":
        return float(z.max()), _first_below(float(-z.max()), np.inf, correlation)
    decides = float(z[np.abs(z).argmax()])
    return decides, min(2 * _first_below(-abs(decides), abs(decides), correlation), 1.0)


def _first_below(limit: float, ceiling: float, correlation: Floats) -> float:
    """Σ_i P(Z_i < limit, all before it between limit and ceiling): a sum of small terms, not 1 minus a large one."""
    total = 0.0
    for i in range(correlation.shape[0]):
        lower, upper = np.full(i + 1, float(limit)), np.full(i + 1, float(ceiling))
        lower[i], upper[i] = -np.inf, limit
        total += normal_rectangle(lower, upper, correlation[: i + 1, : i + 1])
    return min(total, 1.0)
