"""Where each value of a comparison lies: which group, cause, time and quantile, in the order of the reference array."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import polars as pl

from ..oracle_cases import Comparison
from .question import Question


@dataclass(frozen=True)
class Place:
    """One value. `timed` without a time: all observed times of the curve; `previous` is the time asked for before."""

    group: str
    cause: int | None = None
    timed: bool = False
    time: float | None = None
    previous: float | None = None
    quantile: float = 0.5


def places(question: Question, comparison: Comparison) -> Iterator[Place]:
    """Every place of the comparison, wildcards filled in, the last axis fastest."""
    start = Place(_fixed_group(question, comparison), _fixed_cause(question, comparison))
    if "time" in comparison.fixed:
        key = comparison.fixed["time"]
        named = isinstance(_parents(question, comparison)["time"], dict)
        start = replace(start, timed=True, time=float(key) if named else comparison.options["times"][int(key)])
    for changes in product(*(_along(axis, question, comparison) for axis in comparison.axes)):
        yield replace(start, **{name: value for change in changes for name, value in change.items()})


def label_of(question: Question, name: str) -> str:
    """The group that `name` stands for: its label, or the same values written as 'column=value'."""
    labels = list(question.set.groups)
    if name in labels:
        return name
    alike = [label for label in labels if _bare(label) == _bare(name)]
    assert len(alike) == 1, f"{name!r} is none of the groups {labels}"
    return alike[0]


def _bare(label: str) -> list[str]:
    """The values alone: 'gtype=1, dtype=2' and '1 2' are the same group, and so are 1, 1.0 and true."""
    values = [part.rpartition("=")[2].strip().lower() for part in re.split(r"[,\s]+(?=\S)", label)]
    return [{"true": "1", "false": "0"}.get(value, re.sub(r"\.0$", "", value)) for value in values]


def _along(axis: str, question: Question, comparison: Comparison) -> list[Mapping[str, Any]]:
    options = comparison.options
    if axis == "group":
        return [{"group": label} for label in question.set.groups]
    if axis == "cause":
        return [{"cause": cause} for cause in options.get("causes") or declared_causes(question)]
    if axis == "quantile":
        return [{"quantile": quantile} for quantile in options["quantiles"]]
    if axis == "row":
        return _rows(question, comparison)
    assert axis == "time", f"no values along {axis!r}"
    times = options.get("times", "all_observed")
    if times == "all_observed":
        return [{"timed": True}]
    return [
        {"timed": True, "time": time, "previous": previous}
        for previous, time in zip([None, *times[:-1]], times, strict=True)
    ]


def _rows(question: Question, comparison: Comparison) -> list[Mapping[str, Any]]:
    options, values = comparison.options, question.case.values
    if "rows" in options:
        return [{"group": _group_where(question, row["equals"]), "cause": row["cause"]} for row in options["rows"]]
    pairs = zip(values[options["row_group"]], values[options["row_time"]], strict=True)
    return [{"group": label_of(question, str(name)), "timed": True, "time": time} for name, time in pairs]


def _group_where(question: Question, equals: Mapping[str, Any]) -> str:
    conditions = [pl.col(name) == value for name, value in equals.items()]
    members = question.set.frame.with_row_index("row_").select(pl.all_horizontal([pl.col("row_") >= 0, *conditions]))
    return next(label for label, own in question.set.groups.items() if own.equals(members.to_series(), null_equal=True))


def _fixed_group(question: Question, comparison: Comparison) -> str:
    labels, key = list(question.set.groups), comparison.fixed.get("group")
    if key is None:
        return labels[0]
    if key.isdigit() and isinstance(_parents(question, comparison)["group"], list):
        return labels[int(key)]
    if key in labels or not key.isdigit():
        return label_of(question, key)
    return labels[int(key) - 1]


def _fixed_cause(question: Question, comparison: Comparison) -> int | None:
    options, key = comparison.options, comparison.fixed.get("cause")
    if key is None:
        return (options.get("causes") or declared_causes(question))[0]
    parent = _parents(question, comparison)["cause"]
    if isinstance(parent, dict):
        return int(key)
    if "cause_key" in options:
        return parent[int(key)][options["cause_key"]]
    return (options.get("causes") or declared_causes(question))[int(key)]


def declared_causes(question: Question) -> list[int]:
    """The causes the case names, whether they occur in a group or not."""
    event = question.case.data["event"]
    return [1] if isinstance(event, str) else [item["cause"] for item in event]


def _parents(question: Question, comparison: Comparison) -> dict[str, Any]:
    """What each wildcard ran over: the container of its key, found along the path from the left."""
    found: dict[str, Any] = {}
    value: Any = question.case.values
    waiting = list(comparison.fixed.items())
    for part in comparison.path.split("/"):
        if waiting and waiting[0][1] == part:
            found[waiting.pop(0)[0]] = value
        value = value[int(part)] if isinstance(value, list) else value[part]
    return found
