"""`inferon simulate`: what it writes and prints, that it repeats to the byte, and that a fault writes nothing."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from inferon.cli.simulate import app
from inferon.study import InputError

DOSE = "peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"
FILES = {
    *(f"{table}.{kind}" for table in ("bands", "courses", "events") for kind in ("csv", "parquet")),
    *("picture.png", "picture.svg", "summary.json"),
}


def _said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_law_one_patient_becomes_tables_a_picture_and_a_summary(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = _said("transplant", "--dose", DOSE, "--days", "60", "--show", "L,ANC,G", "--out", str(out))
    assert {path.name for path in out.iterdir()} == FILES
    assert "typical patient; peginterferon alfa-2a 180 ug, 4 doses from day -1 to day 41" in said
    assert all(words in said for words in ("cells", "1e9/L", "engraftment", "15.0", "For research only."))
    courses = pl.read_csv(out / "courses.csv")
    assert courses.columns == ["patient", "time_days", "L", "ANC", "G"]
    assert courses["time_days"].max() == 60
    assert pl.read_parquet(out / "courses.parquet").height == courses.height
    svg = (out / "picture.svg").read_text()
    assert all(words in svg for words in ("leukaemic cells (L)", "neutrophils (ANC)", "typical patient"))
    assert (out / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_law_a_cohort_prints_shares_and_what_was_changed(tmp_path: Path) -> None:
    arguments = ("cml_first_line", "--patients", "30", "--set", "kifn=0.2", "--days", "90", "--out", str(tmp_path))
    said = _said(*arguments, "--when", "bcr_abl < 10", "--dose", "imatinib 100 % from day 0")
    assert "cml-first-line, 30 patients; imatinib 100 % from day 0" in said
    assert "kifn (IFN kill coefficient): 0.2 instead of 0.65 1/mo" in said
    events = pl.read_csv(tmp_path / "events.csv")
    share = events["bcr_abl < 10_day"].is_not_null().mean()
    assert 0 < share < 1
    assert f"{100 * share:.1f} %" in said


def test_law_json_holds_what_was_asked_and_found(tmp_path: Path) -> None:
    found = json.loads(
        _said("toxicity", "--patients", "20", "--days", "30", "--dose", DOSE, "--out", str(tmp_path), "--json")
    )
    assert (found["model"], found["patients"], found["population"], found["seed"]) == (
        "toxicity",
        20,
        "treated adults",
        1,
    )
    assert found["units"]["ANC"] == "1e9/L"
    assert [row["day"] for row in found["doses"]] == [-1, 13, 27, 41]
    assert {row["event"] for row in found["events"]} >= {"fatigue", "depression"}
    assert {Path(path).name for path in found["files"]} == FILES
    assert found["bands"][-1]["time_days"] == 30


def test_law_the_same_command_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, threads in (("a", "1"), ("b", "2")):
        _said("transplant", "--patients", "12", "--days", "40", "--threads", threads, "--out", str(tmp_path / name))
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    _said("transplant", "--patients", "12", "--days", "40", "--seed", "2", "--out", str(tmp_path / "c"))
    assert (tmp_path / "c" / "courses.csv").read_bytes() != (tmp_path / "a" / "courses.csv").read_bytes()


def test_law_records_are_answered_row_by_row(tmp_path: Path) -> None:
    table = tmp_path / "doses.csv"
    table.write_text("ID,TIME,AMT,CMT\n7,0,180,1\n7,5,.,.\n")
    said = _said(
        "interferon", "--records", str(table), "--drug", "peginterferon alfa-2b", "--out", str(tmp_path / "out")
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES, "records.csv", "records.parquet"}
    assert pl.read_csv(tmp_path / "out" / "records.csv")["ID"].to_list() == [7, 7]
    assert "peginterferon alfa-2b, CMT 1 180 ug on day 0" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("transplants",), 'MODEL: there is no such model; found "transplants"'),
        (("transplants",), 'did you mean "transplant"?'),
        (("transplant", "--dose", "peginterferon 180 ug"), "--dose 1: this model has no such drug"),
        (("transplant", "--every", "0"), "--every: found 0"),
        (("transplant", "--set", "k_G=much"), '--set k_G: found "much"; allowed: a number, in 1/d'),
        (("transplant", "--vary", "k_G=much"), '--vary k_G: found "much"; allowed: a coefficient of variation'),
        (("transplant", "--seed", "-1"), "--seed: found -1"),
        (("transplant", "--set", "k_G"), "--set: found \"k_G\"; allowed: NAME=VALUE"),
        (("transplant", "--set", "k_G=1", "--set", "k_G=2"), "this is said twice"),
        (("transplant", "--drug", "peginterferon alfa-2a"), "--drug: this belongs to a table of records"),
        (("interferon", "--records", "none.csv"), "none.csv: there is no such file"),
        (("interferon", "--records", "none.csv", "--patients", "3"), "--patients: a table of records says"),
        (("interferon", "--records", "none.csv", "--compartment", "one=C"), "--compartment: found"),
    ],
)  # fmt: skip
def test_fault_nothing_is_written_where_the_command_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError) as refused:
        CliRunner().invoke(app, (*arguments, "--out", str(out)), catch_exceptions=False)
    assert words in str(refused.value)
    assert not out.exists()


def test_fault_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("taken")
    with pytest.raises(InputError, match=r"^--out: the folder cannot be made"):
        CliRunner().invoke(app, ("michor", "--days", "5", "--out", str(tmp_path / "out")), catch_exceptions=False)
