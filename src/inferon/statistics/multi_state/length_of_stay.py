"""How long will a patient spend in each state, between time s and time τ?

    E_hj(s, τ) = ∫_s^τ P̂_hj(s, u) du

an exact sum, as P̂ is a step function. A step of the hazard of a -> b at u moves P_ha(s, u) patients from the stays still
to come from a to those from b, so

    var E_hj = Σ_u Σ_{a -> b, a -> c} P_ha² cov(dA_ab, dA_ac) (E_bj(u, τ) - E_aj(u, τ)) (E_cj(u, τ) - E_aj(u, τ))

with P_ha(s, u-) in the greenwood and P_ha(s, u) in the aalen form, as for the probabilities. The expectations over one row
add up to τ - s. Sources: Beyersmann & Putter, Demogr Res 2014;30:1681-1696; the estimates equal ELOS() of R's mstate, which
gives no standard error.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.multi_state.running_product import running_product
from inferon.statistics.multi_state.transition_hazards import (
    TRANSITION_VARIANCES,
    TransitionHazards,
    TransitionVariance,
)
from inferon.statistics.multi_state.transition_probabilities import check_markov, markov_steps
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False, repr=False)
class LengthOfStay:
    """Expected times by state: `stay[h, j]` in state j for a patient in state h at `predict_from`, until `tau`."""

    data: MultiState
    stay: Floats
    standard_error: Floats
    predict_from: float
    tau: float
    variance_form: str

    method: ClassVar[str] = "Expected length of stay"
    citation: ClassVar[str] = "Beyersmann & Putter, Demogr Res 2014;30:1681-1696"

    def __post_init__(self) -> None:
        self.stay.setflags(write=False)
        self.standard_error.setflags(write=False)

    @property
    def n(self) -> int:
        """Patients."""
        return self.data.n

    @property
    def n_events(self) -> int:
        """Transitions made."""
        return self.data.n_events

    def to_frame(self) -> pl.DataFrame:
        """One row a pair of states: from, state, expected_stay, standard_error (in the unit of the times)."""
        names = self.data.states
        return pl.DataFrame(
            {
                "from": np.repeat(names, len(names)).tolist(),
                "state": list(names) * len(names),
                "expected_stay": self.stay.ravel(),
                "standard_error": self.standard_error.ravel(),
            }
        )

    def __repr__(self) -> str:
        names = self.data.states
        head = (
            f"{self.method} between {self.predict_from:g} and {self.tau:g}: n = {self.n}, transitions made = "
            f"{self.n_events}; {self.variance_form} variance"
        )
        lines = [f"  {'from':<14}" + "".join(f"{name:>18}" for name in names)]
        for origin, name in enumerate(names):
            pairs = zip(self.stay[origin], self.standard_error[origin], strict=True)
            lines.append(f"  {name:<14}" + "".join(f"{e:10.4g} ({s:.2g})".rjust(18) for e, s in pairs))
        return "\n".join([head, *lines, f"  {self.citation}"])


def length_of_stay(
    hazards: TransitionHazards,
    *,
    tau: float,
    predict_from: float = 0.0,
    recursion: TransitionVariance | None = None,
) -> LengthOfStay:
    """Estimate the expected time in every state, from every state, between `predict_from` and `tau`.

    hazards    from `transition_hazards`, clock forward
    recursion  aalen or greenwood form of the variance; by default that of the hazards' variance

    Beyond the last transition the probabilities are carried on. ValueError unless 0 <= predict_from < tau.
    """
    check_markov(hazards)
    chosen: Any = hazards.variance_form if recursion is None else recursion
    if chosen not in TRANSITION_VARIANCES:
        raise ValueError(f"recursion must be one of {', '.join(TRANSITION_VARIANCES)}, found {recursion!r}")
    if not (np.isfinite(tau) and 0 <= predict_from < tau):
        raise ValueError(f"needs 0 <= predict_from < tau, found predict_from {predict_from} and tau {tau}")
    used = (hazards.time > predict_from) & (hazards.time < tau)
    factors = markov_steps(hazards)[used]
    size = factors.shape[-1]
    value = np.concatenate([np.eye(size)[None], running_product(factors)])
    width = np.diff(np.concatenate([[predict_from], hazards.time[used], [tau]]))
    stay = np.einsum("k,khj->hj", width, value)
    present = value[1:] if chosen == "aalen" else value[:-1]
    ahead = _stays_ahead(factors, width)
    variance = np.zeros((size, size))
    for (first, second), rates in hazards.covariances.items():
        came, one = hazards.data.transitions[first]
        other = hazards.data.transitions[second][1]
        effect = (ahead[:, one] - ahead[:, came]) * (ahead[:, other] - ahead[:, came])
        twice = 1 if first == second else 2
        variance += twice * (rates[used][:, None] * present[:, :, came] ** 2).T @ effect
    error = np.sqrt(np.maximum(variance, 0.0))
    return LengthOfStay(hazards.data, stay, error, predict_from, tau, chosen)


def _stays_ahead(factors: Floats, width: Floats) -> Floats:
    """E(u, τ) just after each time u, shape (times, states, states).

    E_k = width_{k+1} I + (I + dA_{k+1}) E_{k+1}, run backwards as a product of 2 x 2 blocks.
    """
    count, size = factors.shape[:2]
    blocks = np.zeros((count + 1, 2 * size, 2 * size))
    blocks[:, size:, size:] = np.eye(size)
    blocks[:, :size, size:] = width[::-1, None, None] * np.eye(size)
    blocks[1:, :size, :size] = factors[::-1]
    stacked = running_product(blocks.swapaxes(-1, -2)).swapaxes(-1, -2)
    return stacked[:-1, :size, size:][::-1]
