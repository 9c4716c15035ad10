"""Oracle cases as they lie in the shared folder, and the comparisons each asks for.

Only the `analysis` block, the data set and the values are read: never a case's id or prose. A comparison is one entry
of `compare` with its wildcards filled in; `disagreements` holds computed values against it.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MISSING = {"NA", "NaN"}
INFINITE = {"Inf": math.inf, "-Inf": -math.inf}


@dataclass(frozen=True, eq=False)
class Case:
    """One reference computation."""

    id: str
    dataset: str
    method: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    compare: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """One array of reference values.

    `fixed` holds the label of each axis that a wildcard ran over, `axes` the dimensions that are left.
    """

    path: str
    quantity: str
    method: str
    options: Mapping[str, Any]
    fixed: Mapping[str, str]
    axes: tuple[str, ...]
    expected: Any
    relative: float
    absolute: float


def load_cases(oracles: Path, topic: str) -> list[Case]:
    """All cases of one file."""
    found = json.loads((oracles / f"{topic}.json").read_text(encoding="utf-8"))["cases"]
    return [_case(item) for item in found]


def comparisons(case: Case) -> Iterator[Comparison]:
    """Every comparison of the case, wildcards filled in from its values."""
    for path, entry in case.compare.items():
        axes = tuple(entry.get("axes", ()))
        for keys, expected in _matches(case.values, path.split("/")):
            yield Comparison(
                path="/".join(keys.filled),
                quantity=entry["quantity"],
                method=entry.get("method", case.method),
                options={**case.options, **entry.get("options", {})},
                fixed=dict(zip(axes, keys.wild, strict=False)),
                axes=axes[len(keys.wild) :],
                expected=expected,
                relative=entry.get("rel", 0.0),
                absolute=entry.get("abs", 0.0),
            )


def disagreements(comparison: Comparison, computed: Any) -> list[str]:
    """A sentence for each value outside both tolerances; reference values that are missing are passed over."""
    expected = np.array(_flat(comparison.expected), dtype=object)
    found = np.asarray(computed, dtype=object).ravel()
    if expected.shape != found.shape:
        return [f"{comparison.path}: {found.size} values computed for {expected.size} expected"]
    return [
        f"{comparison.path}[{index}]: computed {ours}, expected {theirs}"
        for index, (ours, theirs) in enumerate(zip(found, expected, strict=True))
        if not _agree(ours, theirs, comparison)
    ]


def relative_errors(comparison: Comparison, computed: Any) -> list[float]:
    """Relative error of each finite value other than 0, but for those that only their absolute tolerance lets pass."""
    found = np.asarray(computed, dtype=object).ravel()
    pairs = zip(found, _flat(comparison.expected), strict=True)
    errors = [
        (abs(ours - theirs), abs(theirs))
        for ours, theirs in pairs
        if isinstance(theirs, int | float) and isinstance(ours, int | float | np.number) and theirs
    ]
    return [e / size for e, size in errors if e <= comparison.relative * size or e > comparison.absolute]


@dataclass(frozen=True)
class _Keys:
    filled: tuple[str, ...] = ()
    wild: tuple[str, ...] = ()


def _case(item: Mapping[str, Any]) -> Case:
    analysis = item["analysis"]
    blocks = {name: analysis.get(name) or {} for name in ("data", "options", "compare")}
    return Case(item["id"], item["dataset"], analysis["method"], values=item["values"], **blocks)


def _matches(values: Any, parts: list[str], keys: _Keys = _Keys()) -> Iterator[tuple[_Keys, Any]]:
    if not parts:
        yield keys, values
        return
    head, rest = parts[0], parts[1:]
    names = _names(values) if head == "*" else [head]
    for name in names:
        wild = (*keys.wild, name) if head == "*" else keys.wild
        yield from _matches(_child(values, name), rest, _Keys((*keys.filled, name), wild))


def _names(values: Any) -> list[str]:
    return list(values) if isinstance(values, dict) else [str(index) for index in range(len(values))]


def _child(values: Any, name: str) -> Any:
    return values[name] if isinstance(values, dict) else values[int(name)]


def _flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, list) else [value]


def _agree(ours: Any, theirs: Any, comparison: Comparison) -> bool:
    if theirs in MISSING:
        return True
    if ours is None or math.isnan(ours):
        return False
    target = INFINITE.get(theirs, theirs)
    if math.isinf(target):
        return ours == target
    distance = abs(ours - target)
    return distance <= comparison.relative * abs(target) or distance <= comparison.absolute
