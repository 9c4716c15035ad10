"""Checks A10-A14: superposition, mass balance, dose proportion, signs and the linear limit of module A."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.engine import Batch, Settings, compile_model
from inferon.model import load_composite
from inferon.model.expression import call, symbol
from inferon.model.model import State
from inferon.protocol import PRODUCTS, Regimen, dosing, product

LINEAR = ("peginterferon alfa-2a", "peginterferon alfa-2b", "interferon alfa-2a", "interferon alfa-2b")
DISPOSITION = ("ka", "CL", "V", "T50", "R0", "R_ss", "k_dec", "t_start", "kint", "kdeg", "K_D")


def _single_doses(drug: str, dose: float, days: np.ndarray) -> np.ndarray:
    """Sum of the closed-form curves of single first-order doses (module A, section 3), constant clearance."""
    rows = product(drug).rows
    ka, cl, v = (rows[s].value for s in ("ka", "CL", "V"))
    k = cl / v
    total = np.zeros_like(days)
    for start in (0.0, 14.0, 28.0):
        tau = np.maximum(days - start, 0.0)
        total += dose * ka / (v * (ka - k)) * (np.exp(-k * tau) - np.exp(-ka * tau))
    return total


def test_law_A10_repeated_doses_equal_the_closed_form(interferon) -> None:
    days = np.linspace(0, 42, 421)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0.0, interval=14, doses=3)]
    c = interferon(days, regimens=regimens)["C"][0]
    expected = _single_doses("peginterferon alfa-2a", 180, days)
    assert np.abs(c - expected).max() <= 1e-6 * expected.max()


@pytest.mark.parametrize("drug", LINEAR)
def test_law_A10_linear_products_superpose(interferon, drug: str) -> None:
    days = np.linspace(0, 40, 801)
    repeated = [Regimen(drug=drug, dose=100, start=0.0, interval=14, doses=3)]
    together = interferon(days, regimens=repeated)["C"][0]
    parts = [
        interferon(days, regimens=[Regimen(drug=drug, dose=100, start=s)], columns={"interferon_pk__t_first": 0.0})[
            "C"
        ][0]
        for s in (0.0, 14.0, 28.0)
    ]
    assert np.abs(together - np.sum(parts, axis=0)).max() <= 1e-6 * together.max()


@pytest.fixture(scope="module")
def ledger():
    """The composite with one more state: what has left the body (module A's two eliminations, written from its section 3)."""
    model = load_composite("interferon")
    pk = {s: symbol(f"interferon_pk__{s}") for s in ("CL", "dCL", "C_free", "kint", "V")}
    linear = call("mul", call("mul", pk["CL"], pk["dCL"]), pk["C_free"])
    bound = call("mul", call("mul", pk["kint"], call("sub", symbol("C"), pk["C_free"])), pk["V"])
    zero = model.states[0].initial
    eliminated = State("eliminated", "ug", zero, call("add", linear, bound))
    names = ("interferon_pk__A_d", "interferon_pk__A_c", "eliminated")
    return compile_model(replace(model, states=(*model.states, eliminated)), names)


@pytest.mark.parametrize("drug", PRODUCTS)
def test_law_A11_depot_centre_and_eliminated_make_the_dose(ledger, drug: str) -> None:
    days = np.array([1.0, 10.0, 30.0, 100.0])
    doses, columns = dosing(ledger, [Regimen(drug=drug, dose=180, start=0.0)], {"weight": np.array([70.0])}, 1)
    table = ledger.defaults(1)
    for name, value in columns.items():
        if name in ledger.kernel.parameters:
            table[:, ledger.column(name)] = value
    batch = Batch(ledger, table, start=0.0, doses=doses, sample_days=days)
    batch.advance(100.0)
    bioavailable = 180 * product(drug).rows["F"].value
    assert batch.samples[0].sum(axis=1) == pytest.approx(np.full(4, bioavailable), rel=1e-6)
    assert batch.samples[0, -1, 2] > 0.5 * bioavailable


def test_law_A12_ropeginterferon_exposure_rises_faster_than_dose(interferon) -> None:
    days, per_ug = np.linspace(0, 60, 6001), []
    for dose in (24, 48, 90, 180, 225, 270):
        c = interferon(days, regimens=[Regimen(drug="ropeginterferon alfa-2b (healthy)", dose=dose, start=0.0)])["C"][0]
        per_ug.append(np.trapezoid(c, days) / dose)
    assert np.all(np.diff(per_ug) > 0)


def _within_ranges(drug: str, seed: int, patients: int) -> dict[str, np.ndarray]:
    """Disposition parameters spread evenly over the ranges of the tables."""
    generator, columns = np.random.default_rng(seed), {}
    for name in DISPOSITION:
        row = product(drug).rows[name]
        if row.lower is not None and row.upper is not None:
            columns[f"interferon_pk__{name}"] = generator.uniform(row.lower, row.upper, patients)
    return columns


@settings(max_examples=10, deadline=None, derandomize=True)
@given(drug=st.sampled_from(PRODUCTS), dose=st.floats(1, 600), seed=st.integers(0, 2**32 - 1))
def test_property_A13_states_are_never_negative(interferon, drug: str, dose: float, seed: int) -> None:
    regimens = [Regimen(drug=drug, dose=dose, start=0.0, interval=7, doses=4)]
    doses, columns = dosing(interferon.model, regimens, {"weight": np.full(16, 70.0)}, 16)
    columns |= _within_ranges(drug, seed, 16)
    batch = interferon.batch(np.array([]), 16, columns, {}, doses, 0.0, Settings())
    for day in (0.1, 1.0, 5.0, 13.9, 30.0, 60.0, 120.0):
        interferon.carry_on(batch, day)
        assert np.all(np.isfinite(batch.y))
        assert batch.y.min() >= 0
        assert np.all(batch.state("U") <= 1)


@pytest.mark.parametrize("drug", [p for p in PRODUCTS if not p.startswith("interferon")])
def test_law_A13_outputs_of_long_acting_products_are_never_negative(interferon, drug: str) -> None:
    _outputs_not_negative(interferon, drug)


@pytest.mark.parametrize("drug", [p for p in PRODUCTS if p.startswith("interferon")])
def test_law_A13_outputs_of_native_products_are_never_negative(interferon, drug: str) -> None:
    _outputs_not_negative(interferon, drug)


def _outputs_not_negative(interferon, drug: str) -> None:
    days = np.linspace(0, 60, 2401)
    regimens = [Regimen(drug=drug, dose=180, start=0.0, interval=7, doses=4)]
    curves = interferon(days, regimens=regimens, settings=Settings())
    assert {name: values.min() for name, values in curves.items() if not values.min() >= 0} == {}


@pytest.mark.parametrize("capacity", [1e-9, 0.0])
@pytest.mark.parametrize(
    "drug", ["ropeginterferon alfa-2b (healthy)", "ropeginterferon alfa-2b", "peginterferon alfa-2b 40 kDa"]
)
def test_law_A14_vanishing_receptor_capacity_gives_the_linear_solution(interferon, drug: str, capacity: float) -> None:
    rows = product(drug).rows
    days, lag = np.linspace(0, 40, 801), rows["t_lag"].value
    none = {"interferon_pk__R0": capacity, "interferon_pk__R_ss": capacity}
    c = interferon(days, regimens=[Regimen(drug=drug, dose=180, start=0.0)], columns=none)["C"][0]
    ka, v = rows["ka"].value, rows["V"].value
    k, tau = rows["CL"].value / v, np.maximum(days - lag, 0)
    if abs(ka - k) < 1e-6:
        expected = 180 * k * tau * np.exp(-k * tau) / v
    else:
        expected = 180 * ka / (v * (ka - k)) * (np.exp(-k * tau) - np.exp(-ka * tau))
    assert np.abs(c - expected).max() <= 1e-6 * expected.max()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    drug=st.sampled_from(PRODUCTS),
    dose=st.floats(20, 540),
    more=st.floats(1.0, 4.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_property_B7_more_drug_never_lowers_S_ap_nor_raises_f_anc(interferon, drug, dose, more, seed) -> None:
    columns = _within_ranges(drug, seed, 8)
    lower, higher = (
        interferon(
            np.linspace(0, 40, 161),
            regimens=[Regimen(drug=drug, dose=d, start=0.0, interval=7, doses=3)],
            patients=8,
            columns=columns,
        )
        for d in (dose, dose * more)
    )
    assert np.all(higher["S_ap"] >= lower["S_ap"] - 1e-9)
    assert np.all(higher["f_anc"] <= lower["f_anc"] + 1e-9)
    assert np.all(higher["f_plt"] <= lower["f_plt"] + 1e-9)
