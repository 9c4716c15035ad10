"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# The suite tries the same examples every time, so a red run is a change of ours; HYPOTHESIS_PROFILE=explore tries new ones.
# Hypothesis also tries numbers it finds in the modules loaded so far, and those depend on which tests ran before: not here.
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "suite")
_anything = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much]}
settings.register_profile("suite", derandomize=True, **_anything)
settings.register_profile("explore", derandomize=False, print_blob=True, **_anything)
settings.load_profile(PROFILE)
if PROFILE == "suite":
    providers._get_local_constants = providers.Constants


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
