"""Cox's model written a second time, slowly and from the formulas, for the tests to compare with."""

from itertools import combinations

import numpy as np


def log_likelihood(beta, rows, *, ties="efron") -> float:
    """The log partial likelihood of rows with start, stop, event, stratum, weight and covariates, event by event."""
    start, stop, event, stratum, weight, x = rows
    risk, total = np.exp(x @ beta), 0.0
    for s in np.unique(stratum):
        for t in np.unique(stop[event & (stratum == s)]):
            at_risk = (stratum == s) & (start < t) & (stop >= t)
            died = at_risk & event & (stop == t)
            d = died.sum()
            if ties == "exact":
                members = np.flatnonzero(at_risk)
                sets = [risk[list(chosen)].prod() for chosen in combinations(members, d)]
                total += np.log(risk[died]).sum() - np.log(np.sum(sets))
                continue
            mean = weight[died].sum() / d
            total += (weight[died] * np.log(risk[died])).sum()
            for j in range(d):
                share = j / d if ties == "efron" else 0.0
                total -= mean * np.log((weight * risk)[at_risk].sum() - share * (weight * risk)[died].sum())
    return float(total)


def gradient(function, beta, step=1e-5):
    """Central differences."""
    moves = np.eye(beta.size) * step
    return np.array([(function(beta + move) - function(beta - move)) / (2 * step) for move in moves])


def pairs(risk, rows) -> np.ndarray:
    """Weighted numbers of concordant, discordant, risk-tied, time-tied and doubly tied pairs, pair by pair."""
    start, stop, event, stratum, weight, _ = rows
    counts = np.zeros(5)
    for i in np.flatnonzero(event):
        for j in range(stop.size):
            if j == i or stratum[i] != stratum[j]:
                continue
            both = weight[i] * weight[j]
            if event[j] and stop[j] == stop[i]:
                counts[3] += both / 2
                counts[4] += both / 2 * (risk[i] == risk[j])
            elif start[j] < stop[i] and (stop[j] > stop[i] or (stop[j] == stop[i] and not event[j])):
                counts[0 if risk[i] > risk[j] else 1 if risk[i] < risk[j] else 2] += both
    return counts
