"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest


def _shared_folder() -> Path | None:
    named = os.environ.get("INFERON_SHARED")
    candidates = [Path(named)] if named else [Path(__file__).resolve().parents[2] / "shared"]
    return next((folder for folder in candidates if (folder / "science").is_dir()), None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with specification, evidence, data and oracles; tests that need it skip loudly where it is absent."""
    folder = _shared_folder()
    if folder is None:
        pytest.skip("the shared folder (specification, data, oracles) is absent; set INFERON_SHARED to run this test")
    return folder
