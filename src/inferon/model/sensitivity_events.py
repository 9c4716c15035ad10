"""What sensitivities do at the instants where the solution or its rates jump.

An instant that moves with the parameter, by T = dt/dp, changes the sensitivity s of a state y with rate f in two ways. Where
only the rate jumps, because a relation changes its truth,

    s after = s before + (f before - f after) T

and where an event sets y to g(y, p, t), with Dg its differential by y, p and t,

    s after = Dg(s before + f before T, 1, T) - f after T.

A relation with distance c(y, p, t) changes at an instant that moves by T = -(c_y s + c_p)/(c_y f + c_t), s and f as they were
before. Both formulas apply one after another to all that happens at one instant, in the order in which it does. A threshold has
observers, events executed before the model's own; an event that matters has a companion, executed just before it. A relation
that changes because something jumped (an event, a dose) does so at the instant of that jump; it is told from a crossing by its
distance, which for a crossing is within a millionth of a day.

Source: Rozenvasser, Autom. Remote Control 28 (1967) 394-400; Hiskens & Pai, IEEE Trans. Circuits Syst. I 47 (2000) 204-220.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from inferon.model.expression import ONE, ZERO, Expression, call, mode, number, substitute, symbol
from inferon.model.model import Event
from inferon.model.sensitivity_direction import Direction, event_day_sensitivity, sensitivity
from inferon.model.smooth_equations import NOW, SmoothEquations, Threshold, assigned_values

_INSTANT = "instant of the last change"
_LONG_AGO = -1e300
_CROSSED_WITHIN = number(
    1e-6
)  # days: far more than a crossing's bracket, far less than what a dose or an event jumps over
_SMALLEST, _HUGE = number(1e-300), number(1e300)
_FIRST = 1e9
"""Priority of the first observer; the others follow at intervals of one."""
_PREFIX = "sensitivities "
Assignments = list[tuple[str, Expression]]


def is_added(event: Event) -> bool:
    """Whether an event is there for the sensitivities alone."""
    return event.name.startswith(_PREFIX)


def _shift(parameter: str) -> str:
    return f"d {_INSTANT} / d {parameter}"


def _sum(left: Expression, right: Expression) -> Expression:
    return call("add", left, right)


def _times(left: Expression, right: Expression) -> Expression:
    return call("mul", left, right)


def _less(left: Expression, right: Expression) -> Expression:
    return call("sub", left, right)


class SensitivityEvents:
    """The events of a model and those its sensitivities need, in order, with the switches that keep what they find.

    Raises ``ValueError`` for an event that bears on a sensitivity and is not supported.
    """

    def __init__(
        self, equations: SmoothEquations, directions: Sequence[Direction], event_days: Collection[str]
    ) -> None:
        self._equations, self._directions, self._event_days = equations, directions, event_days
        observed = equations.thresholds(equations.modes([*equations.rates.values(), *equations.relations]))
        self._observed = [t for t in observed if any(self._is_moved(t.distance, d) for d in directions)]
        self._watched = frozenset().union(*map(equations.mentions, equations.relations))
        values = [value for event in equations.events for _, value in assigned_values(event)]
        self._read = self._watched.union(*map(equations.mentions, [*equations.rates.values(), *values]))
        found = self._observers()
        for event in equations.events:
            found += [*(self._delayed(event) if event.delay is not ZERO else self._companion(event)), event]
        self.events = tuple(map(equations.restored_event, found))
        self.switches = self._new_switches(found)

    def _new_switches(self, found: Sequence[Event]) -> dict[str, float]:
        """What the added events set besides states, with its value at the start."""
        model = self._equations.model
        known = {*model.state_names, *model.switches}
        known |= {sensitivity(state, d.parameter) for state in model.state_names for d in self._directions}
        new = {target: 0.0 for event in found for target, _ in event.assignments if target not in known}
        new |= {sensitivity(n, d.parameter): 0.0 for d in self._directions for n in d.vector if n in model.switches}
        if found != list(self._equations.events):
            new |= {_shift(d.parameter): 0.0 for d in self._directions} | {_INSTANT: _LONG_AGO}
        return new

    def _is_moved(self, expression: Expression, direction: Direction) -> bool:
        return bool(self._equations.mentions(expression) & direction.influenced)

    # how an instant moves

    def _known_shift(self, direction: Direction, fresh: Expression) -> Expression:
        """What was found out at this same instant already, else ``fresh``."""
        apart = call("abs", _less(NOW, symbol(_INSTANT)))
        same = call("max", ZERO, _less(ONE, _times(apart, _HUGE)))
        return _sum(_times(same, symbol(_shift(direction.parameter))), _times(_less(ONE, same), fresh))

    def _crossing(
        self, threshold: Threshold, before: Mapping[str, Expression], direction: Direction, otherwise: Expression
    ) -> Expression:
        """How the instant moves when the threshold is being crossed at a finite speed, else ``otherwise``."""
        slope = self._equations.tangent(threshold.distance, direction.vector)
        speed = self._equations.along_time(threshold.distance, before)
        if speed is ZERO or (slope is ZERO and otherwise is ZERO):
            return otherwise
        reach = _times(_CROSSED_WITHIN, call("abs", speed))
        near = call("min", call("floor", call("div", reach, _sum(call("abs", threshold.distance), _SMALLEST))), ONE)
        far = _less(ONE, near)
        crossing = call("div", _times(call("neg", slope), near), _sum(_times(near, speed), far))
        return _sum(crossing, _times(far, otherwise))

    def _record(self, shifts: Mapping[str, Expression]) -> Assignments:
        return [*((_shift(parameter), shift) for parameter, shift in shifts.items()), (_INSTANT, NOW)]

    # thresholds

    def _observers(self) -> list[Event]:
        """Two events for every threshold at which a rate or another relation's distance can jump: upward and downward."""
        found: list[Event] = []
        for threshold in self._observed:
            for upward in (True, False):
                rising, falling = (threshold.above, threshold.below) if upward else (threshold.below, threshold.above)
                trigger = mode(rising[0]) if rising else call("not", mode(falling[0]))
                found.append(
                    Event(
                        f"{_PREFIX}where condition {(rising or falling)[0]} changes {'up' if upward else 'down'}",
                        trigger,
                        tuple(self._at_threshold(threshold, upward=upward)),
                        ZERO,
                        true_before_start=True,
                        use_trigger_values=False,
                        priority=number(_FIRST - len(found)),
                    )
                )
        return found

    def _at_threshold(self, threshold: Threshold, *, upward: bool) -> Assignments:
        rates = self._equations.rates
        before = {name: threshold.settled(rate, above=not upward) for name, rate in rates.items()}
        after = {name: threshold.settled(rate, above=upward) for name, rate in rates.items()}
        shifts = {
            d.parameter: self._known_shift(d, self._crossing(threshold, before, d, ZERO)) for d in self._directions
        }
        made = [
            change
            for d in self._directions
            if self._is_moved(threshold.distance, d)
            for change in self._rate_jumps(before, after, shifts[d.parameter], d)
        ]
        return [*made, *self._record(shifts)]

    @staticmethod
    def _rate_jumps(
        before: Mapping[str, Expression], after: Mapping[str, Expression], shift: Expression, direction: Direction
    ) -> Assignments:
        return [
            (sensitivity(n, direction.parameter), _sum(direction.vector[n], _times(_less(before[n], after[n]), shift)))
            for n in before
            if before[n] is not after[n] and shift is not ZERO
        ]

    # events of the model

    def _companion(self, event: Event) -> list[Event]:
        """The event that does to the sensitivities what ``event`` is about to do to the model, or none if that is nothing."""
        shifts = {d.parameter: self._event_shift(event, d) for d in self._directions}
        changes = [change for d in self._directions for change in self._at_event(event, shifts[d.parameter], d)]
        targets = {target for target, _ in event.assignments}
        sets_off = bool(targets & self._watched) and any(shift is not ZERO for shift in shifts.values())
        if changes or sets_off:
            self._refuse_unordered(event)
            changes += self._record({d.parameter: self._known_shift(d, shifts[d.parameter]) for d in self._directions})
        if event.name in self._event_days:
            self._refuse_unordered(event)
            changes += self._first_day(event, shifts)
        return [self._beside(event, changes)] if changes else []

    @staticmethod
    def _beside(event: Event, changes: Assignments, *, delay: Expression = ZERO) -> Event:
        return Event(
            f"{_PREFIX}at {event.name}" + ("" if delay is ZERO else ", delayed"),
            event.trigger,
            tuple(changes),
            delay,
            persistent=event.persistent,
            true_before_start=event.true_before_start,
            use_trigger_values=False,
        )

    def _event_shift(self, event: Event, direction: Direction) -> Expression:
        """How the instant an event is triggered at moves: as found by an observer, or as the threshold just crossed does."""
        if not self._is_moved(event.trigger, direction):
            return ZERO
        fresh = ZERO
        for threshold in self._equations.thresholds(self._equations.modes([event.trigger])):
            if threshold not in self._observed and self._is_moved(threshold.distance, direction):
                fresh = self._crossing(threshold, self._equations.rates, direction, fresh)
        return self._known_shift(direction, fresh)

    def _at_event(self, event: Event, shift: Expression, direction: Direction) -> Assignments:
        equations, values = self._equations, dict(assigned_values(event))
        before = equations.rates
        after = dict(zip(before, substitute(before.values(), values), strict=True))
        arriving = {**direction.vector, NOW.name: shift}
        for name, rate in before.items() if shift is not ZERO else ():
            arriving[name] = _sum(direction.vector.get(name, ZERO), _times(rate, shift))
        changes = []
        for target, value in values.items():
            if target in direction.vector:
                moved = equations.tangent(value, arriving)
                leaving = _times(after[target], shift) if target in before else ZERO
                changes.append((sensitivity(target, direction.parameter), _less(moved, leaving)))
        others = {name: rate for name, rate in before.items() if name not in values}
        return [*changes, *self._rate_jumps(others, after, shift, direction)]

    def _first_day(self, event: Event, shifts: Mapping[str, Expression]) -> Assignments:
        """Keep how the day of an event moves, the first time it happens."""
        happened = f"{event.name} has happened"
        kept = [(event_day_sensitivity(event.name, parameter), shift) for parameter, shift in shifts.items()]
        first = _less(ONE, symbol(happened))
        return [*((name, _sum(symbol(name), _times(first, shift))) for name, shift in kept), (happened, ONE)]

    def _delayed(self, event: Event) -> list[Event]:
        """For an event with a delay, what keeps how its day moves; it may set only what no rate, relation or value reads."""
        for direction in self._directions:
            targets = {target for target, _ in event.assignments} & direction.influenced
            if targets & (direction.vector.keys() | self._read):
                self._refuse(event, f"sets {min(targets)} after a delay")
        if event.name not in self._event_days:
            return []
        if event.persistent:
            self._refuse(event, "outlives its trigger while it waits")
        waiting = {d.parameter: f"d trigger of {event.name} / d {d.parameter}" for d in self._directions}
        begun = [(waiting[d.parameter], self._event_shift(event, d)) for d in self._directions]
        found = {parameter: symbol(name) for parameter, name in waiting.items()}
        return [self._beside(event, begun), self._beside(event, self._first_day(event, found), delay=event.delay)]

    def _refuse_unordered(self, event: Event) -> None:
        """An event that matters is executed right after its companion, with the values its companion sees."""
        if event.priority is not None:
            self._refuse(event, "has a priority")
        if not event.use_trigger_values:
            return
        read = frozenset().union(*(self._equations.mentions(value) for _, value in assigned_values(event)))
        for other in self._equations.events:
            clash = {target for target, _ in other.assignments} & read
            if other is not event and clash:
                self._refuse(event, f"keeps the value of {min(clash)} from its trigger, which {other.name} may change")

    def _refuse(self, event: Event, reason: str) -> None:
        model = self._equations.model.name
        raise ValueError(f"{model}: sensitivities are not supported here: event {event.name} {reason}")
