"""What the estimated censoring distribution adds to each patient's influence on a Fine–Gray coefficient.

A patient's influence on the score is its score residual η plus, because the weights rest on an estimated G, its part ψ in
the error of G:

    ψ_j = ∫ q(u) / Y(u) dM_j(u),    q(u) = Σ_{competing events at X < u} ∫_{s >= u} (z(s) - z̄(s)) w(s) e^{z b} dΛ(s),

with Y(u) at risk and M_j the martingale of censoring in the patient's censoring group. The variance of the coefficients is
I⁻¹ Σ (η + ψ)(η + ψ)' I⁻¹. With several censoring groups q sums over the group's own competing events, as only their weights
rest on its G, and over all s. cmprsk::crr (2.2-11) sums over s only where somebody of that group has the event of interest,
so that part of the term is lost; both forms exist here and are named. Without groups they are the same.
Source: Fine & Gray, J Am Stat Assoc 1999;94:496-509, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.regression.fine_gray_likelihood import Evaluation
from inferon.statistics.regression.fine_gray_risk_sets import RiskSets, summed_at
from inferon.statistics.shared.censoring_distribution import Observation
from inferon.statistics.shared.columns import Floats, Integers


@dataclass(frozen=True, eq=False)
class Stratum:
    """The risk sets of one stratum, the patients in it (`rows` of the data) and the likelihood at the estimate."""

    rows: Integers
    sets: RiskSets
    value: Evaluation


def censoring_influence(
    strata: Sequence[Stratum], *, observed: Observation, group: Integers, own_events: bool
) -> Floats:
    """ψ of every row, times its weight, shape (rows, terms).

    `group` is the censoring group; `own_events` lets only events of interest of the group itself count in q, as crr does.
    """
    influence = np.zeros((group.size, strata[0].value.score.size))
    for code in range(int(group.max()) + 1):
        of_group = observed.of(group == code)
        times, position = np.unique(of_group.follow_up[of_group.censored], return_inverse=True)
        if times.size:
            at_risk = of_group.at_risk(times)[:, None]
            lost = np.bincount(position, weights=of_group.weights[of_group.censored], minlength=times.size)
            counted = group == code if own_events else np.ones(group.size, dtype=bool)
            parts = [_effect(part, observed.follow_up, times, code, counted) for part in strata]
            effect = np.sum(parts, axis=0) / at_risk
            risen = np.concatenate(
                [np.zeros((1, effect.shape[1])), np.cumsum(effect * lost[:, None] / at_risk, axis=0)]
            )
            own = -risen[np.searchsorted(times, of_group.follow_up, side="right")]
            if of_group.start is not None:
                own += risen[np.searchsorted(times, of_group.start, side="right")]
            own[of_group.censored] += effect[position]
            influence[group == code] = own * of_group.weights[:, None]
    return influence


def _effect(part: Stratum, follow_up: Floats, times: Floats, code: int, counted: NDArray[np.bool_]) -> Floats:
    """q at each of the censoring times of a group: how the score would move with log G from there on."""
    sets, value = part.sets, part.value
    constant, varying = sets.fixed.shape[1], sets.of_time.shape[1]
    after = np.searchsorted(sets.times, times, side="left")
    found = np.zeros((times.size, constant + varying))
    weight = sets.weight[sets.event] * counted[part.rows[sets.event]]
    share = np.bincount(sets.event_at, weights=weight, minlength=sets.times.size) / sets.event_weight
    for risk in value.risks:
        block = risk.block
        kept = block.group == code
        stays = block.stays[kept]
        amount = risk.of_patient[stays] * block.inverse[kept]
        seen = np.searchsorted(times, follow_up[part.rows[block.rows[stays]]], side="right")
        ahead = risk.of_level * value.hazard * (share * sets.before[code])
        gathered = _gathered(block.level[stays], seen, amount, block.count, times.size)
        for q in range(varying):
            later = _ahead(ahead * sets.of_time[:, q], after)
            found[:, constant + q] += (block.varying[:, [q]] * gathered * later).sum(axis=0)
        later = _ahead(ahead, after)
        for term in range(constant):
            own = amount * sets.fixed[block.rows[stays], term]
            found[:, term] += (_gathered(block.level[stays], seen, own, block.count, times.size) * later).sum(axis=0)
        for term in range(constant + varying):
            mean = risk.of_level * value.covariate_hazard[:, term] * (share * sets.before[code])
            found[:, term] -= (gathered * _ahead(mean, after)).sum(axis=0)
    return found


def _gathered(level: Integers, seen: Integers, amount: Floats, levels: int, times: int) -> Floats:
    """Σ of `amount` over the competing events before each censoring time, shape (levels, times)."""
    bins = level * (times + 1) + seen
    total = summed_at(bins, amount, levels * (times + 1)).reshape(levels, times + 1)
    return np.cumsum(total, axis=1)[:, :-1]


def _ahead(amount: Floats, after: Integers) -> Floats:
    """Σ of `amount` over the event times from position `after` on."""
    ahead = np.cumsum(amount[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([ahead, np.zeros((amount.shape[0], 1))], axis=1)[:, after]
