"""The implicit method: order, stiff problems, and the same events as the explicit method."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from inferon.cohort import draw_cohort
from inferon.engine import Batch, compile_model
from inferon.engine.rodas5p import DENSE, GAMMA, NODES, SLOPES, A, C
from inferon.engine.sparse_lu import factorisation
from inferon.model import read_antimony
from inferon.protocol import Regimen
from inferon.trial.simulate import SETTINGS, START_DAY, _inputs

from .problems import ROBERTSON, STIFF, VAN_DER_POL, solve

DRIVEN = """
model driven()
  x = 1; y = 2
  x' = -2*x + y*sin(time) + cos(3*time)
  y' = 0.1*x*y - y + exp(-time)
end
"""


def _driven(_t, u):
    return [-2 * u[0] + u[1] * np.sin(_t) + np.cos(3 * _t), 0.1 * u[0] * u[1] - u[1] + np.exp(-_t)]


def _errors(step: float, method: str) -> tuple[float, float]:
    """Largest error at the end and between steps, with steps of one fixed length."""
    days = np.linspace(0, 5, 41)
    truth = solve_ivp(_driven, (0, 5), [1, 2], method="DOP853", rtol=1e-13, atol=1e-14, dense_output=True).sol
    fixed = {"rtol": 0.1, "default_atol": 1e3, "max_step": step}
    batch = solve(DRIVEN, method, 5.0, readouts=("x", "y"), sample_days=days, **fixed)
    return np.abs(batch.y[0] - truth(5.0)).max(), np.abs(batch.samples[0] - truth(days).T).max()


@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_law_halving_the_step_shows_order_five_and_a_fourth_order_interpolant(method):
    coarse, fine = _errors(0.25, method), _errors(0.0625, method)
    assert np.log2(coarse[0] / fine[0]) / 2 > 4.5
    assert np.log2(coarse[1] / fine[1]) / 2 > 3.5


def test_law_the_row_sums_of_the_coefficients_are_the_published_times():
    assert NODES[1] == pytest.approx(A[1, 0] * GAMMA)
    assert NODES[5:] == pytest.approx([1, 1, 1])
    assert SLOPES[0] == pytest.approx(GAMMA)
    assert SLOPES[1] == pytest.approx(-2 * GAMMA)
    assert SLOPES[5:] == pytest.approx([0, 0, 0])
    assert C.shape == (8, 7)
    assert DENSE.shape == (3, 8)


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
def test_oracle_robertson_at_a_hundred_thousand(rtol):
    """Reference: SciPy's Radau at 1e-11; 40 units of time are the textbook's, 1e5 the stiff tail."""
    batch = solve(ROBERTSON, "implicit", 1e5, rtol=rtol, default_atol=1e-12)
    truth = solve_ivp(
        lambda t, u: [
            -0.04 * u[0] + 1e4 * u[1] * u[2],
            0.04 * u[0] - 1e4 * u[1] * u[2] - 3e7 * u[1] ** 2,
            3e7 * u[1] ** 2,
        ],
        (0, 1e5),
        [1, 0, 0],
        method="Radau",
        rtol=1e-11,
        atol=1e-15,
    ).y[:, -1]
    assert batch.y[0] == pytest.approx(truth, rel=10 * rtol)
    assert batch.steps[0, :2].sum() < 400
    assert batch.y[0].sum() == pytest.approx(1, rel=1e-6)


def test_oracle_van_der_pol_with_mu_1000():
    batch = solve(VAN_DER_POL, "implicit", 2000.0, parameters=STIFF, rtol=1e-7, default_atol=1e-9)
    truth = solve_ivp(
        lambda t, u: [u[1], 1000 * (1 - u[0] ** 2) * u[1] - u[0]],
        (0, 2000),
        [2, 0],
        method="Radau",
        rtol=1e-10,
        atol=1e-12,
    ).y[:, -1]
    assert batch.y[0] == pytest.approx(truth, rel=1e-3)


def test_double_both_methods_locate_the_same_transplant_events():
    cohort = draw_cohort("transplant-reference", np.arange(200), seed=5)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, doses=4)]
    explicit, values, doses = _inputs(cohort, regimens, {})
    implicit = compile_model(explicit.kernel.model, explicit.kernel.readouts, method="implicit")
    days = []
    for model in (explicit, implicit):
        batch = Batch(model, values, start=START_DAY, doses=doses, settings=SETTINGS)
        batch.advance(365.25)
        days.append(batch.first)
    assert np.array_equal(np.isfinite(days[0]), np.isfinite(days[1]))
    both = np.isfinite(days[0])
    assert np.abs(days[0][both] - days[1][both]).max() < 0.01


def test_law_sparse_factors_solve_what_dense_ones_solve():
    rng = np.random.default_rng(3)
    pattern = {(i, j) for i in range(12) for j in range(12) if i == j or rng.random() < 0.2}
    matrix = np.array(
        [[rng.normal() + (8 if i == j else 0) if (i, j) in pattern else 0.0 for j in range(12)] for i in range(12)]
    )
    plan = factorisation(12, pattern)
    m = [matrix[entry] for entry in plan.entries]
    for kind, a, *others in plan.eliminate:
        if kind == "pivot":
            m[a] = 1 / m[a]
        elif kind == "scale":
            m[a] *= m[others[0]]
        else:
            m[a] -= m[others[0]] * m[others[1]]
    right = rng.normal(size=12)
    b = right.copy()
    for row, slot, column in plan.forward:
        b[row] -= m[slot] * b[column]
    for row, slot, column in plan.backward:
        b[row] = b[row] * m[slot] if column is None else b[row] - m[slot] * b[column]
    assert b == pytest.approx(np.linalg.solve(matrix, right), rel=1e-10)


def test_fault_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="explicit, implicit"):
        compile_model(read_antimony(DRIVEN), method="magic")


@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_law_lane_width_changes_no_bit(method):
    """One arithmetic for any number of patients side by side, on any machine that emulates or holds such vectors."""
    cohort = draw_cohort("transplant-reference", np.arange(60), seed=9)
    model, values, doses = _inputs(cohort, [Regimen(drug="peginterferon alfa-2a", dose=180, doses=4)], {})
    found = []
    for width in (1, 2, 4, 8, 16):
        lanes = compile_model(model.kernel.model, model.kernel.readouts, method=method, width=width)
        batch = Batch(lanes, values, start=START_DAY, doses=doses, settings=SETTINGS)
        batch.advance(120.0)
        found.append((batch.first.tobytes(), batch.y.tobytes(), batch.steps.tobytes()))
    assert found.count(found[0]) == len(found)
