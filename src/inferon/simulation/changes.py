"""Replaced values: which row of a table, or which parameter of the model, a word of the user names, and what stood there."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from inferon.model.catalogue import folders, parameter_table
from inferon.model.model import Parameter
from inferon.simulation.models import Subject
from inferon.study import InputError, nearest

ALWAYS = ("interferon_pk", "interferon_response", "marrow", "population")
"""Folders whose tables every population and product draws from."""


@dataclass(frozen=True)
class Change:
    """One replaced value.

    Attributes
    ----------
    name: as written: the symbol of a table row, or the full name of one parameter of the model.
    value: the new one. row: what the table has.
    one_parameter: whether it is that parameter's own name; it is then the same in everybody.
    """

    name: str
    value: float
    row: Parameter
    one_parameter: bool

    @property
    def sentence(self) -> str:
        """The new value against that of the table, with the unit."""
        unit = f" {self.row.unit}" if self.row.unit not in ("", "1") else ""
        what = f" ({self.row.description})" if self.row.description else ""
        text = f"{self.name}{what}: {self.value:g} instead of {self.row.value:g}{unit}"
        low, high = self.row.lower, self.row.upper
        outside = low is not None and high is not None and not low <= self.value <= high
        return f"{text}; outside the range of the table, {low:g} to {high:g}" if outside else text


def find_changes(subject: Subject, written: Mapping[str, object], *, field: str = "parameters") -> tuple[Change, ...]:
    """Every replaced value with its row; raises ``InputError`` for an unknown name or an impossible value."""
    rows = _rows(subject)
    return tuple(
        _change(subject, rows, name, value, field) for name, value in written.items() if name not in subject.held
    )


def _change(subject: Subject, rows: Mapping[str, Parameter], name: str, value: object, field: str) -> Change:
    parameters = subject.model.parameters
    if name not in rows and name not in parameters:
        allowed = f"one of the {len({*rows, *parameters})} symbols and parameters of this model (`inferon models show`)"
        message = "the model has no such parameter"
        raise InputError(message, field=field, found=name, allowed=allowed, meant=nearest(name, [*rows, *parameters]))
    one = name in parameters and (subject.own or name not in rows)
    row = parameters[name] if one else rows[name]
    return Change(name, checked_number(value, row, field=f"{field} {name}"), row, one)


def checked_number(value: object, row: Parameter, *, field: str) -> float:
    """The value as a number the row can take; raises ``InputError`` otherwise."""
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise InputError("", field=field, found=value, allowed=f"a number, in {row.unit or '1'}")
    positive = row.lower is not None and row.lower > 0
    if (number < 0 and row.lower is not None and row.lower >= 0) or (number == 0 and positive):
        bound = "above 0" if positive else "0 or more"
        raise InputError("the value is impossible", field=field, found=number, allowed=f"{bound} {row.unit}".strip())
    return number


def _rows(subject: Subject) -> dict[str, Parameter]:
    """The table rows behind the model, its products and its population, by symbol."""
    if subject.own:
        return {}
    used = {row.origin.partition("/")[0] for row in subject.model.parameters.values()}
    chosen = [f for f in folders() if f in used or f in (*ALWAYS, subject.profile.folder)]
    tables = {symbol: row for folder in chosen for symbol, row in parameter_table(folder).items()}
    return tables | {row.symbol: row for row in subject.model.parameters.values()}


def by_symbol(changes: Collection[Change]) -> dict[str, float]:
    """Replaced table values."""
    return {change.name: change.value for change in changes if not change.one_parameter}


def by_parameter(changes: Collection[Change]) -> dict[str, float]:
    """Parameters that are the same in everybody."""
    return {change.name: change.value for change in changes if change.one_parameter}


def drawn_from(subject: Subject, values: Mapping[str, float]) -> dict[str, float]:
    """Those of the replaced table values that the population's tables hold."""
    tables = [parameter_table(folder) for folder in (*ALWAYS, subject.profile.folder)]
    return {symbol: value for symbol, value in values.items() if any(symbol in table for table in tables)}
