"""Where inside a step a condition changes: dense output, extrema of the distance, bisection.

A condition holds where its distance is positive (or zero, if it is not strict). Inside a step every condition keeps its truth;
after the step its change is looked for at the end and at an extremum in between, so two crossings in one step are not missed.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
from numba import njit

from inferon.engine.calls import OPTIONS, call

_ROOT_WIDTH = 1e-9  # days: how closely a crossing is bracketed
_ROOT_TURNS = 80


@njit(**OPTIONS)
def interpolate(theta, h, y, stages, weights, out):
    """The solution at t + theta*h from what a step that starts at y left; ``weights`` are the method's (stage, power)."""
    n = y.shape[0]
    for i in range(n):
        out[i] = 0.0
    for s in range(7):
        c = weights[s]
        weight = theta * (c[0] + theta * (c[1] + theta * (c[2] + theta * c[3])))
        for i in range(n):
            out[i] += weight * stages[s, i]
    for i in range(n):
        out[i] = y[i] + h * out[i]


@njit(**OPTIONS)
def holds(distance, strict):
    return distance > 0.0 or (distance == 0.0 and not strict)


@njit(**OPTIONS)
def conditions(address, t, y, p, m, d, k, g, strict):
    """Set every condition to its truth now; repeated because a distance may itself use other conditions."""
    for _ in range(strict.shape[0] + 1):
        call(address, t, y, p, m, d, k, g)
        changed = False
        for c in range(strict.shape[0]):
            truth = 1.0 if holds(g[c], strict[c]) else 0.0
            if truth != m[c]:
                m[c] = truth
                changed = True
        if not changed:
            break


@njit(**OPTIONS)
def _peak(g0, g1, r0, r1):
    """Where in (0, 1) the Hermite cubic with these end values and slopes is extreme, by ternary search towards |0|."""
    low, high = 0.0, 1.0
    sign = -1.0 if g0 > 0.0 else 1.0
    for _ in range(40):
        a = low + (high - low) / 3.0
        b = high - (high - low) / 3.0
        if sign * _hermite(a, g0, g1, r0, r1) < sign * _hermite(b, g0, g1, r0, r1):
            low = a
        else:
            high = b
    return 0.5 * (low + high)


@njit(**OPTIONS)
def _hermite(x, g0, g1, r0, r1):
    u = 1.0 - x
    return u * u * ((1.0 + 2.0 * x) * g0 + x * r0) + x * x * ((3.0 - 2.0 * x) * g1 - u * r1)


@njit(**OPTIONS)
def _distance(c, theta, address, t, h, y, p, m, d, k, stages, weights, trial, g):
    interpolate(theta, h, y, stages, weights, trial)
    call(address, t + theta * h, trial, p, m, d, k, g)
    return g[c]


@njit(**OPTIONS)
def _locate(c, left_value, right, right_value, address, t, h, y, p, m, d, k, stages, weights, strict, trial, g):
    """The smallest bracketed theta in (0, right] at which condition c no longer has its present truth.

    False position (Illinois), with a probe one root width beside each estimate so that the bracket closes from both ends.
    """
    truth, width = m[c] > 0.5, _ROOT_WIDTH / h
    low, high, at_low, at_high = 0.0, right, left_value, right_value
    for turn in range(_ROOT_TURNS):
        if high - low <= width:
            break
        guess = (low * at_high - high * at_low) / (at_high - at_low)
        if not low < guess < high or turn > _ROOT_TURNS // 2:
            guess = 0.5 * (low + high)
        value = _distance(c, guess, address, t, h, y, p, m, d, k, stages, weights, trial, g)
        before = holds(value, strict[c]) == truth
        probe = min(high, guess + width) if before else max(low, guess - width)
        beside = _distance(c, probe, address, t, h, y, p, m, d, k, stages, weights, trial, g)
        if (holds(beside, strict[c]) == truth) != before:
            return probe if before else guess
        if before:
            low, at_low, at_high = probe, beside, 0.5 * at_high
        else:
            high, at_high, at_low = probe, beside, 0.5 * at_low
    return high


@njit(**OPTIONS)
def first_crossing(address, t, h, y, p, m, d, stages, weights, strict, g0, g1, trial, g):
    """The earliest theta in (0, 1] at which any condition changes, or 2 when none does."""
    earliest = 2.0
    count = strict.shape[0]
    for c in range(count):
        truth = m[c] > 0.5
        right = 1.0 if earliest > 1.0 else earliest
        if holds(g1[c], strict[c]) != truth:
            at_right = g1[c]
            if earliest <= 1.0:
                interpolate(right, h, y, stages, weights, trial)
                call(address, t + right * h, trial, p, m, d, stages[6], g)
                at_right = g[c]
                if holds(at_right, strict[c]) == truth:
                    continue
            found = _locate(
                c, g0[c], right, at_right, address, t, h, y, p, m, d, stages[6], stages, weights, strict, trial, g
            )
        else:
            r0, r1 = h * g0[count + c], h * g1[count + c]
            towards = r0 < 0.0 and r1 > 0.0 if g0[c] > 0.0 else r0 > 0.0 and r1 < 0.0
            if not towards:
                continue
            peak = _peak(g0[c], g1[c], r0, r1)
            if peak >= earliest:
                continue
            interpolate(peak, h, y, stages, weights, trial)
            call(address, t + peak * h, trial, p, m, d, stages[6], g)
            if holds(g[c], strict[c]) == truth:
                continue
            found = _locate(
                c, g0[c], peak, g[c], address, t, h, y, p, m, d, stages[6], stages, weights, strict, trial, g
            )
        earliest = min(earliest, found)
    return earliest
