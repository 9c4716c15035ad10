"""Fine-Gray regression of many trials: censoring weights, Newton's method, variance of the weighted score.

With G(t-) the probability of not being censored before t, a patient who had a competing event at T stays in the risk
set at t > T with weight G(t-) / G(T-). All sums over risk sets are running sums, so a pass costs one look at each
patient.
"""

import numpy as np

from inferon.statistics.batch.cache import compiled, inlined, inside
from inferon.statistics.batch.kernels.cox import (
    CONVERGED,
    MONOTONE,
    NO_EVENTS,
    NOT_CONVERGED,
    POLISHED,
    SINGULAR,
    centre,
    linear_predictor,
)
from inferon.statistics.batch.kernels.linear import fill, invert, largest_of, mirror, move, newton, sandwich

_TOLERANCE = 1e-6
"""crr stops where max |score| max(|b|, 1) is this small beside max(|log-likelihood|, 1)."""
_EVALUATIONS = 60
_NOT_FALLING = 0.01
_NOTICEABLE = 1e-12


@compiled
def fine_gray(
    first, last, time, cause, rows, blocks, design, wanted, as_crr, coefficient, covariance, model, likelihood, status
):
    """Coefficients, robust and model-based covariance, log-likelihoods (at 0 and there) and status of every trial."""
    longest, p = 0, design.shape[1]
    for trial in range(first, last):
        longest = max(longest, rows[blocks[trial + 1]] - rows[blocks[trial]])
    x, uncensored, risk = np.empty((longest, p)), np.empty(longest), np.empty(longest)
    failing, staying, tied = np.empty((3, longest + 1), np.int64)
    sums, means = np.empty((longest, p + 2, p)), np.empty((longest + 1, 2 * p + 2))
    for trial in range(first, last):
        begin, end = rows[blocks[trial]], rows[blocks[trial + 1]]
        centre(design, begin, end, x)
        own_time, own_cause = time[begin:end], cause[begin:end]
        count = _prepare(own_time, own_cause, wanted, uncensored, failing, tied, staying)
        status[trial] = NO_EVENTS
        if count > 0:
            status[trial] = _fit(
                own_cause, x, wanted, uncensored, failing, tied, staying, count, as_crr, risk, sums, coefficient[trial],
                model[trial], likelihood[trial],
            )  # fmt: skip
        if status[trial] >= NO_EVENTS:
            fill(coefficient[trial : trial + 1], np.nan)
            fill(model[trial], np.nan)
        else:
            _hazards(uncensored, failing, tied, count, sums, means)
            _sandwich(
                own_time, own_cause, x, wanted, uncensored, failing, count, risk, means, model[trial], covariance[trial]
            )


@inside
def _prepare(time, cause, wanted, uncensored, failing, tied, staying):
    """G(t-) of every row; the first row and the number of events of each failure time; returns how many there are.

    ``staying`` lists the rows that stay in the risk set after a competing event, and then the end.
    """
    row, end, free, count, stay = 0, time.size, 1.0, 0, 0
    while row < end:
        start, censored, events = row, 0, 0
        while row < end and time[row] == time[start]:
            uncensored[row] = free
            censored += cause[row] == 0
            events += cause[row] == wanted
            staying[stay] = row
            stay += cause[row] != 0 and cause[row] != wanted
            row += 1
        if events > 0:
            failing[count], tied[count] = start, events
            count += 1
        if censored > 0:
            free *= 1 - censored / (end - start)
    failing[count], staying[stay] = end, end
    return count


@inside
def _fit(cause, x, wanted, uncensored, failing, tied, staying, count, as_crr, risk, sums, beta, inverse, likelihood):
    """Newton's method with halving, to full precision; to where crr stops if told so or if a coefficient is infinite."""
    p = beta.size
    score, information, step, tried = np.empty(p), np.empty((p, p)), np.zeros(p), np.zeros(p)
    observed = np.zeros(p)
    for row in range(cause.size):
        for j in range(p):
            observed[j] += x[row, j] * (cause[row] == wanted)
    now, decrement, part, stands = -np.inf, np.inf, 1.0, False
    for evaluation in range(_EVALUATIONS):
        _risks(x, cause.size, tried, risk)
        _risk_sums(x, uncensored, failing, staying, count, risk, sums)
        found = _derivatives(observed, tied, count, sums, tried, score, information)
        if evaluation == 0:
            likelihood[0] = found
        elif not stands and not found >= now + 1e-4 * part * decrement:
            part /= 2
            move(beta, part, step, tried)
            continue
        move(tried, 0.0, step, beta)
        now, part, likelihood[1] = found, 1.0, found
        if not invert(information, inverse):
            return SINGULAR
        stands = largest_of(score) * max(largest_of(beta), 1.0) < max(abs(now), 1.0) * _TOLERANCE
        before, decrement = decrement, newton(inverse, score, step)
        if stands and decrement > max(_NOT_FALLING * before, _NOTICEABLE):
            return MONOTONE
        if decrement < POLISHED or (stands and as_crr):
            move(beta, 0.0 if as_crr else 1.0, step, beta)
            return CONVERGED
        move(beta, part, step, tried)
    return NOT_CONVERGED


@inside
def _derivatives(observed, tied, count, sums, beta, score, information):
    """Log-likelihood; fills its score and information. ``observed`` holds the sums of the covariates over the events."""
    p, total = beta.size, 0.0
    fill(information, 0.0)
    for j in range(p):
        score[j] = observed[j]
        total += observed[j] * beta[j]
    for at in range(count):
        total -= tied[at] * np.log(sums[at, p + 1, 0])
        _subtract_mean(sums[at], tied[at], score, information)
    mirror(information)
    return total


@inside
def _risks(x, end, beta, risk):
    """Everybody's relative risk."""
    for row in range(end):
        risk[row] = np.exp(linear_predictor(x, row, beta))


@inside
def _risk_sums(x, uncensored, failing, staying, count, risk, sums):
    """Sums over the risk set of each failure time: back over those still followed, forward over those who stay, weighted.

    Second moments (lower triangle) in rows 0 to p - 1, first moments in row p, the risk sum at [p + 1, 0].
    """
    p = x.shape[1]
    running = np.zeros((p + 2, p))
    for at in range(count - 1, -1, -1):
        for row in range(failing[at], failing[at + 1]):
            _add(running, x, row, risk[row])
        for i in range(p + 2):
            for j in range(p):
                sums[at, i, j] = running[i, j]
    fill(running, 0.0)
    stay = 0
    for at in range(count):
        while staying[stay] < failing[at]:
            row = staying[stay]
            _add(running, x, row, risk[row] / uncensored[row])
            stay += 1
        weight = uncensored[failing[at]]
        for i in range(p + 2):
            for j in range(p):
                sums[at, i, j] += weight * running[i, j]


@inlined
def _add(sums, x, row, risk):
    p = x.shape[1]
    for j in range(p):
        weighted = risk * x[row, j]
        for k in range(j + 1):
            sums[j, k] += weighted * x[row, k]
        sums[p, j] += weighted
    sums[p + 1, 0] += risk


@inlined
def _subtract_mean(sums, events, score, information):
    p = score.size
    for j in range(p):
        mean = sums[p, j] / sums[p + 1, 0]
        score[j] -= events * mean
        for k in range(j + 1):
            other = sums[p, k] / sums[p + 1, 0]
            information[j, k] += events * (sums[j, k] / sums[p + 1, 0] - mean * other)


@inside
def _hazards(uncensored, failing, tied, count, sums, means):
    """Running sums up to each failure time of the baseline hazard and of mean x hazard, plain and times G(t-).

    ``means[at + 1]`` after failure time ``at``: mean x hazard (p), the same times G (p), hazard, hazard times G.
    """
    p = sums.shape[2]
    fill(means[:1], 0.0)
    for at in range(count):
        hazard, weight = tied[at] / sums[at, p + 1, 0], uncensored[failing[at]]
        for j in range(p):
            mean = sums[at, p, j] / sums[at, p + 1, 0]
            means[at + 1, j] = means[at, j] + mean * hazard
            means[at + 1, p + j] = means[at, p + j] + mean * hazard * weight
        means[at + 1, 2 * p] = means[at, 2 * p] + hazard
        means[at + 1, 2 * p + 1] = means[at, 2 * p + 1] + hazard * weight


@inside
def _sandwich(time, cause, x, wanted, uncensored, failing, count, risk, means, bread, covariance):
    """Covariance from each patient's effect on the score, directly and through the estimated weights.

    A censoring at u bears on the weights of those with a competing event before u, at failures from u on: so does crr
    count ties.
    """
    p, end = x.shape[1], cause.size
    effect, censoring, drift, meat, half = np.empty(p), np.zeros(p), np.zeros(p), np.zeros((p, p)), np.empty((p, p))
    ahead, waiting = np.empty(p + 1), np.zeros(p + 1)
    row, at = 0, 0
    while row < end:
        start, censored = row, 0
        while row < end and time[row] == time[start]:
            censored += cause[row] == 0
            row += 1
        at_risk = end - start
        if censored > 0:
            _ahead(means, at, count, ahead)
            for j in range(p):
                censoring[j] = (waiting[j] * ahead[p] - waiting[p] * ahead[j]) / at_risk
                drift[j] += censoring[j] * censored / at_risk
        at += at < count and failing[at] == start
        _ahead(means, at, count, ahead)
        for i in range(start, row):
            for j in range(p):
                effect[j] = -drift[j] - risk[i] * (x[i, j] * means[at, 2 * p] - means[at, j])
                if cause[i] == 0:
                    effect[j] += censoring[j]
                elif cause[i] == wanted:
                    effect[j] += x[i, j] - (means[at, j] - means[at - 1, j]) / (means[at, 2 * p] - means[at - 1, 2 * p])
                else:
                    weight = risk[i] / uncensored[i]
                    effect[j] -= weight * (x[i, j] * ahead[p] - ahead[j])
                    waiting[j] += weight * x[i, j]
            if cause[i] != 0 and cause[i] != wanted:
                waiting[p] += risk[i] / uncensored[i]
            for j in range(p):
                for k in range(p):
                    meat[j, k] += effect[j] * effect[k]
    sandwich(bread, meat, covariance, half)


@inlined
def _ahead(means, at, count, ahead):
    """What the sums times G still gain after the first ``at`` failure times: mean x hazard (p), then the hazard."""
    p = ahead.size - 1
    for j in range(p):
        ahead[j] = means[count, p + j] - means[at, p + j]
    ahead[p] = means[count, 2 * p + 1] - means[at, 2 * p + 1]
