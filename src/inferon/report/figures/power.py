"""Power of the randomised trial against its size, one line a family, with Monte-Carlo intervals."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import (
    INK,
    SOFT_INK,
    colours,
    dashes,
    key,
    percent_axis,
    shapes,
    themed,
    values,
)

WIDTH, HEIGHT = 690, 330


def power_by_size(rows: pl.DataFrame, *, families: list[str], target: float) -> alt.LayerChart:
    """How many patients an arm a randomised trial needs.

    rows     family, per_arm, shown_at (per_arm moved sideways so that intervals do not cover each other), power,
             lower, upper in percent
    target   the power aimed at, percent, drawn as a line
    """
    sizes = sorted(rows["per_arm"].unique().to_list())
    across = {
        "title": "Patients per arm", "scale": alt.Scale(domain=[0, sizes[-1] * 1.06], nice=False),
        "axis": alt.Axis(values=sizes, grid=False),
    }  # fmt: skip
    up = {"title": "Power", "scale": alt.Scale(domain=[0, 100]), "axis": percent_axis(step=20)}
    base = alt.Chart(values(rows)).encode(color=alt.Color("family:N", scale=colours(families), legend=key()))
    line = base.mark_line(strokeWidth=1.4, opacity=0.75).encode(
        x=alt.X("per_arm:Q", **across),
        y=alt.Y("power:Q", **up),
        strokeDash=alt.StrokeDash("family:N", scale=dashes(families), legend=None),
    )
    moved = base.encode(x=alt.X("shown_at:Q", **across))
    bars = moved.mark_rule(strokeWidth=1.6).encode(y=alt.Y("lower:Q", **up), y2="upper:Q")
    points = moved.mark_point(filled=True, size=48, opacity=1).encode(
        y=alt.Y("power:Q", **up), shape=alt.Shape("family:N", scale=shapes(families), legend=key())
    )
    return themed(alt.layer(*_target(target), line, bars, points).properties(width=WIDTH, height=HEIGHT))


def _target(target: float) -> list[alt.Chart]:
    at = alt.Chart(alt.Data(values=[{"power": target, "label": f"{target:g}% power"}])).encode(y="power:Q")
    rule = at.mark_rule(color=SOFT_INK, strokeDash=[4, 4])
    word = at.mark_text(align="left", baseline="bottom", dx=4, dy=-2, color=INK, fontSize=12)
    return [rule, word.encode(x=alt.value(0), text="label:N")]
