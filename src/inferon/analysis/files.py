"""The files of an analysis: tables, figure, page and JSON, all of them or none."""

import json
from functools import partial
from pathlib import Path

from inferon.analysis.analysis import Analysis
from inferon.analysis.page import render_page
from inferon.report.figures.save import save_figure
from inferon.store import write_together


def write_analysis(analysis: Analysis, folder: Path) -> list[Path]:
    """Write a CSV for every table, curves.csv, the figure, analysis.json, analysis.py, analysis.R and analysis.html.

    All of them or none; files of an earlier analysis are replaced. Raises ``WriteError`` where that cannot be.
    """
    return write_together(partial(_make, analysis), folder)


def _make(analysis: Analysis, folder: Path) -> None:
    for finding in analysis.findings:
        finding.frame.write_csv(folder / f"{finding.name}.csv")
    analysis.curves.write_csv(folder / "curves.csv")
    told = json.dumps(analysis.to_json(), ensure_ascii=False, indent=2, allow_nan=False)
    (folder / "analysis.json").write_text(told + "\n", encoding="utf-8")
    (folder / "analysis.py").write_text(analysis.python_call, encoding="utf-8")
    (folder / "analysis.R").write_text(analysis.r_call, encoding="utf-8")
    svg, _ = save_figure(analysis.figure(), folder / analysis.figure_name)
    page = render_page(analysis, svg.read_text(encoding="utf-8"))
    (folder / "analysis.html").write_text(page, encoding="utf-8")
