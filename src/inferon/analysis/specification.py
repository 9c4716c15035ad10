"""An analysis declared in a small YAML file: the same fields as the command line.

    data: bmt.csv            # beside this file
    time: t2
    time_unit: days
    causes:                  # first match wins, else censored
      relapse: d2:1
      death: d3:1
    group: group
    times: [100, 365, 730]

or, instead of causes:  event: Status,  codes: {relapse: 1, death: 2},  censor: 0.
Optional: every other argument of `inferon.analysis.analyse`, such as covariates: [age, disease:AML].
"""

from pathlib import Path
from typing import Any

from inferon.analysis.requesting import Where
from inferon.study.document import Document, read_document
from inferon.study.errors import InputError

MAPPINGS = ("causes", "codes")
TEXTS = ("data", "time", "time_unit", "event", "group", "id", "start", "weights", "adtte", "title")
CHOSEN = (
    "censor",
    "only",
    "leave_out",
    "labels",
    "reference",
    "strata",
    "covariates",
    "landmark",
    "clock",
    "reached",
    "times",
    "tau",
    "weighting",
)
FIELDS = (*TEXTS, *MAPPINGS, *CHOSEN, "variance", "conf_type", "conf_level", "difference")


def read_specification(path: str | Path) -> tuple[dict[str, Any], Where]:
    """The fields of the file (codes as pairs, data as a path from here), and where each stands, for errors."""
    document = _document(path)
    where = _places(document)
    for name, value in document.data.items():
        _check_field(name, value, where)
    fields = {name: value for name, value in document.data.items() if value is not None}
    if "codes" in fields:
        fields["codes"] = [(code, cause) for cause, given in fields["codes"].items() for code in _listed(given)]
    if "data" in fields:
        fields["data"] = Path(path).parent / fields["data"]
    return fields, where


def _document(path: str | Path) -> Document:
    try:
        return read_document(path)
    except InputError as error:
        if error.field != "inferon":
            raise
        allowed = "fields such as data, time and causes"
        raise InputError("", file=error.file, line=error.line, found=error.found, allowed=allowed) from None


def _places(document: Document) -> Where:
    def where(field: str) -> dict[str, Any]:
        return {"file": document.origin.file, "line": document.origin.line((field,)), "field": field}

    return where


def _check_field(name: str, value: Any, where: Where) -> None:
    if name not in FIELDS:
        raise InputError("there is no such field", **where(name), found=name, allowed=FIELDS)
    if name in MAPPINGS and (not isinstance(value, dict) or not value):
        form = "d2:1" if name == "causes" else "1"
        raise InputError("", **where(name), found=value, allowed=f"one line a cause, as in `relapse: {form}`")
    if name in TEXTS and not isinstance(value, str):
        raise InputError("", **where(name), found=value, allowed="text")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
