"""Mean time free of events, and lost to each cause, before a horizon; and how the groups differ in it."""

from typing import Any

import numpy as np
import polars as pl

from inferon.analysis.comparison import events_of
from inferon.analysis.estimation import Curves, survival_variance
from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.statistics.curves.restricted_time_lost import RestrictedMeanTimeLost, restricted_mean_time_lost
from inferon.statistics.curves.rmst import RestrictedMean, restricted_mean
from inferon.statistics.curves.rmst_comparison import RestrictedMeanComparison, compare_restricted_means
from inferon.study.errors import InputError

NUMBERS = ("estimate", "standard_error", "lower", "upper", "p_value")


def horizon(curves: Curves, request: Request) -> tuple[float | None, list[str]]:
    """Tau as asked for, or else the last report time that was asked for; None, with the reason, where none is possible."""
    known = [np.inf if curve.estimate[-1] == 0 else curve.last_follow_up for curve in curves.survival.values()]
    tau = request.tau or (max(request.times) if request.times else None)
    if tau is None:
        return None, ["Restricted means need a horizon: none was given (tau), and no report times."]
    if tau <= min(known):
        return (tau, []) if tau > 0 else (None, [])
    reach = f"the shortest follow-up of a group, {min(known):g}"
    if request.tau:
        raise InputError("a curve is not known so far", field="tau", found=tau, allowed=f"a number up to {reach}")
    return None, [f"Restricted means are not estimated: the last report time, {tau:g}, lies beyond {reach}."]


def restricted_mean_finding(patients: Patients, request: Request, curves: Curves, tau: float) -> Finding:
    """Means of every group, and each group against the reference."""
    shift = 0.0 if patients.start is None or patients.entered_late else float(patients.start[0])
    rows = [row for label in patients.groups for row in _means(patients, request, label, tau - shift, shift)]
    for label in patients.groups[1:]:
        rows += _contrasts(patients, request, label, tau - shift, shift)
    schema = dict.fromkeys(NUMBERS, pl.Float64) | {"against": pl.String}
    frame = pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None, nan_to_null=True)
    lost = f"; {RestrictedMeanTimeLost.method.lower()} by cause, {RestrictedMeanTimeLost.variance_form}"
    level = f"{100 * request.conf_level:g}% intervals: means and differences plain, ratios on the log scale"
    since = f", counted from {shift:g}" if shift else ""
    variance = next(iter(curves.survival.values())).variance_form
    return Finding(
        "restricted_means", f"Mean time before {tau:g} {request.time_unit}", frame,
        RestrictedMean.method + (lost if request.competing else ""), f"tau = {tau:g}{since}; variance: {variance}; {level}",
        patients.time.size, events_of(patients, request),
        "; ".join(_sources(patients, request)),
    )  # fmt: skip


def _sources(patients: Patients, request: Request) -> list[str]:
    sources = [RestrictedMean.citation]
    sources += [RestrictedMeanComparison.citation] if patients.compared else []
    return sources + ([RestrictedMeanTimeLost.citation] if request.competing else [])


def _means(patients: Patients, request: Request, label: str, tau: float, shift: float) -> list[dict[str, Any]]:
    own = patients.group == label
    rows = _rows(patients, own)
    found = restricted_mean(
        patients.time[own] - shift, patients.event[own], tau=tau, variance=survival_variance(request),
        conf_level=request.conf_level, **rows,
    )  # fmt: skip
    head = {"group": label, "against": None}
    told = [{**head, "measure": "mean time free of events", **_numbers(found)}]
    if request.competing:
        lost = restricted_mean_time_lost(
            patients.time[own] - shift, patients.cause[own], tau=tau, causes=request.causes,
            conf_level=request.conf_level, **rows,
        )  # fmt: skip
        for place, cause in enumerate(lost.states[1:], start=1):
            arrays = (lost.mean_time, lost.standard_error, lost.lower, lost.upper)
            numbers = dict(zip(NUMBERS, (float(values[place]) for values in arrays), strict=False))
            told.append({**head, "measure": f"mean time lost to {cause}", **numbers, "p_value": None})
    return told


def _contrasts(patients: Patients, request: Request, label: str, tau: float, shift: float) -> list[dict[str, Any]]:
    two = (patients.group == label) | (patients.group == patients.groups[0])
    found = compare_restricted_means(
        patients.time[two] - shift, patients.event[two], patients.group[two], tau=tau, reference=patients.groups[0],
        variance=survival_variance(request), conf_level=request.conf_level, **_rows(patients, two),
    )  # fmt: skip
    head = {"group": label, "against": patients.groups[0]}
    return [{**head, "measure": contrast.name, **_numbers(contrast)} for contrast in found.contrasts]


def _numbers(found: Any) -> dict[str, float | None]:
    return {name: getattr(found, name, None) for name in NUMBERS}


def _rows(patients: Patients, own: np.ndarray) -> dict[str, Any]:
    start = patients.start if patients.entered_late else None
    return {
        name: None if column is None else column[own]
        for name, column in (("start", start), ("weights", patients.weights))
    }
