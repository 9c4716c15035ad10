"""Checks H1-H6 against module H, its laws over the ranges of the table, and a second implementation in SciPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from inferon.biology.hepatitis_c.functions import first_phase, half_effect, steady_state
from inferon.engine import Batch, Settings, compile_model
from inferon.evidence.check import all_checks
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen, dosing

CHECKS = [check for check in all_checks() if check.module == "hepatitis_c"]
TABLE = parameter_table("hepatitis_c")
VALUES = {symbol: row.value for symbol, row in TABLE.items()}
TIGHT = Settings(rtol=1e-9, atol={"hepatitis_c__T": 1e-6, "hepatitis_c__I": 1e-9, "hepatitis_c__V": 1e-9})


def test_law_every_check_of_module_H_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"H{number}" for number in range(1, 7)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, set())


@pytest.fixture(scope="module")
def whole():
    """The composite with drug, virus and efficacy."""
    names = ("T", "I", "V", "efficacy", "viral_load")
    return compile_model(load_composite("hepatitis_c"), tuple(f"hepatitis_c__{name}" for name in names))


def _followed(whole, days: np.ndarray, *regimens: Regimen, **changed: float) -> dict[str, np.ndarray]:
    """Read-outs of one patient on days; ``changed`` replaces parameters of the virus by symbol."""
    doses, chosen = dosing(whole, regimens, {"weight": np.full(1, 70.0)}, 1)
    table = whole.defaults(1)
    for name, value in {**chosen, **{f"hepatitis_c__{s}": v for s, v in changed.items()}}.items():
        if name in whole.kernel.parameters:
            table[:, whole.column(name)] = value
    batch = Batch(whole, table, start=0.0, doses=doses, sample_days=days, settings=TIGHT)
    batch.advance(float(days[-1]))
    assert batch.failures() == {}
    return {n.removeprefix("hepatitis_c__"): batch.samples[0, :, i] for i, n in enumerate(whole.kernel.readouts)}


@settings(max_examples=15)
@given(c=st.floats(4, 8), delta=st.floats(0.01, 0.41), efficacy=st.floats(0.3, 0.99))
def test_property_untreated_stays_and_more_efficacy_means_less_virus(whole, c, delta, efficacy) -> None:
    """Within a week: later the target cells saved by a drug that does not clear let the virus swing."""
    days = np.linspace(0, 7, 29)
    steady = steady_state({**VALUES, "c": c, "delta": delta})
    none = _followed(whole, days, c=c, delta=delta)
    for name in ("T", "I", "V"):
        assert none[name] == pytest.approx(np.full(29, steady[name]), rel=1e-6)
    less = _followed(whole, days, c=c, delta=delta, eps_constant=efficacy)
    more = _followed(whole, days, c=c, delta=delta, eps_constant=efficacy + 0.005)
    assert np.all(more["V"][1:] < less["V"][1:])
    assert np.all(less["V"][1:] < none["V"][1:])
    for seen in (less, more):
        assert all(np.all(seen[name] > 0) for name in ("T", "I", "V"))
        assert np.all(seen["T"] < VALUES["s"] / VALUES["d"])


def test_law_near_full_efficacy_virions_fall_with_their_half_life(whole) -> None:
    """Neumann's half-life of a virion, 2.7 h; and of infected cells, 5 days at the median."""
    hours = np.array([0.0, 2.7, 5.4]) / 24
    load = _followed(whole, hours, eps_constant=0.999999)["V"]
    assert load[1:] / load[:-1] == pytest.approx([0.5, 0.5], abs=0.005)
    late = _followed(whole, np.array([0.0, 10, 20]), eps_constant=0.9999)["V"]
    assert np.log(late[1] / late[2]) / 10 == pytest.approx(VALUES["delta"], rel=0.01)


def test_law_the_first_phase_levels_off_at_the_efficacy(whole) -> None:
    """With infected cells that do not die and no new target cells, the load falls to 1 - efficacy and stays."""
    seen = _followed(whole, np.array([0.0, 5.0]), eps_constant=0.95, delta=1e-6, d=1e-7)["viral_load"]
    assert seen[0] - seen[1] == pytest.approx(float(first_phase(0.95)), abs=1e-3)


def test_property_more_drug_never_means_more_virus_and_efficacies_join_as_independent_losses(whole) -> None:
    days, loads = np.linspace(0, 27.9, 280), []
    for dose in (45, 90, 180, 360):
        regimen = Regimen(drug="peginterferon alfa-2a", dose=dose, start=0, interval=7, doses=4)
        seen = _followed(whole, days, regimen)
        loads.append(seen["viral_load"])
        both = _followed(whole, days, regimen, eps_constant=0.5)
        assert both["efficacy"] == pytest.approx(1 - 0.5 * (1 - seen["efficacy"]), abs=1e-9)
    for less, more in pairwise(loads):
        assert np.all(more <= less + 1e-9)
        assert more[-1] < less[-1]


def test_law_half_effect_of_a_product_is_half_the_effect_at_equal_potency() -> None:
    assert half_effect(1.0, 0.027, 0.27) == pytest.approx(0.1)
    assert half_effect(1.0, 0.027, 0.027) == 1.0


def test_fault_a_virus_that_cannot_keep_itself_up_has_no_chronic_state() -> None:
    with pytest.raises(ValueError, match="there is no chronic infection"):
        steady_state({**VALUES, "beta": 1e-10})


def test_double_module_H_in_scipy(whole) -> None:
    """Section 2 written again with the drug in closed form: peginterferon alfa-2a, 180 ug on day 0."""
    s, d, beta, p, delta, c, k = 2e4, 0.001, 1e-7, 100, 0.14, 6.16, 2.256 / 15.6

    def rates(t: float, y: np.ndarray) -> list[float]:
        drug = 180 * 0.672 / 15.6 / (0.672 - k) * (np.exp(-k * t) - np.exp(-0.672 * t))
        left = 1 - drug**2 / (1 + drug**2)
        return [s - d * y[0] - beta * y[0] * y[2], beta * y[0] * y[2] - delta * y[1], left * p * y[1] - c * y[2]]

    target = c * delta / (p * beta)
    virus = (s / target - d) / beta
    days = np.array([1.0, 7.0, 20.0, 40.0])
    solved = solve_ivp(
        rates, (0, 40), [target, c * virus / p, virus], method="LSODA", t_eval=days, rtol=1e-10, atol=1e-8
    )
    ours = _followed(whole, days, Regimen(drug="peginterferon alfa-2a", dose=180, start=0, doses=1))
    for name, row in zip(("T", "I", "V"), solved.y, strict=True):
        assert ours[name] == pytest.approx(row, rel=1e-5), name
