"""HTML tables with units: a frozen description and the one function that draws it, everything escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Column:
    """One column: its heading, its unit (shown under the heading, empty for none), numbers right-aligned."""

    label: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Cell:
    """A value with a second, smaller line (an interval below its estimate)."""

    value: str
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """What is printed: caption, columns, rows of text or `Cell`; the first `headers` columns name the row."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    headers: int = 1
    note: str = ""


def render_table(table: Table) -> Markup:
    """The table as an HTML fragment; captions, headings and cells are escaped, so any text may be passed."""
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"row of {len(row)} cells in a table of {len(table.columns)} columns: {table.caption}")
    head = Markup("").join(_heading(column) for column in table.columns)
    body = Markup("\n").join(_row(table, row) for row in table.rows)
    note = Markup('<p class="note">{}</p>').format(table.note) if table.note else Markup("")
    return Markup(
        '<div class="table" role="region" tabindex="0" aria-label="{caption}"><table>\n'
        "<caption>{caption}</caption>\n"
        "<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>{note}"
    ).format(caption=table.caption, head=head, body=body, note=note)


def _heading(column: Column) -> Markup:
    unit = Markup('<span class="unit">{}</span>').format(column.unit) if column.unit else Markup("")
    return Markup('<th scope="col"{}>{}{}</th>').format(_number_class(column), column.label, unit)


def _row(table: Table, row: Sequence[str | Cell]) -> Markup:
    cells = Markup("")
    for position, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
        tag, scope = ("th", Markup(' scope="row"')) if position < table.headers else ("td", Markup(""))
        cells += Markup("<{tag}{scope}{kind}>{text}</{tag}>").format(
            tag=Markup(tag), scope=scope, kind=_number_class(column), text=_cell(cell)
        )
    return Markup("<tr>{}</tr>").format(cells)


def _cell(cell: str | Cell) -> Markup:
    if isinstance(cell, Cell):
        detail = Markup('<span class="detail">{}</span>').format(cell.detail) if cell.detail else Markup("")
        return Markup("{}{}").format(cell.value, detail)
    return escape(cell)


def _number_class(column: Column) -> Markup:
    return Markup(' class="number"') if column.numeric else Markup("")
