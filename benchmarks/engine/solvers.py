"""Who takes part and how each is run: one entry for each solver, tolerance and number of threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from problems import Problem
from reference import Solution, ours
from workers import Workers

from inferon.engine import Doses, compile_model

try:
    import cpp
except ImportError:
    cpp = None

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
QUICK = (1e-3, 1e-5, 1e-7)
FEW = 16
"""Patients for a peer that would take minutes with all."""


@dataclass
class Entry:
    """One solver at one tolerance: how to run it, and what its runs gave."""

    engine: str
    method: str
    rtol: float
    patients: int
    run: Callable[[], Solution]
    threads: int = 1
    copies: int = 1
    solutions: list[Solution] = field(default_factory=list)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def copied(problem: Problem) -> Problem:
    """The same patients several times over."""
    copies, doses = problem.copies, problem.doses
    parts = (np.tile(part, (copies, 1)) for part in (doses.time, doses.amount, doses.duration, doses.state))
    return replace(problem, parameters=np.tile(problem.parameters, (copies, 1)), doses=Doses(*parts))


def entries(problem: Problem, folder: Path, workers: Workers, *, quick: bool) -> tuple[list[Entry], list[str]]:
    """Everybody who takes part in one problem, and a sentence for each who cannot."""
    tolerances = QUICK if quick else TOLERANCES
    lanes, skipped = _cpp(problem, tolerances)
    return _inferon(problem, tolerances) + lanes + _peers(problem, folder, workers, quick=quick), skipped


def _methods(problem: Problem) -> tuple[str, ...]:
    return ("implicit",) if problem.stiff else ("explicit", "implicit")


def _inferon(problem: Problem, tolerances: tuple[float, ...]) -> list[Entry]:
    many = copied(problem)
    found = []
    for method in _methods(problem):
        compiled = compile_model(problem.model, problem.readouts, method=method)
        for rtol in tolerances:
            for threads in (1, 2):
                run = partial(_run_ours, many, compiled, rtol, threads)
                found.append(Entry("inferon", method, rtol, len(problem), run, threads, problem.copies))
    return found + ([] if problem.stiff else _screening(many, len(problem)))


def _screening(many: Problem, patients: int) -> list[Entry]:
    """Ours in single precision, twice the lanes: for screening only, right to about 1e-4."""
    compiled = compile_model(many.model, many.readouts, precision="single")
    return [
        Entry(
            "inferon, single precision",
            "explicit",
            rtol,
            patients,
            partial(_run_ours, many, compiled, rtol, 1),
            1,
            many.copies,
        )
        for rtol in (1e-3, 1e-4, 1e-5)
    ]


def _run_ours(problem: Problem, compiled, rtol: float, threads: int) -> Solution:
    with one_core() if threads == 1 else contextlib.nullcontext():
        return ours(problem, compiled, rtol, threads=threads)


def _cpp(problem: Problem, tolerances: tuple[float, ...]) -> tuple[list[Entry], list[str]]:
    if cpp is None:
        return [], ["hand-written C++: its module cannot be imported"]
    many = copied(problem)
    found, skipped = [], []
    for method in _methods(problem):
        try:
            cpp.build(many, method)
        except cpp.ComparatorError as why:
            skipped.append(f"hand-written C++, {method}: {why}")
            continue
        for rtol in tolerances:
            run = partial(_run_cpp, many, rtol, method)
            found.append(Entry("C++ lanes", method, rtol, len(problem), run, copies=problem.copies))
    return found, skipped


def _run_cpp(problem: Problem, rtol: float, method: str) -> Solution:
    with one_core():
        found = cpp.solve(problem, rtol=rtol, method=method, threads=1)
    return Solution(
        found.states, found.first, found.status != 1, found.seconds, getattr(found, "processor_seconds", None)
    )


def _peers(problem: Problem, folder: Path, workers: Workers, *, quick: bool) -> list[Entry]:
    """The peers by method and tolerance; a method of no use for the problem is left out."""
    everybody = len(problem)
    usual = (1e-4, 1e-6, 1e-8) if quick else (1e-3, 1e-4, 1e-6, 1e-8)
    plan = [("libRoadRunner", "CVODE BDF", everybody, usual), ("SciPy", "LSODA", everybody, usual)]
    if problem.stiff:
        plan.append(("diffrax", "Kvaerno5", everybody, (1e-2, 1e-3, *usual[:-1])))
    else:
        plan += [("libRoadRunner", "CVODE Adams", everybody, usual), ("diffrax", "Tsit5", everybody, usual)]
        plan += [] if quick else [("diffrax", "Kvaerno5", min(FEW, everybody), (1e-4, 1e-6))]
        documented = (1e-4, 1e-6) if quick else (1e-3, 1e-4, 1e-6)
        plan += [
            ("SciPy as documented", "solve_ivp LSODA", min(2 * FEW, everybody), documented),
            ("diffrax as documented", "diffeqsolve Tsit5", min(2 * FEW, everybody), documented),
        ]
    return [
        Entry(engine, method, rtol, patients, partial(workers.run, engine, folder, method, rtol, patients))
        for engine, method, patients, tolerances in plan
        for rtol in dict.fromkeys(tolerances)
    ]
