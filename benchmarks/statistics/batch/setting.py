"""The simulated trials that everybody analyses: two arms, two causes, staggered entry, times exact or in whole
months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PATIENTS, TIMES, TAU = 300, (1.0, 2.0), 2.0
"""Patients a trial; years at which curves are read; horizon of the restricted mean."""


@dataclass(frozen=True)
class Simulated:
    """Arrays of shape (trials, patients)."""

    time: np.ndarray
    cause: np.ndarray
    arm: np.ndarray

    def first(self, trials: int) -> Simulated:
        """The first few trials."""
        return Simulated(self.time[:trials], self.cause[:trials], self.arm[:trials])


def simulate(trials: int, *, seed: int, months: bool = False, patients: int = PATIENTS) -> Simulated:
    """Relapse at 0.3 a year (hazard ratio 0.7 in arm 1), death at 0.2 a year, follow-up of 0.5 to 4 years.

    With ``months``, times are rounded up to whole months, so that nearly all of them tie.
    """
    rng = np.random.default_rng(seed)
    shape = (trials, patients)
    arm = rng.permuted(np.tile(np.arange(patients) % 2, (trials, 1)), axis=1)
    relapse = 0.3 * np.where(arm == 1, 0.7, 1.0)
    event = rng.exponential(1 / (relapse + 0.2))
    cause = np.where(rng.random(shape) < relapse / (relapse + 0.2), 1, 2)
    follow_up = rng.uniform(0.5, 4.0, shape)
    time = np.minimum(event, follow_up)
    cause = np.where(event <= follow_up, cause, 0)
    return Simulated(np.ceil(time * 12) / 12 if months else time, cause, arm)
