"""Events by SBML's rules, at one instant: what fires, what was due, in which order, and what that sets off in turn.

A trigger that becomes true asks for one execution, now or after the delay. Executions due at one instant are done one by one, the
highest priority first, with every trigger and priority looked at again in between; one that does not persist is dropped when
its trigger becomes false before its turn. Those still to come wait in ``waiting`` (rows of: event, day due, day of the trigger,
values to assign; a free row is due at infinity). ``pending`` holds each event's next day due and, last, the next day a
condition on time alone changes, so that the loop stops there.

Source: SBML Level 3 Version 2 core specification, section 4.11.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
import numpy as np
from numba import njit

from inferon.engine.calls import (
    ASSIGNMENTS,
    DELAYS,
    INLINED,
    INSIDE,
    LOOK,
    MERGED,
    PRIORITIES,
    SCALES,
    call,
    call_look,
)

_ROUNDS = 10_000  # executions at one instant before giving up
_SETTLED, _NEVER_SETTLES, _ORDER_IS_RANDOM, _TOO_MANY_WAIT = 0, 6, 7, 8  # codes of Status
PERSISTENT, TRIGGER_VALUES, SCALED, CONFLICTS = range(4)
"""Columns of the event table; from ``CONFLICTS`` on, whether the order against each other event matters but is random."""
_EVENT, _DUE, _SINCE, _VALUES = range(4)


@njit(**MERGED)
def settle(functions, t, y, p, m, d, k, tables, was, pending, waiting, first, work):
    """Fire and execute everything that happens at ``t``, until nothing more does.

    Returns 0, or the status of a patient whose events never settle or whose outcome SBML leaves to chance; and whether an event
    had to be dealt with.
    """
    if call_look(functions[LOOK], t, y, p, m, d, was, pending, work[0]) == 0:
        return _SETTLED, False
    return _happen(functions, t, y, p, m, d, k, tables, was, pending, waiting, first, work), True


@njit(**INSIDE)
def _happen(functions, t, y, p, m, d, k, tables, was, pending, waiting, first, work):
    _, events, start, target = tables
    truth, numbers, values, queue = work
    length = np.int64(_take_due(t, waiting, queue))
    for _ in range(_ROUNDS):
        code, length = _ask(functions, t, y, p, m, d, k, tables, was, waiting, queue, length, work)
        if code != _SETTLED or length == 0:
            break
        call(functions[PRIORITIES], t, y, p, m, d, k, numbers)
        row = _most_urgent(queue, length, numbers)
        if _by_chance(row, queue, length, numbers, events):
            code = _ORDER_IS_RANDOM
            break
        e = int(queue[row, _EVENT])
        if not events[e, TRIGGER_VALUES]:
            call(functions[ASSIGNMENTS], t, y, p, m, d, k, values)
            _keep(e, values, start, queue, row)
        if events[e, SCALED]:
            call(functions[SCALES], t, y, p, m, d, k, values)
            for a in range(start[e], start[e + 1]):
                queue[row, _VALUES + a - start[e]] *= values[a]
        _assign(e, queue, row, start, target, y, d)
        first[e] = min(first[e], queue[row, _SINCE])
        queue[row, _DUE] = np.inf
        length = _shortened(queue, length)
        call_look(functions[LOOK], t, y, p, m, d, was, pending, truth)
    else:
        code = _NEVER_SETTLES
    for e in range(was.shape[0]):
        pending[e] = np.inf
    for row in range(waiting.shape[0]):
        if waiting[row, _DUE] < np.inf:
            e = int(waiting[row, _EVENT])
            pending[e] = min(pending[e], waiting[row, _DUE])
    return code


@njit(**MERGED)
def _take_due(t, waiting, queue):
    """Move the delayed executions that are due now into the queue of this instant; returns how many."""
    count = 0
    for row in range(waiting.shape[0]):
        if waiting[row, _DUE] <= t:
            for column in range(waiting.shape[1]):
                queue[count, column] = waiting[row, column]
            waiting[row, _DUE] = np.inf
            count += 1
    return count


@njit(**MERGED)
def _ask(functions, t, y, p, m, d, k, tables, was, waiting, queue, length, work):
    """Ask every trigger what it says now: drop what no longer holds, queue what has begun to.

    Returns 0, or a status when there is no room, and the new length of the queue.
    """
    _, events, start, _ = tables
    truth, numbers, values, _ = work
    known = False
    for e in range(was.shape[0]):
        rises, falls = truth[e] > 0.5 and was[e] < 0.5, truth[e] < 0.5 and was[e] > 0.5
        was[e] = truth[e]
        if falls and not events[e, PERSISTENT]:
            _drop(e, waiting, waiting.shape[0])
            _drop(e, queue, length)
        if not rises:
            continue
        if not known:
            call(functions[DELAYS], t, y, p, m, d, k, numbers)
            call(functions[ASSIGNMENTS], t, y, p, m, d, k, values)
            known = True
        later = numbers[e] > 0.0
        rows = waiting if later else queue
        row = _free_row(rows, _shortened(waiting, waiting.shape[0]) if later else length)
        if row < 0:
            return (_TOO_MANY_WAIT if later else _NEVER_SETTLES), length
        if not later:
            length = max(length, row + 1)
        rows[row, _EVENT], rows[row, _SINCE] = e, t
        rows[row, _DUE] = t + numbers[e] if later else t
        _keep(e, values, start, rows, row)
    return _SETTLED, _shortened(queue, length)


@njit(**INSIDE)
def _keep(e, values, start, rows, row):
    """Keep what event e will assign with its execution."""
    for a in range(start[e], start[e + 1]):
        rows[row, _VALUES + a - start[e]] = values[a]


@njit(**INSIDE)
def _drop(e, rows, length):
    for row in range(length):
        if rows[row, _EVENT] == e:
            rows[row, _DUE] = np.inf


@njit(**INLINED)
def _shortened(rows, length):
    """The length without the free rows at the end."""
    while length > 0 and not rows[length - 1, _DUE] < np.inf:
        length -= 1
    return length


@njit(**INSIDE)
def _free_row(rows, length):
    """The row after the last one in use, so that rows stay in the order they were asked for; else any free one, else -1."""
    if length < rows.shape[0]:
        return length
    for row in range(length):
        if not rows[row, _DUE] < np.inf:
            return row
    return -1


@njit(**MERGED)
def _most_urgent(queue, length, priorities):
    best = length - 1
    for row in range(length - 2, -1, -1):
        if queue[row, _DUE] < np.inf and priorities[int(queue[row, _EVENT])] >= priorities[int(queue[best, _EVENT])]:
            best = row
    return best


@njit(**MERGED)
def _by_chance(row, queue, length, priorities, events):
    """Whether another execution is due with the same stated priority and the order of the two matters."""
    e = int(queue[row, _EVENT])
    for other in range(length):
        if queue[other, _DUE] < np.inf:
            f = int(queue[other, _EVENT])
            if f != e and priorities[f] == priorities[e] and events[e, CONFLICTS + f]:
                return True
    return False


@njit(**MERGED)
def _assign(e, queue, row, start, target, y, d):
    for a in range(start[e], start[e + 1]):
        value = queue[row, _VALUES + a - start[e]]
        if target[a] >= 0:
            y[target[a]] = value
        else:
            d[-1 - target[a]] = value


@njit(**INLINED)
def has_fired(wanted, first):
    """Whether any of the wanted events has happened."""
    for e in range(wanted.shape[0]):
        if wanted[e] and first[e] < np.inf:
            return True
    return False
