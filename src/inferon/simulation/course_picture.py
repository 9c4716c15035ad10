"""Measured BCR-ABL beside the simulated band of every sample: a panel a published patient, or one for a population."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from inferon.biology.calendar import DAYS_PER_MONTH
from inferon.report.figures.theme import BLUE, INK, VERMILLION, themed, values
from inferon.simulation.course_comparison import FIRST_LINE, CourseComparison

LEAST = 5e-4
"""Percent below which everything is drawn at the bottom, nothing counted included."""

GREATEST = 400
WORDS = {True: "inside the band", False: "outside the band"}
MARKS = ["circle", "triangle-up"]
LIMIT = ["measured", "below the limit"]
LEGEND = "line: simulated median; band: 5 to 95 % of simulated samples; hollow: below the limit of the assay"


def comparison_figure(found: CourseComparison) -> alt.TopLevelMixin:
    """BCR-ABL (percent, logarithmic) by months from the start of treatment; hollow marks are below the limit of the assay."""
    rows = _rows(found.bands)
    heading = alt.TitleParams("BCR-ABL (%) by months from the start of treatment", subtitle=LEGEND, anchor="start")
    if found.beside == FIRST_LINE:
        panel = _panel(rows, rows.sort("month").unique("month", keep="first").sort("month"), 640, 320)
        return themed(panel.properties(title=heading))
    patients = rows["patient"].unique().sort().to_list()
    panels = [
        _panel(part, part.sort("month"), 178, 120, title=f"patient {patient}")
        for patient in patients
        for part in (rows.filter(patient=patient),)
    ]
    return themed(alt.concat(*panels, columns=4, spacing=12, title=heading))


def _rows(bands: pl.DataFrame) -> pl.DataFrame:
    at_least = [pl.col(name).clip(lower_bound=LEAST) for name in ("lower", "median", "upper")]
    limit = pl.col("below_limit") == 1 if "below_limit" in bands.columns else pl.lit(value=False)
    return bands.select(
        "patient",
        *at_least,
        month=(pl.col("days") / DAYS_PER_MONTH).clip(lower_bound=0),
        seen=pl.col("bcrabl_percent").clip(lower_bound=LEAST),
        sample=pl.col("inside").replace_strict(WORDS, return_dtype=pl.String),
        limit=pl.when(limit).then(pl.lit(LIMIT[1])).otherwise(pl.lit(LIMIT[0])),
    )


def _panel(rows: pl.DataFrame, course: pl.DataFrame, width: int, height: int, *, title: str = "") -> Any:
    axis = alt.Axis(values=[0.001, 0.01, 0.1, 1, 10, 100], format="~g", title="BCR-ABL (%)" if width > 200 else None)
    up = {"scale": alt.Scale(type="log", domain=[LEAST, GREATEST], clamp=True), "axis": axis}
    x = alt.X("month:Q", axis=alt.Axis(title="months" if width > 200 else None, grid=False, tickCount=6))
    band = alt.Chart(values(course.select("month", "lower", "median", "upper")))
    points = alt.Chart(values(rows.select("month", "seen", "sample", "limit"))).encode(
        x=x,
        y=alt.Y("seen:Q", **up),
        fillOpacity=alt.FillOpacity("limit:N", scale=alt.Scale(domain=LIMIT, range=[0.75, 0.0]), legend=None),
        **_told_apart(),
    )
    layers = [
        band.mark_area(opacity=0.22, color=BLUE).encode(x=x, y=alt.Y("lower:Q", **up), y2="upper:Q"),
        band.mark_line(color=BLUE, strokeWidth=1.5).encode(x=x, y=alt.Y("median:Q", **up)),
        points.mark_point(size=18, strokeWidth=0.8),
    ]
    chart = alt.layer(*layers).properties(width=width, height=height)
    return chart.properties(title=title) if title else chart


def _told_apart() -> dict[str, Any]:
    """Samples inside and outside by colour and by mark."""
    names = list(WORDS.values())
    key = alt.Legend(title=None, orient="top", direction="horizontal")
    colour, shape = alt.Scale(domain=names, range=[INK, VERMILLION]), alt.Scale(domain=names, range=MARKS)
    return {
        "stroke": alt.Stroke("sample:N", scale=colour, legend=key),
        "fill": alt.Fill("sample:N", scale=colour, legend=key),
        "shape": alt.Shape("sample:N", scale=shape, legend=key),
    }
