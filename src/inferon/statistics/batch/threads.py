"""Compiled work spread over threads, a run of trials at a time; no number depends on which thread computes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inferon.statistics.batch.cache import seal

_PIECES = 4
"""Runs of trials a thread, so that threads finish together."""


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_pieces(work: Callable[[int, int], Any], trials: int, threads: int | None) -> None:
    """``work(first, last)`` for consecutive runs of trials that together cover all of them."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more, found {threads}")
    workers = min(threads or available_cores(), trials)
    if workers == 1:
        work(0, trials)
        return
    pieces = min(trials, workers * _PIECES)
    bounds = [trials * piece // pieces for piece in range(pieces + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


def over_trials(kernel: Any, trials: int, *arguments: Any, threads: int | None = None) -> None:
    """Run a compiled ``kernel(first, last, *arguments)`` over all trials; it writes its answers into its arguments."""
    compiled_before = sum(kernel.stats.cache_misses.values())
    in_pieces(lambda first, last: kernel(first, last, *arguments), trials, threads)
    if sum(kernel.stats.cache_misses.values()) != compiled_before:
        seal()
