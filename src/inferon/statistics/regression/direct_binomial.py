"""How do covariates change the probability of one cause by a fixed time, without a model for any hazard?

The event status at the horizon t is known for patients with an event before t or follow-up beyond it; what censoring took
away is made up for by the inverse of the probability G of being uncensored:

    Σ_i x_i ( 1{X_i <= t, cause 1} / G(X_i-) - g⁻¹(x_i b) ) = 0,        g: logit (odds ratios), log (risk ratios), …

The variance is that of the influence function, with the term for the estimated G. Two conventions for ties:

events_first  events leave before censorings of the same time. With one censoring group an arm, fitted probabilities of the
              arms are then exactly their Aalen–Johansen estimates
mets          patients with an event are still at risk of censoring at its time, and G is taken at X_i itself; equal to
              mets::binreg 1.3.2

Sources: Scheike, Zhang & Gerds, Biometrika 2008;95:205-220; Blanche, Holt & Scheike, Lifetime Data Anal 2023;29:441-482.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr, ndtri

from inferon.statistics.regression.cox_robust import summed_by
from inferon.statistics.regression.fine_gray_columns import CompetingRows, codes_of, competing_rows
from inferon.statistics.regression.fine_gray_risk_sets import summed_at
from inferon.statistics.shared.censoring_distribution import Observation, observation_weight
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.confidence import check_confidence
from inferon.statistics.shared.covariate_matrix import covariate_matrix, new_patients

BinomialLink = Literal["logit", "log", "identity", "cloglog"]
BinomialConvention = Literal["events_first", "mets"]
INTERCEPT = "(Intercept)"
STEPS = 100

INVERSE: dict[str, Callable[[Floats], Floats]] = {
    "logit": expit,
    "log": np.exp,
    "identity": lambda eta: eta,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
}
SLOPE: dict[str, Callable[[Floats], Floats]] = {
    "logit": lambda eta: expit(eta) * expit(-eta),
    "log": np.exp,
    "identity": np.ones_like,
    "cloglog": lambda eta: np.exp(eta - np.exp(eta)),
}


@dataclass(frozen=True, eq=False, repr=False)
class DirectBinomial:
    """Regression of the probability of `cause` by `horizon`.

    terms, coefficients  the intercept first, on the scale of `link`; `covariance` of the coefficients
    n, n_events          patients, and events of the cause by the horizon
    n_unknown            patients censored before the horizon, whose status there is not known
    """

    cause: Hashable
    horizon: float
    link: str
    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    n: int
    n_events: int
    n_unknown: int
    convention: str
    clustered: bool
    conf_level: float

    method: ClassVar[str] = "Direct binomial regression (inverse probability of censoring weights)"
    variance_form: ClassVar[str] = "influence function with the censoring term"
    citation: ClassVar[str] = "Scheike, Zhang & Gerds, Biometrika 2008;95:205-220"

    def __post_init__(self) -> None:
        self.coefficients.setflags(write=False)
        self.covariance.setflags(write=False)

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    def predict(self, newdata: Any) -> Floats:
        """Probability of the cause by the horizon for each row of `newdata`, shape (rows,)."""
        rows = new_patients(newdata, terms=self.terms[1:]) if len(self.terms) > 1 else np.zeros((1, 0))
        return INVERSE[self.link](self.coefficients[0] + rows @ self.coefficients[1:])

    def to_frame(self) -> pl.DataFrame:
        """One row a term: term, coefficient, standard_error, lower, upper (Wald limits), p_value."""
        margin = float(ndtri(0.5 + self.conf_level / 2)) * self.standard_error
        columns = {
            "coefficient": self.coefficients,
            "standard_error": self.standard_error,
            "lower": self.coefficients - margin,
            "upper": self.coefficients + margin,
            "p_value": 2 * ndtr(-np.abs(self.coefficients / self.standard_error)),
        }
        return pl.DataFrame({"term": list(self.terms), **columns}, nan_to_null=True)

    def plot(self) -> Any:
        """A forest plot of the coefficients of the covariates (an Altair chart)."""
        from inferon.statistics.shared.picture import forest_chart

        about = f"{self.cause} by {self.horizon:g}: n = {self.n}, events = {self.n_events}; weights: {self.convention}"
        quantity = f"coefficient, link {self.link} ({100 * self.conf_level:g}% limits)"
        return forest_chart(
            self.to_frame().slice(1),
            title=self.method,
            subtitle=about,
            quantity=quantity,
            estimate="coefficient",
            no_effect=0,
        )

    def __repr__(self) -> str:
        width = max(len(term) for term in self.terms)
        rows = [
            f"  {row['term']:>{width}} {row['coefficient']:>9.4f} ({row['standard_error']:.4f}) "
            f"{row['lower']:>9.4f} {row['upper']:>9.4f}  p = {row['p_value']:.4g}"
            for row in self.to_frame().iter_rows(named=True)
        ]
        head = f"{self.method} of {self.cause} by {self.horizon:g}, link {self.link}"
        counts = f"  n = {self.n}, events = {self.n_events}, unknown at the horizon = {self.n_unknown}"
        how = f"  weights: {self.convention}; variance: {self.variance_form}; {100 * self.conf_level:g}% limits"
        titles = f"  {'term':>{width}} {'estimate':>9} {'(se)':<8} {'lower':>9} {'upper':>9}"
        return "\n".join([head, counts, how, titles, *rows, f"  {self.citation}"])


def direct_binomial(
    time: ArrayLike,
    cause: Any,
    *,
    covariates: Any,
    cause_of_interest: Hashable,
    horizon: float,
    link: BinomialLink = "logit",
    weights: ArrayLike | None = None,
    cluster: Any = None,
    censoring_group: Any = None,
    convention: BinomialConvention = "events_first",
    conf_level: float = 0.95,
) -> DirectBinomial:
    """Regress the probability of `cause_of_interest` by `horizon` on covariates (an intercept is added).

    time, cause      as in `fine_gray`; covariates: frame, mapping or array with one row a patient
    horizon          the time by which the probability is meant, > 0
    link             logit, log, identity or cloglog
    weights          what a patient counts, above 0; cluster: patients that may depend on each other
    censoring_group  groups with a censoring distribution of their own
    convention       events_first or mets (see the module)

    ValueError for bad columns, a horizon before the first event of the cause or beyond the follow-up, covariates that repeat
    each other, and where the equations have no solution (a linear or logarithmic link that leaves the range).
    """
    check_confidence("plain", conf_level)
    for name, given, known in (("link", link, BinomialLink), ("convention", convention, BinomialConvention)):
        if given not in get_args(known):
            raise ValueError(f"{name} must be one of {', '.join(get_args(known))}, found {given!r}")
    rows = competing_rows(time, cause, cause_of_interest=cause_of_interest, weights=weights, cluster=cluster)
    observed = rows.observed
    happened = rows.interest & (observed.follow_up <= horizon)
    _check_horizon(horizon, observed, happened)
    table = covariate_matrix(covariates, patients=rows.rows)
    design = np.column_stack([np.ones(rows.rows), table.values])
    group = codes_of(censoring_group, "censoring_group", rows.rows)
    response = _weighted_response(observed, happened, group, convention)
    coefficients = _solve(design, response, observed.weights, link, (INTERCEPT, *table.terms))
    covariance = _covariance(
        design, response, coefficients, link, rows, group, horizon, first=convention == "events_first"
    )
    unknown = observed.censored & (observed.follow_up < horizon)
    return DirectBinomial(
        cause_of_interest, float(horizon), link, (INTERCEPT, *table.terms), coefficients, covariance, rows.rows,
        int(happened.sum()), int(unknown.sum()), convention, rows.cluster is not None, conf_level,
    )  # fmt: skip


def _check_horizon(horizon: float, observed: Observation, happened: np.ndarray) -> None:
    if not np.isfinite(horizon) or not happened.any():
        raise ValueError(f"nobody had the cause of interest by the horizon {horizon}")
    if horizon > observed.follow_up.max():
        raise ValueError(f"the horizon {horizon:g} lies beyond the longest follow-up {observed.follow_up.max():g}")


def _weighted_response(observed: Observation, happened: np.ndarray, group: Integers, convention: str) -> Floats:
    """1 / G for patients with the event by the horizon, else 0."""
    response = np.zeros(group.size)
    for code in range(int(group.max()) + 1):
        of_group = group == code
        first = convention == "events_first"
        curve = observation_weight(observed.of(of_group), tied_events="left" if first else "at_risk")
        chosen = happened & of_group
        exits = observed.follow_up[chosen]
        uncensored = curve.before(exits) if first else curve.at(exits)
        if not uncensored.all():
            raise ValueError("an event ties with the last censoring, so G is 0 there: use convention = events_first")
        response[chosen] = 1 / uncensored
    return response


def _solve(design: Floats, response: Floats, weights: Floats, link: str, terms: tuple[str, ...]) -> Floats:
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = _start(float(np.average(response, weights=weights)), link)
    residual = np.inf
    for _ in range(STEPS):
        eta = design @ coefficients
        with np.errstate(over="ignore", invalid="ignore"):
            score = design.T @ (weights * (response - INVERSE[link](eta)))
            slope = (design * (weights * SLOPE[link](eta))[:, None]).T @ design
        residual = float(np.abs(score).max())
        if not np.isfinite(residual) or np.linalg.cond(slope) > 1e14:
            break
        step = np.linalg.solve(slope, score)
        coefficients = coefficients + step / max(1.0, float(np.abs(design @ step).max()) / 5)
        if np.abs(design @ step).max() < 1e-12:
            return coefficients
    raise ValueError(
        f"the equations for {', '.join(terms)} have no solution (largest residual {residual:.3g}): covariates repeat each "
        "other, separate the events, or the link leaves the range of probabilities"
    )


def _start(share: float, link: str) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return float(
        {
            "logit": np.log(share / (1 - share)),
            "log": np.log(share),
            "identity": share,
            "cloglog": np.log(-np.log1p(-share)),
        }[link]
    )


def _covariance(
    design: Floats,
    response: Floats,
    coefficients: Floats,
    link: str,
    rows: CompetingRows,
    group: Integers,
    horizon: float,
    *,
    first: bool,
) -> Floats:
    weights, eta = rows.observed.weights, design @ coefficients
    influence = design * (weights * (response - INVERSE[link](eta)))[:, None]
    for code in range(int(group.max()) + 1):
        of_group = group == code
        part = design[of_group] * response[of_group][:, None]
        influence[of_group] += _censoring_part(rows.observed.of(of_group), part, horizon, events_first=first)
    if rows.cluster is not None:
        influence = summed_by(influence, rows.cluster)
    slope = (design * (weights * SLOPE[link](eta))[:, None]).T @ design
    shift = influence @ np.linalg.inv(slope)
    return shift.T @ shift


def _censoring_part(observed: Observation, part: Floats, horizon: float, *, events_first: bool) -> Floats:
    """∫ h / Y dM of each patient, h(s) = Σ weight · part over patients whose weight rests on G at s."""
    follow_up, weights = observed.follow_up, observed.weights
    censored = observed.censored & (follow_up <= horizon)
    times, position = np.unique(follow_up[censored], return_inverse=True)
    order = np.argsort(follow_up, kind="stable")
    ahead = np.cumsum((part * weights[:, None])[order][::-1], axis=0)[::-1]
    ahead = np.concatenate([ahead, np.zeros((1, part.shape[1]))])
    still = ahead[np.searchsorted(follow_up[order], times, side="right" if events_first else "left")]
    at_risk = observed.at_risk(times)
    until = np.searchsorted(times, follow_up, side="right")
    if events_first:
        tied = np.searchsorted(times, follow_up[observed.event])
        until[observed.event] = tied
        exact = tied < times.size
        exact[exact] = times[tied[exact]] == follow_up[observed.event][exact]
        at_risk = at_risk - summed_at(tied[exact], weights[observed.event][exact], times.size)
    effect = still / at_risk[:, None]
    lost = summed_at(position, weights[censored], times.size) / at_risk
    risen = np.concatenate([np.zeros((1, part.shape[1])), np.cumsum(effect * lost[:, None], axis=0)])
    found = -risen[until]
    found[censored] += effect[position]
    return found * weights[:, None]
