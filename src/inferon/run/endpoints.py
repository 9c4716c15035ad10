"""Endpoints of a system and their estimates, from one row a patient or one row a patient and visit.

kind                   read from                          estimated by
cumulative incidence   a day in ``patients``              Aalen–Johansen
survival               days in ``patients``               Kaplan–Meier
share                  a condition on visits or patients  proportion, Clopper–Pearson limits
median                 a number at visits or of patients  median, limits from order statistics (distribution-free)
count                  a number of patients               mean a patient, Poisson limits of the total
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binom, chi2

from inferon.statistics import aalen_johansen, clopper_pearson, kaplan_meier

INCIDENCE, SURVIVAL, SHARE, MEDIAN, COUNT = "cumulative incidence", "survival", "share", "median", "count"
CURVES = (INCIDENCE, SURVIVAL)
PERCENT, PER_100_000 = "%", "per 100,000"
FINISHED = "ok"
NEAR_DAYS = 16.0
"""A visit farther than this from a reporting time does not stand for it."""

MOST_POINTS = 480
"""Points of a curve: finer than a pixel of its figure."""

CURVE_COLUMNS = dict.fromkeys(("time_days", "estimate", "lower", "upper"), pl.Float64) | {"at_risk": pl.Int64}

_METHODS = {
    INCIDENCE: "Aalen–Johansen, Greenwood-type variance, log-log 95% limits",
    SURVIVAL: "Kaplan–Meier, Greenwood variance, log-log 95% limits",
    SHARE: "proportion, Clopper–Pearson 95% limits",
    MEDIAN: "median, distribution-free 95% limits from order statistics",
    COUNT: "mean a patient, Poisson 95% limits of the total",
}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint.

    Attributes
    ----------
    label: as a reader sees it. definition: what counts. kind: see the top of this file. unit: of the estimate.
    events: columns of ``patients`` with the day of the event; the first to come counts. competing: columns that end follow-up.
    since: column with each patient's own day zero; null for those who are not at risk.
    holds: the condition of a share. number: what a median or a count is of. once: read from ``patients``, not at visits.
    evidence: endpoints of the published table this one may be set beside.
    """

    label: str
    definition: str
    kind: str
    unit: str = PERCENT
    events: tuple[str, ...] = ()
    competing: tuple[str, ...] = ()
    since: str | None = None
    holds: pl.Expr | None = None
    number: pl.Expr | None = None
    once: bool = False
    evidence: tuple[str, ...] = ()

    @property
    def scale(self) -> float:
        """By what a fraction is multiplied to be in the unit; fractions stand for percentages."""
        return 1e5 if self.unit == PER_100_000 else 1.0


def estimate(
    endpoint: Endpoint, patients: pl.DataFrame, visits: pl.DataFrame, times: Sequence[float], *, follow_up: float
) -> list[dict[str, Any]]:
    """The endpoint at its reporting times: time_days, estimate, lower, upper, n, method; fractions of 1 where the unit is %.

    ``patients`` and ``visits`` are those of one arm, solved patients only. A time without a visit near it is left out.
    """
    if endpoint.kind in CURVES:
        followed, time, cause = _times(endpoint, patients, follow_up)
        rows = _curve(endpoint, time, cause).at([t for t in times if t <= followed]).to_dicts() if len(time) else []
        found = [(row["time"], {**_scaled(row, endpoint), "n": len(time)}) for row in rows]
    elif endpoint.once:
        found = [(follow_up, _of_values(endpoint, patients))]
    else:
        found = [(time, _of_values(endpoint, seen)) for time, seen in _near(visits, times)]
    return [_row(time, values, endpoint) for time, values in found if values["n"]]


def curve(endpoint: Endpoint, patients: pl.DataFrame, *, follow_up: float) -> pl.DataFrame:
    """An endpoint of kind incidence or survival on a grid: time_days, estimate, lower, upper, at_risk."""
    followed, time, cause = _times(endpoint, patients, follow_up)
    step = max(1.0, np.ceil(followed / MOST_POINTS))
    rows = _curve(endpoint, time, cause).at(np.arange(0.0, followed + 1e-9, step)).to_dicts() if len(time) else []
    renamed = [{"time_days": row["time"], "at_risk": row["at_risk"], **_scaled(row, endpoint)} for row in rows]
    return pl.DataFrame(renamed, schema=CURVE_COLUMNS)


def share_curve(endpoint: Endpoint, visits: pl.DataFrame) -> pl.DataFrame:
    """A share at every visit, in the columns of a curve; ``at_risk`` is the number of patients it is a share of."""
    rows = []
    for (day,), seen in visits.sort("time_days", maintain_order=True).group_by("time_days", maintain_order=True):
        values = _of_values(endpoint, seen)
        if values["n"]:
            rows.append({"time_days": float(day), "at_risk": values.pop("n"), **values})
    return pl.DataFrame(rows, schema=CURVE_COLUMNS)


def _times(endpoint: Endpoint, patients: pl.DataFrame, follow_up: float) -> tuple[float, np.ndarray, np.ndarray]:
    """How long is followed, and each patient's time and cause (0 censored, 1 the event, 2 competing), from his own day zero."""
    if endpoint.since is not None:
        patients = patients.filter(pl.col(endpoint.since).is_not_null())
    zero = patients[endpoint.since].to_numpy() if endpoint.since else np.zeros(len(patients))
    end = follow_up - zero
    happened, other = (_first(patients, columns) - zero for columns in (endpoint.events, endpoint.competing))
    time = np.minimum(np.minimum(happened, other), end)
    cause = np.where(happened <= time, 1, np.where(other <= time, 2, 0))
    return (float(end.max()) if len(end) else 0.0), time, cause


def _first(patients: pl.DataFrame, columns: Sequence[str]) -> np.ndarray:
    days = [patients[name].cast(pl.Float64).fill_null(np.inf).to_numpy() for name in columns]
    return np.min(days, axis=0) if days else np.full(len(patients), np.inf)


def _curve(endpoint: Endpoint, time: np.ndarray, cause: np.ndarray) -> Any:
    if endpoint.kind == SURVIVAL:
        return kaplan_meier(time, cause == 1)
    return aalen_johansen(time, cause, causes=(1, 2))[1]


def _near(visits: pl.DataFrame, times: Sequence[float]) -> list[tuple[float, pl.DataFrame]]:
    """The visit nearest to each time, where there is one near enough."""
    days = visits["time_days"].unique().sort().to_numpy()
    found = []
    for time in times:
        day = days[np.argmin(np.abs(days - time))] if len(days) else np.inf
        if abs(day - time) <= NEAR_DAYS:
            found.append((time, visits.filter(pl.col("time_days") == day)))
    return found


def _of_values(endpoint: Endpoint, rows: pl.DataFrame) -> dict[str, Any]:
    if endpoint.kind == SHARE:
        held = rows.select(endpoint.holds.alias("held"))["held"].drop_nulls()
        return _share(int(held.sum()), len(held))
    values = rows.select(endpoint.number.cast(pl.Float64).alias("value"))["value"].drop_nulls().to_numpy()
    return _median(values) if endpoint.kind == MEDIAN else _count(values)


def _share(events: int, n: int) -> dict[str, Any]:
    if not n:
        return {"n": 0}
    share = clopper_pearson(events, n)
    return {"estimate": share.estimate, "lower": share.lower, "upper": share.upper, "n": n}


def _median(values: np.ndarray) -> dict[str, Any]:
    """Limits are the order statistics between which the median of the population lies with 95 % confidence."""
    n = len(values)
    if not n:
        return {"n": 0}
    ordered, rank = np.sort(values), int(binom.ppf(0.025, n, 0.5))
    limits = (ordered[rank - 1], ordered[n - rank]) if rank else (None, None)
    lower, upper = (None if limit is None else float(limit) for limit in limits)
    return {"estimate": float(np.median(ordered)), "lower": lower, "upper": upper, "n": n}


def _count(values: np.ndarray) -> dict[str, Any]:
    n, total = len(values), float(values.sum())
    if not n:
        return {"n": 0}
    lower = chi2.ppf(0.025, 2 * total) / 2 if total else 0.0
    return {"estimate": total / n, "lower": lower / n, "upper": chi2.ppf(0.975, 2 * total + 2) / 2 / n, "n": n}


def _scaled(row: dict[str, Any], endpoint: Endpoint) -> dict[str, float | None]:
    """Estimate and limits in the unit of the endpoint."""
    return {name: None if row[name] is None else endpoint.scale * row[name] for name in ("estimate", "lower", "upper")}


def _row(time: float, values: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    return {
        "time_days": float(time),
        "estimate": values["estimate"],
        "lower": values["lower"],
        "upper": values["upper"],
        "n": values["n"],
        "method": _METHODS[endpoint.kind],
    }
