"""A model written out as SBML, Antimony or LaTeX: read again it does the same."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from inferon.engine.single import simulate_model
from inferon.model import Model, composites, load_composite, read_antimony, read_sbml
from inferon.model.antimony_source import ModelError
from inferon.model.catalogue import unit_lines
from inferon.model.export import antimony_text, sbml_text
from inferon.model.latex import latex, latex_text

from .sbml_suite import index, unpacked

EVENTFUL = """model eventful
 compartment C; C = 2; C' = 0.1
 species S in C; S = 3; S -> ; k*S*C; k = 0.3; n = 0; big = 1e-7
 y := piecewise(arctanh(0.2*S), S < 2, quotient(7, S) + max(S, 2.5) - (-1))
 E1: at 0.5 after (S < 2.5), priority=2, persistent=false, fromTrigger=false: n = n + 1, k = 0.2
 E2: at (time >= 3), t0=false: S = 4
end"""


def assert_same(one: Model, other: Model, names: dict[str, str], until: float) -> None:
    """The two models agree at 51 times on every quantity of ``names`` (name here: name there)."""
    times = np.linspace(0, until, 51)
    ours = simulate_model(one, times, outputs=list(names))
    theirs = simulate_model(other, times, outputs=list(names.values()))
    for here, there in names.items():
        np.testing.assert_allclose(theirs[there].to_numpy(), ours[here].to_numpy(), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", composites())
def test_law_a_composite_written_and_read_again_gives_the_same_trajectories(name: str) -> None:
    model = load_composite(name)
    same = {n: n for n in (*model.state_names, *model.assigned)}
    assert_same(model, read_sbml(sbml_text(model, units=unit_lines())), same, 60.0)
    assert_same(model, read_antimony(antimony_text(model, units=unit_lines())), same, 60.0)


def test_law_events_rules_and_changing_compartments_survive() -> None:
    model = read_antimony(EVENTFUL)
    names = {n: n.replace(" ", "_") for n in (*model.state_names, *model.switches, *model.assigned)}
    assert simulate_model(model, [0.0, 5.0], outputs=["n"])["n"][-1] > 0
    assert_same(model, read_sbml(sbml_text(model)), names, 5.0)
    assert_same(model, read_antimony(antimony_text(model)), names, 5.0)


def test_law_units_are_written_where_the_model_has_them() -> None:
    text = sbml_text(load_composite("marrow"), units=unit_lines())
    assert 'id="per_day"' in text
    assert re.search(r'id="marrow__k_N"[^>]*units="per_day"', text)


def test_oracle_cases_of_the_suite_survive(shared: Path, tmp_path: Path) -> None:
    archive = shared / "suites" / "sbml-semantic-even.zip"
    if not archive.exists():
        pytest.skip("the SBML semantic suite is absent from the shared folder")
    folder = unpacked(archive, tmp_path)
    chosen = [case for case, tier in index(folder) if tier in ("events", "no_events")][::25]
    for case in chosen:
        model = read_sbml(folder / case / "model.xml")
        names = {n: n for n in (*model.state_names, *model.switches) if " " not in n}
        assert_same(model, read_sbml(sbml_text(model)), names, 2.0)
    assert len(chosen) > 20


def test_fault_a_delayed_concentration_cannot_be_written() -> None:
    model = read_antimony(
        "model m; compartment C; C = 1; C' = 1; species S in C; S = 1; at 1 after (time > 1): S = 2; end"
    )
    with pytest.raises(ModelError, match="cannot be exported"):
        sbml_text(model)


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("a*(b + c)", r"\mathrm{a} \, \left(\mathrm{b} + \mathrm{c}\right)"),
        ("a - (b - c)", r"\mathrm{a} - \left(\mathrm{b} - \mathrm{c}\right)"),
        ("a/(b + c)", r"\frac{\mathrm{a}}{\mathrm{b} + \mathrm{c}}"),
        ("(a + b)^2", r"\left(\mathrm{a} + \mathrm{b}\right)^{2}"),
        ("-a*b", r"-\mathrm{a} \, \mathrm{b}"),
        ("a - -b", r"\mathrm{a} - \left(-\mathrm{b}\right)"),
        ("exp(-k_on*time)", r"\exp\left(-\mathrm{k}_{\mathrm{on}} \, t\right)"),
        ("sqrt(a)", r"\sqrt{\mathrm{a}}"),
        ("2.5e-7*a", r"2.5 \cdot 10^{-7} \, \mathrm{a}"),
    ],
)
def test_law_latex_keeps_what_brackets_mean(formula: str, written: str) -> None:
    model = read_antimony(f"model m; a = 1; b = 1; c = 1; k_on = 1; y := {formula}; end")
    assert latex(model.assigned["y"]) == written


def test_law_latex_of_a_model_opens_and_closes_everything() -> None:
    text = latex_text(load_composite("transplant"))
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert text.count("{") == text.count("}")
    assert text.count(r"\left(") == text.count(r"\right)") > 20
    assert r"\frac{\mathrm{d}}{\mathrm{d}t}" in text and r"\text{relapse: when }" in text


def test_law_a_frame_has_a_column_for_every_output() -> None:
    frame = simulate_model(read_antimony(EVENTFUL), [0.0, 1.0], outputs=["S", "k", "n", "y"])
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["time", "S", "k", "n", "y"]
