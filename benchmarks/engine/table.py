"""The results as Markdown: printed after a run, or put into the docs page between its two markers.

python benchmarks/engine/table.py [--write]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable
from pathlib import Path

from interpolation import seconds_at

sys.path.append(str(Path(__file__).parents[1]))
from results_page import ROOT, print_or_write, rounded, setting

RESULTS, PAGE = ROOT / "benchmarks/results/engine.json", ROOT / "docs/engine_benchmark.md"
TARGETS = {"median_error": (1e-3, 1e-4, 1e-5, 1e-6), "largest_error": (1e-2, 1e-3, 1e-4, 1e-5)}
OURS = "inferon"


def markdown(result: dict) -> str:
    """Machine and versions, then for each problem patients a second at equal error and every point measured."""
    lines = [setting(result)]
    for name, problem in result["problems"].items():
        lines += ["", f"### {name}", "", _introduction(problem), ""]
        for measure in TARGETS:
            lines += [*_at_equal_error(problem["rows"], measure), ""]
        lines += [_two_threads(problem["rows"]), *(f"Left out: {why}." for why in problem["skipped"]), ""]
        lines += ["<details><summary>every point measured</summary>", "", *_points(problem["rows"]), "", "</details>"]
    return "\n".join(lines) + "\n"


def _introduction(problem: dict) -> str:
    check = problem["check_of_reference"]
    return (
        f"{problem['title'][0].upper()}{problem['title'][1:]}: {problem['states']} states, {problem['events']} events, "
        f"{problem['patients']} patients. {check['by']} at the reference's tolerances differs from it by at most "
        f"{check['largest_error']:.1e} (states) and {check['largest_event_error_days']:.1e} d (events) "
        f"in {check['patients']} patients."
    )


def _at_equal_error(rows: list[dict], measure: str) -> Iterable[str]:
    """Patients a second of one core at each error, and how many times more ours are."""
    targets = TARGETS[measure]
    yield "| " + " | ".join([f"patients/s at {measure.replace('_', ' ')}", *(f"{t:.0e}" for t in targets)]) + " |"
    yield "|---" * (len(targets) + 1) + "|"
    for engine in dict.fromkeys(row["engine"] for row in rows):
        known = all(row["processor_seconds_per_patient"] for row in rows if row["engine"] == engine)
        clock = "processor_seconds_per_patient" if known else "seconds_per_patient"
        cells = [_cell(rows, engine, measure, target, clock) for target in targets]
        yield "| " + " | ".join([engine, *cells]) + " |"


def _cell(rows: list[dict], engine: str, measure: str, target: float, clock: str) -> str:
    theirs, best = (_seconds(rows, name, measure, target, clock) for name in (engine, OURS))
    if theirs is None:
        return "not reached"
    ratio = "" if engine == OURS or best is None else f" (ours {rounded(theirs / best, digits=3)} ×)"
    return f"{rounded(1 / theirs, digits=3)}{ratio}"


def _seconds(rows: list[dict], engine: str, measure: str, target: float, clock: str) -> float | None:
    points = [
        (row[measure], row[clock])
        for row in rows
        if (row["engine"], row["threads"], row["failures"], row["events_in_one_only"]) == (engine, 1, 0, 0)
    ]
    return seconds_at(target, points)


def _two_threads(rows: list[dict]) -> str:
    """How much faster two threads of ours are than one, by the clock."""
    seconds = {(r["method"], r["rtol"], r["threads"]): r["seconds_per_patient"] for r in rows if r["engine"] == OURS}
    gains = [one / seconds[method, rtol, 2] for (method, rtol, threads), one in seconds.items() if threads == 1]
    return f"Two threads of ours against one: {statistics.median(gains):.2f} × (median over methods and tolerances)."


def _points(rows: list[dict]) -> Iterable[str]:
    yield (
        "| solver | rtol | threads | patients/s | median error | largest error | largest event error, d | "
        "events found by one only | failures | preparation, s |"
    )
    yield "|---" * 10 + "|"
    for row in rows:
        ready = row["preparation_seconds"]
        cells = [f"{row['engine']} {row['method']}", f"{row['rtol']:.0e}", str(row["threads"])]
        alone = row["threads"] == 1 and row["processor_seconds_per_patient"]
        cells += [rounded(1 / (alone or row["seconds_per_patient"]), digits=3)]
        cells += [f"{row[name]:.1e}" for name in ("median_error", "largest_error", "largest_event_error_days")]
        cells += [str(row["events_in_one_only"]), str(row["failures"]), "" if ready is None else f"{ready:.1f}"]
        yield "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print_or_write(RESULTS, PAGE, markdown)
