"""The results as Markdown: printed after a run, or put into the docs page between its two markers.

python benchmarks/statistics/batch/table.py [--write]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
from results_page import ROOT, print_or_write, rounded, setting

RESULTS, PAGE = ROOT / "benchmarks/results/statistics.json", ROOT / "docs/statistics_benchmark.md"


def markdown(result: dict) -> str:
    """Machine and versions, then the three questions."""
    return "\n".join([setting(result), "", *_together(result), "", *_peers(result), "", *_growth(result)]) + "\n"


def _together(result: dict) -> Iterator[str]:
    goal, batch = result["together"], result["batch"]
    threads = goal["threads"]
    yield f"### {batch['trials']:,} trials of {batch['patients']} patients"
    yield ""
    yield (
        f"Sorting, {', '.join(goal['statistics'])}: **{goal['seconds']:.2f} s** with {threads} threads, "
        f"{goal['seconds_one_thread']:.2f} s with one. The goal was 20 s. Once for a version of Inferon the five are "
        f"compiled before that: {result['compilation_seconds']:.0f} s."
    )
    yield ""
    yield f"| | one thread, s | {threads} threads, s | a trial, one thread, µs |"
    yield "|---|---|---|---|"
    for name, row in batch["rows"].items():
        each = 1e6 * row["one_thread"] / batch["trials"]
        yield f"| {name} | {row['one_thread']:.3f} | {row['all_threads']:.3f} | {each:.1f} |"


def _peers(result: dict) -> Iterator[str]:
    first = result["peers"][0]
    yield f"### Beside other programs, {first['trials']} of the same trials"
    yield ""
    yield (
        "| statistic | program | a trial, ms | ours, ms | ours faster "
        "| estimate differs by | its error differs by | months: estimate | months: its error |"
    )
    yield "|---" * 9 + "|"
    for row in result["peers"]:
        differences = " | ".join(_difference(row[name]) for name in ("exact", "exact_error", "months", "months_error"))
        times = f"{1e3 * row['seconds']:.2f} | {1e3 * row['ours']:.4f} | {rounded(row['seconds'] / row['ours'], digits=2)} ×"
        yield f"| {row['statistic']} | {row['program']} | {times} | {differences} |"


def _difference(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.0e}"


def _growth(result: dict) -> Iterator[str]:
    yield "### One cumulative incidence with its interval, by number of patients"
    yield ""
    yield "| patients | times in | s | s / (n log n), against the first row |"
    yield "|---|---|---|---|"
    per_unit: dict[str, float] = {}
    for row in result["growth"]:
        unit = row["seconds"] / (row["patients"] * math.log(row["patients"]))
        relative = unit / per_unit.setdefault(row["times"], unit)
        yield f"| {row['patients']:,} | {row['times']} | {row['seconds']:.3f} | {relative:.2f} |"


if __name__ == "__main__":
    print_or_write(RESULTS, PAGE, markdown)
