"""One parameter as a direction: what it can have an influence on, and how each quantity moves with it."""

from __future__ import annotations

from dataclasses import dataclass

from inferon.model.expression import ONE, Expression, symbol
from inferon.model.smooth_equations import SmoothEquations, assigned_values


def sensitivity(quantity: str, parameter: str) -> str:
    """The name of the sensitivity of a state, switch or formula to a parameter."""
    return f"d {quantity} / d {parameter}"


def event_day_sensitivity(event: str, parameter: str) -> str:
    """The name of the sensitivity of the day an event first happens to a parameter."""
    return f"d day of {event} / d {parameter}"


@dataclass(frozen=True)
class Direction:
    """A parameter, the names its value can have an influence on (itself included), and how each quantity moves with it."""

    parameter: str
    influenced: frozenset[str]
    vector: dict[str, Expression]


def direction(equations: SmoothEquations, parameter: str) -> Direction:
    """The direction of one parameter: states it reaches, and switches whose values (not only their days) it reaches."""
    reached = _influenced(equations, parameter)
    kept = [name for name in equations.model.state_names if name in reached]
    kept += [name for name in equations.model.switches if name in reached and _takes_values(equations, name)]
    vector = {parameter: ONE, **{name: symbol(sensitivity(name, parameter)) for name in kept}}
    return Direction(parameter, reached, vector)


def _influenced(equations: SmoothEquations, parameter: str) -> frozenset[str]:
    """The parameter, every state it can change and every target of an event it can move or whose values it can change."""
    found, size = {parameter}, 0
    sources = [
        (equations.mentions(rate) | equations.mentions(equations.initial[name]), {name})
        for name, rate in equations.rates.items()
    ]
    for event in equations.events:
        mentioned = frozenset().union(*map(equations.mentions, event.expressions))
        sources.append((mentioned, {target for target, _ in event.assignments}))
    while len(found) > size:
        size = len(found)
        for mentioned, changed in sources:
            if mentioned & found:
                found |= changed
    return frozenset(found)


def _takes_values(equations: SmoothEquations, switch: str) -> bool:
    """Whether an event sets the switch to something other than a number."""
    return any(
        equations.mentions(value)
        for event in equations.events
        for target, value in assigned_values(event)
        if target == switch
    )
