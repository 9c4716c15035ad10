"""Lines of treatment as the engine takes them: parameters a product decides, and dosing records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inferon.biology.hepatitis_c.functions import half_effect
from inferon.cohort import Cohort
from inferon.engine import CompiledModel, Doses
from inferon.model.catalogue import DEFAULT_PRODUCT, parameter_table
from inferon.model.model import Model
from inferon.protocol.products import PRODUCTS, product
from inferon.protocol.records import Regimen, graft_infusion, joined, prescribe
from inferon.simulation.models import Subject, full_name
from inferon.simulation.regimens import PERCENT, Order
from inferon.study import nearest
from inferon.trial.acute_leukaemia_treatment import EFFECT, courses
from inferon.trial.cml_treatment import (
    CYTARABINE,
    INHIBITOR,
    CmlTreatment,
    course_records,
    inhibitor_records,
    records_into,
)
from inferon.trial.hairy_cell_treatment import BEFORE, DRUG, PURINE_ANALOGUES, Treatment, dosing_records

INHIBITORS = {"imatinib": False, "second-generation inhibitor": True}
"""Kinase inhibitors, dosed in percent of the standard dose; whether of the second generation."""
CYTARABINE_COURSE = "low-dose cytarabine"
DEPOT, CENTRE = f"{DRUG}A_d", f"{DRUG}A_c"
_DAYS_LEFT = "hairy_cell__days_left"
_GRAFT = ("donor__C1", "donor__C2")
_ALSO = ("toxicity__w_cyt", "toxicity__t_first", "hairy_cell__a_drug")
"""Parameters of other modules that the product decides as well."""


@dataclass(frozen=True)
class Course:
    """What is given: orders by kind, and the states they reach."""

    interferon: tuple[tuple[Order, Regimen], ...] = ()
    inhibitor: tuple[Order, ...] = ()
    cytarabine: tuple[Order, ...] = ()
    analogue: tuple[Order, ...] = ()
    chemotherapy: tuple[Order, ...] = ()
    into: tuple[tuple[Order, str], ...] = ()

    @classmethod
    def of_interferon(cls, order: Order) -> Course:
        """A course of one interferon product."""
        return cls(interferon=((order, _regimen(order)),))

    @property
    def states(self) -> tuple[str, ...]:
        """States that receive something."""
        drug = (DEPOT, CENTRE) if self.interferon else ()
        named = {
            INHIBITOR: self.inhibitor,
            CYTARABINE: self.cytarabine,
            _DAYS_LEFT: self.analogue,
            EFFECT: self.chemotherapy,
        }
        others = (state for state, orders in named.items() if orders)
        return (*drug, *others, *(state for _, state in self.into))


def can_be_given(model: Model) -> tuple[str, ...]:
    """Names a line of treatment may have in this model, beside its states."""
    states = model.state_names
    named = (*(PRODUCTS if CENTRE in states else ()), *(INHIBITORS if INHIBITOR in states else ()))
    named += (CYTARABINE_COURSE,) if CYTARABINE in states else ()
    named += tuple(courses()) if EFFECT in states else ()
    return named + (PURINE_ANALOGUES if _DAYS_LEFT in states else ())


def sorted_course(subject: Subject, orders: Sequence[Order]) -> Course:
    """The orders by kind; raises ``InputError`` for what this model cannot be given."""
    kinds: dict[str, list] = {name: [] for name in Course.__dataclass_fields__}
    for order in orders:
        kind, entry = _sorted(subject, order)
        kinds[kind].append(entry)
    drugs = list(dict.fromkeys(order.drug for order, _ in kinds["interferon"]))
    if len(drugs) > 1:
        other = next(order for order, _ in kinds["interferon"] if order.drug == drugs[1])
        raise other.refuse("the model follows one interferon product", found=drugs[1], allowed=drugs[:1])
    analogues = list(dict.fromkeys(order.drug for order in kinds["analogue"]))
    if len(analogues) > 1:
        raise kinds["analogue"][-1].refuse("one purine analogue at a time", found=analogues[1], allowed=analogues[:1])
    return Course(**{name: tuple(entries) for name, entries in kinds.items()})


def _sorted(subject: Subject, order: Order) -> tuple[str, object]:
    _check_start(subject, order)
    if order.into_state:
        return "into", (order, full_name(order.drug, subject.model.state_names, field=order.field))
    if order.over:
        raise order.refuse(
            "only what goes into a state is infused", found=f"over {order.over:g} days", allowed="nothing"
        )
    named = can_be_given(subject.model)
    if order.drug not in named:
        message = "this model has no such drug" if named else "this model has no drug of its own"
        allowed = (
            list(named) if named else f'"AMOUNT into STATE" for a state ({", ".join(subject.model.state_names[:8])}, …)'
        )
        near = nearest(order.drug, named)
        raise order.refuse(message, found=order.drug, allowed=allowed, meant=near)
    if order.drug in PRODUCTS:
        return "interferon", (order, _regimen(order))
    kind = _kind(subject.model, order.drug)
    _check_unit(order, (PERCENT,) if kind == "inhibitor" else ("course",))
    if kind == "inhibitor" and order.interval not in (0.0, 1.0):
        raise order.refuse("an inhibitor is taken daily", found=f"every {order.interval:g} days", allowed="daily")
    if kind != "inhibitor" and order.amount != 1:
        raise order.refuse("a course is given whole", found=f"{order.amount:g} courses", allowed="1 course")
    return kind, order


def _kind(model: Model, drug: str) -> str:
    """Kind of a drug that is no interferon; low-dose cytarabine is a course of its own in chronic and in acute leukaemia."""
    if drug in INHIBITORS:
        return "inhibitor"
    if drug in courses() and EFFECT in model.state_names:
        return "chemotherapy"
    return "cytarabine" if drug == CYTARABINE_COURSE else "analogue"


def _check_start(subject: Subject, order: Order) -> None:
    profile, first = subject.profile, order.days[0]
    drug = not order.into_state and order.drug in PRODUCTS
    if first < profile.start and not (drug and profile.begins_earlier and not subject.own):
        allowed = f"day {profile.start:g} or later"
        raise order.refuse("the dose lies before the start of the model", found=f"day {first:g}", allowed=allowed)


def _check_unit(order: Order, units: Sequence[str]) -> None:
    if order.unit not in units:
        raise order.refuse(
            f"{order.drug} is not dosed in {order.unit}", found=f"{order.amount:g} {order.unit}", allowed=list(units)
        )


def _regimen(order: Order) -> Regimen:
    given = product(order.drug)
    _check_unit(order, ("ug", "ug/kg", *(("MIU", "MIU/m2") if given.ug_per_miu else ())))
    return Regimen(
        drug=order.drug,
        dose=order.amount,
        unit="MIU" if order.unit == "MIU/m2" else order.unit,
        start=order.days[0],
        interval=order.interval,
        doses=len(order.days),
        route=order.route,
    )


def product_columns(subject: Subject, cohort: Cohort, course: Course) -> dict[str, np.ndarray]:
    """Columns of the parameter table that the interferon product decides."""
    prescription = prescribe([r for _, r in course.interferon], cohort.effects, len(cohort), cohort.constants)
    if prescription is None:
        return {}
    columns = dict(prescription.columns)
    columns |= {n.replace(DRUG, BEFORE): column for n, column in columns.items() if n.startswith(DRUG)}
    window = _value(cohort, "hairy_cell", "window")
    columns[f"{BEFORE}t_first"] = columns[f"{DRUG}t_first"] + window
    sources = {
        "w_cyt": "interferon_response__w_cyt",
        "t_first": f"{DRUG}t_first",
        "a_drug": "interferon_response__a_drug",
    }
    columns |= {name: columns[sources[name.rpartition("__")[2]]] for name in _ALSO}
    reference = product(DEFAULT_PRODUCT).with_values(cohort.constants).rows["a_drug"].value
    half = half_effect(_value(cohort, "hepatitis_c", "EC50_hcv"), reference, prescription.product.rows["a_drug"].value)
    columns["hepatitis_c__EC50_hcv"] = np.full(len(cohort), half)
    return {name: column for name, column in columns.items() if name in subject.model.parameters}


def _value(cohort: Cohort, folder: str, symbol: str) -> float:
    return float(cohort.constants.get(symbol, parameter_table(folder)[symbol].value))


def doses(subject: Subject, model: CompiledModel, cohort: Cohort, course: Course) -> Doses:
    """Every dosing record of every patient, the graft included."""
    given = [Doses.none(len(cohort)), *(_interferon(model, cohort, *line) for line in course.interferon)]
    given += [_into(model, cohort, order, state) for order, state in course.into]
    for orders, records in (
        (course.inhibitor, _inhibitor),
        (course.cytarabine, _cytarabine),
        (course.analogue, _analogue),
    ):
        given += [records(model, cohort, orders)] if orders else []
    if subject.profile.grafted:
        marrow = {s: cohort.constants.get(s, r.value) for s, r in parameter_table("marrow").items()}
        seed = (marrow["seed_C1"], marrow["seed_C2"])
        given.append(graft_infusion(model, cd34=cohort.draws["cd34"], committed=cohort.draws["committed"], seed=seed))
    return joined(*given)


def dosed_states(subject: Subject, course: Course) -> tuple[str, ...]:
    """States that doses reach; they stay in the model even where nothing that is shown depends on them."""
    before = tuple(s.replace(DRUG, BEFORE) for s in course.states if s.startswith(DRUG))
    states = subject.model.state_names
    return tuple(s for s in (*course.states, *before, *_GRAFT) if s in states)


def _interferon(model: CompiledModel, cohort: Cohort, order: Order, regimen: Regimen) -> Doses:
    prescription = prescribe([regimen], cohort.effects, len(cohort), cohort.constants)
    records = prescription.doses(model) if prescription else Doses.none(len(cohort))
    if order.unit == "MIU/m2":
        records = replace(records, amount=records.amount * cohort.covariates["body_surface"].to_numpy()[:, None])
    names = model.kernel.states
    if f"{BEFORE}A_c" not in names:
        return records
    place = {names.index(s): names.index(s.replace(DRUG, BEFORE)) for s in (DEPOT, CENTRE)}
    later = np.vectorize(place.get, otypes=[np.int64])(records.state)
    window = _value(cohort, "hairy_cell", "window")
    return joined(records, replace(records, time=records.time + window, state=later))


def _into(model: CompiledModel, cohort: Cohort, order: Order, state: str) -> Doses:
    days = np.tile(order.days, (len(cohort), 1))
    return records_into(model, state, days, np.full(days.shape, order.amount), duration=order.over)


def _inhibitor(model: CompiledModel, cohort: Cohort, orders: Sequence[Order]) -> Doses:
    """Each line sets the level from its day on; one with an end sets it back to none."""
    table = {symbol: cohort.constants.get(symbol, row.value) for symbol, row in parameter_table("cml").items()}
    levels: dict[float, float] = {}
    for order in sorted(orders, key=lambda line: line.days[0]):
        worth = table["f_tki2"] if INHIBITORS[order.drug] else 1.0
        levels[order.days[0]] = worth * order.amount / 100
        if order.interval:
            levels[order.days[-1] + order.interval] = 0.0
    return inhibitor_records(model, cohort, CmlTreatment(inhibitor=tuple(sorted(levels.items()))), table)


def _cytarabine(model: CompiledModel, cohort: Cohort, orders: Sequence[Order]) -> Doses:
    table = {symbol: cohort.constants.get(symbol, row.value) for symbol, row in parameter_table("cml").items()}
    starts = tuple(sorted(day for order in orders for day in order.days))
    return course_records(model, len(cohort), starts, table)


def _analogue(model: CompiledModel, cohort: Cohort, orders: Sequence[Order]) -> Doses:
    days = tuple(sorted(day for order in orders for day in order.days))
    return dosing_records(model, cohort, Treatment(analogue=orders[0].drug, courses=days), None)
