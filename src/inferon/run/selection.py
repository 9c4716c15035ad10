"""Which patients a transplant study follows: everybody drawn, or those chosen by plausible ranges and a target mix.

An arm's own parameter values play no part, so that every arm holds the same patients.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.cohort.cannot_select import CannotSelect
from inferon.cohort.covariates import STRATA
from inferon.cohort.quantities import COVARIATES, parameters, quantities, units
from inferon.cohort.selection import Selection, select
from inferon.run.system_checks import error
from inferon.study import Study, nearest

_Range = tuple[str, tuple[float | None, float | None]]
_Shares = tuple[str, tuple[tuple[str, float], ...]]


def populations(study: Study) -> dict[str, int]:
    """Patients of every population a study follows; its own first."""
    found = {study.cohort.population: study.cohort.size}
    if study.cohort.comparison_population:
        found[study.cohort.comparison_population] = study.cohort.comparison_size or study.cohort.size
    return found


def _cohorts(study: Study) -> list[tuple[str, str]]:
    """Every population and family that is simulated: all families in the study's own population, the first in the other."""
    own, *others = populations(study)
    return [(own, family) for family in study.families] + [(other, study.families[0]) for other in others]


def numbers(study: Study, population: str, family: str) -> np.ndarray:
    """The numbers of the patients of one population and family, rising."""
    selection = chosen(study, population, family)
    return np.arange(populations(study)[population]) if selection is None else selection.patients


def chosen(study: Study, population: str, family: str) -> Selection | None:
    """How the patients of a population and family were chosen; None where nobody was left out. Raises ``CannotSelect``."""
    ranges, target = _question(study)
    if not (ranges or target):
        return None
    if _alike(study):
        family = study.families[0]
    return _selection(population, family, populations(study)[population], study.seed, ranges, target)


def check_selection(study: Study) -> None:
    """Raise ``InputError`` (file, line, field) for a quantity nobody has, and where no patients are as asked."""
    _check_names(study)
    for population, family in _cohorts(study):
        try:
            chosen(study, population, family)
        except CannotSelect as refused:
            part, *rest = refused.path
            told = refused.message if _alike(study) or not refused.message else f"{family}: {refused.message}"
            path = (*_FIELDS[part], *rest)
            raise error(study, path, told, found=refused.found, allowed=refused.allowed) from None


def described(study: Study) -> list[dict[str, Any]]:
    """What was chosen, one entry a population and family; families in which the same patients were chosen share one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for population, family in _cohorts(study):
        groups.setdefault((population, study.families[0] if _alike(study) else family), []).append(family)
    entries = []
    for (population, family), families in groups.items():
        if found := chosen(study, population, family):
            entries.append(_described(study, population, families, found))
    return entries


def _described(study: Study, population: str, families: list[str], found: Selection) -> dict[str, Any]:
    ranges = [
        {"quantity": name, **_meant(name), "lower": low, "upper": high, "below": below, "above": above}
        for (name, (low, high)), below, above in zip(
            study.cohort.plausible.items(), found.ranges["below"], found.ranges["above"], strict=True
        )
    ]
    entry = {
        "population": population,
        "families": families,
        "patients": len(found.patients),
        "drawn": found.drawn,
        "plausible": found.plausible,
        "ranges": ranges,
    }
    if found.weighted is None:
        return entry
    weights = {
        "effective_sample_size": found.weighted.effective_sample_size,
        "greatest": found.weighted.greatest,
        "marginals": [{**row, **_meant(row["covariate"])} for row in found.weighted.marginals.to_dicts()],
    }
    return {**entry, "weights": weights}


def _meant(name: str) -> dict[str, str]:
    """The unit of a quantity, and what a parameter is."""
    rows = parameters()
    return {"unit": units()[name]} | ({"meaning": rows[name].description} if name in rows else {})


_FIELDS = {"ranges": ("cohort", "plausible"), "target": ("cohort", "weights", "target")}


def _check_names(study: Study) -> None:
    known = list(units())
    measured = [name for name in known if name not in STRATA]
    ranges, target = _question(study)
    for part, names, allowed in (("ranges", ranges, measured), ("target", target, known)):
        for name, _ in names:
            if name not in allowed:
                path, close = (*_FIELDS[part], name), nearest(name, allowed)
                raise error(study, path, "", found=name, allowed=allowed, meant=close)


def _question(study: Study) -> tuple[tuple[_Range, ...], tuple[_Shares, ...]]:
    """Ranges and target as values that can be compared."""
    weights = study.cohort.weights
    target = () if weights is None else tuple((name, tuple(shares.items())) for name, shares in weights.target.items())
    return tuple(study.cohort.plausible.items()), target


def _alike(study: Study) -> bool:
    """Whether the same patients are chosen in every family: covariates do not depend on it, parameters do."""
    return all(name in COVARIATES for part in _question(study) for name, _ in part)


@lru_cache(maxsize=32)
def _selection(
    population: str, family: str, size: int, seed: int, ranges: tuple[_Range, ...], target: tuple[_Shares, ...]
) -> Selection:
    def draw(patients: np.ndarray) -> pl.DataFrame:
        return quantities(draw_cohort(population, patients, seed=seed, family=family))

    sides = {name: (-np.inf if low is None else low, np.inf if high is None else high) for name, (low, high) in ranges}
    return select(draw, size=size, seed=seed, ranges=sides, target={name: dict(shares) for name, shares in target})
