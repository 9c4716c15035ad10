"""From checked columns to the maximum of a Fine–Gray likelihood: risk sets by stratum, Newton's method, sums over strata."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.regression.fine_gray_likelihood import Evaluation, evaluate
from inferon.statistics.regression.fine_gray_risk_sets import RiskSets, summed_at
from inferon.statistics.regression.fine_gray_variance import Stratum
from inferon.statistics.shared.censoring_distribution import (
    Observation,
    ObservationWeight,
    TiedEvents,
    observation_weight,
)
from inferon.statistics.shared.columns import Floats, Integers

ITERATIONS = 60
DECREMENT = 1e-14
COLLINEAR = 1e-10


@dataclass(frozen=True, eq=False)
class Convention:
    """How K is estimated, and how tied events share the risk set."""

    tied_events: TiedEvents
    efron: bool
    without_latest_entry: bool = False


@dataclass(frozen=True, eq=False)
class Columns:
    """What the likelihood is computed from: rows of follow-up, causes, covariates, strata and censoring groups.

    fixed, varying      covariates with a constant effect (centred by the caller if he likes) and with a changing one
    of_time             the functions of time that multiply the columns of `varying`
    """

    observed: Observation
    interest: NDArray[np.bool_]
    competing: NDArray[np.bool_]
    fixed: Floats
    varying: Floats
    of_time: Sequence[Callable[[Floats], Floats]]
    stratum: Integers
    censoring_group: Integers


@dataclass(frozen=True, eq=False)
class Maximum:
    """The coefficients, the sums over strata there, the log-likelihood at zero coefficients, and how it was reached."""

    coefficients: Floats
    strata: tuple[Stratum, ...]
    information: Floats
    score: Floats
    log_likelihood: float
    log_likelihood_null: float
    iterations: int
    converged: bool


def observation_weights(columns: Columns, convention: Convention) -> list[ObservationWeight]:
    """K of every censoring group."""
    return [
        observation_weight(
            columns.observed.of(columns.censoring_group == code),
            tied_events=convention.tied_events,
            without_latest_entry=convention.without_latest_entry,
        )
        for code in range(int(columns.censoring_group.max()) + 1)
    ]


def risk_sets(columns: Columns, convention: Convention) -> list[tuple[Integers, RiskSets]]:
    """The rows and risk sets of every stratum with an event of interest."""
    observed, group = columns.observed, columns.censoring_group
    weights = observation_weights(columns, convention)
    at_exit = np.ones(group.size)
    for code, weight in enumerate(weights):
        stays = columns.competing & (group == code)
        at_exit[stays] = weight.before(observed.follow_up[stays])
    found = []
    for code in range(int(columns.stratum.max()) + 1):
        rows = np.flatnonzero(columns.stratum == code)
        times = np.unique(observed.follow_up[rows[columns.interest[rows]]])
        if times.size:
            before = np.stack([weight.before(times) for weight in weights])
            found.append((rows, _one_stratum(columns, rows, times, before, at_exit, efron=convention.efron)))
    return found


def _one_stratum(
    columns: Columns, rows: Integers, times: Floats, before: Floats, at_exit: Floats, *, efron: bool
) -> RiskSets:
    observed = columns.observed
    level_rows, level = np.unique(columns.varying[rows], axis=0, return_inverse=True)
    leaves = np.searchsorted(times, observed.follow_up[rows], side="right")
    start = observed.start
    enters = np.zeros(rows.size, np.int64) if start is None else np.searchsorted(times, start[rows], side="right")
    event = np.flatnonzero(columns.interest[rows])
    stays = np.flatnonzero(columns.competing[rows] & (at_exit[rows] > 0))
    at, share, mass = _parts(leaves[event] - 1, observed.weights[rows][event], efron=efron)
    of_time = [_at_events(f, times) for f in columns.of_time]
    return RiskSets(
        times, observed.weights[rows], columns.fixed[rows], level.reshape(-1), level_rows,
        np.stack(of_time, axis=1) if of_time else np.zeros((times.size, 0)),
        enters, leaves, event, leaves[event] - 1, stays, columns.censoring_group[rows][stays],
        before, 1 / at_exit[rows][stays], at, share, mass,
    )  # fmt: skip


def _at_events(function: Callable[[Floats], Floats], times: Floats) -> Floats:
    """A function of time at the event times; ValueError where it has no finite value."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = np.broadcast_to(np.asarray(function(times), dtype=np.float64), times.shape)
    if not np.isfinite(values).all():
        place = int(np.argmax(~np.isfinite(values)))
        raise ValueError(f"a function in time_varying is {values[place]} at the event time {times[place]:g}")
    return values


def _parts(event_at: Integers, weight: Floats, *, efron: bool) -> tuple[Integers, Floats, Floats]:
    """Position, share taken off and weight of each part: one a time for Breslow, one an event for Efron."""
    total = summed_at(event_at, weight, int(event_at.max()) + 1)
    if not efron:
        return np.arange(total.size), np.zeros(total.size), total
    tied = np.bincount(event_at)
    at = np.repeat(np.arange(tied.size), tied)
    rank = np.arange(at.size) - np.repeat(np.cumsum(tied) - tied, tied)
    return at, rank / tied[at], (total / tied)[at]


def maximise(sets: Sequence[tuple[Integers, RiskSets]], *, terms: Sequence[str]) -> Maximum:
    """Newton's method with step halving from zero coefficients; ValueError for covariates that repeat each other."""
    coefficients = np.zeros(len(terms))
    values = _evaluate(sets, coefficients)
    null = current = sum(value.log_likelihood for value in values)
    iterations, converged = 0, False
    while not converged and iterations < ITERATIONS:
        iterations += 1
        score, information = sum(v.score for v in values), sum(v.information for v in values)
        step = _step(np.asarray(score), np.asarray(information), terms)
        converged = bool(np.abs(score @ step) <= DECREMENT * (1 + abs(current)))
        before, (coefficients, values, current) = coefficients, _uphill(sets, coefficients, values, current, step)
        if coefficients is before:
            break
    strata = tuple(Stratum(rows, part, value) for (rows, part), value in zip(sets, values, strict=True))
    return Maximum(
        coefficients, strata, np.asarray(sum(v.information for v in values)), np.asarray(sum(v.score for v in values)),
        float(current), float(null), iterations, converged,
    )  # fmt: skip


def _evaluate(sets: Sequence[tuple[Integers, RiskSets]], coefficients: Floats) -> list[Evaluation]:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return [evaluate(part, coefficients) for _, part in sets]


def _uphill(
    sets: Sequence[tuple[Integers, RiskSets]], start: Floats, values: list[Evaluation], current: float, step: Floats
) -> tuple[Floats, list[Evaluation], float]:
    """The Newton step, halved until the likelihood does not fall; where it always falls, stay."""
    for halving in range(20):
        coefficients = start + step / 2**halving
        tried = _evaluate(sets, coefficients)
        reached = sum(value.log_likelihood for value in tried)
        if np.isfinite(reached) and reached >= current - 1e-12 * (1 + abs(current)):
            return coefficients, tried, reached
    return start, values, current


def _step(score: Floats, information: Floats, terms: Sequence[str]) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    if not (scale > 0).all():
        raise ValueError(f"covariate {terms[int(np.argmin(scale))]!r} does not vary in any risk set: leave it out")
    correlation = information / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < COLLINEAR:
        involved = [term for term, part in zip(terms, vectors[:, 0], strict=True) if abs(part) > 0.1]
        raise ValueError(f"the covariates {', '.join(involved)} repeat each other in the data: leave one out")
    return np.linalg.solve(correlation, score / scale) / scale
