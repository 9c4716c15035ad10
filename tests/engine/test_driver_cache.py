"""The compiled loop on disk: a damaged file costs a compilation, not the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from inferon.engine import Batch, compile_model
from inferon.model import read_antimony

model = compile_model(read_antimony("model decay(); x = 1; x' = -x; end"), ("x",))
batch = Batch(model, model.defaults(1), start=0.0)
batch.advance(1.0)
print(batch.y[0, 0])
"""


def _run(cache: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {"INFERON_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fault_a_damaged_loop_is_compiled_again(tmp_path: Path) -> None:
    printed = _run(tmp_path)
    assert float(printed) == pytest.approx(0.36787944, rel=1e-6)
    for ending, damage in ((".nbi", b"not an index"), (".nbc", b"")):
        files = list((tmp_path / "driver").rglob(f"*{ending}"))
        assert files
        for file in files:
            file.write_bytes(damage)
        assert _run(tmp_path) == printed
