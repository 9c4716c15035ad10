"""A fitted Cox model: hazard ratios, tests, predictions, residuals and checks of its assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from inferon.statistics.regression.concordance import Concordance, Weighting, risk_concordance
from inferon.statistics.regression.cox_likelihood import CoxFit, RiskMeans, risk_means
from inferon.statistics.regression.cox_predictions import (
    BaselineHazard,
    PredictedSurvival,
    baseline_hazards,
    predicted_survival,
)
from inferon.statistics.regression.cox_residuals import (
    RESIDUALS,
    Residual,
    deviance_residuals,
    martingale_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from inferon.statistics.regression.cox_robust import robust_variance
from inferon.statistics.regression.cox_rows import CoxRows
from inferon.statistics.regression.schoenfeld import (
    ProportionalHazardsTest,
    Transform,
    function_of_time,
    proportional_hazards_test,
)
from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence
from inferon.statistics.shared.covariate_matrix import new_patients
from inferon.statistics.shared.score_test import chi_square_p_value


class ChiSquareTest(NamedTuple):
    """A chi-square statistic, its degrees of freedom and p-value."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class CoxModel:
    """Hazard ratios of a proportional-hazards model.

    terms            names of the covariates, in the order of the arrays
    coefficients     log hazard ratios per unit of the covariate, shape (terms,)
    n, n_events      rows and events
    log_likelihood   at β = 0 and at the estimate
    ties             efron, breslow or exact
    variance_form    model (inverse information), robust or robust_cluster
    conf_level       of the limits
    diagnosis        a sentence for each covariate whose coefficient runs away (monotone likelihood)
    """

    terms: tuple[str, ...]
    coefficients: Floats
    n: int
    n_events: int
    log_likelihood: tuple[float, float]
    ties: str
    variance_form: str
    conf_level: float
    diagnosis: tuple[str, ...]
    fit: CoxFit
    rows: CoxRows

    method: ClassVar[str] = "Cox proportional hazards"
    citation: ClassVar[str] = "Cox, J R Stat Soc B 1972;34:187-220"

    @property
    def model_variance(self) -> Floats:
        """Inverse information, shape (terms, terms)."""
        return self.fit.variance

    @cached_property
    def variance(self) -> Floats:
        """Variance of the coefficients in the form `variance_form`, shape (terms, terms)."""
        if self.variance_form == "model":
            return self.model_variance
        return robust_variance(self.residuals("dfbeta"), self.rows.records.cluster)

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the coefficients, from `variance`."""
        return np.sqrt(np.diag(self.variance))

    @property
    def hazard_ratio(self) -> Floats:
        """exp(coefficients)."""
        with np.errstate(over="ignore"):
            return np.exp(self.coefficients)

    @property
    def limits(self) -> tuple[Floats, Floats]:
        """Lower and upper Wald limits of the hazard ratios."""
        margin = ndtri(0.5 + self.conf_level / 2) * self.standard_error
        with np.errstate(over="ignore"):
            return np.exp(self.coefficients - margin), np.exp(self.coefficients + margin)

    @property
    def likelihood_ratio_test(self) -> ChiSquareTest:
        """Twice the gain in log likelihood over β = 0; rows must be independent and weights whole numbers."""
        return self._tested(2 * (self.log_likelihood[1] - self.log_likelihood[0]))

    @property
    def wald_test(self) -> ChiSquareTest:
        """β' V⁻¹ β, with V in the form `variance_form`."""
        return self._tested(
            float(self.coefficients @ np.linalg.pinv(self.variance, hermitian=True) @ self.coefficients)
        )

    @property
    def score_test(self) -> ChiSquareTest:
        """Rao's test at β = 0; with groups as covariates, the log-rank test up to the variance of ties."""
        return self._tested(self.fit.score_test)

    @cached_property
    def linear_predictor(self) -> Floats:
        """Log hazard of each row relative to a patient at the covariates' means, shape (rows,)."""
        return self.rows.linear(self.coefficients)

    def residuals(self, kind: Residual = "martingale") -> Floats:
        """Residuals: martingale, deviance (rows,); score, dfbeta (rows, terms); schoenfeld, scaled_schoenfeld (events, terms).

        See `cox_residuals` for their definitions. ValueError for another kind.
        """
        if kind not in RESIDUALS:
            raise ValueError(f"kind must be one of {', '.join(RESIDUALS)}, found {kind!r}")
        sets, event, weight, covariates = self.fit.sets, self.rows.event, self._weight, self.rows.covariates
        if kind in ("martingale", "deviance"):
            martingale = martingale_residuals(sets, self._means, event, weight)
            return martingale if kind == "martingale" else deviance_residuals(martingale, event)
        if kind in ("score", "dfbeta"):
            score = score_residuals(sets, covariates, self._means, weight)
            return score if kind == "score" else weight[:, None] * score @ self.model_variance
        schoenfeld = schoenfeld_residuals(sets, covariates, self._means)
        if kind == "schoenfeld":
            return schoenfeld
        return self.n_events * schoenfeld @ self.model_variance + self.coefficients

    def baseline(self, stratum: Any = None) -> BaselineHazard:
        """Cumulative hazard of a stratum for a patient at the covariates' means; at zero: `predict` with zeros."""
        return self._baselines[self.rows.stratum_codes(stratum, 1)[0]]

    def predict(
        self, newdata: Any, *, times: ArrayLike | None = None, stratum: Any = None,
        conf_type: ConfidenceType = "log-log", conf_level: float | None = None,
    ) -> PredictedSurvival:  # fmt: skip
        """How likely is a patient with these covariates to be still free of the event?

        newdata   one row a patient: frame, mapping, list of mappings, or array in the order of the terms
        times     by default all event times
        stratum   label of the stratum of the patients (one for all, or one each); needed in a stratified model

        Limits on the scale `conf_type`. ValueError for a missing term or an unknown stratum.
        """
        level = self.conf_level if conf_level is None else conf_level
        check_confidence(conf_type, level)
        values = new_patients(newdata, terms=self.terms)
        grid = np.unique(self.fit.sets.time) if times is None else times_asked(times)
        codes = self.rows.stratum_codes(stratum, values.shape[0])
        return predicted_survival(
            self._baselines, codes, tuple(self.rows.stratum.labels[code] for code in codes), values - self.rows.centre,
            coefficients=self.coefficients, variance=self.variance, times=grid, conf_type=conf_type, conf_level=level,
            n=self.n, n_events=self.n_events, variance_form=self.variance_form,
        )  # fmt: skip

    def proportional_hazards(self, transform: Transform = "km") -> ProportionalHazardsTest:
        """Does a hazard ratio change with time? Score tests against x · g(t), g by `transform`; not for exact ties."""
        if self.ties == "exact":
            raise ValueError("the test of proportional hazards is not defined for ties = exact: use efron or breslow")
        sets, records = self.fit.sets, self.rows.records
        of_time = function_of_time(
            transform, start=records.start, stop=records.time, event=self.rows.event, died=sets.died
        )
        return proportional_hazards_test(
            sets, self.rows.covariates, self._means, weight=self._weight, terms=self.terms, of_time=of_time,
            transform=transform,
        )  # fmt: skip

    def concordance(self, weighting: Weighting = "n") -> Concordance:
        """How well does the linear predictor order the events? See `concordance` for the weightings."""
        records = self.rows.records
        return risk_concordance(
            self.linear_predictor, records.time, self.rows.event, start=records.start, weight=self._weight,
            stratum=self.rows.stratum.codes, cluster=records.cluster, weighting=weighting,
        )  # fmt: skip

    def to_frame(self) -> pl.DataFrame:
        """One row a term: term, coefficient, standard_error, hazard_ratio, lower, upper, z, p_value."""
        z = self.coefficients / self.standard_error
        lower, upper = self.limits
        columns = {
            "coefficient": self.coefficients, "standard_error": self.standard_error,
            "hazard_ratio": self.hazard_ratio, "lower": lower, "upper": upper, "z": z, "p_value": 2 * ndtr(-np.abs(z)),
        }  # fmt: skip
        return pl.DataFrame({"term": list(self.terms), **columns})

    def plot(self) -> Any:
        """A forest plot of the hazard ratios (an Altair chart). ValueError without covariates."""
        from inferon.statistics.shared.picture import forest_chart

        if not self.terms:
            raise ValueError("a model without covariates has no hazard ratio to draw; draw `predict` instead")
        about = f"{self._counts()}; ties: {self.ties}; variance: {self.variance_form}"
        quantity = f"hazard ratio ({100 * self.conf_level:g}% limits)"
        return forest_chart(
            self.to_frame(), title=self.method, subtitle=about, quantity=quantity, estimate="hazard_ratio", no_effect=1
        )

    def __repr__(self) -> str:
        rows = [
            f"  {r['term']:>20} {r['hazard_ratio']:>9.4g} {r['lower']:>9.4g} {r['upper']:>9.4g} {r['p_value']:>9.3g}"
            for r in self.to_frame().iter_rows(named=True)
        ]
        head = f"{self.method}: {self._counts()}; ties: {self.ties}; variance: {self.variance_form}"
        titles = f"  {'term':>20} {'ratio':>9} {'lower':>9} {'upper':>9} {'p':>9}   ({100 * self.conf_level:g}% limits)"
        if not self.terms:
            return f"{head}\n  no covariate: the baseline alone\n  {self.citation}"
        by_model = self.variance_form == "model"
        name, test = (
            ("likelihood ratio", self.likelihood_ratio_test) if by_model else ("robust Wald test", self.wald_test)
        )
        foot = f"  {name}: chi-square = {test.statistic:.4f}, df = {test.df}, p = {test.p_value:.4g}"
        return "\n".join([head, titles, *rows, foot, *(f"  {s}" for s in self.diagnosis), f"  {self.citation}"])

    def _counts(self) -> str:
        cluster = self.rows.records.cluster
        rows = f"n = {self.n}" if cluster is None else f"n = {self.n} rows in {np.unique(cluster).size} clusters"
        strata = len(self.rows.stratum.labels)
        return f"{rows}, events = {self.n_events}" + (f", strata = {strata}" if strata > 1 else "")

    @property
    def _weight(self) -> Floats:
        return self.rows.records.weight()

    @cached_property
    def _means(self) -> RiskMeans:
        return risk_means(self.fit.sets, self.rows.covariates, self.linear_predictor, self._weight)

    @cached_property
    def _baselines(self) -> list[BaselineHazard]:
        weight = self.fit.sets.mean_weight(self._weight)
        return baseline_hazards(self.fit.sets, self._means, mean_weight=weight, strata=len(self.rows.stratum.labels))

    def _tested(self, statistic: float) -> ChiSquareTest:
        return ChiSquareTest(statistic, len(self.terms), chi_square_p_value(statistic, len(self.terms)))
