"""NONMEM-style records in: a table of events, one row a record, checked and with every default written out.

Columns (any case): ID TIME AMT RATE II ADDL SS EVID CMT MDV, DV, and the covariates that are asked for. A blank or ``.`` cell
of a dosing item is 0, as in NM-TRAN. A missing covariate takes the subject's last value. A table without EVID gets it as in
NM-TRAN: 1 where a dose is written, 2 where MDV is 1, else 0. Any other column is reported in ``unused`` and never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from inferon.protocol.record_checks import check_records
from inferon.study.errors import InputError, nearest

ITEMS = ("ID", "TIME", "AMT", "RATE", "II", "ADDL", "SS", "EVID", "CMT", "MDV")
_OPTIONAL = ("AMT", "RATE", "II", "ADDL", "SS", "CMT")
_WHOLE = ("ADDL", "SS", "EVID", "CMT", "MDV")
_REFUSED = {"DATE": "calendar dates", "DAT1": "calendar dates", "DAT2": "calendar dates", "DAT3": "calendar dates",
            "CONT": "continued records"}  # fmt: skip
_MISSING = ("", ".", "NA")


@dataclass(frozen=True)
class Records:
    """A checked table of records.

    Attributes
    ----------
    table: ID, TIME, AMT, RATE, II, ADDL, SS, EVID, CMT, MDV, DV where there is one, then the covariates; one row a record.
    covariates: names of the covariate columns.
    unused: columns of the source that were not read.
    file: where the table came from, for sentences.
    """

    table: pl.DataFrame
    covariates: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    file: str | None = None

    def __len__(self) -> int:
        return self.table.height

    def column(self, name: str) -> np.ndarray:
        """A numeric column as an array, shape (records,)."""
        return self.table[name].to_numpy()

    def fault(self, row: int, column: str, message: str, **evidence: Any) -> InputError:
        """The error for one cell: names file, row (counted from 1 below the header), column and subject."""
        return _fault(self.file, row, column, self.table["ID"][int(row)], message, **evidence)


def _fault(file: str | None, row: int, column: str, subject: object, message: str, **evidence: Any) -> InputError:
    return InputError(message, file=file, field=f"{column}, row {row + 1} (ID {subject})", **evidence)


def read_records(data: str | Path | pl.DataFrame, covariates: Sequence[str] = ()) -> Records:
    """The records of a CSV or Parquet file or a Polars table, with the named covariate columns.

    Raises ``InputError``, one sentence with row and column, for the first cell that is missing, unreadable or inconsistent.
    """
    file = None if isinstance(data, pl.DataFrame) else str(data)
    frame = data if isinstance(data, pl.DataFrame) else _from_file(Path(data))
    source = _columns(frame, covariates, file)
    if frame.height == 0:
        raise InputError("the table has no rows", file=file, allowed="one row a record")
    ids = _identifiers(frame[source["ID"]], file)
    numbers = {name: _numbers(frame[source[name]], source[name], ids, file) for name in source if name != "ID"}
    table = pl.DataFrame({"ID": ids, **_with_defaults(numbers, ids, file), **_others(numbers, covariates, ids, file)})
    known = set(source.values())
    records = Records(table, tuple(covariates), tuple(c for c in frame.columns if c not in known), file)
    check_records(records)
    return records


def _from_file(path: Path) -> pl.DataFrame:
    if not path.is_file():
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else None
        raise InputError("there is no such file", file=path, meant=near)
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        raise InputError("the file cannot be read as a table", file=path, allowed="CSV in UTF-8 or Parquet") from None


def _columns(frame: pl.DataFrame, covariates: Sequence[str], file: str | None) -> dict[str, str]:
    """The column of the source behind every item and covariate that is there."""
    found: dict[str, str] = {}
    wanted = {name.upper(): name for name in (*ITEMS, "DV", *covariates)}
    for name in frame.columns:
        key = name.strip().upper()
        if key in _REFUSED:
            raise InputError(
                f"{_REFUSED[key]} are not supported",
                file=file,
                field=name,
                allowed="TIME as a number, one row a record",
            )
        item = wanted.get(key)
        if item in found:
            raise InputError(
                f"two columns stand for {item}", file=file, found=f"{found[item]} and {name}", allowed="one"
            )
        if item:
            found[item] = name
    for name in ("ID", "TIME", *covariates):
        if name not in found:
            raise InputError(f"there is no column {name}", file=file, found=name, allowed=list(frame.columns))
    return found


def _identifiers(column: pl.Series, file: str | None) -> pl.Series:
    """Subjects as whole numbers where all are, else as text."""
    text = column.cast(pl.String).str.strip_chars()
    empty = (text.is_null() | text.is_in(_MISSING)).arg_true()
    if len(empty):
        raise InputError("a record belongs to nobody", file=file, field=f"ID, row {empty[0] + 1}", allowed="a subject")
    number = text.cast(pl.Float64, strict=False)
    whole = number.null_count() == 0 and bool((number == number.round()).all())
    return (number.cast(pl.Int64) if whole else text).alias("ID")


def _numbers(column: pl.Series, name: str, ids: pl.Series, file: str | None) -> pl.Series:
    """The column as numbers, null where a cell is missing."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        value = column.cast(pl.Float64).fill_nan(None)
        missing = value.is_null()
    else:
        text = column.cast(pl.String).str.strip_chars().fill_null("")
        missing = text.is_in(_MISSING)
        value = text.cast(pl.Float64, strict=False)
    bad = (~missing & (value.is_null() | ~value.is_finite())).fill_null(True).arg_true()
    if len(bad):
        row = bad[0]
        raise _fault(file, row, name, ids[row], "the cell is not a number", found=str(column[row]), allowed="a number")
    return pl.select(pl.when(~missing).then(value)).to_series()


def _with_defaults(numbers: dict[str, pl.Series], ids: pl.Series, file: str | None) -> dict[str, pl.Series]:
    """Every item, defaults written out, whole numbers as such."""
    zero = pl.Series(np.zeros(len(ids)))
    items = {"TIME": numbers["TIME"]} | {name: numbers.get(name, zero).fill_null(0.0) for name in _OPTIONAL}
    empty = items["TIME"].is_null().arg_true()
    if len(empty):
        raise _fault(file, empty[0], "TIME", ids[empty[0]], "the record has no time", allowed="a number")
    marked = numbers["MDV"].fill_null(0.0) if "MDV" in numbers else None
    dosed = (items["AMT"] != 0) | (items["RATE"] != 0) | (items["SS"] != 0) | (items["ADDL"] != 0)
    other = (marked == 1) if marked is not None else dosed & False
    derived = pl.select(pl.when(dosed).then(1.0).when(other).then(2.0).otherwise(0.0)).to_series()
    items["EVID"] = numbers["EVID"].fill_null(0.0) if "EVID" in numbers else derived
    items["MDV"] = marked if marked is not None else (items["EVID"] != 0).cast(pl.Float64)
    for name in _WHOLE:
        broken = (items[name] != items[name].round()).arg_true()
        if len(broken):
            row, found = broken[0], items[name][broken[0]]
            raise _fault(
                file, row, name, ids[row], "the cell is not a whole number", found=found, allowed="a whole number"
            )
    return {name: items[name].cast(pl.Int64) if name in _WHOLE else items[name] for name in ITEMS if name != "ID"}


def _others(
    numbers: dict[str, pl.Series], covariates: Sequence[str], ids: pl.Series, file: str | None
) -> dict[str, pl.Series]:
    """The measured value as it stands and the covariates, each subject's last value carried forward."""
    found = {"DV": numbers["DV"]} if "DV" in numbers else {}
    for name in covariates:
        filled = (
            pl.DataFrame({"ID": ids, name: numbers[name]}).select(pl.col(name).forward_fill().over("ID")).to_series()
        )
        empty = filled.is_null().arg_true()
        if len(empty):
            row = empty[0]
            raise _fault(
                file, row, name, ids[row], "the subject's first record has no value to carry on", allowed="a number"
            )
        found[name] = filled
    return found
