"""The weighted partial likelihood of a subdistribution hazard: value, slope, curvature, and every patient's share in them.

    log L = Σ_parts m [ ... ],  a part of weight m at time t with share c of the tied events E taken off the risk set R:
            Σ_events v (z b)  -  Σ_parts m log( Σ_{R} w e^{z b} - c Σ_{E} v e^{z b} )

Breslow has one part a time (c = 0), Efron one part an event. z may hold y f(t). Curvature uses that
Σ_t h(t) Σ_{R(t)} w z z' e^{zb} = Σ_patients (their time sums) z z', so that no sum of outer products is accumulated over time.
"""

from dataclasses import dataclass

import numpy as np

from inferon.statistics.regression.fine_gray_risk_sets import Block, RiskSets, summed_at
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The likelihood of one stratum at a coefficient vector.

    hazard            jumps of the baseline (covariates 0), shape (times,)
    covariate_hazard  jumps times the mean covariates of the risk set, shape (times, terms)
    """

    log_likelihood: float
    score: Floats
    information: Floats
    hazard: Floats
    covariate_hazard: Floats
    tied: "_Tied"
    risks: tuple["_Relative", ...]


@dataclass(frozen=True, eq=False)
class _Tied:
    """What Efron's parts take off again from the tied events: jumps, jumps times mean covariates, mean covariates."""

    hazard: Floats
    covariate_hazard: Floats
    mean: Floats


@dataclass(frozen=True, eq=False)
class _Relative:
    """Relative risks of a block: e^{y f(t) b} by level and time, and weight · e^{x b} by patient."""

    block: Block
    of_level: Floats
    of_patient: Floats


def evaluate(sets: RiskSets, coefficients: Floats) -> Evaluation:
    """Log-likelihood, score, information and hazard at `coefficients` (constant effects first, then time-varying ones)."""
    constant = sets.fixed.shape[1]
    risks = tuple(_relative(sets, block, coefficients, constant) for block in sets.blocks)
    total, moments = _risk_set_sums(sets, risks)
    events = _event_covariates(sets)
    event_risk = _event_risk(sets, coefficients, constant)
    tied, tied_moments = _event_sums(sets, events, event_risk)
    at, share, mass = sets.part_at, sets.part_share, sets.part_weight
    part_total = total[at] - share * tied[at]
    mean = (moments[at] - share[:, None] * tied_moments[at]) / part_total[:, None]
    linear = events[:, :constant] @ coefficients[:constant] + events[:, constant:] @ coefficients[constant:]
    weight = sets.weight[sets.event]
    jump = mass / part_total
    hazard, covariate_hazard = _by_time(sets, jump), _by_time(sets, jump[:, None] * mean)
    off, off_covariates = _by_time(sets, jump * share), _by_time(sets, (jump * share)[:, None] * mean)
    information = _second_moments(sets, risks, hazard)
    information -= (events * (event_risk * off[sets.event_at])[:, None]).T @ events
    information -= (mean * mass[:, None]).T @ mean
    return Evaluation(
        float(weight @ linear - mass @ np.log(part_total)),
        weight @ events - mass @ mean,
        information,
        hazard,
        covariate_hazard,
        _Tied(off, off_covariates, _by_time(sets, mass[:, None] * mean) / sets.event_weight[:, None]),
        risks,
    )


def score_residuals(sets: RiskSets, value: Evaluation, coefficients: Floats) -> Floats:
    """Every patient's share in the score, shape (patients, terms): its event minus what its risk set expected.

    Already multiplied with the case weight; columns sum to the score.
    """
    constant, varying = sets.fixed.shape[1], sets.of_time.shape[1]
    expected = np.empty((sets.patients, constant + varying))
    for risk in value.risks:
        rows, block = risk.block.rows, risk.block
        hazard = risk.of_level * value.hazard
        own = np.empty((rows.size, constant + varying))
        own[:, :constant] = sets.fixed[rows] * block.time_sum(hazard)[:, None]
        for q in range(varying):
            own[:, constant + q] = block.varying[block.level, q] * block.time_sum(hazard * sets.of_time[:, q])
        for term in range(constant + varying):
            own[:, term] -= block.time_sum(risk.of_level * value.covariate_hazard[:, term])
        expected[rows] = own * risk.of_patient[:, None]
    residual = -expected
    events, risk_of_event, at = _event_covariates(sets), _event_risk(sets, coefficients, constant), sets.event_at
    tied = value.tied
    residual[sets.event] += sets.weight[sets.event][:, None] * (events - tied.mean[at])
    residual[sets.event] += risk_of_event[:, None] * (events * tied.hazard[at][:, None] - tied.covariate_hazard[at])
    return residual


def _relative(sets: RiskSets, block: Block, coefficients: Floats, constant: int) -> _Relative:
    of_level = np.exp(block.varying @ (sets.of_time * coefficients[constant:]).T)
    of_patient = sets.weight[block.rows] * np.exp(sets.fixed[block.rows] @ coefficients[:constant])
    return _Relative(block, of_level, of_patient)


def _risk_set_sums(sets: RiskSets, risks: tuple[_Relative, ...]) -> tuple[Floats, Floats]:
    """Σ w e^{zb} and Σ w z e^{zb} over every risk set, shapes (times,) and (times, terms)."""
    constant, varying = sets.fixed.shape[1], sets.of_time.shape[1]
    total, moments = np.zeros(sets.times.size), np.zeros((sets.times.size, constant + varying))
    for risk in risks:
        by_level = risk.of_level * risk.block.risk_sum(risk.of_patient)
        total += by_level.sum(axis=0)
        moments[:, constant:] += sets.of_time * (by_level.T @ risk.block.varying)
        for term in range(constant):
            amount = risk.of_patient * sets.fixed[risk.block.rows, term]
            moments[:, term] += (risk.of_level * risk.block.risk_sum(amount)).sum(axis=0)
    return total, moments


def _second_moments(sets: RiskSets, risks: tuple[_Relative, ...], hazard: Floats) -> Floats:
    """Σ_times hazard Σ_risk set w z z' e^{zb}, shape (terms, terms)."""
    constant, varying = sets.fixed.shape[1], sets.of_time.shape[1]
    found = np.zeros((constant + varying, constant + varying))
    for risk in risks:
        block, fixed = risk.block, sets.fixed[risk.block.rows]
        base = risk.of_level * hazard
        own = (risk.of_patient * block.time_sum(base))[:, None]
        found[:constant, :constant] += fixed.T @ (fixed * own)
        for q in range(varying):
            first = risk.of_patient * block.varying[block.level, q]
            cross = fixed.T @ (first * block.time_sum(base * sets.of_time[:, q]))
            found[:constant, constant + q] += cross
            found[constant + q, :constant] += cross
            for r in range(varying):
                both = block.time_sum(base * sets.of_time[:, q] * sets.of_time[:, r])
                found[constant + q, constant + r] += (first * block.varying[block.level, r]) @ both
    return found


def _event_covariates(sets: RiskSets) -> Floats:
    """z of every patient with the event, at the time of the event."""
    varying = sets.varying[sets.level[sets.event]] * sets.of_time[sets.event_at]
    return np.concatenate([sets.fixed[sets.event], varying], axis=1)


def _event_risk(sets: RiskSets, coefficients: Floats, constant: int) -> Floats:
    return sets.weight[sets.event] * np.exp(_event_covariates(sets) @ coefficients)


def _event_sums(sets: RiskSets, events: Floats, event_risk: Floats) -> tuple[Floats, Floats]:
    at, length = sets.event_at, sets.times.size
    return summed_at(at, event_risk, length), summed_at(at, event_risk[:, None] * events, length)


def _by_time(sets: RiskSets, amount: Floats) -> Floats:
    """Σ over the parts of each event time."""
    return summed_at(sets.part_at, amount, sets.times.size)
