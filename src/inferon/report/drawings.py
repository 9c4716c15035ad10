"""Figures on disk and inside the page: SVG, PNG and CSV files, and an SVG safe to put beside others in one document."""

import re
from pathlib import Path

from markupsafe import Markup, escape

from inferon.report.blocks import Figure
from inferon.report.figures.save import save_figure

IDENTIFIER = re.compile(r'\bid="([^"]+)"')


def write_figure(folder: Path, figure: Figure) -> Markup:
    """Writes `folder/<name>.{svg,png,csv}` and returns the drawing for the page.

    The CSV holds the plotted data, full precision, one row a mark or a point of a curve.
    """
    stem = folder / figure.name
    save_figure(figure.chart, stem)
    figure.data.write_csv(stem.with_suffix(".csv"))
    return inline_svg(stem.with_suffix(".svg").read_text(encoding="utf-8"), figure)


def inline_svg(text: str, figure: Figure) -> Markup:
    """The drawing with identifiers of its own (two in a page must not share a clip path) and a description."""
    start = text.index("<svg")
    for identifier in dict.fromkeys(IDENTIFIER.findall(text)):
        own = f"{figure.name}-{identifier}"
        text = text.replace(f'id="{identifier}"', f'id="{own}"').replace(f"url(#{identifier})", f"url(#{own})")
        text = text.replace(f'href="#{identifier}"', f'href="#{own}"')
    opening, rest = text[start:].split(">", 1)
    described = f'{opening} role="img" aria-labelledby="{figure.name}-description"'
    return Markup(f'{described}><desc id="{figure.name}-description">{escape(figure.alt)}</desc>{rest}')
