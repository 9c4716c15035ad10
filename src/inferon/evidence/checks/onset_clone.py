"""Checks J10-J12: clonal haematopoiesis, twins of whom one is exposed to nothing, and clones from a single cell."""

from __future__ import annotations

import numpy as np

from inferon.biology.onset import clone
from inferon.biology.onset import functions as onset
from inferon.cohort.exposures import Exposure, onset_values
from inferon.cohort.onset import draw_people
from inferon.evidence.check import Finding, check, holds, near
from inferon.evidence.checks.onset import FOLDER, PER_1E5
from inferon.model.catalogue import parameter_table
from inferon.random import exponential, uniform


@check("J10", FOLDER, "clonal haematopoiesis")
def clonal_haematopoiesis() -> list[Finding]:
    """Prevalence by age, and what the hazard ratio makes of the rate of AML at 75."""
    v = onset_values()
    printed = {45: 0.9, 65: 5, 75: 8.6, 84: 11.9, 95: 16.4}
    prevalence = 100 * clone.clonal_prevalence(np.array(list(printed)), v)
    findings = [
        near(f"carriers at {age} yr, %", share, percent, relative=0, absolute=0.3)
        for (age, percent), share in zip(printed.items(), prevalence, strict=True)
    ]
    share = {**v, "prev_ref": 0.095, "age_prev_ref": 75.0}  # 9.5 % at 75, as the check states it
    rate = PER_1E5 * onset.baseline_rate(75.0, "AML", v)
    carrier, other = (float(rate * onset.haematopoiesis_risk(c, 75.0, share)) for c in (True, False))
    due = 100 * onset.attributable_fraction([0.095], [v["HR_chip"]])
    return [
        *findings,
        near("AML at 75 in carriers, per 1e5 a year", carrier, 65, relative=0, absolute=2),
        near("AML at 75 in others, per 1e5 a year", other, 15, relative=0, absolute=2),
        near("share of AML due to clonal haematopoiesis, %", due, 24, relative=0, absolute=1),
    ]


@check("J11", FOLDER, "exposure zero")
def nothing_to_find(people: int = 6_000) -> list[Finding]:
    """Every factor present at dose zero: the same ages to the bit as in somebody to whom nothing happened."""
    numbers, ages = np.arange(people), np.full(people, 30.0)
    zero = Exposure(
        radiation_dose_gy=np.zeros(people), radiation_age=ages, benzene_ppm=np.zeros(people), benzene_from=ages,
        benzene_until=ages + 10, packs_per_day=np.zeros(people), smoking_from=ages, smoking_until=ages + 20,
        therapy_age=ages,
    )  # fmt: skip
    twins = [draw_people(numbers, seed=11, exposure=exposure).table for exposure in (zero, Exposure())]
    same = twins[0].equals(twins[1])
    differing = int(sum(twins[0]["exit_age"] != twins[1]["exit_age"]))
    return [
        holds("ages and causes", same, expected="identical bits", obtained=f"{differing} of {people} people differ")
    ]


@check("J12", FOLDER, "one cell: established or not, and how much earlier")
def single_cells(clones: int = 12_500, target: int = 200) -> list[Finding]:
    """Cells of AML default that divide into two stem cells or none, followed one by one until gone or ``target`` strong.

    The shift is the time to the target minus that of deterministic growth; 3000 surviving clones are kept.
    """
    marrow = parameter_table("marrow")
    renewal, speed, normal = (marrow[s].value for s in ("a1L_AML_default", "p1L_AML_default", "a1"))
    growth = clone.stem_cell_growth(renewal, speed, normal)
    chance = float(clone.establishment_probability(renewal, normal))
    days, survived = _single_cells(clones, target, renewal / (2 * normal), speed)
    shift = (days[survived] - np.log(target) / growth)[:3000]
    return [
        near("share established, simulated", float(survived.mean()), 0.25, relative=0, absolute=0.01),
        near("share established, formula", chance, 0.247, relative=0, absolute=0.0005),
        near("mean shift, simulated, d", shift.mean(), -19.2, relative=0, absolute=2),
        near("mean shift, formula, d", (np.log(chance) + np.euler_gamma) / growth, -19.3, relative=0, absolute=0.1),
        near("sd of the shift, simulated, d", shift.std(), 30.1, relative=0, absolute=1.5),
        near("sd of the shift, formula, d", np.pi / np.sqrt(6) / growth, 30.3, relative=0, absolute=0.1),
        holds("clones kept", len(shift) == 3000, expected="3000", obtained=str(len(shift))),
    ]


def _single_cells(clones: int, target: int, doubles: float, speed: float) -> tuple[np.ndarray, np.ndarray]:
    """Day each clone reached the target or died out, and which reached it; division by division, all clones at once."""
    cells, days, going, turn = np.ones(clones, dtype=np.int64), np.zeros(clones), np.arange(clones), 0
    while len(going):
        days[going] += exponential(12, "time to division", going, turn) / (speed * cells[going])
        cells[going] += np.where(uniform(12, "division", going, turn) < doubles, 1, -1)
        going, turn = going[(cells[going] > 0) & (cells[going] < target)], turn + 1
    return days, cells >= target
