"""A cohort chosen from many candidates: the plausible ones, in the mix of a real population.

Two steps, as in Allen, Rieger & Musante, CPT Pharmacometrics Syst Pharmacol 2016;5:140. Candidates outside the plausible ranges
are left out. The others get prevalence weights by raking to the target, and the cohort is sampled from them with a chance
proportional to the weight, everybody at most once. It needs no weights after that: everybody counts as one, so that curves,
intervals and trials drawn from it are those of ordinary patients. Weights kept until the analysis would cost precision (their
effective sample size), and a trial enrols whole patients. Candidates are drawn, not simulated: they cost little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from inferon.cohort.cannot_select import CannotSelect
from inferon.cohort.classes import class_of
from inferon.cohort.plausible import Ranges, plausible
from inferon.cohort.prevalence import Targets, effective_sample_size, rake, shares, systematic_sample
from inferon.random import uniform

POOL = 20_000
"""Candidates drawn at least: enough for the weights of a class of one in a hundred."""

MOST_PER_PATIENT = 250
"""Candidates drawn for one patient at most; a cohort that needs more is asked from the wrong population."""

MARGINALS = {
    "covariate": pl.String,
    "class": pl.String,
    "drawn": pl.Float64,
    "target": pl.Float64,
    "cohort": pl.Float64,
}

Target = Mapping[str, Mapping[str, float]]
"""Shares (sum 1) by covariate and class."""


@dataclass(frozen=True)
class Weighted:
    """How plausible candidates were weighted to the target.

    Attributes
    ----------
    effective_sample_size: as many equally weighted candidates would be as precise (Kish).
    greatest: largest weight; the mean is 1.
    marginals: covariate, class, and its share among plausible candidates (drawn), in the target, and in the cohort.
    """

    effective_sample_size: float
    greatest: float
    marginals: pl.DataFrame


@dataclass(frozen=True)
class Selection:
    """The chosen patients and how they were found.

    Attributes
    ----------
    patients: their numbers, rising. drawn: candidates, numbered from 0. plausible: of those, in every range.
    ranges: one row a quantity: its range, and how many candidates lie below, above, or have no value.
    weighted: None without a target.
    """

    patients: np.ndarray
    drawn: int
    plausible: int
    ranges: pl.DataFrame
    weighted: Weighted | None


def select(
    draw: Callable[[np.ndarray], pl.DataFrame], *, size: int, seed: int, ranges: Ranges, target: Target | None = None
) -> Selection:
    """A cohort of ``size``: the first plausible candidates by number, or a sample of all of them in the target mix.

    ``draw`` gives the quantities of candidates by their numbers, one row a candidate. How many are drawn depends on the question
    alone. Raises ``CannotSelect`` where nobody is as asked, or fewer than one candidate in ``MOST_PER_PATIENT``.
    """
    most, pool = max(POOL, MOST_PER_PATIENT * size), _Pool()
    while True:
        pool = _grown(pool, min(max(pool.drawn, POOL), most - pool.drawn), draw, ranges, target or {})
        weights = _weights(pool.candidates, target or {} if len(pool.candidates) >= size else {})
        different = int(weights.sum() / weights.max()) if len(weights) else 0
        if different >= size:
            chosen = _sampled(pool.candidates, weights, size, seed, target) if target else pool.candidates[:size]
            weighted = _weighted(pool.candidates, chosen, weights, target) if target else None
            return Selection(chosen["patient"].to_numpy(), pool.drawn, len(weights), pool.reasons, weighted)
        if pool.drawn == most or 2 * different * most < size * pool.drawn:
            raise _too_few(pool, different, size)


@dataclass(frozen=True)
class _Pool:
    """Candidates drawn so far: number and class of each plausible one, a column a covariate, and why others are not."""

    drawn: int = 0
    candidates: pl.DataFrame = field(default_factory=pl.DataFrame)
    reasons: pl.DataFrame = field(default_factory=pl.DataFrame)


def _grown(pool: _Pool, more: int, draw: Callable[[np.ndarray], pl.DataFrame], ranges: Ranges, target: Target) -> _Pool:
    """The pool with so many candidates more, drawn a block at a time."""
    end = pool.drawn + more
    for first in range(pool.drawn, end, POOL):
        numbers = np.arange(first, min(first + POOL, end))
        values = draw(numbers)
        found = plausible(values, ranges)
        classes = [_class(values[covariate], labels) for covariate, labels in target.items()]
        candidates = pl.DataFrame([pl.Series("patient", numbers), *classes]).filter(found.accepted)
        pool = _Pool(
            first + len(numbers),
            pl.concat([pool.candidates, candidates]) if first else candidates,
            _added(pool.reasons, found.reasons) if first else found.reasons,
        )
    return pool


def _class(values: pl.Series, labels: Mapping[str, float]) -> pl.Series:
    try:
        return class_of(values, labels)
    except CannotSelect as refused:
        refused.path = ("target", values.name, *refused.path)
        raise


def _added(reasons: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return reasons.with_columns(reasons[name] + more[name] for name in ("below", "above", "missing"))


def _weights(candidates: pl.DataFrame, target: Target) -> np.ndarray:
    """Weights of mean 1 that give the classes their target shares; equal without a target. Patients alike are raked as one."""
    if not target:
        return np.ones(len(candidates))
    _refuse_unmet(candidates, target)
    alike = candidates.group_by(list(target), maintain_order=True).agg(pl.len().alias("patients"))
    wanted: Targets = {covariate: {**shares} for covariate, shares in target.items()}
    try:
        raked = rake(alike.drop("patients"), wanted, start=alike["patients"].to_numpy())
    except ValueError as refused:
        allowed = "shares that patients of this population can have together"
        raise CannotSelect(str(refused), path=("target",), found=list(target), allowed=allowed) from None
    each = alike.with_columns(weight=pl.Series(raked.weights) / pl.col("patients"))
    weights = candidates.join(each, on=list(target), how="left", maintain_order="left")["weight"].to_numpy()
    return weights / weights.mean()


def _refuse_unmet(candidates: pl.DataFrame, target: Target) -> None:
    """Raise ``CannotSelect`` for a class that is wanted and empty, and for patients who are in no class."""
    for covariate, wanted in target.items():
        column = candidates[covariate]
        if column.null_count():
            told = f"{100 * column.null_count() / len(column):.3g} % of the patients drawn are in none of these classes"
            allowed = "classes that hold everybody (a share of 0 leaves a class out)"
            raise CannotSelect(told, path=("target", covariate), found=", ".join(wanted), allowed=allowed)
        there = set(column.unique())
        for label, share in wanted.items():
            if share > 0 and label not in there:
                told = f"none of {len(column)} patients drawn is in this class"
                raise CannotSelect(
                    told, path=("target", covariate, label), found=share, allowed="0, or a class that has patients"
                )


def _sampled(candidates: pl.DataFrame, weights: np.ndarray, size: int, seed: int, target: Target) -> pl.DataFrame:
    """A sample by weight, by number; patients of the same classes stand together, so that it has the mix itself."""
    together = candidates.with_columns(weight=pl.Series(weights)).sort(list(target), maintain_order=True)
    start = float(uniform(seed, "prevalence", np.zeros(1, np.int64))[0])
    rows = systematic_sample(together["weight"].to_numpy(), size, start=start)
    return together[rows.tolist()].drop("weight").sort("patient")


def _weighted(candidates: pl.DataFrame, chosen: pl.DataFrame, weights: np.ndarray, target: Target) -> Weighted:
    drawn, cohort = shares(candidates, *target), shares(chosen, *target)
    rows = [
        (covariate, label, drawn[covariate].get(label, 0.0), share, cohort[covariate].get(label, 0.0))
        for covariate, wanted in target.items()
        for label, share in wanted.items()
    ]
    marginals = pl.DataFrame(rows, schema=MARGINALS, orient="row")
    return Weighted(effective_sample_size(weights), float(weights.max()), marginals)


def _too_few(pool: _Pool, different: int, size: int) -> CannotSelect:
    """The reason and how many there are: of the ranges where they leave too few, else of the target."""
    rare = len(pool.candidates) < size
    what = f"plausible patients{_worst(pool.reasons)}" if rare else "different patients in the target mix"
    return CannotSelect(
        f"too few {what} for a cohort of {size}",
        path=("ranges" if rare else "target",),
        found=f"{different} of {pool.drawn} drawn ({100 * different / pool.drawn:.2g} %)",
        allowed=f"what at least one in {MOST_PER_PATIENT} patients fulfils",
    )


def _worst(reasons: pl.DataFrame) -> str:
    """The range most patients are outside of, as a clause."""
    outside = reasons.select("quantity", outside=pl.sum_horizontal("below", "above", "missing"))
    name, most = outside.row(int(outside["outside"].arg_max() or 0))
    return f" ({most} are outside the range of {name})"
