"""An SBML document to the parts of a Model: rules, initial assignments and events become checked expressions."""

from __future__ import annotations

from dataclasses import dataclass

import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import ZERO, Expression, names, number
from inferon.model.model import Event, State
from inferon.model.sbml_math import read_expression, read_truth


@dataclass(frozen=True)
class Parts:
    """What one SBML model holds, before parameter values are joined on."""

    name: str
    states: tuple[State, ...]
    constants: dict[str, float | None]
    switches: dict[str, float]
    assigned: dict[str, Expression]
    events: tuple[Event, ...]
    units: dict[str, str]


def read_parts(document: libsbml.SBMLDocument) -> Parts:
    """The parts of an SBML model written with parameters, rules, initial assignments and events."""
    model = document.getModel()
    if model.getNumReactions() or model.getNumSpecies():
        raise ModelError(f"{model.getId()}: species and reactions are not supported; write rate rules")
    rates = {r.getVariable(): read_expression(r.getMath()) for r in model.getListOfRules() if r.isRate()}
    rules = {r.getVariable(): read_expression(r.getMath()) for r in model.getListOfRules() if r.isAssignment()}
    initial = {i.getSymbol(): read_expression(i.getMath()) for i in model.getListOfInitialAssignments()}
    rows = {p.getId(): p for p in model.getListOfParameters()}
    derived = {name: e for name, e in initial.items() if name not in rates}
    events = tuple(_event(event) for event in model.getListOfEvents())
    changed = {target for event in events for target, _ in event.assignments} - rates.keys()
    plain = [n for n in rows if n not in rates and n not in rules and n not in derived and n not in changed]
    return Parts(
        name=model.getId(),
        states=tuple(
            State(n, rows[n].getUnits(), initial.get(n, number(rows[n].getValue())), rates[n])
            for n in rows
            if n in rates
        ),
        constants={n: rows[n].getValue() if rows[n].isSetValue() else None for n in plain},
        switches={n: rows[n].getValue() for n in rows if n in changed},
        assigned=in_dependency_order({**derived, **rules}),
        events=events,
        units={n: row.getUnits() for n, row in rows.items()},
    )


def _event(event: libsbml.Event) -> Event:
    trigger = event.getTrigger()
    delay = event.getDelay()
    return Event(
        name=event.getId(),
        trigger=read_truth(trigger.getMath()),
        assignments=tuple((a.getVariable(), read_expression(a.getMath())) for a in event.getListOfEventAssignments()),
        delay=read_expression(delay.getMath()) if delay is not None else ZERO,
        persistent=trigger.getPersistent(),
        true_before_start=trigger.getInitialValue(),
    )


def in_dependency_order(assigned: dict[str, Expression]) -> dict[str, Expression]:
    """Assigned quantities sorted so that each stands after those it uses; raises ``ModelError`` on a circle."""
    ordered: dict[str, Expression] = {}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in visiting:
            raise ModelError(f"the formula of {name} depends on itself")
        visiting.add(name)
        for used in sorted(names(assigned[name]) & assigned.keys()):
            visit(used)
        ordered[name] = assigned[name]

    for name in assigned:
        visit(name)
    return ordered
