"""Covariate effects that change with time, read from an oracle's `time_varying` option.

Understood are a text such as "age * log(t)", a column alone (its function in an option of its own, else t itself), a mapping
with a column (or several) and a function of t, and lists of these. A function is written in the oracles' expression language
with t (or time) as its only name, also with sqrt, exp and powers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inferon.statistics.shared.columns import Floats

from ..oracle_expression import expression

NAMED: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda t: t,
    "t": lambda t: t,
    "time": lambda t: t,
    "log": np.log,
    "sqrt": np.sqrt,
    "log(t)": np.log,
    "log(t+1)": np.log1p,
    "log1p(t)": np.log1p,
    "sqrt(t)": np.sqrt,
    "exp(-t)": lambda t: np.exp(-t),
}
COLUMN_KEYS = ("column", "columns", "covariate", "covariates", "term", "terms", "x", "cov2")
FUNCTION_KEYS = ("function", "functions", "of_time", "tf", "time_function", "transform", "expr", "f")


@dataclass(frozen=True)
class ChangingEffects:
    """Functions of time by column, and which columns have no constant effect beside them."""

    functions: Mapping[str, Sequence[Callable[[Floats], Floats]]]
    without_constant: tuple[str, ...]


def changing_effects(
    options: Mapping[str, Any], covariates: Sequence[str], values: Mapping[str, Any]
) -> ChangingEffects:
    """Read the option; a column listed among the covariates keeps its constant effect if the case has that many terms."""
    option, usual = options.get("time_varying"), _first(options, FUNCTION_KEYS) or "t"
    pairs = _pairs(option, covariates, usual) if option else []
    functions: dict[str, list[Callable[[Floats], Floats]]] = {}
    for column, function in pairs:
        functions.setdefault(column, []).append(function)
    outside = [column for column in functions if column not in covariates]
    kept = len(covariates) + len(pairs)
    expected = len(values["coef"]) if isinstance(values.get("coef"), list) else kept
    listed = [column for column in functions if column in covariates]
    both = expected == kept
    return ChangingEffects(functions, tuple(outside if both else [*outside, *listed]))


def _pairs(option: Any, covariates: Sequence[str], usual: Any) -> list[tuple[str, Callable[[Floats], Floats]]]:
    if isinstance(option, str):
        return [_term(option, usual)]
    if not isinstance(option, Mapping):
        each = usual if isinstance(usual, list) and len(usual) == len(option) else [usual] * len(option)
        return [pair for part, f in zip(option, each, strict=True) for pair in _pairs(part, covariates, f)]
    columns, functions = _listed(_first(option, COLUMN_KEYS)), _listed(_first(option, FUNCTION_KEYS))
    if not columns and not functions:
        return [(name, _function(text)) for name, given in option.items() for text in _listed(given)]
    columns = columns or list(covariates)
    if len(functions) == len(columns):
        return [(c, _function(f)) for c, f in zip(columns, functions, strict=True)]
    return [(c, _function(f)) for c in columns for f in functions or _listed(usual)]


def _term(text: str, usual: Any) -> tuple[str, Callable[[Floats], Floats]]:
    parts = [part.strip() for part in re.split(r"\s*[*:]\s*", text, maxsplit=1)]
    if len(parts) == 1:
        return text.strip(), _function(_listed(usual)[0])
    column, function = parts[::-1] if parts[0] in NAMED or "(" in parts[0] else parts
    return column, _function(function)


def _first(option: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((option[key] for key in keys if key in option), None)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _function(text: str) -> Callable[[Floats], Floats]:
    text = re.sub(r"^function\s*\(\s*(\w+)\s*\)\s*", "", text.strip())
    plain = re.sub(r"\s", "", text).replace("uft", "t")
    if plain in NAMED:
        return NAMED[plain]
    power = re.fullmatch(r"(?:t|time)(?:\^|\*\*)([\d.]+)", plain)
    if power:
        return lambda t: t ** float(power[1])

    def evaluated(t: Floats) -> Floats:
        frame = pl.DataFrame({"t": t, "time": t, "uft": t})
        return frame.select(expression(text).cast(pl.Float64).alias("f")).to_series().to_numpy()

    return evaluated
