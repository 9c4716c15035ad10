"""What the compiled event code needs to know of a kernel's events, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inferon.model.expression import ZERO, Expression, names
from inferon.model.kernel import Kernel
from inferon.model.model import Event, Model

_ROW_HEAD = 3  # event, day due, day of the trigger


def event_table(kernel: Kernel) -> np.ndarray:
    """One row an event: persistent, values from the trigger, scaled, then whether its order against each event matters."""
    events, influence = kernel.events, _Influence(kernel.model)
    conflicts = [[influence.order_matters(e, f) for f in range(len(events))] for e in range(len(events))]
    flags = [[e.persistent, e.use_trigger_values, bool(e.scales)] for e in events]
    rows = [[*own, *others] for own, others in zip(flags, conflicts, strict=True)]
    return np.array(rows, dtype=np.bool_).reshape(len(events), 3 + len(events))


def waiting_shape(kernel: Kernel, each: int) -> tuple[int, int]:
    """Rows and columns a patient needs for delayed executions, ``each`` for every event with a delay."""
    delayed = sum(event.delay is not ZERO for event in kernel.events)
    widest = max((len(event.assignments) for event in kernel.events), default=0)
    return each * delayed, _ROW_HEAD + widest


class _Influence:
    """What each event changes, what its execution looks at once others have been done, and which triggers it may flip."""

    def __init__(self, model: Model) -> None:
        events = model.events
        watched = _mentioned(model, [[event.trigger] for event in events])
        self.stated = [event.priority is not None for event in events]
        self.changed = [{target for target, _ in event.assignments} for event in events]
        self.read = _mentioned(model, [_looked_at(event) for event in events])
        self.flipped = [{f for f, trigger in enumerate(watched) if trigger & changed} for changed in self.changed]

    def order_matters(self, one: int, other: int) -> bool:
        """Whether two events with stated priorities can lead to another outcome when executed the other way round."""
        if one == other or not (self.stated[one] and self.stated[other]):
            return False
        first, second = self.changed[one], self.changed[other]
        touching = first & second or first & self.read[other] or second & self.read[one]
        return bool(touching or self.flipped[one] & self.flipped[other])


def _looked_at(event: Event) -> list[Expression]:
    values = [] if event.use_trigger_values else [value for _, value in event.assignments]
    trigger = [] if event.persistent else [event.trigger]
    priority = [] if event.priority is None else [event.priority]
    return [*values, *trigger, *priority, *event.scales]


def _mentioned(model: Model, groups: Sequence[Sequence[Expression]]) -> list[set[str]]:
    inlined = iter(model.inlined([expression for group in groups for expression in group]))
    return [set().union(*(names(next(inlined)) for _ in group)) for group in groups]
