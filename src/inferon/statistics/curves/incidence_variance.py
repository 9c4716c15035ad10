"""Four variances of a cumulative incidence that are in use; they differ by 1-9 % in small samples.

Three are sums over the times u <= t, with F = F_j, S(u-) the event-free probability just before u, Y at risk, d events of
all causes and d_j of this one:

greenwood_type           delta method: (F(t) - F(u))² d / (Y (Y - d)) + S(u-)² d_j (Y - d_j) / Y³
                         - 2 (F(t) - F(u)) S(u-) d_j / Y²
                         (Marubini & Valsecchi, Analysing Survival Data from Clinical Trials, 1995); the covariance of
                         etm::etmCIF and prodlim, and of survival::survfit without weights and delayed entry.
aalen_1978_cmprsk        Aalen's counting-process variance with a finite-population factor (Y - d) / (Y - 1) for the
                         ties of each kind of event; what cmprsk::cuminc prints (Aalen, Ann Stat 1978;6:534-545; Gray,
                         Ann Stat 1988;16:1141-1154).
aalen_1978_textbook      the same as it is printed: (F(t) - F(u))² d / ((Y - 1) (Y - d)) + S(u-)² d_j (Y - d_j) /
                         (Y² (Y - 1)) - 2 (F(t) - F(u)) S(u-) d_j (Y - d_j) / (Y (Y - d) (Y - 1)); agrees with cmprsk to
                         about 1e-4 where times are tied (Choudhury, Stat Med 2002;21:1129-1144; Braun & Yuan, Stat Med
                         2007;26:1170-1180).
infinitesimal_jackknife  sum over patients (or clusters) of their squared influence: right with any weights, robust
                         under delayed entry; survival::survfit. Without either the same number as greenwood_type.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.influence import jackknife_variance, stay, without_rounding
from inferon.statistics.shared.records import Records
from inferon.statistics.shared.risk_table import Counts, RiskTable, before

Variance = Literal["greenwood_type", "infinitesimal_jackknife", "aalen_1978_cmprsk", "aalen_1978_textbook"]
VARIANCES: tuple[str, ...] = get_args(Variance)
Terms = tuple[Floats, Floats, Floats]
"""What each event time adds to the multiples of F(t)², -2 F(t) and 1 in the variance at all later t."""


@dataclass(frozen=True, eq=False)
class IncidenceSteps:
    """One cause at every distinct time, shape (times,): counts, S just before, and the incidence F.

    `position` is where each row of follow-up ends among the times.
    """

    time: Floats
    position: Integers
    at_risk: Floats
    events: Counts
    all_events: Counts
    free_before: Floats
    incidence: Floats

    @property
    def hazard_per_survivor(self) -> Floats:
        """1 / (Y - d), and 0 once nobody is left."""
        left = self.at_risk - self.all_events
        return np.where(left > 0, 1 / np.where(left > 0, left, 1.0), 0.0)


def incidence_steps(table: RiskTable, cause: int, *, all_events: Counts, event_free: Floats) -> IncidenceSteps:
    """The incidence of one cause (by position) from the counts of one group and the event-free probability."""
    at_risk, events = table.at_risk[:, 0].astype(np.float64), table.events[:, 0, cause]
    free_before = before(event_free, 1.0)
    incidence = np.minimum(np.cumsum(free_before * events / at_risk), 1.0)  # rounding must not carry it past certainty
    return IncidenceSteps(table.time, table.position, at_risk, events, all_events, free_before, incidence)


def chosen_incidence_variance(variance: Any, records: Records) -> str:
    """The form asked for; by default greenwood_type, but the jackknife with clusters or fractional weights."""
    if variance is None:
        return VARIANCES[int(records.clustered or records.fractional)]
    if variance not in VARIANCES:
        raise ValueError(f"variance must be one of {', '.join(VARIANCES)}, found {variance!r}")
    return variance


def incidence_variance(steps: IncidenceSteps, form: str, *, records: Records, codes: Integers, cause: int) -> Floats:
    """The variance of F at every distinct time, shape (times,).

    codes  the position of each row's cause, -1 = censored; `cause` is the one that F counts
    """
    if form == "infinitesimal_jackknife":
        return _infinitesimal_jackknife(steps, records, codes, cause)
    squares, products, constants = _SUMS[form](steps)
    incidence = steps.incidence
    square, product, constant = (
        incidence**2 * np.cumsum(squares),
        2 * incidence * np.cumsum(products),
        constants.cumsum(),
    )
    return without_rounding(square - product + constant, square + product + constant)


def _greenwood_type(steps: IncidenceSteps) -> Terms:
    at_risk, events = steps.at_risk, steps.events
    square = steps.all_events * steps.hazard_per_survivor / at_risk
    cross = steps.free_before * events / at_risk**2
    own = steps.free_before**2 * events * (at_risk - events) / at_risk**3
    return _expanded(steps.incidence, square, cross, own)


def _aalen_1978_textbook(steps: IncidenceSteps) -> Terms:
    """Where one patient is at risk nothing is added: the terms are 0 / 0, and their limit without ties is 0."""
    at_risk, events = steps.at_risk, steps.events
    others = np.where(at_risk > 1, 1 / np.where(at_risk > 1, at_risk - 1, 1.0), 0.0)
    square = steps.all_events * steps.hazard_per_survivor * others
    cross = steps.free_before * events * (at_risk - events) / at_risk * steps.hazard_per_survivor * others
    own = steps.free_before**2 * events * (at_risk - events) / at_risk**2 * others
    return _expanded(steps.incidence, square, cross, own)


def _expanded(incidence: Floats, square: Floats, cross: Floats, own: Floats) -> Terms:
    """(F(t) - F(u))² square - 2 (F(t) - F(u)) cross + own, sorted by powers of F(t)."""
    return square, incidence * square + cross, incidence**2 * square + 2 * incidence * cross + own


def _aalen_1978_cmprsk(steps: IncidenceSteps) -> Terms:
    """From the squared effect of each event on F(t).

    (1 - g (F(t) - F(u)))² for the cause's own events and g² (F(t) - F(u))² for the others, with g(u) = 1 / S(u), and 0
    once nobody is left; each kind of event has its own factor for ties.
    """
    gain = steps.at_risk * steps.hazard_per_survivor / np.where(steps.free_before > 0, steps.free_before, 1.0)
    own = _tied_variance(steps, steps.events)
    other = _tied_variance(steps, steps.all_events - steps.events) * gain**2
    incidence, effect = steps.incidence, 1 + gain * steps.incidence
    return own * gain**2 + other, own * gain * effect + other * incidence, own * effect**2 + other * incidence**2


def _tied_variance(steps: IncidenceSteps, events: Counts) -> Floats:
    ties = np.where(events > 1, 1 - (events - 1) / np.maximum(steps.at_risk - 1, 1.0), 1.0)
    return steps.free_before**2 * ties * events / steps.at_risk**2


def _infinitesimal_jackknife(steps: IncidenceSteps, records: Records, codes: Integers, cause: int) -> Floats:
    """The influence of a row on F(t) is P - F(t) B, from what it does while at risk and at its event.

    P collects S(u-) δh_j + F(u) b and B collects b = δh / (1 - h), where h, h_j are the hazards of any event and of this
    one, and δh their derivatives by the row's weight: (its own event - h) / Y at every time it is at risk.
    """
    any_event = steps.hazard_per_survivor
    rate = steps.all_events / steps.at_risk * any_event
    drain = np.cumsum(steps.free_before * steps.events / steps.at_risk**2 + steps.incidence * rate)
    drain_any = np.cumsum(rate)
    position = steps.position
    where = stay(records, steps.time, position)
    entry, leave = where.accrued(drain)
    entry_any, leave_any = where.accrued(drain_any)
    gain_any = np.where(codes >= 0, any_event[position], 0.0)
    own = np.where(codes == cause, (steps.free_before / steps.at_risk)[position], 0.0)
    gain = own + steps.incidence[position] * gain_any
    return jackknife_variance(
        records,
        where,
        present=np.column_stack([entry, -entry_any, np.full(records.n, -1.0)]),
        gone=np.column_stack([gain - leave + entry, leave_any - gain_any - entry_any, np.zeros(records.n)]),
        basis=np.column_stack([np.ones(steps.time.size), steps.incidence, drain - steps.incidence * drain_any]),
    )


_SUMS = {
    "greenwood_type": _greenwood_type,
    "aalen_1978_cmprsk": _aalen_1978_cmprsk,
    "aalen_1978_textbook": _aalen_1978_textbook,
}
