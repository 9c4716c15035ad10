"""Do two arms differ in the mean time free of the event before τ, or in the mean time lost to it?

    difference           R_1 - R_0                 se √(v_1 + v_0)
    ratio                R_1 / R_0                 on the log scale, se √(v_1 / R_1² + v_0 / R_0²)
    ratio of time lost   (τ - R_1) / (τ - R_0)     on the log scale, se √(v_1 / (τ - R_1)² + v_0 / (τ - R_0)²)

with R the restricted means of the arms (`restricted_mean`) and v their variances. No assumption of proportional hazards
is made; τ must be fixed before the data are seen. Adjustment for covariates: `adjusted_restricted_means`.

Source: Uno et al., J Clin Oncol 2014;32:2380-2385. Equal to survRM2::rmst2 without covariates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr

from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.rmst import RestrictedMean, known_until, restricted_mean
from inferon.statistics.shared.columns import event_indicator
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.hazard import SurvivalVariance
from inferon.statistics.shared.records import Records, checked_records
from inferon.statistics.shared.two_groups import members, part, two_groups


@dataclass(frozen=True)
class Contrast:
    """One comparison of two arms: estimate with limits, two-sided p, and the standard error on the scale it was made.

    log_scale  True where `standard_error` is that of the logarithm of `estimate`
    """

    name: str
    estimate: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    log_scale: bool


@dataclass(frozen=True, eq=False, repr=False)
class RestrictedMeanComparison:
    """Two arms compared by mean time before `tau`; ratios are NaN where an arm's mean (or time lost) is 0.

    groups      the two labels, the reference first; `arms` their restricted means in that order
    difference  second group minus reference; `ratio` and `time_lost_ratio` second group over reference
    """

    tau: float
    groups: tuple[Any, Any]
    arms: tuple[RestrictedMean, RestrictedMean]
    difference: Contrast
    ratio: Contrast
    time_lost_ratio: Contrast
    conf_level: float

    method: ClassVar[str] = "Comparison of restricted mean survival times"
    citation: ClassVar[str] = "Uno et al., J Clin Oncol 2014;32:2380-2385"

    @property
    def contrasts(self) -> tuple[Contrast, Contrast, Contrast]:
        """Difference, ratio, ratio of time lost."""
        return self.difference, self.ratio, self.time_lost_ratio

    def to_frame(self) -> pl.DataFrame:
        """One row a contrast: contrast, estimate, standard_error, log_scale, lower, upper, p_value."""
        return contrast_frame(self.contrasts)

    def __repr__(self) -> str:
        rows = [
            f"  {label!s:>12}: n = {arm.n}, events = {arm.n_events:g}, mean = {arm.estimate:.4f} "
            f"(se {arm.standard_error:.4f}), lost = {arm.time_lost:.4f}"
            for label, arm in zip(self.groups, self.arms, strict=True)
        ]
        head = f"{self.method} by {self.tau:g}: {self.groups[1]!s} against {self.groups[0]!s}"
        variance = f"  variance: {self.arms[0].variance_form}; {100 * self.conf_level:g}% limits"
        return "\n".join([head, *rows, variance, *contrast_rows(self.contrasts), f"  {self.citation}"])


def compare_restricted_means(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    tau: float | None = None,
    reference: Any = None,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: SurvivalVariance | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanComparison:
    """Compare the mean time free of the event before `tau` between two groups.

    group      label of each patient's group, exactly two of them
    tau        the horizon; None takes the latest time at which both curves are known (as rmst2 does), a choice that
               depends on the data
    reference  the group compared with; by default the first label in sorted order

    time, event, start, weights, cluster and variance as in `restricted_mean`. ValueError for bad columns, other than two
    groups, a cluster with patients in both, or a tau beyond the follow-up of a group whose curve is not 0 there.
    """
    check_confidence("plain", conf_level)
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    happened = event_indicator(event, patients=records.n)
    coded = two_groups(group, reference=reference, records=records)
    own = list(members(coded))
    horizon = latest_common_time(records, happened, own) if tau is None else tau
    first, second = (
        restricted_mean(
            records.time[rows], happened[rows], tau=horizon, start=part(records.start, rows),
            weights=part(records.weights, rows), cluster=part(records.cluster, rows), variance=variance,
            conf_level=conf_level,
        )
        for rows in own
    )  # fmt: skip
    return RestrictedMeanComparison(
        float(horizon),
        (coded.labels[0], coded.labels[1]),
        (first, second),
        _difference(first, second, conf_level),
        _ratio("ratio of means", (first.estimate, second.estimate), (first, second), conf_level),
        _ratio("ratio of time lost", (first.time_lost, second.time_lost), (first, second), conf_level),
        conf_level,
    )


def latest_common_time(records: Records, happened: Any, own: Sequence[Any]) -> float:
    """The latest time at which the curves of all groups are known.

    The shortest last follow-up among curves that do not reach 0; the longest of all where every curve does.
    """
    curves = [kaplan_meier(records.time[r], happened[r], start=part(records.start, r)) for r in own]
    reach = min(known_until(curve) for curve in curves)
    return reach if np.isfinite(reach) else max(curve.last_follow_up for curve in curves)


def contrast(name: str, estimate: float, error: float, conf_level: float, *, log_scale: bool) -> Contrast:
    """A contrast from its estimate (of the logarithm, on the log scale) and standard error."""
    margin = normal_quantile(conf_level) * error
    values = np.array([estimate, estimate - margin, estimate + margin])
    shown = np.exp(values) if log_scale else values
    p_value = 2 * float(ndtr(-abs(estimate / error))) if error > 0 else float("nan")
    return Contrast(name, float(shown[0]), float(error), float(shown[1]), float(shown[2]), p_value, log_scale)


def contrast_frame(contrasts: Sequence[Contrast]) -> pl.DataFrame:
    """Contrasts as a table, one a row."""
    names = ("estimate", "standard_error", "log_scale", "lower", "upper", "p_value")
    columns = {name: [getattr(found, name) for found in contrasts] for name in names}
    return pl.DataFrame({"contrast": [found.name for found in contrasts], **columns}, nan_to_null=True)


def contrast_rows(contrasts: Sequence[Contrast]) -> list[str]:
    """Contrasts as printed lines."""
    return [
        f"  {found.name:>20}: {found.estimate:.4f} ({found.lower:.4f} to {found.upper:.4f}), p = {found.p_value:.4g}"
        for found in contrasts
    ]


def _difference(first: RestrictedMean, second: RestrictedMean, conf_level: float) -> Contrast:
    error = float(np.hypot(first.standard_error, second.standard_error))
    return contrast("difference of means", second.estimate - first.estimate, error, conf_level, log_scale=False)


def _ratio(
    name: str, means: tuple[float, float], arms: tuple[RestrictedMean, RestrictedMean], conf_level: float
) -> Contrast:
    if min(means) <= 0:
        return contrast(name, float("nan"), float("nan"), conf_level, log_scale=True)
    relative = [arm.standard_error / mean for arm, mean in zip(arms, means, strict=True)]
    error = float(np.hypot(relative[0], relative[1]))
    return contrast(name, float(np.log(means[1] / means[0])), error, conf_level, log_scale=True)
