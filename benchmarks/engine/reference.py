"""The solution everything is measured against, how errors are measured, and the check that the reference itself is right.

The reference is our engine at rtol 1e-11 with absolute tolerances 1e-5 of the shipped ones and without floors. It is checked on
some patients against SciPy's LSODA at the same tolerances, another method in another program.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from problems import Problem

from inferon.engine import Batch, CompiledModel, Status, compile_model

TIGHT = 1e-11
TIGHTER = 1e-5
"""Absolute tolerances of the reference are this much smaller than the problem's."""
STANDARD = 1e-6
"""A state is small below its absolute tolerance over this, the relative tolerance it was chosen for."""


@dataclass(frozen=True)
class Solution:
    """Last states (patients, states), first event days (patients, events; infinite: never), which failed, and what it took.

    ``seconds`` are those of the clock; ``processor_seconds`` those the process computed, where that is known.
    """

    states: np.ndarray
    first: np.ndarray
    failed: np.ndarray
    seconds: float
    processor_seconds: float | None = None
    preparation_seconds: float | None = None


def ours(problem: Problem, compiled: CompiledModel, rtol: float, *, threads: int = 1) -> Solution:
    """One run of our engine; only the integration is timed."""
    settings = replace(problem.settings, rtol=rtol)
    batch = Batch(compiled, problem.parameters, start=problem.start, doses=problem.doses, settings=settings)
    clock, processor = time.perf_counter(), time.process_time()
    batch.advance(problem.end, stop_on=problem.stop_on, threads=threads)
    took = (time.perf_counter() - clock, time.process_time() - processor)
    return Solution(batch.y, batch.first, batch.status != Status.FINISHED, *took)


def tightened(problem: Problem) -> Problem:
    """The problem with the tolerances of the reference and without floors."""
    settings = problem.settings
    atol = {state: value * TIGHTER for state, value in settings.atol.items()}
    tight = replace(settings, default_atol=settings.default_atol * TIGHTER, atol=atol, floor={}, max_steps=10_000_000)
    return replace(problem, settings=tight)


def reference(problem: Problem, *, threads: int = 2) -> Solution:
    """The reference solution. Raises ``RuntimeError`` when a patient cannot be solved."""
    method = "implicit" if problem.stiff else "explicit"
    compiled = compile_model(problem.model, problem.readouts, method=method)
    solution = ours(tightened(problem), compiled, TIGHT, threads=threads)
    if solution.failed.any():
        raise RuntimeError(f"{problem.name}: the reference fails in {solution.failed.sum()} patients")
    return solution


def errors(solution: Solution, right: Solution, problem: Problem) -> dict[str, float | int]:
    """How far a solution is from the right one, over the patients it has.

    A patient's error is the largest, over states, of |value - reference| / (|reference| + absolute tolerance / 1e-6) at the
    patient's last time (an event that ends it, or the end). Reported are its median and its largest value over patients that did
    not fail; the largest error of a first event day found by both after the start; and how often one alone found an event.
    """
    count = len(solution.states)
    truth, days = right.states[:count], right.first[:count]
    distance = np.abs(solution.states - truth) / (np.abs(truth) + problem.atol / STANDARD)
    worst = distance.max(axis=1)[~solution.failed]
    asked = days > problem.start  # what is true at the start need not be located
    both = asked & np.isfinite(days) & np.isfinite(solution.first)
    apart = np.abs(np.where(both, solution.first, 0.0) - np.where(both, days, 0.0))
    one_only = asked & (np.isfinite(days) != np.isfinite(solution.first))
    return {
        "median_error": float(np.median(worst)),
        "largest_error": float(worst.max()),
        "largest_event_error_days": float(apart.max(initial=0.0)),
        "events_in_one_only": int(one_only.sum()),
        "failures": int(solution.failed.sum()),
    }
