"""Laws of drug and response over the ranges of the tables: balance, signs, order by dose, and where they come to rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.protocol import PRODUCTS, Regimen, product

from .ranges import PATIENTS, Ranged, drawn, largest_gap, never_below, over_ranges

PK = "interferon_pk"
LEDGERS = {
    "eliminated": "interferon_pk__CL*interferon_pk__dCL*interferon_pk__C_free"
    " + interferon_pk__kint*(C - interferon_pk__C_free)*interferon_pk__V",
}
RESPONSE = tuple(f"interferon_response__{name}" for name in ("T_neo", "Neo", "OAS", "EC_isg", "E_neo", "u"))
COUPLINGS = ("Ceq", "U", "S_isg", "S_ap", "E_act", "X_cp", "r_H", "X_nk", "q_ap", "f_anc", "f_plt", "f_hb")


@pytest.fixture(scope="module")
def drug() -> Ranged:
    return Ranged.of("interferon", ("C", f"{PK}__A_d", f"{PK}__A_c", f"{PK}__R"), ledgers=LEDGERS)


@pytest.fixture(scope="module")
def response() -> Ranged:
    return Ranged.of("interferon", ("C", *COUPLINGS, *RESPONSE))


def _disposition(name: str, seed: int) -> dict[str, np.ndarray]:
    generator, rows = np.random.default_rng(seed), product(name).rows
    symbols = ("ka", "CL", "V", "T50", "R0", "R_ss", "k_dec", "t_start", "kint", "kdeg", "K_D")
    return {f"{PK}__{symbol}": drawn(rows[symbol], generator) for symbol in symbols}


any_product = settings(max_examples=14)
given_product = given(name=st.sampled_from(PRODUCTS), dose=st.floats(1, 600), seed=st.integers(0, 2**32 - 1))


@any_product
@given_product
def test_property_every_microgram_is_in_the_depot_in_the_centre_or_eliminated(drug, name, dose, seed) -> None:
    days = np.array([1.0, 3.0, 10.0, 40.0, 120.0])  # after every lag
    found = drug.course(_disposition(name, seed), days, regimens=[Regimen(drug=name, dose=dose, start=0.0)])
    held = found[f"{PK}__A_d"] + found[f"{PK}__A_c"] + found["eliminated"]
    available = dose * product(name).rows["F"].value
    assert largest_gap(held, np.full_like(held, available), scale=available) < 1e-6
    assert all(values.min() >= 0 for values in found.values())


@any_product
@given_product
def test_property_more_drug_is_never_less_drug_in_the_blood(drug, name, dose, seed) -> None:
    days, columns = np.linspace(0, 60, 121), _disposition(name, seed)
    low, high = (
        drug.course(columns, days, regimens=[Regimen(drug=name, dose=d, start=0.0, interval=7, doses=4)])["C"]
        for d in (dose, 1.5 * dose)
    )
    assert never_below(high, low)


@any_product
@given_product
def test_law_at_steady_state_a_dose_is_eliminated_in_an_interval(drug, name, dose, seed) -> None:
    """For clearance and receptors that no longer decline; after 104 weekly doses, many times the slowest half-life."""
    columns = {**_disposition(name, seed), f"{PK}__T50": np.full(PATIENTS, np.inf), f"{PK}__k_dec": np.zeros(PATIENTS)}
    weekly = [Regimen(drug=name, dose=dose, start=0.0, interval=7, doses=104)]
    found = drug.course(columns, 7.0 * np.array([102.0, 103.0]) + 6.99, regimens=weekly)
    available = dose * product(name).rows["F"].value
    assert np.diff(found["eliminated"], axis=1)[:, 0] == pytest.approx(available, rel=1e-3)
    assert found["C"][:, 1] == pytest.approx(found["C"][:, 0], rel=1e-3)


def _held_at(response: Ranged, seed: int, concentration: np.ndarray | float, days: np.ndarray) -> dict[str, np.ndarray]:
    """Signals and effects over their ranges under a concentration (ng/mL) that stays: nothing eliminates the drug."""
    still = {f"{PK}__CL": 0.0, f"{PK}__kint": 0.0, f"{PK}__R0": 0.0, f"{PK}__V": 1.0}
    columns = response.patients(seed, "interferon_response", **still, interferon_response__w_cyt=1.0)
    intravenous = [Regimen(drug="interferon alfa-2a", dose=1.0, start=0.0, route="intravenous")]
    columns[f"{PK}__V"] = np.broadcast_to(1 / np.asarray(concentration), len(columns[f"{PK}__V"]))
    return response.course(columns, days, regimens=intravenous)


@over_ranges()
def test_law_signals_and_biomarkers_come_to_rest_where_the_equations_balance(response, seed) -> None:
    days = np.array([0.01, 4000.0, 5000.0])
    found = _held_at(response, seed, 3.0, days)
    assert found["C"] == pytest.approx(3.0, rel=1e-9)
    end = {name: values[:, -1] for name, values in found.items()}
    own = response.patients(seed, "interferon_response")
    value = {name.removeprefix("interferon_response__"): column for name, column in own.items()}
    u = end["Ceq"] / (value["EC0"] + end["Ceq"])
    assert end["U"] == pytest.approx(u, rel=1e-6)
    assert end["S_isg"] == pytest.approx(end["Ceq"] / (value["EC0"] * (1 + value["phi"] * u) + end["Ceq"]), rel=1e-6)
    assert end["interferon_response__OAS"] == pytest.approx(1 + value["Emax_oas"] * end["S_isg"], rel=1e-6)
    neopterin = value["base_neo"] * (1 + end["interferon_response__E_neo"])
    assert end["interferon_response__Neo"] == pytest.approx(neopterin, rel=1e-6)


@over_ranges()
def test_property_signals_are_shares_and_effects_keep_their_signs(response, seed) -> None:
    found = _held_at(response, seed, 30.0, np.linspace(0, 300, 61)[1:])
    for share in ("U", "S_isg", "S_ap", "r_H", "q_ap", "f_anc", "f_plt", "f_hb"):
        assert found[share].min() >= 0 and found[share].max() <= 1, share
    for gain in ("E_act", "X_cp", "X_nk", "interferon_response__OAS"):
        assert found[gain].min() >= 1 - 1e-9, gain
    assert min(found[name].min() for name in RESPONSE) >= 0


@over_ranges()
def test_property_a_higher_steady_concentration_never_has_less_effect_at_rest(response, seed) -> None:
    low, high = (_held_at(response, seed, c, np.array([4000.0, 5000.0])) for c in (0.5, 2.0))
    for rising in (
        "U",
        "S_isg",
        "S_ap",
        "E_act",
        "X_cp",
        "X_nk",
        "interferon_response__OAS",
        "interferon_response__Neo",
    ):
        assert never_below(high[rising], low[rising]), rising
    for falling in ("r_H", "q_ap", "f_anc", "f_plt", "f_hb"):
        assert never_below(low[falling], high[falling]), falling
