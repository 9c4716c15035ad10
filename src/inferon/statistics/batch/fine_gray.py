"""How does the subdistribution hazard of a cause depend on the arm and a few covariates, in every trial of many?

A patient who had a competing event at T stays in the risk set at t > T with the weight G(t-) / G(T-), G the
Kaplan-Meier estimate of not being censored, both taken just before their time, as crr does; tied events are
Breslow's. The covariance counts that G is estimated. The fit goes on to the maximum; crr stops up to 2e-5 short of it
(``stop="crr"`` does the same). Source: Fine & Gray, J Am Stat Assoc 1999;94:496-509.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from inferon.statistics.batch.log_rank import wanted_cause
from inferon.statistics.batch.regression import RegressionBatch
from inferon.statistics.batch.threads import over_trials
from inferon.statistics.batch.trials import Trials
from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False, repr=False)
class FineGrayBatch(RegressionBatch):
    """Fine-Gray regression of every trial: log subdistribution hazard ratios, arrays as in :class:`RegressionBatch`.

    model_covariance is the inverse information, without the uncertainty of the weights.
    """

    model_covariance: Floats

    method: ClassVar[str] = "Fine–Gray regression"
    variance_form: ClassVar[str] = "sandwich, with the estimated censoring distribution"
    citation: ClassVar[str] = "Fine & Gray, J Am Stat Assoc 1999;94:496-509"


def fine_gray(
    trials: Trials,
    *,
    covariates: Sequence[str] = ("arm",),
    cause: int = 1,
    stop: Literal["maximum", "crr"] = "maximum",
) -> FineGrayBatch:
    """Fit a Fine-Gray regression of ``cause`` to every trial; every other cause above 0 competes.

    covariates  columns by name: ``arm`` and those given to ``trials``
    stop        at the maximum of the likelihood, or where crr with its usual settings stops short of it

    A trial that cannot be fitted holds NaN and a status that says why. ValueError for unknown covariates or stop.
    Equal to crr of the R package cmprsk.
    """
    from inferon.statistics.batch.kernels.fine_gray import fine_gray as kernel

    if stop not in ("maximum", "crr"):
        raise ValueError(f"stop must be maximum or crr, found {stop!r}")
    count, columns = len(trials), len(covariates)
    coefficient, likelihood = np.full((count, columns), np.nan), np.full((count, 2), np.nan)
    covariance, model = (np.full((count, columns, columns), np.nan) for _ in range(2))
    status = np.zeros(count, dtype=np.int64)
    over_trials(
        kernel, count, trials.time, trials.cause, trials.rows, trials.blocks, trials.design(covariates),
        wanted_cause(cause), stop == "crr", coefficient, covariance, model, likelihood, status, threads=trials.threads,
    )  # fmt: skip
    return FineGrayBatch(tuple(covariates), coefficient, covariance, likelihood, status, cause, model)
