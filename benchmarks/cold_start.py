"""How long somebody waits: the first simulation after installation, the first of a later session, and `inferon --help`.

    python benchmarks/cold_start.py

Every figure is a process of its own, from its start to its end by the clock; the first begins with an empty compile cache.
Writes ``benchmarks/results/cold_start.json``.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "cold_start.json"
SIMULATION = """
from inferon.engine.single import simulate_model
from inferon.model.catalogue import load_composite
simulate_model(load_composite("transplant"), [0.0, 30.0, 60.0], outputs=["L"], rtol=1e-6)
"""
REPEATS = 5


def seconds(arguments: list[str], cache: str) -> float:
    """How long a process with this compile cache takes."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ | {"INFERON_CACHE": cache}
    )
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="inferon-cold-") as cache:
        first = seconds(["-c", SIMULATION], cache)
        later = statistics.median(seconds(["-c", SIMULATION], cache) for _ in range(REPEATS))
        helped = statistics.median(seconds(["-m", "inferon", "--help"], cache) for _ in range(REPEATS))
    result = {
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in ("inferon", "numba", "llvmlite")},
        "first_simulation_seconds": round(first, 2),
        "later_simulation_seconds": round(later, 2),
        "help_seconds": round(helped, 2),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"first simulation after installation  {first:6.2f} s")
    print(f"first simulation of a later session  {later:6.2f} s")
    print(f"inferon --help                       {helped:6.2f} s")


if __name__ == "__main__":
    main()
