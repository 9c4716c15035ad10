"""Survival of a patient with given covariates under a fitted Cox model, with its standard error.

    Λ(t | x) = exp(xβ) Σ_{u <= t} dΛ0(u),      S = exp(-Λ),
    var Λ(t | x) = exp(2 xβ) (Σ_{u <= t} w̄ / R(u)² + q' V q),      q(t) = Σ_{u <= t} (x - x̄(u)) dΛ0(u),

with Efron's or Breslow's hazard as in the likelihood (Breslow's for the exact one) and V the variance that the model
reports. The standard error of S is S times that of Λ. Sources: Tsiatis, Ann Stat 1981;9:93-108; Therneau & Grambsch,
Modeling Survival Data, 2000, chapter 10. Equal to summary(survfit(coxph(…), newdata)) of R.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from inferon.statistics.regression.cox_likelihood import RiskMeans
from inferon.statistics.regression.cox_risk_sets import RiskSets
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.confidence import confidence_limits

SHOWN = 12
"""Rows of predictions that are printed."""


@dataclass(frozen=True, eq=False, repr=False)
class BaselineHazard:
    """Sums over the event times of one stratum, for a patient at the covariates' means.

    time     event times, shape (times,)
    hazard   cumulative hazard just after each of them
    squares  Σ w̄ / R², the variance of the hazard were β known
    mean     Σ x̄ dΛ, covariates less their overall means, shape (times, terms)
    """

    time: Floats
    hazard: Floats
    squares: Floats
    mean: Floats

    def at(self, times: Floats) -> "BaselineHazard":
        """The same sums up to each of `times`."""
        place = np.searchsorted(self.time, times, side="right")
        grown = (np.concatenate([np.zeros((1, *x.shape[1:])), x]) for x in (self.hazard, self.squares, self.mean))
        return BaselineHazard(times, *(sums[place] for sums in grown))

    def to_frame(self) -> pl.DataFrame:
        """One row an event time: time, cumulative_hazard."""
        return pl.DataFrame({"time": self.time, "cumulative_hazard": self.hazard})

    def __repr__(self) -> str:
        reached = f"{self.hazard[-1]:.4f} by {self.time[-1]:g}" if self.time.size else "no event"
        return f"Baseline cumulative hazard at the covariates' means, {self.time.size} event times: {reached}"


@dataclass(frozen=True, eq=False, repr=False)
class PredictedSurvival:
    """Predicted event-free probability, arrays of shape (patients, times).

    time              shape (times,)
    stratum           stratum of each patient (None without strata)
    survival          exp(-cumulative_hazard), with standard_error and the limits lower, upper on the scale `conf_type`
    cumulative_hazard with cumulative_hazard_error
    n, n_events       rows and events of the model; `variance_form` that of its coefficients
    """

    time: Floats
    stratum: tuple[Any, ...]
    survival: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    cumulative_hazard: Floats
    cumulative_hazard_error: Floats
    conf_type: str
    conf_level: float
    n: int
    n_events: int
    variance_form: str

    method: ClassVar[str] = "Survival predicted by a Cox model"
    citation: ClassVar[str] = "Tsiatis, Ann Stat 1981;9:93-108"

    def to_frame(self) -> pl.DataFrame:
        """One row a patient (numbered from 1) and time: survival and cumulative hazard with errors and limits."""
        patients, times = self.survival.shape
        names = ("survival", "standard_error", "lower", "upper", "cumulative_hazard", "cumulative_hazard_error")
        columns = {name: getattr(self, name).ravel() for name in names}
        first = {"patient": np.repeat(np.arange(1, patients + 1), times), "time": np.tile(self.time, patients)}
        frame = pl.DataFrame({**first, **columns}, nan_to_null=True)
        if all(label is None for label in self.stratum):
            return frame
        return frame.insert_column(1, pl.Series("stratum", [label for label in self.stratum for _ in range(times)]))

    def plot(self) -> Any:
        """A dot with its limits for each patient and time, joined by lines: an Altair chart."""
        from inferon.statistics.shared.picture import joined_chart

        frame = self.to_frame().rename({"survival": "estimate"})
        about = f"from n = {self.n}, events = {self.n_events}; {100 * self.conf_level:g}% limits: {self.conf_type}"
        return joined_chart(
            frame, title=self.method, subtitle=about, quantity="event-free probability", colour="patient"
        )

    def __repr__(self) -> str:
        head = (
            f"{self.method} fitted to n = {self.n}, events = {self.n_events}; variance: {self.variance_form}; "
            f"{100 * self.conf_level:g}% limits: {self.conf_type}"
        )
        return "\n".join([head, *predicted_rows(self.to_frame(), "survival"), f"  {self.citation}"])


def predicted_rows(frame: pl.DataFrame, quantity: str) -> list[str]:
    """The first rows of a table of predictions (patient, time, `quantity`, its error and limits) as printed lines."""
    titles = f"  {'patient':>8} {'time':>8} {quantity:>9} {'se':>9} {'lower':>9} {'upper':>9}"
    names = ("patient", "time", quantity, "standard_error", "lower", "upper")
    rows = [
        f"  {patient:>8} {time:>8g} " + " ".join(f"{value:9.4f}" for value in numbers)
        for patient, time, *numbers in frame.select(names)
        .head(SHOWN)
        .with_columns(pl.col(pl.Float64).fill_null(np.nan))
        .iter_rows()
    ]
    more = frame.height - SHOWN
    return [titles, *rows, *([f"  … and {more} more, in to_frame()"] if more > 0 else [])]


def baseline_hazards(sets: RiskSets, means: RiskMeans, *, mean_weight: Floats, strata: int) -> list[BaselineHazard]:
    """The baseline of every stratum, at linear predictor 0 of the centred covariates."""
    hazard = means.hazard * np.exp(-means.shift)
    squares = hazard**2 / mean_weight
    sums = [sets.by_time(x) for x in (hazard, squares, hazard[:, None] * means.mean)]
    baselines = []
    for code in range(strata):
        here = sets.stratum == code
        baselines.append(BaselineHazard(sets.time[here], *(np.cumsum(x[here], axis=0) for x in sums)))
    return baselines


def predicted_survival(
    baselines: list[BaselineHazard], stratum: Integers, labels: tuple[Any, ...], covariates: Floats, *,
    coefficients: Floats, variance: Floats, times: Floats, conf_type: str, conf_level: float, n: int, n_events: int,
    variance_form: str,
) -> PredictedSurvival:  # fmt: skip
    """Predict for centred `covariates`, shape (patients, terms), each in the stratum of that code."""
    risk = np.exp(covariates @ coefficients)[:, None]
    shape = (covariates.shape[0], times.size)
    hazard, squares, slope = np.empty(shape), np.empty(shape), np.empty((*shape, covariates.shape[1]))
    for code in np.unique(stratum):
        here, sums = stratum == code, baselines[code].at(times)
        hazard[here], squares[here] = sums.hazard, sums.squares
        slope[here] = covariates[here][:, None, :] * sums.hazard[:, None] - sums.mean
    spread = squares + np.einsum("ptj,jk,ptk->pt", slope, variance, slope)
    error = risk * np.sqrt(np.maximum(spread, 0.0))
    survival = np.exp(-risk * hazard)
    lower, upper = confidence_limits(survival, survival * error, conf_type=conf_type, conf_level=conf_level)
    return PredictedSurvival(
        times,
        labels,
        survival,
        survival * error,
        lower,
        upper,
        risk * hazard,
        error,
        conf_type,
        conf_level,
        n,
        n_events,
        variance_form,
    )
