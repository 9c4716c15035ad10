"""How a list of models and a table of a model are printed on a terminal, and a row of parameters as texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PARAMETER = ("symbol", "value", "unit", "range", "CV", "status", "source")
"""Headings of ``parameter_cells``."""


def print_table(title: str | None, headings: Sequence[str], rows: Iterable[Sequence[str]], *, whole: int = 1) -> None:
    """A table, titled or not; the first ``whole`` columns are never broken."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=place < whole)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table, "")


def parameter_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Symbol, value, unit, range, variability, status and source of one row as texts."""
    bounds = f"{row['lower']:g}–{row['upper']:g}" if row["lower"] is not None and row["upper"] is not None else ""
    cv = f"{100 * row['variability']:.0f} %" if row["variability"] else ""
    value = row["value"] if isinstance(row["value"], str) else f"{row['value']:.10g}"
    return row.get("name", row["symbol"]), value, row["unit"], bounds, cv, row["status"], row["source"]
