"""How much longer do patients of one arm stay free of the event up to a horizon, in every trial of many?

The restricted mean is the area under the Kaplan-Meier curve up to tau; its variance is Σ A(u)² d / (Y (Y - d)) with
A(u) the area from u to tau. Source: Royston & Parmar, BMC Med Res Methodol 2013;13:152; Uno et al., J Clin Oncol
2014;32:2380-2385.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from inferon.statistics.batch.log_rank import wanted_cause
from inferon.statistics.batch.result import BatchResult, rejections, trial_frame
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import Trials
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False, repr=False)
class RmstBatch(BatchResult):
    """Restricted mean event-free time of every trial; arrays over trials.

    tau                       the horizon of each trial
    mean, mean_error          restricted mean and its standard error by arm, shape (trials, 2); NaN where an arm is not
                              followed to tau
    difference                arm 1 minus arm 0, with standard_error, lower, upper (at conf_level) and p_value
    """

    tau: Floats
    mean: Floats
    mean_error: Floats
    difference: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    p_value: Floats
    cause: int | None
    conf_level: float

    method: ClassVar[str] = "Restricted mean survival time"
    variance_form: ClassVar[str] = "Greenwood"
    citation: ClassVar[str] = "Uno et al., J Clin Oncol 2014;32:2380-2385"

    def __len__(self) -> int:
        return len(self.difference)

    def to_frame(self) -> pl.DataFrame:
        """One row a trial: trial, tau, mean_0, mean_1, difference, standard_error, lower, upper, p_value."""
        names = ("difference", "standard_error", "lower", "upper", "p_value")
        means = {"tau": self.tau, "mean_0": self.mean[:, 0], "mean_1": self.mean[:, 1]}
        return trial_frame(len(self), **means, **{name: getattr(self, name) for name in names})

    def _summary(self) -> str:
        return f"mean difference {np.nanmean(self.difference):.4f}; {rejections(self.p_value)}"


def rmst(
    trials: Trials, *, tau: ArrayLike | None = None, cause: int | None = None, conf_level: float = 0.95
) -> RmstBatch:
    """Compare the restricted mean event-free time of the two arms in every trial.

    tau    horizon, one for all trials or one a trial; by default the latest time at which both curves are known (as rmst2
           does: the smaller of the arms' largest times, unless a curve is 0 by then), a choice that depends on the data
    cause  the cause that counts, all others censoring; by default an event of any cause

    An arm that is not followed to tau has no restricted mean (NaN) unless its curve is 0 by then. ValueError for
    trials of one arm or a horizon that is not positive. Equal to rmst2 of the R package survRM2.
    """
    from inferon.statistics.batch.kernels.rmst import rmst as kernel

    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1, found {conf_level}")
    count = len(trials.two_arms())
    horizon = _horizon(trials, tau)
    mean, variance = np.empty((count, 2)), np.empty((count, 2))
    over_trials(
        kernel, count, trials.time, trials.cause, trials.arm, trials.rows, trials.blocks, wanted_cause(cause), horizon,
        mean, variance, threads=trials.threads,
    )  # fmt: skip
    difference, error = mean[:, 1] - mean[:, 0], np.sqrt(variance.sum(axis=1))
    margin = float(ndtri(0.5 + conf_level / 2)) * error
    known = error > 0
    z = np.divide(difference, error, out=np.full(count, np.nan), where=known)
    return RmstBatch(
        horizon, mean, np.sqrt(variance), difference, error, difference - margin, difference + margin,
        2 * ndtr(-np.abs(z)), cause, conf_level,
    )  # fmt: skip


def _horizon(trials: Trials, tau: ArrayLike | None) -> Floats:
    """One horizon a trial; NaN where it is left to the data."""
    if tau is None:
        return np.full(len(trials), np.nan)
    given = np.asarray(tau, dtype=np.float64)
    if given.shape not in ((), (len(trials),)) or not np.isfinite(given).all() or (given <= 0).any():
        raise ValueError("tau must be one positive finite number, or one a trial")
    return np.array(np.broadcast_to(given, len(trials)))
