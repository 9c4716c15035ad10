"""A cohort too large for memory, arm by arm in blocks: each block is simulated, handed on and forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.engine import Settings
from inferon.protocol import Regimen
from inferon.trial.simulate import SETTINGS, simulate_arm

BLOCK = 20_000
"""Patients simulated at once: about 100 MB, and long enough to keep the cores busy."""


def arm_in_blocks(
    population: str,
    regimens: Sequence[Regimen],
    *,
    patients: int,
    seed: int,
    follow_up: float,
    family: str = "reference",
    parameters: Mapping[str, float] | None = None,
    settings: Settings = SETTINGS,
    threads: int = 1,
    block: int = BLOCK,
) -> Iterator[pl.DataFrame]:
    """What happened to patients 0, 1, 2, … of a population under ``regimens``: event tables of ``simulate_arm``, block by block.

    Memory does not grow with ``patients``; neither ``block`` nor ``threads`` changes any number. Raises as ``draw_cohort`` and
    ``simulate_arm`` do.
    """
    for first in range(0, patients, block):
        numbers = np.arange(first, min(first + block, patients))
        cohort = draw_cohort(population, numbers, seed=seed, family=family, overrides=parameters)
        yield simulate_arm(
            cohort, regimens, follow_up=follow_up, parameters=parameters, settings=settings, threads=threads
        ).events
