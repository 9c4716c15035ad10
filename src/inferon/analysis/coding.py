"""How a table says what ended each follow-up: always declared by the user, never guessed.

Two ways to declare it. By columns, one condition a cause, the first that holds decides, none means censored:
    relapse = column d2 is 1, death = column d3 is 1
By codes of one column, every code named:
    column Status: 1 = relapse, 2 = death, 0 = censored
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inferon.study.errors import InputError

RULE_FORM = "NAME=COLUMN:VALUE, as in relapse=d2:1"
CODE_FORM = "CODE=NAME, as in 1=relapse"


@dataclass(frozen=True)
class Rule:
    """Patients whose `column` holds `value` ended with `cause`."""

    cause: str
    column: str
    value: str


@dataclass(frozen=True)
class ByColumns:
    """One rule a cause; the first that holds decides, and a patient for whom none holds is censored."""

    rules: tuple[Rule, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order declared."""
        return tuple(dict.fromkeys(rule.cause for rule in self.rules))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys(rule.column for rule in self.rules))


@dataclass(frozen=True)
class ByCode:
    """The codes of one column: `codes` pairs each code with its cause, `censor` lists the codes of censoring."""

    column: str
    codes: tuple[tuple[str, str], ...]
    censor: tuple[str, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order declared."""
        return tuple(dict.fromkeys(cause for _, cause in self.codes))

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that is read."""
        return (self.column,)


Coding = ByColumns | ByCode


def same_value(one: str, other: str) -> bool:
    """Do two cells hold the same value? Numbers are compared as numbers (1 is 1.0), everything else as text."""
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def split_rule(text: str, *, field: str) -> tuple[str, str]:
    """`relapse=d2:1` as ("relapse", "d2:1"); InputError when it has another form."""
    name, equals, condition = text.partition("=")
    if not equals or not name.strip() or ":" not in condition:
        raise InputError("", field=field, found=text, allowed=RULE_FORM)
    return name.strip(), condition


def split_code(text: str, *, field: str) -> tuple[str, str]:
    """`1=relapse` as ("1", "relapse"); InputError when it has another form."""
    code, equals, name = text.partition("=")
    if not equals or not code.strip() or not name.strip():
        raise InputError("", field=field, found=text, allowed=CODE_FORM)
    return code.strip(), name.strip()


def by_columns(causes: Mapping[str, Any], *, field: str) -> ByColumns:
    """From names of causes to conditions `COLUMN:VALUE` (one, or a list of them)."""
    rules = []
    for cause, conditions in causes.items():
        for condition in _listed(conditions):
            column, colon, value = str(condition).rpartition(":")
            if not colon or not column.strip() or not value.strip():
                allowed = "COLUMN:VALUE, as in d2:1"
                raise InputError(
                    f"the condition of cause {cause} cannot be read", field=field, found=condition, allowed=allowed
                )
            rules.append(Rule(str(cause), column.strip(), value.strip()))
    return ByColumns(tuple(rules))


def by_code(column: str, codes: Iterable[tuple[Any, Any]], censor: Any, *, field: str) -> ByCode:
    """From pairs (code, cause) and the codes of censoring; InputError when a code has two meanings."""
    pairs = tuple((_cell(code), str(cause)) for code, cause in codes)
    censored = tuple(_cell(code) for code in _listed(censor))
    seen: list[str] = []
    for code in (*(code for code, _ in pairs), *censored):
        if any(same_value(code, other) for other in seen):
            raise InputError("a code has two meanings", field=field, found=code, allowed="each code once")
        seen.append(code)
    return ByCode(column, pairs, censored)


def _listed(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _cell(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
