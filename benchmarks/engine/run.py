"""Work against precision: our engine beside libRoadRunner, SciPy's LSODA, diffrax and hand-written C++, on the same patients.

Every solver carries the same patients of each problem at several tolerances; runs are interleaved, medians kept, errors measured
against a reference at 1e-11. Peers run in ``.venv-peers``, one process each on one core. Writes
``benchmarks/results/engine.json`` and prints the table.

    python benchmarks/engine/run.py [--problem transplant] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import exchange
from problems import PROBLEMS, Problem
from reference import TIGHT, Solution, errors, reference, tightened
from solvers import Entry, entries
from table import RESULTS, markdown
from workers import Workers

from inferon.engine.compiled import machine_width

CHECKED = 16
"""Patients on which the reference is checked."""


def compare(problem: Problem, folder: Path, workers: Workers, *, quick: bool) -> dict:
    """Everything measured on one problem."""
    exchange.write(problem, folder)
    right = reference(problem)
    everybody, skipped = entries(problem, folder, workers, quick=quick)
    for repeat in range(3 if quick else 4):
        for entry in everybody:
            solution = entry.run()
            if repeat:  # the first round warms up
                entry.solutions.append(solution)
    return {
        "title": problem.title,
        "states": len(problem.model.states),
        "events": len(problem.model.events),
        "patients": len(problem),
        "check_of_reference": check(problem, right, folder / "tight", workers),
        "rows": [summary(entry, right, problem) for entry in everybody],
        "skipped": skipped,
    }


def check(problem: Problem, right: Solution, folder: Path, workers: Workers) -> dict:
    """How far SciPy's LSODA at the reference's tolerances is from the reference."""
    exchange.write(tightened(problem), folder)
    other = workers.run("SciPy", folder, "LSODA", TIGHT, CHECKED)
    return {"by": "SciPy's LSODA", "patients": CHECKED} | errors(other, right, problem)


def summary(entry: Entry, right: Solution, problem: Problem) -> dict:
    """One line of the results: medians over the runs, errors of the first copy of the patients."""
    solution, once = entry.solutions[0], slice(0, entry.patients)
    found = replace(solution, states=solution.states[once], first=solution.first[once], failed=solution.failed[once])
    carried = entry.patients * entry.copies
    processor = [s.processor_seconds for s in entry.solutions if s.processor_seconds is not None]
    return {
        "engine": entry.engine,
        "method": entry.method,
        "rtol": entry.rtol,
        "threads": entry.threads,
        "patients": entry.patients,
        "copies": entry.copies,
        "seconds_per_patient": statistics.median(s.seconds for s in entry.solutions) / carried,
        "processor_seconds_per_patient": statistics.median(processor) / carried if processor else None,
        "preparation_seconds": solution.preparation_seconds,
        **errors(found, right, problem),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", choices=list(PROBLEMS), action="append", help="only this one (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="fewer patients, tolerances and repeats")
    chosen = parser.parse_args()
    machine = {"architecture": platform.machine(), "cores": os.cpu_count(), "lane_width": machine_width()}
    if hasattr(os, "getloadavg"):
        machine["load_before"] = round(os.getloadavg()[0], 1)  # a busy machine spoils the figures of two threads
    with tempfile.TemporaryDirectory(prefix="inferon-bench-") as folder, Workers() as workers:
        found = {
            name: compare(PROBLEMS[name](64 if chosen.quick else 128), Path(folder) / name, workers, quick=chosen.quick)
            for name in chosen.problem or PROBLEMS
        }
        result = {
            "machine": machine,
            "versions": {n: version(n) for n in ("inferon", "numba", "llvmlite", "numpy")} | workers.versions,
            "quick": chosen.quick,
            "problems": found,
        }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
