"""Published results above the virtual arms on one axis of percent: points, intervals, and the band of the families."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import INK, colours, percent_axis, rows_axis, themed, values

PLOT, ROW = 380, 52
MARKERS = {"observed": ("square", 130, True), "expectation": ("diamond", 150, False), "virtual": ("circle", 80, True)}


def published_beside_virtual(rows: pl.DataFrame, *, arms: list[str], title: str) -> alt.LayerChart:
    """How a published proportion lies beside the virtual arms.

    rows   label, arm, kind (observed, expectation, virtual), estimate, lower, upper, family_low, family_high, all in
           percent, and text (printed at the right, lines parted by a line feed); lower and upper are null where no
           interval exists
    """
    y = alt.Y("label:N", sort=rows["label"].to_list(), title=None, axis=rows_axis())
    tint = alt.Color("arm:N", scale=colours(arms), legend=None)
    base = alt.Chart(values(rows)).encode(y=y, color=tint)
    families = base.mark_bar(height=22, opacity=0.3).encode(x=_x("family_low", title), x2="family_high:Q")
    whiskers = base.mark_rule(strokeWidth=2).encode(x=_x("lower", title), x2="upper:Q")
    layers = [
        families.transform_filter("isValid(datum.family_low)"),
        whiskers.transform_filter("isValid(datum.lower)"),
        *(_points(base, kind, title) for kind in MARKERS),
        _text(rows, y),
    ]
    return themed(alt.layer(*layers).properties(width=PLOT, height=ROW * rows.height))


def _x(column: str, title: str) -> alt.X:
    return alt.X(f"{column}:Q", title=title, scale=alt.Scale(domain=[0, 100]), axis=percent_axis())


def _points(base: alt.Chart, kind: str, title: str) -> alt.Chart:
    """Filled squares for observed patients, hollow diamonds for an expectation, filled circles for virtual arms."""
    shape, size, filled = MARKERS[kind]
    marks = base.mark_point(shape=shape, size=size, filled=filled, opacity=1, strokeWidth=2.2)
    return marks.encode(x=_x("estimate", title)).transform_filter(f"datum.kind === '{kind}'")


def _text(rows: pl.DataFrame, y: alt.Y) -> alt.Chart:
    words = alt.Chart(values(rows)).mark_text(align="left", baseline="middle", fontSize=12, lineBreak="\n", color=INK)
    return words.encode(y=y, x=alt.value(PLOT + 16), text="text:N")
