"""The compiled loop that carries one patient after another through time. A compiled kernel: long because it is one idea.

For each patient: read state, then repeat {step; look for the earliest crossing inside the step and cut the step there; read out
samples; fire events; give doses} until the end, a pause or a failure. All model-specific work is behind function addresses, so
this file is compiled once and cached. Nothing here depends on which other patients run, in which order or on which thread.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
import numpy as np
from numba import njit

from inferon.engine.calls import CROSSINGS, OPTIONS, RATES, READOUTS, call
from inferon.engine.crossings import first_crossing, interpolate
from inferon.engine.dosing import give_doses, infusions
from inferon.engine.events import execute_pending, has_fired, settle
from inferon.engine.tsit5 import ERROR, NODES, STAGES

_RUNNING, _FINISHED, _PAUSED, _TOO_MANY_STEPS, _STEP_TOO_SMALL, _NOT_FINITE, _UNSETTLED = range(7)


@njit(**OPTIONS)
def _rates(functions, t, y, p, m, d, k, infused, running):
    call(functions[RATES], t, y, p, m, d, k, k)
    if running:
        for i in range(k.shape[0]):
            k[i] += infused[i]


@njit(**OPTIONS)
def _restart_step(y, k, rtol, atol, h):
    """A first step after the right-hand side jumped (Hairer, Norsett & Wanner, Solving ODEs I, II.4)."""
    size, speed = 0.0, 0.0
    for i in range(y.shape[0]):
        scale = atol[i] + rtol * abs(y[i])
        size += (y[i] / scale) ** 2
        speed += (k[i] / scale) ** 2
    guess = 0.01 * np.sqrt(size / speed) if speed > 0.0 else h
    return max(1e-4, min(h, guess))


@njit(**OPTIONS)
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
        infusion_end = infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
        running = infusion_end < np.inf
        while True:
            if jumped:
                paused_before = has_fired(pause_events, first)
                if not settle(
                    functions, t, y, p, m, d, k[0], g, strict, events, start, target, was, pending, since, first, work
                ):
                    status = _UNSETTLED
                    break
                while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] <= t:
                    if sample_origin[i] + sample_time[sampled] == t:
                        call(functions[READOUTS], t, y, p, m, d, k[0], SAMPLES[i, sampled])
                    sampled += 1
                before = given
                given = give_doses(t, i, given, dose_time, dose_amount, dose_duration, dose_state, y)
                if given > before:
                    infusion_end = infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
                    running = infusion_end < np.inf
                    if not settle(
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
                ended = has_fired(stop_events, first)
                if ended:
                    t_end = min(end_time[i], max(t, stop_after))
                if has_fired(pause_events, first) and not paused_before and not ended:
                    status = _PAUSED
                    break
                _rates(functions, t, y, p, m, d, k[0], infused, running)
                call(functions[CROSSINGS], t, y, p, m, d, k[0], g0)
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
            call(functions[CROSSINGS], t_new, y_new, p, m, d, k[6], g1)
            theta = first_crossing(functions[CROSSINGS], t, step, y, y_new, p, m, d, k, strict, g0, g1, trial, g)
            if theta <= 1.0:
                if theta < 1.0:
                    interpolate(theta, step, y, k, y_new)
                    t_new = t + theta * step
                jumped = True
            while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] < t_new:
                at = sample_origin[i] + sample_time[sampled]
                interpolate((at - t) / step, step, y, k, trial)
                call(functions[READOUTS], at, trial, p, m, d, k[0], SAMPLES[i, sampled])
                sampled += 1
            t = t_new
            for j in range(n):
                y[j] = y_new[j] if y_new[j] == 0.0 else max(y_new[j], floor[j])
            h = step * factor if not last else max(h, step * factor)
            if last:
                jumped = True
                execute_pending(functions, t, y, p, m, d, k[0], start, target, pending, since, first, work[2])
                if t >= infusion_end:
                    infusion_end = infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
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


@njit(**OPTIONS)
def prepare(hoisted, initial, parameters, count, P, Y, D):
    """Hoist parameter-only work and set the states at the start, for every patient."""
    nothing = np.zeros(1)
    for i in range(P.shape[0]):
        call(hoisted, 0.0, nothing, P[i], nothing, D[i], nothing, P[i, count:])
        call(initial, 0.0, nothing, P[i], nothing, D[i], nothing, Y[i])
