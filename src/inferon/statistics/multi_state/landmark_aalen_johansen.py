"""Where are the patients who are in state h at time s later on, without assuming that their past does not matter?

Only the patients in state h at the landmark s are followed from there; their Aalen–Johansen probabilities estimate
P(state at t = j | state at s = h) even where the process is not Markov, at the price of using fewer patients.

Source: Putter & Spitoni, Stat Methods Med Res 2018;27:2081-2092. Equal to LMAJ() of R's mstate, which takes the hazards
from a Cox model in its default Efron form: ties="efron", hazard_variance="aalen".
"""

from typing import Any, Literal

import numpy as np

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.multi_state.transition_hazards import TransitionVariance, transition_hazards
from inferon.statistics.multi_state.transition_probabilities import TransitionProbabilities, transition_probabilities


def landmark_aalen_johansen(
    data: MultiState,
    *,
    landmark: float,
    from_state: Any,
    variance: TransitionVariance = "greenwood",
    hazard_variance: TransitionVariance | None = None,
    ties: Literal["breslow", "efron"] = "breslow",
) -> TransitionProbabilities:
    """Estimate the probabilities of all states from the landmark on, for the patients then in `from_state`.

    variance         recursion of the covariances, aalen or greenwood
    hazard_variance  variance of the hazards; by default `variance`, with Efron ties always aalen
    ties             breslow: hazards d / Y; efron: Fleming–Harrington steps, as LMAJ has them

    Only the row of `from_state` is meant to be read: `result.at(times, from_state=...)`. ValueError when nobody is in that
    state at the landmark.
    """
    subset = in_state_at(data, landmark=landmark, from_state=from_state)
    default: TransitionVariance = "aalen" if ties == "efron" else variance
    hazards = transition_hazards(subset, variance=hazard_variance or default, ties=ties)
    return transition_probabilities(hazards, predict_from=landmark, recursion=variance)


def in_state_at(data: MultiState, *, landmark: float, from_state: Any) -> MultiState:
    """The follow-up after `landmark` of those who are in `from_state` then (start <= landmark < stop)."""
    origin = data.state(from_state)
    present = (data.start <= landmark) & (data.stop > landmark) & (data.from_state == origin)
    if not present.any():
        raise ValueError(f"nobody is in the state {from_state!r} at the landmark {landmark:g}")
    members = np.isin(data.patient, data.patient[present])
    return data.kept(members & (data.stop > landmark), start=np.maximum(data.start, landmark))
