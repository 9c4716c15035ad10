"""Prevalence: weights that give virtual patients the mix of a real population, and what precision they cost.

Raking (iterative proportional fitting; Deming & Stephan, Ann Math Stat 1940;11:427) multiplies the weights of a class by what its
share lacks, one table after another, until every weighted share is that of the target. Of all weights that do so it finds those
nearest to equal ones in relative entropy (Ireland & Kullback, Biometrika 1968;55:179). The effective sample size is Kish's
(Survey Sampling, 1965). Sampling by weight makes an unweighted population of them, as the second step of Allen, Rieger & Musante,
CPT Pharmacometrics Syst Pharmacol 2016;5:140.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

Class = str | tuple[str, ...]
Targets = Mapping[Class, Mapping[Class, float]]
"""Shares (sum 1) by class, for a column or for several columns together."""

_SUM = 1e-6


@dataclass(frozen=True)
class Weighting:
    """Weights and what they cost.

    Attributes
    ----------
    weights: shape (patients,), mean 1.
    effective_sample_size: how many equally weighted patients would be as precise.
    rounds: passes over the targets.
    largest_difference: of a weighted share from its target.
    """

    weights: np.ndarray
    effective_sample_size: float
    rounds: int
    largest_difference: float


def effective_sample_size(weights: np.ndarray) -> float:
    """Squared sum over sum of squares: the number of patients for equal weights, less the more they differ."""
    weights = np.asarray(weights, dtype=float)
    return float(weights.sum() ** 2 / np.sum(weights**2)) if np.any(weights) else 0.0


def shares(table: pl.DataFrame, *columns: Class, weights: np.ndarray | None = None) -> dict[Class, dict[Class, float]]:
    """Observed (weighted) shares of every class, a column or several together: the targets another population is raked to."""
    mass = np.ones(table.height) if weights is None else np.asarray(weights, dtype=float)
    found: dict[Class, dict[Class, float]] = {}
    for columns_together in columns:
        labels, codes = _classes(table, columns_together)
        total = np.bincount(codes, mass, minlength=len(labels)) / mass.sum()
        found[columns_together] = dict(zip(labels, total.tolist(), strict=True))
    return found


def rake(
    table: pl.DataFrame,
    targets: Targets,
    *,
    start: np.ndarray | None = None,
    tolerance: float = 1e-9,
    most_rounds: int = 10_000,
) -> Weighting:
    """Weights under which every class of ``table`` (one row a patient) has its target share.

    ``start`` are weights to begin from, equal ones when None. A class of the table without a target, a target nobody can fill,
    shares that do not sum to 1, and targets no weights can meet together raise ``ValueError``, an unknown column ``KeyError``.
    """
    tables = [_target(table, columns, wanted) for columns, wanted in targets.items()]
    weights = np.ones(table.height) if start is None else np.array(start, dtype=float)
    if not (np.all(weights >= 0) and np.any(weights > 0)):
        raise ValueError("the weights to begin from are negative, or all 0")
    weights /= weights.sum()
    lacking = np.inf
    for done in range(1, most_rounds + 1):
        for codes, wanted in tables:
            now = np.bincount(codes, weights, minlength=len(wanted))
            factor = np.divide(wanted, now, out=np.zeros(len(wanted)), where=now > 0)
            weights = weights * factor[codes]
        lacking = max((_difference(weights, codes, wanted) for codes, wanted in tables), default=0.0)
        if lacking <= tolerance:
            return Weighting(weights * (table.height / weights.sum()), effective_sample_size(weights), done, lacking)
    names = ", ".join(_name(columns) for columns in targets)
    raise ValueError(
        f"no weights meet the targets of {names} together; after {most_rounds} rounds {lacking:.3g} is lacking"
    )


def systematic_sample(weights: np.ndarray, size: int, *, start: float) -> np.ndarray:
    """Positions of ``size`` different rows, each taken with a chance proportional to its weight; rising.

    Along the running total of the weights one row is taken at every step of sum(weights) / size, the first after the share
    ``start`` (0 to 1) of a step. Rows that are alike and stand together are so taken in their weighted number, to within one.
    Raises ``ValueError`` where a weight exceeds a step and its row would be taken twice. Madow, Ann Math Stat 1949;20:333.
    """
    there = np.flatnonzero(weights > 0)
    reached = np.cumsum(weights[there])
    steps = reached * (size / reached[-1])
    if np.any(np.diff(steps, prepend=0.0) > 1 + 1e-9):
        raise ValueError(f"a weight is too great for {size} different patients")
    found = np.searchsorted(steps, np.arange(size) + start, side="right")
    return there[np.minimum(found, len(there) - 1)]


def _classes(table: pl.DataFrame, columns: Class) -> tuple[list[Class], np.ndarray]:
    """Labels of the classes that occur, in order, and each row's class."""
    names = (columns,) if isinstance(columns, str) else columns
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise KeyError(f"no column {missing[0]!r}; allowed: {', '.join(table.columns)}")
    rows = list(zip(*(table[name].cast(pl.String).to_list() for name in names), strict=True))
    labels = sorted(set(rows), key=str)
    place = {label: number for number, label in enumerate(labels)}
    codes = np.array([place[row] for row in rows], dtype=np.int64)
    return [label[0] if isinstance(columns, str) else label for label in labels], codes


def _target(table: pl.DataFrame, columns: Class, wanted: Mapping[Class, float]) -> tuple[np.ndarray, np.ndarray]:
    """Each row's class and the share every class is to have."""
    labels, codes = _classes(table, columns)
    values = np.array(list(wanted.values()), dtype=float)
    if not (np.all(values >= 0) and abs(values.sum() - 1) <= _SUM):
        raise ValueError(f"the target shares of {_name(columns)} are negative or sum to {values.sum():g}, not 1")
    empty = [label for label, share in wanted.items() if share > 0 and label not in labels]
    if empty:
        raise ValueError(f"nobody is in the class {_name(empty[0])} of {_name(columns)}, which the target wants")
    untold = [label for label in labels if label not in wanted]
    if untold:
        raise ValueError(f"the class {_name(untold[0])} of {_name(columns)} has no target; 0 leaves it out")
    return codes, np.array([wanted[label] for label in labels], dtype=float) / values.sum()


def _difference(weights: np.ndarray, codes: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(np.bincount(codes, weights, minlength=len(wanted)) - wanted).max())


def _name(columns: Class | Sequence[str]) -> str:
    return repr(columns) if isinstance(columns, str) else " and ".join(map(repr, columns))
