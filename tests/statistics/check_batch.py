"""The batched statistics against a folder with batch_trials.csv.gz and batch_results.csv: passed and failed by
statistic.

    python -m tests.statistics.check_batch FOLDER

The first file holds the patients of all trials (trial, arm, stratum, time, status), the second one row a trial: the
statistics of R, the horizon of the restricted mean (rmst_tau) and the time of the curves (t0). Missing values are not
compared. Exit code 1 when a trial fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from inferon.statistics import batch

COUNTING = (1e-9, 1e-12)
FIT, FIT_ERROR = (1e-6, 1e-6), (1e-5, 1e-12)
FINE_GRAY, FINE_GRAY_ERROR = (5e-5, 5e-5), (1e-4, 1e-12)
"""Relative and absolute tolerances; one of the two must hold. crr stops up to 2.3e-5 short of the maximum."""

DESCRIPTIVE = {"trial", "n", "ties", "events1", "events2", "rmst_tau", "t0"}


@dataclass(frozen=True)
class Verdict:
    """One statistic over all trials."""

    statistic: str
    passed: int
    failed: tuple[int, ...]
    relative: float
    absolute: float


def check(folder: Path) -> list[Verdict]:
    """Every statistic of the results, in their order; one that Inferon does not know counts as failed in every
    trial."""
    trials, results = read(folder)
    answers = _answers(trials, results)
    names = [name for name in results.columns if name not in DESCRIPTIVE]
    return [_verdict(name, results, answers.get(name)) for name in names]


def read(folder: Path) -> tuple[batch.Trials, pl.DataFrame]:
    """The trials, in the order of the results, and the results."""
    results = pl.read_csv(folder / "batch_results.csv", null_values=["NA", "NaN"])
    return _trials(folder / "batch_trials.csv.gz", results), results


def _trials(path: Path, results: pl.DataFrame) -> batch.Trials:
    """Trials of unequal size as arrays with NaN at the ends of the smaller ones."""
    patients = pl.read_csv(path)
    groups = patients.partition_by("trial", as_dict=True)
    parts = [groups[(trial,)] for trial in results["trial"]]
    columns = {}
    for name in ("time", "status", "arm", "stratum"):
        columns[name] = np.full((len(parts), max(part.height for part in parts)), np.nan)
        for row, part in zip(columns[name], parts, strict=True):
            row[: part.height] = part[name].to_numpy()
    return batch.trials(columns["time"], columns["status"], columns["arm"], strata=columns["stratum"])


def _answers(trials: batch.Trials, results: pl.DataFrame) -> dict[str, tuple[np.ndarray, tuple[float, float]]]:
    answers: dict[str, tuple[np.ndarray, tuple[float, float]]] = {}
    for part in (_log_ranks, _regressions, _others, _curves):
        answers |= part(trials, results)
    return answers


def _log_ranks(trials: batch.Trials, _: pl.DataFrame) -> dict:
    plain, late = batch.log_rank(trials), batch.log_rank(trials, gamma=1)
    found = {
        "logrank_chisq": plain.statistic,
        "logrank_o_minus_e_arm1": plain.observed_minus_expected,
        "logrank_var": plain.variance,
        "strat_logrank_chisq": batch.log_rank(trials, stratified=True).statistic,
        "grho1_chisq": batch.log_rank(trials, rho=1).statistic,
        "causespecific_logrank_chisq": batch.log_rank(trials, cause=1).statistic,
        "fh01_z": -late.z,  # simtrial: expected minus observed in the experimental arm
    }
    return {name: (values, COUNTING) for name, values in found.items()}


def _regressions(trials: batch.Trials, _: pl.DataFrame) -> dict:
    plain = batch.cox(trials)
    found = {"cox_loglik0": (plain.log_likelihood[:, 0], COUNTING), "cox_loglik1": (plain.log_likelihood[:, 1], FIT)}
    fits = {"cox": plain, "cox_strat": batch.cox(trials, stratified=True), "cs_cox": batch.cox(trials, cause=1)}
    for name, fit in fits.items():
        found |= {f"{name}_coef": (fit.coefficient[:, 0], FIT), f"{name}_se": (fit.standard_error[:, 0], FIT_ERROR)}
    fit = batch.fine_gray(trials)
    found |= {"fg_coef": (fit.coefficient[:, 0], FINE_GRAY), "fg_se": (fit.standard_error[:, 0], FINE_GRAY_ERROR)}
    return found


def _others(trials: batch.Trials, results: pl.DataFrame) -> dict:
    mean = batch.rmst(trials, tau=results["rmst_tau"].to_numpy())
    found = {f"gray_stat{cause}": batch.gray(trials, cause=cause).statistic for cause in (1, 2)}
    found |= {"rmst_diff": mean.difference, "rmst_diff_lo": mean.lower, "rmst_diff_hi": mean.upper}
    return {name: (values, COUNTING) for name, values in found.items()}


def _curves(trials: batch.Trials, results: pl.DataFrame) -> dict:
    times, at = np.unique(results["t0"].to_numpy(), return_inverse=True)
    found, trial = {}, np.arange(len(trials))
    estimators: dict[str, Callable[..., batch.CurveBatch]] = {"km": batch.kaplan_meier, "aj1": batch.aalen_johansen}
    for name, estimator in estimators.items():
        curve = estimator(trials, times=times)
        for arm in (0, 1):
            found[f"{name}_arm{arm}"] = (curve.estimate[trial, arm, at], COUNTING)
            found[f"{name}_arm{arm}_se"] = (curve.standard_error[trial, arm, at], COUNTING)
    return found


def _verdict(name: str, results: pl.DataFrame, answer: tuple[np.ndarray, tuple[float, float]] | None) -> Verdict:
    expected = results[name].cast(pl.Float64).to_numpy()
    known = np.isfinite(expected)
    trials = results["trial"].to_numpy()[known]
    if answer is None:
        return Verdict(f"{name} (not implemented)", 0, tuple(trials.tolist()), np.nan, np.nan)
    found, (relative, absolute) = answer
    off = np.abs(found[known] - expected[known])
    error = np.where(off == 0, 0.0, off / np.maximum(np.abs(expected[known]), 1e-300))
    right = (error <= relative) | (off <= absolute)
    return Verdict(
        name,
        int(right.sum()),
        tuple(trials[~right].tolist()),
        float(error.max(initial=0.0)),
        float(off.max(initial=0.0)),
    )


def report(folder: Path) -> bool:
    """Print the table of a folder; true when something failed."""
    verdicts = check(folder)
    print(f"\n{'batch: statistic':<34}{'passed':>8}{'failed':>8}{'worst relative':>16}{'absolute error':>16}")
    for each in verdicts:
        tail = f"  trials {', '.join(map(str, each.failed[:5]))}" if each.failed else ""
        errors = f"{each.relative:>16.1e}{each.absolute:>16.1e}"
        print(f"{each.statistic:<34}{each.passed:>8}{len(each.failed):>8}{errors}{tail}", flush=True)
    good = sum(not each.failed for each in verdicts)
    print(f"batch: {good} of {len(verdicts)} statistics pass in every trial")
    return good < len(verdicts)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="folder with batch_trials.csv.gz and batch_results.csv")
    sys.exit(report(arguments.parse_args().folder))


if __name__ == "__main__":
    main()
