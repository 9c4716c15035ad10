"""Published results as the report reads them: what was observed in patients, what is only an expectation."""

from collections.abc import Mapping
from typing import Any

from inferon.report.inputs import SAME_TIME_DAYS, ReportInputs
from inferon.statistics import clopper_pearson

TAIL = 0.025


def is_expectation(row: Mapping[str, Any]) -> bool:
    """A published number without patients behind it: no size was given, so no interval can be."""
    return not row.get("n") or "expectation" in str(row.get("kind") or "")


def observed_row(inputs: ReportInputs) -> Mapping[str, Any] | None:
    """The published relapse of a cohort at the primary time; None when there is none."""
    for row in inputs.published:
        timed = row.get("time_days") is not None and abs(row["time_days"] - inputs.primary_days) <= SAME_TIME_DAYS
        if row["endpoint"] == "relapse" and timed and not is_expectation(row):
            return row
    return None


def interval_of(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """The published interval, else the exact one of its counts; (None, None) for an expectation."""
    if row.get("lower") is not None and row.get("upper") is not None:
        return row["lower"], row["upper"]
    if is_expectation(row):
        return None, None
    exact = clopper_pearson(events_of(row), int(row["n"]))
    return exact.lower, exact.upper


def events_of(row: Mapping[str, Any]) -> int:
    """The number of events: as published, else the whole number nearest to the proportion."""
    return round(row["estimate"] * row["n"]) if row.get("events") is None else int(row["events"])


def standing(row: Mapping[str, Any]) -> str:
    """What kind of evidence a row is, in a few words for its label."""
    if not is_expectation(row):
        return f"{row['n']} patients"
    press = any(word in f"{row.get('kind')} {row.get('source')}" for word in ("press", "news"))
    return "press report; comparator uncited, not randomised" if press else "comparator uncited, not randomised"
