"""What a case says beside its numbers: the entry of `compare` a comparison comes from, and who is in the new arm."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from ..oracle_cases import Comparison
from .question import Question


def entry_of(question: Question, comparison: Comparison) -> Mapping[str, Any]:
    """The entry of `compare` this comparison comes from, with what is said there in words."""
    parts = comparison.path.split("/")
    for pattern, entry in question.case.compare.items():
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(w in ("*", p) for w, p in zip(wanted, parts, strict=True)):
            return entry
    raise LookupError(comparison.path)


def experimental_arm(question: Question) -> pl.Series:
    """Whether each patient is in the experimental arm."""
    arm = question.case.data["experimental"]
    return question.set.frame[arm["column"]] == arm["equals"]
