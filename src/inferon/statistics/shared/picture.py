"""Curves and effects as pictures; Altair is imported when one is asked for."""

from collections.abc import Sequence
from typing import Any

import polars as pl

WIDTH, HEIGHT = 420, 260
"""Of one panel of curves, in pixels."""
A_TERM = 28
"""Height of a line of a forest plot, in pixels."""
TINY, HUGE = 1e-3, 1e3
"""Ratios beyond these are drawn at the edge of a forest plot: a coefficient that runs away has no finite limits."""
RATIOS = [digit * 10.0**power for power in range(-3, 4) for digit in (1, 1.5, 2, 3, 5, 7)]
"""Where a logarithmic axis of ratios may have a tick."""
ROOM = 1.05
"""How far an axis of ratios goes on beyond the outermost limit."""


def heading(title: str, subtitle: str = "") -> Any:
    """A title that starts at the left, with what belongs to it in a smaller line below."""
    import altair

    return altair.TitleParams(title, subtitle=subtitle, anchor="start") if subtitle else title


def step_chart(
    frame: pl.DataFrame,
    *,
    title: str,
    quantity: str,
    subtitle: str = "",
    row: str | None = None,
    colour: str | None = None,
    ticks: pl.DataFrame | None = None,
) -> Any:
    """Estimate and limits against time as steps.

    frame     time, estimate, lower, upper (null where they do not exist) and the columns `row` and `colour`
    quantity  what the estimate is: the title of its axis
    row       a panel for each value of this column
    colour    a line for each value of this column
    ticks     time and estimate of the patients censored there, drawn as short strokes
    """
    import altair

    layers = _band_and_line(frame, quantity, colour, interpolate="step-after")
    if ticks is not None and ticks.height:
        censored = altair.Chart(ticks).mark_tick(orient="vertical", size=7, thickness=1, color="black")
        layers.append(censored.encode(x="time:Q", y="estimate:Q"))
    chart = altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    chart = chart.facet(row=altair.Row(f"{row}:N", sort=None).title(None)) if row else chart
    return chart.properties(title=heading(title, subtitle))


def joined_chart(frame: pl.DataFrame, *, title: str, quantity: str, subtitle: str = "", colour: str) -> Any:
    """Estimates and limits at chosen times: a dot each, joined by straight lines; columns as in `step_chart`."""
    import altair

    band, line = _band_and_line(frame, quantity, colour, interpolate="linear", point={"size": 25})
    limits = band.mark_rule(opacity=0.5)  # a band of one time has no width
    return altair.layer(band, limits, line).properties(width=WIDTH, height=HEIGHT, title=heading(title, subtitle))


def _band_and_line(
    frame: pl.DataFrame, quantity: str, colour: str | None, *, interpolate: Any, **line: Any
) -> list[Any]:
    import altair

    base = altair.Chart(frame).encode(x=altair.X("time:Q").title("time"))
    if colour:
        legend = altair.Legend(title=colour, symbolOpacity=1, symbolType="stroke")
        base = base.encode(color=altair.Color(f"{colour}:N", sort=None, legend=legend))
    band = base.mark_area(interpolate=interpolate, opacity=0.2).encode(
        y=altair.Y("lower:Q").title(quantity), y2=altair.Y2("upper:Q")
    )
    estimate = base.mark_line(interpolate=interpolate, **line).encode(y=altair.Y("estimate:Q").title(quantity))
    return [band, estimate]


def forest_chart(
    frame: pl.DataFrame, *, title: str, quantity: str, subtitle: str = "", estimate: str, no_effect: float
) -> Any:
    """Effects with their limits, a line a term, and a dashed line where there is none.

    frame      term, lower, upper and the column `estimate`
    quantity   what the estimate is: the title of its axis
    no_effect  1 for ratios, drawn on a logarithmic axis; 0 for differences
    """
    import altair

    names, terms = ("lower", estimate, "upper"), frame["term"].to_list()
    if no_effect == 1:
        frame = frame.with_columns(pl.col(name).clip(TINY, HUGE) for name in names)
        scale, ticks = _ratio_axis([no_effect, *(value for name in names for value in frame[name].drop_nulls())])
    else:
        scale, ticks = altair.Scale(zero=False), altair.Undefined
    x = {"scale": scale, "axis": altair.Axis(values=ticks), "title": quantity}
    base = altair.Chart(frame).encode(y=altair.Y("term:N", sort=terms).title(None))
    none = altair.Chart(pl.DataFrame({"none": [no_effect]})).mark_rule(strokeDash=[4, 3], color="grey")
    rule = base.mark_rule().encode(x=altair.X("lower:Q", **x), x2="upper:Q")
    point = base.mark_point(filled=True, size=70, opacity=1).encode(x=altair.X(f"{estimate}:Q", **x))
    layered = altair.layer(none.encode(x=altair.X("none:Q", **x)), rule, point)
    return layered.properties(width=WIDTH, height=A_TERM * len(terms), title=heading(title, subtitle))


def _ratio_axis(values: Sequence[float]) -> tuple[Any, list[float]]:
    """A logarithmic scale that holds the values, and its ticks."""
    import altair

    low, high = min(values) / ROOM, max(values) * ROOM
    return altair.Scale(type="log", domain=[low, high]), [tick for tick in RATIOS if low <= tick <= high]
