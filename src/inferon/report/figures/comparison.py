"""Two virtual populations on one axis of percent: the study's own and the one it is compared with."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import SOFT_INK, colours, key, percent_axis, rows_axis, themed, values

PLOT, ROW = 500, 40


def comparison(rows: pl.DataFrame, *, arms: list[str], populations: list[str], labels: list[str]) -> alt.LayerChart:
    """How much the choice of the virtual population moves each result.

    rows   label (endpoint, time), arm, population, estimate, lower, upper in percent
    """
    base = alt.Chart(values(rows)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=rows_axis()), yOffset=alt.YOffset("arm:N", sort=arms)
    )
    tint = alt.Color("arm:N", scale=colours(arms), legend=key())
    marker = alt.Scale(domain=populations, range=["circle", "diamond"])
    link = base.mark_line(color=SOFT_INK, strokeWidth=1).encode(x=_x("estimate"), detail=["label:N", "arm:N"])
    rule = base.mark_rule(strokeWidth=2).encode(x=_x("lower"), x2="upper:Q", color=tint)
    point = base.mark_point(filled=True, size=75, opacity=1).encode(
        x=_x("estimate"), color=tint, shape=alt.Shape("population:N", scale=marker, legend=key())
    )
    return themed(alt.layer(link, rule, point).properties(width=PLOT, height=ROW * len(labels)))


def _x(column: str) -> alt.X:
    return alt.X(f"{column}:Q", title="Share of patients", scale=alt.Scale(domain=[0, 100]), axis=percent_axis())
