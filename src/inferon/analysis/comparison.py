"""Do the groups differ: over all times (log-rank, weighted log-rank, Gray), and at one time (differences)?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inferon.analysis.estimation import free_of, survival_variance
from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.statistics.comparisons.gray import GrayTest, GrayTests, gray
from inferon.statistics.comparisons.log_rank import LogRank, log_rank
from inferon.statistics.comparisons.weighted_log_rank import WeightedLogRank, weighted_log_rank
from inferon.statistics.curves.fixed_time_comparison import FixedTimeComparison, fixed_time_comparison
from inferon.statistics.curves.incidence_difference import IncidenceDifference, incidence_difference

TESTS = {"test": pl.String, "of": pl.String, "statistic": pl.Float64, "df": pl.Int64, "p_value": pl.Float64}
DIFFERENCES = ("difference", "standard_error", "lower", "upper", "z", "p_value")


@dataclass(frozen=True, eq=False)
class Tests:
    """The tests that could be made, and why others were not."""

    gray: GrayTests | None
    log_rank: LogRank | None
    weighted: WeightedLogRank | None
    notes: tuple[str, ...] = ()


def tests_of(patients: Patients, request: Request) -> Tests:
    """Every test these data allow; none without groups or with weights."""
    if not patients.compared:
        return Tests(None, None, None)
    if patients.weights is not None:
        note = "Tests that compare groups are not made: they are not defined here for weighted patients."
        return Tests(None, None, None, (note,))
    kept: Any = {"strata": patients.strata, "start": patients.start}
    event, time, group = patients.event, patients.time, patients.group
    weighted = None
    if request.weighting:
        weighted = weighted_log_rank(time, event, group, weight=request.weighting.weight, **kept)
    found = log_rank(time, event, group, **kept)
    if patients.entered_late:
        late = "Gray's test is not made: it has no form for delayed entry."
        return Tests(None, found, weighted, (late,) if request.competing else ())
    subdistribution = gray(patients.since_entry, patients.cause, group, causes=request.causes, strata=patients.strata)
    return Tests(subdistribution, found, weighted)


def test_finding(tests: Tests, patients: Patients, request: Request) -> Finding | None:
    """The tests as a table, or None where none was made."""
    if tests.log_rank is None:
        return None
    rows = [("Gray", cause, test) for cause, test in (tests.gray or {}).items() if request.competing]
    free = free_of(request, capital=False)
    rows += [("log-rank", free, tests.log_rank)]
    rows += [(f"weighted log-rank ({request.weighting})", free, tests.weighted)] if tests.weighted else []
    cells = [(kind, of, test.statistic, test.df, test.p_value) for kind, of, test in rows]
    frame = pl.DataFrame(cells, schema=TESTS, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))
    method, convention, source = zip(*_kinds(tests, request), strict=True)
    kinds = ", ".join([method[0], *(name.lower() for name in method[1:])])
    return Finding(
        "tests", "Do the groups differ?", frame, kinds, _stratified("; ".join(convention), request),
        patients.time.size, events_of(patients, request), "; ".join(source),
    )  # fmt: skip


def _kinds(tests: Tests, request: Request) -> Iterator[tuple[str, str, str]]:
    if tests.gray is not None and request.competing:
        yield GrayTest.method, f"Gray: rho 0, variance of {GrayTest.variance_form}", GrayTest.citation
    yield LogRank.method, f"log-rank: {LogRank.variance_form} variance, ties exact", LogRank.citation
    if tests.weighted:
        yield WeightedLogRank.method, f"weight: {request.weighting}", WeightedLogRank.citation


def difference_finding(
    patients: Patients, request: Request, times: tuple[float, ...]
) -> tuple[Finding | None, list[str]]:
    """Each group minus the reference at the report times that were asked for; and why some cannot be told."""
    rows: list[dict[str, Any]] = []
    reasons: dict[str, list[str]] = {}
    for label in patients.groups[1:]:
        two = (patients.group == label) | (patients.group == patients.groups[0])
        for at in times:
            for of, compare in _comparisons(patients, request, two, at):
                row = {"of": of, "group": label, "against": patients.groups[0], "time": at}
                numbers, reason = _difference(compare)
                rows.append(row | numbers)
                if reason:
                    told = f"Difference of {of}, {label} minus {patients.groups[0]}: {reason}"
                    reasons.setdefault(told, []).append(f"{at:g}")
    order = {of: place for place, of in enumerate((*request.causes, free_of(request, capital=False)))}
    rows.sort(key=lambda row: order[row["of"]])
    if not rows:
        return None, []
    method, convention, source = _difference_kind(request)
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(DIFFERENCES, pl.Float64), nan_to_null=True)
    finding = Finding(
        "differences", "Differences at the report times", frame, method, convention, patients.time.size,
        events_of(patients, request), source,
    )  # fmt: skip
    return finding, [f"{told} (at {', '.join(times)})." for told, times in reasons.items()]


def _difference(
    compare: Callable[[], IncidenceDifference | FixedTimeComparison],
) -> tuple[dict[str, float | None], str | None]:
    """The numbers of a difference, null where they do not exist, and then why."""
    nothing: dict[str, float | None] = dict.fromkeys(str(name) for name in DIFFERENCES)
    try:
        found = compare()
    except ValueError as error:
        return nothing, f"not told, {error}"
    errors = found.standard_errors if isinstance(found, IncidenceDifference) else found.survival_error
    if min(errors) > 0:
        numbers: dict[str, float | None] = {name: getattr(found, name) for name in DIFFERENCES}
        return numbers, None
    place = int(np.argmin(errors))
    values = found.incidence if isinstance(found, IncidenceDifference) else found.survival
    begun = 0.0 if isinstance(found, IncidenceDifference) else 1.0
    who = "nobody has" if values[place] == begun else "everybody has"
    reason = f"no interval, as {who} had the event in {found.groups[place]} by then"
    return nothing | {"difference": found.difference}, reason


def _comparisons(
    patients: Patients, request: Request, two: np.ndarray, at: float
) -> Iterator[tuple[str, Callable[[], IncidenceDifference | FixedTimeComparison]]]:
    rows: dict[str, Any] = {
        name: None if column is None else column[two]
        for name, column in (("start", patients.start), ("weights", patients.weights))
    }
    time, group = patients.time[two], patients.group[two]
    shared: dict[str, Any] = {"at": at, "reference": patients.groups[0], "conf_level": request.conf_level, **rows}
    forms: dict[str, Any] = {"variance": request.variance, "interval": request.difference}
    for cause in request.causes if request.competing else ():
        yield (
            cause,
            lambda cause=cause: incidence_difference(time, patients.cause[two], group, of=cause, **forms, **shared),
        )
    yield (
        free_of(request, capital=False),
        lambda: fixed_time_comparison(
            time, patients.event[two], group, transform="identity", variance=survival_variance(request), **shared
        ),
    )


def _difference_kind(request: Request) -> tuple[str, str, str]:
    level = f"{100 * request.conf_level:g}% intervals"
    free = f"{FixedTimeComparison.method}, untransformed; Wald {level}"
    if not request.competing:
        return free.partition(";")[0], f"Wald {level}", FixedTimeComparison.citation
    method = f"{IncidenceDifference.method}; {FixedTimeComparison.method.lower()}, untransformed"
    kind = "recovered from the limits of the groups" if request.difference == "recovered" else "Wald"
    convention = f"incidences: {level} {kind}; survival: Wald {level}; z = difference / standard error"
    return method, convention, f"{IncidenceDifference.citation}; {FixedTimeComparison.citation}"


def events_of(patients: Patients, request: Request, rows: np.ndarray | None = None) -> dict[str, float]:
    """Events of each cause among the patients (or some of them), counted without weights."""
    cause = patients.cause if rows is None else patients.cause[rows]
    return {name: int((cause == name).sum()) for name in request.causes}


def _stratified(convention: str, request: Request) -> str:
    return f"{convention}; stratified by {', '.join(request.strata)}" if request.strata else convention
