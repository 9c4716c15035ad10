"""Curves as pictures; Altair is imported when one is asked for."""

from typing import Any

import polars as pl


def step_chart(frame: pl.DataFrame, *, title: str, quantity: str, row: str | None = None) -> Any:
    """Estimate and limits against time as steps, one panel for each value of the column `row`.

    frame     time, estimate, lower, upper (null where they do not exist) and, where panels are asked for, `row`
    quantity  what the estimate is: the title of its axis
    """
    import altair

    base = altair.Chart(frame).encode(x=altair.X("time:Q").title("time"))
    band = base.mark_area(interpolate="step-after", opacity=0.2).encode(
        y=altair.Y("lower:Q").title(quantity), y2=altair.Y2("upper:Q")
    )
    line = base.mark_line(interpolate="step-after").encode(y=altair.Y("estimate:Q"))
    chart = altair.layer(band, line).properties(width=420, height=260)
    return chart.facet(row=altair.Row(f"{row}:N")).properties(title=title) if row else chart.properties(title=title)
