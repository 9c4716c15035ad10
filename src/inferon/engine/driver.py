"""The compiled loop that carries one patient after another through time. A compiled kernel: long because it is one idea.

For each patient: read state, then repeat {step; look for the earliest crossing inside the step and cut the step there; read out
samples; fire events; give doses} until the end, a pause or a failure. All model-specific work is behind function addresses, so
this file is compiled once and cached. Nothing here depends on which other patients run, in which order or on which thread.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
from inferon.engine.cache import use_cache_for_driver

use_cache_for_driver()

import numpy as np  # noqa: E402
from llvmlite import ir  # noqa: E402
from numba import njit, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

from inferon.engine.tsit5 import ERROR, INTERPOLANT, NODES, STAGES  # noqa: E402

_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False}
_RATES, _INITIAL, _TRIGGERS, _DELAYS, _ASSIGNMENTS, _READOUTS, _CROSSINGS = range(7)
_RUNNING, _FINISHED, _PAUSED, _TOO_MANY_STEPS, _STEP_TOO_SMALL, _NOT_FINITE, _UNSETTLED = range(7)
_ROOT_WIDTH = 1e-10  # days: how closely a crossing is bracketed
_SETTLE = 100  # rounds of events at one instant before giving up


@intrinsic
def _call(typing_context, address, t, y, p, m, d, k, out):
    """Call a kernel function by address with the data pointers of contiguous vectors."""
    signature = types.none(address, t, y, p, m, d, k, out)

    def generate(context, builder, signature, arguments):
        double = ir.DoubleType()
        kind = ir.FunctionType(ir.VoidType(), [double] + [double.as_pointer()] * 6)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        pointers = [
            context.make_array(array_type)(context, builder, value).data
            for array_type, value in zip(signature.args[2:], arguments[2:])  # noqa: B905 - numba tuples
        ]
        builder.call(function, [arguments[1], *pointers])
        return context.get_dummy_value()

    return signature, generate


@njit(**_OPTIONS)
def _interpolate(theta, h, y, stages, out):
    """The solution at t + theta*h from the stages of the step that starts at y."""
    n = y.shape[0]
    for i in range(n):
        out[i] = 0.0
    for s in range(7):
        c = INTERPOLANT[s]
        weight = theta * (c[0] + theta * (c[1] + theta * (c[2] + theta * c[3])))
        for i in range(n):
            out[i] += weight * stages[s, i]
    for i in range(n):
        out[i] = y[i] + h * out[i]


@njit(**_OPTIONS)
def _holds(distance, strict):
    return distance > 0.0 or (distance == 0.0 and not strict)


@njit(**_OPTIONS)
def _conditions(address, t, y, p, m, d, k, g, strict):
    """Set every condition to its truth now; repeated because a distance may itself use other conditions."""
    for _ in range(strict.shape[0] + 1):
        _call(address, t, y, p, m, d, k, g)
        changed = False
        for c in range(strict.shape[0]):
            truth = 1.0 if _holds(g[c], strict[c]) else 0.0
            if truth != m[c]:
                m[c] = truth
                changed = True
        if not changed:
            break


@njit(**_OPTIONS)
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


@njit(**_OPTIONS)
def _hermite(x, g0, g1, r0, r1):
    u = 1.0 - x
    return u * u * ((1.0 + 2.0 * x) * g0 + x * r0) + x * x * ((3.0 - 2.0 * x) * g1 - u * r1)


@njit(**_OPTIONS)
def _locate(c, right, address, t, h, y, p, m, d, k, stages, strict, trial, g):
    """The smallest bracketed theta in (0, right] at which condition c no longer has its present truth."""
    truth = m[c] > 0.5
    low, high = 0.0, right
    while (high - low) * h > _ROOT_WIDTH:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        _interpolate(middle, h, y, stages, trial)
        _call(address, t + middle * h, trial, p, m, d, k, g)
        if _holds(g[c], strict[c]) == truth:
            low = middle
        else:
            high = middle
    return high


@njit(**_OPTIONS)
def _first_crossing(address, t, h, y, y_new, p, m, d, stages, strict, g0, g1, trial, g):
    """The earliest theta in (0, 1] at which any condition changes, or 2 when none does."""
    earliest = 2.0
    count = strict.shape[0]
    for c in range(count):
        truth = m[c] > 0.5
        right = 1.0 if earliest > 1.0 else earliest
        if _holds(g1[c], strict[c]) != truth:
            if earliest <= 1.0:
                _interpolate(right, h, y, stages, trial)
                _call(address, t + right * h, trial, p, m, d, stages[6], g)
                if _holds(g[c], strict[c]) == truth:
                    continue
            found = _locate(c, right, address, t, h, y, p, m, d, stages[6], stages, strict, trial, g)
        else:
            r0, r1 = h * g0[count + c], h * g1[count + c]
            towards = r0 < 0.0 and r1 > 0.0 if g0[c] > 0.0 else r0 > 0.0 and r1 < 0.0
            if not towards:
                continue
            peak = _peak(g0[c], g1[c], r0, r1)
            if peak >= earliest:
                continue
            _interpolate(peak, h, y, stages, trial)
            _call(address, t + peak * h, trial, p, m, d, stages[6], g)
            if _holds(g[c], strict[c]) == truth:
                continue
            found = _locate(c, peak, address, t, h, y, p, m, d, stages[6], stages, strict, trial, g)
        earliest = min(earliest, found)
    return earliest


@njit(**_OPTIONS)
def _execute(e, values, start, target, y, d):
    for a in range(start[e], start[e + 1]):
        if target[a] >= 0:
            y[target[a]] = values[a]
        else:
            d[-1 - target[a]] = values[a]


@njit(**_OPTIONS)
def _settle(functions, t, y, p, m, d, k, g, strict, events, start, target, was, pending, since, first, work):
    """Fire every event whose trigger has become true, until nothing changes. Returns False when they never settle."""
    truth, delays, values = work
    for _ in range(_SETTLE):
        _conditions(functions[_CROSSINGS], t, y, p, m, d, k, g, strict)
        _call(functions[_TRIGGERS], t, y, p, m, d, k, truth)
        fired = False
        for e in range(was.shape[0]):
            rises = truth[e] > 0.5 and was[e] < 0.5
            if truth[e] < 0.5 and was[e] > 0.5 and not events[e, 0]:
                pending[e] = np.inf
            was[e] = truth[e]
            if rises:
                _call(functions[_DELAYS], t, y, p, m, d, k, delays)
                if delays[e] > 0.0:
                    if pending[e] == np.inf:
                        pending[e] = t + delays[e]
                        since[e] = t
                else:
                    _call(functions[_ASSIGNMENTS], t, y, p, m, d, k, values)
                    _execute(e, values, start, target, y, d)
                    first[e] = min(first[e], t)
                    fired = True
                    break
        if not fired:
            return True
    return False


@njit(**_OPTIONS)
def _execute_pending(functions, t, y, p, m, d, k, start, target, pending, since, first, values):
    for e in range(pending.shape[0]):
        if pending[e] <= t:
            pending[e] = np.inf
            _call(functions[_ASSIGNMENTS], t, y, p, m, d, k, values)
            _execute(e, values, start, target, y, d)
            first[e] = min(first[e], since[e])


@njit(**_OPTIONS)
def _give_doses(t, i, given, time, amount, duration, state, y):
    """Add every bolus due by t; returns the number of records dealt with."""
    while given < time.shape[1] and time[i, given] <= t:
        if duration[i, given] <= 0.0:
            y[state[i, given]] += amount[i, given]
        given += 1
    return given


@njit(**_OPTIONS)
def _infusions(t, i, given, time, amount, duration, state, infused):
    """Rates of the infusions running just after t; returns when the first of them ends."""
    infused[:] = 0.0
    end = np.inf
    for r in range(given):
        stop = time[i, r] + duration[i, r]
        if duration[i, r] > 0.0 and time[i, r] <= t < stop:
            infused[state[i, r]] += amount[i, r] / duration[i, r]
            end = min(end, stop)
    return end


@njit(**_OPTIONS)
def _rates(functions, t, y, p, m, d, k, infused, running):
    _call(functions[_RATES], t, y, p, m, d, k, k)
    if running:
        for i in range(k.shape[0]):
            k[i] += infused[i]


@njit(**_OPTIONS)
def _restart_step(y, k, rtol, atol, h):
    """A first step after the right-hand side jumped (Hairer, Norsett & Wanner, Solving ODEs I, II.4)."""
    size, speed = 0.0, 0.0
    for i in range(y.shape[0]):
        scale = atol[i] + rtol * abs(y[i])
        size += (y[i] / scale) ** 2
        speed += (k[i] / scale) ** 2
    guess = 0.01 * np.sqrt(size / speed) if speed > 0.0 else h
    return max(1e-4, min(h, guess))


@njit(**_OPTIONS)
def _readout(functions, t, y, p, m, d, k, row):
    _call(functions[_READOUTS], t, y, p, m, d, k, row)


@njit(**_OPTIONS)
def advance(
    functions, tables, settings, atol, floor, doses, goals, patients, clocks, samples, first_patient, last_patient
):
    """Carry patients ``first_patient`` … ``last_patient``-1 to their goals. Every array is written in place."""
    strict, events, start, target = tables
    rtol, max_step, max_steps = settings
    dose_time, dose_amount, dose_duration, dose_state = doses
    stop_events, pause_events, stop_after, end_time = goals
    P, Y, D, M, WAS, PENDING, SINCE, FIRST = patients
    T, H, GIVEN, SAMPLED, STATUS, STEPS = clocks
    sample_time, sample_origin, SAMPLES = samples
    n, nm, ne = Y.shape[1], M.shape[1], WAS.shape[1]
    k = np.zeros((7, n))
    y, y_new, trial, infused = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    g0, g1, g = np.zeros(2 * nm), np.zeros(2 * nm), np.zeros(2 * nm)
    work = (np.zeros(ne), np.zeros(ne), np.zeros(max(1, target.shape[0])))
    for i in range(first_patient, last_patient):
        if STATUS[i] != _RUNNING and STATUS[i] != _PAUSED:
            continue
        p, d, m, was = P[i], D[i], M[i], WAS[i]
        pending, since, first = PENDING[i], SINCE[i], FIRST[i]
        t, h, given, sampled = T[i], H[i], GIVEN[i], SAMPLED[i]
        steps, rejected = STEPS[i, 0], STEPS[i, 1]
        status = _RUNNING
        for s in range(n):
            y[s] = Y[i, s]
        t_end = end_time[i]
        for e in range(ne):
            if stop_events[e] and first[e] < np.inf:
                t_end = min(end_time[i], max(t, stop_after))
        jumped, running = True, False
        infusion_end = _infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
        running = infusion_end < np.inf
        while True:
            if jumped:
                paused_before = _has_fired(pause_events, first)
                if not _settle(
                    functions, t, y, p, m, d, k[0], g, strict, events, start, target, was, pending, since, first, work
                ):
                    status = _UNSETTLED
                    break
                while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] <= t:
                    if sample_origin[i] + sample_time[sampled] == t:
                        _readout(functions, t, y, p, m, d, k[0], SAMPLES[i, sampled])
                    sampled += 1
                before = given
                given = _give_doses(t, i, given, dose_time, dose_amount, dose_duration, dose_state, y)
                if given > before:
                    infusion_end = _infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
                    running = infusion_end < np.inf
                    if not _settle(
                        functions,
                        t,
                        y,
                        p,
                        m,
                        d,
                        k[0],
                        g,
                        strict,
                        events,
                        start,
                        target,
                        was,
                        pending,
                        since,
                        first,
                        work,
                    ):
                        status = _UNSETTLED
                        break
                ended = _has_fired(stop_events, first)
                if ended:
                    t_end = min(end_time[i], max(t, stop_after))
                if _has_fired(pause_events, first) and not paused_before and not ended:
                    status = _PAUSED
                    break
                _rates(functions, t, y, p, m, d, k[0], infused, running)
                _call(functions[_CROSSINGS], t, y, p, m, d, k[0], g0)
                h = _restart_step(y, k[0], rtol, atol, h)
                jumped = False
            if t >= t_end:
                status = _FINISHED
                break
            if steps + rejected >= max_steps:
                status = _TOO_MANY_STEPS
                break
            stop = min(t_end, infusion_end)
            if given < dose_time.shape[1]:
                stop = min(stop, dose_time[i, given])
            for e in range(ne):
                stop = min(stop, pending[e])
            step = min(h, max_step)
            last = step >= (stop - t) * (1.0 - 1e-9)
            if last:
                step = stop - t
            if step <= 1e-13 * max(1.0, abs(t)):
                status = _STEP_TOO_SMALL
                break
            for s in range(1, 7):
                for j in range(n):
                    change = STAGES[s, 0] * k[0, j]
                    for r in range(1, s):
                        change += STAGES[s, r] * k[r, j]
                    trial[j] = y[j] + step * change
                _rates(functions, t + NODES[s] * step, trial, p, m, d, k[s], infused, running)
            error = 0.0
            for j in range(n):
                y_new[j] = trial[j]
                e_j = ERROR[0] * k[0, j]
                for r in range(1, 7):
                    e_j += ERROR[r] * k[r, j]
                e_j = step * e_j / (atol[j] + rtol * max(abs(y[j]), abs(y_new[j])))
                error += e_j * e_j
            error = np.sqrt(error / n)
            if not error < np.inf:
                if step < 1e-8:
                    status = _NOT_FINITE
                    break
                h = 0.1 * step
                rejected += 1
                continue
            factor = 5.0 if error < 1e-10 else min(5.0, max(0.2, 0.9 * error**-0.2))
            if error > 1.0:
                h = step * min(factor, 0.9)
                rejected += 1
                continue
            steps += 1
            t_new = stop if last else t + step
            _call(functions[_CROSSINGS], t_new, y_new, p, m, d, k[6], g1)
            theta = _first_crossing(functions[_CROSSINGS], t, step, y, y_new, p, m, d, k, strict, g0, g1, trial, g)
            if theta <= 1.0:
                if theta < 1.0:
                    _interpolate(theta, step, y, k, y_new)
                    t_new = t + theta * step
                jumped = True
            while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] < t_new:
                at = sample_origin[i] + sample_time[sampled]
                _interpolate((at - t) / step, step, y, k, trial)
                _readout(functions, at, trial, p, m, d, k[0], SAMPLES[i, sampled])
                sampled += 1
            t = t_new
            for j in range(n):
                y[j] = y_new[j] if y_new[j] == 0.0 else max(y_new[j], floor[j])
            h = step * factor if not last else max(h, step * factor)
            if last:
                jumped = True
                _execute_pending(functions, t, y, p, m, d, k[0], start, target, pending, since, first, work[2])
                if t >= infusion_end:
                    infusion_end = _infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
                    running = infusion_end < np.inf
            if not jumped:
                for j in range(n):
                    k[0, j] = k[6, j]
                for c in range(2 * nm):
                    g0[c] = g1[c]
        for s in range(n):
            Y[i, s] = y[s]
        T[i], H[i], GIVEN[i], SAMPLED[i], STATUS[i] = t, h, given, sampled, status
        STEPS[i, 0], STEPS[i, 1] = steps, rejected


@njit(**_OPTIONS)
def _has_fired(wanted, first):
    for e in range(wanted.shape[0]):
        if wanted[e] and first[e] < np.inf:
            return True
    return False


@njit(**_OPTIONS)
def prepare(hoisted, initial, parameters, count, P, Y, D):
    """Hoist parameter-only work and set the states at the start, for every patient."""
    nothing = np.zeros(1)
    for i in range(P.shape[0]):
        _call(hoisted, 0.0, nothing, P[i], nothing, D[i], nothing, P[i, count:])
        _call(initial, 0.0, nothing, P[i], nothing, D[i], nothing, Y[i])
