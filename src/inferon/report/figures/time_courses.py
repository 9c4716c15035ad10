"""Small multiples over time: a line and a band by arm in each panel, stacked on one axis."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from inferon.report.figures.theme import colour_of, colours, dashes, line_key, themed, values

WIDTH, HEIGHT = 640, 132
FEW_ARMS, MOST_BANDS = 4, 6
"""From so many arms on bands are drawn paler, since they overlap; with more than the second there are none."""


def time_courses(
    rows: pl.DataFrame, *, arms: list[str], panels: Sequence[tuple[str, str, bool]], time_unit: str
) -> alt.VConcatChart:
    """How each quantity goes in each arm.

    rows     panel, arm, time, middle, lower, upper (limits may be null)
    panels   (panel as in `rows`, unit, whether its axis starts at zero), from top to bottom
    """
    end = float(rows["time"].max() or 1)
    drawn = [_panel(rows, panel, arms, end, time_unit if panel is panels[-1] else "") for panel in panels]
    return themed(alt.vconcat(*drawn, spacing=14))


def _panel(
    rows: pl.DataFrame, panel: tuple[str, str, bool], arms: list[str], end: float, time_unit: str
) -> alt.LayerChart:
    name, unit, from_zero = panel
    mine = rows.filter(pl.col("panel") == name).select("arm", "time", "middle", "lower", "upper")
    axis = alt.Axis(
        grid=False,
        tickCount=12,
        format="~f",
        labels=bool(time_unit),
        title=f"Time ({time_unit})" if time_unit else None,
    )
    x = alt.X("time:Q", axis=axis, scale=alt.Scale(domain=[0, end], nice=False))
    up: dict[str, Any] = {
        "title": unit, "scale": alt.Scale(zero=from_zero),
        "axis": alt.Axis(tickCount=4, minExtent=42, titleFontSize=12),
    }  # fmt: skip
    known = mine.drop_nulls(["lower", "upper"])
    areas = [
        alt.Chart(values(known.filter(pl.col("arm") == arm)))
        .mark_area(opacity=0.18 if len(arms) < FEW_ARMS else 0.09, color=colour_of(arms, arm))
        .encode(x=x, y=alt.Y("lower:Q", **up), y2="upper:Q")
        for arm in (arms if len(arms) <= MOST_BANDS else ())
    ]
    legend = line_key(len(arms)) if len(arms) > 1 else None
    line = alt.Chart(values(mine)).mark_line(strokeWidth=2).encode(
        x=x,
        y=alt.Y("middle:Q", **up),
        color=alt.Color("arm:N", scale=colours(arms), legend=legend),
        strokeDash=alt.StrokeDash("arm:N", scale=dashes(arms), legend=legend),
    )  # fmt: skip
    return alt.layer(*areas, line).properties(width=WIDTH, height=HEIGHT, title=name)
