"""Checks C1-C8: normal and leukaemic haematopoiesis against module C, with a second implementation written from its section 3.

Module C prints no tolerances for C2-C4, C6 and C7: 5 % relative for values, half a unit of the last printed digit for days
(and not less than 0.1 d). Where that is not met the number obtained is in the reason.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from inferon.engine import Doses, Settings

CELLS = {
    f"{m}__{c}": 1e-6 for m, c in (("marrow", "C1"), ("marrow", "C2"), *(("leukaemia", f"L{i}") for i in (1, 2, 3)))
}
TIGHT = Settings(rtol=1e-9, default_atol=1e-12, atol=CELLS)
EMPTY = {"marrow__remaining_C1": 0.0, "marrow__remaining_other": 0.0}
FAST = {"leukaemia__a1L": 1.0, "leukaemia__p1L": 0.40, "leukaemia__p2L": 0.40}
GRAFTS = {"blood": (6e6, 1.0), "marrow": (2.5e6, 0.6), "cord": (0.15e6, 1.0)}
"""CD34+ cells per kg, factor on C2."""


def _first(days: np.ndarray, holds: np.ndarray) -> float:
    assert holds.any()
    return float(days[np.argmax(holds)])


def _graft(marrow, cd34: float, committed: float) -> Doses:
    states = [marrow.model.kernel.states.index(f"marrow__{c}") for c in ("C1", "C2")]
    cells = np.array([[0.2 * cd34, 2 * cd34 * committed]])
    return Doses(np.zeros((1, 2)), cells, np.zeros((1, 2)), np.array([states]))


def test_law_C1_health_is_a_steady_state(marrow) -> None:
    batch = marrow.batch(np.array([]), 1, {}, {}, None, 0.0, TIGHT)
    before = batch.y.copy()
    batch.advance(400.0)
    healthy = before != 0
    assert batch.y[healthy] == pytest.approx(before[healthy], rel=1e-9)
    assert np.all(batch.y[~healthy] == 0)


@pytest.fixture(scope="module")
def clone(marrow):
    """Grows one clone: days and read-outs for a start with so many leukaemic stem cells per kg."""

    def grown(start: float, **preset: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        days = np.linspace(0, 800, 80001)
        columns = {"leukaemia__L1_0": start, **{f"leukaemia__{k}": v for k, v in preset.items()}}
        curves = marrow(days, columns=columns, settings=TIGHT)
        return days, {name: values[0] for name, values in curves.items()}

    return grown


@pytest.fixture(scope="module")
def default_clone(clone):
    return clone(1.0)


@pytest.fixture(scope="module")
def fast_clone(clone):
    return clone(1.0, a1L=1.0, p1L=0.40, p2L=0.40)


def _after_diagnosis(grown, later: float) -> dict[str, float]:
    days, curves = grown
    at = _first(days, curves["blast_fraction"] >= 0.2) + later
    return {name: float(np.interp(at, days, values)) for name, values in curves.items()}


@pytest.mark.xfail(
    strict=True,
    reason="module C section 4 starts with L1 = 1/70 cells/kg (one cell); that gives days 514/550/580. The printed "
    "414/450/480 are those of L1 = 1 cell/kg (413.9/449.9/480.1), also in two further presets: 272 for AML "
    "fast, 1007 for AML slow",
)
def test_oracle_C2_one_leukaemic_stem_cell_reaches_5_20_and_50_percent_blasts(clone) -> None:
    days, curves = clone(1 / 70)
    reached = [_first(days, curves["blast_fraction"] >= f) for f in (0.05, 0.20, 0.50)]
    assert reached == pytest.approx([414, 450, 480], abs=0.5)


def test_oracle_C2_one_leukaemic_stem_cell_per_kg_reaches_5_20_and_50_percent_blasts(default_clone) -> None:
    days, curves = default_clone
    reached = [_first(days, curves["blast_fraction"] >= f) for f in (0.05, 0.20, 0.50)]
    assert reached == pytest.approx([414, 450, 480], abs=0.5)


def test_oracle_C2_sixty_days_after_diagnosis(default_clone) -> None:
    now = _after_diagnosis(default_clone, 60)
    assert now["blast_fraction"] == pytest.approx(0.79, rel=0.05)
    assert now["marrow__ANC"] == pytest.approx(1.6, rel=0.05)
    assert now["marrow__PLT"] == pytest.approx(108, rel=0.05)
    assert now["marrow__HB"] == pytest.approx(12.3, rel=0.05)
    assert now["M"] == pytest.approx(1.3, abs=0.05)


def test_oracle_C3_neutrophils_fail_before_platelets_before_haemoglobin(default_clone) -> None:
    days, curves = default_clone
    diagnosis = _first(days, curves["blast_fraction"] >= 0.2)
    limits = {"marrow__ANC": 0.5, "marrow__PLT": 20.0, "marrow__HB": 8.0}
    failed = [_first(days, curves[name] < limit) - diagnosis for name, limit in limits.items()]
    assert failed == pytest.approx([98, 116, 125], rel=0.05)
    assert failed == sorted(failed)


def test_oracle_C4_fast_leukaemia_sixty_days_after_diagnosis(fast_clone) -> None:
    now = _after_diagnosis(fast_clone, 60)
    assert now["blast_fraction"] == pytest.approx(0.95, rel=0.05)
    assert now["marrow__PLT"] == pytest.approx(52, rel=0.05)
    assert now["marrow__HB"] == pytest.approx(11.4, rel=0.05)


@pytest.mark.xfail(
    strict=True,
    reason="check C4 prints ANC 0.54 sixty days after diagnosis; this engine and the second implementation give 0.463 (-14 %)",
)
def test_oracle_C4_fast_leukaemia_neutrophils_sixty_days_after_diagnosis(fast_clone) -> None:
    assert _after_diagnosis(fast_clone, 60)["marrow__ANC"] == pytest.approx(0.54, rel=0.05)


@pytest.mark.parametrize("self_renewal", [0.70, 0.84, 0.85])
@pytest.mark.parametrize("start", [1 / 70, 1e6])
def test_law_C5_no_leukaemia_without_an_advantage_in_self_renewal(marrow, self_renewal: float, start: float) -> None:
    columns = {"leukaemia__L1_0": start, "leukaemia__a1L": self_renewal}
    days = np.linspace(0, 20000, 2001)
    assert marrow(days, columns=columns, settings=Settings())["blast_fraction"].max() < 0.05


C6 = {"blood": (14.9, 0.1, 15), "marrow": (19.2, 0.1, 22), "cord": (26, 0.5, 30)}
"""Day of ANC > 0.5, its tolerance, day of PLT > 20."""


@pytest.fixture(scope="module")
def recovery(marrow):
    """Days of ANC > 0.5 and PLT > 20 after a graft into an empty marrow."""

    def days_of(cd34: float, committed: float) -> tuple[float, float]:
        days = np.linspace(0, 60, 6001)
        curves = marrow(days, columns=EMPTY, doses=_graft(marrow, cd34, committed), settings=TIGHT)
        return _first(days, curves["marrow__ANC"][0] > 0.5), _first(days, curves["marrow__PLT"][0] > 20)

    return days_of


@pytest.mark.parametrize("graft", GRAFTS)
def test_oracle_C6_neutrophils_return_after_a_graft(recovery, graft: str) -> None:
    expected, tolerance, _ = C6[graft]
    assert recovery(*GRAFTS[graft])[0] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    "graft",
    [
        pytest.param(
            graft, marks=pytest.mark.xfail(strict=True, reason=f"check C6 prints {printed}; both implementations {got}")
        )
        for graft, printed, got in (("blood", 15, 19.1), ("marrow", 22, 23.4), ("cord", 30, 30.6))
    ],
)
def test_oracle_C6_platelets_return_after_a_graft(recovery, graft: str) -> None:
    assert recovery(*GRAFTS[graft])[1] == pytest.approx(C6[graft][2], abs=0.5)


@pytest.mark.xfail(
    strict=True, reason="check C7 prints 23-26 d; both implementations give 28.7 d (blood) and 31.4 d (marrow graft)"
)
@pytest.mark.parametrize("graft", ["blood", "marrow"])
def test_oracle_C7_stem_cells_alone_engraft_late(recovery, graft: str) -> None:
    assert 23 <= recovery(GRAFTS[graft][0], 0.0)[0] <= 26


@pytest.mark.parametrize("graft", GRAFTS)
def test_law_C7_stem_cells_alone_engraft_later_than_with_progenitors(recovery, graft: str) -> None:
    cd34, committed = GRAFTS[graft]
    assert recovery(cd34, 0.0)[0] > recovery(cd34, committed)[0] + 10


def _second_implementation(a1L: float, p1L: float):
    """The right-hand side of module C, section 3, written from the text. Order: C1 C2 L1 L2 L3, X of N P R B, B of N P R B."""
    a1, p1, c1, c2, n0, k_n, p2L, a2L, d3 = 0.85, 0.1, 1e7, 2e9, 4e8, 2.3, p1L, 0.5, 0.5
    x = k_n * n0 / (c1 * p1)
    a2 = a1 * (2 - x) / (1 - x)
    p2 = p1 * (c1 / c2) / (1 - a2 / a1)
    kc = (2 * a1 - 1) / n0
    j0 = 2 * (1 - a2 / (2 * a1)) * p2 * c2
    assert (a2, p2, kc) == pytest.approx((0.8491, 0.4595, 1.75e-9), rel=1e-3)
    transit, removal = 3 / np.array([2.5, 4, 6, 8]), np.array([k_n, 0.1, 1 / 120, 0.03])

    def rates(_t: float, y: np.ndarray) -> np.ndarray:
        stem, committed, l1, l2, l3 = y[:5]
        chain, blood = y[5:17].reshape(4, 3), y[17:]
        s = 1 / (1 + kc * n0 * blood[0] + 0.25 * kc * l3)
        dl = 0.6 * max(0.0, (stem + committed + l1 + l2) / (c1 + c2) - 1.25)
        j = 2 * (1 - a2 * s) * p2 * committed / j0
        moved = transit[:, None] * np.column_stack(
            [j - chain[:, 0], chain[:, 0] - chain[:, 1], chain[:, 1] - chain[:, 2]]
        )
        cells = [
            (2 * a1 * s - 1) * p1 * stem - dl * stem,
            2 * (1 - a1 * s) * p1 * stem + (2 * a2 * s - 1) * p2 * committed - dl * committed,
            (2 * a1L * s - 1) * p1L * l1 - dl * l1,
            2 * (1 - a1L * s) * p1L * l1 + (2 * a2L * s - 1) * p2L * l2 - dl * l2,
            2 * (1 - a2L * s) * p2L * l2 - d3 * l3,
        ]
        return np.concatenate([cells, moved.ravel(), removal * (chain[:, 2] - blood)])

    return rates


def _implicit(rates, start: np.ndarray, until: float) -> np.ndarray:
    return solve_ivp(rates, (0, until), start, method="BDF", rtol=1e-8, atol=1e-8).y[:, -1]


def _ordered(marrow, batch) -> np.ndarray:
    chain = [f"marrow__X_{i}{j}" for i in "NPRB" for j in (1, 2, 3)]
    names = [
        "marrow__C1",
        "marrow__C2",
        *(f"leukaemia__L{i}" for i in (1, 2, 3)),
        *chain,
        *(f"marrow__B_{i}" for i in "NPRB"),
    ]
    return np.array([batch.y[0, marrow.model.kernel.states.index(name)] for name in names])


@pytest.mark.parametrize(("a1L", "p1L", "until"), [(0.97, 0.30, 560.0), (1.0, 0.40, 340.0)])
def test_double_C8_an_implicit_multistep_solver_ends_in_the_same_state_with_leukaemia(marrow, a1L, p1L, until) -> None:
    preset = {"leukaemia__L1_0": 1.0, "leukaemia__a1L": a1L, "leukaemia__p1L": p1L, "leukaemia__p2L": p1L}
    batch = marrow.batch(np.array([]), 1, preset, {}, None, 0.0, Settings(atol=dict.fromkeys(CELLS, 1.0)))
    start = _ordered(marrow, batch)
    batch.advance(until)
    assert _ordered(marrow, batch) == pytest.approx(_implicit(_second_implementation(a1L, p1L), start, until), rel=1e-3)


@pytest.mark.parametrize("graft", GRAFTS)
def test_double_C8_an_implicit_multistep_solver_ends_in_the_same_state_after_a_graft(marrow, graft: str) -> None:
    doses = _graft(marrow, *GRAFTS[graft])
    batch = marrow.batch(np.array([]), 1, EMPTY, {}, doses, 0.0, Settings(atol=dict.fromkeys(CELLS, 1.0)))
    start = np.zeros(21)
    start[:2] = doses.amount[0]
    batch.advance(40.0)
    ours, theirs = _ordered(marrow, batch), _implicit(_second_implementation(0.97, 0.30), start, 40.0)
    assert ours[:2] == pytest.approx(theirs[:2], rel=1e-3)
    assert np.all(ours[2:5] == 0)
    assert ours[5:] == pytest.approx(theirs[5:], rel=1e-3)
