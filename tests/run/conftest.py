"""A study small enough to run in seconds, and one run of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = """
inferon: 1
title: A small study
question: Does the run work?
families: [reference, strong_direct]
cohort: {population: transplant-reference, size: 160, follow_up: 12 months, comparison_size: 80}
arms:
  control: {}
  peginterferon:
    regimen: [{drug: peginterferon alfa-2a, dose: 180 ug, start: day -1, every: 14 days, doses: 4}]
published:
  - {arm: peginterferon, endpoint: relapse, time: 6 months, estimate: 39 %, n: 36, source: magenau2021-03}
trial:
  stratify: [disease_status]
  power: {endpoint: relapse, time: 6 months, sizes: [20, 40], trials: 60}
seed: 11
"""


def inferon(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """The command line as a user calls it."""
    command = [sys.executable, "-m", "inferon", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="session")
def small_study(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("study") / "small.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_run(small_study, tmp_path_factory) -> tuple[Path, dict]:
    """The folder of a run made with one thread and one chunk, and what --json printed."""
    folder = tmp_path_factory.mktemp("runs") / "base"
    done = inferon("run", small_study, "--out", folder, "--threads", 1, "--chunk", 1000, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)
