"""What a model is: immutable states, parameters, switches, assigned quantities and events, with units and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from inferon.model.expression import Expression, names, substitute


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of a module's parameter table."""

    symbol: str
    description: str
    value: float
    unit: str
    lower: float | None = None
    upper: float | None = None
    variability: float | None = None
    status: str = "known"
    source: str = ""
    note: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A quantity with a rate: its unit, its value at the start and its equation."""

    name: str
    unit: str
    initial: Expression
    rate: Expression


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens when ``trigger`` becomes true, by the rules of SBML.

    Attributes
    ----------
    delay: time from trigger to execution.
    persistent: whether a delayed execution survives its trigger becoming false.
    true_before_start: truth of the trigger before the start; if false, one true at the start fires there.
    use_trigger_values: whether the assigned values are those at the trigger, else those at the execution.
    priority: of those due at one instant the highest is executed first; ``None`` comes last, in order of writing.
    scales: what each assigned value is multiplied with at the execution (a compartment's size, for a concentration).
    """

    name: str
    trigger: Expression
    assignments: tuple[tuple[str, Expression], ...]
    delay: Expression
    persistent: bool = True
    true_before_start: bool = False
    use_trigger_values: bool = True
    priority: Expression | None = None
    scales: tuple[Expression, ...] = ()

    def rewritten(self, put: Callable[[Expression], Expression]) -> Event:
        """The same event with every expression replaced by what ``put`` makes of it."""
        return replace(
            self,
            trigger=put(self.trigger),
            assignments=tuple((target, put(value)) for target, value in self.assignments),
            delay=put(self.delay),
            priority=None if self.priority is None else put(self.priority),
            scales=tuple(map(put, self.scales)),
        )

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Everything the event evaluates."""
        priority = () if self.priority is None else (self.priority,)
        return (self.trigger, self.delay, *(value for _, value in self.assignments), *self.scales, *priority)


@dataclass(frozen=True)
class Model:
    """A checked, immutable model.

    Attributes
    ----------
    states: quantities that are integrated, in order.
    parameters: constants a patient may have a value of their own for.
    switches: discrete quantities only events change, with their value at the start.
    assigned: quantities given by a formula at every time, in dependency order.
    events: what can happen.
    couplings: names exchanged between modules (bare names); everything else is ``module__symbol``.
    """

    name: str
    states: tuple[State, ...]
    parameters: Mapping[str, Parameter]
    switches: Mapping[str, float]
    assigned: Mapping[str, Expression]
    events: tuple[Event, ...]
    units: Mapping[str, str] = field(default_factory=dict)
    couplings: tuple[str, ...] = ()

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the integrated quantities, in order."""
        return tuple(state.name for state in self.states)

    def inlined(self, expressions: Iterable[Expression]) -> list[Expression]:
        """The same expressions with every assigned quantity replaced by its formula."""
        return substitute(expressions, self._formulas())

    def _formulas(self) -> dict[str, Expression]:
        formulas: dict[str, Expression] = {}
        for name, expression in self.assigned.items():
            formulas[name] = substitute([expression], formulas)[0]
        return formulas

    def reduced_to(self, outputs: Iterable[str]) -> Model:
        """Drop every state and assigned quantity that neither the outputs nor any event depends on."""
        needed = self._dependencies_of(outputs)
        return replace(
            self,
            states=tuple(state for state in self.states if state.name in needed),
            assigned={name: e for name, e in self.assigned.items() if name in needed},
        )

    def _dependencies_of(self, outputs: Iterable[str]) -> set[str]:
        formulas = {state.name: [state.rate, state.initial] for state in self.states}
        formulas |= {name: [expression] for name, expression in self.assigned.items()}
        todo = list(outputs)
        for event in self.events:
            for expression in event.expressions:
                todo.extend(names(expression))
            todo.extend(target for target, _ in event.assignments)
        needed: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in needed:
                needed.add(name)
                todo.extend(mentioned for e in formulas.get(name, ()) for mentioned in names(e))
        return needed
