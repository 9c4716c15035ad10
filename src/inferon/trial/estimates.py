"""What an arm shows: each endpoint estimated at the reporting times, and as a curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from inferon.model.catalogue import parameter_table
from inferon.protocol.visits import MRD_VISITS
from inferon.statistics import aalen_johansen, clopper_pearson, kaplan_meier
from inferon.trial.endpoints import ENDPOINTS, time_to_event

ENGRAFTMENT_DAYS = (14.0, 21.0, parameter_table("transplant")["t_gf"].value)
"""Days at which engraftment is reported; graft failure is engraftment not reached by the last."""

_METHODS = {
    "cumulative incidence": "Aalen–Johansen, Greenwood-type variance, log-log 95% limits",
    "survival": "Kaplan–Meier, Greenwood variance, log-log 95% limits",
    "complement": "1 − Kaplan–Meier without competing events, Greenwood variance, log-log 95% limits",
    "proportion": "proportion, Clopper–Pearson 95% limits",
}


def reporting_times(endpoint: str, times: Sequence[float]) -> tuple[float, ...]:
    """Days an endpoint is reported at: the study's, except for engraftment and MRD, which have days of their own."""
    if endpoint == "mrd":
        return tuple(float(day) for day in MRD_VISITS)
    return ENGRAFTMENT_DAYS if endpoint == "engraftment" else tuple(times)


def estimate(events: pl.DataFrame, endpoint: str, times: Sequence[float], *, follow_up: float) -> list[dict[str, Any]]:
    """One endpoint of one arm at its reporting times: time_days, estimate, lower, upper (fractions), n, method."""
    if endpoint == "mrd":
        return [_positive_share(events, day) for day in MRD_VISITS if day <= follow_up]
    at = [time for time in reporting_times(endpoint, times) if time <= follow_up] or [follow_up]
    curve, method = _curve(events, endpoint, follow_up)
    rows = curve.at(at).to_dicts()
    return [
        {
            "time_days": float(row["time"]),
            "estimate": _side(endpoint, row["estimate"]),
            "lower": _limit(endpoint, row, "lower"),
            "upper": _limit(endpoint, row, "upper"),
            "n": len(events),
            "method": method,
        }
        for row in rows
    ]


def curve(events: pl.DataFrame, endpoint: str, *, follow_up: float) -> pl.DataFrame:
    """One endpoint of one arm on a daily grid: time_days, estimate, lower, upper, at_risk."""
    estimated, _ = _curve(events, endpoint, follow_up)
    rows = estimated.at(np.arange(0, math.floor(follow_up) + 1, dtype=float)).to_dicts()
    return pl.DataFrame(
        {
            "time_days": [row["time"] for row in rows],
            "estimate": [_side(endpoint, row["estimate"]) for row in rows],
            "lower": [_limit(endpoint, row, "lower") for row in rows],
            "upper": [_limit(endpoint, row, "upper") for row in rows],
            "at_risk": [row["at_risk"] for row in rows],
        },
        schema_overrides={"lower": pl.Float64, "upper": pl.Float64},
    )


def _curve(events: pl.DataFrame, endpoint: str, follow_up: float):
    table = time_to_event(events, endpoint, follow_up=follow_up)
    time, outcome = table["time_days"].to_numpy(), table["outcome"].to_numpy()
    if ENDPOINTS[endpoint].kind == "survival":
        method = _METHODS["complement" if _is_incidence(endpoint) else "survival"]
        return kaplan_meier(time, outcome == endpoint), method
    cause = np.where(outcome == endpoint, 1, np.where(outcome == "censored", 0, 2))
    return aalen_johansen(time, cause, causes=(1, 2))[1], _METHODS["cumulative incidence"]


def _is_incidence(endpoint: str) -> bool:
    return endpoint.startswith("acute_gvhd")


def _side(endpoint: str, value: float | None) -> float | None:
    """The GVHD index is a share that has happened; survival endpoints are shares free of the event."""
    complement = ENDPOINTS[endpoint].kind == "survival" and _is_incidence(endpoint)
    return 1 - value if complement and value is not None else value


def _limit(endpoint: str, row: dict[str, Any], which: str) -> float | None:
    turned = ENDPOINTS[endpoint].kind == "survival" and _is_incidence(endpoint)
    other = {"lower": "upper", "upper": "lower"}[which] if turned else which
    return _side(endpoint, row[other])


def _positive_share(events: pl.DataFrame, day: int) -> dict[str, Any]:
    limit = math.log10(parameter_table("transplant")["mrd_flow_lo"].value)
    measured = events[f"mrd_day_{day}"].drop_nulls()
    row = {"time_days": float(day), "n": len(measured), "method": _METHODS["proportion"]}
    if not len(measured):
        return {**row, "estimate": None, "lower": None, "upper": None}
    share = clopper_pearson(int((measured > limit).sum()), len(measured))
    return {**row, "estimate": share.estimate, "lower": share.lower, "upper": share.upper}
