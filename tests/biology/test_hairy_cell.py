"""Checks F1-F7 against module F, its laws over the ranges of the table, and a second implementation with a true delay."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from inferon.biology.hairy_cell.functions import marrow_at_rest, regrowth_days, suppression
from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.engine import Settings, compile_model
from inferon.evidence.check import all_checks
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.trial import hairy_cell as trial
from inferon.trial.hairy_cell_treatment import LowDoseInterferon, Treatment

CHECKS = [check for check in all_checks() if check.module == "hairy_cell"]
MISFITS = {
    "F1": {f"marrow halved{counts} at month {m}, %" for m in (3, 6, 12) for counts in ("", " and counts normal")},
    "F2": {"no hairy cells, %"},
    "F3": {"median index at month 6", "median index at month 12"},
    "F5": {"median months from stopping to index > 0.35"},
    "F6": {"index > 0.35 at 10 years beside what was observed, %"},
}
"""Known disagreements: one that starts to agree has to be looked at, and its note taken away."""

TIGHT = Settings(rtol=1e-9, default_atol=1e-13, atol={"marrow__C1": 1e-3, "marrow__C2": 1e-3})
MARROW = {symbol: row.value for symbol, row in parameter_table("marrow").items()}
VARIED = ("Hc0", "g", "k_hcl", "EC_hcl", "tau", "LK_clad", "n_sup")


def test_law_every_check_of_module_F_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"F{number}" for number in range(1, 8)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, MISFITS.get(check.id, set()))


@pytest.fixture(scope="module")
def looked_into():
    """A compiled composite that shows the drug now and a week ago, the mean, the effect and the index."""
    names = ("C", "C_before", "hairy_cell__Ceq24", "hairy_cell__E_ifn", "hairy_cell_index", "E_chemo", "marrow__ANC")
    return compile_model(load_composite("hairy_cell"), (*names, "marrow__PLT", "marrow__HB"))


def _followed(looked_into, monkeypatch, treatment: Treatment, days: np.ndarray, **columns) -> dict[str, np.ndarray]:
    """Read-outs (patients, days) of four patients of the cohort, with parameters of the disease replaced by symbol."""
    monkeypatch.setattr(trial, "hairy_cell_kernel", lambda: looked_into)
    cohort = draw_hairy_cell_cohort(np.arange(4), seed=5)
    changed = {f"hairy_cell__{s}": np.broadcast_to(np.asarray(v, dtype=float), 4) for s, v in columns.items()}
    cohort.parameters.update(changed)
    if "LK_clad" in columns:
        cohort.draws["cladribine"] = changed["hairy_cell__LK_clad"]
    batch = trial.hairy_cell_batch(cohort, treatment, days, TIGHT)
    batch.advance(float(days[-1]))
    assert batch.failures() == {}
    return {name: batch.samples[:, :, i] for i, name in enumerate(looked_into.kernel.readouts)}


INTERFERON = Treatment(interferon=LowDoseInterferon(weeks=6))


def test_law_the_second_copy_of_the_drug_is_the_drug_of_a_week_ago(looked_into, monkeypatch) -> None:
    days = np.arange(0, 60.01, 0.25)
    seen = _followed(looked_into, monkeypatch, INTERFERON, days)
    assert seen["C"].max() > 0.05
    assert seen["C_before"][:, 28:] == pytest.approx(seen["C"][:, :-28], abs=1e-9)
    assert np.all(seen["C_before"][:, :28] == 0)


def test_law_the_trailing_mean_of_equal_weeks_is_the_dose_over_clearance_and_ends_with_the_drug(
    looked_into, monkeypatch
) -> None:
    days = np.array([6.9, 7.0, 9.3, 20.1, 41.9, 49.5, 60.0])
    seen = _followed(looked_into, monkeypatch, INTERFERON, days)
    cohort = draw_hairy_cell_cohort(np.arange(4), seed=5)
    batch = trial.hairy_cell_batch(cohort, INTERFERON, days)
    clearance = batch.parameters[:, looked_into.column("interferon_pk__CL")]
    weekly = 3 * 2 * 3.85 * cohort.covariates["body_surface"].to_numpy()
    mean = seen["hairy_cell__Ceq24"]
    assert mean[:, 1:5] == pytest.approx(np.tile((weekly / clearance / 7)[:, None], 4), rel=1e-5)
    assert np.abs(mean[:, -1]).max() < 1e-9


def test_law_a_course_takes_its_log_kill_and_nothing_else_happens(looked_into, monkeypatch) -> None:
    days = np.array([0.0, 4.9, 15.0, 30.0, 55.0])
    kill = np.array([2.0, 3.0, 3.5, 4.0])
    one = _followed(looked_into, monkeypatch, Treatment(courses=(5.0,)), days, g=0.0, LK_clad=kill)["hairy_cell_index"]
    assert one[:, 1] == pytest.approx(one[:, 0], rel=1e-9)
    assert np.log10(one[:, 0] / one[:, 2]) == pytest.approx(kill, rel=1e-7)
    assert one[:, 4] == pytest.approx(one[:, 2], rel=1e-6)
    two = _followed(looked_into, monkeypatch, Treatment(courses=(5.0, 40.0)), days, g=0.0, LK_clad=kill)
    assert np.log10(one[:, 4] / two["hairy_cell_index"][:, 4]) == pytest.approx(kill, rel=1e-5)


def test_law_pentostatin_spreads_the_same_kill_over_its_doses(looked_into, monkeypatch) -> None:
    days = np.array([0.0, 7.0, 150.0])
    seen = _followed(looked_into, monkeypatch, Treatment(analogue="pentostatin", courses=(0.0,)), days, g=0.0)
    index, kill = seen["hairy_cell_index"], draw_hairy_cell_cohort(np.arange(4), seed=5).draws["pentostatin"]
    assert np.log10(index[:, 0] / index[:, 1]) == pytest.approx(kill / 8, rel=1e-7)
    assert np.log10(index[:, 0] / index[:, 2]) == pytest.approx(kill, rel=1e-7)


def _baseline(name: str) -> np.ndarray:
    """Counts of the four patients without hairy cells."""
    column = {"marrow__ANC": "neutrophils", "marrow__PLT": "platelets", "marrow__HB": "haemoglobin"}[name]
    return draw_hairy_cell_cohort(np.arange(4), seed=5).covariates[f"baseline_{column}"].to_numpy()


def test_law_counts_stay_where_they_are_beside_constant_hairy_cells(looked_into, monkeypatch) -> None:
    days = np.array([0.0, 100.0, 400.0])
    seen = _followed(looked_into, monkeypatch, Treatment(), days, g=0.0, Hc0=[0.05, 0.13, 0.56, 0.83])
    for name in ("marrow__ANC", "marrow__PLT", "marrow__HB"):
        assert seen[name] == pytest.approx(np.tile(seen[name][:, :1], 3), rel=1e-6)
        assert np.all(np.diff(seen[name][:, 0] / _baseline(name)) < 0)


def test_law_untreated_hairy_cells_fill_the_marrow_in_logistic_time(looked_into, monkeypatch) -> None:
    growth, level = np.array([0.001, 0.003, 0.005, 0.008]), 0.7
    due = regrowth_days(np.full(4, 0.2), level, growth, 0.95)
    seen = _followed(looked_into, monkeypatch, Treatment(), np.append(np.sort(due), 9000.0), g=growth, Hc0=0.2)
    index = seen["hairy_cell_index"]
    assert [index[i, np.sort(due).searchsorted(due[i])] for i in range(4)] == pytest.approx([level] * 4, rel=1e-6)
    assert index[1:, -1] == pytest.approx(0.95, abs=1e-3)


@settings(max_examples=5)
@given(data=st.data())
def test_property_more_interferon_never_means_more_hairy_cells(looked_into, data) -> None:
    table = parameter_table("hairy_cell")
    drawn = {s: data.draw(st.floats(table[s].lower, table[s].upper), label=s) for s in VARIED}
    days = np.linspace(0, 200, 21)
    curves = []
    with pytest.MonkeyPatch.context() as patch:
        for dose in (0.0, 0.5, 2.0, 5.0):
            treatment = Treatment(interferon=LowDoseInterferon(dose=dose, weeks=20), courses=(150.0,))
            curves.append(_followed(looked_into, patch, treatment, days, **drawn))
    for less, more in pairwise(curves):
        assert np.all(more["hairy_cell_index"] <= less["hairy_cell_index"] * (1 + 1e-6))
    for curve in curves:
        assert np.all((curve["hairy_cell_index"] > 0) & (curve["hairy_cell_index"] < 0.95))
        assert np.all((curve["hairy_cell__E_ifn"] >= 0) & (curve["hairy_cell__E_ifn"] < 1))
        assert all(np.all(curve[f"marrow__{count}"] >= 0) for count in ("ANC", "PLT", "HB"))


def test_law_the_marrow_at_rest_gives_less_the_more_is_held_back() -> None:
    kept = suppression(np.linspace(0, 0.9, 181), 0.85, 1.5)
    rest = marrow_at_rest(kept, MARROW)
    assert np.all(np.diff(rest["blood"]) <= 1e-12)
    assert rest["blood"][0] == 1
    assert rest["blood"][-1] == 0
    assert np.all(rest["C2"] > 0)


def _drug(t: float, doses: np.ndarray, amount: float, clearance: float, volume: float, lasting: float) -> float:
    """Amount in the body after equal infusions, in closed form."""
    k, since = clearance / volume, t - doses[doses < t]
    running = np.minimum(since, lasting)
    return float((amount / lasting / k * -np.expm1(-k * running) * np.exp(-k * (since - running))).sum())


def _mean_of_a_week(t: float, doses: np.ndarray, amount: float, clearance: float, volume: float, lasting: float):
    """Trailing mean of the concentration: what came in less what is there, over clearance and window."""

    def eliminated(day: float) -> float:
        given = amount * np.clip((day - doses) / lasting, 0, 1).sum()
        return given - _drug(day, doses, amount, clearance, volume, lasting)

    return (eliminated(t) - eliminated(t - 7.0)) / clearance / 7.0


def test_double_module_F_with_a_true_delay_in_scipy(looked_into, monkeypatch) -> None:
    """Index and effect of the typical patient: interferon for 12 weeks, cladribine from day 100, written from section 2."""
    dose, clearance, volume, lasting = 2 * 3.85 * 1.9, 598.0, 61.0, 0.33
    doses = np.sort(np.concatenate([d + 7 * np.arange(12) for d in (0.0, 2.0, 4.0)]))

    def rates(t: float, y: np.ndarray) -> list[float]:
        mean = max(_mean_of_a_week(t, doses, dose, clearance, volume, lasting), 0.0)
        course = np.log(10) * 3.0 / 10 if 100 <= t < 110 else 0.0
        growth = 0.003 * (1 - y[0] / 0.95)
        return [y[0] * (growth - 0.0117 * y[1] - course), (mean / (0.004 + mean) - y[1]) / 20]

    state, theirs = np.array([0.56, 0.0]), []
    for begin, end in ((0.0, 30.0), (30.0, 84.0), (84.0, 100.0), (100.0, 110.0), (110.0, 160.0)):
        solved = solve_ivp(rates, (begin, end), state, rtol=1e-8, atol=1e-12, max_step=0.25)
        state = solved.y[:, -1]
        theirs.append(state)
    monkeypatch.setattr(trial, "hairy_cell_kernel", lambda: looked_into)
    cohort = draw_hairy_cell_cohort(np.arange(1), seed=5)
    cohort.parameters.update({"hairy_cell__Hc0": np.array([0.56]), "hairy_cell__g": np.array([0.003])})
    cohort.parameters["hairy_cell__k_hcl"] = np.array([0.0117])
    cohort.draws["cladribine"] = np.array([3.0])
    cohort.effects.update({name: np.zeros(1) for name in ("CL", "V", "T0")})
    interferon = LowDoseInterferon(dose=2 * 1.9, per_m2=False, weeks=12)
    batch = trial.hairy_cell_batch(
        cohort, Treatment(interferon=interferon, courses=(100.0,)), np.array([30.0, 84, 100, 110, 160]), TIGHT
    )
    batch.advance(160.0)
    ours = batch.samples[0][
        :, [looked_into.kernel.readouts.index(n) for n in ("hairy_cell_index", "hairy_cell__E_ifn")]
    ]
    assert ours == pytest.approx(np.array(theirs), rel=2e-5)
