"""Courses of chemotherapy: the effect compartment, a second implementation of several courses at once, windows of neutropenia."""

import re

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from inferon.engine import Batch, CompiledModel, Settings, compile_model
from inferon.model import Instance, compose, load_composite, load_module
from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.catalogue import module_source, parameter_table, unit_lines
from inferon.model.compose import Module
from inferon.model.sbml import read_parts
from inferon.trial.acute_leukaemia_treatment import CONSTANTS, Chemotherapy, courses

INDUCTION, CONSOLIDATION, LOW_DOSE = "7+3 induction", "high-dose cytarabine", "low-dose cytarabine"
NAMES = (
    "marrow__C1",
    "marrow__C2",
    "leukaemia__L1",
    "leukaemia__L2",
    "leukaemia__L3",
    "E_chemo",
    "marrow__B_N",
    "marrow__B_R",
)
TIGHT = Settings(rtol=1e-9, default_atol=1e-12)


@pytest.fixture(scope="module")
def model() -> CompiledModel:
    return compile_model(load_composite("marrow"), (*NAMES, "marrow__ANC"))


def _course(
    model: CompiledModel, given, days: np.ndarray, sensitivity=(0.0,), **columns: float
) -> dict[str, np.ndarray]:
    """Read-outs by name, shape (patients, days), under some courses."""
    table = model.defaults(len(sensitivity))
    for name, value in columns.items():
        table[:, model.column(name)] = value
    batch = Batch(model, table, start=0.0, sample_days=days, settings=TIGHT)
    treatment = Chemotherapy(given, np.array(sensitivity))
    for day in treatment.days:
        batch.advance(day)
        treatment.give(batch, day)
    batch.advance(days[-1])
    return {name: batch.samples[:, :, place] for place, name in enumerate(model.kernel.readouts)}


@pytest.mark.parametrize("name", courses())
def test_law_a_whole_course_integrates_to_one(model: CompiledModel, name: str) -> None:
    days = np.linspace(0, 25, 25_001)
    found = _course(model, ((0.5, name),), days)["E_chemo"][0]
    assert np.trapezoid(found, days) == pytest.approx(1, rel=1e-3)


def test_law_constants_are_the_log_kills_and_nobodys_leukaemia_gains() -> None:
    found = courses()[INDUCTION].constants(np.array([0.0, 1.0, -4.0]))
    assert found / np.log(10) == pytest.approx(np.array([[0.5, 2.5, 2, 3], [0.5, 2.5, 3, 4], [0.5, 2.5, 0, 0]]))


def _second_implementation(given, days: np.ndarray, clone: float, sensitivity: float) -> np.ndarray:
    """Module C, sections 3 and 5, written from the text, with an effect compartment of its own for every course.

    Columns: C1, C2, L1, L2, L3, sum of the effects, neutrophils, red cells.
    """
    a1, p1, c1, c2, n0, k_n, a1L, p1L, a2L, d3 = 0.85, 0.1, 1e7, 2e9, 4e8, 2.3, 0.97, 0.30, 0.5, 0.5
    x = k_n * n0 / (c1 * p1)
    a2 = a1 * (2 - x) / (1 - x)
    p2 = p1 * (c1 / c2) / (1 - a2 / a1)
    kc, j0, k_e = (2 * a1 - 1) / n0, 2 * (1 - a2 / (2 * a1)) * p2 * c2, 1.5
    transit, removal = 3 / np.array([2.5, 6]), np.array([k_n, 1 / 120])
    kills = {INDUCTION: (0.5, 2.5, 2.0, 3.0), CONSOLIDATION: (0.3, 1.5, 1.0, 1.5), LOW_DOSE: (0.05, 0.3, 0.2, 0.2)}
    spread = {INDUCTION: 1.0, CONSOLIDATION: 0.7, LOW_DOSE: 0.0}
    on = {INDUCTION: range(7), CONSOLIDATION: (0, 2, 4), LOW_DOSE: range(10)}
    shift = np.array([0, 0, sensitivity, sensitivity])
    k = np.log(10) * np.maximum([np.array(kills[name]) + spread[name] * shift for _, name in given], 0)

    def rates(_t: float, y: np.ndarray) -> np.ndarray:
        stem, committed, l1, l2, l3 = y[:5]
        chain, blood, effects = y[5:11].reshape(2, 3), y[11:13], y[13:]
        lost = effects @ k
        s = 1 / (1 + kc * n0 * blood[0] + 0.25 * kc * l3)
        dl = 0.6 * max(0.0, (stem + committed + l1 + l2) / (c1 + c2) - 1.25)
        into = np.column_stack([np.full(2, 2 * (1 - a2 * s) * p2 * committed / j0), chain[:, :2]])
        cells = [
            ((2 * a1 * s - 1) * p1 - dl - lost[0]) * stem,
            2 * (1 - a1 * s) * p1 * stem + ((2 * a2 * s - 1) * p2 - dl - lost[1]) * committed,
            ((2 * a1L * s - 1) * p1L - dl - lost[2]) * l1,
            2 * (1 - a1L * s) * p1L * l1 + ((2 * a2L * s - 1) * p1L - dl - lost[3]) * l2,
            2 * (1 - a2L * s) * p1L * l2 - d3 * l3,
        ]
        moved = transit[:, None] * (into - chain)
        return np.concatenate([cells, moved.ravel(), removal * (chain[:, 2] - blood), -k_e * effects])

    y = np.concatenate([[c1, c2, clone, 0, 0], np.ones(8), np.zeros(len(given))])
    doses = [(first + day, place) for place, (first, name) in enumerate(given) for day in on[name]]
    now, seen = 0.0, []
    for stop in np.union1d(days, [day for day, _ in doses]):
        if stop > now:
            y, now = solve_ivp(rates, (now, stop), y, method="LSODA", rtol=1e-9, atol=1e-9).y[:, -1], stop
        if stop in days:
            seen.append(np.concatenate([y[:5], [y[13:].sum()], y[11:13]]))
        for day, place in doses:
            if day == stop:
                y[13 + place] += k_e / len(on[given[place][1]])
    return np.array(seen)


@pytest.mark.parametrize(
    "given",
    [
        ((2.0, INDUCTION),),
        ((2.0, INDUCTION), (23.0, INDUCTION), (58.0, CONSOLIDATION)),
        ((2.0, INDUCTION), (9.0, CONSOLIDATION)),
        ((2.0, LOW_DOSE), (4.0, CONSOLIDATION), (5.0, INDUCTION)),
    ],
    ids=["one", "sequence", "the day after", "at once"],
)
def test_double_courses_apart_close_and_at_once_kill_as_with_a_compartment_for_each(
    model: CompiledModel, given
) -> None:
    days, clone, sensitivity = np.array([1.0, 8.5, 12.0, 30.0, 80.0]), 3e8, (0.0, 0.8, -2.5)
    ours = _course(model, given, days, sensitivity, leukaemia__L1_0=clone)
    for patient, z in enumerate(sensitivity):
        theirs = _second_implementation(given, days, clone, z)
        for column, name in enumerate(NAMES):
            assert ours[name][patient] == pytest.approx(theirs[:, column], rel=1e-4, abs=1e-9), name


def _neutropenia(model: CompiledModel, name: str) -> tuple[float, float]:
    """First and last day with neutrophils below 0.5 in a healthy marrow; the course begins on day 1."""
    days = np.arange(0.0, 40.0, 0.05)
    low = days[_course(model, ((0.0, name),), days)["marrow__ANC"][0] < 0.5] + 1
    return float(low[0]), float(low[-1])


@pytest.mark.parametrize(("name", "first", "last"), [(INDUCTION, 9, 26), (CONSOLIDATION, 9, 21)])
def test_oracle_neutropenia_lies_in_the_windows_of_section_5(
    model: CompiledModel, name: str, first: int, last: int
) -> None:
    """Printed for another model (Friberg), seven days of infusion and days 1, 3, 5: ours begins as early and is over before."""
    begins, ends = _neutropenia(model, name)
    assert begins == pytest.approx(first, abs=1.5)
    assert first + 5 < ends < last


def test_fault_killing_maturing_cells_too_empties_the_blood_before_the_window() -> None:
    """The other reading of the table's head, "C2 and chains": why the equations, which have no such term, are followed."""
    source, changed = re.subn(r"(  X_(\w)(\d)' = .*)\n", r"\1 - k_C2*E_chemo*X_\2\3\n", module_source("marrow"))
    assert changed == 12
    marrow = Module(read_header(source), read_parts(to_sbml(source, unit_lines())), parameter_table("marrow"))
    clone = {"a1L": "a1L_AML_default", "p1L": "p1L_AML_default", "p2L": "p1L_AML_default"}
    instances = [
        Instance(marrow),
        Instance(load_module("leukaemia"), values=clone),
        *(Instance(load_module(name)) for name in ("marrow_space", "chemotherapy")),
    ]
    other = compose("other", instances, dict.fromkeys(("f_anc", "f_plt", "f_hb", "q_ap"), 1.0))
    begins, _ = _neutropenia(compile_model(other, ("marrow__ANC",)), INDUCTION)
    assert begins < 5


def test_law_no_treatment_leaves_the_constants_alone(model: CompiledModel) -> None:
    batch = Batch(model, model.defaults(1), start=0.0)
    assert Chemotherapy((), np.zeros(1)).days.size == 0
    assert all(batch.parameters[0, model.column(name)] == 0 for name in CONSTANTS)


def test_fault_an_unknown_course_is_refused() -> None:
    with pytest.raises(KeyError, match=r"unknown course '7\+4'; allowed: 7\+3 induction"):
        Chemotherapy(((0.0, "7+4"),), np.zeros(1))
