"""Probability that a clone dies out, beyond the printed cases (checks E7-E9): event by event, at the limits, and refusals."""

import numpy as np
import pytest
from numba import njit

from inferon.engine import extinction_probability
from inferon.evidence.checks.extinction import BIRTH, DEATH, PLATEAU, STEP, kill, probability


@njit(cache=False)
def _simulate(cells, plateau, horizon, runs, seed):  # pragma: no cover - compiled
    """Runs that die out, event by event (thinning: each event is birth, death or nothing under the highest death rate)."""
    np.random.seed(seed)  # noqa: NPY002 - the generator compiled code has
    extinct, bound = 0, BIRTH + DEATH + plateau
    for _ in range(runs):
        n, t = cells, 0.0
        while n > 0:
            t += np.random.exponential(1.0 / (bound * n))  # noqa: NPY002
            if t > horizon:
                break
            u = np.random.random() * bound  # noqa: NPY002
            if u < BIRTH:
                n += 1
            elif u < BIRTH + DEATH + plateau / (1 + np.exp(-(t - 35.0) / 5.0)):
                n -= 1
        extinct += n == 0
    return extinct


@pytest.mark.parametrize(
    ("cells", "plateau", "runs"),
    [(10, 0.0921, 20000), (100, 0.0921, 4000), (100, 0.09, 4000), (1000, 0.0921, 800), (1000, 0.09, 800)],
)
def test_double_E7_direct_simulation_agrees(cells: int, plateau: float, runs: int) -> None:
    expected = probability(cells, plateau=plateau)
    share = _simulate(cells, plateau, 365.0, runs, 7) / runs
    assert share == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / runs))


def test_law_extinction_is_impossible_at_the_horizon_and_certain_without_cells() -> None:
    assert probability(0) == 1.0
    one = np.ones((1, 1))
    at_once = {
        "to_dormant": np.zeros(1),
        "step": STEP,
        "counts": np.array([1]),
        "cycling": np.ones(1),
        "dormant": np.zeros(1),
    }
    assert extinction_probability(one, one, one, one, **at_once)[0] == 0.0


def test_law_the_probability_falls_with_cells_and_rises_with_the_horizon() -> None:
    by_cells = [probability(n) for n in (1, 10, 100, 1000)]
    by_horizon = [probability(100, horizon=h) for h in (30.0, 90.0, 365.0, 1000.0)]
    assert by_cells == sorted(by_cells, reverse=True)
    assert by_horizon == sorted(by_horizon)
    assert all(0 <= p <= 1 for p in (*by_cells, *by_horizon))


def test_law_each_patient_ends_at_their_own_horizon() -> None:
    grid = np.linspace(0, 365, 1461)
    rows = {365.0: 1461, 60.0: 241}
    shape = (2, 1461)
    killing = np.broadcast_to(kill(grid, PLATEAU), shape).copy()
    both = extinction_probability(
        np.full(shape, BIRTH), DEATH + killing, np.zeros(shape), np.zeros(shape),
        to_dormant=np.zeros(2), step=STEP, counts=np.array(list(rows.values())), cycling=np.full(2, 100.0), dormant=np.zeros(2),
    )  # fmt: skip
    assert both == pytest.approx([probability(100, horizon=h) for h in rows], rel=1e-12)


def test_fault_rates_of_different_shape_are_refused() -> None:
    a, b = np.ones((1, 5)), np.ones((1, 4))
    rest = {
        "to_dormant": np.zeros(1),
        "step": 0.25,
        "counts": np.array([5]),
        "cycling": np.ones(1),
        "dormant": np.zeros(1),
    }
    with pytest.raises(ValueError, match="death has shape"):
        extinction_probability(a, b, a, a, **rest)
