"""Cumulative incidence by arm with the range over the parameter families: one panel an endpoint."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import PERCENT, colour_of, colours, dashes, line_key, themed, values

PANEL, HEIGHT = 330, 260


def family_curves(curves: pl.DataFrame, *, arms: list[str], panels: list[str]) -> alt.HConcatChart:
    """How far the families are apart over time.

    curves   panel, arm, time_months, low, high (range over families), lead (the leading family), all in percent
    """
    top = max(10.0, 10 * -(-float(curves["high"].max() or 0) // 10))
    drawn = [_panel(curves.filter(pl.col("panel") == panel), panel, arms, top) for panel in panels]
    return themed(alt.hconcat(*drawn, spacing=30))


def _panel(rows: pl.DataFrame, title: str, arms: list[str], top: float) -> alt.LayerChart:
    months = alt.Axis(values=list(range(0, 121, 3)), grid=False, format="d")
    x = alt.X("time_months:Q", title="Months since graft", axis=months)
    up = {"title": "Cumulative incidence", "scale": alt.Scale(domain=[0, top]), "axis": alt.Axis(labelExpr=PERCENT)}
    bands = [
        alt.Chart(values(rows.filter(pl.col("arm") == arm)))
        .mark_area(opacity=0.35, color=colour_of(arms, arm))
        .encode(x=x, y=alt.Y("low:Q", **up), y2="high:Q")
        for arm in arms
    ]
    line = alt.Chart(values(rows)).mark_line(strokeWidth=2).encode(
        x=x,
        y=alt.Y("lead:Q", **up),
        color=alt.Color("arm:N", scale=colours(arms), legend=line_key()),
        strokeDash=alt.StrokeDash("arm:N", scale=dashes(arms), legend=line_key()),
    )  # fmt: skip
    return alt.layer(*bands, line).properties(width=PANEL, height=HEIGHT, title=title)
