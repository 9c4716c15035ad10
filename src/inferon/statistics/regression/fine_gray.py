"""How does a covariate change the cumulative incidence of one cause, competing events taken into account?

The subdistribution hazard of Fine & Gray keeps patients with a competing event in the risk set, with a weight for the
censoring they would have met:

    1 - F(t | z) = exp(-Λ(t) e^{z b}),      w_i(t) = G(t-) / G(X_i-) for t > X_i after a competing event at X_i

Conventions in use differ in the third decimal when times tie; the result names its own.

crr       a patient with an event is still at risk of being censored at that time; Breslow; sandwich variance with the term for
          the estimated G. Equal to cmprsk::crr.
finegray  events leave before censorings that tie with them; Efron; robust or model-based variance without the term for G.
          Equal to survival::finegray followed by coxph.
crprep    as crr at ties, but Efron and no term for G; with delayed entry the latest entry is not weighted. Equal to
          mstate::crprep 0.3.3 followed by coxph.
mets      as crr, but Efron. mets::cifreg takes tied events one by one in the order of the file; Efron's is the value that
          does not depend on that order, and without ties of events both equal crr.

With delayed entry w_i also carries the distribution of entry (see `censoring_distribution`).
Sources: Fine & Gray, J Am Stat Assoc 1999;94:496-509; Geskus, Biometrics 2011;67:39-49.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.regression.cox_robust import summed_by
from inferon.statistics.regression.fine_gray_columns import codes_of, competing_rows
from inferon.statistics.regression.fine_gray_fit import (
    Columns,
    Convention,
    Maximum,
    maximise,
    observation_weights,
    risk_sets,
)
from inferon.statistics.regression.fine_gray_likelihood import evaluate, score_residuals
from inferon.statistics.regression.fine_gray_result import FineGray, Term
from inferon.statistics.regression.fine_gray_variance import censoring_influence
from inferon.statistics.regression.fine_gray_weights import expand
from inferon.statistics.shared.censoring_distribution import Observation
from inferon.statistics.shared.columns import Floats, Integers, group_codes
from inferon.statistics.shared.covariate_matrix import Covariates, covariate_matrix

FineGrayConvention = Literal["crr", "finegray", "crprep", "mets"]
FineGrayVariance = Literal["sandwich", "sandwich_by_group", "robust", "robust_by_row", "model"]
FineGrayTies = Literal["breslow", "efron"]
CONVENTIONS = {
    "crr": Convention(tied_events="at_risk", efron=False),
    "finegray": Convention(tied_events="left", efron=True),
    "crprep": Convention(tied_events="at_risk", efron=True, without_latest_entry=True),
    "mets": Convention(tied_events="at_risk", efron=True),
}
WITH_CENSORING_TERM = ("sandwich", "sandwich_by_group")
OfTime = Callable[[Floats], Floats]
RUNAWAY = 30.0
"""A standard error of this many units on the log scale, a standard deviation of the covariate, means no finite estimate."""


def fine_gray(
    time: ArrayLike,
    cause: Any,
    *,
    covariates: Any,
    cause_of_interest: Hashable,
    time_varying: Mapping[str, OfTime | Sequence[OfTime]] | None = None,
    only_time_varying: Sequence[str] = (),
    start: ArrayLike | None = None,
    patient: Any = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    strata: Any = None,
    censoring_group: Any = None,
    convention: FineGrayConvention | None = None,
    ties: FineGrayTies | None = None,
    variance: FineGrayVariance | None = None,
    conf_level: float = 0.95,
) -> FineGray:
    """Estimate subdistribution hazard ratios of one cause.

    time               follow-up, shape (rows,), any unit, >= 0
    cause              what ended it: 0 or None for censored, else a number or a name a cause
    covariates         table of numbers with one row each: Polars frame, mapping from name to column, or array
    cause_of_interest  the cause modelled; all others compete
    time_varying       column -> function(s) of time f: adds the terms column · f(t). A function gets the event times
    only_time_varying  columns without an effect constant in time (the `cov2` of crr that is not in its `cov1`)
    start              delayed entry: at risk when start < t <= time
    patient            whose row it is, where a patient has several rows that follow on from each other
    weights            what a row counts, above 0
    cluster            rows that may depend on each other (by default those of one patient): variances sum over them
    strata             each stratum has its own baseline and risk sets; the coefficients are common
    censoring_group    groups with a censoring distribution of their own (crr's cengroup)
    convention         crr, finegray, crprep or mets (see the module); by default crr, and finegray with delayed entry
    ties               breslow or efron; by default as the convention has it
    variance           sandwich         with the term for the estimated G, as crr has it
                       sandwich_by_group  the same with a term that heeds censoring groups (see `fine_gray_variance`)
                       robust           without that term, by patient or cluster
                       robust_by_row    the expanded rows of a patient taken as independent: what coxph gives on expanded data
                                        without id or cluster; for comparison only
                       model            the inverse information
                       by default sandwich for crr and mets, and robust for finegray, crprep and delayed entry
    conf_level         of the limits of the hazard ratios

    O(rows log rows) for constant effects; times the number of distinct covariate values for an effect that varies with time.
    ValueError for bad columns, a cause of interest that nobody had, covariates that do not vary or repeat each other, and a
    sandwich variance with delayed entry (its term for the estimated entry distribution is not known).
    """
    rows = competing_rows(
        time, cause, cause_of_interest=cause_of_interest, start=start, patient=patient, weights=weights, cluster=cluster
    )
    observed = rows.observed
    chosen = convention or ("finegray" if observed.delayed else "crr")
    how = _convention(chosen, ties)
    form = _variance_form(chosen, variance, observed)
    table = covariate_matrix(covariates, patients=rows.rows)
    _refuse_constant(table)
    terms, fixed, varying, functions = _terms(table.terms, time_varying or {}, only_time_varying)
    centre = np.average(table.values[:, fixed], axis=0, weights=observed.weights)
    columns = Columns(
        observed, rows.interest, rows.competing, table.values[:, fixed] - centre, table.values[:, varying], functions,
        codes_of(strata, "strata", rows.rows), codes_of(censoring_group, "censoring_group", rows.rows),
    )  # fmt: skip
    best = maximise(risk_sets(columns, how), terms=[term.name for term in terms])
    covariance = _covariance(columns, best, how, form, rows.cluster)
    jumps = [part.value.hazard * np.exp(-centre @ best.coefficients[: len(fixed)]) for part in best.strata]
    return FineGray(
        cause_of_interest, terms, best.coefficients, covariance,
        log_likelihood=best.log_likelihood, log_likelihood_null=best.log_likelihood_null, score=best.score,
        baseline_strata=_stratum_labels(strata, best, rows.rows),
        baseline_times=tuple(part.sets.times for part in best.strata), baseline_jumps=tuple(jumps),
        n=rows.patients, n_events=int(rows.interest.sum()), n_competing=int(rows.competing.sum()),
        n_censored=int(observed.censored.sum()), convention=chosen, ties="efron" if how.efron else "breslow",
        variance_form=form, clustered=rows.cluster is not None, delayed_entry=observed.delayed, conf_level=conf_level,
        iterations=best.iterations, converged=best.converged,
        caution=_caution(best, terms, table.values[:, fixed + varying]),
    )  # fmt: skip


def _convention(chosen: str, ties: str | None) -> Convention:
    if chosen not in CONVENTIONS:
        raise ValueError(f"convention must be one of {', '.join(CONVENTIONS)}, found {chosen!r}")
    if ties is not None and ties not in get_args(FineGrayTies):
        raise ValueError(f"ties must be breslow or efron, found {ties!r}")
    known = CONVENTIONS[chosen]
    return known if ties is None else replace(known, efron=ties == "efron")


def _variance_form(convention: str, variance: str | None, observed: Observation) -> FineGrayVariance:
    if variance is None:
        return "sandwich" if convention in ("crr", "mets") and not observed.delayed else "robust"
    if variance not in get_args(FineGrayVariance):
        raise ValueError(f"variance must be one of {', '.join(get_args(FineGrayVariance))}, found {variance!r}")
    if variance in WITH_CENSORING_TERM and observed.delayed:
        raise ValueError("the sandwich variance is not known with delayed entry: choose robust or model")
    return variance  # pyright: ignore[reportReturnType]


def _terms(
    columns: tuple[str, ...], time_varying: Mapping[str, Any], without: Sequence[str]
) -> tuple[tuple[Term, ...], list[int], list[int], list[OfTime]]:
    """The terms in order, the columns with a constant effect, and those of the time-varying terms with their functions."""
    strangers = [name for name in [*time_varying, *without] if name not in columns]
    if strangers:
        raise ValueError(f"{strangers[0]!r} is not a covariate; the covariates are {', '.join(columns)}")
    idle = [name for name in without if name not in time_varying]
    if idle:
        raise ValueError(f"{idle[0]!r} is named in only_time_varying but time_varying gives it no function")
    fixed = [place for place, name in enumerate(columns) if name not in without]
    pairs = [(name, f) for name, given in time_varying.items() for f in _functions(given)]
    labels = [_label(f, number + 1) for number, (_, f) in enumerate(pairs)]
    terms = [Term(columns[place], columns[place], None) for place in fixed]
    terms += [Term(f"{name}:{label}", name, f) for (name, f), label in zip(pairs, labels, strict=True)]
    return tuple(terms), fixed, [columns.index(name) for name, _ in pairs], [f for _, f in pairs]


def _functions(given: Any) -> list[Any]:
    return [given] if callable(given) else list(given)


def _label(function: OfTime, number: int) -> str:
    name = getattr(function, "__name__", "")
    return f"{name}(t)" if name.isidentifier() else f"f{number}(t)"


def _refuse_constant(table: Covariates) -> None:
    constant = np.flatnonzero(np.ptp(table.values, axis=0) == 0)
    if constant.size:
        raise ValueError(f"covariate {table.terms[int(constant[0])]!r} has the same value in every row: leave it out")


def _stratum_labels(strata: Any, best: Maximum, rows: int) -> tuple[Any, ...]:
    if strata is None:
        return (None,)
    coded = group_codes(strata, patients=rows, name="strata")
    return tuple(coded.labels[coded.codes[part.rows[0]]] for part in best.strata)


def _covariance(columns: Columns, best: Maximum, how: Convention, form: str, cluster: Integers | None) -> Floats:
    inverse = np.linalg.inv(best.information)
    if form == "model":
        return inverse
    if form == "robust_by_row":
        influence = _influence_of_expanded_rows(columns, how, best.coefficients)
    else:
        influence = np.zeros((columns.stratum.size, best.coefficients.size))
        for part in best.strata:
            influence[part.rows] = score_residuals(part.sets, part.value, best.coefficients)
        if form in WITH_CENSORING_TERM:
            influence += censoring_influence(
                best.strata, observed=columns.observed, group=columns.censoring_group, own_events=form == "sandwich"
            )
        if cluster is not None:
            influence = summed_by(influence, cluster)
    shift = influence @ inverse
    return shift.T @ shift


def _influence_of_expanded_rows(columns: Columns, how: Convention, coefficients: Floats) -> Floats:
    layout = "crprep" if how.without_latest_entry else "finegray"
    weights = observation_weights(columns, how)
    spread = expand(
        columns.observed, columns.interest, columns.competing, columns.censoring_group, weights, layout=layout
    )
    nobody = np.zeros(spread.row.size, dtype=bool)
    rows = Columns(
        Observation(spread.stop, spread.start, spread.weight, spread.event, nobody, nobody), spread.event, nobody,
        columns.fixed[spread.row], columns.varying[spread.row], columns.of_time, columns.stratum[spread.row],
        np.zeros(spread.row.size, dtype=np.int64),
    )  # fmt: skip
    influence = np.zeros((spread.row.size, coefficients.size))
    for places, sets in risk_sets(rows, how):
        influence[places] = score_residuals(sets, evaluate(sets, coefficients), coefficients)
    return influence


def _caution(best: Maximum, terms: Sequence[Term], values: Floats) -> str | None:
    spread = np.sqrt(np.diag(np.linalg.inv(best.information))) * values.std(axis=0)
    far = np.flatnonzero(spread > RUNAWAY)
    if far.size:
        return (
            f"The likelihood rises without end in {terms[int(far[0])].name!r} (no events on one side of it): its coefficient "
            "has no finite estimate"
        )
    return (
        None if best.converged else f"Newton's method did not settle in {best.iterations} steps: do not use the result"
    )
