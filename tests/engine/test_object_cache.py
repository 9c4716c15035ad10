"""Compiled code on disk: found again, built again when damaged, and harmless when the folder cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import ctypes, sys
import numpy as np
from inferon.engine import compile_model
from inferon.engine.compiled import FUNCTIONS
from inferon.model import load_composite

model = compile_model(load_composite("interferon"), ("C",))
vector = ctypes.POINTER(ctypes.c_double)
rates = ctypes.CFUNCTYPE(None, ctypes.c_double, *[vector] * 6)(int(model.addresses[FUNCTIONS.index("hoisted")]))
point = lambda a: a.ctypes.data_as(vector)
table = np.zeros(len(model.kernel.parameters) + len(model.kernel.hoisted))
table[: len(model.kernel.parameters)] = model.defaults(1)[0]
other, out = np.zeros(64), np.zeros(max(1, len(model.kernel.hoisted)))
rates(0.0, point(other), point(table), point(other), point(other), point(other), point(out))
print(out.tolist())
"""


def _run(cache: Path) -> str:
    environment = {**os.environ, "INFERON_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _stored(cache: Path) -> dict[Path, bytes]:
    """Every object file of a cache with its bytes."""
    return {path: path.read_bytes() for path in sorted((cache / "kernels").glob("*.o"))}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> tuple[Path, str, dict[Path, bytes]]:
    """A cache after one run, what the run printed, and the object files."""
    cache = tmp_path_factory.mktemp("cache")
    printed = _run(cache)
    assert _stored(cache)
    return cache, printed, _stored(cache)


def test_law_compiled_code_is_found_again(fresh) -> None:
    cache, printed, good = fresh
    before = {path: path.stat().st_mtime_ns for path in good}
    assert _run(cache) == printed
    assert {path: path.stat().st_mtime_ns for path in good} == before
    assert set((cache / "kernels").iterdir()) == set(good), "left-overs beside the object files"


def _damaged(good: bytes, how: str) -> bytes:
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    return {"truncated": good[:500], "one bit": bytes(flipped), "emptied": b"", "garbage": os.urandom(4000)}[how]


@pytest.mark.parametrize("how", ["truncated", "one bit", "emptied", "garbage"])
def test_fault_a_damaged_object_file_is_built_again(fresh, how: str) -> None:
    cache, printed, good = fresh
    for path, content in good.items():
        path.write_bytes(_damaged(content, how))
    assert _run(cache) == printed
    assert _stored(cache) == good


def test_fault_a_cache_that_cannot_be_written_costs_nothing_but_time(fresh, tmp_path: Path) -> None:
    blocked = tmp_path / "file, not a folder"
    blocked.write_text("occupied")
    assert _run(blocked) == fresh[1]
    assert blocked.read_text() == "occupied"
