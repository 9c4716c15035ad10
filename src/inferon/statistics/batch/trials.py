"""Many trials as arrays: checked once, sorted once, and then shared by every statistic.

Rows are kept trial by trial in order of time, without the gaps of trials that are smaller than the largest one. A
*block* is a stretch of rows whose patients are compared with each other: a whole trial, or one stratum of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.batch.threads import in_pieces
from inferon.statistics.shared.columns import Floats, Integers

ANY_CAUSE = 0
"""What the kernels take for "an event of any cause"."""

_MOST_STRATA = 999_999


@dataclass(frozen=True, eq=False, repr=False)
class Trials:
    """Patients of many trials in order of time; made by :func:`trials`.

    time, cause, arm  a row a patient, shape (patients of all trials,)
    rows              where each block of rows starts, and where the last one ends, shape (blocks + 1,)
    blocks            where each trial's blocks start, and where the last trial's end, shape (trials + 1,)
    arms              1 when no arms were given, else 2
    covariates        further columns by name, in the order of the rows
    stratum           stratum of each row (0, 1, …), or None
    """

    time: Floats
    cause: Integers
    arm: Integers
    rows: Integers
    blocks: Integers
    arms: int
    threads: int | None
    stratum: Integers | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.blocks) - 1

    def __repr__(self) -> str:
        sizes = np.diff(self.rows[self.blocks])
        spread = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
        return f"{len(self)} trials of {spread} patients in {self.arms} arm{'s' * (self.arms > 1)}"

    @cached_property
    def n(self) -> Integers:
        """Patients by trial and arm, shape (trials, arms)."""
        trial = np.repeat(np.arange(len(self)), np.diff(self.rows[self.blocks]))
        return np.bincount(trial * self.arms + self.arm, minlength=len(self) * self.arms).reshape(len(self), self.arms)

    @cached_property
    def by_stratum(self) -> Trials:
        """The same trials with each stratum a block of its own."""
        if self.stratum is None:
            raise ValueError("these trials have no strata: give strata= to trials()")
        occurring = np.bincount(self.stratum) > 0
        code, strata = np.cumsum(occurring) - 1, int(occurring.sum())
        trial = np.repeat(np.arange(len(self)), np.diff(self.rows[self.blocks]))
        block = trial * strata + code[self.stratum]
        order = np.argsort(block, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(block, minlength=len(self) * strata))])
        return Trials(
            self.time[order], self.cause[order], self.arm[order], starts, np.arange(len(self) + 1) * strata, self.arms,
            self.threads, self.stratum[order], {name: column[order] for name, column in self.covariates.items()},
        )  # fmt: skip

    def design(self, names: Sequence[str]) -> Floats:
        """The columns of a regression by name, ``arm`` among them, shape (rows, columns)."""
        known = {"arm": self.arm, **self.covariates}
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            what = repr(unknown[0]) if unknown else "none"
            raise ValueError(f"covariates must be some of {', '.join(known)}, found {what}")
        return np.stack([np.asarray(known[name], dtype=np.float64) for name in names], axis=1)

    def two_arms(self) -> Trials:
        """Itself; ValueError when there is only one arm to compare."""
        if self.arms != 2:
            raise ValueError("a comparison needs two arms: give arm= to trials()")
        return self


def trials(
    time: ArrayLike,
    cause: ArrayLike,
    arm: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    present: ArrayLike | None = None,
    threads: int | None = None,
) -> Trials:
    """Check and sort many simulated trials, once for all statistics.

    time        follow-up, shape (trials, patients), >= 0; NaN where a smaller trial has no further patient
    cause       what ended it, same shape: 0 censored, 1, 2, … the causes
    arm         0 (control) or 1 (experimental), same shape; without it only curves can be estimated
    strata      whole numbers from 0 to 999,999, same shape
    covariates  numbers by name, each of the same shape
    present     True where there is a patient, same shape; by default where the time is not NaN
    threads     threads for this and all statistics of these trials; by default one for each core. Results do not depend
                on it

    Values where nobody is present are not looked at. ValueError for anything else, with trial and patient (counted
    from 0).
    """
    times = _column(time, "time", None)
    there = ~np.isnan(times) if present is None else np.asarray(present, dtype=bool)
    if there.shape != times.shape:
        raise ValueError(f"present must have the shape of time {times.shape}, found {there.shape}")
    if times.size == 0 or not there.any(axis=1).all():
        empty = f"trial {int(np.argmin(there.any(axis=1)))}" if times.size else "every trial"
        raise ValueError(f"a trial needs a patient: {empty} has none")
    refuse(there & ~np.isfinite(times), times, "time", "must be a finite number")
    refuse(there & (times < 0), times, "time", "must not be negative")
    arms = None if arm is None else _whole(arm, "arm", there, most=1)
    everybody = bool(there.all())
    order = _order(times if everybody else np.where(there, times, np.inf), threads)
    place = (order + times.shape[1] * np.arange(len(times))[:, None]).reshape(-1)
    if not everybody:
        place = place[there.reshape(-1)[place]]

    def sort(column: NDArray[Any]) -> NDArray[Any]:
        return column.reshape(-1)[place]

    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return Trials(
        sort(times),
        sort(_whole(cause, "cause", there)),
        np.zeros(int(ends[-1]), dtype=np.int64) if arms is None else sort(arms),
        ends,
        np.arange(len(times) + 1),
        1 if arms is None else 2,
        threads,
        None if strata is None else sort(_whole(strata, "strata", there, most=_MOST_STRATA)),
        {name: sort(_covariate(column, name, there)) for name, column in (covariates or {}).items()},
    )


def _order(times: Floats, threads: int | None) -> Integers:
    """Positions by time within each trial; patients with the same time stay in the order given.

    The quick sort of NumPy leaves open which of two equal times comes first, so trials with ties are sorted once more by the
    stable one.
    """
    order = np.empty(times.shape, dtype=np.int64)

    def sort(first: int, last: int) -> None:
        order[first:last] = np.argsort(times[first:last], axis=1)
        ascending = np.take_along_axis(times[first:last], order[first:last], axis=1)
        ties = (ascending[:, 1:] == ascending[:, :-1]) & np.isfinite(ascending[:, 1:])
        again = first + np.flatnonzero(ties.any(axis=1))
        order[again] = np.argsort(times[again], axis=1, kind="stable")

    in_pieces(sort, len(times), threads)
    return order


def _column(values: ArrayLike, name: str, shape: tuple[int, ...] | None) -> Floats:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds values that are not numbers") from None
    if column.ndim != 2 or (shape is not None and column.shape != shape):
        wanted = "(trials, patients)" if shape is None else f"of time, {shape}"
        raise ValueError(f"{name} must have the shape {wanted}, found {column.shape}")
    return column


def _whole(values: ArrayLike, name: str, there: NDArray[np.bool_], *, most: int | None = None) -> Integers:
    column = np.asarray(values)
    if column.dtype.kind not in "biu" or column.shape != there.shape:
        column = np.where(there, _column(values, name, there.shape), 0)
        refuse(~np.isfinite(column) | (column != np.floor(column)), column, name, "must be a whole number")
    codes = np.where(there, column, 0).astype(np.int64, copy=False)
    refuse(codes < 0, codes, name, "must not be negative")
    if most is not None:
        refuse(codes > most, codes, name, f"must not exceed {most}")
    return codes


def _covariate(values: ArrayLike, name: str, there: NDArray[np.bool_]) -> Floats:
    if name == "arm":
        raise ValueError("a covariate cannot be called arm: that is the treatment")
    column = _column(values, name, there.shape)
    refuse(there & ~np.isfinite(column), column, name, "must be a finite number")
    return column


def refuse(offending: NDArray[np.bool_], values: NDArray[Any], name: str, rule: str) -> None:
    """ValueError that names the first offending value and where it stands."""
    if offending.any():
        trial, patient = (int(i) for i in np.argwhere(offending)[0])
        raise ValueError(f"{name} {rule}: found {values[trial, patient]} at trial {trial}, patient {patient}")
