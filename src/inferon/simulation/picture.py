"""A simulation as a picture: one panel a quantity, the curve of one patient or the median and band of many, doses marked."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import polars as pl

from inferon.report.figures.theme import BLUE, SOFT_INK, themed, values
from inferon.simulation.results import Simulation

WIDTH, HEIGHT = 640, 132
_LOGARITHMIC = {"cells", "cells/kg", "copies/mL", "%"}
"""Units of quantities that go through powers of ten."""
_WORDS = {
    "L": "leukaemic cells (L)",
    "G": "graft-versus-host disease, index (G)",
    "ANC": "neutrophils (ANC)",
    "PLT": "platelets (PLT)",
    "HB": "haemoglobin (HB)",
    "C": "drug in plasma (C)",
    "S_isg": "interferon signal, 0 to 1 (S_isg)",
    "U": "refractoriness, 0 to 1 (U)",
    "bcr_abl": "BCR-ABL (bcr_abl)",
    "ph_fraction": "Ph-positive share (ph_fraction)",
    "hairy_cell_index": "hairy-cell index of the marrow (hairy_cell_index)",
    "blast_fraction": "share of blasts in the marrow (blast_fraction)",
    "viral_load": "viral load (viral_load)",
    "VAF": "JAK2 V617F allele burden, 0 to 1 (VAF)",
    "HCT": "haematocrit, 0 to 1 (HCT)",
    "WBC": "leucocytes (WBC)",
}
"""What a reader calls a quantity; others keep the name of the model."""
_DECADES, _WORTH_IT = 12, 100.0
_OWN_CURVES = 8
"""Up to so many patients each has a curve; a band of fewer would pretend to more than it knows."""
_RULES = 30
"""Up to so many days with a dose they are drawn through the panels; more would hide the curves and become ticks."""


def simulation_figure(simulation: Simulation) -> alt.TopLevelMixin:
    """Panels from top to bottom in the order of the quantities; on logarithmic axes what is 0 or too small lies at the bottom."""
    names = simulation.quantities
    panels = [_panel(simulation, name, last=name == names[-1]) for name in names]
    return themed(alt.vconcat(*panels, spacing=14).properties(title=_title(simulation)))


def _title(simulation: Simulation) -> alt.TitleParams:
    drugs = list(dict.fromkeys(simulation.doses["drug"].to_list()))
    what = f"{simulation.model}: {', '.join(drugs) or 'nothing given'}"
    if simulation.patients > _OWN_CURVES:
        who = f"{simulation.population}, {simulation.patients:,} virtual patients: median, and 5 to 95 % of those still followed"
    elif simulation.patients > 1:
        who = f"{simulation.population}: each one's own curve"
    else:
        number = simulation.events["patient"][0]
        who = f"{simulation.population}, number {number}" if number else simulation.population
    marks = "; vertical lines: doses" if 0 < simulation.doses["day"].n_unique() <= _RULES else ""
    return alt.TitleParams(what, subtitle=who + marks, subtitleColor=SOFT_INK, subtitleFontSize=12)


def _panel(simulation: Simulation, name: str, *, last: bool) -> alt.LayerChart:
    rows = simulation.bands.filter(pl.col("quantity") == name).rename({simulation.time: "time"})
    unit = simulation.units[name]
    lowest, highest = _limits(rows, unit)
    logarithmic = lowest is not None
    if logarithmic:
        rows = rows.with_columns(pl.col("lower", "median", "upper").clip(lower_bound=lowest))
    start, end = float(rows["time"].min() or 0), float(rows["time"].max() or 1)
    axis = alt.Axis(
        grid=False, tickCount=12, format="~f", labels=last, title=f"Time ({simulation.time_unit})" if last else None
    )
    x = alt.X("time:Q", axis=axis, scale=alt.Scale(domain=[start, end], nice=False))
    scale = alt.Scale(type="log", domain=[lowest, highest]) if logarithmic else alt.Scale(zero=_from_zero(rows))
    ticks = {"values": _decades(lowest, highest), "format": "~e"} if lowest and highest else {"tickCount": 4}
    form = {"format": "~e"} if not logarithmic and _large(rows) else {}
    up: dict[str, Any] = {
        "title": unit,
        "scale": scale,
        "axis": alt.Axis(minExtent=48, titleFontSize=12, **ticks, **form),
    }
    curves = _own_curves if simulation.patients <= _OWN_CURVES else _band
    layers = [*_doses(simulation, x), *curves(simulation, name, rows, x, up)]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=_WORDS.get(name, name))


def _band(_: Simulation, __: str, rows: pl.DataFrame, x: alt.X, up: dict[str, Any]) -> list[alt.Chart]:
    chart = alt.Chart(values(rows.select("time", "lower", "median", "upper").drop_nulls()))
    band = chart.mark_area(opacity=0.2, color=BLUE).encode(x=x, y=alt.Y("lower:Q", **up), y2="upper:Q")
    return [band, chart.mark_line(strokeWidth=1.8, color=BLUE).encode(x=x, y=alt.Y("median:Q", **up))]


def _own_curves(simulation: Simulation, name: str, _: pl.DataFrame, x: alt.X, up: dict[str, Any]) -> list[alt.Chart]:
    least = up["scale"].to_dict().get("domain", [None])[0]
    rows = simulation.courses.select("patient", pl.col(simulation.time).alias("time"), pl.col(name).alias("value"))
    rows = rows.drop_nulls().with_columns(pl.col("value").clip(lower_bound=least))
    chart = alt.Chart(values(rows)).mark_line(strokeWidth=1.8, color=BLUE)
    return [chart.encode(x=x, y=alt.Y("value:Q", **up), detail="patient:N")]


def _limits(rows: pl.DataFrame, unit: str) -> tuple[float | None, float | None]:
    """Ends of a logarithmic axis; none where the axis is linear."""
    seen = pl.concat([rows["lower"], rows["median"], rows["upper"]]).drop_nulls()
    above = seen.filter(seen > 0)
    if unit not in _LOGARITHMIC or not len(above) or float(seen.min() or 0) < 0:
        return None, None
    highest = float(above.max() or 1.0)
    lowest = max(float(above.min() or 1.0), highest * 10.0**-_DECADES)
    return (lowest, highest) if highest / lowest > _WORTH_IT else (None, None)


def _decades(lowest: float, highest: float) -> list[float]:
    """Powers of ten within the axis, at most seven."""
    first, last = int(np.ceil(np.log10(lowest))), int(np.floor(np.log10(highest)))
    return [10.0**power for power in range(first, last + 1, max(1, -(-(last - first) // 6)))]


def _from_zero(rows: pl.DataFrame) -> bool:
    """Whether an axis starts at 0: only where nothing shown would be pressed flat by it."""
    low, high = float(rows["lower"].min() or 0), float(rows["upper"].max() or 0)
    return low >= 0 and high - low > 0.2 * high


def _large(rows: pl.DataFrame) -> bool:
    return float(rows["upper"].max() or 0) >= 1e6


def _doses(simulation: Simulation, x: alt.X) -> list[alt.Chart]:
    days = simulation.doses["day"].unique().sort().to_list()
    if not days:
        return []
    at = alt.Chart(alt.Data(values=[{"time": day} for day in days]))
    if len(days) <= _RULES:
        return [at.mark_rule(color=SOFT_INK, strokeWidth=1, strokeDash=[2, 2]).encode(x=x)]
    return [at.mark_tick(color=SOFT_INK, thickness=1, size=7, orient="vertical").encode(x=x, y=alt.value(HEIGHT - 4))]
