"""All arms of a study simulated block by block; finished blocks are kept, so a killed run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.run.catalogues import regimens
from inferon.run.selection import numbers, populations
from inferon.store import Checkpoints
from inferon.study import Study
from inferon.trial import READOUTS, simulate_arm

DAILY = np.arange(-1.0, 181.0)
"""Study days at which the mechanism is sampled."""

SAMPLED_PATIENTS = 4000
"""Patients of an arm whose mechanism is sampled: quantiles need no more, and memory should not grow with a large cohort."""

MOST_FAILURES = 0.001
"""Share of unsolved patients above which a run refuses to summarise."""


@dataclass(frozen=True)
class Block:
    """Some patients of one population, family and arm, from the first to before the last."""

    population: str
    family: str
    arm: str
    first: int
    last: int
    sampled: bool

    @property
    def name(self) -> str:
        """What the block's checkpoint is called."""
        return f"{self.population}.{self.family}.{self.arm}.{self.first}-{self.last}"


class TooManyFailures(RuntimeError):
    """More patients could not be solved than a summary may hide."""


def blocks(study: Study, chunk: int) -> Iterator[Block]:
    """All blocks of a study in the order of its tables; the mechanism is sampled in the first family of the main population."""
    for number, (population, size) in enumerate(populations(study).items()):
        for family in study.families if number == 0 else study.families[:1]:
            for arm in study.arms:
                sampled = SAMPLED_PATIENTS if number == 0 and family == study.families[0] else 0
                for first, last in _cuts(size, chunk, sampled):
                    yield Block(population, family, arm, first, last, first < sampled)


def _cuts(size: int, chunk: int, sampled: int) -> Iterator[tuple[int, int]]:
    """Blocks of at most ``chunk`` patients; none holds both sampled patients and others."""
    first = 0
    while first < size:
        last = min(first + chunk, size, sampled if first < sampled else size)
        yield first, last
        first = last


def simulate(
    study: Study, checkpoints: Checkpoints, *, threads: int, chunk: int, progress: Callable[[int], object]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events of every patient, and sampled read-outs (arm, patient, time_days and one column each) of the sampled blocks.

    Raises ``TooManyFailures`` when more than ``MOST_FAILURES`` of the patients could not be solved.
    """
    events, samples = [], []
    for block in blocks(study, chunk):
        found = checkpoints.get(f"{block.name}.events")
        sampled = checkpoints.get(f"{block.name}.samples") if block.sampled else None
        if found is None or (block.sampled and sampled is None):
            found, sampled = _simulate_block(study, block, threads, progress)
            if sampled is not None:
                checkpoints.put(f"{block.name}.samples", sampled)
            checkpoints.put(f"{block.name}.events", found)
        else:
            progress(block.last - block.first)
        events.append(found)
        if sampled is not None:
            samples.append(sampled)
    table = pl.concat(events)
    refuse_failures(table)
    return table, pl.concat(samples)


def _simulate_block(
    study: Study, block: Block, threads: int, progress: Callable[[int], object]
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    arm = study.arms[block.arm]
    cohort = draw_cohort(
        block.population,
        numbers(study, block.population, block.family)[block.first : block.last],
        seed=study.seed,
        family=block.family,
        overrides=arm.parameters,
    )
    result = simulate_arm(
        cohort,
        regimens(arm),
        follow_up=study.cohort.follow_up_days,
        days=DAILY[study.cohort.follow_up_days >= DAILY] if block.sampled else None,
        threads=threads,
        progress=progress,
    )
    labels = [pl.lit(value).alias(name) for name, value in _labels(block).items()]
    events = result.events.select(*labels, pl.all())
    return events, _sample_table(block.arm, cohort.patients, result.days, result.samples) if block.sampled else None


def _labels(block: Block) -> dict[str, str]:
    return {"population": block.population, "family": block.family, "arm": block.arm}


def _sample_table(arm: str, patients: np.ndarray, days: np.ndarray, samples: np.ndarray) -> pl.DataFrame:
    columns = {name: samples[:, :, j].ravel() for j, name in enumerate(READOUTS)}
    columns["log10_L"] = np.log10(np.maximum(columns.pop("L"), 1.0))
    keys = {"patient": np.repeat(patients, len(days)), "time_days": np.tile(days, len(patients))}
    return pl.DataFrame({**keys, **columns}).fill_nan(None).select(pl.lit(arm).alias("arm"), pl.all())


def refuse_failures(events: pl.DataFrame) -> None:
    """Raise ``TooManyFailures`` where more than ``MOST_FAILURES`` of the rows have another status than ok."""
    failed = events.filter(pl.col("status") != "ok")
    if len(failed) > MOST_FAILURES * len(events):
        sentence = failed["status"].value_counts(sort=True)["status"][0]
        raise TooManyFailures(f"{len(failed)} of {len(events)} patients could not be solved (most often: {sentence})")
