"""Checks E7-E9 and the further cases of the transplant reference, section 3: probability that a clone dies out."""

import numpy as np
import pytest
from numba import njit
from scipy.integrate import cumulative_trapezoid

from inferon.engine import extinction_probability

STEP = 0.25
BIRTH, DEATH, PLATEAU = 0.10, 0.04, 0.0921


def _kill(t: np.ndarray, plateau: float) -> np.ndarray:
    return plateau / (1 + np.exp(-(t - 35) / 5))


def _probability(cycling, dormant=0.0, *, plateau=PLATEAU, horizon=365.0, e_act=None, step=STEP) -> float:
    """By the engine: one type (``e_act`` None) or with a dormant pool that wakes at 0.005 (1 + e_act) until day 56."""
    grid = np.linspace(0, horizon, round(horizon / step) + 1)[None, :]
    kill, two = _kill(grid, plateau), e_act is not None
    wake = 0.005 * (1 + e_act * (grid < 56)) if two else np.zeros_like(grid)
    return float(
        extinction_probability(
            np.full_like(grid, BIRTH),
            DEATH + kill,
            wake,
            0.1 * kill if two else np.zeros_like(grid),
            to_dormant=np.array([0.001 if two else 0.0]),
            step=step,
            counts=np.array([grid.shape[1]]),
            cycling=np.array([float(cycling)]),
            dormant=np.array([float(dormant)]),
        )[0]
    )


@pytest.mark.parametrize(
    ("cells", "expected", "tolerance"), [(10, 0.9995, 1e-4), (100, 0.9950, 1e-4), (1000, 0.951, 1e-3)]
)
def test_oracle_E7_extinction_with_specified_rates(cells: int, expected: float, tolerance: float) -> None:
    assert _probability(cells) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("cells", "expected"), [(10, 0.9991), (100, 0.9906), (1000, 0.9097)])
def test_oracle_E7_extinction_with_a_weaker_kill(cells: int, expected: float) -> None:
    assert _probability(cells, plateau=0.09) == pytest.approx(expected, abs=1e-4)


@njit(cache=False)
def _simulate(cells, plateau, horizon, runs, seed):  # pragma: no cover - compiled
    """Runs that die out, event by event (thinning: each event is birth, death or nothing under the highest death rate)."""
    np.random.seed(seed)  # noqa: NPY002 - the generator compiled code has
    extinct, bound = 0, 0.10 + 0.04 + plateau
    for _ in range(runs):
        n, t = cells, 0.0
        while n > 0:
            t += np.random.exponential(1.0 / (bound * n))  # noqa: NPY002
            if t > horizon:
                break
            u = np.random.random() * bound  # noqa: NPY002
            if u < 0.10:
                n += 1
            elif u < 0.14 + plateau / (1 + np.exp(-(t - 35.0) / 5.0)):
                n -= 1
        extinct += n == 0
    return extinct


@pytest.mark.parametrize(
    ("cells", "plateau", "runs"),
    [(10, 0.0921, 20000), (100, 0.0921, 4000), (100, 0.09, 4000), (1000, 0.0921, 800), (1000, 0.09, 800)],
)
def test_double_E7_direct_simulation_agrees(cells: int, plateau: float, runs: int) -> None:
    expected = _probability(cells, plateau=plateau)
    share = _simulate(cells, plateau, 365.0, runs, 7) / runs
    assert share == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / runs))


@pytest.mark.parametrize("plateau", [0.0921, 0.09, 0.13])
@pytest.mark.parametrize("horizon", [60.0, 365.0])
def test_double_E8_the_forward_closed_form_equals_the_backward_equations(plateau: float, horizon: float) -> None:
    """Kendall's J/(1+J) by quadrature on a grid of 0.001 d."""
    t = np.linspace(0, horizon, round(horizon * 1000) + 1)
    death = DEATH + _kill(t, plateau)
    rho = cumulative_trapezoid(death - BIRTH, t, initial=0)
    j = np.trapezoid(death * np.exp(rho), t)
    assert _probability(1, plateau=plateau, horizon=horizon) == pytest.approx(j / (1 + j), abs=1e-5)


def test_oracle_E9_extinction_with_a_dormant_pool() -> None:
    obtained = [_probability(100, 20, horizon=730.0, e_act=e) for e in (0, 3, 10)]
    assert obtained == pytest.approx([0.9955, 0.9964, 0.9971], abs=2e-4)
    assert obtained == sorted(obtained)


def test_oracle_E9_extinction_with_a_dormant_pool_within_a_year() -> None:
    obtained = [_probability(100, 20, e_act=e, plateau=0.09) for e in (0, 3, 10)]
    assert obtained == pytest.approx([0.431, 0.503, 0.574], abs=1e-3)


def test_law_extinction_is_impossible_at_the_horizon_and_certain_without_cells() -> None:
    assert _probability(0) == 1.0
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
    by_cells = [_probability(n) for n in (1, 10, 100, 1000)]
    by_horizon = [_probability(100, horizon=h) for h in (30.0, 90.0, 365.0, 1000.0)]
    assert by_cells == sorted(by_cells, reverse=True)
    assert by_horizon == sorted(by_horizon)
    assert all(0 <= p <= 1 for p in (*by_cells, *by_horizon))


def test_law_each_patient_ends_at_their_own_horizon() -> None:
    grid = np.linspace(0, 365, 1461)
    rows = {365.0: 1461, 60.0: 241}
    shape = (2, 1461)
    kill = np.broadcast_to(_kill(grid, PLATEAU), shape).copy()
    both = extinction_probability(
        np.full(shape, BIRTH), DEATH + kill, np.zeros(shape), np.zeros(shape),
        to_dormant=np.zeros(2), step=STEP, counts=np.array(list(rows.values())), cycling=np.full(2, 100.0), dormant=np.zeros(2),
    )  # fmt: skip
    assert both == pytest.approx([_probability(100, horizon=h) for h in rows], rel=1e-12)


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
