"""Probabilities of competing events as states: cumulative incidences by integrating each hazard times being free of all events.

With hazards h_j and Lambda' = sum of h_j, the probability of event j by now and before any other is I_j, I_j' = h_j exp(-Lambda).
Once something that is not a matter of chance ends a patient's risk (a switch that turns 1), none of them grows any more.

Source: Prentice et al., Biometrics 34 (1978) 541-554.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from inferon.model.expression import ONE, ZERO, Expression, call, symbol, total
from inferon.model.model import Model, State

_ANY = "cumulative hazard while at risk"


def cumulative_incidence(event: str) -> str:
    """The name of the state that holds an event's cumulative incidence."""
    return f"cumulative incidence of {event}"


def with_cumulative_incidence(model: Model, hazards: Mapping[str, str], *, ended_by: Collection[str] = ()) -> Model:
    """``model`` with the cumulative incidence of each event of ``hazards`` as a state, from 0 at the start.

    ``hazards`` gives each event's hazard by name (a formula, per unit of time); ``ended_by`` names switches that are 0 while a
    patient is at risk and 1 afterwards, such as an event the equations themselves decide. For one patient the value is the
    probability that the event happens by now, before every other event of ``hazards`` and before any switch of ``ended_by``
    turns. Nothing else of the model changes: it goes on as if the events of chance did not happen. Raises ``KeyError`` for an
    unknown quantity.
    """
    known = {*model.assigned, *model.state_names, *model.parameters}
    unknown = [name for name in hazards.values() if name not in known]
    unknown += [name for name in ended_by if name not in model.switches]
    if unknown:
        raise KeyError(f"{model.name} has no quantity {unknown[0]!r}")
    at_risk: Expression = ONE
    for switch in ended_by:
        at_risk = call("mul", at_risk, call("sub", ONE, symbol(switch)))
    free = call("mul", at_risk, call("exp", call("neg", symbol(_ANY))))
    any_event = call("mul", at_risk, total(map(symbol, hazards.values())))
    incidences = [
        State(cumulative_incidence(event), "1", ZERO, call("mul", symbol(hazard), free))
        for event, hazard in hazards.items()
    ]
    return replace(model, states=(*model.states, State(_ANY, "1", ZERO, any_event), *incidences))
