"""Forward sensitivities as a model: for each state y and parameter p one more state dy/dp, exact through events and jumps.

    d(dy/dp)/dt = (df/dy) dy/dp + df/dp        dy/dp at the start = d(y at the start)/dp

What happens where the solution or its rates jump is in ``sensitivity_events``. A formula r(y, p) becomes dr/dp by the chain rule.

Source: Dickinson & Gelinas, J. Comput. Phys. 21 (1976) 123-143; jumps: Rozenvasser, Autom. Remote Control 28 (1967) 394-400.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from inferon.model.expression import ONE, ZERO, Expression
from inferon.model.model import Model, State
from inferon.model.sensitivity_direction import Direction, direction, event_day_sensitivity, sensitivity
from inferon.model.sensitivity_events import SensitivityEvents
from inferon.model.smooth_equations import SmoothEquations

__all__ = ["event_day_sensitivity", "sensitivity", "with_sensitivities"]


def with_sensitivities(model: Model, parameters: Sequence[str], *, event_days: Collection[str] = ()) -> Model:
    """``model`` with the sensitivities of every state and formula to ``parameters``, and of the days of some events.

    The sensitivity of a state or formula ``r`` is a quantity named ``sensitivity(r, p)``, in the unit of r per unit of p; that of
    the day on which an event of ``event_days`` happens first is a switch named ``event_day_sensitivity(event, p)``, in days per
    unit of p, and 0 until then. Doses are taken to be given on days and in amounts that do not depend on the parameters. Where a
    change of the parameter, however small, alters what happens (a threshold just touched, two thresholds crossed at once)
    there is no derivative, and what is returned is that of what did happen.

    Raises ``KeyError`` for an unknown parameter or event, and ``ValueError`` for what is not supported: rounding of moving
    quantities, and, where they bear on a sensitivity, events with a delay or a priority and events whose values are kept
    from the trigger although another event may change them.
    """
    _refuse_unknown("parameter", parameters, model.parameters, model)
    _refuse_unknown("event", event_days, {event.name for event in model.events}, model)
    equations = SmoothEquations(model)
    directions = [direction(equations, parameter) for parameter in dict.fromkeys(parameters)]
    at_events = SensitivityEvents(equations, directions, event_days)
    return replace(
        model,
        states=(*model.states, *(s for d in directions for s in _states(equations, d))),
        assigned={**model.assigned, **{k: v for d in directions for k, v in _formulas(equations, d).items()}},
        switches={**model.switches, **at_events.switches},
        events=at_events.events,
    )


def _refuse_unknown(kind: str, wanted: Collection[str], known: Collection[str], model: Model) -> None:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise KeyError(f"{model.name} has no {kind} {unknown[0]!r}")


def _states(equations: SmoothEquations, towards: Direction) -> list[State]:
    model, p = equations.model, towards.parameter
    at_start = {p: ONE}
    return [
        State(
            sensitivity(state.name, p),
            f"{state.unit} per {model.parameters[p].unit}",
            equations.restored(equations.tangent(equations.initial[state.name], at_start)),
            equations.restored(equations.tangent(equations.rates[state.name], towards.vector)),
        )
        for state in model.states
        if state.name in towards.vector
    ]


def _formulas(equations: SmoothEquations, towards: Direction) -> dict[str, Expression]:
    """Sensitivities of the formulas, and 0 for the states the parameter cannot change."""
    p = towards.parameter
    moved = {
        sensitivity(name, p): equations.restored(equations.tangent(formula, towards.vector))
        for name, formula in equations.formulas.items()
    }
    return {**{sensitivity(s, p): ZERO for s in equations.rates if s not in towards.vector}, **moved}
