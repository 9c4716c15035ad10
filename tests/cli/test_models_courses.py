"""`inferon models courses`: real samples beside simulated bands, the coverage that is printed, and tables that do not fit."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from inferon.cli.models import app
from inferon.study import InputError

SAMPLES = "patient,days,bcrabl_percent\n1,0,100\n1,91,6\n2,91,9000\n2,180,0\n"


def _said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ("courses", *arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def _table(tmp_path: Path, text: str) -> str:
    path = tmp_path / "samples.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("data", "samples", "beside", "low"),
    [("cml_bcrabl_hahnel21.csv", 706, "published", 0.77), ("cml_bcrabl_michor68.csv", 435, "first-line", 0.77)],
)
def test_oracle_real_time_courses_lie_beside_their_bands(shared: Path, tmp_path, data, samples, beside, low) -> None:
    """About four in five samples lie in a 90 % band: the model and the assay explain most and not all of the scatter."""
    found = json.loads(_said(str(shared / "data" / data), "--out", str(tmp_path / "out"), "--json"))
    assert (found["samples"], found["beside"]) == (samples, beside)
    assert low < found["coverage"] == found["inside"] / samples < 0.83
    assert sum(part["samples"] for part in found["by_part"]) == samples
    bands = pl.read_csv(tmp_path / "out" / "bands.csv")
    assert bands["inside"].sum() == found["inside"]
    assert bands.select(pl.col("bcrabl_percent")).equals(pl.read_csv(shared / "data" / data).select("bcrabl_percent"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "bands.csv",
        "coverage.csv",
        "bcr_abl.svg",
        "bcr_abl.png",
    }


def test_law_the_coverage_printed_is_that_of_the_samples(tmp_path: Path) -> None:
    printed = " ".join(_said(_table(tmp_path, SAMPLES), "--patients", "60").split())
    assert "3 of 4 samples inside, coverage 75.0 %" in printed or "2 of 4 samples inside, coverage 50.0 %" in printed
    found = json.loads(_said(_table(tmp_path, SAMPLES), "--patients", "60", "--json"))
    assert [row["patient"] for row in found["by_patient"]] == [1, 2]
    assert found["by_patient"][1]["inside"] <= 1, "9000 % lies in no band"


def test_law_months_are_days_and_seeds_repeat(tmp_path: Path) -> None:
    months = (
        SAMPLES.replace("days", "months").replace(",91,", f",{91 / 30.4375},").replace(",180,", f",{180 / 30.4375},")
    )
    by_days, again = (_said(_table(tmp_path, SAMPLES), "--patients", "60", "--json") for _ in range(2))
    assert by_days == again == _said(_table(tmp_path, months), "--patients", "60", "--json")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (SAMPLES.replace("days", "weeks"), (), "line 1: there is no column of time"),
        (SAMPLES.replace("bcrabl_percent", "bcr"), (), "bcrabl_percent"),
        (SAMPLES.replace("9000", "much"), (), 'line 4, bcrabl_percent: found "much"'),
        (SAMPLES.replace("9000", "-1"), (), "line 4, bcrabl_percent"),
        (SAMPLES.replace("2,180", "x,180"), (), "line 5, patient"),
        (SAMPLES.replace("2,", "22,"), ("--beside", "published"), "line 4, patient: found 22; allowed: 1 to 21"),
        (SAMPLES, ("--beside", "first_line"), '^--beside: .*did you mean "first-line"'),
        (SAMPLES, ("--patients", "5"), "^--patients: found 5; allowed: 20 or more"),
        (SAMPLES, ("--seed", "-1"), "^--seed: found -1"),
    ],
)
def test_fault_a_table_that_does_not_fit_is_told(
    tmp_path: Path, text: str, options: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=words):
        CliRunner().invoke(
            app, ("courses", _table(tmp_path, text), "--out", str(out), *options), catch_exceptions=False
        )
    assert not out.exists()


def test_fault_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("taken")
    with pytest.raises(InputError, match=r"^--out: the folder cannot be made"):
        arguments = ("courses", _table(tmp_path, SAMPLES), "--patients", "20", "--out", str(tmp_path / "out"))
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_fault_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        CliRunner().invoke(app, ("courses", str(tmp_path / "none.csv")), catch_exceptions=False)
