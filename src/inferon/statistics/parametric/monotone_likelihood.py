"""The maximum of an interval-censored likelihood over every distribution, and over covariates if there are any.

The baseline is a rising sequence of thresholds g₁ <= g₂ <= …, one between any two innermost intervals; patient i adds

    log(S(g_first + x β) - S(g_beyond + x β))          S extreme value: proportional hazards; logistic: proportional odds

which is concave in (g, β) together. Three moves alternate: the iterative convex minorant (a weighted isotonic regression
of a diagonal Newton step) finds which thresholds are equal; Newton's method on the distinct thresholds and β converges;
a step that would cross two thresholds stops where they meet. The end is judged by the gain still possible (Newton's) and
by whether any group of equal thresholds would gain by parting.

Sources: Groeneboom & Wellner 1992; Jongbloed, J Comput Graph Stat 1998;7:310-321; Wellner & Zhan, J Am Stat Assoc
1997;92:945-959; Pan, J Comput Graph Stat 1999;8:109-120.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from inferon.statistics.parametric.monotone_problem import (
    MonotoneProblem,
    log_likelihood,
    row_terms,
    summed,
    threshold_sums,
)
from inferon.statistics.shared.columns import Floats, Integers

ROUNDS = 500
ENOUGH = 1e-11
"""The gain in log-likelihood, per unit of 1 + its hundredth, below which a Newton step ends the fit."""
PARTING = 1e-8
"""The slope, per patient, below which nothing pulls a group of equal thresholds apart."""
ROUNDING = 1e-12
LIMIT_OF_DENSE = 2500
"""Distinct thresholds beyond which only the convex minorant is used (Newton would need a dense matrix of that size)."""


@dataclass(frozen=True, eq=False)
class MonotoneFit:
    """Thresholds (cells - 1,), coefficients, log-likelihood, and the information of the coefficients.

    The information is that of the profile likelihood: the distinct thresholds follow the coefficients.
    """

    thresholds: Floats
    coefficients: Floats
    log_likelihood: float
    information: Floats
    rounds: int
    remaining: float


def fit_monotone(problem: MonotoneProblem, start: Floats) -> MonotoneFit:
    """Maximise from rising thresholds; ValueError where it does not settle."""
    g, beta = start.copy(), np.zeros(problem.design.shape[1])
    value = log_likelihood(problem, g, beta)
    for rounds in range(1, ROUNDS + 1):
        g, value = _joined(problem, *_convex_minorant(problem, g, beta, value), beta)
        g, beta, value, remaining = _newton(problem, g, beta, value)
        if remaining < ENOUGH * (1 + abs(value) / 100) and _would_part(problem, g, beta) < PARTING:
            information = _profile_information(problem, g, beta)
            return MonotoneFit(g, beta, value, information, rounds, remaining)
    raise ValueError(f"the estimate did not settle in {ROUNDS} rounds")


def _convex_minorant(problem: MonotoneProblem, g: Floats, beta: Floats, value: float) -> tuple[Floats, float]:
    if not g.size:
        return g, value
    found = row_terms(problem, g, beta)
    slope = threshold_sums(problem, found.first)
    bend = np.maximum(-threshold_sums(problem, found.second), 1e-10 * problem.weights.sum())
    target = np.asarray(isotonic_regression(g + slope / bend, weights=bend).x)
    step = 1.0
    for _ in range(40):
        proposal = target if step == 1 else g + step * (target - g)
        tried = log_likelihood(problem, proposal, beta)
        if tried > value:
            return proposal, tried
        step /= 2
    return g, value


def _joined(problem: MonotoneProblem, g: Floats, value: float, beta: Floats) -> tuple[Floats, float]:
    """Thresholds that differ by rounding only made equal, where that costs nothing."""
    close = np.diff(g, prepend=-np.inf) <= ROUNDING * (1 + np.abs(g))
    if not close.any():
        return g, value
    joined = g[~close][np.cumsum(~close) - 1]
    tried = log_likelihood(problem, joined, beta)
    return (joined, tried) if tried >= value - ROUNDING * (1 + abs(value)) else (g, value)


def _newton(problem: MonotoneProblem, g: Floats, beta: Floats, value: float) -> tuple[Floats, Floats, float, float]:
    """Newton steps on the distinct thresholds and β until they no longer move; the gain the next one would bring."""
    remaining = np.inf
    for _ in range(30):
        pool = _pools(g)
        if g.size and pool[-1] >= LIMIT_OF_DENSE:
            return _coefficients_only(problem, g, beta, value)
        score, information = _pooled_derivatives(problem, g, beta, pool)
        step = _solve(information, score)
        remaining = float(score @ step) / 2
        knots = int(pool[-1]) + 1 if g.size else 0
        along = step[:knots][pool], step[knots:]
        if remaining < ENOUGH * (1 + abs(value) / 100):
            if (np.diff(g + along[0]) >= 0).all():
                g, beta = g + along[0], beta + along[1]
                value = log_likelihood(problem, g, beta)
            break
        moved, tried, beta_moved = _line_search(problem, (g, beta, value), along)
        if tried <= value:
            break
        g, beta, value = moved, beta_moved, tried
    return g, beta, value, remaining


def _coefficients_only(
    problem: MonotoneProblem, g: Floats, beta: Floats, value: float
) -> tuple[Floats, Floats, float, float]:
    """Newton's method on β alone, the thresholds held; the slope still left in the thresholds is the remainder."""
    for _ in range(20):
        found = row_terms(problem, g, beta)
        u = found.first[0] + found.first[1]
        h = found.second[0] + 2 * found.cross + found.second[1]
        if not beta.size:
            break
        score = problem.design.T @ (problem.weights * u)
        step = _solve(-(problem.design.T @ ((problem.weights * h)[:, None] * problem.design)), score)
        if float(score @ step) / 2 < ENOUGH * (1 + abs(value) / 100):
            break
        _, tried, moved = _line_search(problem, (g, beta, value), (np.zeros_like(g), step))
        if tried <= value:
            break
        beta, value = moved, tried
    found = row_terms(problem, g, beta)
    slope = threshold_sums(problem, found.first)
    bend = np.maximum(-threshold_sums(problem, found.second), 1e-10)
    starts = np.flatnonzero(np.diff(_pools(g), prepend=-1))
    pooled = np.add.reduceat(slope, starts), np.add.reduceat(bend, starts)
    return g, beta, value, float((pooled[0] ** 2 / pooled[1]).sum() / 2)


def _line_search(
    problem: MonotoneProblem, here: tuple[Floats, Floats, float], step: tuple[Floats, Floats]
) -> tuple[Floats, float, Floats]:
    """Go along the step, at most to where two thresholds meet (which then stay together)."""
    g, beta, value = here
    closing = np.diff(step[0])
    gaps = np.diff(g)
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = np.where((closing < 0) & (gaps > 0), -gaps / closing, np.inf)
    reach = min(1.0, float(meet.min(initial=np.inf)))
    meeting = np.flatnonzero(meet <= reach) if reach < 1 else np.zeros(0, dtype=np.int64)
    for halving in range(40):
        moved, moved_beta = g + reach * step[0], beta + reach * step[1]
        if halving == 0:
            for position in meeting:
                together = moved == moved[position + 1]
                moved[together] = moved[position]
        moved = np.maximum.accumulate(moved)
        tried = log_likelihood(problem, moved, moved_beta)
        if tried > value:
            return moved, tried, moved_beta
        reach /= 2
    return g, value, beta


def _pools(g: Floats) -> Integers:
    """The number of each threshold's group of equal ones."""
    return np.cumsum(np.diff(g, prepend=g[:1]) > 0).astype(np.int64)


def _pooled_derivatives(problem: MonotoneProblem, g: Floats, beta: Floats, pool: Integers) -> tuple[Floats, Floats]:
    """Score and information in (distinct thresholds, β)."""
    found = row_terms(problem, g, beta)
    w, x = problem.weights, problem.design
    knots = int(pool[-1]) + 1 if g.size else 0
    place = np.concatenate([[knots], pool, [knots]])
    a, b = place[problem.first], place[problem.beyond]
    size = knots + 1
    gradient = summed(a, w * found.first[0], size) + summed(b, w * found.first[1], size)
    flat = summed(a * size + a, w * found.second[0], size * size)
    flat += summed(b * size + b, w * found.second[1], size * size)
    flat += summed(a * size + b, w * found.cross, size * size)
    flat += summed(b * size + a, w * found.cross, size * size)
    gg = flat.reshape(size, size)[:knots, :knots]
    u = w * (found.first[0] + found.first[1])
    left, right = w * (found.second[0] + found.cross), w * (found.second[1] + found.cross)
    gb = np.column_stack(
        [(summed(a, left * c, size) + summed(b, right * c, size))[:knots] for c in x.T] or [np.zeros((knots, 0))]
    )
    bb = x.T @ ((left + right)[:, None] * x)
    score = np.concatenate([gradient[:knots], x.T @ u])
    return score, -np.block([[gg, gb], [gb.T, bb]])


def _solve(information: Floats, score: Floats) -> Floats:
    if not score.size:
        return score
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(scale, scale)
    try:
        return np.linalg.solve(scaled, score / scale) / scale
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(scaled, score / scale, rcond=1e-12)[0] / scale


def _would_part(problem: MonotoneProblem, g: Floats, beta: Floats) -> float:
    """How much slope pulls a group of equal thresholds apart (0 at the maximum), relative to the number of rows."""
    if not g.size:
        return 0.0
    slope = threshold_sums(problem, row_terms(problem, g, beta).first)
    pool = _pools(g)
    ends = np.flatnonzero(np.diff(pool, append=pool[-1] + 1))
    total = np.cumsum(slope)
    after = total[ends][pool] - total
    own = np.diff(pool, append=pool[-1] + 1) == 0
    return float(np.max(after[own], initial=0.0)) / float(problem.weights.sum())


def _profile_information(problem: MonotoneProblem, g: Floats, beta: Floats) -> Floats:
    if not beta.size:
        return np.zeros((0, 0))
    pool = _pools(g)
    _, information = _pooled_derivatives(problem, g, beta, pool)
    knots = information.shape[0] - beta.size
    gg, gb, bb = information[:knots, :knots], information[:knots, knots:], information[knots:, knots:]
    if not knots:
        return bb
    along = np.column_stack([_solve(gg, column) for column in gb.T])
    return bb - gb.T @ along
