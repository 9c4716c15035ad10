"""The peers as processes of their own: one each, in ``.venv-peers``, asked for one run at a time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
from reference import Solution

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers" / "bin" / "python"
SCRIPTS = {
    "libRoadRunner": "peer_roadrunner.py",
    "SciPy": "peer_scipy.py",
    "diffrax": "peer_diffrax.py",
    "SciPy as documented": "peer_scipy.py",
    "diffrax as documented": "peer_diffrax.py",
}


class Workers:
    """The peers' processes, started when first asked; a context manager that ends them."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Workers:
        if not PYTHON.exists():
            raise FileNotFoundError(f"{PYTHON} is missing: run `make bench-engine`, which makes it")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.communicate()  # closes its input, at which it ends

    def run(self, engine: str, folder: Path, method: str, rtol: float, patients: int) -> Solution:
        """One run of a peer. Raises ``RuntimeError`` when it dies."""
        out = folder / f"{engine}.npz"
        asked = {"folder": str(folder), "method": method, "rtol": rtol, "patients": patients, "out": str(out)}
        answer = self._ask(engine, asked)
        with np.load(out) as found:
            failed = ~np.isfinite(found["states"]).all(axis=1)
            return Solution(found["states"], found["first"], failed, **answer)

    def _ask(self, engine: str, asked: dict) -> dict:
        if engine not in self.running:
            process = self.running[engine] = subprocess.Popen(
                [PYTHON, HERE / SCRIPTS[engine]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self.versions |= self._answer(engine, process)["versions"]
        process = self.running[engine]
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return self._answer(engine, process)

    @staticmethod
    def _answer(engine: str, process: subprocess.Popen[str]) -> dict:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{engine} ended without an answer; its message is above")
        return json.loads(line)
