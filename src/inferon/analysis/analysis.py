"""The frozen result of an analysis: curves, tests, tables with their sources, figure, page and code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from inferon.analysis.estimation import origin_of, round_times
from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.statistics import AalenJohansen, GrayTests, KaplanMeier, LogRank


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What the patients show.

    patients    follow-up, cause, group … as they were read
    incidence   cumulative incidence of every cause, by group
    survival    event-free survival (no cause has happened yet), by group: Kaplan–Meier
    gray        Gray's test of each cause, None where it was not made
    log_rank    log-rank test of event-free survival, None where it was not made
    findings    every table of results, in the order a reader meets them
    warnings    sentences a reader must know before using the numbers
    notes       sentences on how the numbers came about
    """

    request: Request
    patients: Patients
    causes: tuple[str, ...]
    times: tuple[float, ...]
    incidence: Mapping[str, AalenJohansen]
    survival: Mapping[str, KaplanMeier]
    gray: GrayTests | None
    log_rank: LogRank | None
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> pl.DataFrame:
        """A table of results by name: estimates, event_free, quantiles, tests, differences, hazard_ratios …"""
        return self.finding(name).frame

    def finding(self, name: str) -> Finding:
        """A table with its method, convention, patients, events and source; KeyError where it was not made."""
        found = {finding.name: finding for finding in self.findings}
        if name not in found:
            raise KeyError(f"no table {name!r} was made; there are {', '.join(found)}")
        return found[name]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, the reference first."""
        return self.patients.groups

    @property
    def estimates(self) -> pl.DataFrame:
        """Cumulative incidence at the report times.

        One row a group, cause and time: estimate, standard_error, lower, upper, at_risk, cumulative_events. Beyond the
        longest follow-up of a group, estimate and limits are null.
        """
        return self["estimates"]

    @property
    def event_free(self) -> pl.DataFrame:
        """Event-free survival at the report times; the columns of `estimates` without the cause."""
        return self["event_free"]

    @cached_property
    def curves(self) -> pl.DataFrame:
        """The curves from their origin: group, cause, time, estimate, lower, upper; null limits do not exist."""
        if not self.request.competing:
            name = self.causes[0]
            frames = {(group, name): (1.0, curve.to_frame()) for group, curve in self.survival.items()}
        else:
            frames = {
                (group, cause): (0.0, self.incidence[group][cause].to_frame())
                for cause in self.causes
                for group in self.groups
            }
        return pl.concat([self._drawn(*key, *found) for key, found in frames.items()])

    @cached_property
    def at_risk(self) -> pl.DataFrame:
        """Numbers at risk for the figure: group, time (round times over the follow-up), n."""
        ticks = round_times(self.longest_follow_up, unit=self.request.time_unit, first=self.origin)
        frames = [
            curve.at(ticks).select(pl.lit(group).alias("group"), "time", n="at_risk")
            for group, curve in self.survival.items()
        ]
        return pl.concat(frames)

    @property
    def origin(self) -> float:
        """Where the curves begin: 0, or the earliest entry."""
        return origin_of(self.patients)

    @property
    def longest_follow_up(self) -> float:
        """The longest follow-up of all patients."""
        return max(curve.last_follow_up for curve in self.survival.values())

    @property
    def n(self) -> int:
        """Patients analysed."""
        return self.patients.time.size

    @property
    def r_call(self) -> str:
        """The same analysis in R."""
        from inferon.analysis.r_code import r_code

        return r_code(self)

    @property
    def python_call(self) -> str:
        """The same analysis in Python."""
        from inferon.analysis.python_call import python_call

        return python_call(self.request)

    def to_json(self) -> dict[str, Any]:
        """The whole result as plain values (see `inferon.analysis.plain`)."""
        from inferon.analysis.plain import plain_result

        return plain_result(self)

    def figure(self) -> Any:
        """The curves with their intervals and numbers at risk, one row a cause, as an Altair chart."""
        from inferon.analysis.figure import figure

        return figure(self)

    @property
    def figure_name(self) -> str:
        """What the figure's files are called."""
        return "cumulative_incidence" if self.request.competing else "event_free_survival"

    def write(self, folder: str | Path) -> list[Path]:
        """Write tables, figure, page and JSON into `folder`; returns the paths. WriteError if it cannot."""
        from inferon.analysis.files import write_analysis

        return write_analysis(self, Path(folder))

    def __repr__(self) -> str:
        head = f"Analysis of {self.request.name}: {self.n} patients, groups {', '.join(self.groups)}"
        parts = self.incidence.values() if self.request.competing else self.survival.values()
        tables = [f"{finding.title}: {finding.about}" for finding in self.findings]
        return "\n".join([head, *map(repr, parts), *tables])

    def _drawn(self, group: str, cause: str, at_start: float, curve: pl.DataFrame) -> pl.DataFrame:
        first = {"time": self.origin, "estimate": at_start, "lower": None, "upper": None}
        names = list(first)
        schema = [(name, pl.Float64) for name in names]
        rows = pl.concat([pl.DataFrame([first], schema=schema), curve.select(names).fill_nan(None)])
        return rows.select(pl.lit(group).alias("group"), pl.lit(cause).alias("cause"), pl.all())
