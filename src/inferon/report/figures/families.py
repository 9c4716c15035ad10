"""The parameter families side by side: a point and its interval for each endpoint, family and arm."""

import altair as alt
import polars as pl

from inferon.report.figures.theme import colours, key, percent_axis, rows_axis, shapes, themed, values

PANEL, ROW, COLUMNS = 122, 30, 5


def families_side_by_side(
    rows: pl.DataFrame, *, arms: list[str], families: list[str], panels: list[str]
) -> alt.FacetChart:
    """Whether the families agree.

    rows   panel (two lines parted by "|"), family, arm, estimate, lower, upper in percent
    """
    tint = alt.Color("arm:N", scale=colours(arms), legend=key())
    base = alt.Chart().encode(
        y=alt.Y("family:N", sort=families, title=None, axis=rows_axis()),
        yOffset=alt.YOffset("arm:N", sort=arms),
        color=tint,
    )
    scale, axis = alt.Scale(domain=[0, 100]), percent_axis(step=50, flush=True)
    rule = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q", title=None, scale=scale, axis=axis), x2="upper:Q")
    point = base.mark_point(filled=True, size=42, opacity=1).encode(
        x=alt.X("estimate:Q", title=None, scale=scale, axis=axis),
        shape=alt.Shape("arm:N", scale=shapes(arms), legend=key()),
    )
    layered = alt.layer(rule, point, data=values(rows)).properties(width=PANEL, height=ROW * len(families))
    header = alt.Header(labelExpr="split(datum.value, '|')", labelPadding=6)
    facet = alt.Facet("panel:N", sort=panels, title=None, header=header)
    return themed(layered.facet(facet=facet, columns=COLUMNS, spacing=22))
