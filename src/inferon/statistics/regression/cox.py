"""Which covariates change the hazard, and by what factor?

    λ(t | x) = λ0(t) exp(xβ)

fitted by Cox's partial likelihood: Efron's, Breslow's or the exact treatment of ties; strata with baselines of their own;
weights; delayed entry; covariates that change with time as several rows (start, time] a patient (see `episodes`); robust
variance, by clusters where rows belong together. Sources: see `cox_likelihood`, `cox_exact`, `cox_robust`.

Equal to coxph(Surv(start, time, event) ~ covariates + strata(strata), weights, ties = …) of the R package survival. As
there, times that differ by rounding only are one time (see `tied_times`).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.regression.cox_likelihood import CoxFit, Ties, fit_cox
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.regression.cox_rows import CoxRows
from inferon.statistics.shared.columns import Coded, Floats, event_indicator, group_codes
from inferon.statistics.shared.confidence import check_confidence
from inferon.statistics.shared.covariate_matrix import Covariates, covariate_matrix
from inferon.statistics.shared.records import Records, checked_records
from inferon.statistics.shared.tied_times import merge_rounded


class MonotoneLikelihoodWarning(UserWarning):
    """A coefficient has no finite estimate: the likelihood rises without end."""


def cox(
    time: ArrayLike,
    event: ArrayLike,
    *,
    covariates: Any = None,
    start: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    offset: ArrayLike | None = None,
    ties: Ties = "efron",
    robust: bool | None = None,
    conf_level: float = 0.95,
) -> CoxModel:
    """Fit a proportional-hazards model.

    time        end of each row's follow-up, shape (rows,), >= 0
    event       1/True where the row ends with the event
    covariates  Polars frame or mapping (their names are the terms), or an array of shape (rows, terms); None: no covariate
    start       entry: at risk when start < time of an event <= end
    strata      label of each row's stratum; baselines differ, hazard ratios do not
    weights     of each row, above 0; ties = exact takes none
    cluster     rows that belong together (a patient's episodes, a centre); makes the variance robust
    offset      added to xβ with coefficient 1
    ties        efron (default), breslow, or exact (discrete time)
    robust      True: infinitesimal-jackknife variance; by default with `cluster` or weights that are not whole numbers,
                as in coxph
    conf_level  of the limits of the hazard ratios

    ValueError for bad columns, no event, or a covariate without a hazard ratio (constant, or a combination of others, in
    every risk set). Where a coefficient runs to infinity (monotone likelihood) the model says so in `diagnosis` and warns
    with MonotoneLikelihoodWarning.
    """
    check_confidence("log", conf_level)
    records = _on_one_clock(checked_records(time, start=start, weights=weights, cluster=cluster))
    happened = event_indicator(event, patients=records.n)
    matrix = _matrix(covariates, records.n)
    stratum = Coded(np.zeros(records.n, dtype=np.int64), (None,))
    if strata is not None:
        stratum = group_codes(strata, patients=records.n, name="strata")
    fixed = None if offset is None else covariate_matrix({"offset": offset}, patients=records.n, name="offset").values
    if robust is None:
        robust = records.clustered or (records.fractional and ties != "exact")
    if robust and ties == "exact":
        raise ValueError("the exact likelihood has no robust variance here: use ties = efron or breslow")
    centre = matrix.values.mean(axis=0)
    rows = CoxRows(records, happened, matrix.values - centre, centre, stratum, None if fixed is None else fixed[:, 0])
    fit = fit_cox(
        records.start, records.time, happened, rows.covariates, weights=records.weights, strata=stratum.codes,
        ties=ties, offset=rows.offset, names=matrix.terms,
    )  # fmt: skip
    form = "model" if not robust else "robust_cluster" if records.clustered else "robust"
    return CoxModel(
        matrix.terms, fit.coefficients, records.n, int(happened.sum()), fit.log_likelihood, ties, form, conf_level,
        _diagnosis(fit, matrix.terms), fit, rows,
    )  # fmt: skip


def _on_one_clock(records: Records) -> Records:
    if records.start is None:
        return Records(merge_rounded(records.time)[0], None, records.weights, records.cluster)
    start, time = merge_rounded(records.start, records.time)
    if (start >= time).any():
        position = int(np.argmax(start >= time))
        raise ValueError(f"start and time differ by rounding only at position {position}: the row covers no time")
    return Records(time, start, records.weights, records.cluster)


def _matrix(covariates: Any, rows: int) -> Covariates:
    if covariates is None:
        return Covariates(_no_columns(rows), ())
    return covariate_matrix(covariates, patients=rows)


def _no_columns(rows: int) -> Floats:
    return np.zeros((rows, 0))


def _diagnosis(fit: CoxFit, terms: tuple[str, ...]) -> tuple[str, ...]:
    sentences = []
    for term in fit.unbounded:
        towards = "+∞" if fit.coefficients[term] > 0 else "-∞"
        sentences.append(
            f"covariate {terms[term]!r}: the likelihood rises without end as its coefficient goes to {towards} (at every "
            "event it, or a combination with it, is extreme among those at risk); its estimate, standard error and Wald "
            "test mean nothing, the likelihood-ratio and score tests stay valid"
        )
    for sentence in sentences:
        warnings.warn(sentence, MonotoneLikelihoodWarning, stacklevel=3)
    return tuple(sentences)
