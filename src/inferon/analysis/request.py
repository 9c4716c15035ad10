"""What is asked of a table of patients: checked before the table is opened."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import polars as pl

from inferon.analysis.coding import ByCode, ByColumns, Coding, by_code, by_columns
from inferon.statistics.aalen_johansen import Variance
from inferon.statistics.confidence import ConfidenceType
from inferon.study.errors import InputError

Where = Callable[[str], dict[str, Any]]
"""From the name of a field to its place (file, line, field), for errors."""

TWO_WAYS = "either causes (NAME=COLUMN:VALUE) or event with codes and censor"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One analysis.

    data        CSV or Parquet file, or a Polars table
    time        column of follow-up, in `time_unit`
    coding      what ended the follow-up
    group, id   columns, or None
    times       report times in `time_unit`, or None for round times over the follow-up
    """

    data: Path | pl.DataFrame
    time: str
    coding: Coding
    group: str | None = None
    id: str | None = None
    times: tuple[float, ...] | None = None
    time_unit: str = "unit of the data"
    variance: Variance = "greenwood_type"
    conf_type: ConfidenceType = "log-log"
    conf_level: float = 0.95
    title: str | None = None

    @property
    def name(self) -> str:
        """What the data are called in print-outs."""
        return self.data.name if isinstance(self.data, Path) else "table"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, the follow-up first."""
        optional = (column for column in (self.group, self.id) if column)
        return tuple(dict.fromkeys((self.time, *self.coding.columns, *optional)))


def make_request(
    data: Any,
    *,
    where: Where,
    time: Any = None,
    causes: Mapping[str, Any] | None = None,
    event: Any = None,
    codes: Iterable[tuple[Any, Any]] = (),
    censor: Any = None,
    times: Any = None,
    time_unit: Any = None,
    **others: Any,
) -> Request:
    """Check plain values and make the request of them; InputError names the field at fault."""
    if data is None:
        raise InputError("no data are named", **where("data"), allowed="a CSV or Parquet file")
    if not time:
        raise InputError("the column of follow-up is not named", **where("time"), allowed="the name of a column")
    _check_choice(others, "variance", Variance, where)
    _check_choice(others, "conf_type", ConfidenceType, where)
    _check_level(others.get("conf_level"), where)
    return Request(
        data=data if isinstance(data, pl.DataFrame) else Path(data),
        time=str(time),
        coding=_coding(causes, event, list(codes), censor, where),
        times=_report_times(times, where),
        time_unit=str(time_unit or "unit of the data"),
        **{name: value for name, value in others.items() if value is not None},
    )


def _coding(
    causes: Mapping[str, Any] | None, event: Any, codes: list[tuple[Any, Any]], censor: Any, where: Where
) -> ByColumns | ByCode:
    if causes and (event or codes):
        raise InputError("events are declared in two ways", **where("causes"), allowed=TWO_WAYS)
    if causes:
        return by_columns(causes, field=where("causes").get("field", "causes"))
    if not event:
        raise InputError("what counts as an event is not declared", **where("causes"), allowed=TWO_WAYS)
    if not codes:
        raise InputError(
            "the codes of the event column are not declared", **where("codes"), allowed="CODE=NAME a cause"
        )
    if censor is None or censor in ([], ()):
        raise InputError("the code of censoring is not declared", **where("censor"), allowed="one code or more")
    return by_code(str(event), codes, censor, field=where("codes").get("field", "codes"))


def _report_times(times: Any, where: Where) -> tuple[float, ...] | None:
    if times is None:
        return None
    wanted = []
    for item in times if isinstance(times, list | tuple) else [times]:
        try:
            value = float(item)
        except (TypeError, ValueError):
            value = math.nan
        if isinstance(item, bool) or not math.isfinite(value) or value < 0:
            raise InputError("", **where("times"), found=item, allowed="numbers >= 0, as in 6,12,24")
        wanted.append(value)
    if not wanted:
        raise InputError("no report time is given", **where("times"), allowed="numbers >= 0, as in 6,12,24")
    return tuple(sorted(set(wanted)))


def _check_choice(values: Mapping[str, Any], name: str, choices: Any, where: Where) -> None:
    if values.get(name) is not None and values[name] not in get_args(choices):
        raise InputError("", **where(name), found=values[name], allowed=get_args(choices))


def _check_level(level: Any, where: Where) -> None:
    if level is not None and (not isinstance(level, int | float) or not 0 < level < 1):
        raise InputError("", **where("conf_level"), found=level, allowed="a number between 0 and 1, as in 0.95")
