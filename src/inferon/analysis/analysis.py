"""Competing-risk and survival analysis of a table of patients: the computation and its frozen result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from inferon.analysis.patients import read_patients
from inferon.analysis.r_call import r_call
from inferon.analysis.request import Request, make_request
from inferon.analysis.table import read_table
from inferon.statistics import (
    AalenJohansen,
    GrayTests,
    KaplanMeier,
    LogRank,
    aalen_johansen,
    gray,
    kaplan_meier,
    log_rank,
)
from inferon.statistics.aalen_johansen import Variance
from inferon.statistics.confidence import ConfidenceType

ROUND_STEPS = (1, 2, 2.5, 5, 10)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
MOST_TICKS = 6
MOST_STEPS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What the patients show.

    incidence   cumulative incidence of every cause, by group
    survival    event-free survival (no cause has happened yet), by group: Kaplan–Meier
    gray        Gray's test of each cause, None without groups to compare
    log_rank    log-rank test of event-free survival, None without groups to compare
    warnings    sentences a reader must know before using the numbers
    """

    request: Request
    groups: tuple[str, ...]
    causes: tuple[str, ...]
    times: tuple[float, ...]
    incidence: Mapping[str, AalenJohansen]
    survival: Mapping[str, KaplanMeier]
    gray: GrayTests | None
    log_rank: LogRank | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @cached_property
    def estimates(self) -> pl.DataFrame:
        """Cumulative incidence at the report times.

        One row a group, cause and time: estimate, standard_error, lower, upper, at_risk, cumulative_events. Beyond the
        longest follow-up of a group, estimate and limits are null.
        """
        return _known(_by_group({group: curves.at(self.times) for group, curves in self.incidence.items()}))

    @cached_property
    def event_free(self) -> pl.DataFrame:
        """Event-free survival at the report times; the columns of `estimates` without the cause."""
        return _known(_by_group({group: curve.at(self.times) for group, curve in self.survival.items()}))

    @cached_property
    def curves(self) -> pl.DataFrame:
        """The curves from time 0: group, cause, time, estimate, lower, upper (limits null before the first event)."""
        rows = _by_group({group: curves.to_frame() for group, curves in self.incidence.items()})
        shown = rows.select("group", "cause", "time", "estimate", "lower", "upper")
        pairs = shown.filter(pl.col("time") > 0).select("group", "cause").unique(maintain_order=True)
        nothing_yet = [pl.lit(0.0).alias("time"), pl.lit(0.0).alias("estimate")]
        unknown = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("lower", "upper")]
        origin = pairs.with_columns(*nothing_yet, *unknown)
        order = {cause: position for position, cause in enumerate(self.causes)}
        return pl.concat([origin, shown]).sort(
            pl.col("cause").replace_strict(order), pl.col("group").replace_strict(self._group_order), "time",
            maintain_order=True,
        )  # fmt: skip

    @cached_property
    def at_risk(self) -> pl.DataFrame:
        """Numbers at risk for the figure: group, time (round times over the follow-up), n."""
        ticks = round_times(self.longest_follow_up, unit=self.request.time_unit)
        frames = [
            curve.at(ticks).select(pl.lit(group).alias("group"), "time", n="at_risk")
            for group, curve in self.survival.items()
        ]
        return pl.concat(frames)

    @property
    def longest_follow_up(self) -> float:
        """The longest follow-up of all patients."""
        return max(curve.last_follow_up for curve in self.survival.values())

    @property
    def n(self) -> int:
        """Patients analysed."""
        return sum(curve.n for curve in self.survival.values())

    @property
    def r_call(self) -> str:
        """The same analysis in R."""
        return r_call(self.request, self.times)

    @property
    def _group_order(self) -> dict[str, int]:
        return {group: position for position, group in enumerate(self.groups)}

    def to_json(self) -> dict[str, Any]:
        """The whole result as plain values (see `inferon.analysis.plain`)."""
        from inferon.analysis.plain import plain_result

        return plain_result(self)

    def figure(self) -> Any:
        """The cumulative incidence curves with intervals and numbers at risk, as an Altair chart."""
        from inferon.report.figures.cumulative_incidence import cumulative_incidence_figure
        from inferon.report.words import sentence

        shown = {group: _shown(group, self.request.group) for group in self.groups}
        named = pl.col("group").replace_strict(shown)
        curves = _drawn(self.curves).with_columns(
            named, cause=pl.col("cause").map_elements(sentence, return_dtype=pl.String)
        )
        return cumulative_incidence_figure(curves, self.at_risk.with_columns(named), time_unit=self.request.time_unit)

    def write(self, folder: str | Path) -> list[Path]:
        """Write tables, figure, page and JSON into `folder`; returns the paths. InputError if it cannot be a folder."""
        from inferon.analysis.files import write_analysis

        return write_analysis(self, Path(folder))

    def __repr__(self) -> str:
        parts = [repr(curves) for curves in self.incidence.values()]
        return "\n".join(
            [f"Analysis of {self.request.name}: {self.n} patients, groups {', '.join(self.groups)}", *parts]
        )


def analyse(
    data: str | Path | pl.DataFrame,
    *,
    time: str,
    causes: Mapping[str, Any] | None = None,
    event: str | None = None,
    codes: Mapping[str, Any] | None = None,
    censor: Any = None,
    group: str | None = None,
    id: str | None = None,
    times: Sequence[float] | None = None,
    time_unit: str | None = None,
    variance: Variance = "greenwood_type",
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
    title: str | None = None,
) -> Analysis:
    """How many patients had each kind of event by when, and do the groups differ?

    data     a CSV or Parquet file, or a Polars table: one row a patient
    time     column of follow-up, a number >= 0 in `time_unit`
    causes   what ended the follow-up, by columns: {"relapse": "d2:1", "death": "d3:1"}; first match wins, else censored
    event, codes, censor   or by the codes of one column: event="Status", codes={"relapse": 1, "death": 2}, censor=0
    group    column of the groups to compare
    id       column that must hold each patient once
    times    report times; by default round times over the follow-up

    Raises InputError (one sentence with file and line) for anything that does not fit; nothing is guessed or repaired.
    """
    pairs = [(code, cause) for cause, given in (codes or {}).items() for code in _listed(given)]
    request = make_request(
        data, where=lambda field: {"field": field}, time=time, causes=causes, event=event, codes=pairs, censor=censor,
        group=group, id=id, times=None if times is None else list(times), time_unit=time_unit, variance=variance,
        conf_type=conf_type, conf_level=conf_level, title=title,
    )  # fmt: skip
    return carry_out(request)


def carry_out(request: Request) -> Analysis:
    """Read the data of a checked request and analyse them; InputError where the data do not fit."""
    patients = read_patients(read_table(request.data, request.columns), request)
    time, cause, group = np.array(patients.time), np.array(patients.cause, dtype=object), np.array(patients.group)
    causes, limits = request.coding.causes, {"conf_type": request.conf_type, "conf_level": request.conf_level}
    incidence, survival = {}, {}
    for label in patients.groups:
        own = group == label
        incidence[label] = aalen_johansen(time[own], cause[own], causes=causes, variance=request.variance, **limits)
        survival[label] = kaplan_meier(time[own], cause[own] != None, **limits)  # noqa: E711 - elementwise
    compared = len(patients.groups) > 1
    tests = gray(time, cause, group, causes=causes) if compared else None
    times = request.times or tuple(round_times(time.max(), unit=request.time_unit)[1:]) or (0.0,)
    return Analysis(
        request, patients.groups, causes, times, MappingProxyType(incidence), MappingProxyType(survival), tests,
        log_rank(time, cause != None, group) if compared else None,  # noqa: E711 - elementwise
        (*patients.warnings, *_beyond(times, survival, request), *_cautions(tests)), patients.notes,
    )  # fmt: skip


def round_times(last: float, *, unit: str = "") -> list[float]:
    """At most seven round times from 0 to `last`: 0, 500, 1000 … for 2,640; parts or multiples of a year in months."""
    if last <= 0:
        return [0.0]
    size = 10.0 ** np.floor(np.log10(last / MOST_TICKS))
    decimal = [size * factor for factor in (*ROUND_STEPS, 20)]
    steps = [*MONTH_STEPS, *decimal] if unit.startswith("month") else decimal
    step = next(step for step in steps if step * MOST_TICKS >= last)
    return [float(round(step * i, 12)) for i in range(int(last / step * (1 + 1e-12)) + 1)]


def _shown(group: str, column: str | None) -> str:
    """Labels that are bare numbers are shown with their column: "group 1"."""
    return f"{column} {group}" if column and group.replace(".", "", 1).lstrip("-").isdigit() else group


def _drawn(curves: pl.DataFrame) -> pl.DataFrame:
    """The steps a drawing can show: where a curve rises, its two ends, and of more than MOST_STEPS an even choice."""
    each = ["group", "cause"]
    rises = pl.col("estimate") != pl.col("estimate").shift(1).over(each)
    row, last = pl.int_range(pl.len()).over(each), pl.len().over(each) - 1
    steps = curves.filter(rises.fill_null(True) | (row == 0) | (row == last))
    every = pl.max_horizontal(pl.len().over(each) // MOST_STEPS, 1)
    return steps.filter((row % every == 0) | (row == last))


def _by_group(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([frame.select(pl.lit(group).alias("group"), pl.all()) for group, frame in frames.items()])


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    within = pl.col("within_follow_up")
    names = ("estimate", "standard_error", "lower", "upper")
    return frame.with_columns(pl.when(within).then(pl.col(name)).alias(name) for name in names).drop("within_follow_up")


def _beyond(times: tuple[float, ...], survival: Mapping[str, KaplanMeier], request: Request) -> list[str]:
    found = []
    for group, curve in survival.items():
        late = [f"{time:g}" for time in times if time > curve.last_follow_up]
        who = f"of group {group} " if request.group else ""
        if late:
            reach = f"The longest follow-up {who}is {curve.last_follow_up:g} {request.time_unit}"
            found.append(f"{reach}: nothing is estimated at {', '.join(late)}.")
    return found


def _cautions(tests: GrayTests | None) -> list[str]:
    return [f"Gray's test of {cause}: {test.caution}." for cause, test in (tests or {}).items() if test.caution]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
