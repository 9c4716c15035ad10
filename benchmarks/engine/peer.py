"""What the peers share: reading a problem's folder, and answering requests from the comparison one line at a time.

A request is a line of JSON: ``{"folder", "method", "rtol", "patients", "out"}``. The peer solves, writes states and first event
days to ``out`` and answers with a line of JSON: seconds of the run, and of what it took to be ready.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np


@dataclass(frozen=True)
class Numbers:
    """A problem as its folder has it; arrays are (patients, …), descriptions by name."""

    folder: Path
    described: dict
    arrays: dict[str, np.ndarray]

    @classmethod
    def read(cls, folder: Path) -> Numbers:
        described = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
        with np.load(folder / "numbers.npz") as arrays:
            return cls(folder, described, dict(arrays))

    @property
    def ends(self) -> np.ndarray:
        """Whether each event ends a patient."""
        return np.array(self.described["ends"], dtype=bool)

    @property
    def lands(self) -> np.ndarray:
        """Whether integration must begin anew at each event: it ends the patient or changes the equations."""
        return self.ends | np.array(self.described["lands"], dtype=bool)

    def finished(self, patient: int) -> bool:
        """Whether an event that ends the patient was true at the start."""
        return bool(np.any(np.isfinite(self.arrays["first"][patient]) & self.ends))

    def stops(self, patient: int) -> list[float]:
        """Times the integration must land on: doses, days at which an equation changes, the end."""
        doses = self.arrays["dose_time"][patient]
        return sorted({*doses[np.isfinite(doses)], *self.described["known_days"], self.described["end"]})

    def equations(self, name: str) -> ModuleType:
        """The generated Python module ``name`` of this problem."""
        path = self.folder / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"{self.described['name']}_{name}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


Solver = Callable[[float, int], tuple[np.ndarray, np.ndarray]]
"""rtol and number of patients -> last states (patients, states), first event days (patients, events)."""


def serve(prepare: Callable[[Numbers, str], Solver], packages: tuple[str, ...]) -> None:
    """Answer requests on standard input until it closes; first say which versions are at work."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _tell(answers, {"versions": {name: version(name) for name in packages}})
    ready: dict[tuple[str, str], tuple[Solver, float]] = {}
    for line in sys.stdin:
        ask = json.loads(line)
        key = (ask["folder"], ask["method"])
        if key not in ready:
            before = time.perf_counter()
            solver = prepare(Numbers.read(Path(ask["folder"])), ask["method"])
            solver(ask["rtol"], ask["patients"])
            ready[key] = (solver, time.perf_counter() - before)
        solver, preparation = ready[key]
        clock, processor = time.perf_counter(), time.process_time()
        states, first = solver(ask["rtol"], ask["patients"])
        took = {"seconds": time.perf_counter() - clock, "processor_seconds": time.process_time() - processor}
        np.savez(ask["out"], states=states, first=first)
        _tell(answers, {**took, "preparation_seconds": preparation})


def _tell(answers, message: dict) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()
