"""Both methods on the problems solvers are usually judged by: right values, errors that follow the tolerance, stability.

Published values are those of F. Mazzia & C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (Bari, 2008),
whose problems are described by E. Hairer, S. P. Norsett & G. Wanner, Solving Ordinary Differential Equations I and II. Each
was computed again with SciPy's Radau at a relative tolerance of 1e-12 and agrees to ten digits or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from inferon.engine.rodas5p import GAMMA, A, C
from inferon.engine.status import Status

from .problems import ROBERTSON, STIFF, VAN_DER_POL, solve

HIRES = """
model hires()
  a = 1; b = 0; c = 0; d = 0; e = 0; f = 0; g = 0; h = 0.0057
  a' = -1.71*a + 0.43*b + 8.32*c + 0.0007
  b' = 1.71*a - 8.75*b
  c' = -10.03*c + 0.43*d + 0.035*e
  d' = 8.32*b + 1.71*c - 1.12*d
  e' = -1.745*e + 0.43*f + 0.43*g
  f' = -280*f*h + 0.69*d + 1.71*e - 0.43*f + 0.69*g
  g' = 280*f*h - 1.81*g
  h' = -280*f*h + 1.81*g
end
"""
PROTHERO_ROBINSON = """
model prothero_robinson()
  start = 1; y = start
  y' = -1e6*(y - cos(time)) - sin(time)
end
"""
TOLERANCES = np.array([1e-4, 1e-6, 1e-8, 1e-10])


def _pleiades() -> str:
    """Seven stars in a plane; star i has mass i."""
    start = {
        "x": (3, 3, -1, -3, 2, -2, 2),
        "y": (3, -3, 2, 0, 0, -4, 4),
        "v": (0, 0, 0, 0, 0, 1.75, -1.5),
        "w": (0, 0, 0, -1.25, 1, 0, 0),
    }
    lines = [f"{name}{i} = {value}" for name, values in start.items() for i, value in enumerate(values, start=1)]
    for i in range(1, 8):
        lines += [f"x{i}' = v{i}", f"y{i}' = w{i}"]
        for axis, speed in (("x", "v"), ("y", "w")):
            pulls = [
                f"{j}*({axis}{j} - {axis}{i})/((x{i} - x{j})^2 + (y{i} - y{j})^2)^1.5" for j in range(1, 8) if j != i
            ]
            lines.append(f"{speed}{i}' = {' + '.join(pulls)}")
    return "\n  ".join(["model pleiades()", *lines]) + "\nend\n"


@dataclass(frozen=True)
class Problem:
    """An initial-value problem with its published solution at one time, the size of each component, and what it can be held to.

    ``amplified`` is how much larger than the relative tolerance of a step the error at the end may be.
    """

    text: str
    end: float
    solution: dict[str, float]
    sizes: tuple[float, ...]
    amplified: float
    methods: tuple[str, ...] = ("explicit", "implicit")
    parameters: Mapping[str, float] = field(default_factory=dict)


PROBLEMS = {
    "robertson at 40": Problem(
        ROBERTSON,
        40.0,
        {"x": 0.7158270687193941, "y": 9.185534764557338e-6, "z": 0.2841637457458413},
        (1.0, 1e-5, 1.0),
        5.0,
    ),
    "robertson at 1e11": Problem(
        ROBERTSON,
        1e11,
        {"x": 0.2083340149701255e-7, "y": 0.8333360770334713e-13, "z": 0.9999999791665050},
        (1e-8, 1e-13, 1.0),
        5.0,
        ("implicit",),
    ),
    "van der pol, mu 1000": Problem(
        VAN_DER_POL,
        2000.0,
        {"x": 1.706167732170483, "v": -0.8928097010247975e-3},
        (1.0, 1e-3),
        5.0,
        ("implicit",),
        STIFF,
    ),
    "hires": Problem(
        HIRES,
        321.8122,
        {
            "a": 0.7371312573325668e-3,
            "b": 0.1442485726316185e-3,
            "c": 0.5888729740967575e-4,
            "d": 0.1175651343283149e-2,
            "e": 0.2386356198831331e-2,
            "f": 0.6238968252742796e-2,
            "g": 0.2849998395185769e-2,
            "h": 0.2850001604814231e-2,
        },
        (1e-3, 1e-4, 1e-4, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
        10.0,
    ),
    "pleiades": Problem(
        _pleiades(),
        3.0,
        {
            **{"x1": 0.3706139143970502, "x2": 3.237284092057233, "x3": -3.222559032418324, "x4": 0.6597091455775310},
            **{"x5": 0.3425581707156584, "x6": 1.562172101400631, "x7": -0.7003092922212495},
            **{"y1": -3.943437585517392, "y2": -3.271380973972550, "y3": 5.225081843456543, "y4": -2.590612434977470},
            **{"y5": 1.198213693392275, "y6": -0.2429682344935824, "y7": 1.091449240428980},
        },
        (1.0,) * 14,
        800.0,
    ),
}
CASES = [(name, method) for name, problem in PROBLEMS.items() for method in problem.methods]


def errors(problem: Problem, method: str) -> np.ndarray:
    """Largest error at the end relative to the component's size, for each of ``TOLERANCES``."""
    found = []
    for rtol in TOLERANCES:
        atol = {name: 1e-3 * rtol * size for name, size in zip(problem.solution, problem.sizes, strict=True)}
        tolerances = {"rtol": rtol, "default_atol": 1e-3 * rtol, "atol": atol}
        batch = solve(problem.text, method, problem.end, parameters=problem.parameters, **tolerances)
        apart = [abs(batch.state(name)[0] - value) for name, value in problem.solution.items()]
        found.append(max(np.array(apart) / problem.sizes))
        assert batch.failures() == {}
        assert batch.steps[0, 1] < 0.75 * batch.steps[0, 0]
    return np.array(found)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_oracle_the_error_follows_the_tolerance_on_published_problems(name: str, method: str):
    """Over six powers of ten of the tolerance the error falls by about six, and most steps are accepted."""
    found = errors(PROBLEMS[name], method)
    assert np.all(found <= PROBLEMS[name].amplified * TOLERANCES)
    assert 0.8 < np.log(found[0] / found[-1]) / np.log(TOLERANCES[0] / TOLERANCES[-1]) < 1.3


@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_double_van_der_pol_with_mu_1_along_three_cycles(method: str):
    times = np.linspace(0.5, 20, 40)
    truth = solve_ivp(
        lambda t, u: [u[1], (1 - u[0] ** 2) * u[1] - u[0]],
        (0, 20),
        [2, 0],
        method="DOP853",
        rtol=1e-13,
        atol=1e-14,
        t_eval=times,
    ).y
    for rtol in TOLERANCES:
        options = {"readouts": ("x", "v"), "sample_days": times}
        batch = solve(VAN_DER_POL, method, 20.0, rtol=rtol, default_atol=rtol, **options)
        assert np.abs(batch.samples[0].T - truth).max() < 200 * rtol


@pytest.mark.parametrize("method", ["explicit", "implicit"])
@pytest.mark.parametrize("rtol", TOLERANCES)
def test_law_a_linear_system_follows_its_matrix_exponential(method: str, rtol: float):
    """Two damped oscillations and a slow decay, all coupled; the exponential is worked out by scaling and squaring."""
    matrix = np.array(
        [[-0.5, 3, 0, 0.2, 0], [-3, -0.5, 0.4, 0, 0], [0, 0.1, -1, 7, 0], [0.3, 0, -7, -1, 0.5], [0.2, 0, 0, 0, -0.1]]
    )
    start = np.array([1.0, -1.0, 2.0, 0.5, 3.0])
    lines = [f"x{i} = {value}" for i, value in enumerate(start)]
    lines += [f"x{i}' = {' + '.join(f'({a})*x{j}' for j, a in enumerate(row))}" for i, row in enumerate(matrix)]
    batch = solve("\n".join(["model linear()", *lines, "end"]), method, 6.0, rtol=rtol, default_atol=rtol)
    assert batch.y[0] == pytest.approx(expm(6 * matrix) @ start, abs=20 * rtol)


@pytest.mark.parametrize("start", [1.0, 3.0])
@pytest.mark.parametrize("rtol", TOLERANCES)
def test_law_the_implicit_method_follows_the_slow_solution_of_a_stiff_linear_equation(start: float, rtol: float):
    """Prothero and Robinson's y' = L (y - cos t) - sin t with L = -1e6: its solution is cos t, on it from the start or not."""
    options = {"parameters": {"start": start}, "rtol": rtol, "default_atol": rtol}
    batch = solve(PROTHERO_ROBINSON, "implicit", 10.0, **options)
    assert batch.state("y")[0] == pytest.approx(np.cos(10), abs=2 * rtol)
    assert batch.steps[0].sum() < 60 * (1e-4 / rtol) ** 0.25 + 60


def test_fault_the_explicit_method_gives_a_stiff_linear_equation_up_with_a_sentence():
    batch = solve(PROTHERO_ROBINSON, "explicit", 10.0, rtol=1e-4, max_steps=20_000)
    assert list(batch.failures()) == [Status.TOO_MANY_STEPS.sentence]
    assert batch.state("y")[0] == pytest.approx(np.cos(batch.t[0]), abs=1e-3)


def _growth(z: complex) -> complex:
    """What one Rodas5P step of length h makes of y = 1 when y' = (z/h) y."""
    argument, stages = 1.0 + 0j, []
    for s in range(len(C)):
        if s < len(A):
            argument = 1 + sum(a * u for a, u in zip(A[s], stages, strict=False))
        else:
            argument += stages[-1]
        coupled = sum(c * u for c, u in zip(C[s], stages, strict=False))
        stages.append((z * argument + coupled) / (1 / GAMMA - z))
    return argument + stages[-1]


def test_law_rodas5p_is_of_order_5_or_better_for_linear_equations():
    for direction in (-1, 1, 1j):
        apart = [abs(_growth(z * direction) - np.exp(z * direction)) for z in (0.4, 0.2)]
        assert np.log2(apart[0] / apart[1]) > 5.9


def test_law_rodas5p_is_l_stable():
    """No oscillation grows, whatever its speed (nor, by the maximum principle, any decay); what is infinitely fast is gone."""
    assert max(abs(_growth(1j * speed)) for speed in np.logspace(-2, 6, 400)) <= 1 + 1e-12
    assert abs(_growth(-1e9)) < 1e-7
    assert abs(_growth(1e9j)) < 1e-7


@pytest.mark.parametrize("body", ["x = 0; x' = sqrt(x) + 1", "x = 1; x' = -asin(x)", "x = 1; x' = 0.1 - acos(x)"])
def test_fault_an_infinite_slope_at_the_start_never_leaves_the_implicit_method_where_it_is(body: str):
    """1/inf in the factors would make every stage 0 and the error with it: right or refused, never unmoved."""
    batch = solve(f"model steep()\n{body}\nend", "implicit", 1.0)
    assert batch.failures() or abs(batch.state("x")[0] - batch.model.kernel.model.states[0].initial.constant) > 0.1
