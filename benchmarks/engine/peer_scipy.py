"""SciPy on the problem: right-hand side compiled by numba, restarts at doses, events located on dense output.

LSODA is run twice: stepped by hand, all triggers looked at once a step (the faster way), and as the documentation has it, through
``solve_ivp`` with an event function for each trigger.
"""

from __future__ import annotations

import numpy as np
from peer import Numbers, Solver, serve
from scipy.integrate import LSODA, solve_ivp
from scipy.optimize import brentq

JUST_AFTER = 1e-12  # how long after a dose, a known day or an event integration begins anew
NEAR = 1e-9  # how closely a crossing is located


class Patient:
    """One patient on the way: what has happened so far and what to watch for."""

    def __init__(self, numbers: Numbers, equations, rtol: float, patient: int) -> None:
        arrays, self.described = numbers.arrays, numbers.described
        self.equations, self.rtol, self.atol = equations, rtol, arrays["atol"]
        self.p = np.concatenate([arrays["parameters"][patient], equations.hoisted(arrays["parameters"][patient])])
        self.y, self.d = arrays["states"][patient].copy(), arrays["switches"][patient].copy()
        self.first = arrays["first"][patient].copy()
        self.ends, self.lands = numbers.ends, numbers.lands
        self.t, self.end = self.described["start"], self.described["end"]
        self.since = np.full(len(self.first), np.inf)
        self.stops = numbers.stops(patient)
        self.doses = [arrays[f"dose_{part}"][patient] for part in ("time", "amount", "state")]
        self.watched = self.equations.triggers(self.t, self.y, self.p, self.d)
        self.landed_on: list[int] = []
        self.over = numbers.finished(patient)

    def follow(self) -> None:
        """Carry the patient to an event that ends it, or to the end."""
        while not self.over:
            stop = next(time for time in self.stops if time > self.t + 2 * JUST_AFTER)
            self.over = self._segment(stop) or self.t >= self.end
            if self.t == stop:
                self._dose()
            self.t = self.t if self.over else self.t + JUST_AFTER
            self._watch_anew()
        self._settle_delays(self.t)

    def _segment(self, stop: float) -> bool:
        """Integrate to ``stop`` or to an event that ends the patient or changes the equations; whether it ends the patient."""
        p, d, rates = self.p, self.d, self.equations.rates
        solver = LSODA(lambda t, y: rates(t, y, p, d), self.t, self.y, stop, rtol=self.rtol, atol=self.atol)
        while solver.status == "running":
            solver.step()
            if solver.status == "failed":
                raise RuntimeError("the step size became too small")
            now = self.equations.triggers(solver.t, solver.y, p, d)
            if np.any((now > 0) != (self.watched > 0)):
                landed = self._crossings(solver, now)
                if landed is not None:
                    return landed
            self.watched = now
        self.t, self.y = stop, solver.y
        return False

    def _crossings(self, solver, now: np.ndarray) -> bool | None:
        """Take the crossings of one step in order; None when integration can go on, else whether the patient is over."""
        dense = solver.dense_output()
        changed = np.flatnonzero((now > 0) != (self.watched > 0))
        days = {int(e): self._day(int(e), solver.t_old, solver.t, dense) for e in changed}
        landing, over = np.inf, False
        for e, day in sorted(days.items(), key=lambda found: found[1]):
            if day > landing:
                break
            self._settle_delays(day)
            rises = now[e] > 0
            if self.described["delays"][e]:
                self.since[e] = day if rises else np.inf
            elif rises:
                self.first[e] = min(self.first[e], day)
                if self.lands[e]:
                    landing = min(landing, day + NEAR)  # just past it, so that the trigger is true there
                    self.landed_on.append(e)
                    over = over or bool(self.ends[e])
        if not self.landed_on:
            return None
        self.t, self.y = landing, dense(landing)
        for e in self.landed_on:
            self._execute(e)
        return over

    def _day(self, e: int, before: float, after: float, dense) -> float:
        """When in a step the trigger of event ``e`` changes; at its beginning where rounding has it changed already."""

        def distance(t: float) -> float:
            return self.equations.triggers(t, dense(t), self.p, self.d)[e]

        already = (distance(before) > 0) == (distance(after) > 0)
        return before if already else brentq(distance, before, after, xtol=NEAR)

    def _settle_delays(self, day: float) -> None:
        """Delayed events whose trigger has lasted long enough by ``day`` have happened."""
        due = self.since + np.array(self.described["delays"]) <= day
        self.first = np.where(due, np.minimum(self.first, self.since), self.first)
        self.since[due] = np.inf

    def _execute(self, e: int) -> None:
        values = self.equations.assignments(self.t, self.y, self.p, self.d)
        starts, targets = self.described["assignment_start"], self.described["assignment_target"]
        for a in range(starts[e], starts[e + 1]):
            slots, at = (self.y, targets[a]) if targets[a] >= 0 else (self.d, -1 - targets[a])
            slots[at] = values[a]

    def _dose(self) -> None:
        time, amount, state = self.doses
        for k in np.flatnonzero(time == self.t):
            self.y[state[k]] += amount[k]

    def _watch_anew(self) -> None:
        """Triggers after a landing; what was landed on is true, on whichever side of zero rounding left it."""
        self.watched = self.equations.triggers(self.t, self.y, self.p, self.d)
        self.watched[self.landed_on] = np.abs(self.watched[self.landed_on]) + 1e-300
        self.landed_on.clear()


class DocumentedPatient(Patient):
    """The same through ``solve_ivp``, which locates events by itself; those that land are terminal."""

    def _segment(self, stop: float) -> bool:
        p, d, rates = self.p, self.d, self.equations.rates
        found = solve_ivp(
            lambda t, y: rates(t, y, p, d), (self.t, stop), self.y, "LSODA",
            events=[self._event(e) for e in range(len(self.first))], rtol=self.rtol, atol=self.atol,
        )  # fmt: skip
        if found.status < 0:
            raise RuntimeError(found.message)
        self.t, self.y = float(found.t[-1]), found.y[:, -1]
        rising = self.watched <= 0
        for day, e in sorted((float(day), e) for e, days in enumerate(found.t_events) for day in days):
            self._settle_delays(day)
            if self.described["delays"][e]:
                self.since[e] = day if rising[e] else np.inf
            elif rising[e]:
                self.first[e] = min(self.first[e], day)
                if self.lands[e]:
                    self.landed_on.append(e)
            rising[e] = not rising[e]
        over = False
        for e in self.landed_on:
            over = over or bool(self.ends[e])
            self._execute(e)
        if self.landed_on and not over:  # just past the crossing, or solve_ivp would find it again
            self.t, self.y = self.t + NEAR, self.y + NEAR * rates(self.t, self.y, p, self.d)
        return over

    def _event(self, e: int):
        triggers, p, d = self.equations.triggers, self.p, self.d

        def event(t: float, y: np.ndarray) -> float:
            return triggers(t, y, p, d)[e]

        if self.lands[e] and not self.described["delays"][e]:
            event.terminal, event.direction = True, 1  # pyright: ignore[reportFunctionMemberAccess] - as SciPy asks
        return event


METHODS = {"LSODA": Patient, "solve_ivp LSODA": DocumentedPatient}


def prepare(numbers: Numbers, method: str) -> Solver:
    """The compiled equations of a problem, as a function of tolerance and number of patients."""
    equations = numbers.equations("equations_numba")

    def solve(rtol: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
        cohort = [METHODS[method](numbers, equations, rtol, patient) for patient in range(patients)]
        for patient in cohort:
            patient.follow()
        return (
            np.array([patient.y for patient in cohort]),
            np.array([patient.first for patient in cohort]),
        )

    return solve


if __name__ == "__main__":
    serve(prepare, ("scipy", "numba"))
