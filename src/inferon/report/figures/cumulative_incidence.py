"""Cumulative incidence of competing causes by group: a panel a cause, each with its numbers at risk."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from inferon.report.figures.theme import INK, PERCENT, colour_of, colours, dashes, line_key, themed, values

WIDTH, HEIGHT, ROW = 560, 210, 17
MOST_BANDS = 6
"""With more groups bands hide each other and are left out; the table has the intervals."""


def cumulative_incidence_figure(
    curves: pl.DataFrame,
    at_risk: pl.DataFrame,
    *,
    time_unit: str,
    title: str | None = None,
    measure: str = "Cumulative incidence",
) -> alt.VConcatChart:
    """How many have had each kind of event by when, in each group, and how many are still followed?

    curves     group, cause, time, estimate, lower, upper: fractions of 1; a step at each time, held until the next;
               limits may be null (no band there)
    at_risk    group, time, n: printed below every panel; its times are the ticks of the time axis
    time_unit  unit of `time`, for the axis
    measure    what is estimated, for the other axis

    Groups and causes keep their order of appearance. All panels share their axes.
    """
    groups = at_risk["group"].unique(maintain_order=True).to_list()
    causes = curves["cause"].unique(maintain_order=True).to_list()
    percent = curves.with_columns(pl.col("estimate", "lower", "upper") * 100)
    time_axis, percent_axis = _time_axis(percent, at_risk, time_unit), _percent_axis(percent, measure)
    panels = []
    for cause in causes:
        rows = percent.filter(pl.col("cause") == cause).drop("cause")
        drawn = _curves(rows, groups, cause, time_axis, percent_axis), _numbers(at_risk, groups, time_axis)
        panels.append(alt.vconcat(*drawn, spacing=6))
    return themed(alt.vconcat(*panels, spacing=30, **({"title": title} if title else {})))


def _time_axis(curves: pl.DataFrame, at_risk: pl.DataFrame, time_unit: str) -> dict[str, Any]:
    ticks = at_risk["time"].unique().sort().to_list()
    last = max(*curves["time"].to_list(), *ticks)
    axis = alt.Axis(values=ticks, grid=False, labelOverlap=True, format=",~f")
    return {"title": f"Time ({time_unit})", "scale": alt.Scale(domain=[0, last], nice=False), "axis": axis}


def _percent_axis(curves: pl.DataFrame, measure: str) -> dict[str, Any]:
    highest = max(curves["estimate"].max() or 0.0, curves["upper"].max() or 0.0)
    top = min(100, max(10, 10 * -(-highest // 10)))
    axis = alt.Axis(labelExpr=PERCENT, tickCount=5)
    return {"title": measure, "scale": alt.Scale(domain=[0, top], clamp=True), "axis": axis}


def _curves(
    rows: pl.DataFrame, groups: Sequence[str], cause: str, time: dict[str, Any], percent: dict[str, Any]
) -> alt.LayerChart:
    x = alt.X("time:Q", **time)
    legend = line_key(len(groups)) if len(groups) > 1 else None
    bands = [
        alt.Chart(values(rows.filter(pl.col("group") == group).drop_nulls(["lower", "upper"])))
        .mark_area(interpolate="step-after", color=colour_of(groups, group), opacity=0.16)
        .encode(x=x, y=alt.Y("lower:Q", **percent), y2="upper:Q")
        for group in (groups if len(groups) <= MOST_BANDS else ())
    ]
    lines = alt.Chart(values(rows)).mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=x,
        y=alt.Y("estimate:Q", **percent),
        color=alt.Color("group:N", scale=colours(groups), legend=legend),
        strokeDash=alt.StrokeDash("group:N", scale=dashes(groups), legend=legend),
    )  # fmt: skip
    return alt.layer(*bands, lines).properties(width=WIDTH, height=HEIGHT, title=cause)


def _numbers(at_risk: pl.DataFrame, groups: Sequence[str], time: dict[str, Any]) -> alt.Chart:
    bare = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)
    names = alt.Axis(domain=False, ticks=False, grid=False, labelPadding=20, labelLimit=220, title=None)
    heading = alt.TitleParams("Number at risk", anchor="start", fontWeight="normal", fontSize=12, color=INK, offset=4)
    return (
        alt.Chart(values(at_risk))
        .mark_text(fontSize=11.5, color=INK)
        .encode(
            x=alt.X("time:Q", scale=time["scale"], axis=bare),
            y=alt.Y("group:N", sort=list(groups), axis=names),
            text=alt.Text("n:Q", format=",d"),
        )
        .properties(width=WIDTH, height=ROW * len(groups), title=heading)
    )
