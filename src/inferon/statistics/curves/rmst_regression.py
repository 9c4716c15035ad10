"""What does a covariate do to the mean time free of the event before τ, or to the mean time lost?

The restricted time min(T, τ), or the time lost τ - min(T, τ), is regressed on covariates. Patients censored before τ
count 0, the others 1 / G(t), with G the Kaplan–Meier estimate of staying uncensored, by `censoring_groups`:

    Σ_i x_i δ_i / G(t_i) · (m_i - μ(x_i'β)) = 0,      μ(η) = η (link identity) or exp(η) (link log)

The variance is the sandwich that counts the estimation of G. G is taken just after a time, and patients with the event
at a time are at risk of being censored at it: ties of events and censorings follow survRM2, and differ there from the
left-continuous weights of other programs.

Source: Tian, Zhao & Wei, Biostatistics 2014;15:222-233. Equal to the models inside survRM2::rmst2 with covariates:
difference (identity), ratio (log) and ratio of time lost (log, lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr

from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.rmst import known_until
from inferon.statistics.shared.columns import Floats, event_indicator, follow_up_times, group_codes
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.covariate_matrix import covariate_matrix
from inferon.statistics.shared.risk_table import distinct_times

Link = Literal["identity", "log"]
LINKS: tuple[str, ...] = get_args(Link)
STEPS = 50
"""Newton steps after which a fit with the log link is given up."""
SETTLED = 1e-12
"""A fit has settled when no patient's linear predictor moves further than this."""


@dataclass(frozen=True, eq=False, repr=False)
class RestrictedMeanRegression:
    """A regression of restricted mean time (or time lost) on covariates.

    terms         "intercept", then the covariates
    coefficients  on the scale of `link`; `standard_error`, z, two-sided p_value, lower and upper, shape (terms,)
    variance      covariance of the coefficients, shape (terms, terms)
    n, n_events   patients, and those not censored before tau
    """

    tau: float
    terms: tuple[str, ...]
    coefficients: Floats
    variance: Floats
    link: str
    lost: bool
    n: int
    n_events: int
    conf_level: float

    method: ClassVar[str] = "Regression of restricted mean time"
    variance_form: ClassVar[str] = "sandwich, censoring weights counted as estimated"
    citation: ClassVar[str] = "Tian, Zhao & Wei, Biostatistics 2014;15:222-233"

    def __post_init__(self) -> None:
        for name in ("coefficients", "variance"):
            getattr(self, name).setflags(write=False)

    @property
    def standard_error(self) -> Floats:
        """Of each coefficient."""
        return np.sqrt(np.diag(self.variance))

    @property
    def z(self) -> Floats:
        """Coefficient over standard error."""
        return self.coefficients / self.standard_error

    @property
    def p_value(self) -> Floats:
        """Two-sided."""
        return 2 * ndtr(-np.abs(self.z))

    def to_frame(self) -> pl.DataFrame:
        """One row a term: term, coefficient, standard_error, z, p_value, lower, upper (exponentiate with link log)."""
        margin = normal_quantile(self.conf_level) * self.standard_error
        numbers = {"coefficient": self.coefficients, "standard_error": self.standard_error, "z": self.z}
        limits = {"lower": self.coefficients - margin, "upper": self.coefficients + margin}
        return pl.DataFrame({"term": list(self.terms), **numbers, "p_value": self.p_value, **limits})

    def plot(self) -> Any:
        """A forest plot of the coefficients of the covariates (an Altair chart)."""
        from inferon.statistics.shared.picture import forest_chart

        about = f"n = {self.n}, not censored before {self.tau:g}: {self.n_events}; variance: {self.variance_form}"
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
        what = "time lost" if self.lost else "time free of the event"
        head = f"{self.method} ({what} by {self.tau:g}, link {self.link}): n = {self.n}, uncensored = {self.n_events}"
        rows = [
            f"  {term:>16} {value:>10.4f} {error:>9.4f} {z:>8.3f} {p:>9.4g}"
            for term, value, error, z, p in zip(
                self.terms, self.coefficients, self.standard_error, self.z, self.p_value, strict=True
            )
        ]
        titles = f"  {'term':>16} {'estimate':>10} {'se':>9} {'z':>8} {'p':>9}   variance: {self.variance_form}"
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def restricted_mean_regression(
    time: ArrayLike,
    event: ArrayLike,
    *,
    tau: float,
    covariates: Any,
    link: Link = "identity",
    lost: bool = False,
    censoring_groups: Any = None,
    conf_level: float = 0.95,
) -> RestrictedMeanRegression:
    """Regress restricted mean time before `tau` on covariates.

    time, event       follow-up >= 0 and 0/1, shape (patients,)
    tau               the horizon, above 0 and not beyond what is known of any censoring group
    covariates        frame, mapping or array of shape (patients, terms), without an intercept
    link              identity: differences of means; log: ratios
    lost              regress the time lost instead of the time free of the event
    censoring_groups  label of the group within which censoring is estimated (the arm, in a trial), or None for all alike

    ValueError for bad columns, a tau beyond follow-up, covariates that are not independent, or a fit that does not
    settle.
    """
    check_confidence("plain", conf_level)
    if link not in LINKS:
        raise ValueError(f"link must be one of {', '.join(LINKS)}, found {link!r}")
    if not (np.isfinite(tau) and tau > 0):
        raise ValueError(f"tau must be a finite number above 0, found {tau}")
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    matrix = covariate_matrix(covariates, patients=follow_up.size)
    own = np.zeros(follow_up.size) if censoring_groups is None else censoring_groups
    groups = group_codes(own, patients=follow_up.size, name="censoring_groups")
    reached = np.minimum(follow_up, tau)
    known = happened | (follow_up >= tau)
    design = np.column_stack([np.ones(follow_up.size), matrix.values])
    weight = np.empty(follow_up.size)
    for code, label in enumerate(groups.labels):
        rows = groups.codes == code
        _refuse_unknown(follow_up[rows], happened[rows], tau, label)
        weight[rows] = _censoring_weights(reached[rows], known[rows])
    outcome = tau - reached if lost else reached
    beta = _fit(design, outcome, weight, link)
    mean = design @ beta if link == "identity" else np.exp(design @ beta)
    score = design * (weight * (outcome - mean))[:, None]
    for code in range(len(groups.labels)):
        rows = groups.codes == code
        score[rows] += _censoring_part(reached[rows], known[rows], score[rows])
    slope = np.ones(follow_up.size) if link == "identity" else mean
    inverse = np.linalg.inv((design * slope[:, None]).T @ design)
    return RestrictedMeanRegression(
        float(tau), ("intercept", *matrix.terms), beta, inverse @ (score.T @ score) @ inverse, link, lost,
        follow_up.size, int(known.sum()), conf_level,
    )  # fmt: skip


def _refuse_unknown(follow_up: Floats, happened: np.ndarray, tau: float, label: Any) -> None:
    if tau > known_until(kaplan_meier(follow_up, happened)):
        group = "" if label == 0 else f" of group {label!r}"
        raise ValueError(f"tau = {tau:g} lies beyond the last follow-up{group} ({follow_up.max():g})")


def _censoring_weights(reached: Floats, known: np.ndarray) -> Floats:
    """1 / G just after each known time, 0 for those censored before tau; G the Kaplan–Meier curve of censoring."""
    curve = kaplan_meier(reached, ~known)
    staying = curve.estimate[np.searchsorted(curve.time, reached)]
    return np.where(known, 1 / np.where(staying > 0, staying, 1.0), 0.0)


def _censoring_part(reached: Floats, known: np.ndarray, score: Floats) -> Floats:
    """What estimating G adds to each patient's score: ∫ (mean score of those still there) d(censoring martingale)."""
    distinct, position = distinct_times(reached)
    counts = np.bincount(position, minlength=distinct.size)
    at_risk = counts[::-1].cumsum()[::-1]
    censored = np.bincount(position[~known], minlength=distinct.size)
    ending = np.column_stack([np.bincount(position, column, minlength=distinct.size) for column in score.T])
    still_there = ending[::-1].cumsum(axis=0)[::-1] / at_risk[:, None]
    compensated = np.cumsum(still_there * (censored / at_risk)[:, None], axis=0)
    return still_there[position] * (~known)[:, None] - compensated[position]


def _fit(design: Floats, outcome: Floats, weight: Floats, link: str) -> Floats:
    if np.linalg.matrix_rank(design * np.sqrt(weight)[:, None]) < design.shape[1]:
        raise ValueError("the covariates are not independent of each other and of the intercept")
    if link == "identity":
        return _least_squares(design, outcome, weight)
    try:
        return _log_linear(design, outcome, weight)
    except np.linalg.LinAlgError:
        raise ValueError(
            "the regression with link log does not settle: a group of patients may have no time left (or lost) at all"
        ) from None


def _log_linear(design: Floats, outcome: Floats, weight: Floats) -> Floats:
    """Newton's method for the equations with the log link; LinAlgError where it does not settle."""
    mean = np.maximum(outcome, 0.1 * max(float(outcome.max()), SETTLED))
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        updated = _least_squares(design, np.log(mean) + (outcome - mean) / mean, weight * mean)
        if np.abs(design @ (updated - beta)).max() < SETTLED:
            return updated
        beta, mean = updated, np.exp(np.clip(design @ updated, -300, 300))
    raise np.linalg.LinAlgError


def _least_squares(design: Floats, outcome: Floats, weight: Floats) -> Floats:
    return np.linalg.solve((design * weight[:, None]).T @ design, (design * weight[:, None]).T @ outcome)
