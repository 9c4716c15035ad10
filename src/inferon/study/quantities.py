"""Quantities a study writes with their unit, and the plain numbers a program computes with.

    dose        180 ug, 3 MIU, 400 mg       Dose(amount, unit); which units fit is a matter of the drug
    duration    14 days, 2 weeks, 6 months  days (a month is 30.4375 d, a year 365.25 d)
    day         day -1                      days; day 0 is the graft, or the start of treatment
    percentage  39 %                        a fraction between 0 and 1
    rate        4 per month                 events a month
    loss        5 % per year                the fraction lost in the first year

Arithmetic is decimal until the last step, so what is written is read back to the same number.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from inferon.study.errors import nearest
from inferon.study.frozen import problem

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25

NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,60})?"
AMOUNT = rf"{NUMBER}(?:e[0-9]{{1,2}})?"
DAYS_IN = {"day": Decimal(1), "week": Decimal(7), "month": Decimal("30.4375"), "year": Decimal("365.25")}
DOSE_UNITS = ("ug", "ug/kg", "mg", "MIU", "MIU/m2", "cells/kg", "course")
SPELLINGS = {"µg": "ug", "μg": "ug", "mcg": "ug", "µg/kg": "ug/kg", "μg/kg": "ug/kg", "courses": "course"}
OTHER_UNITS = {"iu", "ng", "g", "kg"}  # real units: proposing ours instead would change the dose a thousandfold


@dataclass(frozen=True)
class Dose:
    """One dose as prescribed: `amount` in `unit`, one of DOSE_UNITS (kg of body weight, m2 of body surface)."""

    amount: float
    unit: str


def _split(written: Any, pattern: str, allowed: str) -> re.Match[str]:
    match = re.fullmatch(pattern, written.strip()) if isinstance(written, str) else None
    if match is None:
        raise problem("", found=written, allowed=allowed)
    return match


def _unit(written: str, unit: str, units: list[str], *, example: str) -> str:
    """`unit` as it stands in `units`, whether written in plural or singular; else a problem that names them."""
    plain = {known.removesuffix("s"): known for known in units}
    known = plain.get(unit) or plain.get(unit.lower().removesuffix("s"))
    if known is not None:
        return known
    close = None if unit.casefold() in OTHER_UNITS else nearest(unit, units)
    raise problem(
        f"the unit {unit!r} does not fit" if unit else "the unit is missing",
        found=written,
        allowed=f'a number with one of the units {", ".join(units)}, as in "{example}"',
        meant=written.replace(unit, close) if unit and close else None,
    )


def _positive(value: Decimal, written: str, what: str) -> float:
    if value <= 0:
        raise problem("", found=written, allowed=f"{what} above zero")
    return float(value)


def parse_dose(written: Any) -> Dose:
    allowed = f'a dose with its unit ({", ".join(DOSE_UNITS)}), as in "180 ug"'
    match = _split(written, rf"(-?{AMOUNT})\s*(\S*)", allowed)
    unit = SPELLINGS.get(match[2]) or _unit(written, match[2], list(DOSE_UNITS), example="180 ug")
    return Dose(_positive(Decimal(match[1]), written, "a dose"), unit)


def parse_duration(written: Any) -> float:
    allowed = 'a length of time with its unit (days, weeks, months, years), as in "6 months"'
    match = _split(written, rf"(-?{NUMBER})\s*([^\s\d]*)", allowed)
    unit = _unit(written, match[2], [f"{unit}s" for unit in DAYS_IN], example="6 months")
    return _positive(Decimal(match[1]) * DAYS_IN[unit.removesuffix("s")], written, "a length of time")


def parse_day(written: Any) -> float:
    match = _split(
        written,
        rf"day\s*([-+]?{NUMBER})",
        'a study day counted from day 0 (the graft, or the start of treatment), as in "day -1"',
    )
    return float(Decimal(match[1])) + 0.0


def parse_percentage(written: Any) -> float:
    allowed = 'a percentage between 0 % and 100 %, as in "39 %"'
    value = Decimal(_split(written, rf"({NUMBER})\s*%", allowed)[1])
    if value > 100:
        raise problem("", found=written, allowed=allowed)
    return float(value / 100)


def parse_estimate(written: Any) -> float:
    """A percentage as a fraction; a plain number as it is, in the unit that stands beside it."""
    if isinstance(written, int | float) and not isinstance(written, bool) and math.isfinite(written):
        return float(written)
    return parse_percentage(written)


def parse_setting(written: Any) -> bool | float | str:
    """What an arm may set: yes or no, a number, or some words on one line."""
    number = isinstance(written, int | float) and math.isfinite(written)
    if number or (isinstance(written, str) and 0 < len(written) <= 80 and written.isprintable()):
        return written
    raise problem("", found=written, allowed="true or false, a number, or text of up to 80 characters")


def parse_rate(written: Any) -> float:
    allowed = 'patients per day, week, month or year, as in "4 per month"'
    match = _split(written, rf"(-?{NUMBER})\s+per\s+(\w+)", allowed)
    unit = _unit(written, match[2], list(DAYS_IN), example="4 per month")
    per_month = Decimal(match[1]) * (DAYS_IN["month"] / DAYS_IN[unit])
    return _positive(per_month, written, "a rate")


def parse_loss(written: Any) -> float:
    allowed = 'a percentage per year from 0 % to below 100 %, as in "5 % per year"'
    value = Decimal(_split(written, rf"({NUMBER})\s*%\s+per\s+year", allowed)[1])
    if value >= 100:
        raise problem("", found=written, allowed=allowed)
    return float(value / 100)


def _written(value: float, factor: int = 1) -> str:
    text = format(Decimal(repr(float(value))) * factor, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_dose(dose: Dose) -> str:
    return f"{_written(dose.amount)} {dose.unit}"


def format_duration(days: float) -> str:
    months, rest = divmod(Decimal(repr(float(days))), DAYS_IN["month"])
    count, unit = (str(int(months)), "month") if months and not rest else (_written(days), "day")
    return f"{count} {unit}" if count == "1" else f"{count} {unit}s"


def format_day(day: float) -> str:
    return f"day {_written(day)}"


def format_percentage(fraction: float) -> str:
    return f"{_written(fraction, 100)} %"


def format_rate(per_month: float) -> str:
    return f"{_written(per_month)} per month"


def format_loss(fraction: float) -> str:
    return f"{_written(fraction, 100)} % per year"


def _field(parse: Callable[[Any], Any], write: Callable[[Any], str], pattern: str, description: str) -> tuple[Any, ...]:
    schema = {"type": "string", "pattern": rf"^\s*{pattern}\s*$", "description": description}
    return PlainValidator(parse), PlainSerializer(write, return_type=str), WithJsonSchema(schema)


_UNITS = "|".join((*DOSE_UNITS, *SPELLINGS))
_DOSE = _field(parse_dose, format_dose, rf"{AMOUNT}\s*({_UNITS})", "a dose, as in 180 ug")
_DURATION = _field(parse_duration, format_duration, rf"{NUMBER}\s*(day|week|month|year)s?", "as in 6 months")
_DAY = _field(
    parse_day, format_day, rf"day\s*[-+]?{NUMBER}", "a study day; day 0 is the graft, or the start of treatment"
)
_PERCENTAGE = _field(parse_percentage, format_percentage, rf"{NUMBER}\s*%", "as in 39 %")
_RATE = _field(parse_rate, format_rate, rf"{NUMBER}\s+per\s+(day|week|month|year)s?", "as in 4 per month")
_LOSS = _field(parse_loss, format_loss, rf"{NUMBER}\s*%\s+per\s+year", "as in 5 % per year")

_ESTIMATE = {
    "anyOf": [_PERCENTAGE[2].json_schema, {"type": "number"}],
    "description": "as in 39 %, or a number with a unit",
}
_SETTING = {"type": ["boolean", "number", "string"], "description": "as the model's settings allow"}

DoseField = Annotated[Dose, *_DOSE]
DurationField = Annotated[float, *_DURATION]
DayField = Annotated[float, *_DAY]
PercentageField = Annotated[float, *_PERCENTAGE]
RateField = Annotated[float, *_RATE]
LossField = Annotated[float, *_LOSS]
EstimateField = Annotated[
    float,
    PlainValidator(parse_estimate),
    PlainSerializer(format_percentage, return_type=str),
    WithJsonSchema(_ESTIMATE),
]
SettingField = Annotated[Any, PlainValidator(parse_setting), WithJsonSchema(_SETTING)]
