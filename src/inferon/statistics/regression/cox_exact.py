"""The exact (discrete) partial likelihood: of those at risk, which set of d had the events?

    L(β) = ∏_t exp(Σ_events η) / Σ_{sets of d at risk} exp(Σ_set η)

The sum runs over all sets; it is d-th elementary symmetric function of the exp(η). Each person at risk is given the
chance p = s exp(η) / (1 + s exp(η)), with s such that d events are expected; the distribution of the number of events
is then built up by joining people in pairs, pairs in fours and so on, together with the first two moments of the
covariate total. Given d events, those moments are the score and information. Every term is positive and none
overflows. The work for one event time is (at risk) · d · terms².

Sources: Cox, J R Stat Soc B 1972;34:187-220 (discrete model); Gail, Lubin & Rubinstein, Biometrika 1981;68:703-707;
Chen, Dempster & Liu, Biometrika 1994;81:457-469 (conditional Bernoulli). Equal to coxph(…, ties = "exact") of R.
"""

import numpy as np
from scipy.special import expit

from inferon.statistics.regression.cox_risk_sets import RiskSets
from inferon.statistics.shared.columns import Floats


def exact_derivatives(
    sets: RiskSets, covariates: Floats, linear: Floats, weight: Floats
) -> tuple[float, Floats, Floats]:
    """Log likelihood, score and information; `weight` must be 1 for every row."""
    terms = covariates.shape[1]
    value = float(weight[sets.died] @ linear[sets.died])
    score = covariates[sets.died].sum(axis=0)
    information = np.zeros((terms, terms))
    order = np.argsort(sets.last, kind="stable")
    leaving = sets.last[order]
    for position, deaths in enumerate(sets.deaths):
        from_here = order[np.searchsorted(leaving, position) :]
        here = sets.last[from_here] < sets.stratum_end[position]
        at_risk = from_here[here & (sets.before[from_here] < position)]
        total, mean, spread = _given_total(linear[at_risk], covariates[at_risk], int(deaths))
        value, score, information = value - total, score - mean, information + spread
    return value, score, information


def _given_total(linear: Floats, covariates: Floats, deaths: int) -> tuple[float, Floats, Floats]:
    """log Σ over sets of `deaths`, and mean and covariance of a set's covariate total."""
    if deaths == 1:
        total = float(np.logaddexp.reduce(linear))
        share = np.exp(linear - total)
        mean = share @ covariates
        return total, mean, (covariates * share[:, None]).T @ covariates - np.outer(mean, mean)
    if deaths == linear.size:
        return float(linear.sum()), covariates.sum(axis=0), np.zeros((covariates.shape[1],) * 2)
    tilt = _tilt(linear, deaths)
    chance = expit(linear + tilt)
    moments = _joined(_alone(chance, covariates), deaths, covariates.shape[1])[deaths]
    none = -np.logaddexp(0, linear + tilt).sum()
    terms = covariates.shape[1]
    mean = moments[1 : 1 + terms] / moments[0]
    square = moments[1 + terms :].reshape(terms, terms) / moments[0]
    return float(np.log(moments[0]) - none - deaths * tilt), mean, square - np.outer(mean, mean)


def _tilt(linear: Floats, deaths: int) -> float:
    """log s, by bisection: any value near it serves, as it only keeps the numbers within range."""
    low, high = -float(linear.max()) - 50, -float(linear.min()) + 50
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(linear + middle).sum() < deaths else (low, middle)
    return (low + high) / 2


def _alone(chance: Floats, covariates: Floats) -> Floats:
    """For each person, by number of events (0 or 1): probability, total and squared total of the covariates."""
    rows, terms = covariates.shape
    table = np.zeros((rows, 2, 1 + terms + terms * terms))
    table[:, 0, 0] = 1 - chance
    table[:, 1, 0] = chance
    table[:, 1, 1 : 1 + terms] = chance[:, None] * covariates
    table[:, 1, 1 + terms :] = np.einsum("i,ij,ik->ijk", chance, covariates, covariates).reshape(rows, -1)
    return table


def _joined(table: Floats, deaths: int, terms: int) -> Floats:
    """Join groups two by two until one is left; numbers of events above `deaths` are dropped."""
    while table.shape[0] > 1:
        odd = table[-1:] if table.shape[0] % 2 else table[:0]
        pairs = _pairs(table[0 : table.shape[0] // 2 * 2 : 2], table[1::2], deaths, terms)
        if odd.shape[0]:
            padded = np.zeros((1, *pairs.shape[1:]))
            padded[:, : odd.shape[1]] = odd
            pairs = np.concatenate([pairs, padded])
        table = pairs
    return table[0]


def _pairs(left: Floats, right: Floats, deaths: int, terms: int) -> Floats:
    groups, width, columns = left.shape
    first, second = slice(1, 1 + terms), slice(1 + terms, None)
    joined = np.zeros((groups, min(2 * width - 1, deaths + 1), columns))
    for count in range(min(width, joined.shape[1])):
        reach = min(width, joined.shape[1] - count)
        a, b, out = left[:, count, None], right[:, :reach], joined[:, count : count + reach]
        out += a[..., :1] * b
        out[..., first] += a[..., first] * b[..., :1]
        cross = a[..., first, None] * b[..., None, first]
        cross = (cross + cross.swapaxes(-1, -2)).reshape(groups, reach, -1)
        out[..., second] += a[..., second] * b[..., :1] + cross
    return joined
