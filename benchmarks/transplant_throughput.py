"""How many virtual transplant patients a second, how right, and on how many cores?

The shipped study's treated arm (four doses, 365 days, no extinction layer so that every setting does the same work), by
tolerance, lane width and threads. Accuracy is the largest difference of any event day from a run at relative tolerance 1e-10,
over patients whose event happens in both; a patient whose event happens in one run only is counted. Runs are interleaved and
medians reported. ``--million`` follows a million patients, event summaries only, extinction layer on.

    python benchmarks/transplant_throughput.py [--patients 4096] [--repeats 5] [--million]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from inferon.cohort import draw_cohort
from inferon.engine import Batch, compile_model
from inferon.engine.compiled import machine_width
from inferon.protocol import Regimen
from inferon.store import write_parquet_blocks
from inferon.trial import arm_in_blocks
from inferon.trial.simulate import SETTINGS, START_DAY, _inputs

RESULTS = Path(__file__).parent / "results"
FOUR_DOSES = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
SEED, FOLLOW_UP = 20211201, 365.25


def _batch(inputs, rtol: float, width: int) -> Batch:
    model, values, doses = inputs
    wide = model if width == model.width else compile_model(model.kernel.model, model.kernel.readouts, width=width)
    return Batch(wide, values, start=START_DAY, doses=doses, settings=replace(SETTINGS, rtol=rtol))


def _accuracy(batch: Batch, reference: Batch) -> dict[str, float]:
    both = np.isfinite(batch.first) & np.isfinite(reference.first)
    apart = np.abs(np.where(both, batch.first, 0) - np.where(both, reference.first, 0))
    only_one = np.isfinite(batch.first) != np.isfinite(reference.first)
    return {"largest_event_error_days": float(apart.max()), "events_in_one_run_only": int(only_one.sum())}


def throughput(patients: int, repeats: int) -> list[dict]:
    cohort = draw_cohort("transplant-reference", np.arange(patients), seed=SEED)
    inputs = _inputs(cohort, FOUR_DOSES, {})
    reference = _batch(inputs, 1e-10, machine_width())
    reference.advance(FOLLOW_UP, threads=2)
    plans = [
        (rtol, width, threads)
        for rtol in (1e-4, 1e-6)
        for width, threads in ((1, 1), (machine_width(), 1), (machine_width(), 2))
    ]
    seconds: dict[tuple, list[float]] = {plan: [] for plan in plans}
    rows = {}
    for repeat in range(repeats + 1):
        for plan in plans:
            rtol, width, threads = plan
            batch = _batch(inputs, rtol, width)
            start = time.perf_counter()
            batch.advance(FOLLOW_UP, threads=threads)
            if repeat:  # the first round compiles and warms up
                seconds[plan].append(time.perf_counter() - start)
            rows[plan] = {
                "rtol": rtol,
                "width": width,
                "threads": threads,
                "steps_per_patient": float(batch.steps[:, :2].sum(axis=1).mean()),
                **_accuracy(batch, reference),
            }
    for plan, row in rows.items():
        row["patients_per_second"] = patients / statistics.median(seconds[plan])
    return list(rows.values())


def million(patients: int = 1_000_000, rtol: float = 1e-4) -> dict:
    """Relapse, death and GVHD of a million patients, streamed to a file block by block in constant memory."""
    settings = replace(SETTINGS, rtol=rtol)
    with tempfile.TemporaryDirectory() as folder:
        path, start = Path(folder) / "events.parquet", time.perf_counter()
        blocks = arm_in_blocks(
            "transplant-reference",
            FOUR_DOSES,
            patients=patients,
            seed=SEED,
            follow_up=FOLLOW_UP,
            settings=settings,
            threads=2,
        )
        rows = write_parquet_blocks(blocks, path)
        names = ("relapse", "non_relapse_mortality", "acute_gvhd_3_4")
        counts = pl.scan_parquet(path).select(pl.col(f"{name}_day").count().alias(name) for name in names).collect()
        seconds = time.perf_counter() - start
        size = path.stat().st_size / 2**20
    return {
        "patients": rows,
        "rtol": rtol,
        "seconds": seconds,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "file_mib": size,
        "share": {name: counts[name].item() / patients for name in names},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--million", action="store_true")
    chosen = parser.parse_args()
    result = {
        "machine": {"architecture": platform.machine(), "lane_width": machine_width()},
        "versions": {name: version(name) for name in ("inferon", "numba", "llvmlite", "numpy")},
        "comparator": "the same engine at relative tolerance 1e-10 (accuracy), one lane (speed)",
    }
    result |= {"million": million()} if chosen.million else {"throughput": throughput(chosen.patients, chosen.repeats)}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / ("transplant_million.json" if chosen.million else "transplant_throughput.json")
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
