"""Nominal 95 % intervals cover the truth 95 % of the time; benchmarks/statistics/interval_coverage.py asks with more trials."""

from pathlib import Path

import numpy as np
import pytest

REPLICATIONS = 300
ERRORS = 3.5
"""Bounds are this many Monte-Carlo errors: four shares leave them by chance in less than 2 of 1,000 seeds."""


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from benchmarks.statistics import interval_coverage as coverage

    return coverage


def test_law_the_simulated_trials_have_the_stated_truth(bench) -> None:
    setting = bench.Setting(patients_an_arm=100_000, first_censoring=50, last_censoring=51)
    follow_up, cause, arm = setting.trial(np.random.default_rng(1))
    for label in (0, 1):
        share = np.mean((follow_up <= 1) & (cause == 1) & (arm == label)) * 2
        free = np.mean((follow_up > 1) & (arm == label)) * 2
        assert share == pytest.approx(setting.incidence(1, label), abs=4 * 0.5 / np.sqrt(100_000))
        assert free == pytest.approx(setting.event_free(1, label), abs=4 * 0.5 / np.sqrt(100_000))
    lived = [np.minimum(follow_up[arm == label], setting.horizon).mean() for label in (0, 1)]
    assert lived[1] - lived[0] == pytest.approx(setting.truths()["restricted mean difference"], abs=4 * np.sqrt(2e-5))


def test_law_nominal_intervals_cover_the_truth_as_often_as_they_say(bench, capsys) -> None:
    shares = bench.coverage(bench.Setting(), replications=REPLICATIONS)
    error = bench.monte_carlo_error(REPLICATIONS)
    with capsys.disabled():
        print(f"\ncoverage of {REPLICATIONS} trials, Monte-Carlo error {100 * error:.1f} %:", shares)
    assert len(shares) == 4
    for name, share in shares.items():
        assert abs(share - bench.NOMINAL) <= ERRORS * error, name


def test_fault_intervals_that_are_too_short_are_found_out(bench, monkeypatch) -> None:
    """The test can fail: intervals of two thirds of their length cover about 81 %."""
    whole = bench.intervals

    def shorter(setting, *trial):
        limits = {name: np.array(ends) for name, ends in whole(setting, *trial).items()}
        return {name: ends.mean() + (ends - ends.mean()) * 2 / 3 for name, ends in limits.items()}

    monkeypatch.setattr(bench, "intervals", shorter)
    shares = bench.coverage(bench.Setting(), replications=100)
    assert max(shares.values()) < bench.NOMINAL - ERRORS * bench.monte_carlo_error(100)
