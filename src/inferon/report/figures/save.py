"""A chart as files: SVG for the page and the printer, PNG for slides."""

from pathlib import Path
from typing import Any

import vl_convert

PIXELS_PER_INCH = 200
"""Resolution of the PNG; a figure 640 units wide becomes 1,778 pixels, enough for a journal column."""


def save_figure(chart: Any, path_stem: str | Path) -> tuple[Path, Path]:
    """Write `<path_stem>.svg` and `<path_stem>.png`; returns both paths. The folder must exist."""
    svg, png = (Path(f"{path_stem}.{kind}") for kind in ("svg", "png"))
    specification = chart.to_dict()
    svg.write_text(vl_convert.vegalite_to_svg(specification), encoding="utf-8")
    png.write_bytes(vl_convert.vegalite_to_png(specification, scale=1.0, ppi=PIXELS_PER_INCH))
    return svg, png
