"""Cox's partial likelihood: its maximum, score and information for weighted, stratified start/stop rows.

    log L(β) = Σ_events w η - Σ_t Σ_j w̄(t) log(R(t) - share_j D(t)),      η = xβ,

R(t) = Σ w exp(η) over the risk set, D(t) the same over the d events at t, w̄ their mean weight, share_j = (j - 1)/d for
Efron's approximation to ties and 0 for Breslow's. `exact` is the discrete (conditional logistic) likelihood; see
`cox_exact`. The information needs no sum of squares a risk set: with the cumulative hazard H_i a row gathers,

    I(β) = Σ_i w_i exp(η_i) H_i x_i x_i' - Σ_events w̄ x̄ x̄',

so a Newton step costs a few cumulative sums. Covariates are centred within strata and scaled before the iterations.

Sources: Cox, J R Stat Soc B 1972;34:187-220; Efron, J Am Stat Assoc 1977;72:557-565; Breslow, Biometrics 1974;30:89-99.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from inferon.statistics.regression.cox_exact import exact_derivatives
from inferon.statistics.regression.cox_risk_sets import RiskSets, risk_sets
from inferon.statistics.shared.columns import Floats, Integers

Ties = Literal["efron", "breslow", "exact"]
TIES: tuple[str, ...] = get_args(Ties)
STEPS = 60
DECREMENT = 1e-12
STILL_MOVING = 1e-2
ALIASED = 1e-11


class Derivatives(NamedTuple):
    """Log partial likelihood, its gradient, shape (terms,), and minus its second derivative, shape (terms, terms)."""

    log_likelihood: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class CoxFit:
    """The maximum of the partial likelihood.

    coefficients     shape (terms,)
    variance         inverse information, shape (terms, terms)
    log_likelihood   at β = 0 (or at the offset alone) and at the maximum
    score_test       Rao's statistic at β = 0
    iterations       Newton steps taken
    unbounded        terms whose coefficient runs away to ± infinity (monotone likelihood), as positions
    sets             who is at risk when
    """

    coefficients: Floats
    variance: Floats
    log_likelihood: tuple[float, float]
    score_test: float
    iterations: int
    unbounded: tuple[int, ...]
    sets: RiskSets


def fit_cox(
    start: Floats | None,
    stop: Floats,
    event: NDArray[np.bool_],
    covariates: Floats,
    *,
    weights: Floats | None = None,
    strata: Integers | None = None,
    ties: str = "efron",
    offset: Floats | None = None,
    names: tuple[str, ...] = (),
) -> CoxFit:
    """Maximise the partial likelihood of checked columns, one row an episode (start, stop].

    start        entry of each row, or None; start < stop
    stop         end of each row
    event        whether the row ends with the event
    covariates   shape (rows, terms); terms may be 0
    weights      of each row, > 0; strata: codes from 0; offset: added to xβ, coefficient fixed at 1
    ties         efron, breslow or exact
    names        of the terms, for the sentences of errors

    ValueError when nobody has the event, when a covariate is constant or a combination of others in every risk set, or
    when no maximum is found. A coefficient that runs away is not an error: it is listed in `unbounded`.
    """
    if ties not in TIES:
        raise ValueError(f"ties must be one of {', '.join(TIES)}, found {ties!r}")
    if not event.any():
        raise ValueError("event holds no event: a Cox model needs at least one")
    if ties == "exact" and weights is not None and (weights != 1).any():
        raise ValueError("the exact likelihood takes no weights: use ties = efron or breslow")
    sets = risk_sets(start, stop, event, stratum=strata, efron=ties == "efron")
    weight = np.ones(stop.size) if weights is None else weights
    fixed = np.zeros(stop.size) if offset is None else offset
    ordered, order = sets.sorted_rows()
    scaled, scale = _standardised(covariates[order], None if strata is None else strata[order])
    weight, fixed = weight[order], fixed[order]
    form = exact_derivatives if ties == "exact" else derivatives

    def at(beta: Floats) -> Derivatives:
        return Derivatives(*form(ordered, scaled, fixed + scaled @ beta, weight))

    null = at(np.zeros(scale.size))
    _refuse_aliased(null.information, names)
    beta, best, moving, steps = _newton(at, null, names)
    variance = linalg.inv(best.information) if scale.size else np.zeros((0, 0))
    return CoxFit(
        beta / scale, variance / np.outer(scale, scale), (null.log_likelihood, best.log_likelihood),
        float(null.score @ _solved(null.information, null.score)), steps, moving, sets,
    )  # fmt: skip


def derivatives(sets: RiskSets, covariates: Floats, linear: Floats, weight: Floats) -> Derivatives:
    """Efron's or Breslow's log partial likelihood and its derivatives at the linear predictor `linear`."""
    means = risk_means(sets, covariates, linear, weight)
    died, mean_weight = sets.died, sets.mean_weight(weight)
    value = weight[died] @ linear[died] - mean_weight @ np.log(means.at_risk) - means.shift * weight[died].sum()
    score = weight[died] @ covariates[died] - mean_weight @ means.mean
    gathered = gathered_hazard(sets, means.hazard)
    information = (covariates * (means.risk * gathered)[:, None]).T @ covariates
    return Derivatives(float(value), score, information - (means.mean * mean_weight[:, None]).T @ means.mean)


class RiskMeans(NamedTuple):
    """Risk-set quantities of every event (each of the tied ones apart).

    risk     weight · exp(linear - shift) of every row
    at_risk  R - share D of each event, on the shifted scale
    mean     mean covariates of its risk set, shape (events, terms)
    hazard   its increment of the cumulative hazard, on the shifted scale: divide by exp(shift) for the hazard at xβ = 0
    shift    subtracted from the linear predictor against overflow
    """

    risk: Floats
    at_risk: Floats
    mean: Floats
    hazard: Floats
    shift: float


def risk_means(sets: RiskSets, covariates: Floats, linear: Floats, weight: Floats) -> RiskMeans:
    """Weighted means of the covariates over the risk set of each event."""
    shift = float(linear.max())
    table = np.empty((covariates.shape[0], 1 + covariates.shape[1]))
    risk = table[:, 0] = weight * np.exp(linear - shift)
    np.multiply(covariates, risk[:, None], out=table[:, 1:])
    total = sets.sums(table)[sets.died_at]
    if sets.share.any():
        total -= sets.share[:, None] * sets.by_time(table[sets.died])[sets.died_at]
    at_risk = total[:, 0]
    return RiskMeans(risk, at_risk, total[:, 1:] / at_risk[:, None], sets.mean_weight(weight) / at_risk, shift)


def gathered_hazard(sets: RiskSets, hazard: Floats) -> Floats:
    """Cumulative hazard each row meets, shape (rows, …); tied events carry the hazard of their own time in part."""
    gathered = sets.accumulated(sets.by_time(hazard))
    if sets.share.any():
        share = sets.share if hazard.ndim == 1 else sets.share[:, None]
        gathered[sets.died] -= sets.by_time(share * hazard)[sets.died_at]
    return gathered


def _newton(
    at: Callable[[Floats], Derivatives], null: Derivatives, names: tuple[str, ...]
) -> tuple[Floats, Derivatives, tuple[int, ...], int]:
    """Newton's steps, halved where the likelihood falls; the last value says which terms were still on their way."""
    beta, current, step = np.zeros(null.score.size), null, np.zeros(0)
    for taken in range(1, STEPS + 1):
        step = _solved(current.information, current.score)
        gain = float(current.score @ step)
        if not np.isfinite(step).all() or gain <= 0:
            break
        new = _uphill(at, beta, step, current)
        if new is None:
            break
        beta, current = new
        if gain <= DECREMENT * (1 + abs(current.log_likelihood)):
            return beta, current, _still_moving(step), taken
    moving = _still_moving(step)
    if current.score.size and not moving and np.abs(current.score).max() > 1e-3:
        worst = int(np.argmax(np.abs(current.score)))
        raise ValueError(f"no maximum of the likelihood was found: covariate {_name(names, worst)} did not settle")
    return beta, current, moving, STEPS


def _uphill(
    at: Callable[[Floats], Derivatives], beta: Floats, step: Floats, current: Derivatives
) -> tuple[Floats, Derivatives] | None:
    allowed = 1e-10 * (1 + abs(current.log_likelihood))
    for halvings in range(40):
        tried = beta + step / 2**halvings
        found = at(tried)
        if np.isfinite(found.log_likelihood) and found.log_likelihood >= current.log_likelihood - allowed:
            return tried, found
    return None


def _still_moving(step: Floats) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(np.abs(step) > STILL_MOVING))


def _solved(information: Floats, score: Floats) -> Floats:
    if not score.size:
        return score
    try:
        return linalg.cho_solve(linalg.cho_factor(information), score)
    except linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(information, score, rcond=None)[0])


def _standardised(covariates: Floats, strata: Integers | None) -> tuple[Floats, Floats]:
    """Covariates less their stratum's mean, over their spread; the partial likelihood is the same."""
    codes = np.zeros(covariates.shape[0], dtype=np.int64) if strata is None else strata
    rows = np.bincount(codes)
    centred = np.empty(covariates.shape)
    for column in range(covariates.shape[1]):
        values = covariates[:, column]
        centred[:, column] = values - (np.bincount(codes, values) / np.maximum(rows, 1))[codes]
    scale = np.sqrt((centred**2).mean(axis=0))
    scale[scale <= 1e-12 * np.abs(covariates).max(axis=0, initial=0)] = 1.0
    return centred / scale, scale


def _refuse_aliased(information: Floats, names: tuple[str, ...]) -> None:
    """ValueError naming the first covariate that says nothing beyond those before it."""
    left = information.copy()
    for term in range(left.shape[0]):
        if left[term, term] <= ALIASED * max(information[term, term], ALIASED):
            alone = information[term, term] <= ALIASED
            how = "is constant" if alone else "is a combination of the covariates before it"
            raise ValueError(f"covariate {_name(names, term)} {how} in every risk set: it has no hazard ratio")
        left[term:, term:] -= np.outer(left[term:, term], left[term, term:]) / left[term, term]


def _name(names: tuple[str, ...], position: int) -> str:
    return repr(names[position]) if names else str(position + 1)
