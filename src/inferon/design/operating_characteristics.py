"""Power of a randomised trial: thousands of trials resampled from simulated arms, each analysed as it would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

from inferon.protocol.visits import MONTH
from inferon.random import exponential, uniform
from inferon.statistics import batch, clopper_pearson
from inferon.trial.endpoints import CENSORED, time_to_event


@dataclass(frozen=True, kw_only=True)
class Power:
    """Share of trials of one size that reject, with its exact Monte-Carlo interval; differences are control − experimental."""

    endpoint: str
    time_days: float
    per_arm: int
    trials: int
    power: float
    lower: float
    upper: float
    true_difference: float
    mean_difference: float
    test: str


def power_of_incidence_difference(
    control: pl.DataFrame,
    experimental: pl.DataFrame,
    *,
    endpoint: str,
    at: float,
    sizes: Sequence[int],
    trials: int,
    seed: int,
    follow_up: float,
    dropout_per_year: float = 0.0,
    alpha: float = 0.05,
) -> list[Power]:
    """Power of the two-sided z-test of the difference in cumulative incidence of ``endpoint`` by day ``at``.

    Every trial draws 2 x size different patients without replacement from the simulated arms (events tables of the same patients)
    and gives the first half the control, the second half the experimental treatment. The variance is that of Aalen-Johansen
    (Greenwood type). Raises ``ValueError`` when the arms hold too few patients.
    """
    patients = control["patient"].to_numpy()
    if not np.array_equal(patients, experimental["patient"].to_numpy()):
        raise ValueError("the two arms must hold the same patients, in the same order")
    if 2 * max(sizes) > len(patients):
        raise ValueError(
            f"two arms of {max(sizes)} need {2 * max(sizes)} different patients; {len(patients)} were simulated"
        )
    chosen = _draw(patients, 2 * max(sizes), trials, seed)
    lost = _dropout(patients, trials, dropout_per_year, seed)
    arms = [_time_and_cause(table, endpoint, follow_up) for table in (control, experimental)]
    whole = [_by(at, time[None], cause[None])[0][0] for time, cause in arms]
    critical = ndtri(1 - alpha / 2)
    results = []
    for size in sizes:
        halves = (chosen[:, :size], chosen[:, size : 2 * size])
        found = [_incidence(arm, half, lost, at) for arm, half in zip(arms, halves, strict=True)]
        difference = found[0][0] - found[1][0]
        spread = np.sqrt(found[0][1] + found[1][1])
        rejected = np.abs(difference) > critical * spread
        share = clopper_pearson(int(np.sum(rejected & (spread > 0))), trials)
        results.append(
            Power(
                endpoint=endpoint,
                time_days=at,
                per_arm=size,
                trials=trials,
                power=share.estimate,
                lower=share.lower,
                upper=share.upper,
                true_difference=float(whole[0] - whole[1]),
                mean_difference=float(difference.mean()),
                test=f"two-sided {100 * alpha:g}% z-test of the difference in cumulative incidence",
            )
        )
    return results


def _draw(patients: np.ndarray, count: int, trials: int, seed: int) -> np.ndarray:
    """Positions of ``count`` different patients for every trial, shape (trials, count)."""
    chosen = np.empty((trials, count), dtype=np.int64)
    for trial in range(trials):
        ranks = uniform(seed, "power: who enrols", patients, trial)
        first = np.argpartition(ranks, count - 1)[:count]
        chosen[trial] = first[np.argsort(ranks[first], kind="stable")]
    return chosen


def _dropout(patients: np.ndarray, trials: int, per_year: float, seed: int) -> np.ndarray | None:
    if per_year <= 0:
        return None
    draws = exponential(seed, "power: dropout", patients[None, :], np.arange(trials)[:, None])
    return draws * (12 * MONTH) / -np.log1p(-per_year)


def _time_and_cause(table: pl.DataFrame, endpoint: str, follow_up: float) -> tuple[np.ndarray, np.ndarray]:
    outcome = time_to_event(table, endpoint, follow_up=follow_up)
    name = outcome["outcome"].to_numpy()
    return outcome["time_days"].to_numpy(), np.where(name == endpoint, 1, np.where(name == CENSORED, 0, 2))


def _incidence(arm, chosen: np.ndarray, lost: np.ndarray | None, at: float) -> tuple[np.ndarray, np.ndarray]:
    time, cause = arm[0][chosen], arm[1][chosen]
    if lost is not None:
        gone = np.take_along_axis(lost, chosen, axis=1)
        time, cause = np.minimum(time, gone), np.where(gone < time, 0, cause)
    return _by(at, time, cause)


def _by(at: float, time: np.ndarray, cause: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative incidence by ``at`` and its variance in every trial (row)."""
    curves = batch.aalen_johansen(batch.trials(time, cause), times=[at])
    return curves.estimate[:, 0, 0], curves.standard_error[:, 0, 0] ** 2
