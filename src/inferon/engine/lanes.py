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
    DISTANCES,
    INLINED,
    INSIDE,
    MERGED,
    OPTIONS,
    RATES,
    READOUTS,
    borrow,
    call,
    call_commit,
    call_place,
    call_turn,
)
from inferon.engine.clock import (
    ACCEPTED,
    ACTIVE,
    DUE,
    ERROR,
    LANDING_BIT,
    NEXT,
    REFUSED,
    ROWS,
    STOP,
    T_NEW,
    TAKEN,
    H,
    T,
)
from inferon.engine.crossings import first_crossing, interpolate
from inferon.engine.dosing import give_doses, infusions
from inferon.engine.events import has_fired, settle

_RUNNING, _FINISHED, _PAUSED, _TOO_MANY_STEPS, _STEP_TOO_SMALL, _NOT_FINITE = range(6)
_GOING = -1


@njit(**MERGED)
def _rates(functions, t, y, p, m, d, k, infused, some_infuse):
    call(functions[RATES], t, y, p, m, d, k, k)
    for i in range(k.shape[0] if some_infuse else 0):
        k[i] += infused[i]


@njit(**MERGED)
def _restart_step(y, k, rtol, atol, h):
    """A first step after the right-hand side jumped (Hairer, Norsett & Wanner, Solving ODEs I, II.4)."""
    size, speed = 0.0, 0.0
    for i in range(y.shape[0]):
        per_scale = 1.0 / (atol[i] + rtol * abs(y[i]))
        size += (y[i] * per_scale) ** 2
        speed += (k[i] * per_scale) ** 2
    guess = 0.01 * np.sqrt(size / speed) if speed > 0.0 else h
    return max(1e-4, min(h, guess))


@njit(**MERGED)
def _next_stop(i, t_end, infusion_end, given, dose_time, pending):
    stop = min(t_end, infusion_end)
    if given < dose_time.shape[1]:
        stop = min(stop, dose_time[i, given])
    for e in range(pending.shape[0]):
        stop = min(stop, pending[e])
    return stop


@njit(**MERGED)
def _land(
    i,
    t,
    h,
    starting,
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
    g,
    work,
):
    """Everything that happens to one patient at one instant: events, samples, doses; then rates for the way on.

    Returns whether the patient goes on (-1, else a status), step, records given, samples taken, the next stop, and whether
    states or switches may have been set.
    """
    dose_time, dose_amount, dose_duration, dose_state, some_infuse = doses
    stop_events, pause_events, stop_after, end_time = goals
    P, _, D, M, WAS, PENDING, SINCE, FIRST = patients
    sample_time, sample_origin, SAMPLES = samples
    p, d, m, was, pending, since, first = P[i], D[i], M[i], WAS[i], PENDING[i], SINCE[i], FIRST[i]
    t_end, going = end_time[i], _GOING
    paused_before = has_fired(pause_events, first)
    before, code, moved = given, 0, False
    for doses_given in range(2):  # events before the doses of this instant, and those that the doses set off
        code, stirred = settle(functions, t, y, p, m, d, k, tables, was, pending, since, first, work)
        moved = moved or stirred
        if doses_given or code != 0:
            break
        while sampled < sample_time.shape[0] and sample_origin[i] + sample_time[sampled] <= t:
            if sample_origin[i] + sample_time[sampled] == t:
                call(functions[READOUTS], t, y, p, m, d, k, SAMPLES[i, sampled])
            sampled += 1
        given = give_doses(t, i, given, dose_time, dose_amount, dose_duration, dose_state, y)
        if given == before:
            break
    infusion_end = np.inf
    if some_infuse:
        infusion_end = infusions(t, i, given, dose_time, dose_amount, dose_duration, dose_state, infused)
    if code != 0:
        going = code
    ended = has_fired(stop_events, first)
    if ended:
        t_end = min(t_end, max(t, stop_after))
    if going == _GOING and has_fired(pause_events, first) and not paused_before and not ended:
        going = _PAUSED
    elif going == _GOING and t >= t_end:
        going = _FINISHED
    _rates(functions, t, y, p, m, d, k, infused, some_infuse)
    call(functions[CROSSINGS], t, y, p, m, d, k, g)
    if given > before or starting:
        h = _restart_step(y, k, rtol, atol, h)
    return (
        going,
        h,
        given,
        sampled,
        _next_stop(i, t_end, infusion_end, given, dose_time, pending),
        moved or given > before,
    )


@njit(**INLINED)
def _gather(lanes, lane, values):
    for i in range(values.shape[0]):
        values[i] = lanes[i, lane]


@njit(**INLINED)
def _copy(values, out):
    for i in range(values.shape[0]):
        out[i] = values[i]


@njit(**MERGED)
def _some(values):
    for i in range(values.shape[0]):
        if values[i] != 0.0:
            return 1
    return 0


@njit(**INSIDE)
def _cut(raw, offset, rows, width):
    """The next aligned buffer of ``rows`` quantities from the workspace, and where the one after begins."""
    end = offset + rows * width
    return raw[offset:end].reshape(rows, width), end


@njit(**INSIDE)
def _row(raw, offset, count):
    """The next plain vector from the workspace, and where the one after begins."""
    return raw[offset : offset + count], offset + count


@njit(**INLINED)
def _raise(values, which, floor, out):
    """Values at or above the floor; what is exactly 0 stays 0."""
    for i in which:
        out[i] = values[i] if values[i] == 0.0 else max(values[i], floor[i])


@njit(**INLINED)
def _next_sample(sampled, origin, sample_time):
    return origin + sample_time[sampled] if sampled < sample_time.shape[0] else np.inf


@njit(**MERGED)
def _sample(sampled, origin, arrival, step, here, patient, sample_time, shown, floor, functions, k, out):
    """Read out every sample due before ``arrival`` from the step's dense output; returns how many have been taken."""
    t, lane, y, trial, stages, dense, one = here[1], here[2], here[3], here[4], here[5], here[6], here[8]
    p, m, d = patient
    while _next_sample(sampled, origin, sample_time) < arrival:
        at = origin + sample_time[sampled]
        interpolate(min(1.0, max(0.0, (at - t) / step)), step, lane, y, trial, stages, dense, shown, one)
        _raise(one, shown, floor, one)
        call(functions[READOUTS], at, one, p, m, d, k, out[sampled])
        sampled += 1
    return sampled


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
    lane_space,
    workspace,
    counters,
):
    """Carry the patients ``chosen`` (indices) to their goals. Every array is written in place.

    ``functions`` and ``lanes`` are addresses of the kernel's scalar and lane functions; ``method`` the coefficients of the dense
    output, whether stages are rates, and the rows of lanes a step needs for itself. ``lane_space`` holds at least ``lane_size``
    numbers of the lanes' precision from an address that suits the widest vectors, ``workspace`` ``work_size`` doubles,
    ``counters`` six whole numbers a lane.
    """
    functions, lanes, atol, floor = borrow(functions), borrow(lanes), borrow(atol), borrow(floor)
    lane_space, workspace, counters = borrow(lane_space), borrow(workspace), borrow(counters)
    tables = (borrow(tables[0]), borrow(tables[1]), borrow(tables[2]), borrow(tables[3]))
    doses = (borrow(doses[0]), borrow(doses[1]), borrow(doses[2]), borrow(doses[3]), doses[4])
    goals = (borrow(goals[0]), borrow(goals[1]), goals[2], borrow(goals[3]))
    samples = (borrow(samples[0]), borrow(samples[1]), borrow(samples[2]))
    P, Y, D, M = borrow(patients[0]), borrow(patients[1]), borrow(patients[2]), borrow(patients[3])
    WAS, PENDING, WAITING, FIRST = borrow(patients[4]), borrow(patients[5]), borrow(patients[6]), borrow(patients[7])
    patients = (P, Y, D, M, WAS, PENDING, WAITING, FIRST)
    watched, shown = borrow(method[3]), borrow(method[4])
    every, moving = borrow(method[5]), borrow(method[6])
    strict, target = tables[0], tables[3]
    coefficients, are_rates, scratch_rows = borrow(method[0]), method[1], method[2]
    rtol, max_step, max_steps = settings
    sample_time, sample_origin, SAMPLES = samples
    TIME, STEP, GIVEN, SAMPLED, STATUS, STEPS = clocks
    n, nm, ne, nd, np_ = Y.shape[1], M.shape[1], WAS.shape[1], D.shape[1], P.shape[1]
    stages, nw = coefficients.shape[0], moving.shape[0]
    clock, offset = _cut(lane_space, 0, ROWS, width)
    y, offset = _cut(lane_space, offset, n, width)
    trial, offset = _cut(lane_space, offset, n, width)
    infused, offset = _cut(lane_space, offset, n, width)
    k, offset = _cut(lane_space, offset, stages * n, width)
    g0, offset = _cut(lane_space, offset, 2 * nw, width)
    g1, offset = _cut(lane_space, offset, 2 * nw, width)
    m, offset = _cut(lane_space, offset, nm, width)
    d, offset = _cut(lane_space, offset, nd, width)
    p, offset = _cut(lane_space, offset, np_, width)
    scratch, offset = _cut(lane_space, offset, scratch_rows, width)
    one_y, offset = _row(workspace, 0, n)
    one, offset = _row(workspace, offset, n)
    one_k, offset = _row(workspace, offset, n)
    one_infused, offset = _row(workspace, offset, n)
    one_g, offset = _row(workspace, offset, 2 * nw)
    left, offset = _row(workspace, offset, nm)
    right, offset = _row(workspace, offset, nm)
    distances, offset = _row(workspace, offset, nm)
    weights, offset = _row(workspace, offset, stages)
    truths, offset = _row(workspace, offset, ne)
    delays, offset = _row(workspace, offset, ne)
    values, offset = _row(workspace, offset, max(1, target.shape[0]))
    queue, offset = _cut(workspace, offset, 4 * ne + WAITING.shape[1], WAITING.shape[2])
    stop, offset = _row(workspace, offset, width)
    day, offset = _row(workspace, offset, width)
    LOCATED, offset = _cut(workspace, offset, width, n)  # states at a crossing, in full precision
    work, at_work, dense = (
        (truths, delays, values, queue),
        (left, right, distances, g1),
        (lanes[2], coefficients, are_rates, weights),
    )
    patient, given, sampled = counters[0], counters[1], counters[2]
    running, landing, located = counters[3], counters[4], counters[5]
    waiting, live, infusing, some_land = 0, width, 0, True
    for lane in range(width):
        patient[lane], landing[lane], clock[ACTIVE, lane] = -1, 1, 0.0
    while live > 0:
        for lane in range(width if some_land else 0):  # lanes that must land: a new patient, a stop, a crossing
            while landing[lane] == 1:
                i, moved = patient[lane], False
                if i < 0:
                    clock[ACTIVE, lane] = 0.0
                    if waiting >= chosen.shape[0]:
                        landing[lane] = 0
                        live -= 1
                        break
                    i = chosen[waiting]
                    waiting += 1
                    patient[lane], given[lane], sampled[lane], day[lane] = i, GIVEN[i], SAMPLED[i], TIME[i]
                    clock[NEXT, lane], clock[TAKEN, lane], clock[REFUSED, lane] = STEP[i], STEPS[i, 0], STEPS[i, 1]
                    clock[ACTIVE, lane] = 1.0
                    call_place(lanes[3], lane, np_, P[i], p)
                    _copy(Y[i], one_y)
                    moved = True
                elif located[lane]:
                    _copy(LOCATED[lane], one_y)
                    moved = True
                else:
                    _gather(y, lane, one_y)
                located[lane] = 0
                going, step, given[lane], sampled[lane], stop[lane], set_ = _land(
                    i, day[lane], np.float64(clock[NEXT, lane]), clock[TAKEN, lane] == 0.0, given[lane], sampled[lane], functions,
                    tables, rtol, atol, doses, goals, patients, samples, one_y, one_k, one_infused, one_g, work,
                )  # fmt: skip
                if going == _GOING and clock[TAKEN, lane] + clock[REFUSED, lane] >= max_steps:
                    going = _TOO_MANY_STEPS
                if going == _GOING:
                    landing[lane] = 0
                    clock[T, lane], clock[NEXT, lane], clock[STOP, lane] = day[lane], step, stop[lane]
                    clock[DUE, lane] = _next_sample(sampled[lane], sample_origin[i], sample_time)
                    if moved or set_:
                        call_place(lanes[3], lane, n, one_y, y)
                        call_place(lanes[3], lane, nd, D[i], d)
                    call_place(lanes[3], lane, n, one_k, k)
                    call_place(lanes[3], lane, 2 * nw, one_g, g0)
                    call_place(lanes[3], lane, nm, M[i], m)
                    if doses[4]:
                        call_place(lanes[3], lane, n, one_infused, infused)
                        running[lane] = _some(one_infused)
                else:
                    _copy(one_y, Y[i])
                    TIME[i], STEP[i], GIVEN[i], SAMPLED[i] = day[lane], step, given[lane], sampled[lane]
                    STATUS[i] = going
                    STEPS[i, 0], STEPS[i, 1] = int(clock[TAKEN, lane]), int(clock[REFUSED, lane])
                    patient[lane] = -1
        if some_land and doses[4]:
            infusing = 0
            for lane in range(width):
                infusing += running[lane] if patient[lane] >= 0 else 0
        bits = call_turn(
            lanes[0], infusing, rtol, max_step, max_steps, atol, clock, y, p, m, d, k, infused, trial, g0, g1, scratch
        )
        some_land = bits != 0
        for lane in range(width if some_land else 0):
            if (bits >> (LANDING_BIT + lane)) & 1:
                landing[lane], day[lane] = 1, stop[lane]
            if not (bits >> lane) & 1:
                continue
            i, t, step = patient[lane], np.float64(clock[T, lane]), np.float64(clock[H, lane])
            worn_out = clock[TAKEN, lane] + clock[REFUSED, lane] >= max_steps
            if clock[ACCEPTED, lane] == 0.0:
                lost = _STEP_TOO_SMALL if clock[ERROR, lane] < np.inf else _NOT_FINITE
                _gather(y, lane, Y[i])
                TIME[i], STEP[i], GIVEN[i], SAMPLED[i] = t, step, given[lane], sampled[lane]
                STATUS[i] = _TOO_MANY_STEPS if worn_out else lost
                STEPS[i, 0], STEPS[i, 1] = int(clock[TAKEN, lane]), int(clock[REFUSED, lane])
                patient[lane], landing[lane] = -1, 1
                continue
            arrival = stop[lane] if landing[lane] == 1 else np.float64(clock[T_NEW, lane])
            here = (functions[DISTANCES], t, lane, y, trial, k, dense, watched, one)
            constants = (P[i], M[i], D[i])
            theta = first_crossing(step, here, constants, strict, moving, g0, at_work)
            if theta < 1.0:
                arrival = t + theta * step
            sampled[lane] = _sample(
                sampled[lane], sample_origin[i], arrival, step, here, constants, sample_time, shown, floor, functions, one_k,
                SAMPLES[i],
            )  # fmt: skip
            clock[DUE, lane] = _next_sample(sampled[lane], sample_origin[i], sample_time)
            if theta < 1.0:
                interpolate(theta, step, lane, y, trial, k, dense, every, one)
                _raise(one, every, floor, LOCATED[lane])
                located[lane] = 1
            if theta <= 1.0 or worn_out:
                landing[lane], day[lane] = 1, arrival
        call_commit(lanes[1], clock, y, trial, k, g0, g1, floor)


def lane_size(
    *,
    states: int,
    conditions: int,
    moving: int,
    switches: int,
    parameters: int,
    stages: int,
    scratch: int,
    width: int,
) -> int:
    """Numbers ``advance`` needs for its lanes."""
    return width * (ROWS + (3 + stages) * states + conditions + 4 * moving + switches + parameters + scratch)


def work_size(
    *, states: int, conditions: int, events: int, assignments: int, stages: int, width: int, queue: tuple[int, int]
) -> int:
    """Doubles ``advance`` needs for the patient it is looking at; ``queue`` is the shape of the table of waiting executions."""
    one = 4 * states + 5 * conditions + stages + 2 * events + max(1, assignments)
    return one + (4 * events + queue[0]) * queue[1] + (2 + states) * width


@njit(**OPTIONS)
def prepare(hoisted, initial, nothing, count, P, Y, D):
    """Hoist parameter-only work and set the states at the start, for every patient; ``nothing`` stands for unused vectors."""
    for i in range(P.shape[0]):
        call(hoisted, 0.0, nothing, P[i], nothing, D[i], nothing, P[i, count:])
        call(initial, 0.0, nothing, P[i], nothing, D[i], nothing, Y[i])
