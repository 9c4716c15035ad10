"""How fast do events happen in each period, and by which factor do covariates change the rate?

    rate in period k = exp(α_k + x β)          periods (0, c₁], (c₁, c₂], …, (c_last, ∞)

Events and time at risk are summed over periods and patterns of covariates; the likelihood is that of Poisson counts with
the logarithm of the time at risk as offset, so the fit is Newton's method on one row a cell. The parameters are those of
R: the log rate of the first period, the differences of the later ones from it, and β.

Source: Friedman, Ann Stat 1982;10:101-113. Equal to survSplit() and glm(events ~ factor(period) + x, poisson,
offset = log(exposure)); the deviance is that of the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import xlogy

from inferon.statistics.parametric.fitted_parameters import FittedParameters
from inferon.statistics.parametric.location_scale import check_information
from inferon.statistics.shared.columns import Floats, event_indicator, times_asked
from inferon.statistics.shared.covariate_matrix import covariate_matrix, new_patients
from inferon.statistics.shared.records import checked_records

ROUNDS = 60


@dataclass(frozen=True, eq=False, repr=False)
class PiecewiseExponential(FittedParameters):
    """Log rates and coefficients.

    cuts        where one period ends and the next begins
    cells       one row a pattern of covariates and period with time at risk: pattern, period (from 1), the covariates,
                events, exposure; patterns in ascending order of the last covariate, then the one before …
    deviance    twice the log-likelihood lost against a rate of its own in each cell
    """

    cuts: Floats
    covariates: tuple[str, ...]
    cells: pl.DataFrame
    deviance: float

    method: ClassVar[str] = "Piecewise exponential model"
    citation: ClassVar[str] = "Friedman, Ann Stat 1982;10:101-113"

    def rates(self) -> pl.DataFrame:
        """Events per unit of time in each period, covariates 0: period, begins, ends, rate, lower, upper."""
        size = self.cuts.size + 1
        contrast = np.eye(size, len(self.terms))
        contrast[:, 0] = 1.0
        log_rate = contrast @ self.coefficients
        error = np.sqrt(np.einsum("ij,jk,ik->i", contrast, self.covariance, contrast))
        return pl.DataFrame(
            {
                "period": np.arange(1, size + 1),
                "begins": np.append(0.0, self.cuts),
                "ends": np.append(self.cuts, np.inf),
                "rate": np.exp(log_rate),
                "lower": np.exp(log_rate - self.z * error),
                "upper": np.exp(log_rate + self.z * error),
            }
        )

    @property
    def rate_ratio(self) -> Floats:
        """exp(coefficient) of each covariate."""
        return np.exp(self.coefficients[self.cuts.size + 1 :])

    def survival(self, times: ArrayLike, newdata: Any = None) -> Floats:
        """Which fraction is free of the event at each of `times`? Shape (rows of newdata, times); covariates 0 without."""
        grid = times_asked(times)
        spent = _time_in_periods(np.zeros(grid.size), grid, self.cuts)
        base = spent @ self.rates()["rate"].to_numpy()
        if newdata is None:
            return np.exp(-base)[None]
        rows = new_patients(newdata, terms=self.covariates)
        return np.exp(-np.exp(rows @ self.coefficients[self.cuts.size + 1 :])[:, None] * base)

    def describe(self) -> str:
        """Periods, deviance and variance in words."""
        cuts = ", ".join(f"{cut:g}" for cut in self.cuts)
        return f"periods cut at {cuts or 'no time'}; deviance {self.deviance:.4f}; variance: {self.variance_form}"

    def _covariate_terms(self) -> tuple[str, ...]:
        return self.covariates


def piecewise_exponential(
    time: ArrayLike,
    event: ArrayLike,
    *,
    cuts: ArrayLike,
    covariates: Any = None,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> PiecewiseExponential:
    """Fit constant rates between `cuts` to follow-up with events.

    cuts        ascending times > 0; an event at a cut belongs to the period before it
    covariates  a frame, a mapping from names to columns or an array; None fits the rates alone
    start       delayed entry
    weights     patients a row stands for

    ValueError for bad columns, or a period with follow-up but no event (its rate has no maximum; choose other cuts).
    """
    records = checked_records(time, start=start, weights=weights)
    happened = event_indicator(event, patients=records.n)
    bounds = np.atleast_1d(np.asarray(cuts, dtype=np.float64))
    if not (np.isfinite(bounds).all() and (bounds > 0).all() and (np.diff(bounds) > 0).all()):
        raise ValueError(f"cuts must be finite, above 0 and ascending, found {bounds.tolist()}")
    matrix = None if covariates is None else covariate_matrix(covariates, patients=records.n)
    values = np.zeros((records.n, 0)) if matrix is None else matrix.values
    entry = np.zeros(records.n) if records.start is None else records.start
    patterns, member = _patterns(values)
    events, exposure = _cells(records.weight(), happened, entry, records.time, bounds, member, len(patterns))
    _check_periods(events, exposure)
    pattern, period = (axis.ravel() for axis in np.indices(events.shape))
    used = exposure.ravel() > 0
    design = np.zeros((int(used.sum()), bounds.size + 1))
    design[np.arange(design.shape[0]), period[used]] = 1.0
    design[:, 0] = 1.0
    d, r = events.ravel()[used], exposure.ravel()[used]
    full = np.hstack([design, patterns[pattern[used]]])
    beta, information, rounds = _fit(full, d, r, np.append(np.log(d.sum() / r.sum()), np.zeros(full.shape[1] - 1)))
    null, _, _ = _fit(design, d, r, beta[: design.shape[1]])
    terms = () if matrix is None else matrix.terms
    labels = {name: patterns[pattern[used], number] for number, name in enumerate(terms)}
    cells = pl.DataFrame(
        {"pattern": pattern[used] + 1, "period": period[used] + 1, **labels, "events": d, "exposure": r}
    )
    names = ("(Intercept)", *(f"period {number}" for number in range(2, bounds.size + 2)), *terms)
    return PiecewiseExponential(
        names, beta, np.linalg.inv(information), _log_likelihood(full, d, r, beta),
        _log_likelihood(design, d, r, null), records.n, int(happened.sum()), "model (observed information)",
        conf_level, rounds, bounds.copy(), terms, cells, _deviance(full, d, r, beta),
    )  # fmt: skip


def _patterns(values: Floats) -> tuple[Floats, np.ndarray]:
    """Distinct rows of covariates, the last column varying slowest, and the number of each patient's."""
    if not values.shape[1]:
        return np.zeros((1, 0)), np.zeros(values.shape[0], dtype=np.int64)
    distinct, member = np.unique(values[:, ::-1], axis=0, return_inverse=True)
    return distinct[:, ::-1], member.ravel()


def _time_in_periods(entry: Floats, end: Floats, cuts: Floats) -> Floats:
    """Follow-up of each row within each period, shape (rows, periods)."""
    begins, ends = np.append(0.0, cuts), np.append(cuts, np.inf)
    return np.maximum(np.minimum(end[:, None], ends) - np.maximum(entry[:, None], begins), 0.0)


def _cells(
    weights: Floats, happened: np.ndarray, entry: Floats, end: Floats, cuts: Floats, member: np.ndarray, patterns: int
) -> tuple[Floats, Floats]:
    """Events and time at risk, shape (patterns, periods)."""
    events, exposure = np.zeros((2, patterns, cuts.size + 1))
    period = np.searchsorted(cuts, end, side="left")
    np.add.at(events, (member[happened], period[happened]), weights[happened])
    np.add.at(exposure, member, weights[:, None] * _time_in_periods(entry, end, cuts))
    return events, exposure


def _check_periods(events: Floats, exposure: Floats) -> None:
    empty = (exposure.sum(axis=0) <= 0) | (events.sum(axis=0) <= 0)
    if empty.any():
        raise ValueError(
            f"period {int(np.argmax(empty)) + 1} has no event, so its rate cannot be estimated: cut elsewhere"
        )


def _fit(design: Floats, events: Floats, exposure: Floats, start: Floats) -> tuple[Floats, Floats, int]:
    beta, value = start.copy(), _log_likelihood(design, events, exposure, start)
    for rounds in range(1, ROUNDS + 1):
        expected = exposure * np.exp(design @ beta)
        information = design.T @ (expected[:, None] * design)
        check_information(information)
        step = np.linalg.solve(information, design.T @ (events - expected))
        if float(step @ information @ step) < 1e-18 * (1 + abs(value)):
            return beta + step, information, rounds
        while (tried := _log_likelihood(design, events, exposure, beta + step)) < value - 1e-9 and np.abs(
            step
        ).max() > 1e-9:
            step = step / 2
        beta, value = beta + step, tried
    raise ValueError(
        f"the fit did not settle in {ROUNDS} steps: a covariate may separate those with events from the rest"
    )


def _log_likelihood(design: Floats, events: Floats, exposure: Floats, beta: Floats) -> float:
    """Of the event times: Σ d log rate - rate · exposure."""
    linear = design @ beta
    with np.errstate(over="ignore"):
        value = float(events @ linear - exposure @ np.exp(linear))
    return value if np.isfinite(value) else -np.inf


def _deviance(design: Floats, events: Floats, exposure: Floats, beta: Floats) -> float:
    expected = exposure * np.exp(design @ beta)
    return float(2 * (xlogy(events, events / expected) - (events - expected)).sum())
