"""Cox regression of many trials by Newton's method, Efron's or Breslow's way with ties."""

import numpy as np

from inferon.statistics.batch.cache import compiled, inlined, inside
from inferon.statistics.batch.kernels.linear import fill, invert, mirror, move, newton

CONVERGED, MONOTONE, NO_EVENTS, SINGULAR, NOT_CONVERGED = range(5)

_TOLERANCE = 1e-9
"""Relative change of the log-likelihood at which coxph stops."""
_EVALUATIONS = 40
POLISHED = 1e-12
"""Squared distance to the maximum, in standard errors, from which one step leads there in double precision."""
_NOT_FALLING = 0.01
_NOTICEABLE = 1e-14


@compiled
def cox(first, last, time, cause, rows, blocks, design, wanted, efron, coefficient, covariance, likelihood, status):
    """Coefficients, model-based covariance, log-likelihoods (at 0 and there) and status of every trial."""
    longest, p = 0, design.shape[1]
    for trial in range(first, last):
        longest = max(longest, rows[blocks[trial + 1]] - rows[blocks[trial]])
    x = np.empty((longest, p))
    for trial in range(first, last):
        begin, end = rows[blocks[trial]], rows[blocks[trial + 1]]
        centre(design, begin, end, x)
        own = blocks[trial : trial + 2]
        status[trial] = _fit(
            own, time, cause, rows, x, wanted, efron, coefficient[trial], covariance[trial], likelihood[trial]
        )  # fmt: skip
        if status[trial] >= NO_EVENTS:
            fill(coefficient[trial : trial + 1], np.nan)
            fill(covariance[trial], np.nan)


@inside
def centre(design, begin, end, x):
    """Rows ``begin`` to ``end`` of the design with mean 0, from row 0 of ``x`` on."""
    for j in range(design.shape[1]):
        mean = 0.0
        for row in range(begin, end):
            mean += design[row, j]
        mean /= end - begin
        for row in range(begin, end):
            x[row - begin, j] = design[row, j] - mean


@inside
def _fit(blocks, time, cause, rows, x, wanted, efron, coefficient, inverse, likelihood):
    """Newton's method from 0, halving steps that lead down; once the log-likelihood stands still, to full precision.

    Where it stands still although the steps do not shrink, a coefficient is infinite: the estimates stay where coxph
    leaves them.
    """
    p = x.shape[1]
    score, information, step, tried = np.empty(p), np.empty((p, p)), np.zeros(p), np.zeros(p)
    work = np.empty((2, p + 1, p))
    decrement, part, halved, polishing = np.inf, 1.0, False, False
    for evaluation in range(_EVALUATIONS):
        now, events = _derivatives(blocks, time, cause, rows, x, wanted, efron, tried, score, information, work)
        if evaluation == 0:
            likelihood[0], likelihood[1] = now, now
            if events == 0:
                return NO_EVENTS
        stands = evaluation > 0 and not halved and abs(1 - likelihood[1] / now) <= _TOLERANCE
        halved = not polishing and not stands and not now >= likelihood[1]
        if halved:
            part /= 2
            move(coefficient, part, step, tried)
            continue
        move(tried, 0.0, step, coefficient)
        likelihood[1] = now
        if not invert(information, inverse):
            return SINGULAR
        before, decrement = decrement, newton(inverse, score, step)
        if stands and not polishing:
            if decrement > max(_NOT_FALLING * before, _NOTICEABLE):
                return MONOTONE
            polishing = True
        if polishing and decrement < POLISHED:
            move(coefficient, 1.0, step, coefficient)
            return CONVERGED
        part = 1.0
        move(coefficient, part, step, tried)
    return NOT_CONVERGED


@inside
def _derivatives(blocks, time, cause, rows, x, wanted, efron, beta, score, information, work):
    """Log partial likelihood and events; fills its score and information. ``work``: sums over the risk set and ties."""
    p, offset = beta.size, rows[blocks[0]]
    over_all, over_tied = work[0], work[1]
    fill(over_tied, 0.0)
    for j in range(p):
        score[j] = 0.0
    fill(information, 0.0)
    total, happened = 0.0, 0
    for block in range(blocks[0], blocks[1]):
        row, begin = rows[block + 1] - 1, rows[block]
        at_risk = 0.0
        fill(over_all, 0.0)
        while row >= begin:
            last, tied = row, 0
            while row >= begin and time[row] == time[last]:
                predictor = linear_predictor(x, row - offset, beta)
                risk = np.exp(predictor)
                at_risk += risk
                _add(over_all, x, row - offset, risk)
                if cause[row] != 0 and (wanted == 0 or cause[row] == wanted):
                    tied += 1
                    total += predictor
                    for j in range(p):
                        score[j] += x[row - offset, j]
                row -= 1
            happened += tied
            if efron and tied > 1:
                tied_risk = _tied_sums(cause, x, wanted, beta, row + 1, last, offset, over_tied)
                for position in range(tied):
                    part = position / tied
                    denominator = at_risk - part * tied_risk
                    total -= np.log(denominator)
                    _subtract_mean(over_all, over_tied, part, 1.0 / denominator, 1.0, score, information)
            elif tied > 0:
                total -= tied * np.log(at_risk)
                _subtract_mean(over_all, over_tied, 0.0, 1.0 / at_risk, tied, score, information)
    mirror(information)
    return total, happened


@inside
def _tied_sums(cause, x, wanted, beta, first, last, offset, over_tied):
    """Sums over those of these rows who have the event; returns the sum of their relative risks."""
    fill(over_tied, 0.0)
    total = 0.0
    for row in range(first, last + 1):
        if cause[row] != 0 and (wanted == 0 or cause[row] == wanted):
            risk = np.exp(linear_predictor(x, row - offset, beta))
            total += risk
            _add(over_tied, x, row - offset, risk)
    return total


@inlined
def linear_predictor(x, row, beta):
    """Covariates of a row times the coefficients."""
    total = 0.0
    for j in range(beta.size):
        total += x[row, j] * beta[j]
    return total


@inlined
def _add(sums, x, row, risk):
    """First moments in row 0, second moments (lower triangle) in the rows after it."""
    for j in range(x.shape[1]):
        weighted = risk * x[row, j]
        sums[0, j] += weighted
        for k in range(j + 1):
            sums[1 + j, k] += weighted * x[row, k]


@inlined
def _subtract_mean(over_all, over_tied, part, scale, events, score, information):
    for j in range(score.size):
        mean = (over_all[0, j] - part * over_tied[0, j]) * scale
        score[j] -= events * mean
        for k in range(j + 1):
            other = (over_all[0, k] - part * over_tied[0, k]) * scale
            information[j, k] += events * ((over_all[1 + j, k] - part * over_tied[1 + j, k]) * scale - mean * other)
