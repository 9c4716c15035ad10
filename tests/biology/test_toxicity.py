"""Toxicity (module I): acceptance checks, hazards by SciPy, laws over the ranges of the table, and the closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.stats import norm

from inferon.biology.toxicity.functions import alt_peak, day_of_constant_hazard, flu_probability, frailty, graded
from inferon.cohort.treated_adults import CAUSES
from inferon.engine import Batch, Settings, compile_model
from inferon.evidence.check import all_checks
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen, dosing

TABLE = parameter_table("toxicity")
HAZARDS = [f"h_ae_{cause}" for cause in CAUSES]
SUMS = [f"toxicity__H_{cause}" for cause in CAUSES]
VARIED = (
    *("h_fat", "n_fat", "h_head", "n_head", "h_dep", "n_dep", "f_prior", "h_thy", "n_thy", "h_sae", "n_sae", "h_dc"),
    *("tau_dep", "tau_thy", "dc0", "dc1", "dc_g3", "dc_g4"),
)
"""Rows of the hazards that have a range."""


CHECKS = [check for check in all_checks() if check.module == "toxicity"]
MISFITS = {
    "I2": {"ANC below 1.5 at 180 ug (%), with the marrow"},
    "I3": {"median fall of platelets (%), CV 75 %, with the marrow"},
    "I6": {
        "after three weeks without a dose (%)",
        "after dose 1, variable signals (%)",
        "after dose 2, variable signals (%)",
    },
}
"""What the card tells of as known misfits."""


def test_law_every_check_of_module_I_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"I{number}" for number in range(1, 9)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, MISFITS.get(check.id, set()))


@pytest.fixture(scope="module")
def model():
    return compile_model(load_composite("toxicity"), ("C", *HAZARDS, *SUMS, "toxicity__exposure_days"))


def _simulated(model, dose: float, columns: dict[str, float], days: np.ndarray) -> dict[str, np.ndarray]:
    """Read-outs of the typical patient on weekly peginterferon from day 0 for 12 weeks."""
    regimen = Regimen(drug="peginterferon alfa-2a", dose=dose, start=0, interval=7, doses=12)
    doses, chosen = dosing(model, [regimen], {"weight": np.full(1, 70.0)}, 1)
    values = model.defaults(1)
    for name, value in {**chosen, **{f"toxicity__{k}": v for k, v in columns.items()}}.items():
        values[:, model.column(name)] = value
    batch = Batch(model, values, start=-1.0, doses=doses, sample_days=days, settings=Settings(rtol=1e-8))
    batch.advance(float(days[-1]))
    assert batch.failures() == {}
    return {name: batch.samples[0, :, i] for i, name in enumerate(model.kernel.readouts)}


def _hazards_by_hand(c: float, t: float, p: dict[str, float]) -> list[float]:
    """Module I, section 3, written from the text, with the factors for the frailty."""
    x, since = c / 11.4, max(t, 0.0)
    prior = p["f_prior"] if p["prior_depression"] else 1.0
    weight = 1 + p["dc_g3"] * p["grade_3_active"] + p["dc_g4"] * p["severe_active"]
    return [
        p["w"] * 1.432 * p["h_fat"] * x ** p["n_fat"],
        p["w"] * 1.163 * p["h_head"] * x ** p["n_head"],
        p["w"] * 1.073 * p["h_dep"] * x ** p["n_dep"] * (1 - np.exp(-since / p["tau_dep"])) * prior,
        p["w"] * 1.193 * p["h_thy"] * x ** p["n_thy"] * (1 - np.exp(-since / p["tau_thy"])),
        p["w"] * 1.071 * p["h_sae"] * x ** p["n_sae"],
        p["ctx"] * p["h_dc"] * (p["dc0"] + p["dc1"] * x) * weight if t >= 0 else 0.0,
    ]


drawn = st.fixed_dictionaries(
    {
        **{symbol: st.floats(TABLE[symbol].lower, TABLE[symbol].upper) for symbol in VARIED},
        "w": st.floats(0.1, 5),
        "ctx": st.sampled_from([TABLE[f"ctx_{c}"].value for c in ("hcv", "mpn", "hct", "cml")]),
        **{name: st.sampled_from([0.0, 1.0]) for name in ("prior_depression", "grade_3_active", "severe_active")},
    }
)


@settings(max_examples=10)
@given(drawn, st.sampled_from([90.0, 135.0, 180.0]))
def test_double_hazards_and_their_sums_agree_with_scipy(model, columns: dict[str, float], dose: float) -> None:
    """Drug and sums once more by an implicit multistep method from dose to dose, between the ranges of the table."""
    until = 28.0

    def rates(t: float, y: np.ndarray) -> list[float]:
        c = max(y[1], 0.0) / 15.6
        return [-0.672 * y[0], 0.672 * y[0] - 2.256 * c, *_hazards_by_hand(c, t, columns)]

    y = np.zeros(8)
    for day in np.arange(0, until, 7):
        y[0] += dose
        y = solve_ivp(rates, (day, day + 7), y, method="LSODA", rtol=1e-9, atol=1e-11).y[:, -1]
    ours = _simulated(model, dose, columns, np.array([until - 1e-6, until + 1e-6]))
    assert [ours[name][0] for name in SUMS] == pytest.approx(list(y[2:]), rel=1e-5)
    assert [ours[name][0] for name in HAZARDS] == pytest.approx(_hazards_by_hand(y[1] / 15.6, until, columns), rel=1e-4)


@settings(max_examples=15)
@given(drawn, st.floats(0, 300), st.floats(1.0, 3.0))
def test_property_hazards_are_never_negative_and_rise_with_the_dose(
    model, columns: dict[str, float], dose: float, factor: float
) -> None:
    """At every moment, for every value in the ranges of the table; 1e-6 is the tolerance of the solution."""
    days = np.linspace(-1, 84, 171)
    low, high = (_simulated(model, d, columns, days) for d in (dose, dose * factor))
    for name in (*HAZARDS, *SUMS):
        assert np.all(low[name] >= 0)
        assert np.all(high[name] >= low[name] * (1 - 1e-6) - 1e-12)
    for name in SUMS:
        assert np.all(np.diff(low[name]) >= -1e-12)


def test_law_without_drug_nobody_has_symptoms_and_withdrawal_goes_on(model) -> None:
    """No exponent is 0 in the table's own values, so no drug means no symptom."""
    curves = _simulated(model, 0.0, {}, np.array([-0.5, 1.0, 50.0]))
    assert all(np.all(curves[f"toxicity__H_{cause}"] == 0) for cause in CAUSES if cause != "withdrawal")
    assert curves["h_ae_withdrawal"].tolist() == [0.0, pytest.approx(1.4e-4), pytest.approx(1.4e-4)]


def test_law_exposure_days_of_reference_exposure_are_days(model) -> None:
    """The area of one dose is dose/CL, whatever the absorption: here of twelve, read long after the last."""
    curves = _simulated(model, 180.0, {}, np.array([300.0]))
    assert curves["toxicity__exposure_days"][0] == pytest.approx(12 * 180 / 2.256 / 11.4, rel=1e-6)


def test_law_a_history_of_depression_triples_its_hazard_and_no_other(model) -> None:
    days = np.array([30.0])
    without, with_history = (_simulated(model, 180.0, {"prior_depression": v}, days) for v in (0.0, 1.0))
    for name in HAZARDS:
        factor = 3 if name == "h_ae_depression" else 1
        assert with_history[name][0] == pytest.approx(factor * without[name][0], rel=1e-9)


def test_law_the_open_loop_is_the_healthy_marrow_before_the_first_dose() -> None:
    """Its constants are those at which the marrow with its feedback stands still."""
    model = compile_model(load_composite("toxicity_open_loop"), ("marrow__ANC", "marrow__PLT", "marrow__HB"))
    tight = Settings(rtol=1e-10)
    batch = Batch(model, model.defaults(1), start=0.0, sample_days=np.array([0.0, 300.0]), settings=tight)
    batch.advance(300.0)
    assert batch.samples[0, 1] == pytest.approx(batch.samples[0, 0], rel=1e-8)
    assert 1 / (2 * parameter_table("marrow")["a1"].value) == pytest.approx(0.5882352941176471, rel=1e-15)


RESTORED = {
    "k_fat": ("h_fat", 0.75, None),
    "k_head": ("h_head", 0.36, None),
    "k_dep": ("h_dep", 0.13, "tau_dep"),
    "k_thy": ("h_thy", 0.10, "tau_thy"),
    "k_sae": ("h_sae", 0.157, None),
}


@pytest.mark.parametrize("factor", RESTORED)
def test_double_the_factor_for_the_frailty_restores_the_printed_frequency(factor: str) -> None:
    """Solved again by adaptive quadrature over the frailty, at reference exposure for 336 days."""
    hazard, share, onset = RESTORED[factor]
    days = 336.0
    if onset:
        tau = TABLE[onset].value
        days -= tau * (1 - np.exp(-336 / tau))
    sigma = np.sqrt(np.log(1 + 0.8**2))

    def excess(k: float) -> float:
        def escapes(z: float) -> float:
            w = np.exp(sigma * z - sigma**2 / 2)
            return float(norm.pdf(z) * np.exp(-w * k * TABLE[hazard].value * days))

        return 1 - quad(escapes, -10, 10, epsabs=1e-12)[0] - share

    assert TABLE[factor].value == pytest.approx(brentq(excess, 0.5, 3), abs=6e-4)


def test_law_frailty_has_mean_1_and_its_variability() -> None:
    """By Gauss-Hermite quadrature, exact for moments of a log-normal of this width."""
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    w, weight = frailty(z, 0.8), weight / weight.sum()
    assert weight @ w == pytest.approx(1, rel=1e-10)
    assert np.sqrt(weight @ (w - 1) ** 2) == pytest.approx(0.8, rel=1e-8)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 5), st.floats(2, 6), st.floats(0.2, 0.4))
def test_property_flu_like_symptoms_rise_with_the_signal(
    a: float, b: float, w: float, gain: float, limit: float
) -> None:
    low, high = flu_probability(np.sort([a, b]), np.array(w), gain=gain, threshold=limit)
    assert 0 <= low <= high < 1
    assert low == 0 or min(a, b) > limit


ALT = {"intercept": -2.2, "slope": 0.03, "scale": 0.4, "limit": 3.0}


@pytest.mark.parametrize("concentration", [0.0, 5.7, 11.4, 20.0])
def test_oracle_module_I_probability_of_a_grade_2_rise(concentration: float) -> None:
    """The share of a fine grid of draws is the printed logistic probability; heights beyond follow proportional odds."""
    u = (np.arange(200_000) + 0.5) / 200_000
    peak = alt_peak(u, np.full(len(u), concentration), **ALT)
    for multiple in (3.0, 5.0, 10.0):
        logit = -2.2 + 0.03 * concentration - np.log(multiple / 3) / 0.4
        assert (peak >= multiple).mean() == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


@given(st.floats(1e-6, 1 - 1e-6), st.floats(0, 40), st.floats(0, 40))
def test_property_a_transaminase_rise_is_never_smaller_at_more_drug(u: float, a: float, b: float) -> None:
    low, high = alt_peak(np.full(2, u), np.sort([a, b]), **ALT)
    assert low <= high
    assert low == 0 or low >= 3


def test_law_grades_have_the_given_shares() -> None:
    u = (np.arange(1000) + 0.5) / 1000
    grades = graded(u, grade_2=0.4, grade_3=0.06)
    assert [(grades >= g).mean() for g in (1, 2, 3, 4)] == pytest.approx([1, 0.4, 0.06, 0])


@given(st.floats(0.05, 0.9), st.floats(10, 200))
def test_law_a_constant_hazard_reaches_its_probability_at_the_end_of_the_window(share: float, window: float) -> None:
    u = (np.arange(4000) + 0.5) / 4000
    days = day_of_constant_hazard(-np.log(u), probability=share, window=window)
    assert np.isfinite(days).mean() == pytest.approx(share, abs=1e-3)
    assert (days <= window / 2).mean() == pytest.approx(1 - np.sqrt(1 - share), abs=1e-3)


def test_law_every_threshold_of_rules_and_grades_is_a_row_of_the_table(shared) -> None:
    """What the specification's table of parameters holds for module I stands here unchanged."""
    import csv

    with (shared / "science" / "parameters.csv").open(encoding="utf-8", newline="") as lines:
        printed = {r["symbol"]: r for r in csv.DictReader(lines) if r["module"] == "toxicity"}
    assert printed.keys() <= TABLE.keys()
    for symbol, row in printed.items():
        assert TABLE[symbol].value == float(row["value"]), symbol
        assert TABLE[symbol].status == row["status"], symbol
        assert (TABLE[symbol].lower is None) == (row["lower"] == ""), symbol
