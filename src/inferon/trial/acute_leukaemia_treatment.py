"""Courses of chemotherapy as the marrow model takes them: doses into one effect compartment, and what these kill.

A dose adds k_E times its share of a course to the compartment, so that a whole course integrates to 1 and its kill constants are
ln(10) times its log10 kills.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from inferon.engine import Batch
from inferon.engine.interventions import set_parameters
from inferon.model.catalogue import further_tables

EFFECT, LOSS = "chemotherapy__E_ara", "chemotherapy__k_E"
CONSTANTS = ("marrow__k_C1", "marrow__k_C2", "leukaemia__k_L1", "leukaemia__k_L2")
SENSITIVITY = "sensitivity to chemotherapy"
"""Random stream of each patient's standard normal sensitivity, the same for all courses."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One course of chemotherapy.

    Attributes
    ----------
    kills: log10 kill of stem cells, committed cells, leukaemic stem cells and blasts in the typical patient.
    spread: of each between patients, who have one sensitivity for all.
    dose_days: days of its doses, all equal; the first is 0.
    """

    kills: tuple[float, ...]
    spread: tuple[float, ...]
    dose_days: tuple[float, ...]

    def constants(self, sensitivity: np.ndarray) -> np.ndarray:
        """Kill constants, shape (patients, 4) in the order of ``CONSTANTS``; nobody's leukaemia gains by a course."""
        kills = np.array(self.kills) + np.array(self.spread) * sensitivity[:, None]
        return np.log(10) * np.maximum(kills, 0.0)


@cache
def courses() -> Mapping[str, Course]:
    """Courses of chemotherapy by name, from the table of the marrow module."""
    return {row["course"]: _course(row) for row in further_tables("marrow")["chemotherapy.csv"]}


def _course(row: Mapping[str, str]) -> Course:
    spread = float(row["sd_LK_L"])
    return Course(
        kills=tuple(float(row[f"LK_{target}"]) for target in ("C1", "C2", "L1", "L2")),
        spread=(0.0, 0.0, spread, spread),
        dose_days=tuple(float(day) - 1 for day in row["dose_days"].split()),
    )


class Chemotherapy:
    """The doses of some courses, given to patients on their days; ``days`` are those of doses, ascending.

    ``given``: (first day, course). ``sensitivity``: a standard normal number a patient. Raises ``KeyError`` for an unknown
    course.
    """

    def __init__(self, given: Sequence[tuple[float, str]], sensitivity: np.ndarray) -> None:
        for _, name in given:
            if name not in courses():
                raise KeyError(f"unknown course {name!r}; allowed: {', '.join(courses())}")
        self._given, self._sensitivity = tuple(given), sensitivity
        self.days = np.unique([first + day for first, name in given for day in courses()[name].dose_days])

    def give(self, batch: Batch, day: float) -> None:
        """Give the doses of one of ``days`` to patients who stand on it.

        The compartment may still hold doses of another course. All leave it at the same rate, so the mean of their kill constants
        weighted by what each has there is exact until the next dose.
        """
        columns = np.array([batch.model.column(name) for name in CONSTANTS])
        loss, effect = batch.parameters[:, batch.model.column(LOSS)], batch.state(EFFECT)
        killing = effect[:, None] * batch.parameters[:, columns]
        for first, name in self._given:
            course = courses()[name]
            if day in [first + later for later in course.dose_days]:
                dose = loss / len(course.dose_days)
                killing += dose[:, None] * course.constants(self._sensitivity)
                effect += dose
        set_parameters(batch, np.arange(len(batch)), columns, killing / effect[:, None])
