"""Which fraction is cured, and how fast do the others have the event? A mixture of both, with covariates on each.

    S(t | x, z) = 1 - π(z) + π(z) S_u(t | x)         π = P(not cured), a logistic (or probit, log-log) model: incidence
    S_u(t | x) = S₀(t) ^ exp(x β)                     the uncured follow proportional hazards: latency

S₀ is Breslow's step function, 0 after the last event (the zero-tail constraint: whoever is still free then counts as
cured). EM algorithm: each censored patient is uncured with probability w = π S_u / (1 - π + π S_u); given the weights the
two parts are fitted on their own.

Sources: Peng & Dear, Biometrics 2000;56:237-243; Sy & Taylor, Biometrics 2000;56:227-236; Cai, Zou, Peng & Zhang, Comput
Methods Programs Biomed 2012;108:1255-1260 (R's smcure, model = "ph", whose standard errors are bootstrapped too).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtri

from inferon.statistics.parametric.mixture_cure_em import LINKS, CureData, fit_cure
from inferon.statistics.shared.columns import Floats, event_indicator, times_asked
from inferon.statistics.shared.covariate_matrix import covariate_matrix, new_patients
from inferon.statistics.shared.records import checked_records

Link = Literal["logit", "probit", "cloglog"]


@dataclass(frozen=True, eq=False, repr=False)
class MixtureCure:
    """Incidence and latency.

    incidence_terms, incidence     (Intercept) and covariates of P(not cured), on the scale of `link`
    latency_terms, latency         log hazard ratios among the uncured
    time, baseline_survival        event times, and S₀ just after each (covariates 0); 0 after the last
    uncured                        P(not cured | data) of each patient, 1 for those with the event
    bootstrap                      estimates of each resample, shape (replicates, incidence + latency terms)
    """

    incidence_terms: tuple[str, ...]
    incidence: Floats
    latency_terms: tuple[str, ...]
    latency: Floats
    time: Floats
    baseline_survival: Floats
    uncured: Floats
    link: str
    n: int
    n_events: int
    iterations: int
    conf_level: float
    bootstrap: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    method: ClassVar[str] = "Mixture cure model (proportional hazards among the uncured)"
    citation: ClassVar[str] = "Peng & Dear, Biometrics 2000;56:237-243; Sy & Taylor, Biometrics 2000;56:227-236"

    @property
    def variance_form(self) -> str:
        """How standard errors were obtained."""
        return f"bootstrap ({len(self.bootstrap)} resamples)" if len(self.bootstrap) else "none (ask for a bootstrap)"

    @property
    def standard_error(self) -> Floats:
        """Of incidence then latency coefficients; NaN without a bootstrap."""
        size = self.incidence.size + self.latency.size
        return self.bootstrap.std(axis=0, ddof=1) if len(self.bootstrap) > 1 else np.full(size, np.nan)

    def cured(self, newdata: Any = None) -> Floats:
        """Which fraction is cured? Shape (rows,); for covariates 0 where there are none to give."""
        return 1 - LINKS[self.link][0](self._rows(newdata, self.incidence_terms[1:], True) @ self.incidence)

    def survival(self, times: ArrayLike, newdata: Any = None) -> Floats:
        """Which fraction is still free of the event at each of `times`? Shape (rows, times)."""
        grid = times_asked(times)
        base = np.append(1.0, self.baseline_survival)[np.searchsorted(self.time, grid, side="right")]
        base[grid > self.time[-1]] = 0.0
        risk = np.exp(self._rows(newdata, self.latency_terms, False) @ self.latency)
        cured = self.cured(newdata)[:, None]
        return cured + (1 - cured) * base ** risk[:, None]

    def to_frame(self) -> pl.DataFrame:
        """One row a coefficient: part (incidence, latency), term, coefficient, ratio, standard_error, lower, upper."""
        value, error = np.append(self.incidence, self.latency), self.standard_error
        z = float(ndtri(0.5 + self.conf_level / 2))
        part = ["incidence"] * self.incidence.size + ["latency"] * self.latency.size
        columns = {"coefficient": value, "ratio": np.exp(value), "standard_error": error}
        limits = {"lower": value - z * error, "upper": value + z * error}
        terms = [*self.incidence_terms, *self.latency_terms]
        return pl.DataFrame({"part": part, "term": terms, **columns, **limits}, nan_to_null=True)

    def plot(self) -> Any:
        """A forest plot of exp(coefficient) of both parts (an Altair chart); with limits where there is a bootstrap."""
        from inferon.statistics.shared.picture import forest_chart

        frame = self.to_frame().filter(pl.col("term") != "(Intercept)")
        named = frame.with_columns(pl.format("{}: {}", "part", "term").alias("term"), pl.col("lower", "upper").exp())
        about = f"n = {self.n}, events = {self.n_events}; standard errors: {self.variance_form}"
        quantity = f"exp(coefficient) ({100 * self.conf_level:g}% limits)"
        return forest_chart(named, title=self.method, subtitle=about, quantity=quantity, estimate="ratio", no_effect=1)

    def __repr__(self) -> str:
        head = (
            f"{self.method}: n = {self.n}, events = {self.n_events}; link: {self.link}; standard errors: "
            f"{self.variance_form}; {self.iterations} EM steps"
        )
        rows = [
            f"  {row['part']:>10} {row['term']:>14} {row['coefficient']:10.4f} {row['ratio']:9.4f} {row['standard_error']:9.4f}"
            f" {row['lower']:9.4f} {row['upper']:9.4f}"
            for row in self.to_frame().fill_null(np.nan).iter_rows(named=True)
        ]
        titles = f"  {'':>10} {'term':>14} {'estimate':>10} {'ratio':>9} {'se':>9} {'lower':>9} {'upper':>9}"
        limits = f"   ({100 * self.conf_level:g}% limits of the estimate)" if len(self.bootstrap) else ""
        return "\n".join([head, titles + limits, *rows, f"  {self.citation}"])

    def _rows(self, newdata: Any, terms: tuple[str, ...], intercept: bool) -> Floats:
        rows = np.zeros((1, len(terms))) if newdata is None or not terms else new_patients(newdata, terms=terms)
        return np.column_stack([np.ones(rows.shape[0]), rows]) if intercept else rows


def mixture_cure(
    time: ArrayLike,
    event: ArrayLike,
    *,
    covariates: Any,
    incidence_covariates: Any = None,
    link: Link = "logit",
    bootstrap: int = 0,
    seed: int = 0,
    conf_level: float = 0.95,
) -> MixtureCure:
    """Fit a cure model to right-censored times.

    time, event            follow-up and whether it ended with the event, shape (patients,)
    covariates             of the hazard among the uncured: a frame, a mapping from names to columns or an array
    incidence_covariates   of the probability of not being cured; by default the same
    link                   logit, probit or cloglog
    bootstrap, seed        resamples of patients for the standard errors (0: none), and the seed of their generator

    ValueError for bad columns, no event, or covariates the data do not determine. A long flat tail beyond the last event
    is needed for the cured fraction to be known; without one the result is a matter of the zero-tail constraint.
    """
    if link not in LINKS:
        raise ValueError(f"link must be one of {', '.join(LINKS)}, found {link!r}")
    if not 0 < conf_level < 1 or bootstrap < 0:
        raise ValueError(f"conf_level must lie between 0 and 1 and bootstrap be >= 0, found {conf_level}, {bootstrap}")
    records = checked_records(time)
    happened = event_indicator(event, patients=records.n)
    if not happened.any():
        raise ValueError("nobody had the event: there is nothing to tell the uncured by")
    latency = covariate_matrix(covariates, patients=records.n)
    given = covariates if incidence_covariates is None else incidence_covariates
    incidence = covariate_matrix(given, patients=records.n, name="incidence_covariates")
    order = np.argsort(records.time, kind="stable")
    design = np.column_stack([np.ones(records.n), incidence.values])
    data = CureData(records.time[order], happened[order], design[order], latency.values[order])
    b, beta, survival, weights, rounds = fit_cure(data, link)
    uncured = np.empty(records.n)
    uncured[order] = weights
    event_times = np.unique(data.time[data.happened])
    baseline = survival[np.searchsorted(data.time, event_times)].copy()
    rng = np.random.default_rng(seed)
    resamples = [_resampled_estimate(data, link, rng) for _ in range(bootstrap)]
    return MixtureCure(
        ("(Intercept)", *incidence.terms), b, latency.terms, beta, event_times, baseline, uncured, link, records.n,
        int(happened.sum()), rounds, conf_level, np.array(resamples).reshape(bootstrap, b.size + beta.size),
    )  # fmt: skip


def _resampled_estimate(data: CureData, link: str, rng: np.random.Generator) -> Floats:
    b, beta, *_ = fit_cure(data.resampled(rng.integers(0, data.time.size, data.time.size)), link, tolerance=1e-7)
    return np.append(b, beta)
