"""Classes of patients as the tables of trials write them: `<40`, `40 to <60`, `>=60`; `active`, `matched related or cord`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import polars as pl

from inferon.cohort.cannot_select import CannotSelect

INTERVALS = "intervals, as in <40, 40 to <60 and >=60"
OR = " or "
_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
_INTERVAL = re.compile(rf"(?:{_NUMBER}\s+to\s+)?<\s*{_NUMBER}|(?:>=|≥)\s*{_NUMBER}")


def class_of(values: pl.Series, labels: Iterable[str]) -> pl.Series:
    """The class of every value, null where it is in none: the interval a number lies in, the class that lists a word.

    Raises ``CannotSelect`` for labels that are no classes of such values, overlap, or list a word that no value has.
    """
    if values.dtype.is_numeric():
        return _of_numbers(values, intervals(labels))
    return values.replace_strict(_listed(labels, values), default=None, return_dtype=pl.String)


def intervals(labels: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Least value of every class of numbers and the first above it, infinite where a side is open; in rising order."""
    found = {label: _interval(label) for label in labels}
    rising = sorted(found, key=found.__getitem__)
    for lower, upper in pairwise(rising):
        if found[upper][0] < found[lower][1]:
            raise CannotSelect(
                f"this class overlaps {lower}", path=(upper,), found=upper, allowed=f"separate {INTERVALS}"
            )
    return {label: found[label] for label in rising}


def _interval(label: str) -> tuple[float, float]:
    found = _INTERVAL.fullmatch(label.strip())
    least, below, from_ = found.groups() if found else (None, None, None)
    low, high = float(least or from_ or -np.inf), float(below or np.inf)
    if found is None or not low < high:
        raise CannotSelect("", path=(label,), found=label, allowed=INTERVALS)
    return low, high


def _of_numbers(values: pl.Series, bounds: dict[str, tuple[float, float]]) -> pl.Series:
    numbers = values.to_numpy()
    inside = [(numbers >= low) & (numbers < high) for low, high in bounds.values()]
    place = np.select(inside, range(len(inside)), len(inside))
    return pl.Series(values.name, np.array([*bounds, None], dtype=object)[place], pl.String)


def _listed(labels: Iterable[str], values: pl.Series) -> dict[str, str]:
    """The class of every word; a label lists one word, or several joined by `or`."""
    known, listed = sorted(values.unique()), {}
    for label in labels:
        for word in (part.strip() for part in label.split(OR)):
            if word not in known:
                raise CannotSelect("", path=(label,), found=word, allowed=known)
            if word in listed:
                message = f"{word} is in two classes"
                raise CannotSelect(message, path=(label,), found=label, allowed="each in one class")
            listed[word] = label
    return listed
