"""What is asked of a model: read and checked as a whole before anything is computed."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inferon.simulation.changes import Change, find_changes
from inferon.simulation.dosing import Course, sorted_course
from inferon.simulation.models import Subject, full_name, quantities, shown_names
from inferon.simulation.regimens import Order, read_orders
from inferon.study import InputError

_STEPS = (1 / 96, 1 / 48, 1 / 24, 1 / 12, 1 / 8, 0.25, 0.5, 1.0, 2.0, 7.0, 14.0, 30.4375)
_POINTS, _MOST_NUMBERS, _MOST_PATIENTS = 420, 60_000_000, 1_000_000
_LARGEST_CV = 10
_RELATIONS: Mapping[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Condition:
    """Something to look for at the times of the courses: a quantity beyond a threshold."""

    quantity: str
    relation: str
    threshold: float
    words: str

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Where it holds; never where nobody is followed."""
        return _RELATIONS[self.relation](values, self.threshold)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: everything read and checked, nothing computed yet.

    Attributes
    ----------
    shown: full names of the quantities. grid: times at which they are kept. conditions: looked for at those
        times. changes, spread: replaced and varied parameters.
    """

    subject: Subject
    course: Course
    orders: tuple[Order, ...]
    changes: tuple[Change, ...]
    spread: Mapping[str, float]
    shown: tuple[str, ...]
    numbers: np.ndarray | None
    population: str
    seed: int
    grid: np.ndarray
    conditions: tuple[Condition, ...] = ()

    @property
    def end(self) -> float:
        """Last day."""
        return float(self.grid[-1])

    @property
    def sampled(self) -> tuple[str, ...]:
        """Everything that has to be kept: what is shown and what conditions look at."""
        return tuple(dict.fromkeys((*self.shown, *(condition.quantity for condition in self.conditions))))


def asked(
    subject: Subject,
    written: Sequence[str],
    *,
    days: float,
    show: Sequence[str],
    numbers: np.ndarray | None,
    population: str | None,
    parameters: Mapping[str, float],
    vary: Mapping[str, float],
    seed: int,
    step: float | None,
    when: Sequence[str] = (),
) -> Question:
    """The question as a whole; raises ``InputError`` for whatever in it cannot be."""
    if not (np.isfinite(days) and days > max(subject.profile.start, 0.0)):
        raise InputError("", field="days", found=days, allowed="a length of time above 0")
    if seed < 0:
        raise InputError("", field="seed", found=seed, allowed="0 or more")
    orders = read_orders(written, end=days)
    course = sorted_course(subject, orders)
    shown = shown_names(subject, show)
    spread = _spread(subject, vary)
    start = min([subject.profile.start, *(order.days[0] for order in orders)])
    grid = times(start, days, step)
    count = 1 if numbers is None else len(numbers)
    if count * len(grid) * len(shown) > _MOST_NUMBERS:
        allowed = f"up to {_MOST_NUMBERS:,} (patients x times x quantities); a longer step, fewer patients"
        raise InputError("there is too much to keep", found=count * len(grid) * len(shown), allowed=allowed)
    return Question(
        subject=subject,
        course=course,
        orders=orders,
        changes=find_changes(subject, parameters),
        spread=spread,
        shown=shown,
        numbers=numbers,
        population=_population(subject, population, numbers, spread),
        seed=seed,
        grid=grid,
        conditions=tuple(_condition(subject, written) for written in when),
    )


def patient_numbers(patients: int | None, patient: int | None) -> np.ndarray | None:
    """Numbers of the patients asked for: so many from 1 on, or one; None for the typical patient."""
    if patients is not None and patient is not None:
        raise InputError(
            "", field="patient", found=patient, allowed="either patients (how many) or patient (which one)"
        )
    if patients is not None and not 1 <= patients <= _MOST_PATIENTS:
        raise InputError("", field="patients", found=patients, allowed=f"1 to {_MOST_PATIENTS:,}")
    if patient is not None and patient < 0:
        raise InputError("", field="patient", found=patient, allowed="a number from 0 on")
    return (
        None
        if patients is None and patient is None
        else np.arange(1, patients + 1)
        if patients
        else np.array([patient])
    )


def _spread(subject: Subject, vary: Mapping[str, float]) -> dict[str, float]:
    found = {}
    for name, cv in vary.items():
        full = full_name(name, subject.model.parameters, field="vary")
        try:
            number = float(cv)
        except ValueError:
            number = np.nan
        if not 0 < number <= _LARGEST_CV:
            allowed = f"a coefficient of variation above 0 and up to {_LARGEST_CV}, as in 0.3"
            raise InputError("", field=f"vary {name}", found=cv, allowed=allowed)
        found[full] = number
    return found


def _population(subject: Subject, wanted: str | None, numbers: np.ndarray | None, spread: Mapping[str, float]) -> str:
    """The population drawn from; empty for the typical patient and for patients that differ by ``spread`` alone."""
    known = list(subject.profile.populations)
    if wanted is not None and wanted not in known:
        raise InputError("", field="population", found=wanted, allowed=known or "none: this model has no population")
    if wanted is not None and numbers is None:
        raise InputError(
            "the population is drawn from by number",
            field="population",
            found=wanted,
            allowed="together with patients or patient",
        )
    if numbers is not None and not known and not spread:
        allowed = "one typical patient, or parameters that vary (vary, as in NAME=0.3)"
        raise InputError(
            "nobody knows how patients of this model differ", field="patients", found=len(numbers), allowed=allowed
        )
    return "" if numbers is None or not known else wanted or known[0]


def times(start: float, end: float, step: float | None) -> np.ndarray:
    """Times from start to end, both among them, so far apart that some hundreds are enough unless ``step`` says otherwise."""
    if step is not None and not (np.isfinite(step) and 0 < step <= end - start):
        raise InputError("", field="step", found=step, allowed="a length of time within the simulation")
    length = step or next((s for s in _STEPS if (end - start) / s <= _POINTS), (end - start) / _POINTS)
    grid = start + length * np.arange(int(np.floor((end - start) / length + 1e-9)) + 1)
    return np.append(grid, end) if end - grid[-1] > 1e-9 else np.append(grid[:-1], end)


def _condition(subject: Subject, written: str) -> Condition:
    match = _CONDITION.fullmatch(written)
    try:
        threshold = float(match[3]) if match else np.nan
    except ValueError:
        threshold = np.nan
    if match is None or np.isnan(threshold):
        allowed = 'a quantity, a sign (<, <=, >, >=) and a number, as in "ANC < 0.5"'
        raise InputError("the condition cannot be read", field="when", found=written, allowed=allowed)
    name = full_name(match[1], quantities(subject.model), field="when")
    return Condition(name, match[2], threshold, f"{match[1]} {match[2]} {match[3]}")
