"""Which fraction of the patients is still free of the event?

    S(t) = ∏_{u <= t} (1 - d(u) / Y(u)),      var S(t) = S(t)² Σ_{u <= t} d(u) / (Y(u) (Y(u) - d(u)))   (Greenwood)

Where competing events remove patients, 1 - S overstates the incidence: use `aalen_johansen`.
Sources: Kaplan & Meier, J Am Stat Assoc 1958;53:457-481; Greenwood, Reports on Public Health 33, 1926. Equal to
survfit(Surv(time, event) ~ 1) of the R package survival. Once S is 0 the standard error and limits are NaN, as there.
Times tie when they are exactly equal; survfit also merges times that differ by rounding only (its option timefix).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.columns import Floats, event_indicator, follow_up_times
from inferon.statistics.confidence import ConfidenceType, check_confidence, confidence_limits
from inferon.statistics.curve import Curve
from inferon.statistics.risk_table import risk_table

SAME_PROBABILITY = 1.5e-8
"""Survival probabilities this close to 1 - q count as equal to it when a quantile is read off (as in survfit)."""


class TimeQuantile(NamedTuple):
    """The time by which a given fraction has had the event, with limits; None where the curve does not get there."""

    time: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeier(Curve):
    """Event-free probability over time; `cumulative_hazard` and its standard error are Nelson–Aalen's."""

    cumulative_hazard: Floats
    cumulative_hazard_error: Floats

    method: ClassVar[str] = "Kaplan–Meier"
    citation: ClassVar[str] = "Kaplan & Meier, J Am Stat Assoc 1958;53:457-481"
    start: ClassVar[float] = 1.0

    @property
    def median(self) -> TimeQuantile:
        """The time by which half of the patients have had the event, with limits."""
        return self.quantile(0.5)

    def quantile(self, probability: float) -> TimeQuantile:
        """The time by which the fraction `probability` has had the event.

        The first time with S(t) < 1 - probability; where S stays exactly at 1 - probability, the middle of the stretch.
        The limits are read off the limits of S in the same way (Brookmeyer & Crowley, Biometrics 1982;38:29-41). The
        upper limit on the log scale can rise again when few are left; there, as in survfit, the time with the highest
        limit below 1 - probability is taken, which may be later than the first.
        """
        if not 0 < probability < 1:
            raise ValueError(f"a quantile's probability must lie between 0 and 1, found {probability}")
        return TimeQuantile(*(self._reached(c, probability) for c in (self.estimate, self.lower, self.upper)))

    def quantiles(self, probabilities: Sequence[float] = (0.25, 0.5, 0.75)) -> pl.DataFrame:
        """Quantiles as a table: probability, time, lower, upper (null where not reached)."""
        rows = [{"probability": q, **self.quantile(q)._asdict()} for q in probabilities]
        return pl.DataFrame(rows, schema=[(name, pl.Float64) for name in ("probability", "time", "lower", "upper")])

    def _reached(self, survival: Floats, probability: float) -> float | None:
        known = np.isfinite(survival)
        failed, first = np.unique(1 - survival[known], return_index=True)
        time = self.time[known]
        reached = int(np.searchsorted(failed, probability - SAME_PROBABILITY, side="left"))
        passed = int(np.searchsorted(failed, probability + SAME_PROBABILITY, side="left"))
        if reached == failed.size:
            return None
        start = time[first[reached]]
        end = time[first[passed]] if passed < failed.size else time[-1]
        return float((start + end) / 2)


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, conf_type: ConfidenceType = "log-log", conf_level: float = 0.95
) -> KaplanMeier:
    """Estimate the event-free probability.

    time       follow-up, shape (patients,), any unit, >= 0
    event      1 or True where follow-up ended with the event, 0 or False where it was censored
    conf_type  scale of the limits: log-log, plain, log, logit or arcsine

    A patient censored at a time is at risk for the events of that time. ValueError for a negative, missing or
    non-finite time, an event other than 0/1, or columns of unequal length.
    """
    check_confidence(conf_type, conf_level)
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    table = risk_table(follow_up, happened.astype(np.int64) - 1, group=np.zeros(follow_up.size, dtype=np.int64))
    at_risk, events = table.at_risk[:, 0], table.events[:, 0, 0]
    survival = np.cumprod((at_risk - events) / at_risk)
    error = survival * np.sqrt(np.cumsum(_greenwood_terms(at_risk, events)))
    error[survival == 0] = np.nan
    lower, upper = confidence_limits(survival, error, conf_type=conf_type, conf_level=conf_level)
    return KaplanMeier(
        table.time, survival, error, lower, upper, at_risk, events, table.censored[:, 0],
        n=follow_up.size, n_events=int(events.sum()), variance_form="Greenwood", conf_type=conf_type,
        conf_level=conf_level, cumulative_hazard=np.cumsum(events / at_risk),
        cumulative_hazard_error=np.sqrt(np.cumsum(events / at_risk.astype(np.float64) ** 2)),
    )  # fmt: skip


def _greenwood_terms(at_risk: np.ndarray, events: np.ndarray) -> Floats:
    """d / (Y (Y - d)), and 0 where everybody at risk has the event (S is 0 from there on)."""
    surviving = at_risk - events
    return np.where(surviving > 0, events / (at_risk * np.maximum(surviving, 1.0)), 0.0)
