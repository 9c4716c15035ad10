"""How likely is it to be still under observation? The weights that keep a risk set representative.

The censoring distribution is the product-limit estimate with the roles of event and censoring exchanged,

    G(t) = ∏_{u <= t} (1 - c(u) / Y(u)),

with two conventions for a censoring that ties with an event at the same time u:

at_risk   the patient with the event is still at risk of being censored (cmprsk::crr, mstate::crprep)
left      events come first, so that patient has left the risk set (survival::finegray)

With delayed entry, entry has a distribution too, estimated backward in time from the patients seen so far:

    H(t) = ∏_{u >= t} (1 - l(u) / Y°(u)),      l(u) entering at u,      Y°(u) with entry <= u < exit.

Weights for the time t of an event use both just before t: K(t) = G(t-) H(t). Sources: Fine & Gray, J Am Stat Assoc
1999;94:496-509; Geskus, Biometrics 2011;67:39-49.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Floats, Integers

TiedEvents = Literal["at_risk", "left"]
ROUNDING = 1e-12
"""Sums of weights this much smaller than the risk set count as nobody left."""


@dataclass(frozen=True, eq=False)
class Observation:
    """Rows of follow-up as the estimate of K needs them: one row a patient, or several that follow on from each other.

    follow_up, start   a row is under observation when start < t <= follow_up; start None: from the beginning
    event, censored    rows that end with an event of any kind, and rows whose end is the patient's censoring
    entering           rows whose start is the patient's entry
    """

    follow_up: Floats
    start: Floats | None
    weights: Floats
    event: NDArray[np.bool_]
    censored: NDArray[np.bool_]
    entering: NDArray[np.bool_]

    @property
    def delayed(self) -> bool:
        """Whether somebody enters after somebody else has already left, so that entry matters."""
        return self.start is not None and bool((self.start[self.entering] >= self.follow_up.min()).any())

    def of(self, rows: NDArray[np.bool_]) -> "Observation":
        """Only these rows."""
        start = None if self.start is None else self.start[rows]
        parts = (self.weights[rows], self.event[rows], self.censored[rows], self.entering[rows])
        return Observation(self.follow_up[rows], start, *parts)

    def at_risk(self, times: Floats) -> Floats:
        """Σ weights of rows with start < t <= follow-up."""
        reached = self.weights.sum() - _weight_below(self.follow_up, self.weights, times, "left")
        if self.start is None:
            return reached
        return reached - (self.weights.sum() - _weight_below(self.start, self.weights, times, "left"))


@dataclass(frozen=True, eq=False)
class ObservationWeight:
    """The step function K of one group of patients: `value[j]` holds on (time[j - 1], time[j]].

    time     where K changes (censoring and entry times), ascending
    value    one more than `time`; the last holds after the last change, up to `last`, the group's longest follow-up;
             beyond it nobody of the group is observed and K is 0
    """

    time: Floats
    value: Floats
    last: float

    def before(self, times: Floats) -> Floats:
        """K just before t: censorings and entries up to just before t."""
        inside = self.value[np.searchsorted(self.time, times, side="left")]
        return np.where(times <= self.last, inside, 0.0)

    def at(self, times: Floats) -> Floats:
        """K with the censorings at t itself taken off."""
        return self.value[np.searchsorted(self.time, times, side="right")]


def observation_weight(
    observed: Observation, *, tied_events: TiedEvents, without_latest_entry: bool = False
) -> ObservationWeight:
    """Estimate K of one group.

    `without_latest_entry` takes H as 1 before the latest entry as well, as mstate::crprep 0.3.3 does on top of survival 3.5.
    ValueError where everyone under observation has only just entered: entry cannot be weighted before that time.
    """
    censored_at, factor = _censoring_factors(observed, tied_events)
    change, value = censored_at, np.concatenate([[1.0], np.cumprod(factor)])
    if observed.delayed:
        entry, entry_factor = _entry_factors(observed)
        entry_factor[-1:] = 1.0 if without_latest_entry else entry_factor[-1:]
        entered = np.concatenate([np.cumprod(entry_factor[::-1])[::-1], [1.0]])
        change = np.union1d(censored_at, entry)
        ends = np.append(change, np.inf)
        value = value[np.searchsorted(censored_at, ends)] * entered[np.searchsorted(entry, ends)]
    return ObservationWeight(change, value, float(observed.follow_up.max()))


def _censoring_factors(observed: Observation, tied_events: str) -> tuple[Floats, Floats]:
    censored, weights = observed.censored, observed.weights
    time, position = np.unique(observed.follow_up[censored], return_inverse=True)
    at_risk = observed.at_risk(time)
    if tied_events == "left":
        at_risk = at_risk - _weight_at(observed.follow_up[observed.event], weights[observed.event], time)
    return time, _kept(at_risk, position, weights[censored])


def _entry_factors(observed: Observation) -> tuple[Floats, Floats]:
    assert observed.start is not None
    start, weights, entering = observed.start, observed.weights, observed.entering
    time, position = np.unique(start[entering], return_inverse=True)
    seen = _weight_below(start, weights, time, "right") - _weight_below(observed.follow_up, weights, time, "right")
    factor = _kept(seen, position, weights[entering])
    emptied = (factor == 0) & (time >= observed.follow_up.min())
    if emptied.any():
        raise ValueError(
            f"at time {time[int(np.argmax(emptied))]:g} everyone under observation has only just entered, so entry cannot "
            "be weighted before it; start the analysis there"
        )
    return time, factor


def _kept(at_risk: Floats, position: Integers, weights: Floats) -> Floats:
    """1 - share of those at risk at each time who go, exactly 0 where all go; `position` of the time of each who goes."""
    gone = np.asarray(np.bincount(position, weights=weights, minlength=at_risk.size), dtype=np.float64)
    left = at_risk - gone
    return np.where(left > ROUNDING * at_risk, left / np.where(at_risk > 0, at_risk, 1.0), 0.0)


def _weight_at(values: Floats, weights: Floats, times: Floats) -> Floats:
    """Σ weights of the values equal to each of `times`."""
    return _weight_below(values, weights, times, "right") - _weight_below(values, weights, times, "left")


def _weight_below(values: Floats, weights: Floats, times: Floats, side: Literal["left", "right"]) -> Floats:
    """Σ weights of the values below each of `times` (side left) or not above it (right)."""
    order = np.argsort(values, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    return total[np.searchsorted(values[order], times, side=side)]
