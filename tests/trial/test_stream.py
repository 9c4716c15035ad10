"""Streaming a cohort gives the patients that simulating it at once gives, in the memory of one block."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from inferon.cohort import draw_cohort
from inferon.protocol import Regimen
from inferon.trial import arm_in_blocks, simulate_arm

FOUR_DOSES = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
ARM = {"seed": 5, "follow_up": 120.0}


@pytest.mark.parametrize(("block", "threads"), [(64, 1), (37, 2)])
def test_law_blocks_are_the_patients_of_one_simulation(block: int, threads: int) -> None:
    cohort = draw_cohort("transplant-reference", np.arange(100), seed=ARM["seed"])
    whole = simulate_arm(cohort, FOUR_DOSES, follow_up=ARM["follow_up"]).events
    blocks = arm_in_blocks("transplant-reference", FOUR_DOSES, patients=100, block=block, threads=threads, **ARM)
    assert pl.concat(blocks).equals(whole)


def test_law_memory_does_not_grow_with_the_patients() -> None:
    def peak(patients: int) -> int:
        tracemalloc.start()
        for _ in arm_in_blocks("transplant-reference", [], patients=patients, block=64, **ARM):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(64)  # the first run loads and compiles
    assert peak(384) < 1.3 * peak(128)


def test_fault_an_unknown_population_is_named() -> None:
    with pytest.raises(KeyError, match="unknown population 'nobody'"):
        next(arm_in_blocks("nobody", [], patients=1, **ARM))
