"""The protocol on one axis of days: conditioning, graft, doses, taper, visits and the times endpoints are read."""

from typing import Any

import altair as alt
import polars as pl

from inferon.report.figures.theme import BLUE, GRID, INK, SOFT_INK, VERMILLION, themed, values

WIDTH, LANE, BAR = 600, 46, 0.34
SHADES = {"conditioning": "#8c959f", "suppression": "#c9b458", "window": "#cfe3f2"}
MARKERS = {
    "graft": ("diamond", VERMILLION), "dose": ("triangle-down", BLUE), "visit": ("circle", "#ffffff"),
    "endpoint": ("square", INK),
}  # fmt: skip


def protocol_timeline(
    spans: pl.DataFrame, points: pl.DataFrame, *, lanes: dict[str, str], follow_up_days: float
) -> alt.LayerChart:
    """What is given and looked at, when.

    spans    lane, kind (conditioning, suppression, window), start, end (days), start_height, end_height (0–1)
    points   lane, kind (graft, dose, visit, endpoint), time_days, label (printed above the marker)
    lanes    lane -> remark printed after its last mark; the order of the lanes from top to bottom
    """
    place = {lane: float(position) for position, lane in enumerate(lanes)}
    first = min([0.0, *spans["start"].to_list(), *points["time_days"].to_list()]) - 4
    x = alt.X(
        "time_days:Q", axis=_days(follow_up_days), scale=alt.Scale(domain=[first, follow_up_days + 4], nice=False)
    )
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[len(lanes) - 0.45, -0.55], nice=False, zero=False))
    layers = [
        *_lanes(place, y),
        *_bars(spans, place, x, y),
        _graft(x),
        *_markers(points, place, x, y),
        _remarks(lanes, spans, points, x, y),
    ]
    return themed(alt.layer(*layers).properties(width=WIDTH, height=LANE * len(lanes)))


def _days(follow_up_days: float) -> alt.Axis:
    step = 30 if follow_up_days <= 400 else 30 * round(follow_up_days / 400)
    return alt.Axis(
        title="Study day (day 0 = graft)", values=list(range(0, int(follow_up_days) + 1, step)), grid=False, format="d"
    )


def _lanes(place: dict[str, float], y: alt.Y) -> list[alt.Chart]:
    """The names at the left and a thin line under each lane."""
    named = [{"lane": lane, "place": at} for lane, at in place.items()]
    under = [{"place": at + 0.5} for at in list(place.values())[:-1]]
    words = alt.Chart(alt.Data(values=named)).mark_text(align="right", baseline="middle", fontSize=12.5, color=INK)
    lines = alt.Chart(alt.Data(values=under)).mark_rule(color=GRID).encode(y=y)
    return [lines, words.encode(x=alt.value(-12), y=y, text="lane:N")]


def _bars(spans: pl.DataFrame, place: dict[str, float], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Bars and wedges: a span is an area from its start to its end, as high as its heights there."""
    return [
        alt.Chart(alt.Data(values=_corners(span, place[span["lane"]])))
        .mark_area(opacity=1, color=SHADES[span["kind"]])
        .encode(x=x, y=y, y2="foot:Q")
        for span in spans.to_dicts()
    ]


def _corners(span: dict[str, Any], at: float) -> list[dict[str, Any]]:
    foot = at + BAR / 2
    return [
        {"time_days": span[end], "place": foot - BAR * span[f"{end}_height"], "foot": foot} for end in ("start", "end")
    ]


def _graft(x: alt.X) -> alt.Chart:
    return alt.Chart(alt.Data(values=[{"time_days": 0}])).mark_rule(color=SOFT_INK, strokeDash=[3, 3]).encode(x=x)


def _markers(points: pl.DataFrame, place: dict[str, float], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    placed = points.with_columns(pl.col("lane").replace_strict(place).alias("place"))
    shape = alt.Scale(domain=list(MARKERS), range=[marker for marker, _ in MARKERS.values()])
    tint = alt.Scale(domain=list(MARKERS), range=[colour for _, colour in MARKERS.values()])
    base = alt.Chart(values(placed)).encode(x=x, y=y)
    marks = base.mark_point(filled=True, size=110, opacity=1, stroke=INK, strokeWidth=1).encode(
        shape=alt.Shape("kind:N", scale=shape, legend=None), fill=alt.Fill("kind:N", scale=tint, legend=None)
    )
    halo = base.mark_text(baseline="bottom", dy=-8, fontSize=11, stroke="white", strokeWidth=3).encode(text="label:N")
    words = base.mark_text(baseline="bottom", dy=-8, fontSize=11, color=INK).encode(text="label:N")
    return [marks, halo, words]


def _remarks(lanes: dict[str, str], spans: pl.DataFrame, points: pl.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """The remark of a lane, printed after whatever the lane shows last."""
    rows = []
    for position, (lane, remark) in enumerate(lanes.items()):
        ends = [row["end"] for row in spans.to_dicts() if row["lane"] == lane]
        days = [row["time_days"] for row in points.to_dicts() if row["lane"] == lane]
        rows.append({"time_days": max([0.0, *ends, *days]), "place": float(position), "remark": remark})
    shown = [row for row in rows if row["remark"]]
    text = alt.Chart(alt.Data(values=shown)).mark_text(align="left", baseline="middle", dx=12, fontSize=12, color=INK)
    return text.encode(x=x, y=y, text="remark:N")
