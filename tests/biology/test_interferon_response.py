"""Checks B1-B4: neopterin, refractoriness and its recovery against the specification of module B (B7 is with module A's laws)."""

import numpy as np
import pytest

from inferon.engine import Batch, Settings, compile_model
from inferon.model import Instance, compose, load_module
from inferon.protocol import Regimen

PHI, EC0, K_U = 405, 0.00217, 0.163
FOUR_DOSES = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]


def test_oracle_B1_neopterin_peaks_under_weekly_peginterferon(interferon) -> None:
    days = np.linspace(0, 84, 8401)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=12)]
    neopterin = interferon(days, regimens=regimens)["interferon_response__Neo"][0]
    first, late = neopterin[days <= 7], neopterin[days >= 77]
    assert first.max() == pytest.approx(42, abs=0.5)
    assert late.max() == pytest.approx(27.9, abs=0.05)
    assert 70 <= 24 * days[first.argmax()] <= 90


@pytest.fixture(scope="module")
def exposed():
    """The response alone at a constant concentration so far above EC_u that u = 1 to 1e-10."""
    rows = {"a_drug": "a_pegA2a", "w_cyt": "w_cyt_40kDa"}
    response = Instance(load_module("interferon_response"), values=rows)
    return compile_model(compose("response", [response], {"C": 1e10}), ("interferon_response__EC_isg", "U"))


def test_law_B2_desensitisation_at_constant_exposure(exposed) -> None:
    days = np.linspace(0, 60, 61)
    settings = Settings(rtol=1e-10, default_atol=1e-13)
    batch = Batch(exposed, exposed.defaults(1), start=0.0, sample_days=days, settings=settings)
    batch.advance(60.0)
    expected = EC0 * (1 + PHI * -np.expm1(-K_U * days))
    assert batch.samples[0, :, 0] == pytest.approx(expected, rel=1e-6)


B3 = {
    1: (0.45, 0.56, 0.27),
    7: (0.16, 0.45, 0.72),
    13: (0.06, 0.26, 0.88),
    20: (0.16, 0.52, 0.95),
    27: (0.07, 0.28, 0.97),
}
"""Day (day 0 is the graft, first dose on day -1): S_isg, S_ap, U."""


def test_oracle_B3_signals_after_four_doses(interferon) -> None:
    days = np.array([*B3, 69, 83], dtype=float)
    curves = interferon(days, regimens=FOUR_DOSES, start=-1.0)
    obtained = np.array([curves[name][0] for name in ("S_isg", "S_ap", "U")]).T
    assert obtained[:5] == pytest.approx(np.array(list(B3.values())), abs=0.0051)
    assert obtained[5:, 2] == pytest.approx([0.88, 0.52], abs=0.005)


def test_oracle_B3_signals_to_three_digits_of_the_reference_run(interferon) -> None:
    curves = interferon(np.array([1.0, 7, 13, 20, 27, 69, 83]), regimens=FOUR_DOSES, start=-1.0)
    assert curves["S_isg"][0, :5] == pytest.approx([0.447, 0.163, 0.064, 0.160, 0.065], abs=5.1e-4)
    assert curves["S_ap"][0, :5] == pytest.approx([0.564, 0.451, 0.259, 0.516, 0.283], abs=5.1e-4)
    assert curves["U"][0] == pytest.approx([0.270, 0.717, 0.876, 0.953, 0.968, 0.878, 0.523], abs=5.1e-4)


def _rechallenge(interferon, equivalents: float) -> tuple[float, np.ndarray]:
    """S_isg of the first contact, then U and S_isg: at once after 60 d, after one half-life of nothing, after 21 d of nothing.

    Without elimination an intravenous dose is a constant concentration; setting the amount to zero is the wash-out.
    """
    amount = equivalents / 0.027 * 15.6
    batch = interferon.batch(np.array([]), 1, {"interferon_pk__CL": 0.0}, {}, None, 0.0, Settings(rtol=1e-9))
    drug, u = batch.state("interferon_pk__A_c"), batch.state("U")
    drug[:] = amount
    first = equivalents / (EC0 + equivalents)
    interferon.carry_on(batch, 60.0)
    seen = [u[0]]
    drug[:] = 0.0
    for day in (60 + np.log(2) / K_U, 81.0):
        interferon.carry_on(batch, float(day))
        seen.append(u[0])
    again = equivalents / (EC0 * (1 + PHI * seen[2]) + equivalents)
    return again / first, np.array(seen)


def test_law_B4_refractoriness_halves_in_4_3_days_without_drug(interferon) -> None:
    _, u = _rechallenge(interferon, 0.1)
    assert np.log(2) / K_U == pytest.approx(4.3, abs=0.05)
    assert u[1] / u[0] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(("equivalents", "share"), [(0.1, 0.78), (0.2, 0.88)])
def test_oracle_B4_rechallenge_after_three_weeks_restores_the_signal(
    interferon, equivalents: float, share: float
) -> None:
    restored, u = _rechallenge(interferon, equivalents)
    assert restored >= 0.70
    assert restored == pytest.approx(share, abs=0.006)
    assert u[2] / u[0] == pytest.approx(0.033, abs=5e-4)
