"""The files of an analysis: all of them or none, whatever stands in the way, and nobody else's are touched."""

import os
from pathlib import Path

import polars as pl
import pytest

from inferon.analysis import Analysis, analyse, files
from inferon.store import WriteError

from .conftest import PATIENTS


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path = tmp_path_factory.mktemp("data") / "p.csv"
    path.write_text(PATIENTS, encoding="utf-8")
    return analyse(pl.read_csv(path), time="months", causes={"relapse": "relapsed:1"}, group="arm")


def test_law_an_analysis_written_twice_has_the_same_bytes_and_leaves_other_files_alone(
    analysis: Analysis, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    first = {path: path.read_bytes() for path in analysis.write(tmp_path)}
    assert {path.name for path in first} >= {"analysis.json", "analysis.html", "curves.csv"}
    assert {path: path.read_bytes() for path in analysis.write(tmp_path)} == first
    assert {path.name for path in tmp_path.iterdir()} == {"mine.csv", *(path.name for path in first)}


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("step", ["save_figure", "render_page"])
def test_fault_a_disk_that_is_full_half_way_leaves_what_was_there(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, there: bool
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "curves.csv").write_text("old")
    monkeypatch.setattr(files, step, full)
    with pytest.raises(WriteError, match=r"out: the files cannot be written \(No space left on device\)\.$"):
        analysis.write(out)
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if there else [])
    if there:
        assert os.listdir(out) == ["curves.csv"] and (out / "curves.csv").read_text() == "old"


def test_fault_a_folder_that_has_the_name_of_a_file_is_told_before_anything_is_replaced(
    analysis: Analysis, tmp_path: Path
) -> None:
    (tmp_path / "tests.csv").mkdir()
    (tmp_path / "curves.csv").write_text("old")
    with pytest.raises(WriteError, match=r"tests\.csv: the file cannot be written \(a folder has this name\)"):
        analysis.write(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["curves.csv", "tests.csv"]
    assert (tmp_path / "curves.csv").read_text() == "old"
