"""The pages in docs/models are those that `inferon models pages` writes, and writing them again changes nothing."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inferon.cli.models import app
from inferon.cli.models.figures import PICTURES
from inferon.cli.models.page_text import INDEX, Findings, page_texts
from inferon.cli.models.pages import CHECKS, kept_findings, write_pages
from inferon.evidence.check import all_checks
from inferon.model.catalogue import folders, parameter_table
from inferon.study import InputError

DOCS = Path(__file__).parents[2] / "docs"
PAGES = DOCS / "models"
AGAIN = "run `inferon models pages docs/models` (with --checks where a check has changed)"


@pytest.fixture(scope="module")
def findings() -> Findings:
    return kept_findings(PAGES / CHECKS)


@pytest.mark.parametrize("name", [*(f"{folder}.md" for folder in folders()), INDEX])
def test_golden_the_committed_pages_are_up_to_date(findings, name: str) -> None:
    assert (PAGES / name).read_text(encoding="utf-8") == page_texts(findings)[name], AGAIN


def test_law_the_findings_kept_are_of_every_check_and_none_failed(findings) -> None:
    assert [one["id"] for one in findings["checks"]] == [check.id for check in all_checks()], AGAIN
    assert findings["counts"]["fail"] == 0
    assert findings["counts"]["pass"] == sum(f["verdict"] == "pass" for c in findings["checks"] for f in c["findings"])


@pytest.mark.parametrize("folder", folders())
def test_law_a_page_shows_every_row_with_status_and_source_and_its_picture(folder: str) -> None:
    page = (PAGES / f"{folder}.md").read_text(encoding="utf-8")
    for symbol, row in parameter_table(folder).items():
        (line,) = re.findall(rf"^\| `{re.escape(symbol)}` \|.*$", page, flags=re.MULTILINE)
        assert f"| {row.status} |" in line and " ".join(row.source.split()) in line, symbol
    assert page.count("$$") % 2 == 0 and "$$" in page
    assert f"images/{folder}.svg" in page and PICTURES[folder].caption in page
    assert (PAGES / "images" / f"{folder}.svg").read_text(encoding="utf-8").startswith("<svg")


def test_law_every_page_and_picture_belongs_to_a_folder() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*folders(), "README"}
    assert {path.stem for path in (PAGES / "images").iterdir()} == set(folders()) == set(PICTURES)


def test_golden_writing_the_pages_again_changes_no_byte(tmp_path: Path) -> None:
    """With the picture that needs no simulation."""
    (tmp_path / CHECKS).write_bytes((PAGES / CHECKS).read_bytes())
    written = write_pages(tmp_path, pictures=["radiation"])
    assert len(written) == len(folders()) + 3
    for path in written:
        assert path.read_bytes() == (PAGES / path.relative_to(tmp_path)).read_bytes(), path.name


def test_fault_other_findings_are_refused(tmp_path: Path) -> None:
    (tmp_path / CHECKS).write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="holds no findings"):
        CliRunner().invoke(app, ("pages", str(tmp_path)), catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [CHECKS]


def test_law_the_glossary_explains_each_word_once_in_order() -> None:
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    for part in glossary.split("\n## ")[1:]:
        words = re.findall(r"^\| \*\*(.+?)\*\* \|", part, flags=re.MULTILINE)
        assert len(words) >= 25
        assert [word.casefold() for word in words] == sorted({word.casefold() for word in words})
