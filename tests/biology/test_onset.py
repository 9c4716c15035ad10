"""Checks J1-J12, laws of hazards over the ranges of the table, and second implementations of the sums and the growth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp
from scipy.stats import lognorm

from inferon.biology.onset import clone, lifetime
from inferon.biology.onset import functions as onset
from inferon.cohort.exposures import Exposure, lifetime_risk, onset_values
from inferon.engine import Settings
from inferon.evidence.check import all_checks
from inferon.model.catalogue import parameter_table

CHECKS = [check for check in all_checks() if check.module == "onset"]
QUICK = settings(max_examples=25)
CELLS = {
    f"{m}__{c}": 1e-6 for m, c in (("marrow", "C1"), ("marrow", "C2"), *(("leukaemia", f"L{i}") for i in (1, 2, 3)))
}


def test_law_every_check_of_module_J_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"J{number}" for number in range(1, 13)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, set())


@st.composite
def constants(draw) -> dict[str, float]:
    """The table with every value that has a range moved within it."""
    moved = dict(onset_values())
    for symbol, row in parameter_table("onset").items():
        if row.lower is not None and row.upper is not None:
            moved[symbol] = row.lower + draw(st.floats(0, 1)) * (row.upper - row.lower)
    return moved


@given(constants())
@QUICK
def test_property_radiation_risk_rises_with_dose_up_to_cell_killing_and_is_bounded_above_it(v) -> None:
    dose = np.linspace(0, v["D_kill"], 50)[:, None]
    age = np.array([5.0, 20.0, 31.0, 45.0, 70.0, 100.0])
    excess = onset.radiation_excess(dose, 30.0, age, v)
    assert np.all(np.diff(excess, axis=0) >= 0)
    assert np.all(excess[0] == 0) and np.all(excess[:, :2] == 0), "no dose or not yet exposed"
    high = onset.dose_response(np.array([20.0, 40.0]), v)
    assert np.all(np.isfinite(high)) and np.all(high >= 0) and high[1] < high[0], "cell killing wins at last"


@given(constants(), st.floats(0, 60), st.floats(6, 40))
@QUICK
def test_property_the_excess_fades_with_time_since_exposure(v, exposed: float, since: float) -> None:
    now, later = (onset.radiation_excess(1.0, exposed, np.float64(exposed + t), v) for t in (since, since + 1))
    assert 0 <= later <= now


@given(constants(), st.floats(0.01, 2))
@QUICK
def test_law_small_doses_are_linear_and_protracted_ones_always(v, dose: float) -> None:
    assert onset.dose_response(dose, v, protracted=True) == pytest.approx(v["aL_rad"] * dose, rel=1e-12)
    assert onset.dose_response(1e-9, v) == pytest.approx(v["aL_rad"] * 1e-9, rel=1e-6)
    whole = onset.partial_body_response(np.array([dose, dose, 0.0]), np.array([0.3, 0.2, 0.5]), v)
    assert whole == pytest.approx(0.5 * onset.dose_response(dose, v), rel=1e-12)


@given(constants(), st.floats(0, 20), st.floats(20, 40), st.floats(0, 30))
@QUICK
def test_property_benzene_risk_rises_with_concentration_and_duration(v, ppm: float, start: float, years: float) -> None:
    age = np.linspace(0, 100, 201)

    def risk(ppm, stop):
        return onset.benzene_risk(*onset.benzene_dose(ppm, start, stop, age, v), "AML", v)

    one = risk(ppm, start + years)
    assert np.all(one >= 1) and np.all(one[age < start] == 1)
    assert np.all(risk(ppm + 1, start + years) >= one) and np.all(risk(ppm, start + years + 1) >= one - 1e-12)
    other = onset.benzene_risk(*onset.benzene_dose(ppm, start, start + years, age, v), "CLL", v)
    assert np.all(other <= one)
    assert one.max() == pytest.approx(1 + v["bB"] * ppm * years, rel=1e-9)


def test_oracle_the_power_form_of_benzene_meets_every_published_category() -> None:
    """The printed 1.90, 2.49 and 3.04 belong to exposures below 40, from 40 to 99.9 and above 100 ppm-years; 1.27 to 1."""
    exposure = np.linspace(0, 200, 20001)
    risk = onset.benzene_risk_power(exposure, onset_values())
    low, middle, high = np.interp([1.90, 2.49, 3.04], risk, exposure)
    assert low < 40 < middle < 99.9 and high > 100
    assert np.interp(1.0, exposure, risk) == pytest.approx(1.27, abs=0.006)


@given(constants(), st.floats(0, 80))
@QUICK
def test_property_smoking_risk_rises_with_pack_years_and_falls_on_stopping(v, pack_years: float) -> None:
    current, former = (float(onset.smoking_risk(pack_years, c, v)) for c in (True, False))
    assert 1 <= former <= current <= float(onset.smoking_risk(pack_years + 1, True, v))


@given(constants(), st.sampled_from(["standard", "intensified", "high"]))
@QUICK
def test_property_therapy_hazards_integrate_to_the_risk_that_never_exceeds_the_fractions(v, kind: str) -> None:
    fractions = (v[f"pA_{kind}"], v[f"pT_{kind}"])
    edges = np.linspace(0, 40, 4001)
    middle = (edges[:-1] + edges[1:]) / 2
    rates = onset.therapy_rates(middle, fractions, v)
    risk = -np.expm1(-np.cumsum(rates[0] + rates[1]) * (edges[1] - edges[0]))
    closed = onset.therapy_risk(edges[1:], fractions, v)
    assert np.abs(risk - closed).max() < 1e-6
    assert np.all(np.diff(closed) >= 0) and closed[-1] <= sum(fractions)
    assert np.all(np.concatenate(onset.therapy_rates(np.array([-5.0, 0.0]), fractions, v)) == 0)


@given(constants(), st.floats(20, 100))
@QUICK
def test_law_carriers_and_others_average_to_the_rate_of_the_population(v, age: float) -> None:
    share = float(onset.published_prevalence(age, v))
    carrier, other = (float(onset.haematopoiesis_risk(c, age, v)) for c in (True, False))
    assert share * carrier + (1 - share) * other == pytest.approx(1, rel=1e-12)
    assert carrier / other == pytest.approx(v["HR_chip"], rel=1e-12)


@given(constants())
@QUICK
def test_property_prevalence_is_a_probability_that_rises_with_age(v) -> None:
    prevalence = clone.clonal_prevalence(np.arange(1.0, 110.0), v, steps=400)
    assert np.all(prevalence >= 0) and np.all(prevalence < 1) and np.all(np.diff(prevalence) >= 0)


@given(st.lists(st.floats(0, 0.5), min_size=2, max_size=2), st.floats(0, 0.3), st.floats(0.01, 2))
@QUICK
def test_law_incidences_and_survival_sum_to_one_and_competition_lowers_them(
    rates, competing: float, step: float
) -> None:
    hazards = np.outer(rates, np.linspace(0, 2, 50))
    death = np.full(50, competing)
    incidence = lifetime.cumulative_incidence(hazards, death, step)
    left = lifetime.cumulative_incidence(np.vstack([hazards, death]), np.zeros(50), step)
    alive = np.exp(-lifetime.cumulative_hazard(hazards.sum(axis=0) + death, step))
    assert left.sum(axis=0) + alive == pytest.approx(np.ones(51), abs=1e-12)
    assert incidence == pytest.approx(left[:2], abs=1e-12)
    more = lifetime.cumulative_incidence(hazards, death + 0.05, step)
    assert np.all(more <= incidence + 1e-15)
    assert np.all(incidence <= -np.expm1(-lifetime.cumulative_hazard(hazards, step)) + 1e-12), "never above 1 - KM"


@given(st.lists(st.floats(1e-6, 1), min_size=8, max_size=8), st.floats(0, 7.99))
@QUICK
def test_law_age_at_inverts_hazard_at(rates, age: float) -> None:
    edges = np.linspace(0, 8, 9)
    summed = lifetime.cumulative_hazard(np.array([rates]), 1.0)
    spent = lifetime.hazard_at(summed, np.array([age]), edges)
    assert lifetime.age_at(summed, spent, edges) == pytest.approx([age], abs=1e-6)
    assert np.isinf(lifetime.age_at(summed, summed[0, -1:] + 1, edges))


def _hazards_by_hand(age: float, dose: float, exposed: float) -> tuple[float, float]:
    """AML and everything else in 1/yr for a survivor, from the text and its printed numbers alone."""
    nodes = [0, 2, 7, 12, 17, 30, 45, 55, 65, 75, 85]
    printed = {
        "AML": [1.6, 1.1, 0.5, 0.7, 0.9, 1.2, 2.35, 4.3, 10.0, 20.0, 26.3],
        "ALL": [1.84, 8.2, 3.9, 2.35, 1.8, 0.7, 0.8, 1.0, 1.3, 1.6, 1.9],
        "CML": [0.05, 0.08, 0.1, 0.15, 0.3, 0.75, 1.4, 2.2, 4.0, 7.0, 9.5],
        "CLL": [0.001, 0.001, 0.001, 0.001, 0.01, 0.15, 1.3, 5.5, 15, 27, 35],
    }
    t = age - exposed
    err = 0.0
    if t > 0:
        err = (0.7899 * dose + 0.9501 * dose**2) * np.exp(-0.8075 * max(t, 5) / 40) * (max(age, 5) / 70) ** -1.09
        err *= min(t / 2, 1)
    rate = {k: 1e-5 * np.exp(np.interp(age, nodes, np.log(v))) for k, v in printed.items()}
    aml, others = (1 + err) * rate["AML"], (1 + err) * (rate["ALL"] + rate["CML"]) + rate["CLL"]
    return aml, others + 3e-5 * np.exp(0.092 * age) + 2.5e-4 * (age > 15) + 5e-3 * (age < 1)


@pytest.mark.parametrize(("dose", "exposed", "start"), [(0.0, 0.0, 0.0), (1.0, 30.0, 30.0), (0.1, 10.0, 10.0)])
def test_double_lifetime_AML_by_an_adaptive_solver(dose: float, exposed: float, start: float) -> None:
    def change(age, y):
        aml, others = _hazards_by_hand(age, dose, exposed)
        return [-(aml + others) * y[0], aml * y[0]]

    y = [1.0, 0.0]
    for first, last in ((start, max(start, 15)), (max(start, 15), 45), (45, 120)):
        if last > first:
            y = solve_ivp(change, (first, last), y, rtol=1e-9, atol=1e-13, max_step=0.5).y[:, -1]
    radiation = {"radiation_dose_gy": dose, "radiation_age": exposed} if dose else {}
    assert lifetime_risk(Exposure(**radiation), from_age=start)["AML"][-1] == pytest.approx(y[1], rel=2e-3)


def test_double_therapy_hazard_by_another_library() -> None:
    v = onset_values()
    latency = [lognorm(s, scale=m / 12) for m, s in ((67, 0.75), (28, 0.55))]
    t = np.array([0.5, 2.0, 5.0, 12.0])
    free = 1 - 0.045 * latency[0].cdf(t) - 0.015 * latency[1].cdf(t)
    rates = onset.therapy_rates(t, (0.045, 0.015), v)
    assert rates[0] == pytest.approx(0.045 * latency[0].pdf(t) / free, rel=1e-12)
    assert rates[1] == pytest.approx(0.015 * latency[1].pdf(t) / free, rel=1e-12)


@pytest.mark.parametrize("age", [45.0, 75.0, 95.0])
def test_double_prevalence_of_clones_by_quadrature(age: float) -> None:
    needed = np.log(5e4 * 0.04 / 0.96)
    fitness = lognorm(0.4, scale=0.12)
    clones = 0.006 * quad(lambda grown: fitness.sf(needed / grown), 1e-9, age, epsabs=1e-12)[0]
    assert clone.clonal_prevalence(age, onset_values())[0] == pytest.approx(1 - np.exp(-clones), rel=1e-4)
    years = clone.years_to_carriage(0.12, onset_values())
    assert clone.variant_fraction(0.12, years, onset_values()) == pytest.approx(0.02, rel=1e-12)
    assert clone.variant_fraction(0.12, np.float64(-1.0), onset_values()) == 0


@pytest.mark.parametrize("preset", ["AML_fast", "AML_default", "ALL"])
@pytest.mark.parametrize("pace", [0.7, 1.0, 1.4])
def test_double_one_cell_in_the_marrow_reaches_diagnosis_when_the_clone_says(marrow, preset: str, pace: float) -> None:
    """The full equations, from one cell in 70 kg to 20 % blasts, against the days that date a diagnosis back."""
    v, table = onset_values(), parameter_table("marrow")
    renewal, speed = table[f"a1L_{preset}"].value, pace * table[f"p1L_{preset}"].value
    growth = clone.stem_cell_growth(renewal, speed, table["a1"].value)
    days = np.linspace(0, 1000, 10001)
    columns = {"L1_0": 1 / v["weight_ref"], "a1L": renewal, "p1L": speed, "p2L": speed}
    columns = {f"leukaemia__{name}": value for name, value in columns.items()}
    solved = Settings(rtol=1e-8, default_atol=1e-12, atol=CELLS)
    blasts = marrow(days, columns=columns, settings=solved)["blast_fraction"][0]
    expected = v[f"T20_{preset}"] / pace + np.log(v["weight_ref"]) / growth
    assert days[np.argmax(blasts >= 0.2)] == pytest.approx(expected, rel=0.005)


@given(st.floats(0.86, 1.0), st.floats(0.1, 0.8), st.floats(50, 2000), st.floats(1, 2000))
@QUICK
def test_property_growth_is_positive_and_missing_time_is_made_up_by_cells(renewal, speed, mean, available) -> None:
    growth, chance = clone.stem_cell_growth(renewal, speed, 0.85), clone.establishment_probability(renewal, 0.85)
    assert growth > 0 and 0 < chance < 1
    cells = float(clone.founder_cells(mean, growth, available))
    assert cells >= 1 and (cells == 1) == (available >= mean)
    assert np.log(cells) / growth == pytest.approx(max(0.0, mean - available), abs=1e-6)
    assert clone.establishment_probability(0.80, 0.85) == 0, "no clone without an advantage in self-renewal"
