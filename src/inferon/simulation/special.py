"""What equations and doses alone do not settle: a marrow at rest beside hairy cells, courses of chemotherapy with kills of their
own, and few cells that may die out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from inferon.cohort import Cohort
from inferon.engine import Batch, Status
from inferon.model.catalogue import parameter_table
from inferon.simulation.dosing import Course
from inferon.simulation.models import Subject
from inferon.trial import cml_clones, hairy_cell, simulate
from inferon.trial.acute_leukaemia_treatment import SENSITIVITY, Chemotherapy

FEW = "few_clonogenic"
OF_EXTINCTION = ("dt_ext", "logL0_max")
"""Rows of the tables that act on extinction alone."""
_ANALOGUES = {"cladribine": "LK_clad", "pentostatin": "LK_pent"}
_CML_RATES = tuple(f"cml__{name}" for name in cml_clones.RATES)
_TRANSPLANT_RATES = (
    *simulate.READOUTS.values(),
    *(f"transplant__{name}" for name in ("birth", "death", "wake", "kill")),
)


def analogue_columns(subject: Subject, cohort: Cohort, course: Course) -> dict[str, np.ndarray]:
    """How strongly a purine analogue kills in each patient, where the model has one."""
    if "hairy_cell__LK_clad" not in subject.model.parameters:
        return {}
    table = {s: cohort.constants.get(s, r.value) for s, r in parameter_table("hairy_cell").items()}
    drug = course.analogue[0].drug if course.analogue else "cladribine"
    kill = cohort.draws.get(drug, np.full(len(cohort), table[_ANALOGUES[drug]]))
    committed = np.full(len(cohort), np.log(10) * table["LK_C2_clad"])
    return {"hairy_cell__LK_clad": kill, "marrow__k_C2": committed}


def put_at_rest(batch: Batch, cohort: Cohort) -> None:
    """Put a marrow beside hairy cells where it rests; other models begin as their equations say."""
    if "hairy_cell__Hc0" in batch.model.kernel.parameters:
        hairy_cell.put_at_rest(batch, cohort)


def chemotherapy(course: Course, cohort: Cohort) -> Chemotherapy:
    """The courses of chemotherapy as in a study; where nobody's sensitivity is drawn, everybody's is typical."""
    given = [(day, order.drug) for order in course.chemotherapy for day in order.days]
    return Chemotherapy(given, cohort.draws.get(SENSITIVITY, np.zeros(len(cohort))))


def extinction_readouts(subject: Subject, cohort: Cohort) -> tuple[str, ...]:
    """Read-outs that extinction is forecast from; none where it is not drawn."""
    if "extinction" not in cohort.draws:
        return ()
    return {"transplant": _TRANSPLANT_RATES, "cml": _CML_RATES, "cml_first_line": _CML_RATES}.get(subject.name, ())


def decide_extinction(batch: Batch, subject: Subject, cohort: Cohort, *, end: float, threads: int) -> np.ndarray:
    """Draw extinction once for every paused patient; returns who died out, shape (patients,)."""
    paused = np.flatnonzero(batch.status == Status.PAUSED)
    extinct = np.zeros(len(batch), bool)
    if len(paused):
        extinct[paused] = _DECIDES[subject.name](batch, paused, cohort, end, threads)[1] == 1
    return extinct


def _transplant(batch: Batch, paused: np.ndarray, cohort: Cohort, end: float, threads: int) -> np.ndarray:
    table = _table("transplant", cohort)
    return simulate.decide_extinction(batch, paused, cohort, table, end, threads)


def _cml(batch: Batch, paused: np.ndarray, cohort: Cohort, end: float, _: int) -> np.ndarray:
    table = _table("cml", cohort)
    return cml_clones.decide_extinction(batch, paused, cohort.draws["extinction"], table, follow_up=end)


def _table(folder: str, cohort: Cohort) -> Mapping[str, float]:
    return {symbol: float(cohort.constants.get(symbol, row.value)) for symbol, row in parameter_table(folder).items()}


_DECIDES: Mapping[str, Callable[[Batch, np.ndarray, Cohort, float, int], np.ndarray]] = {
    "transplant": _transplant,
    "cml": _cml,
    "cml_first_line": _cml,
}
