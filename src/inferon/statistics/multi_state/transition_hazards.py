"""How fast do patients leave each state for each other state?

    Â_g(t) = Σ_{u <= t} d_g(u) / Y_g(u)          d = transitions of kind g at u, Y = patients then at risk of it

Variance of the sum, by name:
aalen       Σ d_g / Y_g²                         transitions of different kinds are uncorrelated
greenwood   Σ d_g (Y_g - d_g) / Y_g³             and -Σ d_g d_h / Y³ between two transitions out of the same state

`ties="efron"` spreads tied transitions as the Efron form of a Cox model without covariates does (Fleming–Harrington):
Σ_{k < d} 1 / (Y - k), with Aalen variance Σ 1 / (Y - k)². `clock="reset"` counts time from the entry into each state.

Sources: Nelson, Technometrics 1972;14:945-966; Aalen, Ann Stat 1978;6:701-726; Andersen, Borgan, Gill & Keiding 1993,
section IV.4. Equal to msfit(coxph(Surv(Tstart, Tstop, status) ~ strata(trans), method = "breslow")) of R's mstate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import polygamma, psi

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.confidence import hazard_limits

TransitionVariance = Literal["aalen", "greenwood"]
TRANSITION_VARIANCES: tuple[str, ...] = get_args(TransitionVariance)


@dataclass(frozen=True, eq=False, repr=False)
class TransitionHazards:
    """Cumulative hazards of all transitions.

    time          distinct times of any transition, ascending, shape (times,)
    at_risk       patients at risk of each transition, shape (times, transitions)
    events        transitions made, shape (times, transitions)
    steps         what each time adds to the cumulative hazards, shape (times, transitions)
    covariances   what each time adds to the covariance of transitions g <= h out of the same state: (g, h) -> (times,)
    """

    data: MultiState
    time: Floats
    at_risk: Floats
    events: Floats
    steps: Floats
    covariances: Mapping[tuple[int, int], Floats]
    variance_form: str
    clock: str
    ties: str

    method: ClassVar[str] = "Cumulative transition hazards (Nelson–Aalen)"
    citation: ClassVar[str] = "Andersen, Borgan, Gill & Keiding, Statistical Models Based on Counting Processes, 1993"

    @property
    def n(self) -> int:
        """Patients."""
        return self.data.n

    @property
    def n_events(self) -> int:
        """Transitions made."""
        return self.data.n_events

    @property
    def cumulative_hazard(self) -> Floats:
        """Just after each time, shape (times, transitions)."""
        return np.cumsum(self.steps, axis=0)

    @property
    def variance(self) -> Floats:
        """Of the cumulative hazards, shape (times, transitions)."""
        kinds = range(self.steps.shape[1])
        return np.column_stack([np.cumsum(self.covariances[kind, kind]) for kind in kinds])

    def covariance(self, first: int, second: int) -> Floats:
        """Between the cumulative hazards of two transitions (positions from 0), shape (times,)."""
        known = self.covariances.get((min(first, second), max(first, second)))
        return np.zeros(self.time.size) if known is None else np.cumsum(known)

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """The cumulative hazards at `times`: one row a transition and time, with the standard error."""
        grid = times_asked(times)
        before = np.searchsorted(self.time, grid, side="right")
        padded = [np.vstack([np.zeros((1, v.shape[1])), v])[before] for v in (self.cumulative_hazard, self.variance)]
        return self._long(grid, {"cumulative_hazard": padded[0], "standard_error": np.sqrt(padded[1])})

    def to_frame(self) -> pl.DataFrame:
        """At every time: transition, time, cumulative_hazard, standard_error, at_risk, events."""
        columns = {"cumulative_hazard": self.cumulative_hazard, "standard_error": np.sqrt(self.variance)}
        return self._long(self.time, {**columns, "at_risk": self.at_risk, "events": self.events})

    def plot(self) -> Any:
        """The cumulative hazards, one step curve with its 95% limits (log scale) a transition: an Altair chart."""
        from inferon.statistics.shared.picture import step_chart

        frame = self.at(np.append(0.0, self.time)).rename({"cumulative_hazard": "estimate"})
        value, error = frame["estimate"].to_numpy(), frame["standard_error"].to_numpy()
        lower, upper = hazard_limits(value, error, conf_type="log", conf_level=0.95)
        frame = frame.with_columns(pl.Series("lower", lower).fill_nan(None), pl.Series("upper", upper).fill_nan(None))
        about = f"n = {self.n}, transitions made = {self.n_events}; variance: {self.variance_form}; 95% limits: log"
        return step_chart(frame, title=self.method, subtitle=about, quantity="cumulative hazard", colour="transition")

    def _long(self, time: Floats, columns: dict[str, Floats]) -> pl.DataFrame:
        names = self.data.transition_names
        head = {"transition": np.repeat(names, time.size).tolist(), "time": np.tile(time, len(names))}
        return pl.DataFrame({**head, **{name: values.T.ravel() for name, values in columns.items()}})

    def __repr__(self) -> str:
        total, error = self.cumulative_hazard[-1], np.sqrt(self.variance[-1])
        head = (
            f"{self.method}: n = {self.n}, transitions made = {self.n_events}; variance: {self.variance_form}; "
            f"clock {self.clock}"
        )
        rows = [f"  {'transition':<28} {'made':>7} {'hazard':>9} {'s.e.':>8}   at the last transition"]
        for number, name in enumerate(self.data.transition_names):
            made = int(self.events[:, number].sum())
            rows.append(f"  {name:<28} {made:>7} {total[number]:9.4f} {error[number]:8.4f}")
        return "\n".join([head, *rows, f"  {self.citation}"])


def transition_hazards(
    data: MultiState,
    *,
    variance: TransitionVariance = "aalen",
    clock: Literal["forward", "reset"] = "forward",
    ties: Literal["breslow", "efron"] = "breslow",
) -> TransitionHazards:
    """Estimate the cumulative hazard of every transition.

    data      rows at risk, from `multi_state_by_times` or `multi_state_by_rows`
    variance  aalen or greenwood (see the module)
    clock     forward: time since the start; reset: time since the entry into the present state
    ties      breslow: d / Y; efron: Fleming–Harrington steps (Aalen variance only)

    ValueError for an unknown option, or when no transition was made.
    """
    if variance not in TRANSITION_VARIANCES:
        raise ValueError(f"variance must be one of {', '.join(TRANSITION_VARIANCES)}, found {variance!r}")
    if clock not in ("forward", "reset") or ties not in ("breslow", "efron"):
        raise ValueError(f"clock must be forward or reset and ties breslow or efron, found {clock!r} and {ties!r}")
    if ties == "efron" and variance == "greenwood":
        raise ValueError("Efron ties go with the Aalen variance: the Greenwood form is that of d / Y")
    if not data.status.any():
        raise ValueError("no transition was made: there is no hazard to estimate")
    entry, end = (data.start, data.stop) if clock == "forward" else (np.zeros(data.stop.size), data.stop - data.start)
    time = np.unique(end[data.status])
    at_risk, events = np.zeros((2, time.size, len(data.transitions)))
    for kind in range(len(data.transitions)):
        rows = data.transition == kind
        at_risk[:, kind] = _entered(entry[rows], time) - _entered(end[rows], time)
        made = np.searchsorted(time, end[rows & data.status])
        events[:, kind] = np.bincount(made, minlength=time.size)
    steps, squares = _steps(at_risk, events, ties)
    covariances = _covariances(data, at_risk, events, squares, variance)
    return TransitionHazards(data, time, at_risk, events, steps, covariances, variance, clock, ties)


def _entered(moments: Floats, time: Floats) -> Floats:
    """How many of `moments` lie before each time."""
    return np.searchsorted(np.sort(moments), time, side="left").astype(np.float64)


def _steps(at_risk: Floats, events: Floats, ties: str) -> tuple[Floats, Floats]:
    """Steps of the hazard and of its Aalen variance."""
    y = np.maximum(at_risk, 1.0)
    if ties == "breslow":
        return events / y, events / y**2
    several = events > 1
    steps, squares = events / y, events / y**2
    rest = y[several] - events[several] + 1
    steps[several] = psi(y[several] + 1) - psi(rest)
    squares[several] = polygamma(1, rest) - polygamma(1, y[several] + 1)
    return steps, squares


def _covariances(
    data: MultiState, at_risk: Floats, events: Floats, squares: Floats, variance: str
) -> Mapping[tuple[int, int], Floats]:
    kinds = range(len(data.transitions))
    if variance == "aalen":
        return {(kind, kind): squares[:, kind] for kind in kinds}
    y = np.maximum(at_risk, 1.0)
    found = {(kind, kind): events[:, kind] * (y[:, kind] - events[:, kind]) / y[:, kind] ** 3 for kind in kinds}
    for first in kinds:
        for second in range(first + 1, len(data.transitions)):
            together = events[:, first] * events[:, second]
            if data.transitions[first][0] == data.transitions[second][0] and together.any():
                found[first, second] = -together / y[:, first] ** 3
    return found
