"""A second, plain implementation of what a model means: Python closures, SciPy's DOP853, SBML's rules for events written anew.

It shares with the engine only the model as read. Formulas are evaluated name by name in dependency order, relations are held
inside a stretch between two instants at which one of them changes, and SciPy finds those instants. Slow, and meant to be read.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

from inferon.model.expression import RELATIONS, ZERO, Expression
from inferon.model.model import Event, Model

RTOL, ATOL, LONGEST_STEP = 1e-10, 1e-13, 0.1
ROUNDS = 200
_NEAR = 5e-3  # a quantity that turns this near a threshold may cross it twice between two looks
Values = dict[object, float]
Formula = Callable[[Values], float]

_OPERATIONS: dict[str, Callable[..., float]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "pow": math.pow, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max,
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "floor": math.floor, "ceil": math.ceil,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "and": lambda a, b: a and b, "or": lambda a, b: a or b, "not": operator.not_,
    "select": lambda condition, yes, no: yes if condition else no,
}  # fmt: skip


class IllPosedError(ValueError):
    """A model whose course hangs on rounding: a threshold only just touched, or two instants that cannot be told apart."""


class NeverSettlesError(ValueError):
    """Events that set each other off for ever at one instant."""


@dataclass(frozen=True)
class Dose:
    """An amount into a state at a time, at once or over a duration."""

    time: float
    amount: float
    duration: float
    state: str


@dataclass
class _Execution:
    event: int
    due: float
    since: float
    values: list[float]


def formula(node: Expression) -> Formula:
    """The expression as a function of values by name; a relation whose truth is among them is not looked at."""
    if node.operation == "number":
        return lambda values, constant=node.constant: constant
    if node.operation in ("symbol", "time"):
        return operator.itemgetter(node.name if node.operation == "symbol" else "time")
    if node.operation in ("true", "false"):
        return lambda values, truth=node.operation == "true": truth
    operation, arguments = _OPERATIONS[node.operation], [formula(a) for a in node.arguments]
    if node.operation in RELATIONS:
        return lambda values: values[node] if node in values else operation(*(a(values) for a in arguments))
    if len(arguments) == 2:
        one, other = arguments
        return lambda values: operation(one(values), other(values))
    return lambda values: operation(*(a(values) for a in arguments))


def relations(node: Expression) -> set[Expression]:
    """Every relation inside an expression."""
    inside = set().union(*(relations(a) for a in node.arguments)) if node.arguments else set()
    return inside | ({node} if node.operation in RELATIONS else set())


@dataclass
class Patient:
    """One patient of ``model``: ``course`` gives everything at each of the days, ``first`` the first day of each event."""

    model: Model
    parameters: Mapping[str, float]
    doses: Sequence[Dose] = ()
    first: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.model
        self.names = model.state_names
        self._assigned = [(name, formula(e)) for name, e in model.assigned.items()]
        self._rates = [formula(state.rate) for state in model.states]
        self._events = [_Rules(event) for event in model.events]
        watched = [*model.assigned.values(), *(s.rate for s in model.states), *(e.trigger for e in model.events)]
        found = sorted(set().union(*map(relations, watched)), key=repr)
        sides = {node: (formula(node.arguments[0]), formula(node.arguments[1])) for node in found}
        self._distance = {node: (lambda v, a=a, b=b: a(v) - b(v)) for node, (a, b) in sides.items()}
        self._truth = {node: formula(node) for node in found}
        self.time = 0.0
        self.held: dict[str, float] = {**parameters_of(model), **self.parameters, **model.switches}
        self.y = np.array([float(formula(state.initial)({**self.held, "time": 0.0})) for state in model.states])
        self._was = [event.true_before_start for event in model.events]
        self._waiting: list[_Execution] = []

    def values(self, time: float, y: np.ndarray, frozen: Mapping[Expression, float] | None = None) -> Values:
        """Everything by name at a time and state; conditions are looked at unless ``frozen`` says how they are."""
        values: Values = {**self.held, **(frozen or {}), "time": time}
        values.update(zip(self.names, y.tolist(), strict=True))
        for name, evaluate in self._assigned:
            values[name] = evaluate(values)
        return values

    def course(self, days: Sequence[float]) -> list[Values]:
        """Values after everything that happens at each day (ascending)."""
        stops = sorted({*days, *(d.time for d in self.doses), *(d.time + d.duration for d in self.doses)})
        stops, seen = [s for s in stops if s <= days[-1]], []
        self._settle()
        for stop in stops:
            self._advance(stop)
            for dose in self.doses:
                if dose.time == stop and dose.duration == 0:
                    self.y[self.names.index(dose.state)] += dose.amount
            self._settle()
            if stop in days:
                seen.append(self.values(self.time, self.y))
        return seen

    def _advance(self, stop: float) -> None:
        while self.time < stop:
            goal = min([stop, *(e.due for e in self._waiting)])
            if goal > self.time:
                self._stretch(goal)
            self._settle()

    def _stretch(self, goal: float) -> None:
        """Integrate until a condition changes or the goal is reached."""
        now = self.values(self.time, self.y)
        frozen = {node: truth(now) for node, truth in self._truth.items()}
        infused = [(self.names.index(d.state), d.amount / d.duration) for d in self.doses if self._runs(d)]

        def slope(time: float, y: np.ndarray) -> list[float]:
            values = self.values(time, y, frozen)
            rates = [rate(values) for rate in self._rates]
            for index, speed in infused:
                rates[index] += speed
            return rates

        def distances(time: float, y: np.ndarray) -> list[float]:
            values = self.values(time, y, frozen)
            return [distance(values) for distance in self._distance.values()]

        options = {"rtol": RTOL, "atol": ATOL, "max_step": LONGEST_STEP, "dense_output": True}
        watches = _watches(distances, len(frozen))
        found = solve_ivp(slope, (self.time, goal), self.y, "DOP853", events=watches, **options)
        _refuse_near_misses(found, distances)
        end, self.y = float(found.t[-1]), found.y[:, -1]
        if found.status == 1:
            end, self.y = self._behind(end, found.sol, frozen)
        self.time = min(end, goal)

    def _runs(self, dose: Dose) -> bool:
        return dose.duration > 0 and dose.time <= self.time < dose.time + dose.duration

    def _behind(self, time: float, solution: Callable, frozen: Mapping[Expression, float]) -> tuple[float, np.ndarray]:
        """The first instant after ``time`` at which some condition is seen to have changed."""
        for step in 10.0 ** np.arange(-14, -6):
            y = solution(time + step)
            values = self.values(time + step, y)
            if any(truth(values) != frozen[node] for node, truth in self._truth.items()):
                return time + step, y
        raise IllPosedError("a threshold is touched and not crossed")

    def _settle(self) -> None:
        """Fire and execute what happens now, until nothing more does."""
        due = [e for e in self._waiting if e.due <= self.time]
        self._waiting = [e for e in self._waiting if e.due > self.time]
        for _ in range(ROUNDS):
            now = self.values(self.time, self.y)
            due = self._look(due, now)
            if not due:
                return
            chosen = max(due, key=lambda e: self._events[e.event].priority(now))
            due.remove(chosen)
            self._execute(chosen, now)
        raise NeverSettlesError(f"at {self.time}")

    def _look(self, due: list[_Execution], now: Values) -> list[_Execution]:
        """What is due now, without what no longer holds and with what has begun to."""
        for index, rules in enumerate(self._events):
            truth, before = bool(rules.trigger(now)), self._was[index]
            self._was[index] = truth
            if before and not truth and not rules.event.persistent:
                due = [e for e in due if e.event != index]
                self._waiting = [e for e in self._waiting if e.event != index]
            if truth and not before:
                asked = _Execution(index, self.time + rules.delay(now), self.time, rules.assigned(now))
                (self._waiting if asked.due > self.time else due).append(asked)
        return due

    def _execute(self, chosen: _Execution, now: Values) -> None:
        rules = self._events[chosen.event]
        values = chosen.values if rules.event.use_trigger_values else rules.assigned(now)
        for (target, _), value, scale in zip(rules.event.assignments, values, rules.scaled(now), strict=True):
            if target in self.names:
                self.y[self.names.index(target)] = value * scale
            else:
                self.held[target] = value * scale
        self.first.setdefault(rules.event.name, chosen.since)


def _watches(distances: Callable[..., list[float]], count: int) -> list[Callable[..., float]]:
    """The distances one by one, as SciPy wants them, each place looked at once."""
    last: list = [None, []]

    def watch(index: int, time: float, y: np.ndarray) -> float:
        if last[0] != (time, y.tobytes()):
            last[:] = (time, y.tobytes()), distances(time, y)
        return last[1][index]

    watches = [partial(watch, index) for index in range(count)]
    for one in watches:
        one.terminal = True  # pyright: ignore[reportAttributeAccessIssue] - SciPy's way to say it
    return watches


def _refuse_near_misses(found, distances: Callable[..., list[float]]) -> None:
    """Look at each distance at the ends and in the middle of every step, and at the parabola through its least values."""
    times = np.unique(np.concatenate([found.t, (found.t[1:] + found.t[:-1]) / 2]))
    looked_at = np.array([distances(t, y) for t, y in zip(times, found.sol(times).T, strict=True)])
    left, right = np.diff(times)[:-1], np.diff(times)[1:]
    for at in looked_at.T:
        before, after, middle = np.diff(at)[:-1] / left, np.diff(at)[1:] / right, at[1:-1]
        bend, slope = (after - before) / (left + right), (before * right + after * left) / (left + right)
        turning = (before * after < 0) & (middle * bend > 0)
        nearest = middle[turning] - slope[turning] ** 2 / (4 * bend[turning])
        missed = np.any(middle * middle[:1] < 0)
        if missed or np.any(nearest * np.sign(middle[turning]) < _NEAR):
            raise IllPosedError("a quantity turns near a threshold")


class _Rules:
    """An event's expressions as functions."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.trigger = formula(event.trigger)
        self.delay = formula(event.delay) if event.delay is not ZERO else lambda values: 0.0
        self.priority = formula(event.priority) if event.priority else lambda values: -math.inf
        self._values = [formula(value) for _, value in event.assignments]
        self._scales = [formula(scale) for scale in event.scales] or [lambda values: 1.0] * len(self._values)

    def assigned(self, now: Values) -> list[float]:
        return [value(now) for value in self._values]

    def scaled(self, now: Values) -> list[float]:
        return [scale(now) for scale in self._scales]


def parameters_of(model: Model) -> dict[str, float]:
    """The values of the model's parameters."""
    return {name: parameter.value for name, parameter in model.parameters.items()}
