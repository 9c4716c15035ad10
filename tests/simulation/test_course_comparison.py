"""Measured courses beside simulated bands from Python: coverage is a count, any kind of table does, faults are sentences."""

from pathlib import Path

import polars as pl
import pytest

from inferon.simulation import CourseComparison, compare_courses, write_comparison
from inferon.store import WriteError
from inferon.study import InputError

SAMPLES = pl.DataFrame(
    {
        "patient": [1, 1, 2, 2, 2],
        "days": [-3.0, 91.0, 91.0, 180.0, 180.0],
        "bcrabl_percent": [100.0, 6.0, 9000.0, 0.0, 2.0],
        "below_limit": [0, 0, 0, 1, 1],
    }
)


@pytest.fixture(scope="module")
def found() -> CourseComparison:
    return compare_courses(SAMPLES, patients=60)


def test_double_coverage_counts_the_samples_between_the_limits_of_their_band(found: CourseComparison) -> None:
    inside = []
    for row in found.bands.iter_rows(named=True):
        low, seen = row["lower"] <= row["bcrabl_percent"], row["bcrabl_percent"] <= row["upper"]
        inside.append(low and (seen or row["below_limit"] == 1))
    assert found.bands["inside"].to_list() == inside
    assert found.whole.row(0) == (5, sum(inside), sum(inside) / 5)
    assert found.by_patient["samples"].to_list() == [2, 3]
    assert found.by_patient["inside"].sum() == found.by_part["inside"].sum() == sum(inside)
    assert found.by_part["quarter"].to_list() == [1, 2], "a sample from before the start is of its first quarter"
    assert f"{sum(inside)} of 5 samples inside, coverage {20 * sum(inside):.1f} %." in found.sentence
    assert found.plain()["by_patient"] == found.by_patient.to_dicts()


def test_law_files_and_frames_give_the_same(found: CourseComparison, tmp_path: Path) -> None:
    SAMPLES.write_csv(tmp_path / "s.csv")
    SAMPLES.write_parquet(tmp_path / "s.parquet")
    for data in (tmp_path / "s.csv", str(tmp_path / "s.parquet")):
        assert compare_courses(data, patients=60).bands.equals(found.bands)
    assert not compare_courses(SAMPLES, patients=60, seed=4).bands.equals(found.bands)


def test_law_a_sample_of_a_published_patient_has_the_band_of_that_patient() -> None:
    rows = {"patient": [3, 4], "phase": ["on_tki"] * 2, "months": [6.0, 6.0], "bcrabl_percent": [1.0, 1.0]}
    found = compare_courses(pl.DataFrame(rows))
    assert found.beside == "published"
    assert found.bands["median"].n_unique() == 2
    assert found.by_part["phase"].to_list() == ["on_tki"]


def test_law_what_was_written_is_what_was_found(found: CourseComparison, tmp_path: Path) -> None:
    written = write_comparison(found, tmp_path / "out")
    assert [path.name for path in written] == ["bands.csv", "bcr_abl.png", "bcr_abl.svg", "coverage.csv"]
    assert pl.read_csv(written[0])["inside"].to_list() == found.bands["inside"].to_list()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (SAMPLES, {"beside": "first_line"}, 'beside: found "first_line".*did you mean "first-line"'),
        (SAMPLES, {"patients": 19}, "patients: found 19; allowed: 20 or more"),
        (SAMPLES, {"seed": -1}, "seed: found -1"),
        (SAMPLES.drop("days"), {}, "no column of time; found nothing; allowed: days, months"),
        (SAMPLES.with_columns(patient=22), {"beside": "published"}, "patient, row 1: found 22; allowed: 1 to 21"),
        (SAMPLES.with_columns(below_limit=2), {}, 'below_limit, row 1: found "2"; allowed: 0 or 1'),
        (SAMPLES.with_columns(days=float("inf")), {}, "days, row 1: .*allowed: a number"),
        ("none.csv", {}, "none.csv: there is no such file"),
    ],
)
def test_fault_what_does_not_fit_is_one_sentence(data, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        compare_courses(data, **options)


def test_fault_a_file_in_place_of_the_folder_is_one_sentence(found: CourseComparison, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(WriteError, match=r"out: the folder cannot be made \(a file has this name\)\.$"):
        write_comparison(found, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
