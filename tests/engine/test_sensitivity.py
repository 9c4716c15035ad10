"""Sensitivities of whole models against central differences of the engine itself, and of event probabilities against formulas."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inferon.cohort import draw_cohort
from inferon.engine import CompiledModel, Doses, Settings, compile_model
from inferon.engine.sensitivity import (
    cumulative_incidence_sensitivity,
    event_probability_sensitivity,
    sensitivity_batch,
)
from inferon.model import Model, load_composite, read_antimony
from inferon.model.competing_risks import cumulative_incidence, with_cumulative_incidence
from inferon.model.sensitivities import event_day_sensitivity, sensitivity, with_sensitivities
from inferon.protocol import Regimen, dosing
from inferon.trial.simulate import SETTINGS

CLOSE = Settings(rtol=1e-10, default_atol=1e-12)
STEP = 5e-4
"""Relative change of a parameter for a central difference."""
STENCIL = {1: 8 / 12, -1: -8 / 12, 2: -1 / 12, -2: 1 / 12}
"""Multiples of the step and their weights: an error of the fourth order in the step."""
REGIMEN = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, doses=4)]

SEEN = {
    "interferon": ("C", "U", "S_isg", "interferon_response__Neo", "f_anc"),
    "interferon_marrow": ("C", "marrow__ANC", "marrow__PLT", "M"),
    "transplant": ("C", "L", "G", "transplant__T_A", "transplant__cumulative_hazard", "transplant__N_d"),
}
TOWARDS = {
    "interferon": ("interferon_pk__CL", "interferon_pk__ka", "interferon_pk__R0", "interferon_response__g_neo"),
    "interferon_marrow": ("interferon_pk__V", "interferon_response__IC_anc", "marrow__p1", "marrow__MTT_N"),
    "transplant": (
        *("interferon_pk__CL", "transplant__k_A", "transplant__k_eng", "transplant__ANC_h"),
        *("transplant__G_ster_on", "transplant__t_tap0"),
    ),
}
DAYS = {"transplant": ("relapse", "non_relapse_mortality", "surrogate_engraftment", "acute_gvhd_2_4")}
LEAST_REACHED = {"interferon": 16, "interferon_marrow": 13, "transplant": 15}
"""Pairs of a quantity and a parameter that must be told from 0, so that the comparison is of something."""


def compiled(model: Model, readouts: Sequence[str], towards: Sequence[str], days: Sequence[str] = ()) -> CompiledModel:
    """The model with sensitivities; read-outs are those named, then theirs by parameter, then those of the event days."""
    names = [sensitivity(r, p) for p in towards for r in readouts]
    names += [event_day_sensitivity(e, p) for p in towards for e in days]
    return compile_model(with_sensitivities(model, towards, event_days=days), [*readouts, *names])


def with_neighbours(table: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Every patient as he is, then once for each parameter and point of the stencil."""
    tables = [table]
    for column in columns:
        for multiple in STENCIL:
            tables.append(table.copy())
            tables[-1][:, column] *= 1 + multiple * STEP
    return np.concatenate(tables)


def differences(values: np.ndarray, table: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Central differences by parameter of values (patients, days) that stand in the order of ``with_neighbours``."""
    parts = values.reshape(-1, len(table), values.shape[1])[1:].reshape(
        len(columns), len(STENCIL), *values[: len(table)].shape
    )
    moved = np.einsum("w,jwpd->jpd", np.array(list(STENCIL.values())), parts)
    return moved / (STEP * table[:, columns].T[:, :, None])


def cohort_inputs(model: CompiledModel, patients: int) -> tuple[np.ndarray, Doses]:
    cohort = draw_cohort("transplant-reference", np.arange(patients), seed=20211201)
    doses, columns = dosing(model, REGIMEN, cohort.effects, patients)
    table = model.defaults(patients)
    for name, column in {**cohort.parameters, **columns, "interferon_pk__R0": 3.0}.items():
        if name in model.kernel.parameters:
            table[:, model.column(name)] = column
    return table, doses


@pytest.mark.parametrize("name", list(SEEN))
def test_double_sensitivities_of_a_composite_agree_with_central_differences(name: str) -> None:
    """Differences carry the error of located days (1e-9 d) over the step: elasticities are known to about 1e-5."""
    seen, towards, days, patients = SEEN[name], TOWARDS[name], DAYS.get(name, ()), 16
    model = compiled(load_composite(name), seen, towards, days)
    table, doses = cohort_inputs(model, patients)
    columns = [model.column(p) for p in towards]
    every = with_neighbours(table, columns)
    doses = Doses(
        *(np.tile(a, (len(every) // patients, 1)) for a in (doses.time, doses.amount, doses.duration, doses.state))
    )
    close = replace(CLOSE, floor=SETTINGS.floor, atol={k: 1e-4 * v for k, v in SETTINGS.atol.items()})
    visits = np.array([5.0, 20.0, 60.0, 150.0])
    batch = sensitivity_batch(
        model, every, towards=towards, start=-1.0, doses=doses, sample_days=visits, settings=close
    )
    batch.advance(150.0)
    assert batch.failures() == {}
    own = batch.samples[:patients]
    reached = 0
    for j, p in enumerate(towards):
        for i, quantity in enumerate(seen):
            found = own[:, :, model.kernel.readouts.index(sensitivity(quantity, p))]
            expected = differences(batch.samples[:, :, i], table, columns)[j]
            unit = np.abs(own[:, :, i]).max() / table[:, columns[j]]
            close_to = 1e-4 * np.abs(found).max(axis=1, keepdims=True) + 1e-5 * unit[:, None]
            assert np.all(np.abs(found - expected) <= close_to), (quantity, p)
            reached += bool(np.any(np.abs(found) > 10 * close_to))
        for event in days:
            found = own[:, -1, model.kernel.readouts.index(event_day_sensitivity(event, p))]
            day = batch.event_day(event)[:, None]
            expected = differences(np.where(np.isfinite(day), day, 0.0), table, columns)[j, :, 0]
            happened = np.isfinite(batch.event_day(event)[:patients])
            assert happened.any()
            assert np.all(found[~happened] == 0)
            error = np.abs(found - expected)[happened]
            assert np.all(error <= 2e-5 * np.abs(found[happened]) + 2e-5 / table[happened, columns[j]]), (event, p)

    assert reached >= LEAST_REACHED[name]


HAZARDS = """
model hazards()
  h1 = 0.02; h2 = 0.05; k = 0.1; low = 0.5
  x = 1; H = 0; gone = 0
  x' = -k*x
  H' = hazard
  hazard := h1
  other := h2
  leaves: at (x < low), t0=false: gone = 1
end
"""


def followed(model: Model, readouts: Sequence[str], towards: Sequence[str], h1: np.ndarray, until: float):
    ready = compiled(model, readouts, towards)
    table = ready.defaults(len(h1))
    table[:, ready.column("h1")] = h1
    batch = sensitivity_batch(ready, table, towards=towards, start=0.0, settings=CLOSE)
    batch.advance(until)
    return batch


def test_law_an_event_probability_averages_patients_and_knows_its_error() -> None:
    """Constant hazard h: 1 - exp(-h t) and t exp(-h t), by hand over five patients."""
    h1, day = np.array([0.01, 0.02, 0.03, 0.05, 0.2]), 30.0
    batch = followed(read_antimony(HAZARDS), ["H"], ["h1", "k"], h1, day)
    found = event_probability_sensitivity(batch, "H", ["h1", "k"])
    each, slope = 1 - np.exp(-h1 * day), day * np.exp(-h1 * day)
    assert (found.day, found.patients, found.parameters) == (day, 5, ("h1", "k"))
    assert found.probability == pytest.approx(each.mean(), rel=1e-9)
    assert found.probability_error == pytest.approx(each.std(ddof=1) / np.sqrt(5), rel=1e-9)
    assert found.sensitivity == pytest.approx([slope.mean(), 0.0], rel=1e-9)
    assert found.sensitivity_error == pytest.approx([slope.std(ddof=1) / np.sqrt(5), 0.0], rel=1e-9)


@pytest.mark.parametrize("day", [5.0, 30.0])
def test_law_a_cumulative_incidence_has_the_sensitivities_of_its_formula(day: float) -> None:
    """Two constant hazards, and risk that ends by the equations when x falls below one half, on day ln(2)/k."""
    events = {"death": "hazard", "relapse": "other"}
    model = with_cumulative_incidence(read_antimony(HAZARDS), events, ended_by=["gone"])
    towards = ["h1", "h2", "k", "low"]
    h1, h2, k, low = np.array([0.02]), 0.05, 0.1, 0.5
    batch = followed(model, [cumulative_incidence("death")], towards, h1, day)
    found = cumulative_incidence_sensitivity(batch, "death", towards)

    def probability(h1, h2, k, low):
        return h1 / (h1 + h2) * (1 - np.exp(-(h1 + h2) * (-np.log(low) / k if leaves < day else day)))

    leaves, at = -np.log(low) / k, [h1[0], h2, k, low]
    steps = [[*at[:i], at[i] + 1e-30j, *at[i + 1 :]] for i in range(4)]
    assert found.probability == pytest.approx(probability(*at), rel=1e-8)
    assert found.sensitivity == pytest.approx([np.imag(probability(*s)) / 1e-30 for s in steps], rel=1e-6, abs=1e-12)


def test_law_a_dose_across_a_threshold_changes_rates_on_its_own_day() -> None:
    """y sets in when a bolus lifts x above 1: that day is the dose's, whatever c is; the fall below 1 moves with c and k."""
    text = "model lifted()\n k = 0.5; c = 1\n x = 0; y = 0\n x' = -k*x\n y' = piecewise(1, x > c, 0)\nend"
    model = compiled(read_antimony(text), ["y"], ["k", "c"])
    dose = Doses(np.array([[2.0]]), np.array([[3.0]]), np.zeros((1, 1)), np.zeros((1, 1), np.int64))
    batch = sensitivity_batch(
        model,
        model.defaults(1),
        towards=["k", "c"],
        start=0.0,
        doses=dose,
        sample_days=np.array([3.0, 9.0]),
        settings=CLOSE,
    )
    batch.advance(10.0)
    length = np.log(3.0) / 0.5
    expected = [[1.0, 0.0, 0.0], [length, -length / 0.5, -1 / 0.5]]
    assert batch.samples[0] == pytest.approx(np.array(expected), rel=1e-7, abs=1e-12)


def test_law_a_bolus_leaves_sensitivities_alone_and_they_follow_it() -> None:
    """A chain of three boluses: each decays by itself, so the sensitivity is a sum of -(t - day) exp(-k (t - day))."""
    model = compiled(read_antimony("model chain()\n k = 0.3; x = 0\n x' = -k*x\nend"), ["x"], ["k"])
    days, t = np.array([[0.0, 2.0, 5.0]]), np.array([1.0, 4.0, 7.0])
    doses = Doses(days, np.array([[1.0, 2.0, 4.0]]), np.zeros((1, 3)), np.zeros((1, 3), np.int64))
    batch = sensitivity_batch(
        model, model.defaults(1), towards=["k"], start=0.0, doses=doses, sample_days=t, settings=CLOSE
    )
    batch.advance(7.0)
    since = np.maximum(t[:, None] - days, 0)
    assert batch.samples[0, :, 1] == pytest.approx(-(doses.amount * since * np.exp(-0.3 * since)).sum(1), rel=1e-8)


def test_fault_an_infusion_into_what_a_threshold_looks_at_is_refused() -> None:
    text = "model dripped()\n k = 0.5; c = 1\n x = 0; y = 0\n x' = -k*x\n y' = piecewise(1, x > c, 0) + x\nend"
    model = compiled(read_antimony(text), ["y"], ["k"])

    def dripped(state: int) -> None:
        dose = Doses(*(np.array([[v]]) for v in (1.0, 3.0, 2.0)), np.array([[state]]))
        sensitivity_batch(model, model.defaults(1), towards=["k"], start=0.0, doses=dose)

    dripped(model.kernel.states.index("y"))
    with pytest.raises(ValueError, match="x is infused, and an event or a threshold depends on it directly"):
        dripped(model.kernel.states.index("x"))


def test_fault_a_probability_needs_its_readouts_and_one_day() -> None:
    batch = followed(read_antimony(HAZARDS), ["H"], ["h1"], np.array([0.1, 0.2]), 3.0)
    with pytest.raises(KeyError, match="compiled without the read-out 'd H / d h2'"):
        event_probability_sensitivity(batch, "H", ["h2"])
    batch.advance(np.array([3.0, 4.0]))
    with pytest.raises(ValueError, match="patients stand at different days, 3 to 4"):
        event_probability_sensitivity(batch, "H", ["h1"])


@pytest.mark.parametrize(("hazards", "ended_by"), [({"death": "hasard"}, []), ({"death": "hazard"}, ["left"])])
def test_fault_unknown_hazards_are_refused(hazards: dict[str, str], ended_by: list[str]) -> None:
    with pytest.raises(KeyError, match=r"hazards has no quantity '(hasard|left)'"):
        with_cumulative_incidence(read_antimony(HAZARDS), hazards, ended_by=ended_by)


@st.composite
def networks(draw) -> tuple[str, list[float]]:
    """Three substances, four reactions of random kind; one rate changes at a threshold, one event halves a substance."""
    places = st.integers(0, 2)
    values = [draw(st.floats(0.1, 1.0)) for _ in range(6)]
    flows = []
    for i in range(4):
        a, b = draw(places), draw(places)
        rate = draw(st.sampled_from([f"k{i}*x{a}", f"k{i}*x{a}/(1 + x{b})", f"k{i}*x{a}*x{b}", f"k{i}*x{a}^1.5"]))
        flows.append((a, draw(places.filter(lambda end, a=a: end != a)), rate))
    watched, low, high = draw(places), draw(places), draw(places)
    flows[0] = (*flows[0][:2], f"({flows[0][2]})*piecewise(2, x{watched} > c, 1)")
    rates = [" ".join(f"{'-' if a == s else '+'} {rate}" for a, b, rate in flows if s in (a, b)) for s in range(3)]
    lines = [f"k{i} = {value:.3f}" for i, value in enumerate(values[:4])]
    lines += [f"c = {0.5 + values[4]:.3f}", f"e = {0.3 + values[5]:.3f}", "x0 = 2; x1 = 1; x2 = 0.4"]
    lines += [f"x{s}' = 0 {rate}" for s, rate in enumerate(rates)]
    lines += [f"at (x{low} < e*x{high}), t0=true: x{high} = 0.5*x{high} + 0.1*k1"]
    return "model network()\n " + "\n ".join(lines) + "\nend", values


def _jumps(values: np.ndarray) -> bool:
    """Whether an event falls between the neighbours of a sample: twice as far away, values do not differ twice as much."""
    parts = values[1:].reshape(-1, len(STENCIL), values.shape[1])
    near, far = (parts[:, list(STENCIL).index(m)] - parts[:, list(STENCIL).index(-m)] for m in (1, 2))
    return bool(np.abs(far - 2 * near).max() > 0.01 * np.abs(near).max() + 1e-9)


@settings(max_examples=12)
@given(networks())
def test_property_random_networks_agree_with_central_differences(drawn: tuple[str, list[float]]) -> None:
    """Where the events of all neighbours are the same ones: elsewhere there is no derivative."""
    towards, seen = ("k0", "k1", "c", "e"), ("x0", "x1", "x2")
    model = compiled(read_antimony(drawn[0]), seen, towards)
    table = model.defaults(1)
    columns = [model.column(p) for p in towards]
    every = with_neighbours(table, columns)
    batch = sensitivity_batch(
        model, every, towards=towards, start=0.0, sample_days=np.array([1.0, 3.0]), settings=CLOSE
    )
    batch.advance(3.0)
    assume(not batch.failures())  # a rate that jumps back and forth where it is crossed has no solution of this kind
    assume(np.ptp(np.where(np.isfinite(batch.first), batch.first, 99.0), axis=0).max() < 0.05)
    values = batch.samples[:, :, :3].reshape(len(every), -1)
    expected = differences(values, table, columns)[:, 0].reshape(4, 2, 3)
    assume(not _jumps(values))
    found = batch.samples[0, :, 3:].reshape(2, 4, 3).transpose(1, 0, 2)
    assert found == pytest.approx(expected, rel=2e-4, abs=2e-5 * (1 + np.abs(expected).max()))


def test_golden_the_documentation_example_prints_what_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sensitivities.md").read_text(encoding="utf-8")
    code, printed = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("python", "text"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == printed
