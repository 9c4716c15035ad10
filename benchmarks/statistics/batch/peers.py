"""The peers' side, run in their own environment: answers requests on standard input, one line of JSON each.

A request is {"task", "file", "out"}; the file holds time, cause and arm. Every trial is analysed by the documented
call that was found fastest, from arrays already split by arm; the numbers go to ``out``, the seconds back on standard
output.
"""

from __future__ import annotations

import json
import os
import sys
import time as clock
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
from comprisk import CumulativeIncidence, FineGrayRegression, gray_test
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from setting import TAU, TIMES

Trial = tuple[np.ndarray, np.ndarray, np.ndarray]
Numbers = tuple[list[float], list[float]]


def log_rank(trial: Trial) -> Numbers:
    time, cause, arm = trial
    first, second = arm == 1, arm == 0
    found = logrank_test(time[first], time[second], cause[first] > 0, cause[second] > 0)
    return [found.test_statistic], []


def cox(trial: Trial) -> Numbers:
    time, cause, arm = trial
    found = CoxPHFitter().fit(pd.DataFrame({"time": time, "event": cause > 0, "arm": arm}), "time", "event")
    return [found.params_["arm"]], [found.standard_errors_["arm"]]


def kaplan_meier(trial: Trial) -> Numbers:
    time, cause, arm = trial
    estimates, limits = [], []
    for one in (0, 1):
        found = KaplanMeierFitter().fit(time[arm == one], cause[arm == one] > 0)
        rows = found.confidence_interval_.iloc[:, 0]
        estimates += found.predict(TIMES).tolist()
        limits += rows.iloc[rows.index.searchsorted(TIMES, side="right") - 1].tolist()
    return estimates, limits


def rmst(trial: Trial) -> Numbers:
    time, cause, arm = trial
    fits = [KaplanMeierFitter().fit(time[arm == one], cause[arm == one] > 0) for one in (0, 1)]
    means = [restricted_mean_survival_time(fit, t=TAU) for fit in fits]
    return [means[1] - means[0]], []


def incidence_lifelines(trial: Trial) -> Numbers:
    time, cause, arm = trial
    estimates, errors = [], []
    for one in (0, 1):
        found = AalenJohansenFitter().fit(time[arm == one], cause[arm == one], event_of_interest=1)
        curve, variance = found.cumulative_density_.iloc[:, 0], found.variance_
        at = curve.index.searchsorted(TIMES, side="right") - 1
        estimates += curve.iloc[at].tolist()
        errors += np.sqrt(np.asarray(variance).reshape(-1)[at]).tolist()
    return estimates, errors


def incidence_comprisk(trial: Trial) -> Numbers:
    time, cause, arm = trial
    estimates, variances = CumulativeIncidence(cause_codes=[1, 2]).fit(time, cause, group=arm).timepoints(TIMES)
    return estimates[[0, 2]].reshape(-1).tolist(), np.sqrt(variances[[0, 2]]).reshape(-1).tolist()


def gray(trial: Trial) -> Numbers:
    found = gray_test(*trial)
    return [found.stat], [found.var[0, 0]]


def fine_gray(trial: Trial, *, robust: bool) -> Numbers:
    time, cause, arm = trial
    found = FineGrayRegression(robust_se=robust).fit(arm[:, None], time=time, event=cause)
    return [found.coef_[0]], [found.se_[0]]


TASKS: dict[str, Callable[[Trial], Numbers]] = {
    "lifelines log-rank": log_rank,
    "lifelines Cox": cox,
    "lifelines Kaplan-Meier": kaplan_meier,
    "lifelines RMST": rmst,
    "lifelines CIF": incidence_lifelines,
    "comprisk CIF": incidence_comprisk,
    "comprisk Gray": gray,
    "comprisk Fine-Gray": lambda trial: fine_gray(trial, robust=False),
    "comprisk Fine-Gray, robust": lambda trial: fine_gray(trial, robust=True),
}


def answer(asked: dict[str, str]) -> dict[str, float]:
    """Analyse every trial of a file; the first one is done once more, before the clock starts."""
    with np.load(asked["file"]) as columns:
        trials = list(zip(columns["time"], columns["cause"], columns["arm"], strict=True))
    task = TASKS[asked["task"]]
    task(trials[0])
    wall, processor = clock.perf_counter(), clock.process_time()
    found = [task(trial) for trial in trials]
    took = {"seconds": clock.perf_counter() - wall, "processor_seconds": clock.process_time() - processor}
    np.savez(asked["out"], estimate=[each[0] for each in found], error=[each[1] for each in found])
    return took


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    print(json.dumps({name: version(name) for name in ("lifelines", "comprisk", "pandas")}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
