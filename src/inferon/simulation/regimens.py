"""A regimen as a clinician would type it, read into what is given, how much, how often and from when.

    peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1
    interferon alfa-2b 2 MIU/m2 every 2 days for 6 months intravenous
    imatinib 100 % from day 0
    low-dose cytarabine 1 course every 1 month 6 doses
    7+3 induction 1 course from day 550
    500 into depot every 7 days 4 doses from day 0 over 1 day      (a state of the model, in its own unit)

Without a number of doses an interval goes on to the end of the simulation; without an interval there is one dose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from inferon.study import InputError
from inferon.study.quantities import AMOUNT, DOSE_UNITS, NUMBER, SPELLINGS, parse_day, parse_dose, parse_duration

PERCENT = "%"
STATE = "into"
"""What stands between an amount and the state of the model it is given to."""

_UNITS = sorted((*DOSE_UNITS, *SPELLINGS, PERCENT), key=len, reverse=True)
_DOSE = re.compile(rf"(?:(?P<drug>.*?)\s+)?(?P<amount>-?{AMOUNT})\s*(?P<unit>{'|'.join(map(re.escape, _UNITS))})(?!\S)")
_INTO = re.compile(rf"\s*(?P<amount>-?{AMOUNT})\s+into\s+(?P<state>\S+)")
_DAY = rf"day\s*[-+]?{NUMBER}"
_LENGTH = rf"{NUMBER}\s*[^\s\d]+"
_PHRASES = {
    "every": rf"every\s+({_LENGTH})",
    "doses": r"([0-9]{1,5})\s+(?:doses?|times)",
    "lasting": rf"for\s+({_LENGTH})",
    "start": rf"(?:from|on)\s+({_DAY})",
    "over": rf"over\s+({_LENGTH})",
    "route": r"(subcutaneous(?:ly)?|intravenous(?:ly)?)",
}
_EXAMPLE = 'for example "every 14 days", "4 doses", "for 6 months", "from day -1", "subcutaneous"'
_MOST_DOSES = 20_000


@dataclass(frozen=True, kw_only=True)
class Order:
    """One line of treatment.

    Attributes
    ----------
    drug: as written, or the name of a state where ``into_state``.
    amount: of one dose in ``unit`` (a unit of a study's dose, or %; empty for a state).
    days: of the doses.
    over: length of an infusion in days; 0 for a bolus.
    field: where it stands, for sentences.
    """

    drug: str
    amount: float
    unit: str
    days: tuple[float, ...]
    route: str = "subcutaneous"
    over: float = 0.0
    into_state: bool = False
    field: str = ""

    @property
    def interval(self) -> float:
        """Days between two doses; 0 for a single one."""
        return self.days[1] - self.days[0] if len(self.days) > 1 else 0.0

    def refuse(self, message: str, **evidence: Any) -> InputError:
        """The error about this line."""
        return InputError(message, field=self.field, **evidence)


def read_orders(written: Sequence[str], *, end: float) -> tuple[Order, ...]:
    """Every line read; ``end`` is the last day, to which a regimen without a number of doses goes on."""
    return tuple(read_order(line, end=end, field=f"dose {i + 1}") for i, line in enumerate(written))


def read_order(written: str, *, end: float, field: str = "dose") -> Order:
    """One line of treatment; raises ``InputError`` naming what cannot be read in it."""
    text = " ".join(str(written).split())
    into = _INTO.match(text)
    match = into or _DOSE.match(text)
    if match is None or (into is None and not match["drug"]):
        allowed = f'a drug, a dose with its unit ({", ".join((*DOSE_UNITS, PERCENT))}) and when, or "AMOUNT into STATE"'
        raise InputError("the regimen cannot be read", field=field, found=text, allowed=allowed)
    phrases = _phrases(text[match.end() :], field)
    amount, unit = (float(match["amount"]), "") if into else _amount(match["amount"], match["unit"], field)
    if amount < 0 or (amount == 0 and unit != PERCENT):
        raise InputError("", field=field, found=match["amount"], allowed="a dose above zero")
    return Order(
        drug=match["state"] if into else match["drug"],
        amount=amount,
        unit=unit,
        days=_days(phrases, end, field),
        route=(phrases.get("route") or "subcutaneous").removesuffix("ly"),
        over=_told(parse_duration, phrases["over"], field) if "over" in phrases else 0.0,
        into_state=into is not None,
        field=field,
    )


def _amount(amount: str, unit: str, field: str) -> tuple[float, str]:
    if unit == PERCENT:
        return float(amount), PERCENT
    dose = _told(parse_dose, f"{amount} {unit}", field)
    return dose.amount, dose.unit


def _phrases(text: str, field: str) -> dict[str, str]:
    """What follows the dose, in any order; raises for words that belong to nothing and for something said twice."""
    found: dict[str, str] = {}
    rest = re.sub(r"\bdaily\b", "every 1 day", re.sub(r"\bweekly\b", "every 1 week", text)).strip(" ,;")
    while rest:
        name, match = next(
            ((name, m) for name, p in _PHRASES.items() if (m := re.match(rf"{p}(?![^\s,;])", rest))), ("", None)
        )
        if match is None:
            raise InputError("these words of the regimen cannot be read", field=field, found=rest, allowed=_EXAMPLE)
        if name in found:
            raise InputError("the regimen says this twice", field=field, found=match[0], allowed="once")
        found[name], rest = match[1], rest[match.end() :].strip(" ,;")
    return found


def _days(phrases: dict[str, str], end: float, field: str) -> tuple[float, ...]:
    start = _told(parse_day, phrases["start"], field) if "start" in phrases else 0.0
    if "every" not in phrases:
        extra = next((phrases[name] for name in ("lasting", "doses") if name in phrases), None)
        if extra not in (None, "1"):
            raise InputError("there is no interval between the doses", field=field, found=extra, allowed=_EXAMPLE)
        return (start,)
    if "doses" in phrases and "lasting" in phrases:
        raise InputError(
            "the regimen ends twice", field=field, found=f"{phrases['doses']} doses", allowed="a number or a length"
        )
    interval = _told(parse_duration, phrases["every"], field)
    if "doses" in phrases:
        count = int(phrases["doses"])
    elif "lasting" in phrases:
        count = int(np.ceil(_told(parse_duration, phrases["lasting"], field) / interval - 1e-9))
    else:
        count = int(np.floor((end - start) / interval + 1e-9)) + 1
    if not 1 <= count <= _MOST_DOSES:
        raise InputError("", field=field, found=f"{count} doses", allowed=f"1 to {_MOST_DOSES} doses")
    return tuple(float(day) for day in start + interval * np.arange(count))


def _told(parse: Callable[[str], Any], written: str, field: str) -> Any:
    """A quantity of a study, with what is wrong about it told for this line."""
    try:
        return parse(written)
    except PydanticCustomError as error:
        said = error.context or {}
        evidence = {name: said.get(name) for name in ("found", "allowed", "meant")}
        raise InputError(said.get("sentence", ""), field=field, **evidence) from None
