"""Our side: each statistic as a function from sorted trials to the numbers that are compared with a peer's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from setting import TAU, TIMES, Simulated

from inferon.statistics import batch

Answer = dict[str, np.ndarray]
"""``estimate`` and ``error`` (a variance for the tests), one row a trial."""


def sorted_trials(simulated: Simulated, threads: int | None = None) -> batch.Trials:
    """Checked and sorted, once for all statistics."""
    return batch.trials(simulated.time, simulated.cause, simulated.arm, threads=threads)


def _log_rank(trials: batch.Trials) -> Answer:
    found = batch.log_rank(trials)
    return {"estimate": found.statistic, "error": found.variance}


def _gray(trials: batch.Trials) -> Answer:
    found = batch.gray(trials)
    return {"estimate": found.statistic, "error": found.variance}


def _incidence(trials: batch.Trials) -> Answer:
    found = batch.aalen_johansen(trials, times=TIMES)
    return {"estimate": found.estimate.reshape(len(trials), -1), "error": found.standard_error.reshape(len(trials), -1)}


def _kaplan_meier(trials: batch.Trials) -> Answer:
    found = batch.kaplan_meier(trials, times=TIMES)
    return {"estimate": found.estimate.reshape(len(trials), -1), "error": found.lower.reshape(len(trials), -1)}


def _cox(trials: batch.Trials) -> Answer:
    found = batch.cox(trials)
    return {"estimate": found.coefficient[:, 0], "error": found.standard_error[:, 0]}


def _fine_gray(trials: batch.Trials) -> Answer:
    found = batch.fine_gray(trials)
    model = np.sqrt(found.model_covariance[:, 0, 0])
    return {"estimate": found.coefficient[:, 0], "error": found.standard_error[:, 0], "model_error": model}


def _rmst(trials: batch.Trials) -> Answer:
    return {"estimate": batch.rmst(trials, tau=TAU).difference}


STATISTICS: dict[str, Callable[[batch.Trials], Answer]] = {
    "log-rank": _log_rank,
    "Gray": _gray,
    "CIF at two times, with limits": _incidence,
    "Cox, one covariate": _cox,
    "Fine–Gray, one covariate": _fine_gray,
    "Kaplan–Meier at two times, with limits": _kaplan_meier,
    "RMST difference": _rmst,
}
TOGETHER = tuple(STATISTICS)[:5]
"""What the goal of 20 s for 10,000 trials of 300 patients is about."""
