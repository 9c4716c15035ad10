"""The analysis set of an oracle case, built from its `analysis.data` block and nothing else."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from .oracle_episodes import START, STOP, changing_columns, split
from .oracle_expression import expression

OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class AnalysisSet:
    """Patients with `time`, `cause` (0 = censored), `stratum` (None without strata) and groups by label.

    `frame` holds every column of the data set after derivation and filters; `cause` is None where the case names no event
    column (interval-censored times, tables of transitions), `start`, `weights` and `cluster` where it names none. With
    covariates that change with time there is one row an episode, from `start` to `time`.
    """

    frame: pl.DataFrame
    time: str | None
    cause: pl.Series | None
    groups: Mapping[str, pl.Series]
    stratum: pl.Series | None
    start: pl.Series | None
    weights: pl.Series | None
    covariates: tuple[str, ...]
    cluster: pl.Series | None = None

    def times(self, group: str) -> pl.Series:
        assert self.time is not None, "the case names no time"
        return self.frame[self.time].filter(self.groups[group])

    def causes(self, group: str) -> pl.Series:
        assert self.cause is not None, "the case names no event"
        return self.cause.filter(self.groups[group])

    def group_labels(self) -> list[str]:
        """The label of every patient's group; groups must not overlap."""
        table = pl.DataFrame(dict(self.groups))
        assert (table.sum_horizontal() == 1).all(), "groups overlap or leave a patient out"
        return [label for row in table.iter_rows(named=True) for label, member in row.items() if member]


def analysis_set(case: Any, data_folder: Path) -> AnalysisSet:
    """Derive, filter, drop rows with missing values, then read causes, groups and strata."""
    data = case.data
    frame = pl.concat([_source(part, data_folder) for part in _parts(case)], how="diagonal_relaxed")
    for step in data.get("derive", []):
        frame = frame.with_columns(expression(step["expr"]).alias(step["column"]))
    for rule in data.get("filter", []):
        frame = frame.filter(_condition(rule))
    changing = data.get("counting_process")
    later = changing_columns(changing) if changing else set()
    frame = frame.drop_nulls([name for name in _used_columns(data) if name not in later and name in frame.columns])
    time, start = data.get("time"), data.get("start")
    if changing:
        frame = split(frame, changing, tuple(_columns(data.get("covariates"))), data_folder)
        time, start = STOP, START
        frame = frame.drop_nulls(_used_columns(data))
    strata, cluster = _columns(data.get("strata")), _columns(data.get("cluster"))
    return AnalysisSet(
        frame,
        time,
        _cause(frame, data["event"]) if data.get("event") else None,
        _groups(frame, data),
        _joined(frame, strata) if strata else None,
        frame[start] if start else None,
        frame[data["weights"]] if data.get("weights") else None,
        tuple(_columns(data.get("covariates"))),
        _joined(frame, cluster) if cluster else None,
    )


def _parts(case: Any) -> list[Mapping[str, Any]]:
    return case.data.get("combine") or [{"dataset": case.dataset}]


def _source(part: Mapping[str, Any], folder: Path) -> pl.DataFrame:
    path = folder / f"{part['dataset'].removesuffix('.csv')}.csv"
    frame = pl.read_csv(path, null_values=["NA", ""], infer_schema_length=None)
    return frame.with_columns(pl.lit(value).alias(name) for name, value in part.get("set", {}).items())


def _condition(rule: Mapping[str, Any]) -> pl.Expr:
    column = pl.col(rule["column"])
    if rule["op"] == "notna":
        return column.is_not_null()
    if rule["op"] == "in":
        return column.is_in(rule["value"])
    other = pl.col(rule["other"]) if "other" in rule else pl.lit(rule["value"])
    return OPERATORS[rule["op"]](column, other)


def _used_columns(data: Mapping[str, Any]) -> list[str]:
    event = data.get("event") or []
    events = [event] if isinstance(event, str) else [item["column"] for item in event]
    single = [data[key] for key in ("time", "start", "weights", "left", "frailty") if data.get(key)]
    listed = [name for key in ("group", "strata", "cluster", "covariates") for name in _columns(data.get(key))]
    return list(dict.fromkeys([*single, *events, *listed]))


def _columns(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _cause(frame: pl.DataFrame, event: Any) -> pl.Series:
    if isinstance(event, str):
        return frame[event].cast(pl.Int64)
    chain = pl.lit(0)
    for item in reversed(event):
        chain = pl.when(pl.col(item["column"]) == item["equals"]).then(pl.lit(item["cause"])).otherwise(chain)
    return frame.select(chain.alias("cause")).to_series()


def _groups(frame: pl.DataFrame, data: Mapping[str, Any]) -> dict[str, pl.Series]:
    columns = _columns(data.get("group"))
    if data.get("levels"):
        return {level["label"]: _members(frame, level["equals"]) for level in data["levels"]}
    if not columns:
        return {"all": _members(frame, {})}
    distinct = frame.select(columns).unique().sort(columns)
    return {" ".join(map(str, row.values())): _members(frame, row) for row in distinct.iter_rows(named=True)}


def _members(frame: pl.DataFrame, equals: Mapping[str, Any]) -> pl.Series:
    conditions = [pl.col(name) == value for name, value in equals.items()]
    return frame.with_row_index("row").select(pl.all_horizontal([pl.col("row") >= 0, *conditions])).to_series()


def _joined(frame: pl.DataFrame, columns: list[str]) -> pl.Series:
    return frame.select(pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator=" / ")).to_series()
