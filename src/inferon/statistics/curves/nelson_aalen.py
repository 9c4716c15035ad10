"""How much risk of the event has a patient run by a given time?

    H(t) = Σ_{u <= t} d(u) / Y(u),      var H(t) = Σ_{u <= t} d(u) / Y(u)²

With `ties="one_by_one"` tied events are taken one after another, as if rounding had hidden their order (Fleming &
Harrington's correction): d(u) / Y(u) becomes 1 / Y + 1 / (Y - 1) + ... + 1 / (Y - d + 1), and the variance the same sum
of squares. Sources: Nelson, Technometrics 1972;14:945-966; Aalen, Ann Stat 1978;6:701-726; Fleming & Harrington, Commun
Stat 1984;13:2469-2486. Equal to `cumhaz` and `std.chaz` of survfit(Surv(time, event) ~ 1), and with ties taken one by
one of survfit(..., stype = 2, ctype = 2), in the R package survival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, event_indicator
from inferon.statistics.shared.confidence import HazardConfidenceType, check_hazard_confidence, hazard_limits
from inferon.statistics.shared.curve import Curve, total
from inferon.statistics.shared.hazard import (
    HAZARD_VARIANCES,
    VARIANCE_NAMES,
    EventSteps,
    HazardVariance,
    chosen_variance,
    event_steps,
    step_variance,
)
from inferon.statistics.shared.records import checked_records

Ties = Literal["together", "one_by_one"]
TIES: tuple[str, ...] = get_args(Ties)


@dataclass(frozen=True, eq=False, repr=False)
class NelsonAalen(Curve):
    """Cumulative hazard over time; `ties` says how tied events were taken."""

    ties: str

    method: ClassVar[str] = "Nelson–Aalen cumulative hazard"
    citation: ClassVar[str] = "Nelson, Technometrics 1972;14:945-966; Aalen, Ann Stat 1978;6:701-726"
    quantity: ClassVar[str] = "cumulative hazard"
    start: ClassVar[float] = 0.0

    def _headline(self) -> str:
        return f"{super()._headline()}; ties taken {self.ties.replace('_', ' ')}"

    def _limits(self, estimate: Floats, standard_error: Floats) -> tuple[Floats, Floats]:
        return hazard_limits(estimate, standard_error, conf_type=self.conf_type, conf_level=self.conf_level)


class HazardSteps(NamedTuple):
    """Cumulative hazard and its standard error at every distinct time, with the counts and the variance's name."""

    steps: EventSteps
    hazard: Floats
    error: Floats
    variance_form: str


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    ties: Ties = "together",
    variance: HazardVariance | None = None,
    conf_type: HazardConfidenceType = "log",
    conf_level: float = 0.95,
) -> NelsonAalen:
    """Estimate the cumulative hazard.

    time, event, start, weights, cluster  as in `kaplan_meier`
    ties       together, or one_by_one (Fleming & Harrington)
    variance   aalen (Σ d / Y², the usual one) or infinitesimal_jackknife (robust); chosen as in `kaplan_meier`
    conf_type  scale of the limits: log, plain or arcsine (of exp(-H / 2))

    On the log and arcsine scale limits do not exist (NaN) before the first event. ValueError as in `kaplan_meier`.
    """
    check_hazard_confidence(conf_type, conf_level)
    steps, hazard, error, form = hazard_steps(
        time, event, start=start, weights=weights, cluster=cluster, ties=ties, variance=variance
    )
    lower, upper = hazard_limits(hazard, error, conf_type=conf_type, conf_level=conf_level)
    return NelsonAalen(
        steps.time, hazard, error, lower, upper, steps.at_risk, steps.events, steps.censored, n=steps.records.n,
        n_events=total(steps.events), variance_form=form, conf_type=conf_type, conf_level=conf_level, ties=ties,
    )  # fmt: skip


def hazard_steps(
    time: ArrayLike, event: ArrayLike, *, start: Any, weights: Any, cluster: Any, ties: str, variance: Any
) -> HazardSteps:
    """The cumulative hazard and its standard error, from the columns of `nelson_aalen`."""
    if ties not in TIES:
        raise ValueError(f"ties must be one of {', '.join(TIES)}, found {ties!r}")
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    form = chosen_variance(variance, records, allowed=HAZARD_VARIANCES)
    happened = event_indicator(event, patients=records.n)
    steps = event_steps(records, happened)
    at_risk = steps.at_risk.astype(np.float64)
    increment, drain = steps.events / at_risk, steps.events / at_risk**2
    each = 1 / at_risk
    if ties == "one_by_one":
        increment, drain, each = _one_by_one(steps)
    error = np.sqrt(step_variance(steps, form, each=each, drain=drain))
    return HazardSteps(steps, np.cumsum(increment), error, VARIANCE_NAMES[form])


def _one_by_one(steps: EventSteps) -> tuple[Floats, Floats, Floats]:
    """Increment of H, what a patient at risk takes away, and what an event adds, with each tied event on its own.

    m tied events weighing d together leave in m steps of d / m each: with Y_k = Y - k d / m, the increment is
    Σ_k (d / m) / Y_k, its derivative by Y is -Σ_k (d / m) / Y_k² and by d it is Σ_k (Y / m) / Y_k².
    """
    position = steps.position[steps.happened]
    size = steps.time.size
    number = np.bincount(position, minlength=size)
    which = np.repeat(np.arange(size), number)
    rank = np.arange(which.size) - np.repeat(np.cumsum(number) - number, number)
    share = steps.events[which] / number[which]
    left = steps.at_risk[which] - rank * share
    per_event = steps.at_risk[which] / number[which]
    terms = (share / left, share / left**2, per_event / left**2)
    increment, drain, each = (np.bincount(which, term, minlength=size).astype(np.float64) for term in terms)
    return increment, drain, each
