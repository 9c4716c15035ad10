"""A study arm of chronic myeloid leukaemia as the engine takes it: kernel, parameter table, dosing records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from inferon.cohort.populations import Cohort
from inferon.engine import CompiledModel, Doses, compile_model
from inferon.model.catalogue import load_composite, parameter_table
from inferon.model.expression import number
from inferon.model.specialise import specialised
from inferon.protocol.records import joined, prescribe
from inferon.trial.cml_clones import RATES
from inferon.trial.cml_treatment import CYTARABINE, INHIBITOR, CmlTreatment, course_records, inhibitor_records

READOUTS = ("bcr_abl", "ph_fraction", "X", "Y", "Y_R", "Z")
"""What is sampled at visits: BCR-ABL in percent, Ph-positive share, scaled cells."""

SIGNALS = ("S_isg", "S_ap", "q_ap", "E_act", "E_chemo")
"""Couplings that drugs act through."""


def is_first_line(cohort: Cohort) -> bool:
    """Whether a cohort belongs to the two-state response model (else to the immune model)."""
    return cohort.population == "cml-first-line"


# Where many quiescent cells feed an expanded immune response, cycling cells live for minutes: the immune model is stiff.
@cache
def _kernel(
    composite: str,
    fixed: frozenset[tuple[str, float]],
    moved: tuple[str, ...],
    signals: frozenset[tuple[str, float]],
) -> CompiledModel:
    whole = load_composite(composite)
    held = replace(whole, assigned={**whole.assigned, **{name: number(value) for name, value in signals}})
    model = specialised(held, dict(fixed), moved=moved)
    method = "explicit" if composite == "cml_first_line" else "implicit"
    return compile_model(model, tuple(f"cml__{name}" for name in (*READOUTS, *RATES)), method=method)


def arm_inputs(
    cohort: Cohort,
    treatment: CmlTreatment,
    table: Mapping[str, float],
    overrides: Mapping[str, float],
    *,
    follow_up: float,
    signals: Mapping[str, float] | None = None,
) -> tuple[CompiledModel, np.ndarray, Doses]:
    """The kernel, the parameter table and the dosing records of an arm, as ``Batch`` takes them.

    What is the same in everybody goes into the kernel. ``table`` holds the values of the disease's table with everything
    replaced that this arm replaces, ``overrides`` what the arm replaces on top of its cohort.
    """
    _refuse_unknown(overrides, signals or {})
    composite = "cml_first_line" if is_first_line(cohort) else "cml"
    whole, changed = load_composite(composite).parameters, {**cohort.constants, **overrides}
    values: dict[str, float | np.ndarray] = {n: float(changed.get(r.symbol, r.value)) for n, r in whole.items()}
    regimens = [regimen for regimen in treatment.interferon if regimen.start <= follow_up]
    prescription = prescribe(regimens, cohort.effects, len(cohort), changed)
    columns = {**cohort.parameters, **(prescription.columns if prescription else {})}
    values |= {n: c for n, c in columns.items() if n in whole and whole[n].symbol not in overrides}
    for name in prescription.common if prescription else ():
        values[name] = float(np.asarray(values[name]).flat[0])
    courses = tuple(day for day in treatment.cytarabine if day <= follow_up)
    moved = (INHIBITOR, "cml__Y_R", *((CYTARABINE,) if courses else ()))
    moved += prescription.dosed_states if prescription else ()
    fixed = frozenset((n, v) for n, v in values.items() if isinstance(v, float))
    model = _kernel(composite, fixed, moved, frozenset((signals or {}).items()))
    given = [inhibitor_records(model, cohort, treatment, table)]
    given += [course_records(model, len(cohort), courses, table)] if courses else []
    given += [prescription.doses(model)] if prescription else []
    columns_used = [np.asarray(values[name], dtype=float) for name in model.kernel.parameters]
    return model, np.column_stack(columns_used), joined(*given)


def _refuse_unknown(overrides: Mapping[str, float], signals: Mapping[str, float]) -> None:
    known = {s for folder in ("interferon_pk", "interferon_response", "cml") for s in parameter_table(folder)}
    unknown = [symbol for symbol in overrides if symbol not in known]
    if unknown:
        raise KeyError(f"no parameter table has a symbol {unknown[0]!r}")
    strange = [name for name in signals if name not in SIGNALS]
    if strange:
        raise KeyError(f"unknown coupling {strange[0]!r}; allowed: {', '.join(SIGNALS)}")
