"""Do patients of one centre share a risk that no covariate explains, and how much does that risk vary?

    λ_ij(t) = Z_j λ0(t) exp(x_ij β),      Z_j gamma distributed with mean 1 and variance θ

For each θ the penalised partial likelihood log L(β, ω) + ν Σ_j (ω_j - exp ω_j), ν = 1/θ and ω = log Z, is maximised by
Newton's method; θ maximises the likelihood with the frailties integrated out,

    log L(β, ω) + Σ_j (ν ω_j + ν log(ν / (ν + d_j)) + log Γ(ν + d_j) / Γ(ν) - d_j log(ν + d_j) + d_j),

d_j the events of centre j. It equals the Cox partial likelihood at θ = 0. Memory grows as rows · centres.
Sources: Klein, Biometrics 1992;48:795-806; Therneau, Grambsch & Pankratz, J Comput Graph Stat 2003;12:156-175. Equal to
coxph(… + frailty(group, distribution = "gamma")) of R's survival, whose search for θ stops at about 1e-4 of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, ndtr

from inferon.statistics.regression.cox_likelihood import Ties, derivatives
from inferon.statistics.regression.cox_risk_sets import RiskSets, risk_sets
from inferon.statistics.shared.columns import Floats, event_indicator, group_codes
from inferon.statistics.shared.confidence import check_confidence, normal_quantile
from inferon.statistics.shared.covariate_matrix import covariate_matrix
from inferon.statistics.shared.records import checked_records
from inferon.statistics.shared.tied_times import merge_rounded

LOG_THETA = (np.log(1e-6), np.log(100.0))
STEPS = 100


@dataclass(frozen=True, eq=False, repr=False)
class GammaFrailty:
    """A Cox model with a gamma frailty shared within groups.

    terms, coefficients  log hazard ratios given the frailty, shape (terms,)
    variance             their covariance given θ, shape (terms, terms)
    frailty_variance     θ; 0 where the likelihood falls as soon as θ rises
    groups, frailties    estimated Z of each group
    log_likelihood       with frailties integrated out, at θ = 0 and at the estimate
    """

    terms: tuple[str, ...]
    coefficients: Floats
    variance: Floats
    frailty_variance: float
    groups: tuple[Any, ...]
    frailties: Floats
    log_likelihood: tuple[float, float]
    n: int
    n_events: int
    ties: str
    conf_level: float

    variance_form: ClassVar[str] = "model, frailty variance taken as known"
    method: ClassVar[str] = "Cox model with shared gamma frailty"
    citation: ClassVar[str] = "Therneau, Grambsch & Pankratz, J Comput Graph Stat 2003;12:156-175"

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the coefficients, θ taken as known."""
        return np.sqrt(np.diag(self.variance))

    def to_frame(self) -> pl.DataFrame:
        """One row a term: term, coefficient, standard_error, hazard_ratio, lower, upper, z, p_value."""
        z = self.coefficients / self.standard_error
        margin = normal_quantile(self.conf_level) * self.standard_error
        columns = {"coefficient": self.coefficients, "standard_error": self.standard_error}
        logs = {"hazard_ratio": 0.0, "lower": -margin, "upper": margin}
        ratios = {name: np.exp(self.coefficients + shift) for name, shift in logs.items()}
        return pl.DataFrame({"term": list(self.terms), **columns, **ratios, "z": z, "p_value": 2 * ndtr(-np.abs(z))})

    def plot(self) -> Any:
        """A forest plot of the hazard ratios (an Altair chart)."""
        from inferon.statistics.shared.picture import forest_chart

        about = f"n = {self.n}, events = {self.n_events}, groups = {len(self.groups)}; ties: {self.ties}"
        quantity = f"hazard ratio ({100 * self.conf_level:g}% limits)"
        return forest_chart(
            self.to_frame(), title=self.method, subtitle=about, quantity=quantity, estimate="hazard_ratio", no_effect=1
        )

    def __repr__(self) -> str:
        rows = [
            f"  {r['term']:>20} {r['hazard_ratio']:>9.4g} {r['lower']:>9.4g} {r['upper']:>9.4g} {r['p_value']:>9.3g}"
            for r in self.to_frame().iter_rows(named=True)
        ]
        head = f"{self.method}: n = {self.n}, events = {self.n_events}, groups = {len(self.groups)}; ties: {self.ties}"
        limits = f"({100 * self.conf_level:g}% limits; variance: {self.variance_form})"
        titles = f"  {'term':>20} {'ratio':>9} {'lower':>9} {'upper':>9} {'p':>9}   {limits}"
        foot = f"  frailty variance {self.frailty_variance:.4g}, integrated log likelihood {self.log_likelihood[1]:.4f}"
        return "\n".join([head, titles, *rows, foot, f"  {self.citation}"])


def gamma_frailty(
    time: ArrayLike,
    event: ArrayLike,
    *,
    group: Any,
    covariates: Any,
    start: ArrayLike | None = None,
    strata: Any = None,
    ties: Ties = "efron",
    conf_level: float = 0.95,
) -> GammaFrailty:
    """Fit hazard ratios and the variance of a gamma frailty shared within `group`.

    time, event, covariates, start, strata   as in `cox`
    group                                    label of the centre (family, donor) that shares the frailty
    ties                                     efron or breslow
    conf_level                               of the limits of the hazard ratios

    ValueError for bad columns, no event, a single group, or ties = exact.
    """
    check_confidence("log", conf_level)
    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties must be efron or breslow with a frailty, found {ties!r}")
    records = checked_records(time, start=start)
    happened = event_indicator(event, patients=records.n)
    if not happened.any():
        raise ValueError("event holds no event: a Cox model needs at least one")
    matrix = covariate_matrix(covariates, patients=records.n)
    shared = group_codes(group, patients=records.n)
    if len(shared.labels) < 2:
        raise ValueError(f"a shared frailty needs two groups or more, found only {list(shared.labels)}")
    stratum = None if strata is None else group_codes(strata, patients=records.n, name="strata").codes
    stop, *entry = merge_rounded(*(column for column in (records.time, records.start) if column is not None))
    sets = risk_sets(entry[0] if entry else None, stop, happened, stratum=stratum, efron=ties == "efron")
    model = _Penalised(sets, matrix.values - matrix.values.mean(axis=0), shared.codes, happened)
    none = model.fitted(0.0)
    found = minimize_scalar(
        lambda log_theta: -model.fitted(float(np.exp(log_theta))).integrated,
        bounds=LOG_THETA, method="bounded", options={"xatol": 1e-7},
    )  # fmt: skip
    theta = float(np.exp(found.x))
    best = model.fitted(theta)
    if best.integrated <= none.integrated:
        theta, best = 0.0, none
    return GammaFrailty(
        matrix.terms, best.beta, best.variance, theta, shared.labels, np.exp(best.omega),
        (none.integrated, best.integrated), records.n, int(happened.sum()), ties,
        conf_level,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Fitted:
    beta: Floats
    omega: Floats
    variance: Floats
    integrated: float


class _Penalised:
    """The penalised partial likelihood; keeps the last solution to start the next from."""

    def __init__(self, sets: RiskSets, covariates: Floats, group: np.ndarray, event: np.ndarray) -> None:
        self.sets, self.terms = sets, covariates.shape[1]
        self.columns = np.column_stack([covariates, np.eye(int(group.max()) + 1)[group]])
        self.events = np.bincount(group, event.astype(np.float64))
        self.weight = np.ones(group.size)
        self.last = np.zeros(self.columns.shape[1])

    def fitted(self, theta: float) -> _Fitted:
        """β and ω for this θ."""
        nu = 1 / theta if theta > 0 else np.inf
        free = self.columns.shape[1] if theta > 0 else self.terms
        point = self.last.copy()
        point[free:] = 0.0
        value, score, information = self._at(point, nu, free)
        for _ in range(STEPS):
            step = np.linalg.solve(information, score)
            gain = float(score @ step)
            point, value, score, information = self._uphill(point, step, value, nu, free)
            if gain <= 1e-13 * (1 + abs(value)):
                break
        else:
            raise ValueError(f"the frailty model did not settle for a frailty variance of {theta:.4g}")
        self.last = point
        variance = np.linalg.inv(information)[: self.terms, : self.terms]
        beta, omega = point[: self.terms], point[self.terms :]
        return _Fitted(beta, omega, variance, value + self._integrated(omega, nu))

    def _at(self, point: Floats, nu: float, free: int) -> tuple[float, Floats, Floats]:
        value, score, information = derivatives(self.sets, self.columns[:, :free], self.columns @ point, self.weight)
        if free > self.terms:
            omega = point[self.terms :]
            value += nu * float((omega - np.expm1(omega)).sum())
            score[self.terms :] -= nu * np.expm1(omega)
            place = np.arange(self.terms, free)
            information[place, place] += nu * np.exp(omega)
        return value, score, information

    def _uphill(
        self, point: Floats, step: Floats, value: float, nu: float, free: int
    ) -> tuple[Floats, float, Floats, Floats]:
        for halvings in range(40):
            tried = point.copy()
            tried[:free] += step / 2**halvings
            found = self._at(tried, nu, free)
            if found[0] >= value - 1e-10 * (1 + abs(value)):
                return tried, *found
        raise ValueError("the frailty model did not settle: the likelihood falls in every direction tried")

    def _integrated(self, omega: Floats, nu: float) -> float:
        """What integrating the frailties out adds to the penalised likelihood (its penalty taken as ω - exp ω + 1)."""
        if not np.isfinite(nu):
            return 0.0
        d = self.events
        penalty = nu * (omega - np.expm1(omega))
        marginal = nu * omega - nu * np.log1p(d / nu) + gammaln(nu + d) - gammaln(nu) - d * np.log(nu + d) + d
        return float((marginal - penalty).sum())
