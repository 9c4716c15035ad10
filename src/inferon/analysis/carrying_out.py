"""From a declared analysis to its result: read, estimate, compare, fit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from inferon.analysis.analysis import Analysis
from inferon.analysis.comparison import Tests, difference_finding, test_finding, tests_of
from inferon.analysis.estimation import (
    Curves,
    curves_by_group,
    event_free_finding,
    incidence_finding,
    origin_of,
    quantile_finding,
    round_times,
)
from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients, read_patients
from inferon.analysis.regression import regressions
from inferon.analysis.request import Clock, LeaveOut, Request
from inferon.analysis.requesting import make_request
from inferon.analysis.restricted_means import horizon, restricted_mean_finding
from inferon.analysis.table import read_table
from inferon.statistics.curves.aalen_johansen import Variance
from inferon.statistics.curves.incidence_difference import Interval
from inferon.statistics.shared.confidence import ConfidenceType


def analyse(
    data: str | Path | pl.DataFrame,
    *,
    time: str | None = None,
    causes: Mapping[str, Any] | None = None,
    event: str | None = None,
    codes: Mapping[str, Any] | None = None,
    censor: Any = None,
    adtte: str | None = None,
    only: Mapping[str, Any] | None = None,
    leave_out: LeaveOut | Sequence[LeaveOut] | None = None,
    group: str | None = None,
    labels: Mapping[Any, str] | None = None,
    reference: str | None = None,
    id: str | None = None,
    start: str | None = None,
    weights: str | None = None,
    strata: str | Sequence[str] | None = None,
    covariates: Mapping[str, str | None] | Sequence[str] | None = None,
    landmark: float | None = None,
    clock: Clock | None = None,
    reached: Mapping[str, str] | None = None,
    times: Sequence[float] | None = None,
    tau: float | None = None,
    weighting: str | None = None,
    variance: Variance | None = None,
    conf_type: ConfidenceType | None = None,
    conf_level: float | None = None,
    difference: Interval | None = None,
    time_unit: str | None = None,
    title: str | None = None,
) -> Analysis:
    """How many patients had each kind of event by when, and do the groups differ?

    data     a CSV or Parquet file, or a Polars table: one row a patient
    time     column of follow-up, a number >= 0 in `time_unit`
    causes   what ended the follow-up, by columns: {"relapse": "d2:1", "death": "d3:1"}; the first declared wins, else
             censored. "d2:1@t2" where the cause has a time of its own: the earliest wins
    event, codes, censor   or by the codes of one column: event="Status", codes={"relapse": 1, "death": 2}, censor=0
    adtte    PARAMCD of the rows to analyse of CDISC ADaM ADTTE data; codes are then values of EVNTDESC
    only     {column: value}: patients with other values are left out, and counted
    leave_out  "missing" and "entry": rows with a missing time, entry, group, stratum or weight, and rows whose entry is not
             before their end, are left out, counted and named; without it they are refused
    labels   what the groups are called: {0: "control", 1: "interferon"}; their order is that of the groups
    group, reference   column of the groups to compare, and the one others are compared with (by default the first)
    id       column that must hold each patient once
    start    column of delayed entry (left truncation): at risk when start < t <= time
    weights  column of weights, above 0
    strata   columns that stratify tests and regressions
    covariates  of the regressions: ["age", "disease:AML"], or {"age": None, "disease": "AML"}; numbers as they are, text
             (or a column with a reference) as categories against the reference
    landmark, clock  only patients followed beyond the landmark; clock "restart" (default) or "origin"
    reached  groups by what was reached by the landmark: {"acute GVHD": "da:1@ta"}
    times    report times; by default round times over the follow-up, and then no differences at a time
    tau      horizon of restricted means; by default the last of `times`
    weighting  of a weighted log-rank test, as in "fleming_harrington:0,1"
    variance, conf_type, conf_level, difference  forms of variances and intervals (see `Request`)
    time_unit, title   for the page and the figure

    Raises InputError (one sentence with file and line) for anything that does not fit; nothing is guessed or repaired.
    """
    pairs = [(code, cause) for cause, given in (codes or {}).items() for code in _listed(given)]
    request = make_request(
        data, where=lambda field: {"field": field}, time=time, causes=causes, event=event, codes=pairs, censor=censor,
        adtte=adtte, only=only, leave_out=leave_out, group=group, labels=labels, reference=reference, id=id, start=start,
        weights=weights, strata=strata,
        covariates=covariates, landmark=landmark, clock=clock, reached=reached,
        times=None if times is None else list(times), tau=tau, weighting=weighting, variance=variance, conf_type=conf_type,
        conf_level=conf_level, difference=difference, time_unit=time_unit, title=title,
    )  # fmt: skip
    return carry_out(request)


def carry_out(request: Request) -> Analysis:
    """Read the data of a checked request and analyse them; InputError where the data do not fit."""
    table = read_table(request.data, request.columns, optional=request.optional_columns)
    patients = read_patients(table, request)
    curves = curves_by_group(patients, request)
    times = request.times or _report_times(patients, request)
    tests = tests_of(patients, request)
    findings, warnings, notes = _findings(patients, request, curves, tests, times)
    cautions = [
        *patients.warnings, *_beyond(times, curves, request), *_collapsed(patients, curves), *_cautions(tests), *warnings
    ]  # fmt: skip
    return Analysis(
        request, patients, request.causes, times, MappingProxyType(dict(curves.incidence)),
        MappingProxyType(dict(curves.survival)), tests.gray, tests.log_rank, tuple(findings), tuple(cautions),
        (*patients.notes, *tests.notes, *notes),
    )  # fmt: skip


def _findings(
    patients: Patients, request: Request, curves: Curves, tests: Tests, times: tuple[float, ...]
) -> tuple[list[Finding], list[str], list[str]]:
    """Every table that can be made, with warnings and notes."""
    findings = [
        incidence_finding(curves, times, request), event_free_finding(curves, times, request),
        quantile_finding(curves, request),
    ]  # fmt: skip
    tested = test_finding(tests, patients, request)
    differences, unknown = difference_finding(patients, request, request.times or ())
    fitted = regressions(patients, request)
    tau, reasons = horizon(curves, request)
    means = restricted_mean_finding(patients, request, curves, tau) if tau is not None else None
    later = [tested, differences, *fitted.findings, means]
    declared = [] if request.times or not patients.compared else [UNDECLARED_TIMES]
    return (
        [*findings, *(finding for finding in later if finding)],
        list(fitted.warnings),
        [*declared, *unknown, *reasons],
    )


UNDECLARED_TIMES = "Differences at a time are told at declared report times only: none was declared."


def _report_times(patients: Patients, request: Request) -> tuple[float, ...]:
    first = origin_of(patients)
    ticks = round_times(float(patients.time.max()), unit=request.time_unit, first=first)
    return tuple(tick for tick in ticks if tick > first) or (first,)


def _beyond(times: tuple[float, ...], curves: Curves, request: Request) -> list[str]:
    found = []
    for group, curve in curves.survival.items():
        late = [f"{time:g}" for time in times if time > curve.last_follow_up]
        who = f"of group {group} " if request.grouped else ""
        if late:
            reach = f"The longest follow-up {who}is {curve.last_follow_up:g} {request.time_unit}"
            found.append(f"{reach}: nothing is estimated at {', '.join(late)}.")
    return found


def _collapsed(patients: Patients, curves: Curves) -> list[str]:
    """Curves that fall to 0 because nobody else had entered yet: everything after says nothing about later entries."""
    found = []
    for group, curve in curves.survival.items():
        ended = curve.time[curve.estimate == 0]
        if patients.start is not None and ended.size and ended[0] < curve.last_follow_up:
            who = f" of group {group}" if patients.compared else ""
            at = curve.at_risk[curve.time == ended[0]][0]
            found.append(
                f"The event-free curve{who} falls to 0 at {ended[0]:g}, where only {at:g} had entered: later entries cannot "
                "raise it; condition on a later time (a landmark with clock origin)."
            )
    return found


def _cautions(tests: Tests) -> list[str]:
    return [f"Gray's test of {cause}: {test.caution}." for cause, test in (tests.gray or {}).items() if test.caution]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
