"""Checks G1-G8 against module G, its laws over the ranges of the table, and a second implementation in SciPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from inferon.biology.mpn.functions import allele_burden_change, complete_response_probability, least_concentration
from inferon.engine import Batch, Settings, compile_model
from inferon.evidence.check import all_checks
from inferon.model import Instance, compose, load_composite, load_module
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen, dosing

CHECKS = [check for check in all_checks() if check.module == "mpn"]
TABLE = parameter_table("mpn")
VALUES = {symbol: row.value for symbol, row in TABLE.items()}
STEM = ("q_m", "a_m", "q_w", "a_w")
TIGHT = Settings(rtol=1e-9, default_atol=1e-13)


def test_law_every_check_of_module_G_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"G{number}" for number in range(1, 9)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, set())


@pytest.fixture(scope="module")
def constant():
    """The module alone under constant concentrations (C 30, Ceq 0.3 ng/mL), with every state and the shares."""
    model = compose("constant", [Instance(load_module("mpn"))], {"C": 30.0, "Ceq": 0.3})
    states = (*STEM, "m_m", "m_w", "HCT", "PLT", "WBC", "AUC", "F")
    return compile_model(model, ("VAF", *(f"mpn__{state}" for state in states)))


def _followed(model, days: np.ndarray, **changed: float | np.ndarray) -> dict[str, np.ndarray]:
    """Read-outs (patients, days); ``changed`` replaces parameters by symbol, one patient a value."""
    patients = max([np.size(value) for value in changed.values()], default=1)
    table = model.defaults(patients)
    for symbol, value in changed.items():
        table[:, model.column(f"mpn__{symbol}")] = value
    batch = Batch(model, table, start=0.0, sample_days=days, settings=TIGHT)
    batch.advance(float(days[-1]))
    assert batch.failures() == {}
    return {name.removeprefix("mpn__"): batch.samples[:, :, i] for i, name in enumerate(model.kernel.readouts)}


def test_law_exit_alone_moves_stem_cells_and_makes_none(constant) -> None:
    seen = _followed(constant, np.linspace(0, 3000, 31), D0_m=0.0, e_D_m=0.0, e_g_m=np.array([0.0, 2.33, 8.0]))
    assert seen["q_m"] + seen["a_m"] == pytest.approx(np.full((3, 31), 0.6), rel=1e-8)
    assert seen["q_w"] + seen["a_w"] == pytest.approx(np.full((3, 31), 0.4), rel=1e-8)
    assert np.all(np.diff(seen["a_m"][:, -1]) > 0)
    assert seen["q_m"][0] / seen["a_m"][0] == pytest.approx(VALUES["beta"] / VALUES["gam"], rel=1e-6)


@settings(max_examples=20)
@given(data=st.data())
def test_property_shares_stay_shares_and_a_stronger_renewal_effect_never_helps_the_clone(constant, data) -> None:
    varied = ("gam", "beta", "alpha", "e_D_m", "EC_D", "EC_g", "e_g_m", "e_g_w", "D0_m", "zygosity", "f_zygosity")
    drawn = {s: data.draw(st.floats(TABLE[s].lower, TABLE[s].upper), label=s) for s in varied}
    seen = _followed(constant, np.linspace(0, 3650, 11), F0=data.draw(st.floats(0.02, 0.98)), **drawn)
    assert np.all((seen["F"] >= 0) & (seen["F"] < 1))
    assert np.all((seen["VAF"] >= 0) & (seen["VAF"] <= seen["F"]))
    assert all(np.all(seen[state] >= 0) for state in (*STEM, "m_m", "m_w"))
    stronger = _followed(constant, np.linspace(0, 3650, 11), F0=0.5, **{**drawn, "e_D_m": drawn["e_D_m"] * 1.2})
    weaker = _followed(constant, np.linspace(0, 3650, 11), F0=0.5, **drawn)
    assert np.all(stronger["F"] <= weaker["F"] * (1 + 1e-7) + 1e-10)


def test_law_counts_come_to_rest_where_inhibition_puts_them(constant) -> None:
    seen = _followed(constant, np.array([0.0, 2000.0]))
    expected = {
        "HCT": 0.489 * (1 - 0.592 * 30 / (137 + 30)),
        "PLT": 332 * (1 - 30 / (72.4 + 30)),
        "WBC": 6.72 * (1 - 30 / (152 + 30)),
    }
    for name, value in expected.items():
        assert seen[name][0, -1] == pytest.approx(value, rel=1e-6)
        assert seen[name][0, 0] == VALUES[f"{name}0"]
    assert seen["AUC"][0, -1] == pytest.approx(30 * 2000, rel=1e-9)


@pytest.fixture(scope="module")
def whole():
    """The composite with drug."""
    return compile_model(load_composite("mpn"), ("mpn__F", "mpn__HCT", "mpn__PLT", "mpn__WBC", "mpn__AUC", "C"))


def _under(whole, regimen: Regimen, days: np.ndarray, **columns: float) -> np.ndarray:
    doses, chosen = dosing(whole, [regimen], {"weight": np.full(1, 70.0)}, 1)
    table = whole.defaults(1)
    for name, value in {**chosen, **columns}.items():
        table[:, whole.column(name)] = value
    batch = Batch(whole, table, start=0.0, doses=doses, sample_days=days, settings=Settings(rtol=1e-8))
    batch.advance(float(days[-1]))
    return batch.samples[0]


def test_law_exposure_is_dose_over_clearance(whole) -> None:
    regimen = Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=4)
    exposure = _under(whole, regimen, np.array([0.0, 300.0]))[-1, 4]
    assert exposure == pytest.approx(4 * 180 / 2.256, rel=1e-6)


def test_property_more_drug_never_raises_a_count_nor_the_clone_once_awake(whole) -> None:
    """Without an effect on exit; with one, a low dose raises the clone for years, which is G4's point."""
    days, curves = np.linspace(0, 1456, 53), []
    for dose in (50, 100, 250, 500):
        regimen = Regimen(drug="ropeginterferon alfa-2b", dose=dose, start=0, interval=14, doses=104)
        curves.append(_under(whole, regimen, days, mpn__e_g_m=0.0, mpn__e_g_w=0.0)[:, :4])
    for less, more in pairwise(curves):
        assert np.all(more <= less * (1 + 1e-6))
        assert np.all(more[-1] < less[-1])


def test_law_homozygous_clones_turn_at_a_lower_concentration() -> None:
    assert least_concentration(VALUES, multiplier=1.5) < least_concentration(VALUES)
    assert least_concentration({**VALUES, "e_D_m": 0.01}) == np.inf
    assert float(least_concentration(VALUES)) == pytest.approx(0.3 * 0.01 / 0.87)


def test_oracle_published_regressions_at_30_nanograms() -> None:
    assert complete_response_probability(np.array(30.0), 24, VALUES) == pytest.approx(0.493, abs=5e-4)
    assert complete_response_probability(np.array(30.0), 52, VALUES) == pytest.approx(0.706, abs=5e-4)
    assert allele_burden_change(np.array(30.0), 52, VALUES) == pytest.approx(-21.4, abs=0.05)
    assert allele_burden_change(np.array(30.0), 24, VALUES, weight=60.0) == pytest.approx(-10.7, abs=0.05)


def test_fault_nothing_is_predicted_outside_the_observed_exposures_or_in_another_week() -> None:
    outside = complete_response_probability(np.array([9.9, 10.0, 50.0, 50.1]), 52, VALUES)
    assert np.isnan(outside).tolist() == [True, False, False, True]
    for function in (complete_response_probability, allele_burden_change):
        with pytest.raises(ValueError, match="week is 36; allowed: 24, 52"):
            function(np.array(30.0), 36, VALUES)


def test_double_module_G_in_scipy(constant) -> None:
    """Section 2 written again, homozygous, under 0.3 ng/mL equivalents and 30 ng/mL."""
    gam, beta, alpha, exit_m, exit_w = 0.00333, 0.05, 0.0333, 1 + 2.33 * 0.3 / 0.35, 1 + 0.7 * 0.3 / 0.35
    bias = 0.01 - 0.88 * 1.5 * 0.5

    def rates(_t: float, y: np.ndarray) -> list[float]:
        qm, am, qw, aw, mm, mw, tr, hct, plt, wbc = y
        return [
            -gam * exit_m * qm + beta * am,
            gam * exit_m * qm - beta * am + alpha * bias * am,
            -gam * exit_w * qw + beta * aw,
            gam * exit_w * qw - beta * aw,
            100 * alpha * am - 0.5 * mm,
            100 * alpha * aw - 0.5 * mw,
            0.023 * 0.489 * (1 - 0.592 * 30 / 167) - 0.023 * tr,
            0.023 * (tr - hct),
            0.0299 * 332 * (1 - 30 / 102.4) - 0.0299 * plt,
            0.0475 * 6.72 * (1 - 30 / 182) - 0.0475 * wbc,
        ]

    active = gam / (gam + beta)
    stem = [0.7 * (1 - active), 0.7 * active, 0.3 * (1 - active), 0.3 * active]
    start = [*stem, 100 * alpha * stem[1] / 0.5, 100 * alpha * stem[3] / 0.5, 0.459, 0.459, 477, 11.4]
    days = np.array([30.0, 365.0, 1500.0])
    theirs = solve_ivp(rates, (0, 1500), start, method="LSODA", t_eval=days, rtol=1e-10, atol=1e-13).y
    ours = _followed(constant, days, F0=0.7, f_zygosity=1.5, zygosity=2.0)
    for name, row in zip((*STEM, "m_m", "m_w", "", "HCT", "PLT", "WBC"), theirs, strict=True):
        if name:
            assert ours[name][0] == pytest.approx(row, rel=1e-6), name
    assert ours["VAF"][0] == pytest.approx(theirs[4] / (theirs[4] + theirs[5]), rel=1e-6)
