"""An analysis in the terminal: its tables with their methods, what a reader must know, and the R code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inferon.analysis import Analysis, Finding
    from inferon.report.tables import Cell


def print_analysis(analysis: "Analysis", written: Sequence[Path]) -> None:
    """Print every table, the warnings and notes, the R code and where files were written."""
    from rich.console import Console

    from inferon.analysis.page import lead
    from inferon.analysis.page_tables import shown_findings

    console = Console()
    console.print(lead(analysis), markup=False, highlight=False)
    for finding in shown_findings(analysis):
        console.print(_table(analysis, finding))
        console.print(finding.about, style="dim", markup=False, highlight=False)
        console.print()
    for sentence in (*analysis.notes, *analysis.warnings):
        console.print(sentence, style="yellow" if sentence in analysis.warnings else "", markup=False, highlight=False)
    console.print("The same in R:", style="bold")
    console.print(analysis.r_call, markup=False, highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)
    console.print("Research use only; nothing here is advice about a patient.", style="dim")


def _table(analysis: "Analysis", finding: "Finding") -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from inferon.analysis.page_tables import finding_table

    found = finding_table(analysis, finding)
    caption = f"{found.caption[:1].lower()}{found.caption[1:]}"
    table = Table(title=f"{finding.title}: {caption}", box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for column in found.columns:
        label = f"{column.label} ({column.unit})" if column.unit else column.label
        table.add_column(label, justify="right" if column.numeric else "left", overflow="fold")
    for row in found.rows:
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _plain(cell: "str | Cell") -> str:
    from rich.markup import escape

    if isinstance(cell, str):
        return escape(cell)
    return escape(f"{cell.value} ({cell.detail})" if cell.detail else cell.value)
