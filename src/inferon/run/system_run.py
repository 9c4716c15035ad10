"""The steps of a study of a system: the same for every one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from inferon.run import system_simulation, system_summaries
from inferon.run.systems import Tables, system
from inferon.store import Checkpoints
from inferon.study import Study

Step = Callable[[str, int], Callable[[int], object]]


def work(study: Study, _chunk: int) -> int:
    """Virtual patients to simulate, over all arms."""
    return study.cohort.size * len(study.arms)


def simulate(
    study: Study, checkpoints: Checkpoints, *, threads: int, chunk: int, progress: Callable[[int], object]
) -> Tables:
    """Patients and visits of every arm."""
    chosen = system(study.model)
    return system_simulation.simulate(study, chosen, checkpoints, threads=threads, chunk=chunk, progress=progress)


def summarise(study: Study, simulated: Tables, step: Step) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """What ``estimates.json`` holds, and the tables by name; a table without rows is left out."""
    done, chosen = step("Estimating endpoints", 2), system(study.model)
    estimates = system_summaries.estimates(study, chosen, simulated)
    done(1)
    tables = {
        "events": simulated.patients,
        "visits": simulated.visits,
        "curves": system_summaries.curves(study, chosen, simulated),
        "bands": system_summaries.bands(study, chosen, simulated),
    }
    done(1)
    return estimates, {name: table for name, table in tables.items() if name == "events" or not table.is_empty()}


def patients(study: Study) -> pl.DataFrame:
    """Covariates of every patient of the study's population."""
    numbers = np.arange(study.cohort.size)
    drawn = system(study.model).covariates(study.cohort.population, numbers, study.seed)
    return drawn.select(pl.Series("patient", numbers), pl.lit(study.cohort.population).alias("population"), pl.all())
