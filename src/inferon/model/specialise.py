"""A model with some parameters fixed: constants folded, and states that then never move replaced by their value.

A linear product has no receptor, an untreated arm no drug: what is fixed at 0, 1 or infinity often removes whole parts of a
model, and the kernel generated from the rest is smaller and faster. The equations that are left are the same equations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from inferon.model.expression import FALSE, ONE, TRUE, ZERO, Expression, call, number, walk
from inferon.model.model import Event, Model, State

_INFINITE = (number(math.inf), number(-math.inf))
_VALUES: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "max": max,
    "min": min,
    "pow": math.pow,
}
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def specialised(model: Model, fixed: Mapping[str, float], *, moved: Collection[str] = ()) -> Model:
    """``model`` with the parameters ``fixed`` as numbers and every state that stays at its start as a number.

    ``moved`` names states something outside the equations changes (doses); they and the targets of events are kept.
    """
    by_name = {name: number(value) for name, value in fixed.items()}
    touched = {*moved, *(target for event in model.events for target, _ in event.assignments)}
    formulas = {**{s.name: s.rate for s in model.states}, **model.assigned}
    still = _still_states(model, by_name, touched, formulas)
    by_name |= still

    def put(expression: Expression) -> Expression:
        return _folded([expression], by_name)[0]

    return replace(
        model,
        states=tuple(State(s.name, s.unit, put(s.initial), put(s.rate)) for s in model.states if s.name not in still),
        parameters={n: row for n, row in model.parameters.items() if n not in fixed},
        assigned={**still, **{n: put(e) for n, e in model.assigned.items()}},
        events=tuple(_event(event, put) for event in model.events),
    )


def _event(event: Event, put: Callable[[Expression], Expression]) -> Event:
    return replace(
        event,
        trigger=put(event.trigger),
        delay=put(event.delay),
        assignments=tuple((target, put(value)) for target, value in event.assignments),
        priority=None if event.priority is None else put(event.priority),
        scales=tuple(put(scale) for scale in event.scales),
    )


def _still_states(
    model: Model, by_name: Mapping[str, Expression], touched: Collection[str], formulas: Mapping[str, Expression]
) -> dict[str, Expression]:
    """The largest set of states whose rates are all 0 when every one of them stays at its (numeric) start."""
    still = {s.name: _folded([s.initial], by_name)[0] for s in model.states if s.name not in touched}
    still = {name: value for name, value in still.items() if value.operation == "number"}
    while still:
        known = {**by_name, **still}
        for name, formula in model.assigned.items():
            known[name] = _folded([formula], known)[0]
        moving = [name for name in still if _folded([formulas[name]], known)[0] is not ZERO]
        if not moving:
            break
        for name in moving:
            del still[name]
    return still


def _folded(roots: Iterable[Expression], by_name: Mapping[str, Expression]) -> list[Expression]:
    roots = list(roots)
    done: dict[int, Expression] = {}
    for node in walk(roots):
        if node.operation == "symbol":
            done[id(node)] = by_name.get(node.name, node)
        else:
            done[id(node)] = _fold(node, [done[id(a)] for a in node.arguments])
    return [done[id(root)] for root in roots]


def _fold(node: Expression, arguments: list[Expression]) -> Expression:
    if not arguments:
        return node
    operation = node.operation
    if all(a.operation == "number" for a in arguments):
        values = [a.constant for a in arguments]
        if operation in _RELATIONS:
            return TRUE if _RELATIONS[operation](values[0], values[1]) else FALSE
        if operation in _VALUES:
            return number(_VALUES[operation](*values))
    if operation == "div" and (arguments[0] is ZERO or arguments[1] in _INFINITE):
        return ZERO
    if operation == "pow" and arguments[1] is ZERO:
        return ONE
    if operation in ("and", "or"):
        return _logic(operation, *arguments)
    if operation == "not" and arguments[0] in (TRUE, FALSE):
        return FALSE if arguments[0] is TRUE else TRUE
    return call(operation, *arguments)


def _logic(operation: str, a: Expression, b: Expression) -> Expression:
    decides, passes = (FALSE, TRUE) if operation == "and" else (TRUE, FALSE)
    if a is decides or b is decides:
        return decides
    return b if a is passes else a if b is passes else call(operation, a, b)
