"""Unit checks have teeth: every wrong unit inside a module raises, and the named units are what they say."""

from pathlib import Path

import libsbml
import pytest

from inferon.model import load_module
from inferon.model.antimony_source import ModelError, to_sbml
from inferon.model.catalogue import biology, modules
from inferon.model.parameters import UNIT_IDS

UNITS = (biology() / "units.ant").read_text(encoding="utf-8")


def _model(line: str) -> str:
    names = "x has ug; k has per_day; V has litre; c has ng_per_mL; t1 has day"
    return f"model sample(x)\n {names}\n x = 0 ug\n {line}\nend\n"


RIGHT = ["x' = -k*x", "x' = k*V*c", "x' = piecewise(k*x, time > t1, -k*x)", "x' = k*x*(1 - time/t1)"]
WRONG = {
    "amount for a rate": "x' = -x",
    "concentration for an amount": "x' = k*c",
    "sum of amount and concentration": "x' = k*(x + c)",
    "an unmarked number added to an amount": "x' = k*(x + 1)",
    "exponent with a unit": "x' = k*x*exp(t1)",
    "comparison of time with an amount": "x' = piecewise(k*x, time > x, 0)",
    "threshold without a unit": "e: at (x > 5): x = 0",
    "event sets another unit": "e: at (x > V*c): x = c",
    "delay that is no time": "e: at k after (x > V*c): x = V*c",
}


@pytest.mark.parametrize("line", RIGHT)
def test_law_consistent_units_pass(line: str) -> None:
    to_sbml(_model(line), UNITS)


@pytest.mark.parametrize("mistake", WRONG)
def test_fault_a_unit_error_inside_a_module_raises(mistake: str) -> None:
    line = WRONG[mistake]
    rate = "" if line.startswith("x'") else "x' = -k*x\n "
    with pytest.raises(ModelError, match="sample"):
        to_sbml(_model(rate + line), UNITS)


@pytest.mark.parametrize("name", modules())
def test_law_every_shipped_module_passes_its_unit_check(name: str) -> None:
    assert load_module(name).parts.units


def test_fault_a_syntax_error_names_the_module() -> None:
    with pytest.raises(ModelError, match="sample"):
        to_sbml("model sample(x)\n x' = = 2\nend\n", UNITS)


def test_fault_a_text_without_a_header_is_refused() -> None:
    with pytest.raises(ModelError, match="no line"):
        to_sbml("x = 1", UNITS)


SIZES = {
    "day": (86400, {"second": 1}),
    "per_day": (1 / 86400, {"second": -1}),
    "year": (365.25 * 86400, {"second": 1}),
    "per_year": (1 / (365.25 * 86400), {"second": -1}),
    "ug": (1e-9, {"kilogram": 1}),
    "ng_per_mL": (1e-12 / 1e-6, {"kilogram": 1, "metre": -3}),
    "L_per_day": (1e-3 / 86400, {"metre": 3, "second": -1}),
    "nmol_per_L": (1e-9 / 1e-3, {"mole": 1, "metre": -3}),
    "cells_per_kg": (1, {"item": 1, "kilogram": -1}),
    "giga_per_L": (1e9 / 1e-3, {"item": 1, "metre": -3}),
    "g_per_dL": (1e-3 / 1e-4, {"kilogram": 1, "metre": -3}),
}
"""Size in SI base units and the bases, computed from the definitions of section 2 of the specification."""


@pytest.fixture(scope="module")
def definitions() -> dict[str, libsbml.UnitDefinition]:
    document = to_sbml("model sample(x)\n x has ug; k has per_day; x = 0\n x' = -k*x\nend\n", UNITS)
    found = {d.getId(): d.clone() for d in document.getModel().getListOfUnitDefinitions()}
    return found


@pytest.mark.parametrize("unit", SIZES)
def test_oracle_units_are_what_they_are_called(definitions, unit: str) -> None:
    size, bases = SIZES[unit]
    si = libsbml.UnitDefinition.convertToSI(definitions[unit])
    libsbml.UnitDefinition.simplify(si)
    total, found = 1.0, {}
    for i in range(si.getNumUnits()):
        part = si.getUnit(i)
        total *= (part.getMultiplier() * 10.0 ** part.getScale()) ** part.getExponentAsDouble()
        kind = libsbml.UnitKind_toString(part.getKind())
        if kind != "dimensionless" and part.getExponentAsDouble() != 0:
            found[kind] = part.getExponentAsDouble()
    assert total == pytest.approx(size, rel=1e-12)
    assert found == bases


def test_law_model_time_is_the_day() -> None:
    model = to_sbml("model sample(x)\n x has ug; k has per_day; x = 0\n x' = -k*x\nend\n", UNITS).getModel()
    (second,) = model.getUnitDefinition(model.getTimeUnits()).getListOfUnits()
    seconds = second.getMultiplier() * 10.0 ** second.getScale()
    assert (libsbml.UnitKind_toString(second.getKind()), seconds) == ("second", 86400)


def test_law_every_unit_a_table_may_name_is_known_to_the_equations(definitions) -> None:
    built_in = {"dimensionless", "litre"}
    known = {*definitions, *built_in}
    assert {unit for unit in UNIT_IDS.values() if unit not in known and f"{unit}s" not in known} == set()


def test_law_no_module_hides_a_unit_file_of_its_own() -> None:
    assert [path.name for path in Path(str(biology())).rglob("units*.ant")] == ["units.ant"]
