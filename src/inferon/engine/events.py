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
    MERGED,
    PRIORITIES,
    SCALES,
    STOPS,
    TRIGGERS,
    TRUTHS,
    call,
)

_JUST_AFTER, _JUST_AFTER_PART = 1e-9, 1e-13  # days, or part of the day: when something true until then is false
_ROUNDS = 10_000  # executions at one instant before giving up
_SETTLED, _NEVER_SETTLES, _ORDER_IS_RANDOM, _TOO_MANY_WAIT = 0, 6, 7, 8  # codes of Status
PERSISTENT, TRIGGER_VALUES, SCALED, CONFLICTS = range(4)
"""Columns of the event table; from ``CONFLICTS`` on, whether the order against each other event matters but is random."""
_EVENT, _DUE, _SINCE, _VALUES = range(4)


@njit(**MERGED)
def settle(functions, t, y, p, m, d, k, g, tables, was, pending, waiting, first, work):
    """Fire and execute everything that happens at ``t``, until nothing more does.

    Returns 0, or the status of a patient whose events never settle or whose outcome SBML leaves to chance.
    """
    strict, stopping, truth = tables[0], tables[4], work[0]
    call(functions[TRUTHS], t, y, p, m, d, k, m)
    call(functions[TRIGGERS], t, y, p, m, d, k, truth)
    code = _SETTLED
    if _stirs(t, truth, was, pending):
        code = _happen(functions, t, y, p, m, d, k, g, tables, was, pending, waiting, first, work)
    call(functions[STOPS], t, y, p, m, d, k, g)
    pending[-1] = np.inf
    for c in stopping:
        if g[c] < t:
            continue
        changes_at_zero = strict[c] == (m[c] > 0.5)
        stop = g[c] if changes_at_zero else g[c] + max(_JUST_AFTER, _JUST_AFTER_PART * abs(g[c]))
        if stop > t:
            pending[-1] = min(pending[-1], stop)
    return code


@njit(**MERGED)
def _stirs(t, truth, was, pending):
    for e in range(was.shape[0]):
        if truth[e] != was[e] or pending[e] <= t:
            return True
    return False


@njit(**INSIDE)
def _happen(functions, t, y, p, m, d, k, g, tables, was, pending, waiting, first, work):
    _, events, start, target, _ = tables
    _, numbers, values, queue = work
    for row in range(queue.shape[0]):
        queue[row, _DUE] = np.inf
    _take_due(t, waiting, queue)
    for _ in range(_ROUNDS):
        code = _look(functions, t, y, p, m, d, k, g, tables, was, waiting, queue, work)
        if code != _SETTLED:
            break
        call(functions[PRIORITIES], t, y, p, m, d, k, numbers)
        row = _most_urgent(queue, numbers)
        if row < 0:
            break
        if _by_chance(row, queue, numbers, events):
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
    else:
        code = _NEVER_SETTLES
    for e in range(pending.shape[0]):
        pending[e] = np.inf
    for row in range(waiting.shape[0]):
        if waiting[row, _DUE] < np.inf:
            e = int(waiting[row, _EVENT])
            pending[e] = min(pending[e], waiting[row, _DUE])
    return code


@njit(**MERGED)
def _take_due(t, waiting, queue):
    """Move the delayed executions that are due now into the queue of this instant."""
    count = 0
    for row in range(waiting.shape[0]):
        if waiting[row, _DUE] <= t:
            for column in range(waiting.shape[1]):
                queue[count, column] = waiting[row, column]
            waiting[row, _DUE] = np.inf
            count += 1


@njit(**INSIDE)
def _look(functions, t, y, p, m, d, k, g, tables, was, waiting, queue, work):
    """Look at every trigger: drop what no longer holds, queue what has begun to. Returns a status when there is no room."""
    _, events, start, _, _ = tables
    truth, numbers, values, _ = work
    call(functions[TRUTHS], t, y, p, m, d, k, m)
    call(functions[TRIGGERS], t, y, p, m, d, k, truth)
    known = False
    for e in range(was.shape[0]):
        rises, falls = truth[e] > 0.5 and was[e] < 0.5, truth[e] < 0.5 and was[e] > 0.5
        was[e] = truth[e]
        if falls and not events[e, PERSISTENT]:
            _drop(e, waiting)
            _drop(e, queue)
        if not rises:
            continue
        if not known:
            call(functions[DELAYS], t, y, p, m, d, k, numbers)
            call(functions[ASSIGNMENTS], t, y, p, m, d, k, values)
            known = True
        later = numbers[e] > 0.0
        rows = waiting if later else queue
        row = _free_row(rows)
        if row < 0:
            return _TOO_MANY_WAIT if later else _NEVER_SETTLES
        rows[row, _EVENT], rows[row, _SINCE] = e, t
        rows[row, _DUE] = t + numbers[e] if later else t
        _keep(e, values, start, rows, row)
    return _SETTLED


@njit(**INSIDE)
def _keep(e, values, start, rows, row):
    """Keep what event e will assign with its execution."""
    for a in range(start[e], start[e + 1]):
        rows[row, _VALUES + a - start[e]] = values[a]


@njit(**INSIDE)
def _drop(e, rows):
    for row in range(rows.shape[0]):
        if rows[row, _EVENT] == e:
            rows[row, _DUE] = np.inf


@njit(**MERGED)
def _free_row(rows):
    """The row after the last one in use, so that rows stay in the order they were asked for; else any free one."""
    free = -1
    for row in range(rows.shape[0] - 1, -1, -1):
        if rows[row, _DUE] < np.inf:
            return row + 1 if row + 1 < rows.shape[0] else free
        free = row
    return free


@njit(**MERGED)
def _most_urgent(queue, priorities):
    best = -1
    for row in range(queue.shape[0]):
        if queue[row, _DUE] < np.inf:
            e = int(queue[row, _EVENT])
            if best < 0 or priorities[e] > priorities[int(queue[best, _EVENT])]:
                best = row
    return best


@njit(**MERGED)
def _by_chance(row, queue, priorities, events):
    """Whether another execution is due with the same stated priority and the order of the two matters."""
    e = int(queue[row, _EVENT])
    for other in range(queue.shape[0]):
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
