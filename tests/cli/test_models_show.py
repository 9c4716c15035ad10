"""`inferon models` and `inferon models show`: every module of the biology, with or without equations, can be read whole."""

import json

import pytest
from typer.testing import CliRunner

from inferon.cli.models import app
from inferon.cli.models.description import names
from inferon.model import composites, modules
from inferon.model.catalogue import closed_form_folders, folders, parameter_table
from inferon.study import InputError


def _said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_law_the_list_names_every_module_folder_of_formulas_and_composite() -> None:
    listed, printed = json.loads(_said("--json")), _said("list")
    assert tuple(listed["modules"]) == modules()
    assert tuple(listed["closed_forms"]) == closed_form_folders() == ("onset", "population", "radiation")
    assert listed["composites"] == composites()
    assert all(name in printed for name in names())


@pytest.mark.parametrize("name", (*modules(), *closed_form_folders()))
def test_law_every_module_is_shown_with_equations_couplings_parameters_and_card(name: str) -> None:
    shown = json.loads(_said("show", name, "--json"))
    rows = parameter_table(shown["folder"])
    assert [row["symbol"] for row in shown["parameters"]] == list(rows)
    assert all(row["status"] and row["source"] and row["unit"] for row in shown["parameters"])
    assert shown["card"].startswith("# ")
    assert shown["latex"].count(r"\begin{align*}") == shown["latex"].count(r"\end{align*}") > 0
    if name in modules():
        assert shown["equations"].count("model ") >= 1 and {"inputs", "outputs"} <= shown.keys()
    else:
        assert all(form["steps"] and form["latex"] for form in shown["closed_forms"])


@pytest.mark.parametrize("name", ["marrow", "radiation", "hairy_cell"])
def test_law_a_module_is_printed_with_every_row(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    printed = _said("show", name)
    assert all(symbol in printed for symbol in parameter_table(name))
    assert printed == _said(name), "a name alone is shown"


def test_law_composites_are_shown_where_a_module_has_the_same_name() -> None:
    assert "couplings" in json.loads(_said("show", "marrow", "--composite", "--json"))
    assert "inputs" in json.loads(_said("show", "marrow", "--json"))


def test_law_every_folder_is_shown_by_some_name() -> None:
    shown = {json.loads(_said("show", n, "--json"))["folder"] for n in (*modules(), *closed_form_folders())}
    assert shown == set(folders())


@pytest.mark.parametrize("arguments", [("show", "radiatoin"), ("radiatoin",), ("export", "radiatoin")])
def test_fault_an_unknown_name_is_told(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match='did you mean "radiation"'):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_fault_formulas_cannot_be_exported() -> None:
    with pytest.raises(InputError, match="formulas and no equations"):
        CliRunner().invoke(app, ("export", "onset"), catch_exceptions=False)
