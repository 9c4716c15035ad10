"""Published results by id, and how a study's quotation of one is set beside the virtual trial."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from inferon.statistics import clopper_pearson


@dataclass(frozen=True)
class PublishedResult:
    """One published estimate; ``value`` and its limits in ``unit``, as printed in the source."""

    id: str
    study: str
    year: int
    population: str
    n: int | None
    arm: str
    endpoint: str
    time_months: float | None
    value: float
    lower: float | None
    upper: float | None
    unit: str
    design: str
    source_url: str
    role: str

    @property
    def endpoint_name(self) -> str | None:
        """The endpoint of ours this result is an estimate of; None where it is of none."""
        known = {
            "relapse": "relapse",
            "transplant-related mortality": "non_relapse_mortality",
            "acute GVHD grade III-IV": "acute_gvhd_3_4",
        }
        return next((ours for theirs, ours in known.items() if self.endpoint.startswith(theirs)), None)


@cache
def published_results() -> dict[str, PublishedResult]:
    """All published results Inferon ships, by id."""
    with (files("inferon.evidence") / "published.csv").open(encoding="utf-8", newline="") as lines:
        return {row["id"]: _result(row) for row in csv.DictReader(lines)}


def _result(row: dict[str, str]) -> PublishedResult:
    return PublishedResult(
        id=row["id"],
        study=row["study"],
        year=int(row["year"]),
        population=row["population"],
        n=int(row["n"]) if row["n"] else None,
        arm=row["arm"],
        endpoint=row["endpoint"],
        time_months=float(row["time_months"]) if row["time_months"] else None,
        value=float(row["value"]),
        lower=float(row["lower"]) if row["lower"] else None,
        upper=float(row["upper"]) if row["upper"] else None,
        unit=row["unit"],
        design=row["design"],
        source_url=row["source_url"],
        role=row["role"],
    )


def beside(
    arm: str,
    endpoint: str,
    time_days: float,
    estimate: float,
    n: int | None,
    kind: str,
    source: str,
    unit: str | None = None,
) -> dict[str, Any]:
    """A published result as the report shows it: the point, with the interval of the source or the exact one of its patients.

    ``estimate`` is a fraction of 1, or a number in ``unit``. An expectation without patients behind it has no interval, nor has a
    number in a unit of its own unless the source prints one.
    """
    result = published_results()[source]
    row: dict[str, Any] = {"arm": arm, "endpoint": endpoint, "time_days": time_days, "estimate": estimate, "kind": kind}
    row |= {
        "n": n,
        "events": None,
        "lower": None,
        "upper": None,
        "interval": "none: no patients are reported behind it",
    }
    if result.lower is not None and result.upper is not None:
        scale = 100 if unit is None else 1
        row |= {"lower": result.lower / scale, "upper": result.upper / scale, "interval": "as published"}
    elif n is not None and unit is None:
        exact = clopper_pearson(round(estimate * n), n)
        row |= {"events": exact.events, "lower": exact.lower, "upper": exact.upper, "interval": exact.method}
    row |= {} if unit is None else {"unit": unit}
    return row | {"source": source, "study": result.study, "design": result.design, "doi_or_url": result.source_url}
