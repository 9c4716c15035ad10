"""How much time before τ is lost to each kind of event, and how much is left free of them?

    L_j(τ) = ∫_0^τ F_j(t) dt,      L_0(τ) = ∫_0^τ S(t) dt,      Σ_j L_j + L_0 = τ

the mean time spent after event j, and free of all events, within the first τ. With the means as they stand at τ,
R_j(u) = ∫_u^τ (F_j(t) - F_j(u)) dt, the influence of one patient on L_j is Σ_{u <= τ} [S(u-) (τ - u) δh_j(u) - R_j(u)
δh(u) / (1 - h(u))], with δh what the patient adds to the hazard at u; the variance is the sum of its squares (the
infinitesimal jackknife, over clusters if there are any).

Sources: Andersen, Stat Med 2013;32:5278-5285; Conner & Trinquart, Stat Med 2021;40:2177-2196. Means equal
`summary(survfit(Surv(time, factor(cause)) ~ 1), rmean = τ)` of the R package survival.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, Integers, cause_codes
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.curve import total
from inferon.statistics.shared.influence import clustered_sum_of_squares, stay
from inferon.statistics.shared.records import Records, checked_records
from inferon.statistics.shared.risk_table import before, risk_table

EVENT_FREE = "event_free"


@dataclass(frozen=True, eq=False, repr=False)
class RestrictedMeanTimeLost:
    """Mean time within the first `tau` that is spent free of events, and after each kind of event.

    states                 "event_free", then the causes
    mean_time              one a state, in the unit of the data; they add up to tau
    standard_error         of each mean; `lower`, `upper` are mean ± z se, kept within [0, tau]
    n, n_events            rows of follow-up, and events of each cause in all, also after tau, as survfit
                           counts them (0 for event_free)
    """

    states: tuple[Any, ...]
    tau: float
    mean_time: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    n: int
    n_events: tuple[float, ...]
    conf_level: float

    method: ClassVar[str] = "Restricted mean time lost"
    variance_form: ClassVar[str] = "infinitesimal jackknife"
    citation: ClassVar[str] = "Andersen, Stat Med 2013;32:5278-5285"

    def __post_init__(self) -> None:
        for name in ("mean_time", "standard_error", "lower", "upper"):
            getattr(self, name).setflags(write=False)

    def to_frame(self) -> pl.DataFrame:
        """One row a state: state, n, n_events, mean_time, standard_error, lower, upper."""
        names = ("mean_time", "standard_error", "lower", "upper")
        head = {
            "state": [str(state) for state in self.states],
            "n": self.n,
            "n_events": [float(events) for events in self.n_events],
        }
        return pl.DataFrame({**head, **{name: getattr(self, name) for name in names}})

    def __repr__(self) -> str:
        head = (
            f"{self.method} by {self.tau:g}: n = {self.n}, events = {sum(self.n_events):g} (in all, also later); "
            f"variance: {self.variance_form}; {100 * self.conf_level:g}% limits: plain"
        )
        rows = [
            f"  {state!s:>12} {events:>8g} {mean:>10.4f} {error:>9.4f} {low:>10.4f} {high:>10.4f}"
            for state, events, mean, error, low, high in zip(
                self.states, self.n_events, self.mean_time, self.standard_error, self.lower, self.upper, strict=True
            )
        ]
        titles = f"  {'state':>12} {'events':>8} {'mean time':>10} {'se':>9} {'lower':>10} {'upper':>10}"
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def restricted_mean_time_lost(
    time: ArrayLike,
    cause: Any,
    *,
    tau: float,
    causes: Sequence[Hashable] | None = None,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    conf_level: float = 0.95,
) -> RestrictedMeanTimeLost:
    """Estimate the mean time lost to each cause before `tau`, and the mean time free of events.

    tau  the horizon, above 0; beyond the longest follow-up the last incidences are carried on, as in survfit

    time, cause, causes, start, weights and cluster as in `aalen_johansen`. ValueError for bad columns or horizon.
    """
    check_confidence("plain", conf_level)
    if not (np.isfinite(tau) and tau > 0):
        raise ValueError(f"tau must be a finite number above 0, found {tau}")
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    coded = cause_codes(cause, patients=records.n, causes=causes)
    states = _States(records, coded.codes, len(coded.labels), float(tau))
    found = [states.mean_and_error(code) for code in range(-1, len(coded.labels))]
    mean, error = np.array([m for m, _ in found]), np.array([e for _, e in found])
    margin = normal_quantile(conf_level) * error
    return RestrictedMeanTimeLost(
        (EVENT_FREE, *coded.labels), float(tau), mean, error, np.maximum(mean - margin, 0.0),
        np.minimum(mean + margin, tau), records.n, (0, *(total(column) for column in states.table.events[:, 0].T)),
        conf_level,
    )  # fmt: skip


class _States:
    """Counts at every distinct time, and the integrals over them up to tau."""

    def __init__(self, records: Records, codes: Integers, causes: int, tau: float) -> None:
        self.records, self.codes, self.tau = records, codes, tau
        together = np.zeros(records.n, dtype=np.int64)
        self.table = risk_table(
            records.time, codes, causes=causes, group=together, start=records.start, weights=records.weights
        )
        self.at_risk = self.table.at_risk[:, 0].astype(np.float64)
        self.all_events = self.table.events[:, 0].sum(axis=1)
        self.free = np.cumprod((self.at_risk - self.all_events) / self.at_risk)
        self.free_before = before(self.free, 1.0)
        self.remaining = np.maximum(tau - self.table.time, 0.0)
        self.length = self.remaining - np.append(self.remaining[1:], 0.0)

    def mean_and_error(self, code: int) -> tuple[float, float]:
        """Mean time in the state of a cause, or (code -1) free of events."""
        if code < 0:
            before_first = self.tau - self.remaining[0]
            influence = self._influence(self._ahead(self.free), np.zeros(self.free.size), code)
            mean = before_first + self.free @ self.length
        else:
            incidence = np.cumsum(self.free_before * self.table.events[:, 0, code] / self.at_risk)
            rising = self._ahead(incidence) - incidence * self.remaining
            influence = self._influence(rising, self.free_before * self.remaining / self.at_risk, code)
            mean = incidence @ self.length
        return float(mean), float(np.sqrt(clustered_sum_of_squares(self.records, influence)))

    def _ahead(self, curve: Floats) -> Floats:
        """The area under the curve from each time to tau."""
        return np.cumsum((curve * self.length)[::-1])[::-1]

    def _influence(self, ahead: Floats, direct: Floats, code: int) -> Floats:
        """∂L/∂w of every row: `direct` for an event of the cause itself, `ahead` lost with every event."""
        left = self.at_risk - self.all_events
        within = (self.table.time <= self.tau) & (left > 0)
        lost = np.where(within, -ahead / np.where(left > 0, left, 1.0), 0.0)
        events = self.table.events[:, 0, code] if code >= 0 else 0.0
        drained = np.cumsum((events * direct + self.all_events * lost) / self.at_risk)
        position = self.table.position
        on_entry, on_exit = stay(self.records, self.table.time, position).accrued(drained)
        own = np.where(self.codes >= 0, lost[position], 0.0) + np.where(self.codes == code, direct[position], 0.0)
        return own - on_exit + on_entry
