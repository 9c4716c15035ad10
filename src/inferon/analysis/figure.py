"""The curves of an analysis as they are drawn: survival for one event, cumulative incidence a row a cause otherwise."""

from typing import TYPE_CHECKING, Any

import polars as pl

from inferon.analysis.cells import is_number
from inferon.analysis.estimation import free_of
from inferon.report.figures.cumulative_incidence import cumulative_incidence_figure
from inferon.report.words import sentence

if TYPE_CHECKING:
    from inferon.analysis.analysis import Analysis

MOST_STEPS = 1000


def figure(analysis: "Analysis") -> Any:
    """An Altair chart; groups that are bare numbers are shown with their column."""
    request = analysis.request
    named = pl.col("group").replace_strict({group: shown(group, request.group) for group in analysis.groups})
    titles = {cause: sentence(cause) if request.competing else free_of(request) for cause in analysis.causes}
    curves = drawn(analysis.curves).with_columns(named, cause=pl.col("cause").replace_strict(titles))
    measure = "Cumulative incidence" if request.competing else "Event-free"
    unit, landmark = request.time_unit, analysis.patients.landmark
    if landmark and landmark.shift:
        unit = f"{unit} since the landmark at {landmark.at:g}"
    chart = cumulative_incidence_figure(
        curves, analysis.at_risk.with_columns(named, n=pl.col("n").round(0)), time_unit=unit, measure=measure
    )
    return _beginning_at(chart, analysis.origin)


def shown(group: str, column: str | None) -> str:
    """Labels that are bare numbers are shown with their column: "group 1"."""
    return f"{column} {group}" if column and is_number(group) else group


def drawn(curves: pl.DataFrame) -> pl.DataFrame:
    """The steps a drawing can show: where a curve moves, its two ends, and of more than MOST_STEPS an even choice.

    Where limits cease to exist (at 0 or 1) the band reaches to that step.
    """
    each = ["group", "cause"]
    moves = pl.col("estimate") != pl.col("estimate").shift(1).over(each)
    row, last = pl.int_range(pl.len()).over(each), pl.len().over(each) - 1
    steps = curves.filter(moves.fill_null(True) | (row == 0) | (row == last))
    every = pl.max_horizontal(pl.len().over(each) // MOST_STEPS, 1)
    shown = steps.filter((row % every == 0) | (row == last))
    reaching = [pl.coalesce(name, pl.col(name).shift(1).over(each)).alias(name) for name in ("lower", "upper")]
    return shown.with_columns(reaching)


def _beginning_at(chart: Any, origin: float) -> Any:
    """The chart with its time axes beginning at `origin` instead of 0."""
    if origin > 0:
        for panel in chart.vconcat:
            above, below = panel.vconcat
            for layer in (*above.layer, below):
                scale = layer.encoding.x["scale"]
                scale["domain"] = [origin, scale["domain"][-1]]
    return chart
