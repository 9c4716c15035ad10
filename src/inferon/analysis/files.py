"""The files of an analysis: tables, figure, page and JSON, all of them or none."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from inferon.analysis.analysis import Analysis
from inferon.analysis.page import render_page
from inferon.report.figures.save import save_figure
from inferon.study.errors import InputError

FIGURE = "cumulative_incidence"


def write_analysis(analysis: Analysis, folder: Path) -> list[Path]:
    """Write estimates.csv, event_free.csv, tests.csv, curves.csv, the figure, analysis.json, analysis.R, analysis.html.

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


def tests_table(analysis: Analysis) -> pl.DataFrame:
    """Gray's test of each cause and the log-rank test of event-free survival: test, of, statistic, df, p_value."""
    rows = [("Gray", cause, test) for cause, test in (analysis.gray or {}).items()]
    rows += [("log-rank", "event-free survival", analysis.log_rank)] if analysis.log_rank else []
    columns = {"test": pl.String, "of": pl.String, "statistic": pl.Float64, "df": pl.Int64, "p_value": pl.Float64}
    cells = [(kind, of, test.statistic, test.df, test.p_value) for kind, of, test in rows]
    return pl.DataFrame(cells, schema=columns, orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))


def _make(analysis: Analysis, folder: Path) -> None:
    analysis.estimates.write_csv(folder / "estimates.csv")
    analysis.event_free.write_csv(folder / "event_free.csv")
    analysis.curves.write_csv(folder / "curves.csv")
    tests_table(analysis).write_csv(folder / "tests.csv")
    told = json.dumps(analysis.to_json(), ensure_ascii=False, indent=2, allow_nan=False)
    (folder / "analysis.json").write_text(told + "\n", encoding="utf-8")
    (folder / "analysis.R").write_text(analysis.r_call, encoding="utf-8")
    svg, _ = save_figure(analysis.figure(), folder / FIGURE)
    page = render_page(analysis, svg.read_text(encoding="utf-8"))
    (folder / "analysis.html").write_text(page, encoding="utf-8")
