"""What happens to few cells: founders of resistant clones, and extinction of the sensitive one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import poisson

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.biology.cml.functions import cumulative_founders, establishment, founder_days
from inferon.cohort.populations import Cohort
from inferon.engine import Batch, CompiledModel, Doses, extinction_probability
from inferon.random import exponential, uniform
from inferon.trial.cml_treatment import records_into

RATES = ("cell_birth", "cell_death", "cell_wake", "cell_sleep", "resistant_birth", "resistant_death")
"""Read-outs of module ``cml`` (1/d) that decide what becomes of single cells."""

GRID = DAYS_PER_WEEK
"""Days between points of the trajectory along which founders are drawn."""

_FORECASTS = 128


def founders(
    grid: np.ndarray,
    samples: np.ndarray,
    cohort: Cohort,
    table: Mapping[str, float],
    *,
    growth: float,
    readouts: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Days of birth and amounts (scaled cells) of established resistant founders, each (patients, founders).

    ``samples`` (patients, grid, read-outs) were taken without founders; ``growth`` is the division rate of the specification
    (1/d). Founders are kept with the chance 1 - death/birth of their day; those there at diagnosis come first, on day 0, with the
    chance they have once treatment has begun. Crowding is left out of that chance: treatment makes room.
    """
    found = {name: np.nan_to_num(samples[:, :, list(readouts).index(name)]) for name in ("Y", *RATES)}
    kept = establishment(found["resistant_birth"], found["resistant_death"])
    kept[:, 0] = kept[:, 1]  # the first point is read before the first dose
    expected = cumulative_founders(found["Y"], grid, growth * kept, u=table["u"], n_scale=table["N_scale"])
    before = table["n_preexisting"] * table["u"] * table["N_scale"] * found["Y"][:, 0] * kept[:, 0]
    old = poisson.ppf(uniform(cohort.seed, "resistant founders at diagnosis", cohort.patients), before)
    born = founder_days(expected, grid, _arrivals(cohort, float(expected[:, -1].max(initial=0.0))))
    days = np.concatenate([np.where(old > 0, 0.0, np.inf)[:, None], born], axis=1)
    return days, np.concatenate([old[:, None], np.ones_like(born)], axis=1) / table["N_scale"]


def founder_records(model: CompiledModel, days: np.ndarray, amounts: np.ndarray) -> Doses:
    """Founders as doses into the resistant cells; columns nobody needs are left out."""
    needed = np.isfinite(days).any(axis=0)
    return records_into(model, "cml__Y_R", days[:, needed], amounts[:, needed])


def _arrivals(cohort: Cohort, most: float) -> np.ndarray:
    """Running sums of unit exponentials, enough of them to pass ``most`` in every patient."""
    count = 4
    while True:
        numbers, index = cohort.patients[:, None], np.arange(count)[None, :]
        sums = np.cumsum(exponential(cohort.seed, "resistant founders", numbers, index), axis=1)
        if np.all(sums[:, -1] > most):
            return sums
        count *= 2


def decide_extinction(
    batch: Batch, paused: np.ndarray, uniforms: np.ndarray, table: Mapping[str, float], *, follow_up: float
) -> np.ndarray:
    """Draw extinction of the sensitive clone once for each paused patient and put the outcome into the batch.

    ``uniforms`` holds one draw for every patient of the batch. Returns the probability and whether extinct (0 or 1), shape
    (2, paused).
    """
    pieces = [paused[first : first + _FORECASTS] for first in range(0, len(paused), _FORECASTS)]
    probability = np.concatenate([_probability(batch, piece, table, follow_up) for piece in pieces])
    extinct = uniforms[paused] < probability
    for name in ("cml__X", "cml__Y"):
        column = batch.state(name)
        column[paused] = np.where(extinct, 0.0, column[paused] / np.maximum(1 - probability, 1e-12))
    return np.array([probability, extinct.astype(float)])


def _probability(batch: Batch, paused: np.ndarray, table: Mapping[str, float], follow_up: float) -> np.ndarray:
    """Forecast the paused patients to the end of follow-up as if they went on, and from that their chance of extinction."""
    step, origin = table["dt_ext"], batch.t[paused].copy()
    counts = np.floor((follow_up - origin) / step + 1e-9).astype(np.int64) + 1
    forecast = batch.copy(paused, sample_days=step * np.arange(counts.max()), origin=origin)
    forecast.advance(origin + step * (counts - 1) + 1e-9)
    first = batch.model.kernel.readouts.index(f"cml__{RATES[0]}")
    birth, death, wake, sleep = (forecast.samples[:, :, first + j] for j in range(4))
    dormant, cycling = (table["N_scale"] * batch.state(name)[paused] for name in ("cml__X", "cml__Y"))
    return extinction_probability(
        birth,
        death,
        wake,
        np.zeros_like(wake),
        to_dormant=sleep[:, 0].copy(),
        step=step,
        counts=counts,
        cycling=cycling,
        dormant=dormant,
    )
