"""What does each patient stand for, so that an estimate can be regressed on covariates as if nobody had been censored?

For an estimate θ from n patients, patient i's pseudo-value is

    leave_one_out   n θ - (n - 1) θ without i
    infinitesimal   θ + n ∂θ/∂w_i, how θ moves with the weight of i; quicker, and within about 1/n of the other

of the event-free probability, the cumulative incidence of a cause, the cumulative hazard, or the mean time free of events
or lost to a cause, at each of the times asked for. Without censoring it is the patient's own outcome. Patients must be
alike in their censoring.

Sources: Andersen, Klein & Rosthøj, Biometrika 2003;90:15-27; Graw, Gerds & Schumacher, Lifetime Data Anal
2009;15:241-255. leave_one_out is prodlim::jackknife; infinitesimal is survival::pseudo.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, Integers, cause_codes, follow_up_times, times_asked
from inferon.statistics.shared.risk_table import before, distinct_times

Estimator = Literal["kaplan_meier", "aalen_johansen", "nelson_aalen", "restricted_mean", "restricted_time_lost"]
ESTIMATORS: tuple[str, ...] = get_args(Estimator)
Jackknife = Literal["leave_one_out", "infinitesimal"]
JACKKNIVES: tuple[str, ...] = get_args(Jackknife)
OF_ONE_CAUSE = ("aalen_johansen", "restricted_time_lost")


@dataclass(frozen=True, eq=False, repr=False)
class PseudoValues:
    """One value a patient and time.

    times     the times asked for; values has shape (patients, times), in the order of the patients
    estimate  the estimate itself at each time
    """

    times: Floats
    values: Floats
    estimate: Floats
    estimator: str
    jackknife: str
    cause: Hashable
    n: int
    n_events: int

    method: ClassVar[str] = "Pseudo-values"
    citation: ClassVar[str] = "Andersen, Klein & Rosthøj, Biometrika 2003;90:15-27"

    def __post_init__(self) -> None:
        for name in ("times", "values", "estimate"):
            getattr(self, name).setflags(write=False)

    def to_frame(self) -> pl.DataFrame:
        """One row a patient and time: patient (from 0), time, pseudo_value."""
        patients = np.repeat(np.arange(self.n), self.times.size)
        return pl.DataFrame(
            {"patient": patients, "time": np.tile(self.times, self.n), "pseudo_value": self.values.ravel()}
        )

    def __repr__(self) -> str:
        head = f"{self.method} of {self.estimator} ({self.jackknife} jackknife): n = {self.n}, events = {self.n_events}"
        rows = [
            f"  time {time:g}: estimate {estimate:.4f}, mean of the values {mean:.4f}"
            for time, estimate, mean in zip(self.times, self.estimate, self.values.mean(axis=0), strict=True)
        ]
        return "\n".join([head, *rows, f"  {self.citation}"])


def pseudo_values(
    time: ArrayLike,
    cause: Any,
    *,
    times: ArrayLike,
    estimator: Estimator = "kaplan_meier",
    cause_of_interest: Hashable = None,
    jackknife: Jackknife = "leave_one_out",
) -> PseudoValues:
    """Compute every patient's pseudo-value at each of `times`.

    time       follow-up, shape (patients,), >= 0
    cause      what ended it: 0 or None for censored, else a number or name a cause (any of them counts as the event for
               kaplan_meier, nelson_aalen and restricted_mean)
    times      the times, or the horizons of restricted means; beyond the last follow-up curves are carried on flat
    estimator  kaplan_meier (event-free probability), aalen_johansen (cumulative incidence), nelson_aalen (cumulative
               hazard), restricted_mean (mean time free of events) or restricted_time_lost (to the cause of interest)
    jackknife  leave_one_out or infinitesimal

    ValueError for bad columns, an unknown choice, fewer than two patients, or a cause of interest that is missing or
    does not occur where one is needed.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"estimator must be one of {', '.join(ESTIMATORS)}, found {estimator!r}")
    if jackknife not in JACKKNIVES:
        raise ValueError(f"jackknife must be one of {', '.join(JACKKNIVES)}, found {jackknife!r}")
    follow_up = follow_up_times(time)
    if follow_up.size < 2:
        raise ValueError("pseudo-values need two patients or more")
    grid = times_asked(times)
    coded = cause_codes(cause, patients=follow_up.size)
    own = coded.codes >= 0
    if estimator in OF_ONE_CAUSE:
        if cause_of_interest not in coded.labels:
            raise ValueError(f"cause_of_interest must be one of {list(coded.labels)}, found {cause_of_interest!r}")
        own = coded.codes == coded.labels.index(cause_of_interest)
    sample = _Sample(follow_up, own, coded.codes >= 0)
    columns = [sample.pseudo_values(estimator, jackknife, float(t)) for t in grid]
    return PseudoValues(
        grid, np.column_stack([values for _, values in columns]), np.array([estimate for estimate, _ in columns]),
        estimator, jackknife, cause_of_interest if estimator in OF_ONE_CAUSE else None, follow_up.size, int(own.sum()),
    )  # fmt: skip


class _Sample:
    """Counts at every distinct time; an estimate is Σ c(u) times a step at u, c = 1(u <= t) or (τ - u)+."""

    def __init__(self, follow_up: Floats, own: np.ndarray, any_event: np.ndarray) -> None:
        self.own, self.any_event, self.n = own, any_event, follow_up.size
        self.time, self.position = distinct_times(follow_up)
        size = self.time.size
        self.at_risk = np.bincount(self.position, minlength=size)[::-1].cumsum()[::-1].astype(np.float64)
        self.deaths = np.bincount(self.position[own], minlength=size).astype(np.float64)
        self.all_deaths = np.bincount(self.position[any_event], minlength=size).astype(np.float64)
        self.free = np.cumprod(1 - self.all_deaths / self.at_risk)
        self.free_before = before(self.free, 1.0)

    def pseudo_values(self, estimator: str, jackknife: str, t: float) -> tuple[float, Floats]:
        """The estimate at t and every patient's pseudo-value."""
        counts = (
            (self.time <= t).astype(np.float64) if "restricted" not in estimator else np.maximum(t - self.time, 0.0)
        )
        hazard = estimator == "nelson_aalen"
        steps = counts * self.deaths / self.at_risk * (1.0 if hazard else self.free_before)
        total = float(steps.sum())
        if jackknife == "infinitesimal":
            form: Callable[[Floats, Floats], Floats] = self._hazard_influence if hazard else self._incidence_influence
            values = total + self.n * form(counts, steps)
        else:
            form = self._hazard_without if hazard else self._incidence_without
            values = self.n * total - (self.n - 1) * form(counts, steps)
        if estimator == "kaplan_meier":
            return 1 - total, 1 - values
        return (t - total, t - values) if estimator == "restricted_mean" else (total, values)

    def _incidence_influence(self, counts: Floats, steps: Floats) -> Floats:
        """∂/∂w_i of Σ c(u) S(u-) d_j(u) / Y(u).

        While i is at risk it holds up S by A(u-) = Σ_{v < u} d / (Y (Y - d)) and thins the hazard by 1 / Y; its event
        adds a step of its own and takes 1 / (Y - d) from S afterwards.
        """
        left = self.at_risk - self.all_deaths
        spared = np.where(left > 0, 1 / np.where(left > 0, left, 1.0), 0.0)
        held = np.cumsum(self.all_deaths / self.at_risk * spared)
        gained = np.cumsum(steps * before(held, 0.0)) - np.cumsum(steps / self.at_risk)
        place = self.position
        after = steps.sum() - np.cumsum(steps)[place]
        drop = np.where(self.any_event, spared[place], 0.0) - held[place]
        step = np.where(self.own, (counts * self.free_before / self.at_risk)[place], 0.0)
        return gained[place] + step - drop * after

    def _hazard_influence(self, counts: Floats, steps: Floats) -> Floats:
        thinned = np.cumsum(steps / self.at_risk)
        own = np.where(self.own, (counts / self.at_risk)[self.position], 0.0)
        return own - thinned[self.position]

    def _hazard_without(self, counts: Floats, steps: Floats) -> Floats:
        """Σ c d / Y without each patient: fewer at risk up to the end of its follow-up, unchanged afterwards."""
        others = np.maximum(self.at_risk - 1, 1.0)
        earlier = before(np.cumsum(counts * self.deaths / others), 0.0)
        place = self.position
        at_end = counts[place] * (self.deaths[place] - self.own) / others[place]
        return earlier[place] + at_end + steps.sum() - np.cumsum(steps)[place]

    def _incidence_without(self, counts: Floats, steps: Floats) -> Floats:
        """Σ c S(u-) d_j / Y without each patient: after its follow-up the increments of all, on another level of S."""
        others = np.maximum(self.at_risk - 1, 1.0)
        free = np.cumprod(1 - np.minimum(self.all_deaths / others, 1.0))
        free_before = before(free, 1.0)
        earlier = before(np.cumsum(counts * free_before * self.deaths / others), 0.0)
        place: Integers = self.position
        step = counts[place] * free_before[place] * (self.deaths[place] - self.own) / others[place]
        level = free_before[place] * (1 - (self.all_deaths[place] - self.any_event) / others[place])
        whole = self.free[place]
        scale = np.where(whole > 0, level / np.where(whole > 0, whole, 1.0), 0.0)
        return earlier[place] + step + scale * (steps.sum() - np.cumsum(steps)[place])
