"""How a table says what ended each follow-up: always declared by the user, never guessed.

Two ways to declare it. By columns, one condition a cause; where several hold the first declared decides, where none holds
the patient is censored:
    relapse = column d2 is 1, death = column d3 is 1
where a cause has a time of its own, the earliest that happened decides:
    relapse = column d2 is 1 at the time in column t2, death = column d1 is 1 at the time in column t1
By codes of one column, every code named:
    column Status: 1 = relapse, 2 = death, 0 = censored
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inferon.study.errors import InputError

RULE_FORM = "NAME=COLUMN:VALUE or NAME=COLUMN:VALUE@TIME, as in relapse=d2:1"
CODE_FORM = "CODE=NAME, as in 1=relapse"


@dataclass(frozen=True)
class Rule:
    """Patients whose `column` holds `value` had `cause`, at the time in column `at` (None: at the end of follow-up)."""

    cause: str
    column: str
    value: str
    at: str | None = None


@dataclass(frozen=True)
class ByColumns:
    """The earliest rule that holds decides, at equal times the first declared; where none holds, it is censoring."""

    rules: tuple[Rule, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order declared."""
        return tuple(dict.fromkeys(rule.cause for rule in self.rules))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        named = (column for rule in self.rules for column in (rule.column, rule.at) if column)
        return tuple(dict.fromkeys(named))

    @property
    def timed(self) -> bool:
        """Whether a cause has a time of its own."""
        return any(rule.at for rule in self.rules)


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
    """From names of causes to conditions `COLUMN:VALUE` or `COLUMN:VALUE@TIME` (one, or a list of them)."""
    return ByColumns(
        tuple(
            read_rule(str(cause), condition, field=field)
            for cause, conditions in causes.items()
            for condition in _listed(conditions)
        )
    )


def read_rule(cause: str, condition: Any, *, field: str) -> Rule:
    """One condition `COLUMN:VALUE` or `COLUMN:VALUE@TIME`; InputError when it has another form."""
    column, colon, value = str(condition).rpartition(":")
    value, mark, at = value.partition("@")
    if not colon or not column.strip() or not value.strip() or (mark and not at.strip()):
        allowed = "COLUMN:VALUE, as in d2:1, or COLUMN:VALUE@TIME, as in d2:1@t2"
        raise InputError(f"the condition of {cause} cannot be read", field=field, found=condition, allowed=allowed)
    return Rule(cause, column.strip(), value.strip(), at.strip() or None)


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
