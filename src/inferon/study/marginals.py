"""A target mix from a table: the study names a CSV file, and is given its shares as if they stood in the study."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from inferon.study.document import Document, read_text
from inferon.study.errors import NOTHING, InputError
from inferon.study.selection import parse_share

COLUMNS = ("covariate", "class", "share")
FIELD = ("cohort", "weights", "target")


def with_target(document: Document) -> Document:
    """The document with the shares of the table that ``cohort.weights.target`` names, if it names one. Raises InputError.

    A relative path is looked for beside the study file.
    """
    cohort = _record(document.data, "cohort")
    weights = _record(cohort, "weights")
    if not isinstance(weights.get("target"), str):
        return document
    beside = Path(document.origin.file).parent if document.origin.file else Path()
    path = beside / weights["target"]
    if not path.is_file():
        place = {"file": document.origin.file, "line": document.origin.line(FIELD), "field": ".".join(FIELD)}
        allowed = "the path of a CSV file from the study's folder, or the shares themselves"
        raise InputError("there is no such file", **place, found=weights["target"], allowed=allowed)
    target = read_marginals(path)
    return Document({**document.data, "cohort": {**cohort, "weights": {**weights, "target": target}}}, document.origin)


def _record(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    held = data.get(name)
    return held if isinstance(held, Mapping) else {}


def read_marginals(path: Path) -> dict[str, dict[str, float]]:
    """Shares by covariate and class from a CSV with the columns covariate, class, share. Raises InputError with the line."""
    header, *rows = _lines(path) or [(1, [])]
    if header[1] != list(COLUMNS):
        found = ",".join(header[1]) or NOTHING
        raise InputError("", file=path, line=header[0], found=found, allowed=f"the header {','.join(COLUMNS)}")
    target: dict[str, dict[str, float]] = {}
    for line, cells in rows:
        covariate, label, share = _row(path, line, cells)
        if label in target.setdefault(covariate, {}):
            raise InputError(
                "given twice", file=path, line=line, field=covariate, found=label, allowed="each class once"
            )
        target[covariate][label] = share
    return target


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line that holds something."""
    rows = csv.reader(io.StringIO(read_text(path)))
    try:
        return [(rows.line_num, [cell.strip() for cell in row]) for row in rows if row]
    except csv.Error as error:
        raise InputError(f"not readable as CSV ({error})", file=path, line=rows.line_num) from None


def _row(path: Path, line: int, cells: list[str]) -> tuple[str, str, float]:
    if len(cells) != len(COLUMNS) or not all(cells):
        allowed = f"{len(COLUMNS)} values: {', '.join(COLUMNS)} (in quotation marks where one holds a comma)"
        raise InputError("", file=path, line=line, found=",".join(cells), allowed=allowed)
    try:
        return cells[0], cells[1], parse_share(_number(cells[2]))
    except PydanticCustomError as error:
        told: dict[str, Any] = error.context or {}
        raise InputError("", file=path, line=line, field="share", found=cells[2], allowed=told["allowed"]) from None


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
