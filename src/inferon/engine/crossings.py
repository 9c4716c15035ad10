"""Where inside a step a condition changes: dense output, extrema of the distance, bracketed roots.

A condition holds where its distance is positive (or zero, if it is not strict). Inside a step every condition keeps its truth;
after the step its change is looked for at the end and at an extremum in between, so two crossings in one step are not missed.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
import numpy as np
from numba import njit

from inferon.engine.calls import INLINED, MERGED, call, call_dense
from inferon.engine.clock import REACH

_ROOT_WIDTH = 1e-9  # days: how closely a crossing is bracketed
_ROOT_TURNS = 80


@njit(**INLINED)
def interpolate(theta, step, lane, y, trial, k, dense, which, out):
    """The states ``which`` of a lane at t + theta*step, from what the step left.

    y + step sum w_s(theta) k_s for stages that are rates, y + theta (trial - y) + sum w_s(theta) k_s for stages that are
    increments; ``dense`` holds the address of that sum, the weights' coefficients (stage, power), whether the stages are rates,
    and room for the weights.
    """
    address, coefficients, are_rates, weights = dense
    scale = step if are_rates else 1.0
    for s in range(weights.shape[0]):
        c = coefficients[s]
        weights[s] = scale * theta * (c[0] + theta * (c[1] + theta * (c[2] + theta * c[3])))
    call_dense(address, lane, which.shape[0], which, 0.0 if are_rates else theta, weights, y, trial, k, out)


@njit(**INLINED)
def holds(distance, strict):
    return distance > 0.0 or (distance == 0.0 and not strict)


@njit(**MERGED)
def _peak(g0, g1, r0, r1):
    """Where in (0, 1) the Hermite cubic with these end values and slopes of opposite sign is extreme."""
    c2 = 3.0 * (g1 - g0) - 2.0 * r0 - r1
    c3 = 2.0 * (g0 - g1) + r0 + r1
    root = np.sqrt(max(0.0, c2 * c2 - 3.0 * c3 * r0))
    return -r0 / (c2 + root if r0 < 0.0 else c2 - root)


@njit(**INLINED)
def _distances(theta, step, here, patient, g):
    """Distances of all conditions a part theta of the step on."""
    address, t, lane, y, trial, k, dense, watched, one = here
    p, m, d = patient
    interpolate(theta, step, lane, y, trial, k, dense, watched, one)
    call(address, t + theta * step, one, p, m, d, one, g)


@njit(**MERGED)
def _locate(c, left_value, right, right_value, step, here, patient, strict, g):
    """The end of a bracket at most one root width long in (0, right] behind which condition c no longer has its present truth.

    Inverse quadratic interpolation where it can be trusted, else bisection; the first guess is the secant's. A guess keeps half
    a root width from the ends of the bracket, which therefore closes from both sides (T. R. Chandrupatla, Adv. Eng. Softw. 28
    (1997) 145-149).
    """
    truth, width = patient[1][c] > 0.5, _ROOT_WIDTH / step
    x1, f1, x2, f2 = 0.0, left_value, right, right_value
    last_holds = True  # x1 is the newest point and x2 the other end; whether the condition has its present truth at x1
    part = f1 / (f1 - f2)
    for _ in range(_ROOT_TURNS):
        least = 0.5 * width / abs(x2 - x1)
        if least >= 0.5:
            break
        part = min(max(part, least), 1.0 - least)
        x = x1 + part * (x2 - x1)
        _distances(x, step, here, patient, g)
        f = g[c]
        same = (holds(f, strict[c]) == truth) == last_holds
        if same:
            x3, f3 = x1, f1
        else:
            x3, f3, x2, f2 = x2, f2, x1, f1
            last_holds = not last_holds
        x1, f1 = x, f
        xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
        part = 0.5
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            part = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return x2 if last_holds else x1


@njit(**MERGED)
def first_crossing(step, here, patient, strict, moving, g0, work):
    """The earliest theta in (0, 1] at which any of the conditions ``moving`` of a lane changes, or 2 when none does.

    ``here``: address of the distances, day, lane, states before and after, stages, dense output, watched states, room for states.
    ``patient``: parameters, modes and switches. ``g0``: distances and their slopes at the start. ``work``: three rooms for
    distances and, as g0, what they are at the end.
    """
    left, right, g, g1 = work
    lane, y, trial, watched, one = here[2], here[3], here[4], here[7], here[8]
    p, m, d = patient
    count = moving.shape[0]
    for i in watched:
        one[i] = y[i, lane]
    call(here[0], here[1], one, p, m, d, one, left)
    for i in watched:
        one[i] = trial[i, lane]
    call(here[0], here[1] + step, one, p, m, d, one, right)
    earliest = 2.0
    for w in range(count):
        c = moving[w]
        truth = m[c] > 0.5
        end = min(1.0, earliest)
        if holds(right[c], strict[c]) != truth:
            at_end = right[c]
            if end < 1.0:
                _distances(end, step, here, patient, g)
                at_end = g[c]
                if holds(at_end, strict[c]) == truth:
                    continue
        else:
            r0, r1 = step * np.float64(g0[count + w, lane]), step * np.float64(g1[count + w, lane])
            towards = r0 < 0.0 and r1 > 0.0 if left[c] > 0.0 else r0 > 0.0 and r1 < 0.0
            if not towards or min(abs(left[c]), abs(right[c])) > REACH * (abs(r0) + abs(r1)):
                continue
            end = _peak(left[c], right[c], r0, r1)
            if end >= earliest:
                continue
            _distances(end, step, here, patient, g)
            at_end = g[c]
            if holds(at_end, strict[c]) == truth:
                continue
        earliest = min(earliest, _locate(c, left[c], end, at_end, step, here, patient, strict, g))
    return earliest
