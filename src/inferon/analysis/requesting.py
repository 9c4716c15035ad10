"""From plain values (of the command line, a YAML file or Python) to a checked request; errors name the field at fault."""

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import polars as pl

from inferon.analysis.adtte import EVENT, SUBJECT, TIME, TREATMENT, ByCensoringFlag
from inferon.analysis.coding import RULE_FORM, ByCode, ByColumns, Rule, by_code, by_columns, read_rule, split_rule
from inferon.analysis.covariates import Covariate
from inferon.analysis.request import Clock, LeaveOut, Request
from inferon.analysis.weighting import read_weighting
from inferon.statistics.curves.aalen_johansen import Variance
from inferon.statistics.curves.incidence_difference import Interval
from inferon.statistics.shared.confidence import ConfidenceType
from inferon.study.errors import InputError

Where = Callable[[str], dict[str, Any]]
"""From the name of a field to its place (file, line, field), for errors."""

TWO_WAYS = "either causes (NAME=COLUMN:VALUE) or event with codes and censor"
CHOICES = {"variance": Variance, "conf_type": ConfidenceType, "clock": Clock, "difference": Interval}
TIMES = "numbers >= 0, as in 6,12,24"


def make_request(
    data: Any,
    *,
    where: Where,
    time: Any = None,
    causes: Mapping[str, Any] | None = None,
    event: Any = None,
    codes: Iterable[tuple[Any, Any]] = (),
    censor: Any = None,
    **others: Any,
) -> Request:
    """Check plain values and make the request of them; InputError names the field at fault."""
    given = {name: value for name, value in others.items() if value is not None}
    if data is None:
        raise InputError("no data are named", **where("data"), allowed="a CSV or Parquet file")
    adtte = given.get("adtte")
    time = time or (TIME if adtte else None)
    if not time:
        raise InputError("the column of follow-up is not named", **where("time"), allowed="the name of a column")
    _check_choices(given, where)
    if adtte:
        given = {"id": SUBJECT} | ({} if given.get("reached") else {"group": TREATMENT}) | given
        coding = _adtte_coding(str(adtte), causes, event, list(codes), censor, where)
    else:
        coding = _coding(causes, event, list(codes), censor, where)
    given: dict[str, Any] = given | _converted(given, where)
    if not given.get("group"):
        given.pop("group", None)
    return Request(data=data if isinstance(data, pl.DataFrame) else Path(data), time=str(time), coding=coding, **given)


def _converted(given: Mapping[str, Any], where: Where) -> dict[str, Any]:
    """The fields that need more than passing on."""
    makers: dict[str, Callable[[Any], Any]] = {
        "strata": lambda value: tuple(str(column) for column in _listed(value)),
        "covariates": lambda value: tuple(_covariates(value, where)),
        "times": lambda value: _report_times(value, where),
        "landmark": lambda value: _number(value, where, "landmark", least=0.0),
        "tau": lambda value: _number(value, where, "tau", least=0.0, above=True),
        "weighting": lambda value: read_weighting(value, **where("weighting")),
        "reached": lambda value: _reached(value, where),
        "only": lambda value: tuple(_pairs(value, where, "only", ":", "COLUMN:VALUE")),
        "labels": lambda value: tuple(_pairs(value, where, "labels", "=", "VALUE=NAME")),
        "leave_out": lambda value: tuple(_reasons(value, where)),
        "reference": str,
        "time_unit": str,
    }
    found = {name: makers[name](value) for name, value in given.items() if name in makers}
    if found.get("reached") and found.get("landmark") is None:
        raise InputError("what is reached needs a landmark", **where("landmark"), allowed="a number >= 0")
    if found.get("reached") and given.get("group"):
        raise InputError("the groups are declared in two ways", **where("reached"), allowed="either group or reached")
    if given.get("clock") == "origin" and min(found.get("times", (math.inf,))) < (found.get("landmark") or 0.0):
        allowed = f"numbers from the landmark on, {found['landmark']:g}"
        raise InputError("a report time lies before the landmark", **where("times"), allowed=allowed)
    if "clock" in given and found.get("landmark") is None:
        raise InputError("a clock needs a landmark", **where("landmark"), allowed="a number >= 0")
    return found


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


def _adtte_coding(
    parameter: str, causes: Any, event: Any, codes: list[tuple[Any, Any]], censor: Any, where: Where
) -> ByColumns | ByCode | ByCensoringFlag:
    """Codes without an event column are those of EVNTDESC; CNSR then says what is censored."""
    if causes or event:
        return _coding(causes, event, codes, censor, where)
    if censor not in (None, [], ()):
        message = "ADTTE says by CNSR what is censored"
        raise InputError(message, **where("censor"), allowed="no code of censoring, or another event column")
    field = where("codes").get("field", "codes")
    return ByCensoringFlag(parameter, by_code(EVENT, codes, (), field=field).codes)


def _covariates(value: Any, where: Where) -> list[Covariate]:
    pairs = value.items() if isinstance(value, Mapping) else [(item, None) for item in _listed(value)]
    found = []
    for name, reference in pairs:
        column, colon, level = str(name).rpartition(":") if reference is None else (str(name), ":", str(reference))
        column, level = (column, level) if colon else (level, "")
        if not column.strip() or (colon and not level.strip()):
            allowed = "COLUMN, or COLUMN:REFERENCE for categories"
            raise InputError("", **where("covariates"), found=name, allowed=allowed)
        found.append(Covariate(column.strip(), level.strip() or None))
    twice = next((c.column for c in found if [d.column for d in found].count(c.column) > 1), None)
    if twice:
        raise InputError("a covariate is named twice", **where("covariates"), found=twice, allowed="each once")
    return found


def _reached(value: Any, where: Where) -> Rule:
    field = where("reached").get("field", "reached")
    if isinstance(value, Mapping) and len(value) == 1:
        name, condition = next(iter(value.items()))
    else:
        name, condition = split_rule(str(value), field=field)
    rule = read_rule(str(name), condition, field=field)
    if rule.at is None:
        raise InputError("the time it was reached is missing", field=field, found=condition, allowed=RULE_FORM)
    return rule


def _pairs(value: Any, where: Where, field: str, mark: str, form: str) -> list[tuple[str, str]]:
    """Pairs given as a mapping, or as texts with a mark between the two."""
    if isinstance(value, Mapping):
        return [(str(one), str(other)) for one, other in value.items()]
    found = []
    for text in _listed(value):
        one, marked, other = str(text).rpartition(mark) if mark == ":" else str(text).partition(mark)
        if not marked or not one.strip() or not other.strip():
            raise InputError("", **where(field), found=text, allowed=form)
        found.append((one.strip(), other.strip()))
    return found


def _reasons(value: Any, where: Where) -> list[str]:
    for reason in _listed(value):
        if reason not in get_args(LeaveOut):
            raise InputError("", **where("leave_out"), found=reason, allowed=get_args(LeaveOut))
    return list(dict.fromkeys(_listed(value)))


def _report_times(times: Any, where: Where) -> tuple[float, ...]:
    wanted = [_number(item, where, "times", least=0.0, allowed=TIMES) for item in _listed(times)]
    if not wanted:
        raise InputError("no report time is given", **where("times"), allowed=TIMES)
    return tuple(sorted(set(wanted)))


def _number(
    item: Any, where: Where, name: str, *, least: float, above: bool = False, allowed: str | None = None
) -> float:
    try:
        value = math.nan if isinstance(item, bool) else float(item)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < least or (above and value == least):
        told = allowed or f"a number {'>' if above else '>='} {least:g}"
        raise InputError("", **where(name), found=item, allowed=told)
    return value


def _check_choices(given: Mapping[str, Any], where: Where) -> None:
    for name, choices in CHOICES.items():
        if name in given and given[name] not in get_args(choices):
            raise InputError("", **where(name), found=given[name], allowed=get_args(choices))
    level = given.get("conf_level")
    if level is not None and (isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1):
        raise InputError("", **where("conf_level"), found=level, allowed="a number between 0 and 1, as in 0.95")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
