"""One patient's hazards of all transitions under a Cox model, and the probabilities of states that follow from them.

    Λ_g(t | x) = exp(x_g β) Λ_{s(g)}(t)
    cov(Λ_g, Λ_h) = exp(x_g β + x_h β) (1{s(g) = s(h)} Σ w̄ / R² + q_g' V q_h),      q_g = Σ (x_g - x̄) dΛ

Transitions are correlated through β and through a shared baseline, so the covariance runs over all pairs. Probabilities
are products of I + dΛ; their covariances follow the recursions of `transition_probabilities`, with the increments of
cov(Λ) in the place of cov(dΛ) (which takes increments at different times as uncorrelated, as mstate does).

Sources: Andersen, Borgan, Gill & Keiding 1993, section VII.2; de Wreede, Fiocco & Putter, Comput Methods Programs Biomed
2010;99:261-274. Equal to msfit(coxph, newdata) and probtrans() of R's mstate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.multi_state.running_product import carried_covariance, running_product
from inferon.statistics.multi_state.transition_probabilities import TransitionProbabilities
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.shared.columns import Floats, Integers, times_asked


@dataclass(frozen=True, eq=False, repr=False)
class PatientHazards:
    """Cumulative hazards of all transitions for one patient.

    time               times of any transition, ascending, shape (times,)
    cumulative_hazard  shape (times, transitions)
    covariance         shape (times, transitions, transitions)
    """

    data: MultiState
    time: Floats
    cumulative_hazard: Floats
    covariance: Floats
    clock: str

    method: ClassVar[str] = "Transition hazards of a patient under a Cox model"
    citation: ClassVar[str] = "de Wreede, Fiocco & Putter, Comput Methods Programs Biomed 2010;99:261-274"

    @property
    def standard_error(self) -> Floats:
        """Of the cumulative hazards, shape (times, transitions)."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance, axis1=1, axis2=2), 0.0))

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """One row a transition and time: transition, time, cumulative_hazard, standard_error."""
        grid = times_asked(times)
        place = np.searchsorted(self.time, grid, side="right")
        kinds = self.data.transition_names
        columns = {
            name: np.vstack([np.zeros((1, len(kinds))), getattr(self, name)])[place].T.ravel()
            for name in ("cumulative_hazard", "standard_error")
        }
        head = {"transition": np.repeat(kinds, grid.size).tolist(), "time": np.tile(grid, len(kinds))}
        return pl.DataFrame({**head, **columns})

    def to_frame(self) -> pl.DataFrame:
        """`at` all times of transitions."""
        return self.at(self.time)

    def __repr__(self) -> str:
        head = f"{self.method}: from n = {self.data.n}, transitions made = {self.data.n_events}; clock {self.clock}"
        titles = f"  {'transition':<28} {'hazard':>9} {'s.e.':>8}   by {self.time[-1]:g}"
        rows = [
            f"  {name:<28} {hazard:9.4f} {error:8.4f}"
            for name, _, hazard, error in self.at([self.time[-1]]).iter_rows()
        ]
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def patient_hazards(
    model: CoxModel, data: MultiState, covariates: Floats, baseline: Integers, clock: str
) -> PatientHazards:
    """Hazards for `covariates`, shape (transitions, terms), each on the baseline of that stratum (-1: nobody was at risk)."""
    time = np.unique(model.fit.sets.time)
    centred = covariates - model.rows.centre
    risk = np.exp(centred @ model.coefficients)
    shape = (time.size, centred.shape[0])
    hazard, slope, squares = np.zeros(shape), np.zeros((*shape, centred.shape[1])), np.zeros((*shape, shape[1]))
    for stratum in np.unique(baseline[baseline >= 0]):
        kinds = np.flatnonzero(baseline == stratum)
        sums = model.baseline(model.rows.stratum.labels[stratum]).at(time)
        hazard[:, kinds] = sums.hazard[:, None]
        slope[:, kinds] = sums.hazard[:, None, None] * centred[kinds] - sums.mean[:, None, :]
        squares[np.ix_(np.arange(time.size), kinds, kinds)] = sums.squares[:, None, None]
    spread = squares + slope @ model.variance @ slope.swapaxes(1, 2)
    return PatientHazards(data, time, risk * hazard, np.outer(risk, risk) * spread, clock)


def patient_probabilities(
    hazards: PatientHazards, *, predict_from: float, horizon: float | None, recursion: str
) -> TransitionProbabilities:
    """State probabilities; ValueError on the reset clock, for an unknown recursion, or a negative or non-finite time."""
    moment = predict_from if horizon is None else horizon
    if hazards.clock != "forward":
        raise ValueError("transition probabilities are products of hazards on the forward clock, found the reset clock")
    if recursion not in ("aalen", "greenwood"):
        raise ValueError(f"recursion must be aalen or greenwood, found {recursion!r}")
    if not np.isfinite(moment) or moment < 0:
        raise ValueError(f"predict_from and horizon must be finite and not negative, found {moment}")
    used = hazards.time > moment if horizon is None else hazards.time <= moment
    steps = np.diff(hazards.cumulative_hazard, axis=0, prepend=0.0)[used]
    spread = np.diff(hazards.covariance, axis=0, prepend=0.0)[used]
    moves = _moves(hazards.data)
    factors = np.eye(moves.shape[2]) + np.einsum("tg,gab->tab", steps, moves)
    form = _forward if horizon is None else _backward
    value, error = form(factors, spread, hazards.data, recursion)
    first = predict_from if horizon is None else 0.0
    return TransitionProbabilities(
        hazards.data, np.append(first, hazards.time[used]), value, error, predict_from, horizon, "Cox model", recursion
    )


def _moves(data: MultiState) -> Floats:
    """What a unit hazard of each transition adds to dΛ, shape (transitions, states, states)."""
    moves = np.zeros((len(data.transitions), len(data.states), len(data.states)))
    for kind, (origin, target) in enumerate(data.transitions):
        moves[kind, origin, target] += 1.0
        moves[kind, origin, origin] -= 1.0
    return moves


def _forward(factors: Floats, spread: Floats, data: MultiState, recursion: str) -> tuple[Floats, Floats]:
    size = factors.shape[-1]
    value = np.concatenate([np.eye(size)[None], running_product(factors)])
    error = np.zeros_like(value)
    present = value[1:] if recursion == "aalen" else value[:-1]
    came, effect = _directions(data)
    for origin in range(size):
        occupied = present[:, origin, came]
        added = effect.T @ (spread * occupied[:, :, None] * occupied[:, None, :]) @ effect
        error[1:, origin] = np.sqrt(np.maximum(carried_covariance(factors, added), 0.0))
    return value, error


def _backward(factors: Floats, spread: Floats, data: MultiState, recursion: str) -> tuple[Floats, Floats]:
    """From the horizon to earlier times; a target state at a time is self-contained."""
    back, spread = factors[::-1].swapaxes(-1, -2), spread[::-1]
    size = factors.shape[-1]
    value = np.concatenate([np.eye(size)[None], running_product(back)]).swapaxes(-1, -2)
    error = np.zeros_like(value)
    came, effect = _directions(data)
    left: Any = np.eye(size)[came]
    for target in range(size):
        gained = value[:-1, :, target] @ effect.T
        added = left.T @ (spread * gained[:, :, None] * gained[:, None, :]) @ left
        if recursion == "aalen":
            added = back.swapaxes(-1, -2) @ added @ back
        error[1:, :, target] = np.sqrt(np.maximum(carried_covariance(back, added), 0.0))
    return value[::-1], error[::-1]


def _directions(data: MultiState) -> tuple[Integers, Floats]:
    """State each transition leaves, and the change in occupation it makes: +1 where it goes, -1 where it comes from."""
    pairs = np.array(data.transitions, dtype=np.int64)
    states = np.eye(len(data.states))
    return pairs[:, 0], states[pairs[:, 1]] - states[pairs[:, 0]]
