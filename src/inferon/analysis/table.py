"""A user's table as text, column by column, with the line each row stands on; nothing is converted or repaired here."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl

from inferon.study.errors import InputError, nearest

COMMA_SEPARATED = "a header and rows of comma-separated values in UTF-8"
PARQUET = {".parquet", ".pq"}
MOST_NAMED = 10
MISSING = {"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "."}


@dataclass(frozen=True)
class RawTable:
    """The columns that were asked for, as stripped text.

    lines    the line of each row in a CSV; None for tables without lines, whose rows are counted from 1
    numbers  the row numbers of a table without lines, where only some of its rows are kept; None: 1, 2, 3 …
    """

    file: str | None
    columns: dict[str, list[str]]
    lines: list[int] | None
    numbers: list[int] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))

    def place(self, column: str, row: int) -> dict[str, Any]:
        """Where a cell stands, for errors."""
        if self.lines is not None:
            return {"file": self.file, "line": self.lines[row], "field": column}
        return {"file": self.file, "field": f"{column}, row {self.number(row)}"}

    def number(self, row: int) -> int:
        """The line of a row in its file, or its number in a table without lines."""
        if self.lines is not None:
            return self.lines[row]
        return row + 1 if self.numbers is None else self.numbers[row]

    def position(self, row: int) -> str:
        """`line 14` or `row 13`, for sentences."""
        return f"{self._counted} {self.number(row)}"

    def positions(self, rows: Sequence[int]) -> str:
        """`line 14`, `lines 3, 14 and 15`, or the first MOST_NAMED of them and how many more there are."""
        if len(rows) == 1:
            return self.position(rows[0])
        named = [str(self.number(row)) for row in rows[:MOST_NAMED]]
        named += [f"{len(rows) - MOST_NAMED} more"] if len(rows) > MOST_NAMED else []
        return f"{self._counted}s {', '.join(named[:-1])} and {named[-1]}"

    def kept(self, rows: Sequence[int]) -> "RawTable":
        """Some of the rows; each keeps its line or its number."""
        columns = {name: [cells[row] for row in rows] for name, cells in self.columns.items()}
        numbers = [self.number(row) for row in rows]
        return RawTable(self.file, columns, numbers if self.lines is not None else None, numbers)

    @property
    def _counted(self) -> str:
        return "line" if self.lines is not None else "row"


def read_table(data: Path | pl.DataFrame, columns: Sequence[str], *, optional: Sequence[str] = ()) -> RawTable:
    """Read `columns` of a CSV, a Parquet file or a Polars table, and those of `optional` that are there.

    InputError when a column is missing or nothing is there.
    """
    if isinstance(data, pl.DataFrame):
        return _from_frame(data, columns, optional, None)
    if data.suffix.lower() in PARQUET:
        return _from_frame(_parquet(data), columns, optional, str(data))
    return _from_csv(data, columns, optional)


def _from_frame(frame: pl.DataFrame, columns: Sequence[str], optional: Sequence[str], file: str | None) -> RawTable:
    _require(columns, frame.columns, file, line=None)
    columns = _with(columns, optional, frame.columns)
    if frame.height == 0:
        raise InputError("the table has no rows", file=file, allowed="one row a patient")
    texts = {name: [_text(value) for value in frame[name].to_list()] for name in columns}
    return RawTable(file, texts, None)


def _parquet(path: Path) -> pl.DataFrame:
    _bytes(path)
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise InputError("the file is not a Parquet table", file=path, allowed="Parquet or CSV") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _with(columns: Sequence[str], optional: Sequence[str], present: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*columns, *(name for name in optional if name in present)]))


def _from_csv(path: Path, columns: Sequence[str], optional: Sequence[str]) -> RawTable:
    rows = _rows(_decoded(path), path)
    line, header = next(rows, (1, []))
    if not any(header):
        raise InputError("the file is empty", file=path, allowed=COMMA_SEPARATED)
    _check_header(header, path, line, columns)
    columns = _with(columns, optional, header)
    wanted = [(header.index(name), []) for name in columns]
    lines: list[int] = []
    for line, cells in rows:
        if len(cells) != len(header):
            allowed = f"{len(header)} values, as in the header"
            raise InputError("the row has the wrong length", file=path, line=line, found=len(cells), allowed=allowed)
        lines.append(line)
        for index, column in wanted:
            column.append(cells[index])
    if not lines:
        raise InputError("there is a header but no patient below it", file=path, line=line, allowed="one row a patient")
    return RawTable(str(path), {name: column for name, (_, column) in zip(columns, wanted, strict=True)}, lines)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else None
        raise InputError("there is no such file", file=path, meant=near) from None
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror or error})", file=path) from None


def _decoded(path: Path) -> str:
    raw = _bytes(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("the file is not readable as text", file=path, line=line, allowed=COMMA_SEPARATED) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError("the file is not readable as text", file=path, line=line, allowed=COMMA_SEPARATED)
    return text


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row; blank lines are passed over only at the end of the file."""
    reader = csv.reader(StringIO(text.rstrip() and text.rstrip() + "\n", newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"not readable as CSV ({error})", file=path, line=line, allowed=COMMA_SEPARATED) from None
        yield line, [cell.strip() for cell in cells]


def _check_header(header: list[str], path: Path, line: int, columns: Sequence[str]) -> None:
    other = next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)
    if other:
        raise InputError("the values are not separated by commas", file=path, line=line, found=other, allowed="commas")
    twice = next((name for name in columns if header.count(name) > 1), None)
    if twice:
        message = "the header names a column twice"
        raise InputError(message, file=path, line=line, found=twice, allowed="each column once")
    _require(columns, header, path, line=line)


def _require(columns: Sequence[str], present: Sequence[str], file: Path | str | None, *, line: int | None) -> None:
    missing = next((name for name in columns if name not in present), None)
    if missing is not None:
        raise InputError("there is no such column", file=file, line=line, found=missing, allowed=list(present))
