"""How long, on average, do patients stay free of the event within the first τ?

    R(τ) = ∫_0^τ S(t) dt,      var R(τ) = Σ_{u <= τ} (∫_u^τ S(t) dt)² d(u) / (Y(u) (Y(u) - d(u)))   (Greenwood)

the area under the Kaplan–Meier curve; τ - R(τ) is the mean time lost. The standard error is that of the estimate of the
mean, not the spread of the patients' times. Competing events: `restricted_mean_time_lost`.

Sources: Irwin, J Hyg 1949;47:188-189; Royston & Parmar, BMC Med Res Methodol 2013;13:152; Uno et al., J Clin Oncol
2014;32:2380-2385. Equal to survRM2::rmst2 arm by arm and to `summary(survfit(...), rmean = τ)` of the R package survival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.curves.kaplan_meier import KaplanMeier, kaplan_meier
from inferon.statistics.curves.restricted_time_lost import restricted_mean_time_lost
from inferon.statistics.shared.columns import Floats, event_indicator
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.hazard import VARIANCE_NAMES, SurvivalVariance, chosen_variance
from inferon.statistics.shared.records import checked_records


@dataclass(frozen=True, eq=False, repr=False)
class RestrictedMean:
    """Mean time free of the event within the first `tau`, in the unit of the data.

    estimate         the mean; `time_lost` is tau minus it
    standard_error   of both; `lower` and `upper` are estimate ± z se
    n, n_events      rows of follow-up, and events by tau (sums of weights where patients are weighted)
    """

    tau: float
    estimate: float
    standard_error: float
    lower: float
    upper: float
    n: int
    n_events: float
    variance_form: str
    conf_level: float

    method: ClassVar[str] = "Restricted mean survival time"
    citation: ClassVar[str] = "Royston & Parmar, BMC Med Res Methodol 2013;13:152"

    @property
    def time_lost(self) -> float:
        """Mean time lost to the event before tau; its limits are tau minus those of the mean, in reverse."""
        return self.tau - self.estimate

    def to_frame(self) -> pl.DataFrame:
        """One row: tau, n, n_events, estimate, standard_error, lower, upper, time_lost."""
        names = ("tau", "n", "n_events", "estimate", "standard_error", "lower", "upper", "time_lost")
        return pl.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        head = (
            f"{self.method} by {self.tau:g}: n = {self.n}, events = {self.n_events:g}; variance: {self.variance_form}"
        )
        limits = f"{100 * self.conf_level:g}% limits {self.lower:.4f} to {self.upper:.4f}, plain"
        body = f"  {self.estimate:.4f} (se {self.standard_error:.4f}; {limits}); lost: {self.time_lost:.4f}"
        return "\n".join([head, body, f"  {self.citation}"])


def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    *,
    tau: float,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: SurvivalVariance | None = None,
    extend: bool = False,
    conf_level: float = 0.95,
) -> RestrictedMean:
    """Estimate the mean time free of the event before `tau`.

    tau       the horizon, above 0, chosen before the data are seen
    variance  greenwood, or infinitesimal_jackknife (by default with clusters or weights that are not whole numbers)
    extend    carry the curve on flat beyond the last follow-up, as survfit does; otherwise a tau there is an error
              unless the curve has reached 0

    time, event, start, weights and cluster as in `kaplan_meier`. ValueError for bad columns or horizon.
    """
    check_confidence("plain", conf_level)
    if not (np.isfinite(tau) and tau > 0):
        raise ValueError(f"tau must be a finite number above 0, found {tau}")
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    form = chosen_variance(variance, records)
    happened = event_indicator(event, patients=records.n)
    curve = kaplan_meier(records.time, happened, start=start, weights=weights, cluster=cluster)
    if not extend and tau > known_until(curve):
        raise ValueError(f"tau = {tau:g} lies beyond the last follow-up ({curve.last_follow_up:g}); see `extend`")
    estimate, error = _area(curve, float(tau))
    if form != "greenwood":
        lost = restricted_mean_time_lost(
            records.time, happened, tau=tau, causes=[1], start=start, weights=weights, cluster=cluster
        )
        error = float(lost.standard_error[0])
    margin = normal_quantile(conf_level) * error
    events = float(curve.events[curve.time <= tau].sum())
    return RestrictedMean(
        float(tau), estimate, error, estimate - margin, estimate + margin, records.n, events, VARIANCE_NAMES[form],
        conf_level,
    )  # fmt: skip


def known_until(curve: KaplanMeier) -> float:
    """The time up to which a curve is known: its last follow-up, or for ever once it is 0."""
    return np.inf if curve.estimate[-1] == 0 else curve.last_follow_up


def area_ahead(time: Floats, estimate: Floats, tau: float) -> Floats:
    """∫ from each time to tau of a curve that is `estimate` from that time on, shape (times,); 0 beyond tau."""
    remaining = np.maximum(tau - time, 0.0)
    length = remaining - np.append(remaining[1:], 0.0)
    return np.cumsum((estimate * length)[::-1])[::-1]


def _area(curve: KaplanMeier, tau: float) -> tuple[float, float]:
    """The area under the curve to tau and the root of Greenwood's variance."""
    ahead = area_ahead(curve.time, curve.estimate, tau)
    left = curve.at_risk - curve.events
    hazard_term = np.where(left > 0, curve.events / (curve.at_risk * np.where(left > 0, left, 1.0)), 0.0)
    estimate = min(float(curve.time[0]), tau) + ahead[0]
    return float(estimate), float(np.sqrt((ahead**2) @ hazard_term))
