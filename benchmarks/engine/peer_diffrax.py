"""diffrax on the problem (CPU, float64): all patients in one vectorised loop, one step of its solver and PID controller a turn.

The loop is diffrax's documented stepping by hand: ``diffeqsolve`` with an ``Event`` would have to be begun anew for all patients
at every dose and event of one. Crossings are located on the solver's own dense output; integration begins anew after doses
and events that change the equations. Patients lie along the last axis, which is faster than along the first.

For comparison, ``diffeqsolve Tsit5`` is the documented way: one patient after another, ``diffeqsolve`` with an ``Event`` from
each dose or event to the next.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import peer_scipy
from peer import Numbers, Solver, serve

jax.config.update("jax_enable_x64", True)
JUST_AFTER = 1e-12  # how long after a dose, a known day or an event integration begins anew
NEAR = 1e-9  # how far past a crossing a landing lies, so that the trigger is true there
LOCATING = 12  # turns of the root finder on dense output
MOST_TURNS = 5_000  # after which a patient is given up


class Patient(NamedTuple):
    """One patient on the way (inside the loop every array has patients on its last axis)."""

    t: jax.Array
    h: jax.Array
    y: jax.Array
    d: jax.Array
    first: jax.Array
    since: jax.Array
    watched: jax.Array
    stop: jax.Array
    fresh: jax.Array
    over: jax.Array
    solver: object
    controller: object


class Step(NamedTuple):
    """What one step found: whether it is kept, where it leads, the triggers there and the dense output."""

    kept: jax.Array
    t: jax.Array
    h: jax.Array
    y: jax.Array
    triggers: jax.Array
    dense: object
    solver: object
    controller: object


class Loop:
    """The compiled loop of one problem and solver."""

    def __init__(self, numbers: Numbers, method: str) -> None:
        self.equations, self.described = numbers.equations("equations_jax"), numbers.described
        self.method, self.atol = method, jnp.asarray(numbers.arrays["atol"])
        self.delays = jnp.asarray(self.described["delays"], dtype=float)
        self.ends, self.lands = numbers.ends, numbers.lands
        self.term = diffrax.ODETerm(lambda t, y, args: self.equations.rates(t, y, *args))

    def tools(self, rtol: jax.Array):
        """Solver and controller at one tolerance."""
        controller = diffrax.PIDController(rtol=rtol, atol=self.atol)
        if self.method == "Tsit5":
            return diffrax.Tsit5(scan_kind="lax"), controller
        return diffrax.Kvaerno5(root_finder=diffrax.VeryChord(rtol=rtol, atol=self.atol), scan_kind="lax"), controller

    def begin(self, rtol, y, p, d, first, over) -> Patient:
        """One patient at the start."""
        solver, controller = self.tools(rtol)
        t = jnp.asarray(float(self.described["start"]))
        end, order = float(self.described["end"]), solver.error_order(self.term)
        later, kept = controller.init(self.term, t, end, y, None, (p, d), solver.func, order)
        state = solver.init(self.term, t, later, y, (p, d))
        watched, never = self.equations.triggers(t, y, p, d), jnp.full(len(first), jnp.inf)
        nothing = jnp.zeros((), int)
        return Patient(t, later - t, y, d, first, never, watched, nothing, jnp.array(True), over, state, kept)

    def step(self, rtol, patient: Patient, p, stops) -> Step:
        """One trial step of one patient, at most to its next stop."""
        solver, controller = self.tools(rtol)
        stop, args = stops[patient.stop], (p, patient.d)
        last = patient.t + patient.h >= stop - 1e-9 * patient.h
        later = jnp.where(last, stop, patient.t + patient.h)
        y, error, dense, state, result = solver.step(
            self.term, patient.t, later, patient.y, args, patient.solver, patient.fresh
        )
        good = jnp.isfinite(error) & (result == diffrax.RESULTS.successful)
        error, order = jnp.where(good, error, jnp.inf), solver.error_order(self.term)
        kept, t0, t1, _, control, _ = controller.adapt_step_size(
            patient.t, later, patient.y, y, args, error, order, patient.controller
        )
        h = jnp.where(kept & last, jnp.maximum(t1 - t0, patient.h), t1 - t0)
        return Step(kept, later, h, y, self.equations.triggers(later, y, *args), dense, state, control)

    def crossings(self, patient: Patient, step: Step, p) -> jax.Array:
        """Day of each event's crossing inside the step, infinite where there is none (regula falsi, Illinois)."""
        solver, _ = self.tools(jnp.asarray(1e-3))
        inside = solver.interpolation_cls(t0=patient.t, t1=step.t, **step.dense)
        crosses = (step.triggers > 0) != (patient.watched > 0)

        def value(days):
            triggers = jax.vmap(lambda day: self.equations.triggers(day, inside.evaluate(day), p, patient.d))(days)
            return jnp.diagonal(triggers)

        def closer(_, bracket):
            a, b, at_a, at_b, side, _ = bracket
            middle = jnp.where(crosses, (a * at_b - b * at_a) / jnp.where(crosses, at_b - at_a, 1.0), a)
            found = value(middle)
            right = (found > 0) == (at_b > 0)
            at_a = jnp.where(right & (side > 0), 0.5 * at_a, at_a)
            at_b = jnp.where(~right & (side < 0), 0.5 * at_b, at_b)
            low, high = jnp.where(right, a, middle), jnp.where(right, middle, b)
            side = jnp.where(right, 1, -1)
            return low, high, jnp.where(right, at_a, found), jnp.where(right, found, at_b), side, middle

        whole = jnp.ones_like(step.triggers)
        bracket = (patient.t * whole, step.t * whole, patient.watched, step.triggers, jnp.zeros(len(whole), int), whole)
        *_, found = jax.lax.fori_loop(0, LOCATING, closer, bracket)
        return jnp.where(crosses, found, jnp.inf)

    def arrive(self, patient: Patient, step: Step, days: jax.Array, p, stops, doses) -> Patient:
        """The patient after a kept step: events up to the first landing, then a dose or the end, then ready to go on."""
        solver, _ = self.tools(jnp.asarray(1e-3))
        rises = (step.triggers > 0) & jnp.isfinite(days)
        landing = jnp.where(rises & self.lands, days, jnp.inf)
        lands = jnp.isfinite(jnp.min(landing, initial=jnp.inf))
        t = jnp.minimum(step.t, jnp.min(landing, initial=jnp.inf) + NEAR)
        inside = solver.interpolation_cls(t0=patient.t, t1=step.t, **step.dense)
        y = jnp.where(lands, inside.evaluate(jnp.where(lands, t, step.t)), step.y)
        happens = jnp.isfinite(days) & (days <= t)
        first, since = self.recorded(patient, days, happens, rises, t)
        fired = happens & rises & self.lands
        d, y = self.executed(fired, t, y, p, patient.d)
        over = jnp.any(fired & self.ends) | (t >= self.described["end"])
        at_stop = ~lands & (step.t == stops[patient.stop])
        y = y + jnp.where(at_stop & ~over, doses[patient.stop], 0.0)
        fresh = at_stop | lands
        t = jnp.where(fresh & ~over, t + JUST_AFTER, t)
        watched = self.equations.triggers(t, y, p, d)
        watched = jnp.where(fired, jnp.abs(watched) + 1e-300, watched)
        moved = Patient(
            t, step.h, y, d, first, since, watched, patient.stop + at_stop, fresh, over, step.solver, step.controller
        )
        return moved

    def recorded(self, patient: Patient, days, happens, rises, t) -> tuple[jax.Array, jax.Array]:
        """First days, and since when a trigger that must last has been true, once time has come to ``t``."""
        delayed = self.delays > 0
        until = jnp.minimum(jnp.where(happens & ~rises, days, jnp.inf), t)
        lasted = patient.since + self.delays <= until
        first = jnp.where(lasted, jnp.minimum(patient.first, patient.since), patient.first)
        first = jnp.where(happens & rises & ~delayed, jnp.minimum(first, days), first)
        since = jnp.where(lasted | (happens & ~rises), jnp.inf, patient.since)
        return first, jnp.where(happens & rises & delayed, days, since)

    def executed(self, fired, t, y, p, d) -> tuple[jax.Array, jax.Array]:
        """Switches and states after the events ``fired``."""
        values = self.equations.assignments(t, y, p, d)
        starts, targets = self.described["assignment_start"], self.described["assignment_target"]
        for e in np.flatnonzero(self.lands):
            for a in range(starts[e], starts[e + 1]):
                if targets[a] >= 0:
                    y = y.at[targets[a]].set(jnp.where(fired[e], values[a], y[targets[a]]))
                else:
                    d = d.at[-1 - targets[a]].set(jnp.where(fired[e], values[a], d[-1 - targets[a]]))
        return d, y

    @partial(jax.jit, static_argnums=0)
    def run(self, rtol, y, p, d, first, over, stops, doses) -> tuple[Patient, jax.Array]:
        """Every patient to its end; also the number of turns taken."""
        p = jax.vmap(lambda one: jnp.concatenate([one, self.equations.hoisted(one)]), -1, -1)(p)
        patients = jax.vmap(partial(self.begin, rtol), -1, -1)(y, p, d, first, over)

        def turn(carried):
            now, count = carried
            steps = jax.vmap(partial(self.step, rtol), -1, -1)(now, p, stops)
            crossed = ((steps.triggers > 0) != (now.watched > 0)) & (steps.kept & ~now.over)
            days = jax.lax.cond(
                jnp.any(crossed),
                lambda: jax.vmap(self.crossings, -1, -1)(now, steps, p),
                lambda: jnp.full_like(steps.triggers, jnp.inf),
            )
            moved = jax.vmap(self.arrive, -1, -1)(now, steps, days, p, stops, doses)
            tried = now._replace(h=steps.h, controller=steps.controller)

            def chosen(accepted, rejected, before):
                return jnp.where(now.over, before, jnp.where(steps.kept, accepted, rejected))

            return jax.tree.map(chosen, moved, tried, now), count + 1

        return jax.lax.while_loop(lambda c: jnp.any(~c[0].over) & (c[1] < MOST_TURNS), turn, (patients, 0))


class Documented:
    """One segment of one patient by ``diffeqsolve``, compiled once a problem."""

    def __init__(self, numbers: Numbers) -> None:
        self.equations, atol = numbers.equations("equations_jax"), jnp.asarray(numbers.arrays["atol"])
        term = diffrax.ODETerm(lambda t, y, args: self.equations.rates(t, y, *args))
        event = self._event(len(numbers.described["delays"]))

        @jax.jit
        def segment(rtol, t0, t1, y, p, d):
            controller = diffrax.PIDController(rtol=rtol, atol=atol)
            found = diffrax.diffeqsolve(
                term, diffrax.Tsit5(), t0, t1, None, y, (p, d), stepsize_controller=controller, event=event,
                max_steps=MOST_TURNS, throw=False,
            )  # fmt: skip
            reached = found.ys[-1]
            return found.ts[-1], reached, self.equations.rates(found.ts[-1], reached, p, d), found.event_mask

        self.segment = segment

    def _event(self, count: int) -> diffrax.Event | None:
        def trigger(e: int):
            return lambda t, y, args, **_: self.equations.triggers(t, y, *args)[e]

        if not count:
            return None
        return diffrax.Event([trigger(e) for e in range(count)], optimistix.Newton(rtol=NEAR, atol=NEAR))


class DocumentedPatient(peer_scipy.Patient):
    """One patient, from dose to dose and event to event; every crossing ends a segment."""

    documented: Documented

    def _segment(self, stop: float) -> bool:
        over = False
        while self.t < stop and not self.landed_on:
            t, y, rates, mask = self.documented.segment(self.rtol, self.t, stop, self.y, self.p, self.d)
            self.t, self.y, crossed = float(t), np.array(y), np.flatnonzero([] if mask is None else np.asarray(mask))
            if not np.isfinite(self.y).all():
                raise RuntimeError("the solution is not finite")
            for e in crossed:
                over = self._cross(int(e)) or over
            if crossed.size and not over:  # just past the crossing, or it would be found again
                self.t, self.y = min(stop, self.t + NEAR), self.y + NEAR * np.asarray(rates)
        return over

    def _cross(self, e: int) -> bool:
        self._settle_delays(self.t)
        rises = self.watched[e] <= 0
        self.watched[e] = 1.0 if rises else -1.0
        if self.described["delays"][e]:
            self.since[e] = self.t if rises else np.inf
        elif rises:
            self.first[e] = min(self.first[e], self.t)
            if self.lands[e]:
                self.landed_on.append(e)
                self._execute(e)
                return bool(self.ends[e])
        return False


def prepare_documented(numbers: Numbers) -> Solver:
    """The documented way, as a function of tolerance and number of patients."""
    documented, equations = Documented(numbers), numbers.equations("equations_numba")

    def solve(rtol: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
        cohort = [DocumentedPatient(numbers, equations, rtol, patient) for patient in range(patients)]
        for patient in cohort:
            patient.documented = documented
            patient.follow()
        return np.array([patient.y for patient in cohort]), np.array([patient.first for patient in cohort])

    return solve


def prepare(numbers: Numbers, method: str) -> Solver:
    """The compiled loop of a problem, as a function of tolerance and number of patients."""
    if method.startswith("diffeqsolve"):
        return prepare_documented(numbers)
    loop, arrays = Loop(numbers, method), numbers.arrays
    every = [numbers.stops(i) for i in range(len(arrays["states"]))]
    width = max(map(len, every))
    stops = np.array([s + [np.inf] * (width - len(s)) for s in every])
    doses = np.zeros((*stops.shape, arrays["states"].shape[1]))
    for i, k in zip(*np.nonzero(np.isfinite(arrays["dose_time"])), strict=True):
        at = every[i].index(arrays["dose_time"][i, k])
        doses[i, at, arrays["dose_state"][i, k]] += arrays["dose_amount"][i, k]
    over = np.array([numbers.finished(i) for i in range(len(stops))])

    def solve(rtol: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
        tables = (
            arrays["states"],
            arrays["parameters"],
            arrays["switches"],
            arrays["first"],
            over,
            stops,
            doses,
        )
        patient, _ = loop.run(rtol, *(np.moveaxis(table[:patients], 0, -1) for table in tables))
        lasted = np.where(patient.since + loop.delays[:, None] <= patient.t, patient.since, np.inf)
        first = np.minimum(lasted, patient.first)
        return np.where(patient.over, patient.y, np.nan).T, first.T

    return solve


if __name__ == "__main__":
    serve(prepare, ("diffrax", "jax"))
