"""Virtual people from birth: at which age leukaemia of which kind is diagnosed, or death comes first, and when the clone began.

One unit exponential a person and cause, the same whatever the exposure, so an exposed twin differs only where the hazard does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_YEAR
from inferon.biology.onset import clone
from inferon.biology.onset.functions import SUBTYPES
from inferon.biology.onset.lifetime import age_at, cumulative_hazard, hazard_at
from inferon.cohort.distributions import categorical, log_normal
from inferon.cohort.exposures import STEP_YEARS, Exposure, age_edges, middles, onset_values, rates
from inferon.model.catalogue import parameter_table
from inferon.random import exponential, normal, uniform

CAUSES = (*SUBTYPES, "death")
ORIGINS = ("de novo", "alkylator", "topoisomerase")
PRESETS = {"AML": "AML_default", "ALL": "ALL"}
"""Presets of the marrow module by subtype; chronic leukaemias have modules of their own."""

ACUTE = ("AML_fast", "AML_default", "AML_slow", "ALL")
"""Every preset of the marrow module: rows ``a1L_``, ``p1L_`` there, ``T20_`` in the onset table."""

_BLOCK = 4096
"""People whose hazards are held at once: 480 cells of eight hazards each, about 130 MB."""

_CLONES = 12
"""Clones of normal-looking blood a person may have; more are expected in fewer than one life in 1e12."""


@dataclass(frozen=True)
class People:
    """Virtual people followed from birth, or from an age at which they were alive and free of leukaemia.

    ``table``: one row a person, ages in years. ``exit_cause`` is a subtype or ``death`` and ``exit_age`` its age. For those with
    leukaemia: ``origin`` (de novo, alkylator, topoisomerase), ``preset`` of the disease module, ``cytogenetic_risk`` where the
    origin decides it, ``proliferation`` of its stem cells (1/d, AML and ALL), ``growth_days`` from founder to diagnosis,
    ``onset_age`` when the clone is placed, and ``onset_cells`` per kg it is placed with (one cell where there was time).
    ``carrier_age`` and ``carrier_risk``: clonal haematopoiesis, where it was drawn; ``in_clone``: AML that founds in that clone.
    """

    table: pl.DataFrame
    exposure: Exposure
    seed: int


def draw_people(
    patients: np.ndarray,
    *,
    seed: int,
    exposure: Exposure | None = None,
    sexes: bool = True,
    clonal_haematopoiesis: bool = False,
    from_age: float = 0.0,
    radiation: str = "survivors",
) -> People:
    """What happens to people with the given numbers under an exposure; person i is the same whoever else is drawn.

    ``sexes``: draw the sex and let it act; without, everybody has the mean rate of both. ``clonal_haematopoiesis`` draws the age
    at which somebody becomes a carrier. ``radiation``: which form the excess takes. Raises ``ValueError`` where the exposure
    describes another number of people, ``KeyError`` for an unknown radiation form.
    """
    patients, exposure = np.asarray(patients, dtype=np.int64), exposure or Exposure()
    if exposure.people not in (None, len(patients)):
        raise ValueError(f"the exposure describes {exposure.people} people; {len(patients)} are drawn")
    male = uniform(seed, "sex", patients) < parameter_table("population")["p_male_other"].value if sexes else None
    if clonal_haematopoiesis:
        exposure = replace(exposure, carrier_age=carrier_age(patients, seed=seed))
    ages, parts = _exits(patients, seed, exposure, male, from_age, radiation)
    columns = {
        "patient": patients,
        "sex": ["both"] * len(patients) if male is None else np.where(male, "male", "female"),
        "exit_age": ages.min(axis=1),
        "exit_cause": np.array(CAUSES, dtype=object)[ages.argmin(axis=1)],
        **_carriers(patients, seed, exposure),
    }
    columns["in_clone"] = (columns["exit_cause"] == "AML") & (columns["exit_age"] >= columns["carrier_age"])
    columns |= _clones(columns, patients, seed, exposure, parts)
    return People(pl.DataFrame(columns).fill_nan(None), exposure, seed)


def _exits(
    patients: np.ndarray, seed: int, exposure: Exposure, male: np.ndarray | None, from_age: float, radiation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Age of every cause (people, causes), and at the age of AML its hazard by origin (people, 3; in the order of ORIGINS)."""
    edges = age_edges()
    ages, parts = np.empty((len(patients), len(CAUSES))), np.empty((len(patients), 3))
    for first in range(0, len(patients), _BLOCK):
        part = slice(first, first + _BLOCK)
        sex = None if male is None else male[part]
        found = rates(exposure.of(part), middles(edges), male=sex, radiation=radiation)
        sources = [found["AML"], found["AML, alkylator"], found["AML, topoisomerase"]]
        found["AML"] = sources[0] + sources[1] + sources[2]
        for column, cause in enumerate(CAUSES):
            cumulative = cumulative_hazard(found[cause], STEP_YEARS)
            people = patients[part]
            before = hazard_at(cumulative, np.full(len(people), from_age), edges)
            ages[part, column] = age_at(cumulative, before + exponential(seed, f"onset {cause}", people), edges)
        ages[part, -1] = np.minimum(ages[part, -1], edges[-1])
        cell = np.minimum((ages[part, 0] / STEP_YEARS), len(edges) - 2).astype(np.int64)
        for column, source in enumerate(sources):
            parts[part, column] = source[np.arange(len(cell)) if len(source) > 1 else 0, cell]
    return ages, parts


def carrier_age(patients: np.ndarray, *, seed: int) -> np.ndarray:
    """Age from which each person carries a clone above the variant fraction of a carrier; ``inf`` beyond a life's length.

    Clones begin as a Poisson process, each with a fitness of its own; the first to become large counts.
    """
    v = onset_values()
    index, people = np.arange(_CLONES)[None, :], np.asarray(patients)[:, None]
    begun = np.cumsum(exponential(seed, "clone begins", people, index), axis=1) / v["thC"]
    fitness = v["s_chip"] * np.exp(v["sd_s_chip"] * normal(seed, "clone fitness", people, index))
    large = (begun + clone.years_to_carriage(fitness, v)).min(axis=1)
    return np.where(large < age_edges()[-1], large, np.inf)


def _carriers(patients: np.ndarray, seed: int, exposure: Exposure) -> dict[str, np.ndarray | pl.Series]:
    """Columns about clonal haematopoiesis: null where it was not drawn or does not come."""
    v, since = onset_values(), np.broadcast_to(exposure.carrier_age, len(patients))
    shares = {"low": v["p_chip_low"], "intermediate": v["p_chip_int"], "high": v["p_chip_high"]}
    risk = categorical(uniform(seed, "clonal haematopoiesis risk", patients), shares)
    risk[~np.isfinite(since)] = ""
    return {"carrier_age": np.where(np.isfinite(since), since, np.nan), "carrier_risk": _text(risk)}


def _clones(
    columns: dict, patients: np.ndarray, seed: int, exposure: Exposure, parts: np.ndarray
) -> dict[str, np.ndarray | pl.Series]:
    """Origin, preset and age of the clone of those with leukaemia."""
    cause, exit_age = columns["exit_cause"], columns["exit_age"]
    origin = _origins(cause, parts, uniform(seed, "origin of AML", patients))
    therapy = np.where(np.isin(origin, ORIGINS[1:]), exposure.therapy_age, np.nan)
    available = DAYS_PER_YEAR * np.where(np.isnan(therapy), exit_age, exit_age - therapy)
    pace = normal(seed, "proliferation of the clone", patients)
    gumbel = -np.log(exponential(seed, "establishment of the clone", patients))
    preset = _presets(cause, origin)
    mean, growth, days, speed = _growth(preset, pace, gumbel)
    hurried = (days > available) & ~np.isnan(
        therapy
    )  # a therapy-related clone that needs more time than it had is a fast one
    preset = np.where(hurried, "AML_fast", preset)
    mean, growth, days, speed = (
        np.where(hurried, quick, usual)
        for quick, usual in zip(_growth(preset, pace, gumbel), (mean, growth, days, speed), strict=True)
    )
    days = np.minimum(days, available)
    cells = np.where(days < available, 1.0, clone.founder_cells(mean, growth, available))
    return {
        "origin": _text(origin),
        "preset": _text(preset),
        "cytogenetic_risk": _text(np.where(origin == "alkylator", "poor", "")),
        "proliferation": speed,
        "growth_days": days,
        "onset_age": exit_age - days / DAYS_PER_YEAR,
        "onset_cells": np.where(preset == "", np.nan, cells / onset_values()["weight_ref"]),
    }


def _text(labels: np.ndarray) -> pl.Series:
    return pl.Series([label or None for label in labels], dtype=pl.String)


def _origins(cause: np.ndarray, parts: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Which hazard an AML came from, in proportion to their sizes at its age; every other leukaemia is de novo."""
    shares = np.cumsum(parts, axis=1) / parts.sum(axis=1, keepdims=True)
    drawn = np.array(ORIGINS, dtype=object)[np.sum(u[:, None] >= shares[:, :2], axis=1)]
    return np.where(cause == "AML", drawn, np.where(cause == "death", "", ORIGINS[0]))


def _presets(cause: np.ndarray, origin: np.ndarray) -> np.ndarray:
    named = np.array([{**PRESETS, "death": ""}.get(c, c) for c in cause], dtype=object)
    return np.where(origin == "topoisomerase", "AML_fast", named)


def _growth(preset: np.ndarray, pace: np.ndarray, gumbel: np.ndarray) -> tuple[np.ndarray, ...]:
    """Days of the mean clone from one cell to diagnosis, growth (1/d), days of this clone, stem-cell proliferation (1/d).

    All rates of an acute clone scale with its proliferation, and so does its time. Chronic clones have one time for everybody.
    """
    v, marrow = onset_values(), parameter_table("marrow")
    mean, growth, days, speed = np.full((4, len(preset)), np.nan)
    for name in ACUTE:
        own, row, renewal = preset == name, marrow[f"p1L_{name}"], marrow[f"a1L_{name}"].value
        speed[own] = log_normal(pace[own], row.value, row.variability)
        growth[own] = clone.stem_cell_growth(renewal, speed[own], marrow["a1"].value)
        mean[own] = v[f"T20_{name}"] * row.value / speed[own] + np.log(v["weight_ref"]) / growth[own]
        chance = clone.establishment_probability(renewal, marrow["a1"].value)
        days[own] = clone.days_to_diagnosis(mean[own], growth[own], chance, gumbel[own])
    for name, needed, rate in (("CML", v["Tg_CML"], v["g_CML"]), ("CLL", v["Tg_CLL"], np.log(2) / v["Td_CLL"])):
        mean[preset == name], growth[preset == name], days[preset == name] = needed, rate, needed
    return mean, growth, days, speed
