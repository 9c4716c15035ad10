"""The four things a report is computed from, with the questions every section asks of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from inferon.report.words import DAYS_PER_MONTH

SAME_TIME_DAYS = 3.0
Row = Mapping[str, Any]


@dataclass(frozen=True)
class ReportInputs:
    """Resolved study, estimates, tables and provenance of one run; see `inferon.report.page.write_report`."""

    study: Mapping[str, Any]
    estimates: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms with estimates, in the order of the study file."""
        return in_order(self.study.get("arms", {}), self.estimates["arms"])

    @property
    def families(self) -> tuple[str, ...]:
        """Parameter families with estimates, in the order of the study; the first one leads the report."""
        found = [family for arm in self.arms for family in self.estimates["arms"][arm]["families"]]
        return in_order(self.study.get("families", ()), dict.fromkeys(found))

    @property
    def lead_family(self) -> str:
        """The family shown where only one can be: the reference, else the first."""
        return "reference" if "reference" in self.families else self.families[0]

    @property
    def control(self) -> str | None:
        """The arm others are compared with: the first without a regimen; None in a study of one arm."""
        if len(self.arms) < 2:
            return None
        untreated = [arm for arm in self.arms if not self.regimen(arm)]
        return (untreated or list(self.arms))[0]

    @property
    def treated(self) -> tuple[str, ...]:
        """Every arm that is not the control."""
        return tuple(arm for arm in self.arms if arm != self.control)

    @property
    def published(self) -> Sequence[Row]:
        """Published results the study is set beside; may be empty."""
        return self.estimates.get("published") or ()

    @property
    def power(self) -> Sequence[Row]:
        """Simulated power by family and size; may be empty."""
        return self.estimates.get("power") or ()

    @property
    def selection(self) -> Sequence[Row]:
        """How patients were chosen from those drawn, one entry a population and family; empty when nobody was left out."""
        return (self.estimates.get("selection") or {}).get("cohorts") or ()

    @property
    def follow_up_days(self) -> float:
        """Last planned day of follow-up."""
        return float(self.study.get("cohort", {}).get("follow_up_days") or self.times("relapse")[-1])

    @property
    def primary_days(self) -> float:
        """The time the question is asked at: that of the published relapse, of the power block, else 6 months."""
        rows = [row for row in (*self.published, *self.power) if row.get("endpoint") == "relapse"]
        asked = [row["time_days"] for row in rows if row.get("time_days") is not None]
        times = self.times("relapse")
        wanted = asked[0] if asked else 6 * DAYS_PER_MONTH
        return min(times, key=lambda time: abs(time - wanted)) if times else wanted

    def regimen(self, arm: str) -> Sequence[Row]:
        """The drugs of an arm; empty when it receives none."""
        return (self.study.get("arms", {}).get(arm) or {}).get("regimen") or ()

    def times(self, endpoint: str) -> list[float]:
        """The days at which an endpoint is estimated, in any arm and family."""
        rows = [row for arm in self.arms for family in self.families for row in self.rows(arm, family, endpoint)]
        return sorted({float(row["time_days"]) for row in rows})

    def rows(self, arm: str, family: str, endpoint: str) -> Sequence[Row]:
        """The estimates of one endpoint in one arm and family, possibly none."""
        return endpoint_rows(self.estimates["arms"], arm, family, endpoint)

    def at(self, arm: str, family: str, endpoint: str, time_days: float) -> Row | None:
        """The estimate of an endpoint at a time, or None where there is none within three days."""
        return nearest_row(self.rows(arm, family, endpoint), time_days)

    def over_families(self, arm: str, endpoint: str, time_days: float) -> list[float]:
        """The estimates of one endpoint at one time in every family that has one."""
        rows = (self.at(arm, family, endpoint, time_days) for family in self.families)
        return [row["estimate"] for row in rows if row is not None]

    def table(self, name: str) -> pl.DataFrame | None:
        """A table of the run restricted to the study's population; None when absent or empty."""
        frame = self.tables.get(name)
        if frame is None:
            return None
        population = self.estimates.get("population")
        if population is not None and "population" in frame.columns:
            frame = frame.filter(pl.col("population") == population)
        return None if frame.is_empty() else frame


def endpoint_rows(arms: Mapping[str, Any], arm: str, family: str, endpoint: str) -> Sequence[Row]:
    """The rows of `arms[arm].families[family].endpoints[endpoint]` with an estimate, sorted by time."""
    endpoints = (arms.get(arm) or {}).get("families", {}).get(family, {}).get("endpoints", {})
    rows = [row for row in endpoints.get(endpoint) or () if row.get("estimate") is not None]
    return sorted(rows, key=lambda row: row["time_days"])


def nearest_row(rows: Sequence[Row], time_days: float) -> Row | None:
    """The row nearest to a day; None when there is none within three days. Rows without a time are passed over."""
    timed = [row for row in rows if row.get("time_days") is not None]
    close = [row for row in timed if abs(row["time_days"] - time_days) <= SAME_TIME_DAYS]
    return min(close, key=lambda row: abs(row["time_days"] - time_days)) if close else None


def in_order(wanted: Any, found: Any) -> tuple[str, ...]:
    """The names in `found`, first in the order of `wanted`, then the rest as they come."""
    first = [name for name in wanted if name in found]
    return tuple(first) + tuple(name for name in found if name not in first)
