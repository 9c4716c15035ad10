"""How fast are the batched statistics, beside lifelines and comprisk on the same trials, and how does a single curve
grow with n?

Peers run in ``.venv-peers-statistics``, one process on one core, and take turns with ours; medians are kept, answers
compared. Writes ``benchmarks/results/statistics.json`` and prints the table.

    python benchmarks/statistics/batch/run.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ours import STATISTICS, TOGETHER, sorted_trials
from setting import PATIENTS, Simulated, simulate
from table import RESULTS, markdown

from inferon.statistics import aalen_johansen
from inferon.statistics.batch.threads import available_cores

HERE = Path(__file__).parent
PYTHON = HERE.parents[2] / ".venv-peers-statistics" / "bin" / "python"
PAIRS = (
    ("log-rank", "lifelines", "lifelines log-rank", "error"),
    ("Gray", "comprisk", "comprisk Gray", "error"),
    ("CIF at two times, with limits", "comprisk", "comprisk CIF", "error"),
    ("CIF at two times, with limits", "lifelines", "lifelines CIF", "error"),
    ("Cox, one covariate", "lifelines", "lifelines Cox", "error"),
    ("Fine–Gray, one covariate", "comprisk", "comprisk Fine-Gray", "model_error"),
    ("Fine–Gray, one covariate", "comprisk, robust error", "comprisk Fine-Gray, robust", "error"),
    ("Kaplan–Meier at two times, with limits", "lifelines", "lifelines Kaplan-Meier", "error"),
    ("RMST difference", "lifelines", "lifelines RMST", "error"),
)
"""Our statistic, the peer, its task, and which of our errors is the same as the peer's."""


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def processor_seconds_of(work: Callable[[], Any]) -> float:
    """Processor time of one call, which other work on the machine disturbs least."""
    before = time.process_time()
    work()
    return time.process_time() - before


def batch_rows(simulated: Simulated, repeats: int) -> dict[str, dict[str, float]]:
    """Seconds of sorting and of each statistic, with one thread and with all; medians of interleaved runs."""
    rows = {}
    many = {threads: sorted_trials(simulated, threads) for threads in (1, None)}
    works = {"checking and sorting": lambda threads: sorted_trials(simulated, threads)}
    works |= {name: lambda threads, run=run: run(many[threads]) for name, run in STATISTICS.items()}
    for name, work in works.items():
        work(None)
        taken = [[seconds_of(lambda n=n, work=work: work(n)) for n in (1, None)] for _ in range(repeats)]
        one, every = np.median(taken, axis=0).tolist()
        rows[name] = {"one_thread": one, "all_threads": every}
    return rows


def together(simulated: Simulated, threads: int | None) -> None:
    """The five statistics of the goal, sorting included."""
    trials = sorted_trials(simulated, threads)
    for name in TOGETHER:
        STATISTICS[name](trials)


def compilation_seconds() -> float:
    """What the first use on a new machine costs: the five statistics on two small trials, with an empty cache."""
    code = "from run import together; from setting import simulate; together(simulate(2, seed=1), 1)"
    with tempfile.TemporaryDirectory(prefix="inferon-bench-") as folder:
        environment = {**os.environ, "INFERON_CACHE": folder, "PYTHONPATH": str(HERE)}
        run = [sys.executable, "-c", code]
        cold = seconds_of(lambda: subprocess.run(run, env=environment, check=True))
        return cold - seconds_of(lambda: subprocess.run(run, env=environment, check=True))


class Peers:
    """The peers' process; a context manager that ends it."""

    def __init__(self) -> None:
        if not PYTHON.exists():
            raise FileNotFoundError(f"{PYTHON} is missing: run `make bench-statistics`, which makes it")
        alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [PYTHON, "-W", "ignore", HERE / "peers.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=alone,
        )
        self.versions = self._answer()

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # closes its input, at which it ends

    def ask(self, task: str, file: Path) -> tuple[float, dict[str, np.ndarray]]:
        """Processor seconds of the peer on all trials of a file, and its numbers."""
        out = file.with_suffix(".answer.npz")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"task": task, "file": str(file), "out": str(out)}) + "\n")
        self.process.stdin.flush()
        took = self._answer()["processor_seconds"]
        with np.load(out) as found:
            return took, dict(found)

    def _answer(self) -> dict:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the peers ended without an answer; their message is above")
        return json.loads(line)


def peer_rows(peers: Peers, folder: Path, trials: int, repeats: int) -> list[dict]:
    """Each peer beside ours, taking turns: seconds a trial, and the largest differences on exact and on monthly
    times."""
    sets = {"exact": simulate(trials, seed=2), "months": simulate(trials, seed=2, months=True)}
    files = {name: folder / f"{name}.npz" for name in sets}
    for name, simulated in sets.items():
        np.savez(files[name], time=simulated.time, cause=simulated.cause, arm=simulated.arm)
    enough = simulate(max(2000, trials), seed=2)  # our batch, large enough to time
    rows = []
    for statistic, program, task, error in PAIRS:
        run = STATISTICS[statistic]
        theirs, ours = [], []
        row: dict[str, Any] = {"statistic": statistic, "program": program, "trials": trials}
        for _ in range(repeats):
            ours.append(processor_seconds_of(lambda run=run: run(sorted_trials(enough, 1))) / len(enough.time))
            theirs.append(peers.ask(task, files["exact"])[0] / trials)
        for name, simulated in sets.items():
            found, mine = peers.ask(task, files[name])[1], run(sorted_trials(simulated))
            row[name] = largest_difference(found["estimate"], mine["estimate"])
            row[f"{name}_error"] = largest_difference(found["error"], mine.get(error))
        rows.append(row | {"seconds": statistics.median(theirs), "ours": statistics.median(ours)})
    return rows


def largest_difference(theirs: np.ndarray, ours: np.ndarray | None) -> float | None:
    """Largest |theirs - ours| as a share of the mean |ours|; None where one of them has no such number."""
    if ours is None or theirs.size == 0:
        return None
    ours = ours.reshape(theirs.shape)
    return float(np.nanmax(np.abs(theirs - ours)) / np.nanmean(np.abs(ours)))


def growth_rows(sizes: tuple[int, ...], repeats: int) -> list[dict]:
    """Seconds of the public single estimator, both causes, with limits: distinct times, and times in whole days."""
    rows = []
    for name in ("exact", "whole days"):
        for patients in sizes:
            one = simulate(1, seed=3, patients=patients)
            times = np.ceil(one.time[0] * 365.25) if name == "whole days" else one.time[0]
            work = lambda times=times, one=one: aalen_johansen(times, one.cause[0]).at([1.0])  # noqa: E731
            work()
            taken = statistics.median(seconds_of(work) for _ in range(repeats))
            rows.append({"patients": patients, "times": name, "seconds": taken})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer trials, patients and repeats")
    quick = parser.parse_args().quick
    machine = {"architecture": platform.machine(), "cores": available_cores()}
    if hasattr(os, "getloadavg"):
        machine["load_before"] = round(os.getloadavg()[0], 1)  # a busy machine spoils the figures of two threads
    many, repeats = simulate(1000 if quick else 10_000, seed=1), 3 if quick else 5
    rows = batch_rows(many, repeats)
    goal = [statistics.median(seconds_of(lambda n=n: together(many, n)) for _ in range(repeats)) for n in (None, 1)]
    with tempfile.TemporaryDirectory(prefix="inferon-bench-") as folder, Peers() as peers:
        result = {
            "machine": machine,
            "versions": {n: version(n) for n in ("inferon", "numba", "llvmlite", "numpy")} | peers.versions,
            "quick": quick,
            "compilation_seconds": compilation_seconds(),
            "batch": {"trials": len(many.time), "patients": PATIENTS, "rows": rows},
            "together": {
                "statistics": TOGETHER,
                "threads": available_cores(),
                "seconds": goal[0],
                "seconds_one_thread": goal[1],
            },
            "peers": peer_rows(peers, Path(folder), 20 if quick else 200, 3),
            "growth": growth_rows((10_000, 100_000) if quick else (10_000, 100_000, 1_000_000), 3),
        }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
