"""Estimated parameters of a likelihood model, with standard errors and limits: what every parametric fit prints."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False, repr=False)
class FittedParameters:
    """Maximum-likelihood estimates.

    terms               names of the parameters
    coefficients        estimates, shape (terms,)
    covariance          of the estimates, in the form `variance_form`
    log_likelihood      at the estimates; `log_likelihood_null` without covariates
    n, n_events         patients, and those whose event was seen
    conf_level          of the limits (Wald)
    """

    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    n: int
    n_events: int
    variance_form: str
    conf_level: float
    iterations: int

    method: ClassVar[str]
    citation: ClassVar[str]

    def __post_init__(self) -> None:
        if not 0 < self.conf_level < 1:
            raise ValueError(f"conf_level must lie between 0 and 1, found {self.conf_level}")
        self.coefficients.setflags(write=False)
        self.covariance.setflags(write=False)

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the estimates."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def lower(self) -> Floats:
        """Lower limits of the estimates."""
        return self.coefficients - self.z * self.standard_error

    @property
    def upper(self) -> Floats:
        """Upper limits of the estimates."""
        return self.coefficients + self.z * self.standard_error

    @property
    def p_value(self) -> Floats:
        """Two-sided Wald p values of "the parameter is 0"."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return 2 * ndtr(-np.abs(self.coefficients / self.standard_error))

    @property
    def likelihood_ratio(self) -> float:
        """Twice the gain in log-likelihood over the model without covariates."""
        return 2 * (self.log_likelihood - self.log_likelihood_null)

    @property
    def z(self) -> float:
        """The normal quantile of the limits."""
        return float(ndtri(0.5 + self.conf_level / 2))

    def to_frame(self) -> pl.DataFrame:
        """One row a parameter: term, coefficient, standard_error, lower, upper, p_value."""
        names = ("standard_error", "lower", "upper", "p_value")
        columns = {"term": list(self.terms), "coefficient": self.coefficients}
        return pl.DataFrame({**columns, **{name: getattr(self, name) for name in names}}, nan_to_null=True)

    def plot(self) -> Any:
        """A forest plot of the covariates' coefficients (an Altair chart). ValueError without covariates."""
        from inferon.statistics.shared.picture import forest_chart

        drawn = self.to_frame().filter(pl.col("term").is_in(self._covariate_terms()))
        if drawn.is_empty():
            raise ValueError("a model without covariates has no effect to draw")
        about = f"n = {self.n}, events = {self.n_events}; {self.describe()}"
        quantity = f"coefficient ({100 * self.conf_level:g}% limits)"
        return forest_chart(
            drawn, title=self.method, subtitle=about, quantity=quantity, estimate="coefficient", no_effect=0
        )

    def describe(self) -> str:
        """What was fitted, in words: distribution, convention."""
        return self.variance_form

    def _covariate_terms(self) -> tuple[str, ...]:
        return self.terms

    def __repr__(self) -> str:
        width = max(11, *(len(term) for term in self.terms))
        head = f"{self.method}: n = {self.n}, events = {self.n_events}"
        fit = (
            f"  {self.describe()}; log-likelihood {self.log_likelihood:.4f}, without covariates "
            f"{self.log_likelihood_null:.4f}"
        )
        titles = f"  {'term':>{width}} {'estimate':>11} {'se':>9} {'lower':>10} {'upper':>10} {'p':>8}"
        rows = [f"{titles}   ({100 * self.conf_level:g}% limits)"]
        for term, *numbers in self.to_frame().fill_null(float("nan")).iter_rows():
            estimate, error, lower, upper, p = numbers
            rows.append(f"  {term:>{width}} {estimate:11.5g} {error:9.4g} {lower:10.4g} {upper:10.4g} {p:8.3g}")
        return "\n".join([head, fit, *rows, f"  {self.citation}"])
