"""An SBML document to the parts of a Model: rules, initial assignments and events become checked expressions."""

from __future__ import annotations

from dataclasses import dataclass

import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import FALSE, TIME, TRUE, ZERO, Expression, call, names, number, symbol
from inferon.model.model import Event, State

_BINARY = {
    libsbml.AST_DIVIDE: "div",
    libsbml.AST_POWER: "pow",
    libsbml.AST_FUNCTION_POWER: "pow",
    libsbml.AST_RELATIONAL_LT: "lt",
    libsbml.AST_RELATIONAL_LEQ: "le",
    libsbml.AST_RELATIONAL_GT: "gt",
    libsbml.AST_RELATIONAL_GEQ: "ge",
    libsbml.AST_RELATIONAL_EQ: "eq",
    libsbml.AST_RELATIONAL_NEQ: "ne",
}
_FOLDED = {
    libsbml.AST_PLUS: ("add", ZERO),
    libsbml.AST_TIMES: ("mul", number(1)),
    libsbml.AST_LOGICAL_AND: ("and", TRUE),
    libsbml.AST_LOGICAL_OR: ("or", FALSE),
    libsbml.AST_FUNCTION_MAX: ("max", None),
    libsbml.AST_FUNCTION_MIN: ("min", None),
}
_UNARY = {
    libsbml.AST_FUNCTION_EXP: "exp",
    libsbml.AST_FUNCTION_LN: "log",
    libsbml.AST_FUNCTION_ABS: "abs",
    libsbml.AST_FUNCTION_FLOOR: "floor",
    libsbml.AST_FUNCTION_CEILING: "ceil",
    libsbml.AST_LOGICAL_NOT: "not",
}
_CONSTANTS = {libsbml.AST_CONSTANT_TRUE: TRUE, libsbml.AST_CONSTANT_FALSE: FALSE, libsbml.AST_NAME_TIME: TIME}


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


def read_expression(node: libsbml.ASTNode) -> Expression:
    """One MathML expression as a checked graph; raises ``ModelError`` naming what is not supported."""
    kind = node.getType()
    arguments = [read_expression(node.getChild(i)) for i in range(node.getNumChildren())]
    if node.isNumber():
        return number(node.getValue())
    if kind == libsbml.AST_NAME:
        return symbol(node.getName())
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind in _BINARY and len(arguments) == 2:
        return call(_BINARY[kind], *arguments)
    if kind in _FOLDED:
        return _fold(*_FOLDED[kind], arguments)
    if kind in _UNARY:
        return call(_UNARY[kind], arguments[0])
    if kind == libsbml.AST_MINUS:
        return call("neg", arguments[0]) if len(arguments) == 1 else call("sub", *arguments)
    if kind == libsbml.AST_FUNCTION_ROOT:
        return call("sqrt", arguments[-1])
    if kind == libsbml.AST_FUNCTION_PIECEWISE:
        return _piecewise(arguments)
    raise ModelError(f"the expression {libsbml.formulaToL3String(node)!r} uses an operation that is not supported")


def _fold(operation: str, empty: Expression | None, arguments: list[Expression]) -> Expression:
    result = arguments[0] if arguments else empty
    if result is None:
        raise ModelError(f"{operation}() without arguments")
    for argument in arguments[1:]:
        result = call(operation, result, argument)
    return result


def _piecewise(arguments: list[Expression]) -> Expression:
    if len(arguments) % 2 == 0:
        raise ModelError("piecewise without an otherwise value")
    result = arguments[-1]
    for i in range(len(arguments) - 3, -1, -2):
        result = call("select", arguments[i + 1], arguments[i], result)
    return result


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
        trigger=read_expression(trigger.getMath()),
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
