"""By which factor does a covariate stretch or shorten the time to the event?

    log T = x β + σ · error            weibull, exponential, rayleigh (extreme value), lognormal (normal),
                                       loglogistic (logistic)
    T = x β + σ · error                gaussian, logistic, extreme, t

exp(β) is the time ratio of a covariate on the first kind: 2 means that every quantile of the time is doubled. The scale σ
is 1 for the exponential and 1/2 for the Rayleigh distribution, else estimated, one a stratum where `strata` is given.
A Weibull model is also one of proportional hazards: its log hazard ratio is -β / σ, its shape 1 / σ.

Source: Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 2002, chapter 3. Equal to survreg() of R's
survival, of which the log-likelihood (with the term -log t of seen events on the log scale), the order of parameters
and strata(…) are kept; delayed entry is added.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.parametric.accelerated_failure_time_model import OF_LOG_TIME, AcceleratedFailureTime
from inferon.statistics.parametric.error_distributions import EXTREME, LOGISTIC, NORMAL, student
from inferon.statistics.parametric.interval_times import IntervalTimes, interval_times
from inferon.statistics.parametric.location_scale import LocationScaleData, LocationScaleFit, fit_location_scale
from inferon.statistics.shared.columns import Coded, Floats, event_indicator, group_codes
from inferon.statistics.shared.covariate_matrix import Covariates, covariate_matrix
from inferon.statistics.shared.records import case_weights, checked_records, entry_times

Distribution = Literal[
    "weibull", "exponential", "rayleigh", "lognormal", "loglogistic", "gaussian", "logistic", "extreme", "t"
]
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)
FIXED_SCALE = {"exponential": 1.0, "rayleigh": 0.5}
LAWS = {
    "weibull": EXTREME, "exponential": EXTREME, "rayleigh": EXTREME, "lognormal": NORMAL, "loglogistic": LOGISTIC,
    "gaussian": NORMAL, "logistic": LOGISTIC, "extreme": EXTREME,
}  # fmt: skip


def accelerated_failure_time(
    time: ArrayLike,
    event: ArrayLike,
    *,
    covariates: Any = None,
    distribution: Distribution = "weibull",
    start: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    robust: bool = False,
    scale: float | None = None,
    df: float = 4.0,
    conf_level: float = 0.95,
) -> AcceleratedFailureTime:
    """Fit right-censored times.

    time, event   follow-up and whether it ended with the event, shape (patients,)
    covariates    a frame, a mapping from names to columns or an array; None fits the intercept alone
    distribution  see the module
    start         delayed entry: the patient was only seen because the event came after it
    strata        label of each patient's stratum, each with its own scale
    weights       patients a row stands for
    cluster       rows that belong together; with it, or with robust=True, the variance is the sandwich
    scale         a fixed scale instead of an estimated one
    df            degrees of freedom of the t distribution

    ValueError for bad columns, an event at time 0 where log T is modelled, or a likelihood without a maximum.
    """
    records = checked_records(time, start=start, weights=weights, cluster=cluster)
    happened = event_indicator(event, patients=records.n)
    times = IntervalTimes(records.time, np.where(happened, records.time, np.inf))
    return _fit(
        times, covariates, distribution, records.start, strata, records.weights, cluster, robust, scale, df, conf_level
    )


def interval_accelerated_failure_time(
    left: ArrayLike,
    right: ArrayLike,
    *,
    covariates: Any = None,
    distribution: Distribution = "weibull",
    start: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    robust: bool = False,
    scale: float | None = None,
    df: float = 4.0,
    conf_level: float = 0.95,
) -> AcceleratedFailureTime:
    """Fit event times known to lie in (left, right]: right missing or infinite is right censored, left 0 left censored,
    left = right seen. Everything else as in `accelerated_failure_time`; Surv(left, right, type = "interval2") in R.
    """
    times = interval_times(left, right)
    entry = None if start is None else entry_times(start, np.maximum(times.right, np.nextafter(times.left, np.inf)))
    counts = None if weights is None else case_weights(weights, patients=times.n)
    return _fit(times, covariates, distribution, entry, strata, counts, cluster, robust, scale, df, conf_level)


def _fit(
    times: IntervalTimes,
    covariates: Any,
    distribution: str,
    entry: Floats | None,
    strata: Any,
    weights: Floats | None,
    cluster: Any,
    robust: bool,
    scale: float | None,
    df: float,
    conf_level: float,
) -> AcceleratedFailureTime:
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"distribution must be one of {', '.join(DISTRIBUTIONS)}, found {distribution!r}")
    law = student(df) if distribution == "t" else LAWS[distribution]
    matrix = None if covariates is None else covariate_matrix(covariates, patients=times.n)
    groups = Coded(np.zeros(times.n, dtype=np.int64), (None,))
    if strata is not None:
        groups = group_codes(strata, patients=times.n, name="strata")
    data = _rows(times, matrix, distribution, entry, weights, groups, scale)
    fit = fit_location_scale(data, law)
    null = fit if matrix is None else fit_location_scale(_without_covariates(data), law)
    covariance, form = _covariance(fit, cluster, robust, times.n)
    jacobian = _log_time_terms(times, data.weights) if distribution in OF_LOG_TIME else 0.0
    terms = ("(Intercept)", *(matrix.terms if matrix else ()), *_scale_names(data, groups.labels))
    used = np.exp(fit.parameters[data.design.shape[1] :]) if data.free_scales else np.full(1, data.fixed_scale)
    return AcceleratedFailureTime(
        terms, fit.parameters, covariance, fit.log_likelihood - jacobian, null.log_likelihood - jacobian, times.n,
        times.n_events, form, conf_level, fit.iterations, distribution, used, groups.labels, law,
    )  # fmt: skip


def _rows(
    times: IntervalTimes,
    matrix: Covariates | None,
    distribution: str,
    entry: Floats | None,
    weights: Floats | None,
    groups: Coded,
    scale: float | None,
) -> LocationScaleData:
    logarithmic = distribution in OF_LOG_TIME
    seen_at_zero = times.exact & (times.left == 0)
    if logarithmic and seen_at_zero.any():
        at = int(np.argmax(seen_at_zero))
        raise ValueError(f"an event at time 0 has no logarithm: found one at position {at}")
    if scale is not None and not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be finite and above 0, found {scale}")
    fixed = FIXED_SCALE.get(distribution, scale)
    design = np.ones((times.n, 1))
    if matrix is not None:
        design = np.column_stack([design, matrix.values])
    with np.errstate(divide="ignore"):
        ends = [np.log(end) if logarithmic else end for end in (times.left, times.right)]
        begin = None if entry is None else np.log(np.maximum(entry, 0.0)) if logarithmic else entry
    unknown_below = (times.left == 0) & ~times.exact
    lower = np.where(unknown_below & np.isfinite(times.right), -np.inf, ends[0])
    counts = np.ones(times.n) if weights is None else weights
    return LocationScaleData(design, lower, ends[1], begin, counts, groups.codes, len(groups.labels), fixed)


def _without_covariates(data: LocationScaleData) -> LocationScaleData:
    return LocationScaleData(
        data.design[:, :1], data.lower, data.upper, data.entry, data.weights, data.stratum, data.scales,
        data.fixed_scale,
    )  # fmt: skip


def _log_time_terms(times: IntervalTimes, weights: Floats) -> float:
    return float(weights[times.exact] @ np.log(times.left[times.exact]))


def _covariance(fit: LocationScaleFit, cluster: Any, robust: bool, patients: int) -> tuple[Floats, str]:
    model = np.linalg.inv(fit.information)
    if cluster is None and not robust:
        return model, "model (observed information)"
    influence = fit.row_scores @ model
    if cluster is not None:
        codes = group_codes(cluster, patients=patients, name="cluster").codes
        sums = np.zeros((int(codes.max()) + 1, influence.shape[1]))
        np.add.at(sums, codes, influence)
        influence = sums
    return influence.T @ influence, "robust (sandwich)"


def _scale_names(data: LocationScaleData, labels: tuple[Any, ...]) -> tuple[str, ...]:
    if data.free_scales == 0:
        return ()
    return ("log(scale)",) if data.free_scales == 1 else tuple(f"log(scale) {label}" for label in labels)
