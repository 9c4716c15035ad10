"""All arms of a system's study simulated block by block; finished blocks are kept, so a killed run goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.run.endpoints import FINISHED
from inferon.run.simulation import refuse_failures
from inferon.run.systems.system import Part, System, Tables
from inferon.store import Checkpoints
from inferon.study import Study


@dataclass(frozen=True)
class Block:
    """Some patients of one arm."""

    arm: str
    first: int
    last: int

    @property
    def name(self) -> str:
        """What the block's checkpoints are called."""
        return f"{self.arm}.{self.first}-{self.last}"


def blocks(study: Study, chunk: int) -> Iterator[Block]:
    """All blocks of a study in the order of its tables."""
    for arm in study.arms:
        for first in range(0, study.cohort.size, chunk):
            yield Block(arm, first, min(first + chunk, study.cohort.size))


def simulate(
    study: Study,
    system: System,
    checkpoints: Checkpoints,
    *,
    threads: int,
    chunk: int,
    progress: Callable[[int], object],
) -> Tables:
    """Patients and visits of every arm, each with a column ``arm`` in front.

    Raises ``TooManyFailures`` when more patients could not be solved than a summary may hide.
    """
    patients, visits = [], []
    for block in blocks(study, chunk):
        found = [checkpoints.get(f"{block.name}.{table}") for table in ("visits", "patients")]
        if any(table is None for table in found):
            found = _simulate_block(study, system, block, threads)
            for name, table in zip(("visits", "patients"), found, strict=True):
                checkpoints.put(f"{block.name}.{name}", table)
        progress(block.last - block.first)
        visits.append(found[0])
        patients.append(found[1])
    tables = Tables(pl.concat(patients, how="vertical_relaxed"), pl.concat(visits, how="vertical_relaxed"))
    refuse_failures(tables.patients)
    return tables


def _simulate_block(study: Study, system: System, block: Block, threads: int) -> list[pl.DataFrame]:
    part = Part(
        population=study.cohort.population,
        patients=np.arange(block.first, block.last),
        arm=study.arms[block.arm],
        seed=study.seed,
        follow_up=study.cohort.follow_up_days,
        report_times=study.report_times_days,
        threads=threads,
    )
    tables = system.simulate(part)
    label = pl.lit(block.arm).alias("arm")
    return [table.select(label, pl.all()).fill_nan(None) for table in (tables.visits, tables.patients)]


def solved(tables: Tables, arm: str) -> Tables:
    """The solved patients of one arm, and their visits."""
    patients = tables.patients.filter((pl.col("arm") == arm) & (pl.col("status") == FINISHED))
    visits = tables.visits.filter(pl.col("arm") == arm).join(
        patients.select("patient"), on="patient", how="semi", maintain_order="left"
    )
    return Tables(patients, visits)
