"""The compiled loop: several patients advance side by side, each with its own time, step, doses and events. One idea, hence long.

Every turn takes one trial step in all lanes, then looks at each lane: reject; or accept, and if a condition may have changed, a
sample is due or a stop is reached, treat that lane alone (locate, read out, fire events, give doses) before it goes on. A lane
whose patient is finished takes the next one. Arithmetic never mixes lanes, so a patient's numbers do not depend on neighbours,
chunk or thread.
"""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false
import numpy as np
from numba import njit

from inferon.engine.calls import (
    CROSSINGS,
    OPTIONS,
    RATES,
    READOUTS,
    borrow,
    call,
    call_commit,
    call_lanes,
    call_step,
    call_watch,
)
from inferon.engine.crossings import first_crossing, interpolate
from inferon.engine.dosing import give_doses, infusions
from inferon.engine.events import has_fired, settle

_RUNNING, _FINISHED, _PAUSED, _TOO_MANY_STEPS, _STEP_TOO_SMALL, _NOT_FINITE = range(6)
_GOING = -1


@njit(**OPTIONS)
def _rates(functions, t, y, p, m, d, k, infused):
    call(functions[RATES], t, y, p, m, d, k, k)
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
def _next_stop(i, t_end, infusion_end, given, dose_time, pending):
    stop = min(t_end, infusion_end)
    if given < dose_time.shape[1]:
        stop = min(stop, dose_time[i, given])
    for e in range(pending.shape[0]):
        stop = min(stop, pending[e])
    return stop


@njit(**OPTIONS)
def _land(
    i,
    t,
    h,
    steps,
    given,
    sampled,
    functions,
    tables,
    rtol,
    atol,
    doses,
    goals,
    patients,
    samples,
    y,
    k,
    infused,
    g0,
    g,
    work,
):
    """Everything that happens to one patient at one instant: events, samples, doses; then rates for the way on.

    Returns whether the patient goes on (-1, else a status), step, records given, samples taken, end and next stop.
    """
    strict, events, start, target = tables
    dose_time, dose_amount, dose_duration, dose_state = doses
    stop_events, pause_events, stop_after, end_time = goals
    P, _, D, M, WAS, PENDING, SINCE, FIRST = patients
    sample_time, sample_origin, SAMPLES = samples
    p, d, m, was, pending, since, first = P[i], D[i], M[i], WAS[i], PENDING[i], SINCE[i], FIRST[i]
    t_end, going = end_time[i], _GOING
    paused_before = has_fired(pause_events, first)
    code = settle(functions, t, y, p, m, d, k, g, strict, events, start, target, was, pending, since, first, work)
    while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] <= t:
        if sample_origin[i] + sample_time[sampled] == t:
            call(functions[READOUTS], t, y, p, m, d, k, SAMPLES[i, sampled])
        sampled += 1
    before = given
    given = give_doses(t, i, given, dose_time, dose_amount, dose_duration, dose_state, y)
    infusion_end = infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
    if given > before and code == 0:
        code = settle(functions, t, y, p, m, d, k, g, strict, events, start, target, was, pending, since, first, work)
    if code != 0:
        going = code
    ended = has_fired(stop_events, first)
    if ended:
        t_end = min(t_end, max(t, stop_after))
    if going == _GOING and has_fired(pause_events, first) and not paused_before and not ended:
        going = _PAUSED
    elif going == _GOING and t >= t_end:
        going = _FINISHED
    _rates(functions, t, y, p, m, d, k, infused)
    call(functions[CROSSINGS], t, y, p, m, d, k, g0)
    if given > before or steps == 0:
        h = _restart_step(y, k, rtol, atol, h)
    return going, h, given, sampled, _next_stop(i, t_end, infusion_end, given, dose_time, pending)


@njit(**OPTIONS)
def _spread(values, lanes, lane):
    for i in range(values.shape[0]):
        lanes[i, lane] = values[i]


@njit(**OPTIONS)
def _gather(lanes, lane, values):
    for i in range(values.shape[0]):
        values[i] = lanes[i, lane]


@njit(**OPTIONS)
def _cut(raw, offset, rows, width):
    """The next aligned buffer of ``rows`` quantities from the workspace, and where the one after begins."""
    end = offset + rows * width
    return raw[offset:end].reshape(rows, width), end


@njit(**OPTIONS)
def _row(raw, offset, count):
    """The next plain vector from the workspace, and where the one after begins."""
    return raw[offset : offset + count], offset + count


@njit(**OPTIONS)
def advance(
    functions,
    lanes,
    method,
    tables,
    settings,
    atol,
    floor,
    doses,
    goals,
    patients,
    clocks,
    samples,
    chosen,
    width,
    workspace,
):
    """Carry the patients ``chosen`` (indices) to their goals. Every array is written in place.

    ``functions`` and ``lanes`` are addresses of the kernel's scalar and lane functions, ``method`` the interpolant's weights and
    the rows of lanes the step needs for itself; ``workspace`` holds at least ``workspace_size`` doubles from an address that
    suits the widest vectors.
    """
    functions, lanes, atol, floor, workspace = (
        borrow(functions),
        borrow(lanes),
        borrow(atol),
        borrow(floor),
        borrow(workspace),
    )
    tables = (borrow(tables[0]), borrow(tables[1]), borrow(tables[2]), borrow(tables[3]))
    doses = (borrow(doses[0]), borrow(doses[1]), borrow(doses[2]), borrow(doses[3]))
    goals = (borrow(goals[0]), borrow(goals[1]), goals[2], borrow(goals[3]))
    samples = (borrow(samples[0]), borrow(samples[1]), borrow(samples[2]))
    P, Y, D, M = borrow(patients[0]), borrow(patients[1]), borrow(patients[2]), borrow(patients[3])
    WAS, PENDING, WAITING, FIRST = borrow(patients[4]), borrow(patients[5]), borrow(patients[6]), borrow(patients[7])
    patients = (P, Y, D, M, WAS, PENDING, WAITING, FIRST)
    strict, target = tables[0], tables[3]
    weights, scratch_rows = borrow(method[0]), method[1]
    rtol, max_step, max_steps = settings
    sample_time, sample_origin, SAMPLES = samples
    T, H, GIVEN, SAMPLED, STATUS, STEPS = clocks
    n, nm, ne, nd, np_ = Y.shape[1], M.shape[1], WAS.shape[1], D.shape[1], P.shape[1]
    offset = 0
    t, offset = _cut(workspace, offset, 1, width)
    h, offset = _cut(workspace, offset, 1, width)
    t_new, offset = _cut(workspace, offset, 1, width)
    mask, offset = _cut(workspace, offset, 1, width)
    error, offset = _cut(workspace, offset, 1, width)
    stage_time, offset = _cut(workspace, offset, 1, width)
    flagged, offset = _cut(workspace, offset, 1, width)
    y, offset = _cut(workspace, offset, n, width)
    trial, offset = _cut(workspace, offset, n, width)
    infused, offset = _cut(workspace, offset, n, width)
    k, offset = _cut(workspace, offset, 7 * n, width)
    g0, offset = _cut(workspace, offset, 2 * nm, width)
    g1, offset = _cut(workspace, offset, 2 * nm, width)
    m, offset = _cut(workspace, offset, nm, width)
    d, offset = _cut(workspace, offset, nd, width)
    p, offset = _cut(workspace, offset, np_, width)
    scratch, offset = _cut(workspace, offset, scratch_rows, width)
    one_y, offset = _row(workspace, offset, n)
    one_new, offset = _row(workspace, offset, n)
    one_trial, offset = _row(workspace, offset, n)
    one_infused, offset = _row(workspace, offset, n)
    stages, offset = _row(workspace, offset, 7 * n)
    one_k = stages.reshape(7, n)
    one_g0, offset = _row(workspace, offset, 2 * nm)
    one_g1, offset = _row(workspace, offset, 2 * nm)
    one_g, offset = _row(workspace, offset, 2 * nm)
    truths, offset = _row(workspace, offset, ne)
    delays, offset = _row(workspace, offset, ne)
    values, offset = _row(workspace, offset, max(1, target.shape[0]))
    work = (truths, delays, values)
    strictness, offset = _row(workspace, offset, nm)
    for c in range(nm):
        strictness[c] = 1.0 if strict[c] else 0.0
    patient, stop, next_step = np.full(width, -1), np.zeros(width), np.ones(width)
    given, sampled, running = np.zeros(width, np.int64), np.zeros(width, np.int64), np.zeros(width, np.bool_)
    last, landing = np.zeros(width, np.bool_), np.ones(width, np.bool_)
    waiting, live, infusing = 0, width, 0
    for lane in range(width):
        h[0, lane] = 0.0
    while live > 0:
        for lane in range(width):  # lanes that must land: a new patient, a stop, a crossing
            while landing[lane]:
                i = patient[lane]
                if i < 0:
                    if waiting >= chosen.shape[0]:
                        landing[lane], h[0, lane] = False, 0.0
                        live -= 1
                        break
                    i = chosen[waiting]
                    waiting += 1
                    patient[lane] = i
                    given[lane], sampled[lane], next_step[lane], t[0, lane] = GIVEN[i], SAMPLED[i], H[i], T[i]
                    _spread(P[i], p, lane)
                    _spread(Y[i], y, lane)
                _gather(y, lane, one_y)
                going, step, given[lane], sampled[lane], stop[lane] = _land(
                    i, t[0, lane], next_step[lane], STEPS[i, 0], given[lane], sampled[lane], functions, tables, rtol, atol,
                    doses, goals, patients, samples, one_y, one_k[0], one_infused, one_g0, one_g, work,
                )  # fmt: skip
                next_step[lane] = step
                if going == _GOING and STEPS[i, 0] + STEPS[i, 1] >= max_steps:
                    going = _TOO_MANY_STEPS
                if going == _GOING:
                    landing[lane] = False
                    running[lane] = False
                    for j in range(n):
                        y[j, lane], k[j, lane], infused[j, lane] = one_y[j], one_k[0, j], one_infused[j]
                        running[lane] = running[lane] or one_infused[j] != 0.0
                    _spread(one_g0, g0, lane)
                    _spread(M[i], m, lane)
                    _spread(D[i], d, lane)
                else:
                    Y[i, :] = one_y
                    T[i], H[i], GIVEN[i], SAMPLED[i], STATUS[i] = t[0, lane], step, given[lane], sampled[lane], going
                    patient[lane] = -1
        infusing = 0
        for lane in range(width):
            if patient[lane] < 0:
                continue
            infusing += running[lane]
            step = min(next_step[lane], max_step)
            last[lane] = step >= (stop[lane] - t[0, lane]) * (1.0 - 1e-9)
            h[0, lane] = stop[lane] - t[0, lane] if last[lane] else step
        call_step(lanes[2], n, infusing, rtol, t, h, y, p, m, d, k, infused, trial, atol, error, stage_time, scratch)
        accepted = 0
        for lane in range(width):
            mask[0, lane] = 0.0
            i = patient[lane]
            if i < 0:
                continue
            size, step = np.sqrt(error[0, lane] / max(1, n)), h[0, lane]
            if size <= 1.0:
                factor = 5.0 if size < 1e-10 else min(5.0, max(0.2, 0.9 * size**-0.2))
                next_step[lane] = max(next_step[lane], step * factor) if last[lane] else step * factor
                t_new[0, lane] = stop[lane] if last[lane] else t[0, lane] + step
                mask[0, lane] = 1.0
                STEPS[i, 0] += 1
                accepted += 1
                if STEPS[i, 0] + STEPS[i, 1] >= max_steps:
                    landing[lane] = True
            else:
                finite = size < np.inf
                next_step[lane] = step * max(0.2, 0.9 * size**-0.2) if finite else 0.1 * step
                STEPS[i, 1] += 1
                lost = _GOING
                if step <= 1e-13 * max(1.0, abs(t[0, lane])) or (not finite and step < 1e-8):
                    lost = _STEP_TOO_SMALL if finite else _NOT_FINITE
                elif STEPS[i, 0] + STEPS[i, 1] >= max_steps:
                    lost = _TOO_MANY_STEPS
                if lost != _GOING:
                    _gather(y, lane, one_y)
                    Y[i, :] = one_y
                    T[i], H[i], GIVEN[i], SAMPLED[i], STATUS[i] = t[0, lane], step, given[lane], sampled[lane], lost
                    patient[lane], landing[lane] = -1, True
        if accepted == 0:
            continue
        call_lanes(lanes[1], t_new, trial, p, m, d, k[6 * n :], g1)
        call_watch(lanes[3], nm, strictness, m, g0, g1, flagged)
        for lane in range(width):
            if mask[0, lane] == 0.0:
                continue
            i = patient[lane]
            due = (
                sampled[lane] < sample_time.shape[0] and sample_origin[i] + sample_time[sampled[lane]] < t_new[0, lane]
            )
            if flagged[0, lane] == 0.0 and not due:
                continue
            _gather(y, lane, one_y)
            _gather(trial, lane, one_new)
            _gather(k, lane, stages)
            step, arrival = h[0, lane], t_new[0, lane]
            if flagged[0, lane] > 0.0:
                _gather(g0, lane, one_g0)
                _gather(g1, lane, one_g1)
                theta = first_crossing(
                    functions[CROSSINGS], t[0, lane], step, one_y, P[i], M[i], D[i], one_k, weights, strict, one_g0,
                    one_g1, one_trial, one_g,
                )  # fmt: skip
                if theta <= 1.0:
                    landing[lane] = True
                    if theta < 1.0:
                        interpolate(theta, step, one_y, one_k, weights, one_new)
                        arrival = t[0, lane] + theta * step
                        _spread(one_new, trial, lane)
            while sampled[lane] < sample_time.shape[0] and sample_origin[i] + sample_time[sampled[lane]] < arrival:
                at = sample_origin[i] + sample_time[sampled[lane]]
                interpolate((at - t[0, lane]) / step, step, one_y, one_k, weights, one_trial)
                for j in range(n):
                    one_trial[j] = one_trial[j] if one_trial[j] == 0.0 else max(one_trial[j], floor[j])
                call(functions[READOUTS], at, one_trial, P[i], M[i], D[i], one_k[0], SAMPLES[i, sampled[lane]])
                sampled[lane] += 1
            t_new[0, lane] = arrival
        call_commit(lanes[4], n, nm, mask, y, trial, k, g0, g1, floor)
        for lane in range(width):
            if mask[0, lane] > 0.0:
                t[0, lane] = t_new[0, lane]
                landing[lane] = landing[lane] or last[lane]


def workspace_size(
    *,
    states: int,
    conditions: int,
    events: int,
    assignments: int,
    switches: int,
    parameters: int,
    scratch: int,
    width: int,
) -> int:
    """Doubles ``advance`` needs for its buffers."""
    lanes = 7 + 10 * states + 5 * conditions + switches + parameters + scratch
    return width * lanes + 11 * states + 7 * conditions + 2 * events + max(1, assignments)


@njit(**OPTIONS)
def prepare(hoisted, initial, parameters, count, P, Y, D):
    """Hoist parameter-only work and set the states at the start, for every patient."""
    nothing = np.zeros(1)
    for i in range(P.shape[0]):
        call(hoisted, 0.0, nothing, P[i], nothing, D[i], nothing, P[i, count:])
        call(initial, 0.0, nothing, P[i], nothing, D[i], nothing, Y[i])
