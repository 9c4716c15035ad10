"""Products: seven parameter sets, their covariate relations (module A, section 4) and what a regimen turns into."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferon.engine import compile_model
from inferon.model import load_composite
from inferon.protocol import PRODUCTS, Regimen, dosing, product

TYPICAL = {
    "peginterferon alfa-2a": {"ka": 0.672, "CL": 2.256, "V": 15.6, "R0": 0},
    "peginterferon alfa-2b": {"ka": 1.9, "CL": 44.1, "V": 149, "T50": 666, "R0": 0},
    "peginterferon alfa-2b 40 kDa": {
        **{"ka": 0.2424, "CL": 3.264, "V": 2.95, "R0": 0.328, "R_ss": 0},
        **{"k_dec": 0.0068, "kint": 1.985, "kdeg": 13.06, "K_D": 0.0493},
    },
    "ropeginterferon alfa-2b (healthy)": {
        **{"ka": 0.14, "t_lag": 0.0178, "CL": 0.778, "V": 2.32, "R0": 0.111, "R_ss": 0.111},
        **{"kint": 1.891, "kdeg": 13.06, "K_D": 0.142, "k_dec": 0},
    },
    "ropeginterferon alfa-2b": {
        **{"ka": 0.18, "t_lag": 0.62, "CL": 0.753, "V": 3.29, "R0": 0.317, "R_ss": 0.012},
        **{"k_dec": 0.0255, "t_start": 7, "kint": 0.0223, "kdeg": 0.51, "K_D": 0.0662},
    },
    "interferon alfa-2a": {"f0": 1, "T0": 0.33, "CL": 281, "V": 28, "F": 0.8, "R0": 0},
    "interferon alfa-2b": {"f0": 1, "T0": 0.33, "CL": 598, "V": 61, "F": 1, "R0": 0},
}
POTENCY = {
    **{"peginterferon alfa-2a": 0.027, "peginterferon alfa-2b": 0.28, "peginterferon alfa-2b 40 kDa": 0.03},
    **{"ropeginterferon alfa-2b (healthy)": 0.03, "ropeginterferon alfa-2b": 0.03},
    **{"interferon alfa-2a": 1, "interferon alfa-2b": 1},
}


def test_law_there_are_seven_sets() -> None:
    assert set(PRODUCTS) == set(TYPICAL)


@pytest.mark.parametrize("name", TYPICAL)
def test_oracle_typical_values_are_those_of_the_table(name: str) -> None:
    rows = product(name).rows
    assert {s: rows[s].value for s in TYPICAL[name]} == pytest.approx(TYPICAL[name], rel=3e-3)
    assert rows["a_drug"].value == POTENCY[name]


RELATIONS = [
    ("peginterferon alfa-2a", "CL", "CrCL", lambda x: (x / 91.39) ** 0.31, (30, 200)),
    ("peginterferon alfa-2a", "V", "BMI", lambda x: (x / 23.41) ** 1.81, (15, 40)),
    ("peginterferon alfa-2b", "CL", "CrCL", lambda x: (x / 120) ** 0.21, (30, 200)),
    ("peginterferon alfa-2b 40 kDa", "CL", "CrCL", lambda x: 1 + 0.00504 * (x - 110.38), (30, 200)),
    ("ropeginterferon alfa-2b (healthy)", "CL", "WT", lambda x: (x / 70) ** 0.927, (0, np.inf)),
    ("ropeginterferon alfa-2b", "CL", "BMI", lambda x: (x / 23.1) ** 0.813, (15, 40)),
]


@pytest.mark.parametrize(("name", "symbol", "covariate", "factor", "clamp"), RELATIONS)
def test_oracle_covariate_relations(name, symbol, covariate, factor, clamp) -> None:
    x = np.array([10.0, 20.0, 45.0, 70.0, 91.39, 120.0, 250.0])
    if covariate == "WT":
        x = np.array([45.0, 70.0, 91.39, 120.0])
    values = product(name).individual({covariate: x}, len(x))[symbol]
    assert values == pytest.approx(TYPICAL[name][symbol] * factor(np.clip(x, *clamp)), rel=3e-3)


def test_law_covariates_that_are_off_change_nothing() -> None:
    for name in PRODUCTS:
        values = product(name).individual({}, 3)
        for symbol, value in values.items():
            assert np.all(value == product(name).rows[symbol].value), symbol


def test_law_cytopenia_of_other_products_is_converted_by_potency() -> None:
    """Module B, section 3: C_cyt = (a_drug/0.027) C for native and 12-kDa products, C itself for 40-kDa products."""
    factors = {name: product(name).cytopenia_factor for name in PRODUCTS}
    for name in ("peginterferon alfa-2b", "interferon alfa-2a", "interferon alfa-2b"):
        assert factors.pop(name) == pytest.approx(POTENCY[name] / 0.027)
    assert set(factors.values()) == {1.0}


@pytest.fixture(scope="module")
def model():
    return compile_model(load_composite("interferon"), ("C",))


def _given(model, regimens, weight=70.0):
    doses, columns = dosing(model, regimens, {"weight": np.array([weight])}, 1)
    states = [model.kernel.states[s] for s in doses.state[0]]
    return list(zip(doses.time[0], doses.amount[0], doses.duration[0], states, strict=True)), columns


def test_law_a_subcutaneous_depot_product_is_a_bolus_into_the_depot(model) -> None:
    regimen = Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)
    records, columns = _given(model, [regimen])
    assert records == [(day, 180.0, 0.0, "interferon_pk__A_d") for day in (-1, 13, 27, 41)]
    assert columns["interferon_pk__t_first"].tolist() == [-1.0]


def test_law_a_lag_delays_the_depot(model) -> None:
    records, _ = _given(model, [Regimen(drug="ropeginterferon alfa-2b", dose=100, start=0)])
    assert records == [(pytest.approx(0.62), 100.0, 0.0, "interferon_pk__A_d")]


def test_law_a_native_product_is_absorbed_at_a_constant_rate(model) -> None:
    records, _ = _given(model, [Regimen(drug="interferon alfa-2a", dose=220, start=2)])
    assert records == [(2.0, pytest.approx(0.8 * 220), 0.33, "interferon_pk__A_c")]


def test_law_an_intravenous_dose_goes_to_the_centre_whole(model) -> None:
    records, _ = _given(model, [Regimen(drug="interferon alfa-2a", dose=220, start=2, route="intravenous")])
    assert records == [(2.0, 220.0, 0.0, "interferon_pk__A_c")]


@pytest.mark.parametrize(
    ("drug", "dose", "unit", "ug"),
    [
        ("peginterferon alfa-2b", 1.5, "ug/kg", 1.5 * 80),
        ("interferon alfa-2a", 3, "MIU", 3 * 3.7 * 0.8),
        ("interferon alfa-2b", 5, "MIU", 5 * 3.85),
        ("peginterferon alfa-2a", 135, "ug", 135),
    ],
)
def test_oracle_units_of_dose(model, drug: str, dose: float, unit: str, ug: float) -> None:
    records, _ = _given(model, [Regimen(drug=drug, dose=dose, unit=unit, start=0)], weight=80.0)
    assert records[0][1] == pytest.approx(ug)


@given(start=st.floats(-30, 300), interval=st.floats(0.5, 60), doses=st.integers(1, 40))
def test_property_dose_days_are_evenly_spaced(start: float, interval: float, doses: int) -> None:
    days = Regimen(drug="peginterferon alfa-2a", dose=1, start=start, interval=interval, doses=doses).days
    assert len(days) == doses
    assert days == pytest.approx(start + interval * np.arange(doses))


def test_law_two_regimens_of_one_drug_are_joined_in_order_of_time(model) -> None:
    late = Regimen(drug="peginterferon alfa-2a", dose=90, start=28, interval=7, doses=2)
    early = Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=14, doses=2)
    records, columns = _given(model, [late, early])
    assert [(t, a) for t, a, _, _ in records] == [(0, 180), (14, 180), (28, 90), (35, 90)]
    assert columns["interferon_pk__t_first"].tolist() == [0.0]


def test_fault_two_drugs_in_one_arm_are_refused(model) -> None:
    both = [Regimen(drug=name, dose=1) for name in ("peginterferon alfa-2a", "interferon alfa-2a")]
    with pytest.raises(ValueError, match="interferon alfa-2a and peginterferon alfa-2a"):
        dosing(model, both, {"weight": np.array([70.0])}, 1)


def test_fault_a_unit_that_does_not_fit_is_refused(model) -> None:
    with pytest.raises(ValueError, match="peginterferon alfa-2a cannot be dosed in MIU"):
        _given(model, [Regimen(drug="peginterferon alfa-2a", dose=3, unit="MIU")])


def test_fault_an_unknown_drug_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="allowed: peginterferon alfa-2a"):
        product("peginterferon alpha-2a")
