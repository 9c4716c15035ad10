"""Published results and the virtual arm below each, on one axis of percent, with what each is printed at the right."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import INK, colours, percent_axis, themed, values

PLOT, ROW = 300, 38
MARKERS = {
    "published": ("square", 85, True),
    "without interval": ("diamond", 90, False),
    "virtual": ("circle", 62, True),
}
ORDER = list(MARKERS)


def beside(rows: pl.DataFrame, *, arms: list[str]) -> alt.LayerChart:
    """How each published proportion lies beside its virtual arm.

    rows   place (from top to bottom), label, arm, kind (published, without interval, virtual), estimate, lower, upper in percent
           (limits null where there is none), text (printed at the right)
    """
    shown = rows.with_columns(
        line=pl.col("place") + pl.when(pl.col("kind") == "virtual").then(0.19).otherwise(-0.19),
    )
    count = int(rows["place"].max() or 0) + 1
    scale = alt.Scale(domain=[-0.6, count - 0.4], reverse=True, nice=False)
    y = alt.Y("line:Q", scale=scale, axis=None)
    base = alt.Chart(values(shown)).encode(y=y, color=alt.Color("arm:N", scale=colours(arms), legend=None))
    x = alt.X("estimate:Q", title="Share of patients", scale=alt.Scale(domain=[0, 100]), axis=percent_axis(step=20))
    whiskers = (
        base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q").transform_filter("isValid(datum.lower)")
    )
    points = [
        base.mark_point(shape=shape, size=size, filled=filled, opacity=1, strokeWidth=2)
        .encode(x=x)
        .transform_filter(f"datum.kind === '{kind}'")
        for kind, (shape, size, filled) in MARKERS.items()
    ]
    words = alt.Chart(values(shown)).mark_text(align="left", baseline="middle", fontSize=11, color=INK)
    names = alt.Chart(values(shown.unique("place", maintain_order=True))).mark_text(
        align="right", baseline="middle", fontSize=11.5, color=INK
    )
    layers = [
        whiskers,
        *points,
        words.encode(y=y, x=alt.value(PLOT + 12), text="text:N"),
        names.encode(y=alt.Y("place:Q", scale=scale, axis=None), x=alt.value(-10), text="label:N"),
    ]
    return themed(alt.layer(*layers).properties(width=PLOT, height=ROW * count))
