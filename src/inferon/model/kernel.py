"""From a Model to straight-line functions: conditions pulled out, parameter-only work hoisted, everything inlined once.

A kernel is a set of functions over plain vectors. Each takes ``t`` (day) and the vectors

    y  states            p  parameters, then hoisted parameter-only values
    m  truth of each condition (0 or 1)      d  switches      k  rates of the states (only ``crossings`` reads it)

and writes one vector. Conditions (relations that can change with time) are held constant inside a step; the engine locates
where they change. That makes every function smooth between crossings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inferon.model.derivative import along_flow, partial
from inferon.model.expression import (
    ONE,
    RELATIONS,
    TIME,
    ZERO,
    Expression,
    call,
    mode,
    names,
    number,
    rebuild,
    symbol,
    text,
    walk,
)
from inferon.model.model import Event, Model
from inferon.model.reciprocals import by_fixed, by_shared

RATE_PREFIX = "rate of "
_LAST = number(float("-inf"))
"""Priority of an event without one."""
_NEVER = number(float("inf"))


@dataclass(frozen=True)
class Function:
    """A straight-line function: what it writes, in order."""

    name: str
    outputs: tuple[Expression, ...]


@dataclass(frozen=True)
class Kernel:
    """Everything the engine needs to know of a model, with names for every slot of every vector."""

    model: Model
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    hoisted: tuple[str, ...]
    switches: tuple[str, ...]
    conditions: tuple[Expression, ...]
    events: tuple[Event, ...]
    readouts: tuple[str, ...]
    functions: tuple[Function, ...]
    assignment_start: tuple[int, ...]
    assignment_target: tuple[int, ...]

    @property
    def strict(self) -> tuple[bool, ...]:
        """For each condition, whether it is false where its two sides are equal."""
        return tuple(c.operation in ("lt", "gt") for c in self.conditions)

    def outputs(self, function: str) -> tuple[Expression, ...]:
        """What the function of that name writes."""
        return next(known.outputs for known in self.functions if known.name == function)

    @property
    def stopping(self) -> tuple[int, ...]:
        """The conditions (indices) that change at stops known in advance, as long as no event moves them."""
        return tuple(i for i, stop in enumerate(self.outputs("stops")) if stop is not _NEVER)

    @property
    def moving(self) -> tuple[int, ...]:
        """The conditions (indices) whose change must be looked for inside a step; the others change at stops known in advance."""
        slopes = [along_flow(distance, {}) for distance in self.outputs("distances")]
        pairs = enumerate(zip(self.outputs("stops"), slopes, strict=True))
        return tuple(i for i, (stop, slope) in pairs if not _is_timed(stop, slope))

    @property
    def watched(self) -> Function:
        """The distances of the conditions in ``moving``, then their rates of change."""
        crossings, count = self.outputs("crossings"), len(self.conditions)
        return Function("crossings", tuple(crossings[start + c] for start in (0, count) for c in self.moving))

    def states_in(self, function: str) -> tuple[int, ...]:
        """The states (indices) that a function mentions."""
        mentioned = {node.name for node in walk(self.outputs(function)) if node.operation == "symbol"}
        return tuple(i for i, state in enumerate(self.states) if state in mentioned)

    @property
    def content_hash(self) -> str:
        """Hash of all generated work: two kernels with the same hash compute the same numbers."""
        digest = hashlib.sha256()
        for function in self.functions:
            digest.update(f"{function.name}:{len(function.outputs)}\n".encode())
            digest.update("\n".join(_fingerprints(function.outputs)).encode())
        digest.update("|".join((*self.states, *self.parameters, *self.switches)).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Jacobian:
    """Partial derivatives of the rates: positions that are not always 0, their values, and the rates' own slopes in time."""

    entries: tuple[tuple[int, int], ...]
    values: tuple[Expression, ...]
    time_slopes: tuple[Expression, ...]


def jacobian(kernel: Kernel) -> Jacobian:
    """The Jacobian of a kernel's rates by its states."""
    rates = kernel.outputs("rates")
    found: dict[tuple[int, int], Expression] = {}
    for row, rate in enumerate(rates):
        mentioned = names(rate)
        for column, state in enumerate(kernel.states):
            slope = partial(rate, state) if state in mentioned else ZERO
            if slope is not ZERO:
                found[row, column] = slope
    slopes = by_shared([*found.values(), *(along_flow(rate, {}) for rate in rates)])
    return Jacobian(tuple(found), tuple(slopes[: len(found)]), tuple(slopes[len(found) :]))


def _fingerprints(outputs: Sequence[Expression]) -> list[str]:
    """One short hash per output, without writing shared sub-expressions out again and again."""
    prints: dict[int, str] = {}
    for node in walk(outputs):
        parts = [node.operation, repr(node.value), *(prints[id(a)] for a in node.arguments)]
        prints[id(node)] = hashlib.sha256("(".join(parts).encode()).hexdigest()
    return [prints[id(output)] for output in outputs]


def build_kernel(model: Model, readouts: Sequence[str] = ()) -> Kernel:
    """Generate the kernel of ``model`` with the named quantities as read-outs.

    States and formulas that neither a read-out nor an event needs are left out. Raises ``KeyError`` for an unknown read-out.
    """
    known = {*model.assigned, *model.state_names, *model.parameters, *model.switches}
    unknown = [r for r in readouts if r not in known]
    if unknown:
        raise KeyError(f"{model.name} has no quantity {unknown[0]!r}")
    model = model.reduced_to(readouts)
    rates, initial, triggers, delays, values, scales, priorities, shown = _inlined(model, readouts)
    conditions = _conditions([*rates, *triggers, *shown, *values], model)
    with_modes = _mode_replacer(conditions)
    rates, triggers, shown, values = (with_modes(group) for group in (rates, triggers, shown, values))
    crossings, stops = _crossing_functions(conditions, with_modes, model)
    groups = {
        "rates": rates,
        "initial": initial,
        "triggers": [_as_number(t) for t in triggers],
        "delays": delays,
        "assignments": values,
        "readouts": shown,
        "crossings": crossings,
        "distances": crossings[: len(conditions)],
        "truths": _truths(conditions, crossings[: len(conditions)]),
        "priorities": priorities,
        "scales": scales,
        "stops": stops,
    }
    hoisted, groups = _hoist(_with_reciprocals(groups, model), model)
    starts, targets = _assignment_slots(model)
    return Kernel(
        model=model,
        states=model.state_names,
        parameters=tuple(model.parameters),
        hoisted=tuple(hoisted),
        switches=tuple(model.switches),
        conditions=tuple(conditions),
        events=model.events,
        readouts=tuple(readouts),
        functions=(
            Function("hoisted", tuple(hoisted.values())),
            *(Function(name, tuple(outputs)) for name, outputs in groups.items()),
        ),
        assignment_start=starts,
        assignment_target=targets,
    )


def _inlined(model: Model, readouts: Sequence[str]) -> list[list[Expression]]:
    groups = [
        [s.rate for s in model.states],
        [s.initial for s in model.states],
        [e.trigger for e in model.events],
        [e.delay for e in model.events],
        [value for e in model.events for _, value in e.assignments],
        [scale for e in model.events for scale in (e.scales or [ONE] * len(e.assignments))],
        [_LAST if e.priority is None else e.priority for e in model.events],
        [symbol(r) for r in readouts],
    ]
    flat = iter(model.inlined([e for group in groups for e in group]))
    return [[next(flat) for _ in group] for group in groups]


def _conditions(roots: Iterable[Expression], model: Model) -> list[Expression]:
    """Relations that can change while a patient is followed: those that mention time, a state or a switch."""
    moving = {*model.state_names, *model.switches}
    found = []
    for node in walk(roots):
        if node.operation in RELATIONS and (_mentions_time(node) or names(node) & moving):
            if node.operation in ("eq", "ne"):
                raise ValueError(f"a condition on equality of moving quantities is not supported: {text(node)}")
            found.append(node)
    return found


def _mentions_time(expression: Expression) -> bool:
    return any(node.operation == "time" for node in walk([expression]))


def _mode_replacer(conditions: Sequence[Expression]):
    index = {id(condition): mode(i) for i, condition in enumerate(conditions)}
    return lambda expressions: rebuild(expressions, lambda node: index.get(id(node)))


def _crossing_functions(
    conditions: Sequence[Expression], with_modes, model: Model
) -> tuple[list[Expression], list[Expression]]:
    """For each condition a function positive where it holds, then the rates of change of those functions; and its stop."""
    distances, stops = [], []
    for condition in conditions:
        left, right = with_modes(condition.arguments)
        small, large = (left, right) if condition.operation in ("lt", "le") else (right, left)
        distance = call("sub", large, small)
        slope, stop = along_flow(distance, {}), _stop(distance, model)
        if _is_timed(stop, slope):  # exact at its own stop, whatever the rounding of the condition as written
            distance = call("sub", TIME, stop) if slope.constant > 0 else call("sub", stop, TIME)
        distances.append(distance)
        stops.append(stop)
    rates = {name: symbol(RATE_PREFIX + name) for name in model.state_names}
    return distances + [along_flow(distance, rates) for distance in distances], stops


def _truths(conditions: Sequence[Expression], distances: Sequence[Expression]) -> list[Expression]:
    """Whether each condition holds, whatever held before; those inside others come first."""
    found: list[Expression] = []
    for condition, distance in zip(conditions, distances, strict=True):
        now = rebuild([distance], lambda node: found[node.index] if node.operation == "mode" else None)[0]
        found.append(call("gt" if condition.operation in ("lt", "gt") else "ge", now, ZERO))
    return [_as_number(truth) for truth in found]


def _is_timed(stop: Expression, slope: Expression) -> bool:
    return stop is not _NEVER and slope.operation == "number"


def _stop(distance: Expression, model: Model) -> Expression:
    """The time at which a distance that is linear in time is zero, so that the engine can stop there; else infinity."""
    slope = along_flow(distance, {})
    if slope is ZERO or _mentions_time(slope) or names(distance) & {*model.state_names}:
        return _NEVER
    at_zero = rebuild([distance], lambda node: ZERO if node is TIME else None)[0]
    return call("div", call("neg", at_zero), slope)


def _as_number(trigger: Expression) -> Expression:
    return call("select", trigger, number(1), number(0))


def _with_reciprocals(groups: dict[str, list[Expression]], model: Model) -> dict[str, list[Expression]]:
    constant = _parameter_only([e for group in groups.values() for e in group], model)
    return {name: by_fixed(group, lambda node: constant[id(node)]) for name, group in groups.items()}


def _hoist(
    groups: dict[str, list[Expression]], model: Model
) -> tuple[dict[str, Expression], dict[str, list[Expression]]]:
    """Replace maximal parameter-only sub-expressions by names computed once per patient."""
    roots = [e for group in groups.values() for e in group]
    constant = _parameter_only(roots, model)
    hoisted: dict[int, tuple[str, Expression]] = {}
    for node in walk(roots):
        if not constant[id(node)]:
            for argument in node.arguments:
                _keep(argument, constant, hoisted)
    for root in roots:
        _keep(root, constant, hoisted)
    by_id = {key: symbol(name) for key, (name, _) in hoisted.items()}
    moved = {name: rebuild(group, lambda node: by_id.get(id(node))) for name, group in groups.items()}
    return dict(hoisted.values()), moved


def _keep(node: Expression, constant: dict[int, bool], hoisted: dict[int, tuple[str, Expression]]) -> None:
    worth = node.arguments and constant[id(node)] and node.operation not in (*RELATIONS, "and", "or", "not")
    if worth and id(node) not in hoisted:
        hoisted[id(node)] = (f"hoisted {len(hoisted)}", node)


def _parameter_only(roots: Iterable[Expression], model: Model) -> dict[int, bool]:
    constant: dict[int, bool] = {}
    for node in walk(roots):
        if node.operation == "symbol":
            constant[id(node)] = node.value in model.parameters
        elif node.operation in ("time", "mode"):
            constant[id(node)] = False
        else:
            constant[id(node)] = all(constant[id(a)] for a in node.arguments)
    return constant


def _assignment_slots(model: Model) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where each event's assignments begin, and what each sets: a state (its index) or a switch (minus one minus index)."""
    states = {name: i for i, name in enumerate(model.state_names)}
    switches = {name: i for i, name in enumerate(model.switches)}
    starts, targets = [0], []
    for event in model.events:
        for target, _ in event.assignments:
            targets.append(states[target] if target in states else -1 - switches[target])
        starts.append(len(targets))
    return tuple(starts), tuple(targets)
