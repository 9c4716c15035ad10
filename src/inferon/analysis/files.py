"""The files of an analysis: tables, figure, page and JSON, all of them or none."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from inferon.analysis.analysis import Analysis
from inferon.analysis.page import render_page
from inferon.report.figures.save import save_figure
from inferon.study.errors import InputError


def write_analysis(analysis: Analysis, folder: Path) -> list[Path]:
    """Write a CSV for every table, curves.csv, the figure, analysis.json, analysis.py, analysis.R and analysis.html.

    Everything is made in a hidden folder beside the others first and then moved, so that a failure leaves nothing.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder cannot be made ({error.strerror or error})"
        raise InputError(message, field="--out", found=str(folder), allowed="a folder that can be written") from None
    with TemporaryDirectory(dir=folder, prefix=".analysis-") as name:
        draft = Path(name)
        _make(analysis, draft)
        made = sorted(path.relative_to(draft) for path in draft.iterdir())
        for path in made:
            os.replace(draft / path, folder / path)
    return [folder / path for path in made]


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
