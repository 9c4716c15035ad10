"""What the drug sets in motion: median and 5–95% band of each readout by arm, stacked on one axis of days."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from inferon.report.figures.theme import INK, SOFT_INK, colour_of, colours, dashes, line_key, themed, values

WIDTH, HEIGHT = 690, 104


@dataclass(frozen=True)
class Panel:
    """One readout: its column value, title, unit, whether its axis starts at zero, a level to mark and its name."""

    readout: str
    title: str
    unit: str
    from_zero: bool = True
    level: float | None = None
    level_name: str = ""


def mechanism(
    bands: pl.DataFrame, *, arms: list[str], panels: Sequence[Panel], dose_days: Sequence[float]
) -> alt.VConcatChart:
    """Which quantity moves, when, and by how much between patients.

    bands       arm, readout, time_days, lower, median, upper (one unit a readout)
    panels      the readouts from top to bottom
    dose_days   study days with a dose, drawn through every panel
    """
    drawn = [_panel(bands, panel, arms, dose_days, last=panel is panels[-1]) for panel in panels]
    return themed(alt.vconcat(*drawn, spacing=14))


def _panel(
    bands: pl.DataFrame, panel: Panel, arms: list[str], dose_days: Sequence[float], *, last: bool
) -> alt.LayerChart:
    rows = bands.filter(pl.col("readout") == panel.readout).select("arm", "time_days", "lower", "median", "upper")
    x = _days(bands, last=last)
    up = {
        "title": panel.unit, "scale": alt.Scale(zero=panel.from_zero),
        "axis": alt.Axis(tickCount=4, minExtent=38, titleFontSize=12),
    }  # fmt: skip
    areas = [
        alt.Chart(values(rows.filter(pl.col("arm") == arm)))
        .mark_area(opacity=0.24, color=colour_of(arms, arm))
        .encode(x=x, y=alt.Y("lower:Q", **up), y2="upper:Q")
        for arm in arms
    ]
    line = alt.Chart(values(rows)).mark_line(strokeWidth=2).encode(
        x=x,
        y=alt.Y("median:Q", **up),
        color=alt.Color("arm:N", scale=colours(arms), legend=line_key()),
        strokeDash=alt.StrokeDash("arm:N", scale=dashes(arms), legend=line_key()),
    )  # fmt: skip
    marks = [_doses(dose_days, x), *areas, line, *_level(panel)]
    return alt.layer(*marks).properties(width=WIDTH, height=HEIGHT, title=panel.title)


def _days(bands: pl.DataFrame, *, last: bool) -> alt.X:
    end = float(bands["time_days"].max() or 1)
    axis = alt.Axis(
        values=list(range(0, int(end) + 1, 30)),
        grid=False,
        format="d",
        labels=last,
        title="Study day" if last else None,
    )
    return alt.X("time_days:Q", axis=axis, scale=alt.Scale(domain=[-4, end], nice=False))


def _doses(dose_days: Sequence[float], x: alt.X) -> alt.Chart:
    days = alt.Data(values=[{"time_days": day} for day in dose_days])
    return alt.Chart(days).mark_rule(color=SOFT_INK, strokeWidth=1, strokeDash=[2, 2]).encode(x=x)


def _level(panel: Panel) -> list[alt.Chart]:
    """A named horizontal line, such as the load at which relapse is called."""
    if panel.level is None:
        return []
    at = alt.Chart(alt.Data(values=[{"level": panel.level, "name": panel.level_name}])).encode(y="level:Q")
    word = at.mark_text(align="left", baseline="middle", dx=5, fontSize=11, color=INK)  # outside, where no line runs
    return [at.mark_rule(color=INK, strokeWidth=1), word.encode(x=alt.value(WIDTH), text="name:N")]
