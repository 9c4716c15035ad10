"""How many are still free of the event, and how many have had it, at chosen times, by arm, in every trial of many?

    S(t) = ∏ (1 - d / Y),   var S = S² Σ d / (Y (Y - d));   F_j(t) = Σ S(u-) d_j / Y with the Greenwood-type variance

as in ``inferon.statistics.curves.kaplan_meier`` and ``aalen_johansen``. Ties are handled exactly. Sources: Kaplan & Meier, J
Am Stat Assoc 1958;53:457-481; Aalen & Johansen, Scand J Statist 1978;5:141-150; Marubini & Valsecchi, Analysing
Survival Data from Clinical Trials and Observational Studies, 1995, section 10.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.batch.log_rank import wanted_cause
from inferon.statistics.batch.result import BatchResult, grid
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import Trials
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.confidence import ConfidenceType, confidence_limits


@dataclass(frozen=True, eq=False, repr=False)
class CurveBatch(BatchResult):
    """A probability at chosen times by trial, arm and time; arrays of shape (trials, arms, times).

    times                     the times, ascending
    estimate, standard_error  NaN where a standard error does not exist (Kaplan-Meier once it is 0)
    lower, upper              limits on the scale ``conf_type`` at ``conf_level``; NaN where they do not exist
    within_follow_up          false where the arm was not followed that long, so that its last estimate is carried on
    """

    times: Floats
    estimate: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    within_follow_up: NDArray[np.bool_]
    cause: int | None
    conf_type: str
    conf_level: float

    def __len__(self) -> int:
        return len(self.estimate)

    def difference(self) -> tuple[Floats, Floats]:
        """Arm 1 minus arm 0 and its standard error, shape (trials, times)."""
        if self.estimate.shape[1] != 2:
            raise ValueError("a difference needs two arms")
        return self.estimate[:, 1] - self.estimate[:, 0], np.hypot(self.standard_error[:, 0], self.standard_error[:, 1])

    def to_frame(self) -> pl.DataFrame:
        """One row a trial, arm and time: trial, arm, time, estimate, standard_error, lower, upper, within_follow_up."""
        trial, arm, at = (index.reshape(-1) for index in np.indices(self.estimate.shape))
        names = ("estimate", "standard_error", "lower", "upper", "within_follow_up")
        values = {name: getattr(self, name).reshape(-1) for name in names}
        return pl.DataFrame({"trial": trial, "arm": arm, "time": self.times[at], **values}, nan_to_null=True)

    def _summary(self) -> str:
        means = ", ".join(
            f"{mean:.4f} at {time:g}" for mean, time in zip(self.estimate.mean(axis=(0, 1)), self.times, strict=True)
        )
        return f"mean {means}; variance: {self.variance_form}; {100 * self.conf_level:g}% limits: {self.conf_type}"


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeierBatch(CurveBatch):
    """Event-free probability in every trial; see :class:`CurveBatch` for the arrays."""

    method: ClassVar[str] = "Kaplan–Meier"
    variance_form: ClassVar[str] = "Greenwood"
    citation: ClassVar[str] = "Kaplan & Meier, J Am Stat Assoc 1958;53:457-481"


@dataclass(frozen=True, eq=False, repr=False)
class AalenJohansenBatch(CurveBatch):
    """Cumulative incidence of one cause in every trial; see :class:`CurveBatch` for the arrays."""

    method: ClassVar[str] = "Aalen–Johansen cumulative incidence"
    variance_form: ClassVar[str] = "greenwood_type"
    citation: ClassVar[str] = "Aalen & Johansen, Scand J Statist 1978;5:141-150"


def kaplan_meier(
    trials: Trials,
    *,
    times: ArrayLike,
    cause: int | None = None,
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
) -> KaplanMeierBatch:
    """Event-free probability by each of ``times`` (ascending), with limits, by arm.

    cause is the cause that counts, all others censoring; by default an event of any cause. ValueError for bad times
    or limits. Equal to survfit of the R package survival.
    """
    at, wanted = grid(times), wanted_cause(cause)
    censoring_others = np.where(trials.cause == wanted, trials.cause, 0) if cause else trials.cause
    free, error, _, _, followed = _curves(trials, at, censoring_others, wanted)
    lower, upper = confidence_limits(free, error, conf_type=conf_type, conf_level=conf_level)
    return KaplanMeierBatch(at, free, error, lower, upper, followed, cause, conf_type, conf_level)


def aalen_johansen(
    trials: Trials, *, times: ArrayLike, cause: int = 1, conf_type: ConfidenceType = "log-log", conf_level: float = 0.95
) -> AalenJohansenBatch:
    """Cumulative incidence of ``cause`` by each of ``times`` (ascending), with limits, by arm.

    Every other cause above 0 competes. Limits do not exist (NaN) on the transformed scales while no event has
    happened. ValueError for bad times or limits. Equal to prodlim and, in the standard error, to etmCIF.
    """
    at = grid(times)
    _, _, incidence, error, followed = _curves(trials, at, trials.cause, wanted_cause(cause))
    lower, upper = confidence_limits(incidence, error, conf_type=conf_type, conf_level=conf_level)
    return AalenJohansenBatch(at, incidence, error, lower, upper, followed, cause, conf_type, conf_level)


def _curves(
    trials: Trials, times: Floats, cause: Integers, wanted: int
) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """S, its error, F of the wanted cause, its error, and whether the arm was followed so long."""
    from inferon.statistics.batch.kernels.curves import curves as kernel

    shape = (len(trials), trials.arms, times.size)
    free, free_error, incidence, incidence_error = (np.empty(shape) for _ in range(4))
    followed = np.empty(shape, dtype=np.bool_)
    over_trials(
        kernel, len(trials), trials.time, cause, trials.arm, trials.rows, trials.blocks, wanted, times,
        free, free_error, incidence, incidence_error, followed, threads=trials.threads,
    )  # fmt: skip
    return free, free_error, incidence, incidence_error, followed
