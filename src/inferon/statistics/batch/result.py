"""What the batched results have in common: frozen arrays over trials that print, cite and become a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from inferon.statistics.shared.columns import Floats, times_asked


@dataclass(frozen=True, eq=False, repr=False)
class BatchResult(ABC):
    """One answer a trial, in the order of the trials."""

    method: ClassVar[str]
    variance_form: ClassVar[str]
    citation: ClassVar[str]

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __repr__(self) -> str:
        return "\n".join([f"{self.method} in {len(self)} trials: {self._summary()}", f"  {self.citation}"])

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def to_frame(self) -> pl.DataFrame:
        """A table with a column ``trial``; NaN becomes null."""

    @abstractmethod
    def _summary(self) -> str:
        """What was found over all trials, in one line."""


def chi_square(score: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """score² / variance and its p-value on one degree of freedom; NaN where the variance is not positive."""
    known = np.isfinite(variance) & (variance > 0)
    statistic = np.divide(score**2, variance, out=np.full(score.shape, np.nan), where=known)
    return statistic, chdtrc(1, statistic)


def trial_frame(trials: int, **columns: Any) -> pl.DataFrame:
    """A table with one row a trial."""
    return pl.DataFrame({"trial": np.arange(trials), **columns}, nan_to_null=True)


def grid(times: ArrayLike) -> Floats:
    """Times to report, ascending as they must be for one pass; ValueError unless they are finite and not negative."""
    values = times_asked(times)
    if values.size == 0:
        raise ValueError("times is empty: name one time or more")
    if (np.diff(values) < 0).any():
        raise ValueError("times must be in ascending order")
    return values


def rejections(p_value: Floats) -> str:
    """How often a test rejects at 5%, in words."""
    known = p_value[np.isfinite(p_value)]
    share = f"p < 0.05 in {int((known < 0.05).sum())} of {known.size}"
    return share if known.size == p_value.size else f"{share}; nothing to compare in {p_value.size - known.size}"
