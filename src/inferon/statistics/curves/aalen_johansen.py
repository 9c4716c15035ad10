"""How many patients have had each kind of event by a given time, when one kind rules out the others?

    F_j(t) = Σ_{u <= t} S(u-) d_j(u) / Y(u),      S = Kaplan–Meier of all causes together,      Σ_j F_j + S = 1

Four variances are in use and differ by 1-9 % in small samples; the result always says which one it holds (see
`incidence_variance`).

Delayed entry: a patient is at risk at t when start < t <= time. Where everybody at risk has an event while others are
still to enter, S is 0 from there on and no F_j can rise any more, as in survfit.

Sources: Aalen & Johansen, Scand J Statist 1978;5:141-150; Gray, Ann Stat 1988;16:1141-1154. Equal to cmprsk::cuminc,
etm::etmCIF, prodlim and survfit(Surv(time, factor(cause)) ~ 1). Ties are handled exactly; nothing is jittered.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.curves.incidence_variance import (
    VARIANCES,
    Variance,
    chosen_incidence_variance,
    incidence_steps,
    incidence_variance,
)
from inferon.statistics.shared.columns import Floats, cause_codes
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence, confidence_limits
from inferon.statistics.shared.curve import Curve, total
from inferon.statistics.shared.records import checked_records
from inferon.statistics.shared.risk_table import risk_table

__all__ = ["VARIANCES", "AalenJohansen", "CumulativeIncidence", "Variance", "aalen_johansen"]

NO_CAUSE = "nobody had an event and `causes` names none, so there is no curve"


@dataclass(frozen=True, eq=False, repr=False)
class CumulativeIncidence(Curve):
    """Cumulative incidence of one cause; `events` counts that cause, `censored` the patients without any event."""

    cause: Hashable

    method: ClassVar[str] = "Aalen–Johansen cumulative incidence"
    citation: ClassVar[str] = "Aalen & Johansen, Scand J Statist 1978;5:141-150"
    quantity: ClassVar[str] = "cumulative incidence"
    start: ClassVar[float] = 0.0

    @property
    def variance(self) -> Floats:
        """The square of the standard error."""
        return self.standard_error**2

    def _headline(self) -> str:
        return f"{self.cause}: {super()._headline()}"


@dataclass(frozen=True, eq=False, repr=False)
class AalenJohansen(Mapping[Any, CumulativeIncidence]):
    """One cumulative incidence a cause, by name, in the order of the causes; `event_free` is what is left."""

    estimates: Mapping[Any, CumulativeIncidence]
    time: Floats
    event_free: Floats
    n: int

    def __getitem__(self, cause: Any) -> CumulativeIncidence:
        return self.estimates[cause]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    @property
    def causes(self) -> tuple[Any, ...]:
        """The causes, in order."""
        return tuple(self.estimates)

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """All causes at `times`: the columns of `CumulativeIncidence.at` after a column `cause`."""
        return _stacked({cause: curve.at(times) for cause, curve in self.items()})

    def to_frame(self) -> pl.DataFrame:
        """All causes at every observed time: the columns of `CumulativeIncidence.to_frame` after a column `cause`."""
        return _stacked({cause: curve.to_frame() for cause, curve in self.items()})

    def plot(self) -> Any:
        """One panel a cause, each as a step with its limits as a band: an Altair chart."""
        from inferon.statistics.shared.picture import step_chart

        frame = _stacked({str(cause): curve.drawn() for cause, curve in self.items()})
        first = next(iter(self.values()))
        about = f"n = {self.n}; variance: {first.variance_form}; {100 * first.conf_level:g}% limits: {first.conf_type}"
        method, quantity = CumulativeIncidence.method, CumulativeIncidence.quantity
        return step_chart(frame, title=method, subtitle=about, quantity=quantity, row="cause")

    def __repr__(self) -> str:
        return (
            "\n".join(repr(curve) for curve in self.values())
            or f"{CumulativeIncidence.method}: n = {self.n}; {NO_CAUSE}"
        )


def aalen_johansen(
    time: ArrayLike,
    cause: Any,
    *,
    causes: Sequence[Hashable] | None = None,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    variance: Variance | None = None,
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
) -> AalenJohansen:
    """Estimate the cumulative incidence of every cause.

    time       end of follow-up, shape (patients,), any unit, >= 0
    cause      what ended it: 0 or None for censored, else a number or a name a cause
    causes     the causes to report, in this order (one without events is estimated as 0); by default those found
    start      entry time (delayed entry), before `time`; at risk when start < t <= time
    weights    how much each patient counts, above 0; counts in the result are then sums of weights
    cluster    label of the patients (or rows of one patient) that belong together
    variance   greenwood_type, infinitesimal_jackknife, aalen_1978_cmprsk or aalen_1978_textbook (`incidence_variance`).
               By default greenwood_type, and the jackknife with clusters or with weights that are not whole numbers
    conf_type  scale of the limits: log-log (of F itself, log(-log F)), plain, log, logit or arcsine

    Limits do not exist (NaN, null in tables) on the transformed scales while no event has happened. ValueError for bad
    times, a start not before its time, a weight not above 0, an undeclared cause, or columns of unequal length.
    """
    check_confidence(conf_type, conf_level)
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    form = chosen_incidence_variance(variance, records)
    coded = cause_codes(cause, patients=records.n, causes=causes)
    together = np.zeros(records.n, dtype=np.int64)
    table = risk_table(
        records.time,
        coded.codes,
        causes=len(coded.labels),
        group=together,
        start=records.start,
        weights=records.weights,
    )
    at_risk, events, censored = table.at_risk[:, 0], table.events[:, 0, :], table.censored[:, 0]
    all_events = events.sum(axis=1)
    event_free = np.cumprod((at_risk - all_events) / at_risk)
    event_free.setflags(write=False)
    curves = {}
    for position, label in enumerate(coded.labels):
        steps = incidence_steps(table, position, all_events=all_events, event_free=event_free)
        error = np.sqrt(incidence_variance(steps, form, records=records, codes=coded.codes, cause=position))
        lower, upper = confidence_limits(steps.incidence, error, conf_type=conf_type, conf_level=conf_level)
        curves[label] = CumulativeIncidence(
            table.time, steps.incidence, error, lower, upper, at_risk, events[:, position], censored, n=records.n,
            n_events=total(events[:, position]), variance_form=form, conf_type=conf_type, conf_level=conf_level,
            cause=label,
        )  # fmt: skip
    return AalenJohansen(MappingProxyType(curves), table.time, event_free, records.n)


def _stacked(frames: Mapping[Any, pl.DataFrame]) -> pl.DataFrame:
    if not frames:
        raise ValueError(NO_CAUSE)
    return pl.concat([frame.select(pl.lit(cause).alias("cause"), pl.all()) for cause, frame in frames.items()])
