"""A problem as files any program can read: equations (SBML and Python), numbers (npz) and a description (json).

Patients are handed over just after the start, once the events true there and the doses given there have happened, so that no peer
need agree with us on what happens at the first instant. Each event also writes its day into a parameter ``day_of_<event>``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from problems import Problem
from source import JAX, NUMBA, known_days, python_source

from inferon.engine import Batch, compile_model
from inferon.model import Model
from inferon.model.export import sbml_text
from inferon.model.expression import TIME, ZERO, call, names, symbol
from inferon.model.kernel import Kernel, build_kernel

NEVER = 1e30
"""Day of an event that has not happened, in SBML (where infinity has no reliable spelling)."""


def write(problem: Problem, folder: Path) -> None:
    """Write ``problem`` into ``folder``. Raises ``ValueError`` for infusions, which no peer here is asked to give."""
    if np.any(problem.doses.duration[np.isfinite(problem.doses.time)] > 0):
        raise ValueError(f"{problem.name} has infusions; the peers give boluses only")
    kernel = build_kernel(problem.model, problem.readouts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(sbml_text(_telling_days(problem.model)), encoding="utf-8")
    for dialect, name in ((NUMBA, "equations_numba"), (JAX, "equations_jax")):
        (folder / f"{name}.py").write_text(python_source(kernel, dialect), encoding="utf-8")
    np.savez(folder / "numbers.npz", **_numbers(problem))
    (folder / "problem.json").write_text(json.dumps(_description(problem, kernel), indent=1), encoding="utf-8")


def _telling_days(model: Model) -> Model:
    """The model with one more switch an event: the day it first happened."""
    events = [
        replace(e, assignments=(*e.assignments, (day, call("min", symbol(day), TIME))), scales=())
        for e, day in ((event, f"day_of_{event.name}") for event in model.events)
    ]
    days = {f"day_of_{event.name}": NEVER for event in model.events}
    return replace(model, events=tuple(events), switches={**model.switches, **days})


def _numbers(problem: Problem) -> dict[str, np.ndarray]:
    batch = Batch(
        compile_model(problem.model, problem.readouts),
        problem.parameters,
        start=problem.start,
        doses=problem.doses,
        settings=problem.settings,
    )
    batch.advance(problem.start, stop_on=problem.stop_on)
    later = batch.doses.time > problem.start
    return {
        "parameters": problem.parameters,
        "states": batch.y,
        "switches": batch.switches,
        "first": batch.first,
        "dose_time": np.where(later, batch.doses.time, np.inf),
        "dose_amount": batch.doses.amount,
        "dose_state": batch.doses.state,
        "atol": problem.atol,
    }


def _description(problem: Problem, kernel: Kernel) -> dict:
    """What the peers must know; ``ends``, ``lands`` and ``delays`` have one entry an event."""
    model = problem.model
    return {
        "name": problem.name,
        "start": problem.start,
        "end": problem.end,
        "states": model.state_names,
        "parameters": list(model.parameters),
        "switches": list(model.switches),
        "events": [event.name for event in model.events],
        "ends": [event.name in problem.stop_on for event in model.events],
        "lands": _changes_equations(model),
        "delays": [_delay(event) for event in model.events],
        "assignment_start": kernel.assignment_start,
        "assignment_target": kernel.assignment_target,
        "known_days": [day for day in known_days(kernel) if problem.start < day < problem.end],
        "never": NEVER,
    }


def _changes_equations(model: Model) -> list[bool]:
    """For each event, whether integration must begin anew: it sets a state, or a switch that some equation reads."""
    formulas = model.inlined([*(s.rate for s in model.states), *(e.trigger for e in model.events)])
    read = set().union(*(names(formula) for formula in formulas))
    return [any(t in model.state_names or t in read for t, _ in event.assignments) for event in model.events]


def _delay(event) -> float:
    if event.delay is ZERO:
        return 0.0
    if event.delay.operation != "number" or event.persistent or not event.use_trigger_values:
        raise ValueError(f"{event.name}: the peers know only constant delays whose trigger must last")
    return event.delay.constant
