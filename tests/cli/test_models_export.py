"""`inferon models export` and `--latex`: what is printed can be read again, and wrong requests are told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from inferon.cli.models import app
from inferon.model import modules, read_antimony, read_sbml
from inferon.study import InputError


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("name", modules())
def test_law_every_module_is_exported_in_both_formats(name: str) -> None:
    quantities = set(read_sbml(said("export", name)).units)
    assert quantities == set(read_antimony(said("export", name, "--antimony")).units)
    assert quantities


def test_law_a_file_is_written_where_asked(tmp_path: Path) -> None:
    target = tmp_path / "transplant.xml"
    assert said("export", "transplant", "--composite", "--sbml", "--output", str(target)) == ""
    assert "transplant__L" in target.read_text(encoding="utf-8")


def test_law_latex_holds_only_equations() -> None:
    assert said("show", "leukaemia", "--latex").startswith(r"\begin{align*}")
    assert r"\text{" in said("show", "transplant", "--composite", "--latex")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "nothing"), "no such model"),
        (("export", "marrow", "--sbml", "--antimony"), "one format"),
        (("export", "marrow", "--output", "/nowhere/at/all"), "cannot be written"),
    ],
)
def test_fault_a_wrong_request_is_told(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
