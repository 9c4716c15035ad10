"""The steps of a transplant study: families, a comparison population, the mechanism, power and one randomised trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.report.cannot_exclude import cannot_exclude
from inferon.run import selection, simulation, summaries
from inferon.study import Study

WEEKLY = tuple(np.arange(-1.0, 181.0, 7.0))
Step = Callable[[str, int], Callable[[int], object]]


simulate = simulation.simulate
"""Events of every patient, and sampled read-outs."""


def work(study: Study, chunk: int) -> int:
    """Virtual patients to simulate, over populations, families and arms."""
    return sum(block.last - block.first for block in simulation.blocks(study, chunk))


def summarise(
    study: Study, simulated: tuple[pl.DataFrame, pl.DataFrame], step: Step
) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """What ``estimates.json`` holds, and the tables by name."""
    events, samples = simulated
    done = step("Estimating endpoints and power", 4)
    population, comparison = study.cohort.population, study.cohort.comparison_population
    estimates: dict[str, Any] = {
        "study": study.title,
        "seed": study.seed,
        "population": population,
        "arms": summaries.estimates_by_arm(study, events, population, study.families),
    }
    if comparison:
        arms = summaries.estimates_by_arm(study, events, comparison, study.families[:1])
        estimates["comparison"] = {"population": comparison, "arms": arms}
    if found := selection.described(study):
        source = study.cohort.weights.source if study.cohort.weights else None
        estimates["selection"] = {"cohorts": found, "source": source}
    done(1)
    curves = summaries.curves(study, events)
    bands = summaries.bands(samples)
    done(1)
    power = summaries.power_rows(study, events)
    done(1)
    trial, size = summaries.virtual_trial(study, events, power)
    estimates |= {"published": summaries.published(study), "power": power}
    estimates["virtual_trial"] = {"patients": size, "dataset": "tables/adtte.parquet"}
    estimates["excludes"] = cannot_exclude(estimates["published"], estimates)
    estimates["assumptions"] = summaries.assumptions(study)
    done(1)
    readouts = samples.filter(pl.col("time_days").is_in(WEEKLY))
    tables = {"events": events, "curves": curves, "bands": bands, "readouts": readouts, "adtte": trial}
    if power:
        tables["power"] = pl.DataFrame(power)
    return estimates, tables


def patients(study: Study) -> pl.DataFrame:
    """Covariates and individual parameters of every patient, by population (first family)."""
    frames, family = [], study.families[0]
    for population in selection.populations(study):
        cohort = draw_cohort(population, selection.numbers(study, population, family), seed=study.seed, family=family)
        values = {**cohort.parameters, "cd34": cohort.draws["cd34"], "cd3": cohort.draws["cd3"]}
        keys = [pl.lit(population).alias("population"), pl.Series("patient", cohort.patients)]
        frames.append(
            cohort.covariates.select(*keys, pl.all()).with_columns(pl.Series(k, v) for k, v in values.items())
        )
    return pl.concat(frames, how="diagonal")
