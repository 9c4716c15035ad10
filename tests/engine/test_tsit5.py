"""The Runge-Kutta pair and its interpolant have the orders they claim."""

import itertools

import numpy as np
import pytest

from inferon.engine import Settings
from inferon.engine.tsit5 import ERROR, INTERPOLANT, NODES, STAGES

A = np.hstack([STAGES, np.zeros((7, 1))])
B = [*STAGES[6].tolist(), 0.0]

LOGISTIC = """
model growth(x)
  x has dimensionless; r has per_day; x0 has dimensionless
  x = x0
  x' = r*x*(1 - x)
end
"""


def _trees(weights: np.ndarray) -> dict[str, tuple[float, float]]:
    """Elementary weight and its due value for every rooted tree to order 5."""
    c, a = NODES, A
    due = {
        "1": (np.ones(7), 1),
        "2": (c, 1 / 2),
        "3a": (c**2, 1 / 3),
        "3b": (a @ c, 1 / 6),
        "4a": (c**3, 1 / 4),
        "4b": (c * (a @ c), 1 / 8),
        "4c": (a @ c**2, 1 / 12),
        "4d": (a @ (a @ c), 1 / 24),
        "5a": (c**4, 1 / 5),
        "5b": (c**2 * (a @ c), 1 / 10),
        "5c": ((a @ c) ** 2, 1 / 20),
        "5d": (c * (a @ c**2), 1 / 15),
        "5e": (a @ c**3, 1 / 20),
        "5f": (c * (a @ (a @ c)), 1 / 30),
        "5g": (a @ (c * (a @ c)), 1 / 40),
        "5h": (a @ (a @ c**2), 1 / 60),
        "5i": (a @ (a @ (a @ c)), 1 / 120),
    }
    return {name: (float(weights @ value), expected) for name, (value, expected) in due.items()}


def test_law_nodes_are_the_row_sums_of_the_stages() -> None:
    assert A.sum(axis=1) == pytest.approx(NODES, abs=1e-14)


@pytest.mark.parametrize("tree", _trees(np.array(B)))
def test_law_the_step_meets_every_order_condition_to_order_5(tree: str) -> None:
    obtained, due = _trees(np.array(B))[tree]
    assert obtained == pytest.approx(due, abs=1e-13)


@pytest.mark.parametrize("tree", [t for t in _trees(np.array(B)) if t[0] in "1234"])
def test_law_the_embedded_weights_meet_every_order_condition_to_order_4(tree: str) -> None:
    obtained, due = _trees(np.array(B) - ERROR)[tree]
    assert obtained == pytest.approx(due, abs=1e-13)


def test_law_the_embedded_weights_are_not_of_order_5() -> None:
    assert any(abs(got - due) > 1e-4 for got, due in _trees(np.array(B) - ERROR).values())


@pytest.mark.parametrize("theta", [0.1, 0.3, 0.5, 0.8, 1.0])
def test_law_the_interpolant_meets_every_order_condition_to_order_4(theta: float) -> None:
    weights = INTERPOLANT @ theta ** np.arange(1, 5)
    for tree, (obtained, due) in _trees(weights).items():
        if tree[0] in "1234":
            assert obtained == pytest.approx(due * theta ** int(tree[0]), abs=1e-12), tree


def _logistic(x0: float, t: np.ndarray) -> np.ndarray:
    return x0 / (x0 + (1 - x0) * np.exp(-t))


def _errors(build, follow, step: float) -> tuple[float, float]:
    """Error at the end and largest error between steps, with steps of a fixed length (no step is ever too inaccurate)."""
    model = build(LOGISTIC, {"r": 1.0, "x0": 0.05}, ("x",))
    days = np.linspace(0, 8, 161)
    settings = Settings(rtol=0.1, default_atol=1e6, max_step=step)
    batch = follow(model, 8.0, days=days, settings=settings)
    exact = _logistic(0.05, days)
    return abs(batch.state("x")[0] - exact[-1]), float(np.abs(batch.samples[0, :, 0] - exact).max())


def test_law_the_engine_converges_with_order_5_and_between_steps_with_order_4_or_better(build, follow) -> None:
    errors = np.array([_errors(build, follow, step) for step in (0.8, 0.4, 0.2)])
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.all(orders[:, 0] > 4.6)
    assert np.all(orders[:, 1] > 3.8)


@pytest.mark.parametrize(("rtol", "x0"), list(itertools.product((1e-4, 1e-6, 1e-9), (0.01, 0.5))))
def test_law_the_error_follows_the_tolerance(build, follow, rtol: float, x0: float) -> None:
    model = build(LOGISTIC, {"r": 1.0, "x0": 0.05}, ("x",))
    days = np.linspace(0, 20, 401)
    settings = Settings(rtol=rtol, default_atol=1e-12)
    batch = follow(model, 20.0, days=days, columns={"growth__x0": x0}, settings=settings)
    assert batch.samples[0, :, 0] == pytest.approx(_logistic(x0, days), rel=30 * rtol)


def test_fault_a_tolerance_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rtol is 0\.5; allowed"):
        Settings(rtol=0.5)
