"""Events by SBML's rules: fire when the trigger becomes true, now or after a delay; drop a delayed one that does not persist."""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
import numpy as np
from numba import njit

from inferon.engine.calls import ASSIGNMENTS, CROSSINGS, DELAYS, OPTIONS, TRIGGERS, call
from inferon.engine.crossings import conditions

_SETTLE = 100  # rounds of events at one instant before giving up


@njit(**OPTIONS)
def _execute(e, values, start, target, y, d):
    for a in range(start[e], start[e + 1]):
        if target[a] >= 0:
            y[target[a]] = values[a]
        else:
            d[-1 - target[a]] = values[a]


@njit(**OPTIONS)
def settle(functions, t, y, p, m, d, k, g, strict, events, start, target, was, pending, since, first, work):
    """Fire every event whose trigger has become true, until nothing changes. Returns False when they never settle."""
    truth, delays, values = work
    for _ in range(_SETTLE):
        conditions(functions[CROSSINGS], t, y, p, m, d, k, g, strict)
        call(functions[TRIGGERS], t, y, p, m, d, k, truth)
        fired = False
        for e in range(was.shape[0]):
            rises = truth[e] > 0.5 and was[e] < 0.5
            if truth[e] < 0.5 and was[e] > 0.5 and not events[e, 0]:
                pending[e] = np.inf
            was[e] = truth[e]
            if rises:
                call(functions[DELAYS], t, y, p, m, d, k, delays)
                if delays[e] > 0.0:
                    if pending[e] == np.inf:
                        pending[e] = t + delays[e]
                        since[e] = t
                else:
                    call(functions[ASSIGNMENTS], t, y, p, m, d, k, values)
                    _execute(e, values, start, target, y, d)
                    first[e] = min(first[e], t)
                    fired = True
                    break
        if not fired:
            return True
    return False


@njit(**OPTIONS)
def execute_pending(functions, t, y, p, m, d, k, start, target, pending, since, first, values):
    for e in range(pending.shape[0]):
        if pending[e] <= t:
            pending[e] = np.inf
            call(functions[ASSIGNMENTS], t, y, p, m, d, k, values)
            _execute(e, values, start, target, y, d)
            first[e] = min(first[e], since[e])


@njit(**OPTIONS)
def has_fired(wanted, first):
    for e in range(wanted.shape[0]):
        if wanted[e] and first[e] < np.inf:
            return True
    return False
