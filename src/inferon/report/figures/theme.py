"""The look of every figure: colour-blind safe (Okabe–Ito), each series also told apart by line and marker."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
INK, SOFT_INK, GRID = "#1f2328", "#57606a", "#e4e7eb"
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
SERIES = (VERMILLION, BLUE, GREEN, PURPLE, ORANGE, SKY, INK)
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3], [1, 3])
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down", "stroke")
MOST_IN_A_ROW = 4
PERCENT = "datum.value + '%'"


def values(frame: pl.DataFrame) -> alt.InlineData:
    """A table as inline Vega data: no row limit, nulls kept, nothing fetched.

    Handed over as CSV text: Altair checks a list of rows against its schema one by one, seconds for a year of days.
    """
    kinds = {name: "string" if kind == pl.String else "number" for name, kind in frame.schema.items()}
    return alt.InlineData(values=frame.write_csv(), format=alt.CsvDataFormat(type="csv", parse=kinds))


def colours(names: Sequence[str]) -> alt.Scale:
    """A colour for each series, in the order given."""
    return alt.Scale(domain=list(names), range=_cycled(SERIES, len(names)))


def colour_of(names: Sequence[str], name: str) -> str:
    """The colour of one series among `names`."""
    return SERIES[list(names).index(name) % len(SERIES)]


def dashes(names: Sequence[str]) -> alt.Scale:
    """A line style for each series, in the order given; where the colours begin again, the styles do so one further on."""
    shifted = [DASHES[(position + position // len(SERIES)) % len(DASHES)] for position in range(len(names))]
    return alt.Scale(domain=list(names), range=shifted)


def shapes(names: Sequence[str]) -> alt.Scale:
    """A marker for each series, in the order given."""
    return alt.Scale(domain=list(names), range=_cycled(SHAPES, len(names)))


def percent_axis(*, step: int = 10, flush: bool = False) -> alt.Axis:
    """Ticks in percent over the whole range; `flush` keeps the outer labels inside a narrow panel."""
    return alt.Axis(labelExpr=PERCENT, values=list(range(0, 101, step)), labelFlush=flush)


def rows_axis() -> alt.Axis:
    """Names of rows: no line, no ticks, room for long names."""
    return alt.Axis(domain=False, ticks=False, grid=True, labelPadding=8, labelLimit=330)


def key() -> alt.Legend:
    """A legend above the figure, with the markers of the series."""
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        symbolSize=110,
        symbolLimit=0,
        symbolOpacity=1,
        symbolStrokeWidth=0,
    )


def line_key(entries: int = 0) -> alt.Legend:
    """A legend above the figure, with lines long enough to show a dash; many entries stand in rows of three."""
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        symbolType="stroke",
        symbolSize=900,
        symbolStrokeWidth=2.2,
        columns=3 if entries > MOST_IN_A_ROW else alt.Undefined,
    )


def themed(chart: Any) -> Any:
    """The chart with the house's fonts, grid and margins."""
    text = {
        "labelColor": INK,
        "labelFontSize": 12,
        "titleColor": INK,
        "titleFontSize": 12.5,
        "titleFontWeight": "normal",
    }
    return (
        chart.configure(font=FONT, background="white", padding=6, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=GRID, domainColor=SOFT_INK, tickColor=SOFT_INK, titlePadding=8, labelFlush=False, **text
        )
        .configure_legend(labelLimit=320, columnPadding=18, **{**text, "labelFontSize": 12.5})
        .configure_title(fontSize=13, fontWeight="bold", anchor="start", frame="group", color=INK, offset=6)
        .configure_header(labelFontSize=12.5, labelFontWeight="bold", labelColor=INK, title=None, labelLimit=320)
    )


def _cycled(sequence: Sequence[Any], amount: int) -> list[Any]:
    return [sequence[position % len(sequence)] for position in range(amount)]
