"""libRoadRunner on the problem: CVODE with the events as SBML events, values set as one vector a patient, restarts at doses.

``RoadRunner.simulate`` costs more than need be when only the end of a stretch is wanted, so stretches are carried by the
integrator's own ``integrate``. An event that ends a patient halts it through a listener, armed only while integrating: a reset
or restart looks at events too, and a listener that halts there raises.
"""

from __future__ import annotations

import numpy as np
import roadrunner
from peer import Numbers, Solver, serve

METHODS = {"CVODE BDF": True, "CVODE Adams": False}


class Simulator:
    """One loaded model; ``follow`` carries one patient."""

    def __init__(self, numbers: Numbers, method: str) -> None:
        self.numbers, described = numbers, numbers.described
        self.runner = roadrunner.RoadRunner(str(numbers.folder / "model.xml"))
        self.model, self.integrator = self.runner.model, self.runner.getIntegrator()
        self.integrator.setValue("stiff", METHODS[method])
        self.integrator.setValue("maximum_num_steps", 1_000_000)
        wanted = dict(zip(described["states"], numbers.arrays["atol"], strict=True))
        integrated = [
            self.model.getStateVectorId(i) for i in range(self.model.getNumRateRules())
        ]  # not what only doses change
        self.integrator.setValue("absolute_tolerance", [float(wanted[name]) for name in integrated])
        slot = {name: i for i, name in enumerate(self.model.getGlobalParameterIds())}
        days = [f"day_of_{event}" for event in described["events"]]
        self.states = np.array([slot[name] for name in described["states"]], dtype=np.int32)
        self.days = np.array([slot[name] for name in days], dtype=np.int32)
        self.everything = np.array(
            [slot[n] for n in (*described["parameters"], *described["states"], *described["switches"], *days)], np.int32
        )
        self.armed = self.halted = False
        for event, stops in zip(described["events"], described["ends"], strict=False):
            if stops:
                self.model.getEvent(event).setOnAssignment(self._halt)

    def _halt(self, *_: object) -> int:
        self.halted = self.armed
        return roadrunner.EventListener.HALT_SIMULATION if self.armed else 0

    def values(self, patient: int) -> np.ndarray:
        """What is set for one patient: parameters, states, switches and the days of events true at the start."""
        arrays, never = self.numbers.arrays, self.numbers.described["never"]
        days = np.minimum(arrays["first"][patient], never)
        return np.concatenate([*(arrays[n][patient] for n in ("parameters", "states", "switches")), days])

    def follow(self, patient: int) -> None:
        """Carry one patient to an event that ends it, or to the end; the model then holds its values."""
        described, arrays = self.numbers.described, self.numbers.arrays
        t, values = described["start"], self.values(patient)
        self.model.setGlobalParameterValues(self.everything, values)
        self.runner.reset()
        self.model.setTime(t)
        self.model.setGlobalParameterValues(self.everything, values)
        doses = arrays["dose_time"][patient]
        for stop in sorted({*doses[np.isfinite(doses)], described["end"]}):
            self._stretch(t, stop)
            if self.halted:
                return
            t = stop
            for k in np.flatnonzero(doses == stop):
                self._add(int(self.states[arrays["dose_state"][patient, k]]), arrays["dose_amount"][patient, k])

    def _stretch(self, t: float, stop: float) -> None:
        self.halted = False
        self.integrator.restart(t)
        self.armed = True
        try:
            self.integrator.integrate(t, stop - t)
        except RuntimeError as error:
            if not self.halted:
                raise RuntimeError(f"CVODE gave up: {error}") from None
        self.armed = False

    def _add(self, slot: int, amount: float) -> None:
        self.model.setGlobalParameterValues([slot], [self.model.getGlobalParameterValues([slot])[0] + amount])


def prepare(numbers: Numbers, method: str) -> Solver:
    """The loaded model of a problem, as a function of tolerance and number of patients."""
    simulator = Simulator(numbers, method)

    def solve(rtol: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
        simulator.integrator.setValue("relative_tolerance", rtol)
        states, first = numbers.arrays["states"][:patients].copy(), numbers.arrays["first"][:patients].copy()
        for i in range(patients):
            if numbers.finished(i):
                continue
            try:
                simulator.follow(i)
            except RuntimeError:  # counted as a failure: a state that is not finite
                states[i] = np.nan
                continue
            values = simulator.model.getGlobalParameterValues()
            states[i], first[i] = values[simulator.states], values[simulator.days]
        return states, np.where(first < numbers.described["never"], first, np.inf)

    return solve


if __name__ == "__main__":
    serve(prepare, ("libroadrunner",))
