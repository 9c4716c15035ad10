"""What an arm of a hairy-cell leukaemia trial gives, and the dosing records that make it happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses
from inferon.model.catalogue import parameter_table
from inferon.protocol.records import Prescription, Regimen, joined

PURINE_ANALOGUES = ("cladribine", "pentostatin")
DRUG, BEFORE = "interferon_pk__", "interferon_before__"
"""Names of the drug and of its copy one window later, from which the trailing mean of interferon is exact."""
_DAYS_OF_THE_WEEK = (0.0, 2.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class LowDoseInterferon:
    """Native interferon under the skin on three days of every week.

    Attributes
    ----------
    drug: product name.
    dose: million units per m2 of body surface, or for everybody alike where ``per_m2`` is false; None: the dose of the table.
    start: day of the first dose.
    weeks: of treatment.
    """

    drug: str = "interferon alfa-2b"
    dose: float | None = None
    per_m2: bool = True
    start: float = 0.0
    weeks: int = 52

    @property
    def end(self) -> float:
        """Day on which treatment is over."""
        return self.start + DAYS_PER_WEEK * self.weeks

    def regimens(self) -> list[Regimen]:
        """One weekly regimen for each of the three days; the dose is that of one m2 where it goes by body surface."""
        dose = parameter_table("hairy_cell")["dose_ifn"].value if self.dose is None else self.dose
        days = [self.start + day for day in _DAYS_OF_THE_WEEK]
        return [
            Regimen(drug=self.drug, dose=dose, unit="MIU", start=d, interval=DAYS_PER_WEEK, doses=self.weeks)
            for d in days
        ]


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What an arm gives.

    Attributes
    ----------
    interferon: low-dose interferon, or none.
    analogue: the purine analogue of the courses.
    courses: days on which a course begins for everybody.
    rescue: whether a course of cladribine is given whenever counts measured at a visit call for treatment again.
    morphology: by whose eyes a marrow is free of hairy cells (``inferon.trial.responses.hairy_cell.MORPHOLOGY``).
    """

    interferon: LowDoseInterferon | None = None
    analogue: str = "cladribine"
    courses: Sequence[float] = ()
    rescue: bool = False
    morphology: str = "interferon era"

    def __post_init__(self) -> None:
        if self.analogue not in PURINE_ANALOGUES:
            raise ValueError(f"analogue is {self.analogue!r}; allowed: {', '.join(PURINE_ANALOGUES)}")
        if self.rescue and self.analogue != "cladribine":
            raise ValueError("a course decided on at a visit is modelled for cladribine only")

    @property
    def planned(self) -> list[tuple[float, str]]:
        """Day and drug of everything that is planned."""
        drug = [(self.interferon.start, self.interferon.drug)] if self.interferon else []
        return [*drug, *((day, self.analogue) for day in self.courses)]


def value(cohort: Cohort, symbol: str) -> float:
    """A value of the disease's table, or what the cohort has in its place."""
    return float(cohort.constants.get(symbol, parameter_table("hairy_cell")[symbol].value))


def dosing_records(
    model: CompiledModel, cohort: Cohort, treatment: Treatment, prescription: Prescription | None
) -> Doses:
    """Every dose of an arm: interferon, the same doses one window later into its copy, and days of a purine analogue."""
    courses = _courses(model, cohort, treatment)
    if prescription is None or treatment.interferon is None:
        return courses
    doses = prescription.doses(model)
    if treatment.interferon.per_m2:
        doses = replace(doses, amount=doses.amount * cohort.covariates["body_surface"].to_numpy()[:, None])
    position = model.kernel.states.index
    moved = {position(f"{DRUG}{state}"): position(f"{BEFORE}{state}") for state in ("A_d", "A_c")}
    later = np.array([[moved[state] for state in row] for row in doses.state], dtype=np.int64)
    return joined(courses, doses, replace(doses, time=doses.time + value(cohort, "window"), state=later))


def stop_interferon(batch: Batch, patients: np.ndarray, day: float, window: float) -> None:
    """Give the patients (a mask) no interferon from ``day`` on; what they had goes on leaving the trailing mean."""
    states, doses = batch.model.kernel.states, batch.doses
    for prefix, since in ((DRUG, day), (BEFORE, day + window)):
        drug = np.isin(doses.state, [i for i, name in enumerate(states) if name.startswith(prefix)])
        doses.amount[drug & (doses.time >= since) & patients[:, None]] = 0.0


def _courses(model: CompiledModel, cohort: Cohort, treatment: Treatment) -> Doses:
    """Days of treatment added at each dose of every planned course."""
    doses = [_course(cohort, treatment.analogue, start) for start in treatment.courses]
    days = np.concatenate([np.zeros(0), *(d for d, _ in doses)])
    amounts = np.concatenate([np.zeros(0), *(a for _, a in doses)])
    shape, state = (len(cohort), len(days)), model.kernel.states.index("hairy_cell__days_left")
    time, amount = (np.broadcast_to(a, shape).copy() for a in (days, amounts))
    return Doses(time, amount, np.zeros(shape), np.full(shape, state, np.int64))


def _course(cohort: Cohort, analogue: str, start: float) -> tuple[np.ndarray, np.ndarray]:
    """Days of the doses of one course, and the days of treatment each of them stands for."""
    whole = value(cohort, "d_course")
    if analogue == "cladribine":
        return np.array([start]), np.array([whole])
    count = round(value(cohort, "n_pent"))
    return start + value(cohort, "interval_pent") * np.arange(count), np.full(count, whole / count)
