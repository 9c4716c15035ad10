"""Which fraction of the patients is still free of the event?

    S(t) = ∏_{u <= t} (1 - d(u) / Y(u)),      var S(t) = S(t)² Σ_{u <= t} d(u) / (Y(u) (Y(u) - d(u)))   (Greenwood)

Where competing events remove patients, 1 - S overstates the incidence: use `aalen_johansen`.

Delayed entry: a patient is at risk at t when start < t <= time. Early risk sets can then be very small; where everybody
at risk has the event S is 0 from there on, whoever enters later, and its standard error and limits do not exist (NaN),
as in survfit. Condition on being free of the event at a later time instead: `conditional_survival`.

Sources: Kaplan & Meier, J Am Stat Assoc 1958;53:457-481; Greenwood, Reports on Public Health 33, 1926. Equal to
survfit(Surv(time, event) ~ 1) of the R package survival. Times tie when they are exactly equal; survfit also merges
times that differ by rounding only (its option timefix).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, event_indicator
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence, confidence_limits
from inferon.statistics.shared.curve import Curve, total
from inferon.statistics.shared.hazard import (
    VARIANCE_NAMES,
    SurvivalVariance,
    chosen_variance,
    event_steps,
    step_variance,
)
from inferon.statistics.shared.records import checked_records

SAME_PROBABILITY = 1.5e-8
"""Survival probabilities this close to 1 - q count as equal to it when a quantile is read off (as in survfit)."""


class TimeQuantile(NamedTuple):
    """The time by which a given fraction has had the event, with limits; None where the curve does not get there."""

    time: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalCurve(Curve):
    """Event-free probability over time, with the cumulative hazard it goes with and that hazard's standard error."""

    cumulative_hazard: Floats
    cumulative_hazard_error: Floats

    quantity: ClassVar[str] = "event-free probability"
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


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeier(SurvivalCurve):
    """Event-free probability over time; `cumulative_hazard` and its standard error are Nelson–Aalen's."""

    method: ClassVar[str] = "Kaplan–Meier"
    citation: ClassVar[str] = "Kaplan & Meier, J Am Stat Assoc 1958;53:457-481"


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: SurvivalVariance | None = None,
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
) -> KaplanMeier:
    """Estimate the event-free probability.

    time       end of follow-up, shape (patients,), any unit, >= 0
    event      1 or True where follow-up ended with the event, 0 or False where it was censored
    start      entry time (delayed entry), before `time`; at risk when start < t <= time
    weights    how much each patient counts, above 0; counts in the result are then sums of weights
    cluster    label of the patients (or rows of one patient) that belong together
    variance   greenwood, or infinitesimal_jackknife (robust; right with any weights and with clusters). By default
               greenwood, and as in survfit the jackknife with clusters or with weights that are not whole numbers
    conf_type  scale of the limits: log-log, plain, log, logit or arcsine

    A patient censored at a time is at risk for the events of that time. ValueError for a negative, missing or
    non-finite time, an event other than 0/1, a start not before its time, a weight not above 0, or columns of unequal
    length.
    """
    check_confidence(conf_type, conf_level)
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    form = chosen_variance(variance, records)
    steps = event_steps(records, event_indicator(event, patients=records.n))
    at_risk, surviving = steps.at_risk, steps.at_risk - steps.events
    survival = np.cumprod(surviving / at_risk)
    logarithm = step_variance(steps, form, each=1 / np.where(surviving > 0, surviving, np.inf))
    error = survival * np.sqrt(logarithm)
    error[survival == 0] = np.nan
    lower, upper = confidence_limits(survival, error, conf_type=conf_type, conf_level=conf_level)
    return KaplanMeier(
        steps.time, survival, error, lower, upper, at_risk, steps.events, steps.censored,
        n=records.n, n_events=total(steps.events), variance_form=VARIANCE_NAMES[form], conf_type=conf_type,
        conf_level=conf_level, cumulative_hazard=np.cumsum(steps.events / at_risk),
        cumulative_hazard_error=np.sqrt(step_variance(steps, form, each=1 / at_risk)),
    )  # fmt: skip
