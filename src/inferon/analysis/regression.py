"""Hazard ratios of groups and covariates: Cox for every cause, and Fine–Gray where causes compete."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.linalg import LinAlgWarning

from inferon.analysis.comparison import events_of
from inferon.analysis.covariates import Term
from inferon.analysis.estimation import free_of
from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.statistics.regression.cox import MonotoneLikelihoodWarning, cox
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.regression.fine_gray import fine_gray
from inferon.statistics.regression.fine_gray_result import FineGray
from inferon.statistics.regression.schoenfeld import ProportionalHazardsTest

SHOWN = ("hazard_ratio", "lower", "upper", "p_value", "coefficient", "standard_error")


@dataclass(frozen=True, eq=False)
class Regressions:
    """The tables of the regressions that could be fitted, and sentences on what could not, or should not be used."""

    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()


def terms_of(patients: Patients, request: Request) -> tuple[Term, ...]:
    """The columns of the regressions: each group against the reference, then the covariates."""
    groups = tuple(
        Term(
            label if request.reached else f"{request.group} = {label}", "group",
            (patients.group == label).astype(float), label, patients.groups[0],
        )
        for label in patients.groups[1:]
    )  # fmt: skip
    return (*groups, *(patients.covariates.terms if patients.covariates else ()))


def regressions(patients: Patients, request: Request) -> Regressions:
    """Fit every model these data allow."""
    terms = terms_of(patients, request)
    if not terms:
        return Regressions()
    complete = np.ones(patients.time.size, dtype=bool) if patients.covariates is None else patients.covariates.complete
    fits = _Fits(patients, request, terms, complete)
    for cause in request.causes:
        fits.cox(cause, patients.cause == cause)
    if request.competing:
        fits.cox(free_of(request, capital=False), patients.event)
        for cause in request.causes:
            fits.fine_gray(cause)
    return fits.told()


class _Fits:
    """The models fitted so far, as rows of tables."""

    def __init__(self, patients: Patients, request: Request, terms: tuple[Term, ...], rows: np.ndarray) -> None:
        self.patients, self.request, self.terms, self.rows = patients, request, terms, rows
        self.columns = {term.name: term.values[rows] for term in terms}
        self.ratios: list[pl.DataFrame] = []
        self.proportional: list[pl.DataFrame] = []
        self.subdistribution: list[pl.DataFrame] = []
        self.warnings: list[str] = []
        self.convention = ""

    def cox(self, of: str, event: np.ndarray) -> None:
        """A Cox model of one cause, all others censored; or of any event."""
        weights = self._part(self.patients.weights)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MonotoneLikelihoodWarning)
                warnings.simplefilter("error", LinAlgWarning)
                model = cox(
                    self.patients.time[self.rows], event[self.rows], covariates=self.columns,
                    start=self._part(self.patients.start), strata=self._part(self.patients.strata), weights=weights,
                    robust=weights is not None, conf_level=self.request.conf_level,
                )  # fmt: skip
                tested = None if model.diagnosis else model.proportional_hazards("km").to_frame()
        except LinAlgWarning:
            self.warnings.append(f"The Cox model of {of} is not fitted: a term has no events to be judged by.")
            return
        except ValueError as error:
            self.warnings.append(f"The Cox model of {of} is not fitted: {error}.")
            return
        self.warnings += [f"Cox model of {of}: {sentence}." for sentence in model.diagnosis]
        table = self._table(of, model.to_frame(), model.n, model.n_events)
        runs_away = pl.int_range(pl.len()).is_in(list(model.fit.unbounded))
        self.ratios.append(table.with_columns(pl.when(~runs_away).then(pl.col(*SHOWN))))
        if tested is not None:
            self.proportional.append(tested.select(pl.lit(of).alias("of"), pl.all()))

    def fine_gray(self, cause: str) -> None:
        """A Fine–Gray model of one cause."""
        patients, late = self.patients, self.patients.entered_late
        expanded = late or patients.strata is not None or patients.weights is not None
        rows: dict[str, Any] = {"strata": self._part(patients.strata), "weights": self._part(patients.weights)}
        try:
            model = fine_gray(
                (patients.time if late else patients.since_entry)[self.rows], patients.cause[self.rows],
                covariates=self.columns, cause_of_interest=cause, start=self._part(patients.start) if late else None,
                convention="finegray" if expanded else "crr", conf_level=self.request.conf_level, **rows,
            )  # fmt: skip
        except ValueError as error:
            self.warnings.append(f"The Fine–Gray model of {cause} is not fitted: {error}.")
            return
        self.warnings += [f"Fine–Gray model of {cause}: {model.caution}."] if model.caution else []
        self.subdistribution.append(self._table(cause, model.to_frame(), model.n, model.n_events))
        self.convention = f"convention {model.convention}, ties {model.ties}, variance {model.variance_form}"

    def told(self) -> Regressions:
        """The tables."""
        robust = "robust" if self.patients.weights is not None else "model-based"
        specific = "Cause-specific Cox model" if self.request.competing else CoxModel.method
        strata = f", strata {', '.join(self.request.strata)}" if self.request.strata else ""
        level = f"{100 * self.request.conf_level:g}% Wald intervals"
        findings = [
            self._finding(
                "hazard_ratios", "Hazard ratios", self.ratios, specific,
                f"Efron's ties, {robust} variance{strata}, {level}", CoxModel.citation,
            ),
            self._finding(
                "proportional_hazards", "Are the hazards proportional?", self.proportional,
                ProportionalHazardsTest.method, "time as 1 - Kaplan–Meier", ProportionalHazardsTest.citation,
            ),
            self._finding(
                "subdistribution_hazard_ratios", "Subdistribution hazard ratios", self.subdistribution,
                FineGray.method, f"{self.convention}{strata}, {level}", FineGray.citation,
            ),
        ]  # fmt: skip
        return Regressions(tuple(finding for finding in findings if finding), tuple(self.warnings))

    def _finding(
        self, name: str, title: str, frames: list[pl.DataFrame], method: str, convention: str, source: str
    ) -> Finding | None:
        if not frames:
            return None
        events = events_of(self.patients, self.request, self.rows)
        return Finding(name, title, pl.concat(frames), method, convention, int(self.rows.sum()), events, source)

    def _table(self, of: str, fitted: pl.DataFrame, n: int, n_events: int) -> pl.DataFrame:
        head = {
            "of": of, "term": [term.name for term in self.terms],
            "against": pl.Series([term.reference for term in self.terms], dtype=pl.String),
        }  # fmt: skip
        counts = {"n": [n] * len(self.terms), "events": [n_events] * len(self.terms)}
        return pl.DataFrame({**head, **{name: fitted[name] for name in SHOWN}, **counts}).fill_nan(None)

    def _part(self, column: Any) -> Any:
        return None if column is None else column[self.rows]
