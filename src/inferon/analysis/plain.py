"""An analysis as plain values for machines: numbers or null, never NaN."""

import math
from typing import Any

import polars as pl

from inferon.analysis.adtte import ByCensoringFlag
from inferon.analysis.analysis import Analysis
from inferon.analysis.coding import ByCode
from inferon.statistics import GrayTest, LogRank
from inferon.statistics.curves.aalen_johansen import CumulativeIncidence
from inferon.statistics.curves.kaplan_meier import KaplanMeier

AT_A_TIME = ("time", "estimate", "lower", "upper", "at_risk", "cumulative_events")


def plain_result(analysis: Analysis) -> dict[str, Any]:
    """data, time, time_unit, causes, coding, groups, gray, log_rank, tables, method, left_out, warnings, notes, code.

    `groups[group].causes[cause]` and `groups[group].event_free` list time, estimate, lower, upper, at_risk and
    cumulative_events; estimates are fractions of 1. `gray` holds one test a cause; it is empty and `log_rank` null
    where they were not made. `tables[name]` holds every table with title, method, convention, n, events, source and
    rows. `left_out` gives the lines (or row numbers) of patients who were left out, by reason.
    """
    request = analysis.request
    return {
        "data": str(request.data) if not isinstance(request.data, pl.DataFrame) else request.name,
        "time": request.time,
        "time_unit": request.time_unit,
        "n": analysis.n,
        "reference": analysis.groups[0] if len(analysis.groups) > 1 else None,
        "landmark": _landmark(analysis),
        "causes": list(analysis.causes),
        "coding": _coding(analysis),
        "groups": {group: _group(analysis, group) for group in analysis.groups},
        "gray": {cause: _gray(test) for cause, test in (analysis.gray or {}).items()},
        "log_rank": _log_rank(analysis.log_rank) if analysis.log_rank else None,
        "tables": {finding.name: finding.plain() for finding in analysis.findings},
        "method": _method(analysis),
        "left_out": analysis.patients.left_out,
        "warnings": list(analysis.warnings),
        "notes": list(analysis.notes),
        "python_call": analysis.python_call,
        "r_call": analysis.r_call,
    }


def _landmark(analysis: Analysis) -> dict[str, Any] | None:
    found = analysis.patients.landmark
    if found is None:
        return None
    return {"at": found.at, "clock": analysis.request.clock, "left_out": found.left_out}


def _coding(analysis: Analysis) -> dict[str, Any]:
    coding = analysis.request.coding
    if isinstance(coding, ByCode):
        return {"event": coding.column, "codes": dict(coding.codes), "censor": list(coding.censor)}
    if isinstance(coding, ByCensoringFlag):
        described = dict(coding.codes)
        return {"parameter": coding.parameter, "event": "CNSR is 0", "descriptions": described, "otherwise": "censored"}
    rules = [
        {"cause": rule.cause, "column": rule.column, "equals": rule.value} | ({"at": rule.at} if rule.at else {})
        for rule in coding.rules
    ]
    return {"earliest_wins" if coding.timed else "first_match_wins": rules, "otherwise": "censored"}


def _group(analysis: Analysis, group: str) -> dict[str, Any]:
    curves, survival = analysis.incidence[group], analysis.survival[group]
    own = analysis.estimates.filter(pl.col("group") == group)
    free = analysis.event_free.filter(pl.col("group") == group)
    return {
        "n": survival.n,
        "events": {cause: curve.n_events for cause, curve in curves.items()},
        "censored": survival.n - survival.n_events,
        "last_follow_up": survival.last_follow_up,
        "causes": {cause: _rows(own.filter(pl.col("cause") == cause)) for cause in curves},
        "event_free": _rows(free),
        "median_event_free": survival.median._asdict(),
    }


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.select(AT_A_TIME).to_dicts()


def _gray(test: GrayTest) -> dict[str, Any]:
    found = {"statistic": _number(test.statistic), "df": test.df, "p_value": _number(test.p_value)}
    return {**found, "caution": test.caution}


def _log_rank(test: LogRank) -> dict[str, Any]:
    found = {"statistic": _number(test.statistic), "df": test.df, "p_value": _number(test.p_value)}
    groups = {
        row["group"]: {name: row[name] for name in ("observed", "expected")} for row in test.to_frame().to_dicts()
    }
    return {**found, "of": "event-free survival", "groups": groups}


def _method(analysis: Analysis) -> dict[str, Any]:
    request = analysis.request
    curves = next(iter(analysis.incidence.values()))
    free = next(iter(analysis.survival.values()))
    return {
        "cumulative_incidence": CumulativeIncidence.method,
        "variance": curves[analysis.causes[0]].variance_form,
        "confidence_limits": request.conf_type,
        "confidence_level": request.conf_level,
        "event_free": f"{KaplanMeier.method}, variance {free.variance_form}",
        "citations": list(dict.fromkeys(finding.source for finding in analysis.findings)),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
