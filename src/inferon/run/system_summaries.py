"""From a system's tables to what its page shows: estimates, curves, bands, quotations, parameters, cohort, what is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from inferon.evidence import beside, published_results
from inferon.run.cards import notes
from inferon.run.endpoints import CURVES, SHARE, Endpoint, curve, estimate, share_curve
from inferon.run.system_checks import CHECK, adjustable
from inferon.run.system_simulation import solved
from inferon.run.systems.system import STANDARD, System, Tables
from inferon.study import Published, Study

BAND = (0.05, 0.5, 0.95)
RESEARCH_ONLY = "For research only; nothing here advises on the treatment of a person."


def estimates(study: Study, system: System, tables: Tables) -> dict[str, Any]:
    """What ``estimates.json`` holds: the shape of a transplant study with one family, and what its reader needs to know."""
    named = {name: system.endpoints[name] for name in study.endpoints}
    return {
        "study": study.title,
        "seed": study.seed,
        "population": study.cohort.population,
        "system": {"name": system.name, "title": system.title, "day_zero": system.day_zero},
        "endpoints": {n: {k: getattr(e, k) for k in ("label", "definition", "kind", "unit")} for n, e in named.items()},
        "readouts": {name: asdict(readout) for name, readout in system.readouts.items()},
        "arms": {arm: {"families": {STANDARD: {"endpoints": _arm(study, system, tables, arm)}}} for arm in study.arms},
        "published": [_published(item) for item in study.published],
        "parameters": _parameters(study, system),
        "cohort": _cohort(system.covariates(study.cohort.population, np.arange(study.cohort.size), study.seed)),
        "populations": {study.cohort.population: system.populations[study.cohort.population]},
        "settings": {name: setting.meaning for name, setting in system.settings.items()},
        "assumptions": [*system.assumptions, *_shared(study), RESEARCH_ONLY],
        "notes": notes(system.modules),
        "checks": _checks(system.checks),
    }


def _arm(study: Study, system: System, tables: Tables, arm: str) -> dict[str, Any]:
    found, times = solved(tables, arm), study.report_times_days
    asked = sorted({*times, *(item.time_days for item in study.published)})
    return {
        name: estimate(
            system.endpoints[name], found.patients, found.visits, asked, follow_up=study.cohort.follow_up_days
        )
        for name in study.endpoints
    }


def curves(study: Study, system: System, tables: Tables) -> pl.DataFrame:
    """Every endpoint that has a course over time, by arm: the columns of a transplant study's curves."""
    frames = []
    for arm in study.arms:
        found = solved(tables, arm)
        for name in study.endpoints:
            table = _course(system.endpoints[name], found, study.cohort.follow_up_days)
            labels = {"population": study.cohort.population, "family": STANDARD, "arm": arm, "endpoint": name}
            frames.append(table.select(*(pl.lit(v).alias(k) for k, v in labels.items()), pl.all()))
    return pl.concat(frames)


def _course(endpoint: Endpoint, found: Tables, follow_up: float) -> pl.DataFrame:
    if endpoint.kind in CURVES:
        return curve(endpoint, found.patients, follow_up=follow_up)
    drawn = endpoint.kind == SHARE and not endpoint.once
    return share_curve(endpoint, found.visits if drawn else found.visits.clear())


def bands(study: Study, system: System, tables: Tables) -> pl.DataFrame:
    """Median and 5-95 % band of each read-out that the visits hold, by arm and day."""
    names = [name for name in system.readouts if name in tables.visits.columns]
    if not names or tables.visits.is_empty():
        return pl.DataFrame()
    frames = []
    for arm in study.arms:
        visits = solved(tables, arm).visits
        long = visits.unpivot(names, index=["arm", "time_days"], variable_name="readout").drop_nulls("value")
        limits = [
            pl.col("value").quantile(q, "linear").alias(n)
            for q, n in zip(BAND, ("lower", "median", "upper"), strict=True)
        ]
        frames.append(
            long.group_by("arm", "readout", "time_days", maintain_order=True).agg(*limits, pl.len().alias("n"))
        )
    return pl.concat(frames).sort("readout", "arm", "time_days")


def _published(item: Published) -> dict[str, Any]:
    """A quotation with its interval; the number of a check of the specification has neither patients nor an interval."""
    if item.kind == CHECK:
        row = {"arm": item.arm, "endpoint": item.endpoint, "time_days": item.time_days, "estimate": item.estimate}
        row |= {
            "n": None,
            "events": None,
            "lower": None,
            "upper": None,
            "interval": "none: a check of the specification",
        }
        return row | {"kind": CHECK, "source": f"check {item.source}", "unit": item.unit, "doi_or_url": ""}
    source = published_results()[item.source]
    n = item.n if item.n is not None or item.kind != "observed" else source.n
    row = beside(item.arm, item.endpoint, item.time_days, item.estimate, n, item.kind, item.source, item.unit)
    return row | {"said": f"{source.arm}: {source.endpoint}", "role": source.role, "year": source.year}


def _parameters(study: Study, system: System) -> list[dict[str, Any]]:
    """What an arm sets in place of the table, with the status and the source of the row it replaces."""
    rows = adjustable(system)
    return [
        {
            "arm": name,
            "symbol": symbol,
            "parameter": rows[symbol].description,
            "value": value,
            "table_value": rows[symbol].value if np.isfinite(rows[symbol].value) else str(rows[symbol].value),
            "unit": rows[symbol].unit,
            "status": rows[symbol].status,
            "source": rows[symbol].source,
        }
        for name, arm in study.arms.items()
        for symbol, value in arm.parameters.items()
    ]


def _cohort(covariates: pl.DataFrame) -> list[dict[str, Any]]:
    """One row a covariate: median and 5-95 % range of a number, the share of each value of a category."""
    rows: list[dict[str, Any]] = []
    for name, column in zip(covariates.columns, covariates.get_columns(), strict=True):
        if column.dtype.is_numeric():
            lower, median, upper = (float(column.quantile(q, "linear")) for q in BAND)
            rows.append(
                {"covariate": name, "value": None, "median": median, "lower": lower, "upper": upper, "share": None}
            )
        else:
            counts = (
                column.cast(pl.String).fill_null("none").value_counts().sort("count", name, descending=[True, False])
            )
            for value, count in counts.iter_rows():
                share = count / len(column)
                rows.append(
                    {"covariate": name, "value": value, "median": None, "lower": None, "upper": None, "share": share}
                )
    return rows


def _shared(study: Study) -> list[str]:
    said = [
        f"Arm {name}: {symbol} is set to {value:g} in place of the table's value."
        for name, arm in study.arms.items()
        for symbol, value in arm.parameters.items()
    ]
    if len(study.arms) > 1:
        said.append("Virtual patients with the same number are the same person in every arm (common random numbers).")
    return [*said, "One set of parameters was run: what the data cannot identify is not shown by the intervals."]


def _checks(ids: Sequence[str]) -> list[dict[str, str]]:
    from inferon.evidence.check import all_checks

    return [{"id": one.id, "module": one.module, "about": one.title} for one in all_checks() if one.id in ids]
