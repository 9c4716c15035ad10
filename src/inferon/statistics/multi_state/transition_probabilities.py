"""Where is a patient who is in state h at time s later on? The Aalen–Johansen estimator of a Markov process.

    P̂(s, t) = ∏_{s < u <= t} (I + dÂ(u))          dÂ_hj = step of the cumulative hazard of h -> j, rows summing to 0

    forward         t runs, s is fixed: `predict_from`
    fixed horizon   s runs, t is fixed: `horizon`

Covariances follow the recursions of Andersen, Borgan, Gill & Keiding (1993), section IV.4.1:

    greenwood   cov P(s, t) = (I + dA)' cov P(s, t-) (I + dA) + P(s, t-) cov(dA) P(s, t-)'
    aalen       the same with P(s, t) in the second term

Sources: Aalen & Johansen, Scand J Statist 1978;5:141-150; de Wreede, Fiocco & Putter, Comput Methods Programs Biomed
2010;99:261-274. Equal to probtrans() of R's mstate, which takes the hazards' variance from msfit(vartype = ) and the
recursion from probtrans(method = ): here `transition_hazards(variance = )` and `recursion = ` below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.multi_state.running_product import carried_covariance, running_product
from inferon.statistics.multi_state.transition_hazards import (
    TRANSITION_VARIANCES,
    TransitionHazards,
    TransitionVariance,
)
from inferon.statistics.shared.columns import Floats
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence, confidence_limits


@dataclass(frozen=True, eq=False, repr=False)
class TransitionProbabilities:
    """P(s, t) with standard errors.

    time             forward: `predict_from` and the times of transitions after it; fixed horizon: 0 and the times of
                     transitions up to the horizon. Shape (times,)
    probability      [k, h, j]: from state h to state j, shape (times, states, states); forward it holds from time[k] on,
                     with a fixed horizon it is P(time[k], horizon)
    standard_error   of `probability`
    """

    data: MultiState
    time: Floats
    probability: Floats
    standard_error: Floats
    predict_from: float
    horizon: float | None
    hazard_variance: str
    recursion: str

    method: ClassVar[str] = "Aalen–Johansen transition probabilities"
    citation: ClassVar[str] = "Aalen & Johansen, Scand J Statist 1978;5:141-150"

    def __post_init__(self) -> None:
        for name in ("time", "probability", "standard_error"):
            getattr(self, name).setflags(write=False)

    @property
    def n(self) -> int:
        """Patients."""
        return self.data.n

    @property
    def n_events(self) -> int:
        """Transitions made."""
        return self.data.n_events

    @property
    def variance_form(self) -> str:
        """Which variance the standard errors are the root of."""
        return f"{self.recursion} recursion of {self.hazard_variance} hazard variances"

    def at(
        self, times: ArrayLike, *, from_state: Any, conf_type: ConfidenceType = "log-log", conf_level: float = 0.95
    ) -> pl.DataFrame:
        """Which fraction is in each state at each of `times` (fixed horizon: at the horizon, given the state at `times`)?

        One row a time and state: time, state, probability, standard_error, lower, upper. Limits that do not exist are
        null. ValueError for a time before `predict_from` or after the horizon.
        """
        check_confidence(conf_type, conf_level)
        grid = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = np.inf if self.horizon is None else self.horizon
        if not np.isfinite(grid).all() or (grid < self.time[0]).any() or (grid > last).any():
            raise ValueError(f"times must be finite and lie between {self.time[0]:g} and {last:g}")
        rows = np.searchsorted(self.time, grid, side="right") - 1
        origin = self.data.state(from_state)
        value, error = self.probability[rows, origin].ravel(), self.standard_error[rows, origin].ravel()
        lower, upper = confidence_limits(value, error, conf_type=conf_type, conf_level=conf_level)
        states = list(self.data.states) * grid.size
        columns = {"probability": value, "standard_error": error, "lower": lower, "upper": upper}
        return pl.DataFrame(
            {"time": np.repeat(grid, len(self.data.states)), "state": states, **columns}, nan_to_null=True
        )

    def to_frame(self) -> pl.DataFrame:
        """At every time: from, time, state, probability, standard_error."""
        names, k = list(self.data.states), self.time.size
        size = len(names)
        return pl.DataFrame(
            {
                "from": [name for name in names for _ in range(k * size)],
                "time": np.tile(np.repeat(self.time, size), size),
                "state": names * (k * size),
                "probability": self.probability.swapaxes(0, 1).ravel(),
                "standard_error": self.standard_error.swapaxes(0, 1).ravel(),
            }
        )

    def plot(self, *, from_state: Any) -> Any:
        """The probabilities of all states over time as stacked areas, from one state."""
        import altair

        from inferon.statistics.shared.picture import HEIGHT, WIDTH, heading

        frame = self.to_frame().filter(pl.col("from") == self.data.states[self.data.state(from_state)])
        order = {name: position for position, name in enumerate(self.data.states)}
        frame = frame.with_columns(pl.col("state").replace_strict(order).alias("order"))
        return (
            altair.Chart(frame)
            .mark_area(interpolate="step-after")
            .encode(
                x=altair.X("time:Q").title("time"),
                y=altair.Y("probability:Q", stack="zero", scale=altair.Scale(domain=[0, 1])).title(
                    self._drawn_quantity
                ),
                color=altair.Color("state:N", sort=list(self.data.states)).title("state"),
                order="order:Q",
            )
            .properties(
                width=WIDTH,
                height=HEIGHT,
                title=heading(f"{self.method} from {from_state}", f"n = {self.n}, transitions made = {self.n_events}"),
            )
        )

    @property
    def _drawn_quantity(self) -> str:
        return "probability" if self.horizon is None else f"probability at {self.horizon:g}, given the state at time"

    def __repr__(self) -> str:
        where = f"from {self.predict_from:g}" if self.horizon is None else f"at the fixed horizon {self.horizon:g}"
        head = f"{self.method} {where}: n = {self.n}, transitions made = {self.n_events}; {self.variance_form}"
        row = -1 if self.horizon is None else 0
        lines = [f"  {'from':<14}" + "".join(f"{name:>14}" for name in self.data.states)]
        for origin, name in enumerate(self.data.states):
            pairs = zip(self.probability[row, origin], self.standard_error[row, origin], strict=True)
            lines.append(f"  {name:<14}" + "".join(f"{p:7.3f} ({e:.3f})" for p, e in pairs))
        shown = f"  at time {self.time[row]:g}, standard errors in brackets"
        return "\n".join([head, *lines, shown, f"  {self.citation}"])


def transition_probabilities(
    hazards: TransitionHazards,
    *,
    predict_from: float = 0.0,
    horizon: float | None = None,
    recursion: TransitionVariance | None = None,
) -> TransitionProbabilities:
    """Estimate the probabilities of all states, from every state.

    hazards       from `transition_hazards`, clock forward
    predict_from  the time s at which the present state is known; transitions after it count
    horizon       a fixed t: then P(s, horizon) is given for every s up to it, and `predict_from` is not used
    recursion     aalen or greenwood (see the module); by default that of the hazards' variance

    ValueError for hazards on the reset clock (their process is not Markov), an unknown recursion, or a negative or
    non-finite time.
    """
    chosen = hazards.variance_form if recursion is None else recursion
    check_markov(hazards)
    if chosen not in TRANSITION_VARIANCES:
        raise ValueError(f"recursion must be one of {', '.join(TRANSITION_VARIANCES)}, found {recursion!r}")
    moment = predict_from if horizon is None else horizon
    if not np.isfinite(moment) or moment < 0:
        raise ValueError(f"predict_from and horizon must be finite and not negative, found {moment}")
    if horizon is None:
        used = hazards.time > predict_from
        time, value, error = _forward(hazards, used, chosen)
        time = np.append(predict_from, time)
    else:
        used = hazards.time <= horizon
        time, value, error = _fixed_horizon(hazards, used, chosen)
        time = np.append(0.0, time)
    return TransitionProbabilities(
        hazards.data, time, value, error, predict_from, horizon, hazards.variance_form, chosen
    )


def check_markov(hazards: TransitionHazards) -> None:
    """ValueError unless the hazards are on the forward clock."""
    if hazards.clock != "forward":
        raise ValueError("transition probabilities are products of hazards on the forward clock, found the reset clock")


def markov_steps(hazards: TransitionHazards) -> Floats:
    """I + dA at every time, shape (times, states, states)."""
    size = len(hazards.data.states)
    steps = np.zeros((hazards.time.size, size, size))
    steps[:, np.arange(size), np.arange(size)] = 1.0
    for kind, (origin, target) in enumerate(hazards.data.transitions):
        steps[:, origin, target] += hazards.steps[:, kind]
        steps[:, origin, origin] -= hazards.steps[:, kind]
    return steps


def _forward(hazards: TransitionHazards, used: np.ndarray, recursion: str) -> tuple[Floats, Floats, Floats]:
    factors = markov_steps(hazards)[used]
    size = factors.shape[-1]
    value = np.concatenate([np.eye(size)[None], running_product(factors)])
    error = np.zeros_like(value)
    present = value[1:] if recursion == "aalen" else value[:-1]
    for origin in range(size):
        added = np.zeros_like(factors)
        for (first, second), rates in hazards.covariances.items():
            came, one = hazards.data.transitions[first]
            other = hazards.data.transitions[second][1]
            weight = rates[used] * present[:, origin, came] ** 2
            _add_effect(added, weight, one, came, other)
            if first != second:
                _add_effect(added, weight, other, came, one)
        error[1:, origin] = np.sqrt(np.maximum(carried_covariance(factors, added), 0.0))
    return hazards.time[used], value, error


def _add_effect(added: Floats, weight: Floats, one: int, came: int, other: int) -> None:
    """Add weight · (e_one - e_came)(e_other - e_came)'."""
    added[:, one, other] += weight
    added[:, one, came] -= weight
    added[:, came, other] -= weight
    added[:, came, came] += weight


def _fixed_horizon(hazards: TransitionHazards, used: np.ndarray, recursion: str) -> tuple[Floats, Floats, Floats]:
    """The products and covariances run backwards from the horizon; a column (target) at a time is self-contained."""
    factors = markov_steps(hazards)[used][::-1].swapaxes(-1, -2)
    size = factors.shape[-1]
    value = np.concatenate([np.eye(size)[None], running_product(factors)]).swapaxes(-1, -2)
    error = np.zeros_like(value)
    for target in range(size):
        column = value[:-1, :, target]
        added = np.zeros_like(factors)
        for (first, second), rates in hazards.covariances.items():
            came, one = hazards.data.transitions[first]
            other = hazards.data.transitions[second][1]
            effect = (column[:, one] - column[:, came]) * (column[:, other] - column[:, came])
            added[:, came, came] += (1 if first == second else 2) * rates[used][::-1] * effect
        if recursion == "aalen":
            added = factors.swapaxes(-1, -2) @ added @ factors
        error[1:, :, target] = np.sqrt(np.maximum(carried_covariance(factors, added), 0.0))
    return hazards.time[used], value[::-1], error[::-1]
