"""A model's equations made ready for differentiation: formulas inlined, time as a name, every relation held as a mode.

Between the instants at which a relation changes its truth everything here is smooth; what happens at those instants is the
business of ``sensitivity_events``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from inferon.model.derivative import along_flow
from inferon.model.expression import (
    FALSE,
    ONE,
    RELATIONS,
    ROUNDING,
    TIME,
    TRUE,
    Expression,
    call,
    mode,
    names,
    number,
    rebuild,
    symbol,
    walk,
)
from inferon.model.model import Event, Model

NOW = symbol("time as a name")
_TINY = number(1e-100)
"""Added to the base of a power or the argument of a logarithm that only a derivative brought in, so that 0 gives no NaN."""


@dataclass(frozen=True)
class Threshold:
    """Relations between the same two sides: ``distance`` is 0 where they change, ``above`` those true where it is positive."""

    distance: Expression
    above: tuple[int, ...]
    below: tuple[int, ...]

    def settled(self, expression: Expression, *, above: bool) -> Expression:
        """An expression with the threshold's relations as they are on one side of it."""
        truth = {**dict.fromkeys(self.above, above), **dict.fromkeys(self.below, not above)}
        return rebuild([expression], lambda node: _held(node, truth))[0]


def _held(node: Expression, truth: Mapping[int, bool]) -> Expression | None:
    if node.operation != "mode" or node.index not in truth:
        return None
    return TRUE if truth[node.index] else FALSE


class SmoothEquations:
    """The equations of one model in smooth form.

    Attributes
    ----------
    rates, initial, formulas: smooth expressions by name. events: the model's events with smooth expressions.
    relations: the relation each mode stands for, its own sides in smooth form.

    Raises ``ValueError`` for a quantity that is rounded while it moves: such a quantity jumps where no event is located.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.relations: list[Expression] = []
        self._index: dict[int, int] = {}
        self._mentions: dict[int, frozenset[str]] = {}
        put = self._all_inlined()
        self.rates = {s.name: put(s.rate) for s in model.states}
        self.initial = {s.name: put(s.initial) for s in model.states}
        self.formulas = {name: put(expression) for name, expression in model.assigned.items()}
        self.events = tuple(event.rewritten(put) for event in model.events)
        self._refuse_rounding()

    def _all_inlined(self) -> Callable[[Expression], Expression]:
        """What turns each of the model's expressions into its smooth form."""
        model = self.model
        roots = [e for state in model.states for e in (state.rate, state.initial)]
        roots += [*model.assigned.values(), *(e for event in model.events for e in event.expressions)]
        smooth = {id(e): self._smooth(inlined) for e, inlined in zip(roots, model.inlined(roots), strict=True)}
        return lambda expression: smooth[id(expression)]

    def _smooth(self, inlined: Expression) -> Expression:
        done: dict[int, Expression] = {}
        for node in walk([inlined]):
            made = call(node.operation, *(done[id(a)] for a in node.arguments)) if node.arguments else node
            if node is TIME:
                made = NOW
            elif node.operation in RELATIONS:
                made = self._mode_of(made)
            done[id(node)] = made
        return done[id(inlined)]

    def _mode_of(self, relation: Expression) -> Expression:
        if id(relation) not in self._index:
            self._index[id(relation)] = len(self.relations)
            self.relations.append(relation)
        return mode(self._index[id(relation)])

    def _refuse_rounding(self) -> None:
        moving = {*self.model.state_names, *self.model.switches, NOW.name}
        for node in walk(self.everything):
            if node.operation in ROUNDING and self.mentions(node) & moving:
                raise ValueError(f"{self.model.name}: sensitivities through {node.operation} are not supported")

    @cached_property
    def everything(self) -> tuple[Expression, ...]:
        """Every expression of the model, relations included."""
        of_events = [expression for event in self.events for expression in event.expressions]
        return (*self.rates.values(), *self.initial.values(), *self.formulas.values(), *of_events, *self.relations)

    @cached_property
    def _known(self) -> set[int]:
        return {id(node) for node in walk(self.everything)}

    def mentions(self, expression: Expression) -> frozenset[str]:
        """Every name an expression depends on, also through the truth of its relations."""
        found = self._mentions.get(id(expression))
        if found is None:
            behind = [self.mentions(self.relations[i]) for i in self.modes([expression])]
            found = self._mentions[id(expression)] = frozenset(names(expression)).union(*behind)
        return found

    @staticmethod
    def modes(expressions: Iterable[Expression]) -> list[int]:
        """The relations some expressions use, by index."""
        return list(dict.fromkeys(node.index for node in walk(expressions) if node.operation == "mode"))

    def thresholds(self, modes: Sequence[int]) -> list[Threshold]:
        """The thresholds behind some relations, each with all relations of the model that share its two sides."""
        wanted = list(dict.fromkeys(self._sides(i) for i in modes))
        return [self._threshold(sides) for sides in wanted]

    def _sides(self, index: int) -> frozenset[int]:
        return frozenset(map(id, self.relations[index].arguments))

    def _threshold(self, sides: frozenset[int]) -> Threshold:
        members = [i for i in range(len(self.relations)) if self._sides(i) == sides]
        small, large = _small_and_large(self.relations[members[0]])
        above = tuple(i for i in members if _small_and_large(self.relations[i]) == (small, large))
        return Threshold(call("sub", large, small), above, tuple(i for i in members if i not in above))

    def tangent(self, expression: Expression, direction: Mapping[str, Expression]) -> Expression:
        """How an expression moves when each named quantity moves as ``direction`` says, the truth of relations held."""
        return rebuild([along_flow(expression, direction)], self._guarded)[0]

    def _guarded(self, node: Expression) -> Expression | None:
        """0 in place of infinity times 0: d(x^h) at x = 0 with x staying there."""
        if id(node) in self._known or node.operation not in ("pow", "log"):
            return None
        if node.operation == "log":
            return call("log", call("add", node.arguments[0], _TINY))
        base, exponent = node.arguments
        harmless = exponent.operation == "number" and exponent.constant >= 0
        return None if harmless else call("pow", call("add", base, _TINY), exponent)

    def along_time(self, expression: Expression, rates: Mapping[str, Expression]) -> Expression:
        """d(expression)/dt when states move with ``rates``, the truth of relations held."""
        return self.tangent(expression, {**rates, NOW.name: ONE})

    def restored(self, expression: Expression) -> Expression:
        """A smooth expression in the notation of models: time and relations put back."""
        return rebuild([expression], self._original)[0]

    def _original(self, node: Expression) -> Expression | None:
        if node is NOW:
            return TIME
        return self.restored(self.relations[node.index]) if node.operation == "mode" else None

    def restored_event(self, event: Event) -> Event:
        """An event in the notation of models."""
        return event.rewritten(self.restored)


def _small_and_large(relation: Expression) -> tuple[Expression, Expression]:
    left, right = relation.arguments
    return (left, right) if relation.operation in ("lt", "le") else (right, left)


def assigned_values(event: Event) -> list[tuple[str, Expression]]:
    """What an event sets each of its targets to, scales multiplied in."""
    scales = event.scales or (ONE,) * len(event.assignments)
    pairs = zip(event.assignments, scales, strict=True)
    return [(target, call("mul", value, scale)) for (target, value), scale in pairs]
