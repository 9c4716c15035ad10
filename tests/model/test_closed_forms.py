"""What is shown of a closed form is what it computes, and its LaTeX is written as mathematics."""

import ast
import re

import numpy as np
import pytest
from scipy.special import expit, ndtr

from inferon.biology.cml import functions as cml
from inferon.biology.hairy_cell import functions as hairy_cell
from inferon.biology.hepatitis_c import functions as hepatitis_c
from inferon.biology.mpn import functions as mpn
from inferon.biology.onset import functions as onset
from inferon.biology.population import functions as population
from inferon.biology.radiation import functions as radiation
from inferon.biology.toxicity import functions as toxicity
from inferon.model.catalogue import folders, parameter_table
from inferon.model.closed_form_latex import equation
from inferon.model.closed_forms import ClosedForm, closed_forms, constants


def _form(folder: str, name: str) -> ClosedForm:
    return next(form for form in closed_forms(folder) if form.name == name)


def _by_the_shown_steps(folder: str, name: str, **given: float) -> float:
    """The result of the steps as they are shown, with rows of the table under their symbols."""
    known = {s: row.value for s, row in parameter_table(folder).items()} | given | {"expit": expit, "ndtr": ndtr}
    known |= {function: getattr(np, function) for function in ("exp", "log", "log10", "sqrt", "where", "clip")}
    known |= {"maximum": np.maximum, "minimum": np.minimum, "LN10": np.log(10), "HOURS_PER_DAY": 24.0, "CM_PER_M": 100}
    known |= {"latency_ramp": lambda since: min(max(since / known["lat_rad"], 0), 1), "inf": np.inf, "nan": np.nan}
    known |= {
        "dose_response": lambda dose, **_: _by_the_shown_steps(folder, "dose_response", dose=dose, protracted=False)
    }
    for step in _form(folder, name).steps:
        target, _, formula = step.partition(" = ")
        value = known[target] = eval(formula, {}, known)
    return value


VALUES = {folder: {s: row.value for s, row in parameter_table(folder).items()} for folder in folders()}
CASES = [
    ("radiation", "dose_rate_factor", radiation.dose_rate_factor, {"delivery": 0.3, "repair": 12.0}, False),
    ("radiation", "repair_rate", radiation.repair_rate, {"half_time_hours": 0.8}, False),
    ("radiation", "early_toxicity_factor", radiation.early_toxicity_factor, {"late_dose": 27.0}, True),
    ("radiation", "rejection_probability", radiation.rejection_probability, {"kill": 0.3}, True),
    ("onset", "dose_response", onset.dose_response, {"dose": 3.0, "protracted": False}, True),
    (
        "onset",
        "radiation_excess",
        onset.radiation_excess,
        {"dose": 3.0, "exposure_age": 20.0, "age": 33.0, "protracted": False},
        True,
    ),
    ("onset", "background_death_rate", onset.background_death_rate, {"age": 60.0}, True),
    ("population", "body_surface", population.body_surface, {"weight": 85.0, "height": 1.76}, True),
    ("hepatitis_c", "first_phase", hepatitis_c.first_phase, {"efficacy": 0.9}, False),
    ("mpn", "least_concentration", mpn.least_concentration, {"multiplier": 1.5}, True),
    ("cml", "establishment", cml.establishment, {"birth": 0.2, "death": 0.05}, False),
    ("toxicity", "frailty", toxicity.frailty, {"z": 0.7, "cv": 0.8}, False),
    (
        "hairy_cell",
        "regrowth_days",
        hairy_cell.regrowth_days,
        {"index": 0.01, "level": 0.5, "growth": 0.003, "bound": 0.95},
        False,
    ),
]


@pytest.mark.parametrize(
    ("folder", "name", "function", "given", "table"), CASES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_double_the_steps_shown_compute_what_the_function_does(folder, name, function, given, table) -> None:
    keywords = {"values": VALUES[folder]} if table else {}
    assert _by_the_shown_steps(folder, name, **given) == pytest.approx(float(function(**given, **keywords)), rel=1e-12)


@pytest.mark.parametrize("folder", [folder for folder in folders() if closed_forms(folder)])
def test_law_every_formula_has_a_question_and_balanced_latex(folder: str) -> None:
    for form in closed_forms(folder):
        assert form.question or form.name.startswith("_"), form.name
        for line in form.latex:
            assert line.count("{") - line.count(r"\{") == line.count("}") - line.count(r"\}"), line
            assert line.count(r"\left") == line.count(r"\right"), line
            assert len(re.findall("(?<!\\\\)&", line)) >= 1 and "np." not in line


@pytest.mark.parametrize(
    ("source", "latex"),
    [
        ("y = a / b + c", r"\mathrm{y} &= \frac{\mathrm{a}}{\mathrm{b}} + \mathrm{c}"),
        ("y = -a * b - (c - 1)", r"\mathrm{y} &= -\mathrm{a} \, \mathrm{b} - \left(\mathrm{c} - 1\right)"),
        ("y = (a + b) ** 2", r"\mathrm{y} &= \left(\mathrm{a} + \mathrm{b}\right)^{2}"),
        ("y = exp(-k_x * t)", r"\mathrm{y} &= \exp\left(-\mathrm{k}_{\mathrm{x}} \, \mathrm{t}\right)"),
        (
            "y = where(a > 0, 1, where(a < b, 2, 3))",
            r"\mathrm{y} &= \begin{cases} 1 & \text{if } \mathrm{a} > 0 \\ 2 & \text{if } \mathrm{a} < \mathrm{b} \\ "
            r"3 & \text{otherwise} \end{cases}",
        ),
        ("y = f_g(alpha)", r"\mathrm{y} &= \operatorname{f~g}\left(\alpha\right)"),
        ("y = sum(x for x in z)", r"\mathrm{y} &= \texttt{sum((x for x in z))}"),
    ],
)
def test_law_formulas_are_written_as_mathematics(source: str, latex: str) -> None:
    assert equation(ast.parse(source).body[0]) == [latex]


def test_law_definitions_are_named_beside_the_formulas() -> None:
    assert constants("radiation") == {"LN10": "log(10.0)"}
