"""Checked columns: what every estimator demands of its follow-up times, events, causes and groups.

Times are numbers >= 0 without gaps, events are 0/1, a cause of 0 or None means censored. Anything else is a
ValueError whose sentence names the first offending position (counted from 0). Nothing is repaired.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as positions in its list of labels; position -1 stands for "none of them" (censored)."""

    codes: Integers
    labels: tuple[Any, ...]


def follow_up_times(time: ArrayLike) -> Floats:
    """Follow-up times as float64, shape (patients,); ValueError when empty, not finite or negative."""
    try:
        values = np.asarray(time, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("time holds values that are not numbers") from None
    if values.ndim != 1:
        raise ValueError(f"time must be one column, found an array of shape {values.shape}")
    if values.size == 0:
        raise ValueError("time is empty: there is no patient to analyse")
    _refuse(~np.isfinite(values), values, "time", "must be a finite number")
    _refuse(values < 0, values, "time", "must not be negative")
    return values


def times_asked(times: ArrayLike) -> Floats:
    """Times to report at as float64, one or a column of them; ValueError unless each is a finite number >= 0."""
    values = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("times must be one column of finite numbers >= 0")
    return values


def event_indicator(event: ArrayLike, *, patients: int) -> NDArray[np.bool_]:
    """Events as booleans, shape (patients,); ValueError unless every value is 0/1 or false/true."""
    values = np.asarray(event)
    _same_length(values, "event", patients)
    if values.dtype == np.bool_:
        return values
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError("event holds values that are neither 0 nor 1") from None
    _refuse((numbers != 0) & (numbers != 1), values, "event", "must be 0 (censored) or 1 (event)")
    return numbers == 1


def cause_codes(cause: Any, *, patients: int, causes: Sequence[Hashable] | None = None) -> Coded:
    """Which cause ended each follow-up; 0 and None mean censored.

    `causes` fixes the list and its order and may hold causes nobody had; without it the causes found are sorted.
    ValueError for a missing (NaN) cause or one outside `causes`.
    """
    found = labelled(cause, "cause", patients)
    censored = [label is None or (not isinstance(label, str) and label == 0) for label in found.labels]
    present = [label for label, out in zip(found.labels, censored, strict=True) if not out]
    listed = list(present) if causes is None else _declared(causes, present)
    place = {label: position for position, label in enumerate(listed)}
    lookup = [-1 if out else place[label] for label, out in zip(found.labels, censored, strict=True)]
    return Coded(np.asarray(lookup, dtype=np.int64)[found.codes], tuple(listed))


def labelled(column: Any, name: str, patients: int) -> Coded:
    """Any column as codes into its sorted distinct labels (numbers before text, None last)."""
    values = column.to_numpy() if isinstance(column, pl.Series) else np.asarray(column)
    _same_length(values, name, patients)
    if values.dtype.kind in "biuf":
        if values.dtype.kind == "f":
            _refuse(np.isnan(values), values, name, "must not be missing")
        distinct, codes = np.unique(values, return_inverse=True)
        return Coded(codes.astype(np.int64), tuple(_plain(label) for label in distinct))
    objects = [None if value is None else _plain(value) for value in values.tolist()]
    if "" in objects:
        raise ValueError(f"{name} must not be an empty text: found '' at position {objects.index('')}")
    labels = sorted(set(objects), key=lambda label: (label is None, isinstance(label, str), label or 0))
    if any(isinstance(label, float) and math.isnan(label) for label in labels):
        raise ValueError(f"{name} holds a missing value (NaN)")
    place = {label: position for position, label in enumerate(labels)}
    return Coded(np.fromiter((place[value] for value in objects), dtype=np.int64, count=len(objects)), tuple(labels))


def group_codes(group: Any, *, patients: int, name: str = "group") -> Coded:
    """Group of each patient; ValueError for a missing group."""
    coded = labelled(group, name, patients)
    if None in coded.labels:
        position = int(np.argmax(coded.codes == coded.labels.index(None)))
        raise ValueError(f"{name} must not be missing: found None at position {position}")
    return coded


def _declared(causes: Sequence[Hashable], present: Sequence[Any]) -> list[Any]:
    listed = [_plain(label) for label in causes]
    if len(set(listed)) != len(listed):
        raise ValueError(f"causes lists a cause twice: {listed}")
    unknown = [label for label in present if label not in listed]
    if unknown:
        raise ValueError(f"cause {unknown[0]!r} occurs in the data but is not one of the declared causes {listed}")
    return listed


def _plain(value: Any) -> Any:
    """NumPy scalars as Python values, and whole floats as integers, so that 1, 1.0 and np.int64(1) are one label."""
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _same_length(values: NDArray[Any], name: str, patients: int) -> None:
    if values.shape != (patients,):
        raise ValueError(f"{name} must have one value a patient ({patients}), found shape {values.shape}")


def _refuse(offending: NDArray[np.bool_], values: NDArray[Any], name: str, rule: str) -> None:
    if offending.any():
        position = int(np.argmax(offending))
        raise ValueError(f"{name} {rule}: found {values[position]} at position {position}")
