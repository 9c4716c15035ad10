"""What a cohort of the published size would show under each virtual arm, against what the cohort did show."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import INK, SOFT_INK, colours, percent_axis, rows_axis, shapes, themed, values

PLOT, ROW = 500, 24


def sampling(
    rows: pl.DataFrame, *, arms: list[str], observed: tuple[float, str], exact: tuple[float, float], title: str
) -> alt.LayerChart:
    """Which virtual arms a cohort of this size can tell apart.

    rows       label, arm, assumed, expected_low, expected_high, in percent
    observed   the published percentage and its name: a labelled line
    exact      the exact interval of it, in percent: a shaded band
    """
    scale = alt.Scale(domain=[0, 100])
    y = alt.Y("label:N", sort=rows["label"].to_list(), title=None, axis=rows_axis())
    base = alt.Chart(values(rows)).encode(y=y, color=alt.Color("arm:N", scale=colours(arms), legend=None))
    rule = base.mark_rule(strokeWidth=6, opacity=0.45).encode(
        x=alt.X("expected_low:Q", scale=scale, axis=percent_axis(), title=title), x2="expected_high:Q"
    )
    point = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("assumed:Q", scale=scale, axis=percent_axis(), title=title),
        shape=alt.Shape("arm:N", scale=shapes(arms), legend=None),
    )
    layers = alt.layer(*_published(*observed, exact), rule, point)
    return themed(layers.properties(width=PLOT, height=ROW * rows.height))


def _published(observed: float, name: str, exact: tuple[float, float]) -> list[alt.Chart]:
    seen = [{"observed": observed, "name": name, "low": exact[0], "high": exact[1]}]
    at = alt.Chart(alt.Data(values=seen))
    band = at.mark_rect(color=SOFT_INK, opacity=0.15).encode(x="low:Q", x2="high:Q")
    line = at.mark_rule(color=INK, strokeWidth=1.6, strokeDash=[5, 3]).encode(x="observed:Q")
    word = at.mark_text(baseline="bottom", fontSize=12, color=INK).encode(
        x="observed:Q", y=alt.value(-6), text="name:N"
    )
    return [band, line, word]
