"""By how much do two groups differ in how many have had one kind of event by one time?

    Δ = F_1(t) - F_0(t),      se² = var F_1(t) + var F_0(t),      F by Aalen–Johansen

Limits: `wald` is Δ ± z se; `recovered` puts together each group's own log-log limits (l, u), which keeps its level in
small groups and never leaves [-1, 1]:

    Δ - √((F_1 - l_1)² + (u_0 - F_0)²)  to  Δ + √((u_1 - F_1)² + (F_0 - l_0)²)

and not a number where a group has no log-log limits (nobody had the event, or everybody). Sources: Zhang & Fine, Stat Med
2008;27:4939-4949; Zou & Donner, Stat Med 2008;27:1693-1702 (recovered). No package oracle: the parts are those of
cmprsk::cuminc or survfit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from inferon.statistics.curves.aalen_johansen import CumulativeIncidence, Variance, aalen_johansen
from inferon.statistics.shared.columns import Coded, cause_codes
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.records import Records, checked_records
from inferon.statistics.shared.two_groups import members, part, two_groups

Interval = Literal["wald", "recovered"]
INTERVALS: tuple[str, ...] = get_args(Interval)


@dataclass(frozen=True, eq=False, repr=False)
class IncidenceDifference:
    """The difference of two cumulative incidences of `cause` at one time, second group minus reference.

    groups                  the two labels, the reference first
    incidence, standard_errors  F at the time in each group, shape (2,)
    difference, standard_error  their difference and its standard error
    lower, upper            limits of the difference at `conf_level`, by `interval`
    z, p_value              difference over its standard error (NaN when that is 0); two-sided p
    """

    cause: Any
    groups: tuple[Any, Any]
    time: float
    incidence: tuple[float, float]
    standard_errors: tuple[float, float]
    difference: float
    standard_error: float
    lower: float
    upper: float
    z: float
    p_value: float
    interval: str
    conf_level: float
    n: tuple[int, int]
    n_events: tuple[float, float]
    variance_form: str

    method: ClassVar[str] = "Difference of cumulative incidences"
    citation: ClassVar[str] = "Zhang & Fine, Stat Med 2008;27:4939-4949"

    def to_frame(self) -> pl.DataFrame:
        """One row: cause, time, the incidences of both groups, difference, standard_error, lower, upper, z, p_value."""
        names = ("difference", "standard_error", "lower", "upper", "z", "p_value")
        by_group = {f"incidence_{label}": [f] for label, f in zip(self.groups, self.incidence, strict=True)}
        head = {"cause": [self.cause], "time": [self.time], **by_group}
        return pl.DataFrame({**head, **{name: [getattr(self, name)] for name in names}}, nan_to_null=True)

    def __repr__(self) -> str:
        rows = [
            f"  {label!s:>12}: n = {n}, events = {events:g}, F({self.time:g}) = {f:.4f} (se {error:.4f})"
            for label, n, events, f, error in zip(
                self.groups, self.n, self.n_events, self.incidence, self.standard_errors, strict=True
            )
        ]
        head = (
            f"{self.method} of {self.cause}: {self.difference:.4f}, {100 * self.conf_level:g}% limits ({self.interval}) "
            f"{self.lower:.4f} to {self.upper:.4f}, z = {self.z:.4f}, p = {self.p_value:.4g}; "
            f"variance: {self.variance_form}"
        )
        return "\n".join([head, *rows, f"  {self.citation}"])


def incidence_difference(
    time: ArrayLike,
    cause: Any,
    group: Any,
    *,
    of: Any,
    at: float,
    reference: Any = None,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: Variance | None = None,
    interval: Interval = "recovered",
    conf_level: float = 0.95,
) -> IncidenceDifference:
    """Compare the cumulative incidence of one cause between two groups at one time.

    group      label of each patient's group, exactly two of them
    of         the cause that is compared
    at         the time, chosen beforehand
    reference  the group that is subtracted; by default the first label in sorted order
    interval   recovered or wald

    time, cause, start, weights, cluster and variance as in `aalen_johansen`. ValueError for bad columns, other than two
    groups, a cluster with patients in both, a cause nobody had, or a time beyond the follow-up of a group that still has
    patients free of every event.
    """
    check_confidence("plain", conf_level)
    if interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}, found {interval!r}")
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    coded = two_groups(group, reference=reference, records=records)
    causes = cause_codes(cause, patients=records.n)
    if of not in causes.labels:
        raise ValueError(f"of must be a cause that occurs, one of {list(causes.labels)}, found {of!r}")
    options = {"variance": variance, "conf_level": conf_level}
    curves = [
        _incidence(records, causes, own, of=of, until=(at, label), **options)
        for own, label in zip(members(coded), coded.labels, strict=True)
    ]
    reference_part, other_part = (_at(curve, at) for curve in curves)
    difference = other_part.estimate - reference_part.estimate
    error = float(np.hypot(reference_part.error, other_part.error))
    margins = (normal_quantile(conf_level) * error,) * 2
    if interval == "recovered":
        margins = (np.hypot(other_part.below, reference_part.above), np.hypot(other_part.above, reference_part.below))
    z = difference / error if error > 0 else np.nan
    return IncidenceDifference(
        cause=of, groups=(coded.labels[0], coded.labels[1]), time=float(at),
        incidence=(reference_part.estimate, other_part.estimate),
        standard_errors=(reference_part.error, other_part.error), difference=difference, standard_error=error,
        lower=float(difference - margins[0]), upper=float(difference + margins[1]), z=z,
        p_value=2 * float(ndtr(-abs(z))), interval=interval, conf_level=conf_level, n=(curves[0].n, curves[1].n),
        n_events=(curves[0].n_events, curves[1].n_events), variance_form=curves[0].variance_form,
    )  # fmt: skip


def _incidence(
    records: Records, causes: Coded, own: NDArray[np.bool_], *, of: Any, until: tuple[float, Any], **options: Any
) -> CumulativeIncidence:
    """The incidence of `of` in one group, which must be known at the time `until` of that group's label."""
    found = aalen_johansen(
        records.time[own], causes.codes[own] + 1, causes=range(1, len(causes.labels) + 1),
        start=part(records.start, own), weights=part(records.weights, own), cluster=part(records.cluster, own),
        conf_type="log-log", **options,
    )  # fmt: skip
    at, label = until
    if at > found.time[-1] and found.event_free[-1] > 0:
        raise ValueError(f"nobody of group {label!r} is followed to {at:g}: its last follow-up is {found.time[-1]:g}")
    return found[causes.labels.index(of) + 1]


@dataclass(frozen=True)
class _Part:
    """One group's incidence with its standard error and the distance to its limits on either side."""

    estimate: float
    error: float
    below: float
    above: float


def _at(curve: CumulativeIncidence, at: float) -> _Part:
    row = curve.at([at]).row(0, named=True)
    estimate, error = row["estimate"], row["standard_error"]
    if row["lower"] is None:
        return _Part(estimate, error, np.nan, np.nan)
    return _Part(estimate, error, estimate - row["lower"], row["upper"] - estimate)
