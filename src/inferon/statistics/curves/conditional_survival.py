"""What is the chance of staying free of the event to t, for a patient still free of it at s?

    S(t | s) = S(t) / S(s) = ∏_{s < u <= t} (1 - d(u) / Y(u)),      Greenwood's sum over the same stretch

This is Kaplan–Meier with everybody entering at s or later, hence also the landmark analysis of the whole cohort, and the
way out where delayed entry leaves the first risk sets empty. Sources: Kaplan & Meier, J Am Stat Assoc 1958;53:457-481;
Anderson, Cain & Gelber, J Clin Oncol 1983;1:710-719. Equal to survfit(Surv(time - s, event) ~ 1, subset = time > s) of
the R package survival, with times counted from the origin.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.curves.kaplan_meier import KaplanMeier, kaplan_meier
from inferon.statistics.shared.columns import event_indicator, times_asked
from inferon.statistics.shared.confidence import ConfidenceType
from inferon.statistics.shared.hazard import SurvivalVariance
from inferon.statistics.shared.records import checked_records


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalSurvival(KaplanMeier):
    """Event-free probability after `given`, for those free of the event then; times count from the same origin.

    `n` and the counts are those of the patients followed beyond `given`.
    """

    given: float

    method: ClassVar[str] = "Conditional survival (Kaplan–Meier)"

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """What is the estimate by each of `times`, counted from the origin? ValueError for a time before `given`."""
        grid = times_asked(times)
        if (grid < self.given).any():
            raise ValueError(f"times must not lie before the time that is conditioned on, {self.given:g}")
        return super().at(grid)

    def _headline(self) -> str:
        return f"{super()._headline()}; given no event by {self.given:g}"


def conditional_survival(
    time: ArrayLike,
    event: ArrayLike,
    *,
    given: float,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: SurvivalVariance | None = None,
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
) -> ConditionalSurvival:
    """Estimate the event-free probability after `given` among those free of the event at `given`.

    given  the time conditioned on; patients whose follow-up ends by then, with or without the event, take no part

    Everything else, errors included, as in `kaplan_meier`. ValueError when nobody is followed beyond `given`.
    """
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    happened = event_indicator(event, patients=records.n)
    if not (np.isfinite(given) and given >= 0):
        raise ValueError(f"given must be a finite number >= 0, found {given}")
    beyond = records.time > given
    if not beyond.any():
        raise ValueError(f"nobody is followed beyond the time that is conditioned on, {given:g}")
    kept = {"weights": records.weights, "cluster": records.cluster}
    entry = np.full(records.n, given) if records.start is None else np.maximum(records.start, given)
    curve = kaplan_meier(
        records.time[beyond], happened[beyond], start=entry[beyond], variance=variance, conf_type=conf_type,
        conf_level=conf_level, **{name: None if column is None else column[beyond] for name, column in kept.items()},
    )  # fmt: skip
    return ConditionalSurvival(**{part.name: getattr(curve, part.name) for part in fields(curve)}, given=float(given))
