"""A fitted Fine–Gray model: hazard ratios with limits, the baseline, and cumulative incidence for given covariates."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.covariate_matrix import new_patients


@dataclass(frozen=True)
class Term:
    """One coefficient: its name, the covariate it multiplies, and the function of time, if any."""

    name: str
    column: str
    of_time: Callable[[Floats], Floats] | None


@dataclass(frozen=True, eq=False, repr=False)
class FineGray:
    """Subdistribution hazard ratios of one cause.

    cause                   the cause modelled; the others compete
    coefficients            log subdistribution hazard ratios, shape (terms,)
    covariance              of the coefficients, in the form `variance_form` (see `fine_gray`)
    log_likelihood          weighted partial likelihood at the estimate; `log_likelihood_null` at zero coefficients
    baseline_times, _jumps  jumps of the baseline subdistribution hazard (covariates 0), one array a stratum
    n, n_events             patients, and those with the event of interest; n_competing, n_censored the others
    convention, ties        crr, finegray, crprep or mets; breslow or efron
    delayed_entry           whether entry was weighted
    caution                 a sentence where the result must not be used as it stands, else None
    """

    cause: Hashable
    model_terms: tuple[Term, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    score: Floats
    baseline_strata: tuple[Any, ...]
    baseline_times: tuple[Floats, ...]
    baseline_jumps: tuple[Floats, ...]
    n: int
    n_events: int
    n_competing: int
    n_censored: int
    convention: str
    ties: str
    variance_form: str
    clustered: bool
    delayed_entry: bool
    conf_level: float
    iterations: int
    converged: bool
    caution: str | None

    method: ClassVar[str] = "Fine–Gray subdistribution hazards"
    citation: ClassVar[str] = "Fine & Gray, J Am Stat Assoc 1999;94:496-509"

    def __post_init__(self) -> None:
        if not 0 < self.conf_level < 1:
            raise ValueError(f"conf_level must lie between 0 and 1, found {self.conf_level}")
        for values in (self.coefficients, self.covariance, self.score, *self.baseline_times, *self.baseline_jumps):
            values.setflags(write=False)

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of the coefficients."""
        return tuple(term.name for term in self.model_terms)

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def hazard_ratio(self) -> Floats:
        """Subdistribution hazard ratios, exp(coefficient)."""
        return _exponential(self.coefficients)

    @property
    def lower(self) -> Floats:
        """Lower limits of the hazard ratios, at `conf_level` (Wald, on the log scale)."""
        return _exponential(self.coefficients - self._z * self.standard_error)

    @property
    def upper(self) -> Floats:
        """Upper limits of the hazard ratios."""
        return _exponential(self.coefficients + self._z * self.standard_error)

    @property
    def p_value(self) -> Floats:
        """Two-sided Wald p values."""
        return 2 * ndtr(-np.abs(self.coefficients / self.standard_error))

    @property
    def likelihood_ratio(self) -> float:
        """Twice the gain in log-likelihood (no chi-square where weights come from an estimated G; as crr prints it)."""
        return 2 * (self.log_likelihood - self.log_likelihood_null)

    def baseline(self) -> pl.DataFrame:
        """The baseline at each event time: stratum (where there are strata), time, jump, cumulative_hazard."""
        frames = [
            pl.DataFrame({"time": times, "jump": jumps, "cumulative_hazard": np.cumsum(jumps)}).select(
                *([] if self.baseline_strata == (None,) else [pl.lit(label).alias("stratum")]), pl.all()
            )
            for label, times, jumps in zip(self.baseline_strata, self.baseline_times, self.baseline_jumps, strict=True)
        ]
        return pl.concat(frames)

    def predict(self, newdata: Any, times: ArrayLike, *, stratum: Any = None) -> Floats:
        """Cumulative incidence by each of `times` for each row of `newdata`, shape (rows, times).

        1 - exp(-Σ jump e^{z b}) over event times up to t, as predict.crr; beyond the last event time the value is carried
        on. newdata: a frame, mapping, list of mappings or array with the model's covariates. ValueError where one is
        missing or, with strata, the stratum is not among them.
        """
        place = self._stratum(stratum)
        event_times, jumps = self.baseline_times[place], self.baseline_jumps[place]
        grid = times_asked(times)
        columns = tuple(dict.fromkeys(term.column for term in self.model_terms))
        rows = new_patients(newdata, terms=columns)
        position = np.searchsorted(event_times, grid, side="right")
        found = np.empty((rows.shape[0], grid.size))
        for number, row in enumerate(rows):
            risen = np.cumsum(jumps * np.exp(self._linear(dict(zip(columns, row, strict=True)), event_times)))
            found[number] = -np.expm1(-np.append(0.0, risen)[position])
        return found

    def to_frame(self) -> pl.DataFrame:
        """One row a term: term, coefficient, standard_error, hazard_ratio, lower, upper, p_value."""
        names = ("standard_error", "hazard_ratio", "lower", "upper", "p_value")
        columns = {"term": list(self.terms), "coefficient": self.coefficients}
        return pl.DataFrame({**columns, **{name: getattr(self, name) for name in names}}, nan_to_null=True)

    def plot(self) -> Any:
        """Hazard ratios with their limits on a logarithmic axis, as an Altair chart."""
        from inferon.statistics.shared.picture import forest_chart

        about = f"n = {self.n}, events = {self.n_events}; convention: {self.convention}; variance: {self.variance_form}"
        quantity = f"subdistribution hazard ratio ({100 * self.conf_level:g}% limits)"
        title = f"{self.method} of {self.cause}"
        return forest_chart(
            self.to_frame(), title=title, subtitle=about, quantity=quantity, estimate="hazard_ratio", no_effect=1
        )

    def __repr__(self) -> str:
        counts = f"n = {self.n}, events = {self.n_events}, competing = {self.n_competing}, censored = {self.n_censored}"
        strata = f", {len(self.baseline_strata)} strata" if len(self.baseline_strata) > 1 else ""
        extras = strata + ", clustered" * self.clustered + ", delayed entry weighted" * self.delayed_entry
        how = f"  convention: {self.convention}; ties: {self.ties}; variance: {self.variance_form}{extras}"
        width = max(12, *(len(term) for term in self.terms))
        titles = f"  {'term':>{width}} {'coefficient':>11} {'se':>8} {'ratio':>8} {'lower':>8} {'upper':>8} {'p':>8}"
        rows = [
            f"  {row['term']:>{width}} {row['coefficient']:>11.4f} {row['standard_error']:>8.4f} {row['hazard_ratio']:>8.3f}"
            f" {row['lower']:>8.3f} {row['upper']:>8.3f} {row['p_value']:>8.4g}"
            for row in self.to_frame().iter_rows(named=True)
        ]
        warning = [f"  {self.caution}"] if self.caution else []
        return "\n".join(
            [f"{self.method} of {self.cause}: {counts}", how, titles, *rows, *warning, f"  {self.citation}"]
        )

    @property
    def _z(self) -> float:
        return float(ndtri(0.5 + self.conf_level / 2))

    def _linear(self, row: dict[str, float], times: Floats) -> Floats:
        parts = [
            coefficient * row[term.column] * (1.0 if term.of_time is None else term.of_time(times))
            for term, coefficient in zip(self.model_terms, self.coefficients, strict=True)
        ]
        return np.sum([np.broadcast_to(part, times.shape) for part in parts], axis=0)

    def _stratum(self, stratum: Any) -> int:
        if self.baseline_strata == (None,) and stratum is None:
            return 0
        if stratum not in self.baseline_strata:
            raise ValueError(f"stratum must be one of {list(self.baseline_strata)}, found {stratum!r}")
        return self.baseline_strata.index(stratum)


def _exponential(values: Floats) -> Floats:
    """exp, infinite where a coefficient has no finite estimate."""
    with np.errstate(over="ignore"):
        return np.exp(values)
