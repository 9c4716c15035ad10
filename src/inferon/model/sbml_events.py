"""The events of an SBML document."""

from __future__ import annotations

import libsbml

from inferon.model.expression import ONE, ZERO, Expression, symbol
from inferon.model.model import Event
from inferon.model.sbml_draft import Draft
from inferon.model.sbml_math import Scope, read_number, read_truth


def read_events(model: libsbml.Model, draft: Draft, scope: Scope) -> tuple[Event, ...]:
    """Every event that can fire, in order of writing; one without a trigger formula never does."""
    numbered = enumerate(model.getListOfEvents(), start=1)
    able = [(i, e) for i, e in numbered if e.isSetTrigger() and e.getTrigger().isSetMath()]
    return tuple(_event(event, f"event {i}", draft, scope) for i, event in able)


def _event(event: libsbml.Event, default_name: str, draft: Draft, scope: Scope) -> Event:
    trigger, written = event.getTrigger(), [a for a in event.getListOfEventAssignments() if a.isSetMath()]
    targets = [a.getVariable() for a in written]
    scaled = any(target in draft.sizes for target in targets)
    return Event(
        name=event.getId() or default_name,
        trigger=read_truth(trigger.getMath(), scope),
        assignments=tuple((draft.quantity(a.getVariable()), read_number(a.getMath(), scope)) for a in written),
        delay=_optional(event.getDelay(), scope) or ZERO,
        persistent=trigger.getPersistent(),
        true_before_start=trigger.getInitialValue(),
        use_trigger_values=event.getUseValuesFromTriggerTime(),
        priority=_optional(event.getPriority(), scope),
        scales=tuple(_scale(target, draft) for target in targets) if scaled else (),
    )


def _optional(holder: libsbml.Delay | libsbml.Priority | None, scope: Scope) -> Expression | None:
    return read_number(holder.getMath(), scope) if holder is not None and holder.isSetMath() else None


def _scale(target: str, draft: Draft) -> Expression:
    """An assigned concentration sets the amount by the size its compartment has just before the execution."""
    return symbol(draft.sizes[target]) if target in draft.sizes else ONE
