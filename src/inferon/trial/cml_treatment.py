"""What an arm of a study of chronic myeloid leukaemia receives, and that as dosing records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inferon.cohort.populations import Cohort
from inferon.engine import CompiledModel, Doses
from inferon.protocol.records import Regimen

INHIBITOR, CYTARABINE = "cml__tki", "low_dose_cytarabine__E_ara"
"""States the inhibitor's relative dose and the courses of cytarabine are given to."""


@dataclass(frozen=True, kw_only=True)
class CmlTreatment:
    """What an arm receives.

    Attributes
    ----------
    inhibitor: (day, relative dose from then on) of the tyrosine kinase inhibitor; 1 is the standard dose of imatinib.
    second_generation: whether relative doses are those of a second-generation inhibitor (multiplied by its equivalent).
    stops: whether the inhibitor ends on each patient's day of stopping (populations that have one).
    interferon: regimens, all of one product.
    cytarabine: first days of low-dose courses.
    """

    inhibitor: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    second_generation: bool = False
    stops: bool = False
    interferon: tuple[Regimen, ...] = ()
    cytarabine: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        days = [*(day for day, _ in self.inhibitor), *self.cytarabine, *(r.start for r in self.interferon)]
        if any(day < 0 for day in days):
            raise ValueError(f"a dose on day {min(days):g} lies before the start of the model on day 0")
        if any(level < 0 for _, level in self.inhibitor):
            raise ValueError("a relative dose is negative")


def stop_day(cohort: Cohort) -> np.ndarray:
    """Day each patient stops the inhibitor; raises ``ValueError`` for a population that has none."""
    if "stop_day" not in cohort.draws:
        raise ValueError(f"the population {cohort.population} has no day of stopping")
    return cohort.draws["stop_day"]


def inhibitor_records(
    model: CompiledModel, cohort: Cohort, treatment: CmlTreatment, table: Mapping[str, float]
) -> Doses:
    """Changes of the relative dose as boluses into its state; after a patient's day of stopping it stays 0."""
    unit = table["f_tki2"] if treatment.second_generation else 1.0
    steps = sorted(treatment.inhibitor)
    days = np.tile(np.array([day for day, _ in steps], dtype=float), (len(cohort), 1))
    levels = np.tile(unit * np.array([level for _, level in steps], dtype=float), (len(cohort), 1))
    if treatment.stops:
        stop = stop_day(cohort)[:, None]
        levels = np.concatenate([np.where(days < stop, levels, 0.0), np.zeros_like(stop)], axis=1)
        days = np.concatenate([days, stop], axis=1)
        order = np.argsort(days, axis=1, kind="stable")
        days, levels = (np.take_along_axis(a, order, axis=1) for a in (days, levels))
    return records_into(model, INHIBITOR, days, np.diff(levels, axis=1, prepend=0.0))


def course_records(model: CompiledModel, patients: int, starts: tuple[float, ...], table: Mapping[str, float]) -> Doses:
    """Each course of cytarabine as an infusion of k_E in all, so that the kill signal of one course integrates to 1."""
    days = np.tile(np.array(starts, dtype=float), (patients, 1))
    return records_into(model, CYTARABINE, days, np.full(days.shape, table["k_E"]), duration=table["course_days"])


def records_into(
    model: CompiledModel, state: str, days: np.ndarray, amounts: np.ndarray, *, duration: float = 0.0
) -> Doses:
    """Dosing records (patients, records) of one state."""
    index = np.full(days.shape, model.kernel.states.index(state), np.int64)
    return Doses(days, amounts, np.full(days.shape, duration), index)


def chosen_records(doses: Doses, chosen: np.ndarray) -> Doses:
    """The records of the chosen patients (indices)."""
    return Doses(doses.time[chosen], doses.amount[chosen], doses.duration[chosen], doses.state[chosen])
