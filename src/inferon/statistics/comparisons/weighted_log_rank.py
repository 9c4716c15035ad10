"""Do the groups differ, when early or late differences should count for more?

The log-rank test with a weight W(t) for every event time:
    O_k = Σ W d_k,      E_k = Σ W d Y_k / Y,      V_kl = Σ W² d (Y - d) / (Y - 1) · (Y_k / Y) (δ_kl - Y_l / Y)

The weight is chosen before the data are seen: see `log_rank_weights` for those there are. With strata the weights are
computed within each stratum and O, E, V summed. Equal to survdiff(..., rho) of the R package survival for
FlemingHarrington(rho, 0), and to simtrial::wlr with fh, mb and early_zero weights. Sources: Harrington & Fleming,
Biometrika 1982;69:553-566; and those of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.comparisons.log_rank import LogRank
from inferon.statistics.comparisons.log_rank_weights import Weight
from inferon.statistics.shared.columns import Integers
from inferon.statistics.shared.event_table import compared_groups


@dataclass(frozen=True, eq=False, repr=False)
class WeightedLogRank(LogRank):
    """A weighted log-rank test: `observed`, `expected` and `variance` are weighted, `events` counts; see `LogRank`."""

    weight: Weight
    events: Integers

    method: ClassVar[str] = "Weighted log-rank test"
    citation: ClassVar[str] = "Harrington & Fleming, Biometrika 1982;69:553-566"

    def to_frame(self) -> pl.DataFrame:
        """One row a group: group, n, events, and the weighted observed and expected events."""
        return super().to_frame().insert_column(2, pl.Series("events", self.events))

    def _counts(self) -> str:
        return f"n = {self.n.sum()}, events = {self.events.sum()}"

    def _title(self) -> str:
        return f"{super()._title()}, weight {self.weight}"


def weighted_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    weight: Weight,
    strata: Any = None,
    start: ArrayLike | None = None,
) -> WeightedLogRank:
    """Compare the event-free curves of two or more groups, some times counting for more than others.

    time    follow-up, shape (patients,), >= 0
    event   1/True for the event, 0/False for censored
    group   label of each patient's group (two groups or more)
    weight  for example FlemingHarrington(0, 1) for late differences, Gehan() for early ones (see `log_rank_weights`)
    strata  label of each patient's stratum, or None
    start   entry into observation, before `time`, or None: at risk when start < t <= time

    ValueError for bad columns or a single group.
    """
    groups = compared_groups(time, event, group, strata=strata, start=start)
    return WeightedLogRank.of(groups, weight, weight=weight, events=groups.events)
