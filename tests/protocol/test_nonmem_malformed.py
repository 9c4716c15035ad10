"""Tables that cannot be right: one sentence each, with row and column; and what is accepted as it stands."""

from pathlib import Path

import polars as pl
import pytest

from inferon.protocol import Compartment, Records, read_records, simulate_records
from inferon.study.errors import InputError

from .nonmem_suite import COMPARTMENTS, oral_model

HEADER = "ID,TIME,EVID,AMT,RATE,II,ADDL,SS,CMT,MDV"
GOOD = ("1,0,1,100,0,0,0,0,1,1", "1,1,0,0,0,0,0,0,2,0")


def _read(folder: Path, *rows: str, header: str = HEADER) -> Records:
    path = folder / "records.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return read_records(path)


@pytest.mark.parametrize(
    ("row", "place", "message"),
    [
        ("1,2,7,0,0,0,0,0,1,1", "EVID, row 3 (ID 1)", "there is no such kind of record"),
        ("1,2,0,50,0,0,0,0,1,0", "AMT, row 3 (ID 1)", "a record that is no dose has AMT"),
        ("1,2,3,0,0,0,4,0,1,1", "ADDL, row 3 (ID 1)", "a record that is no dose has ADDL"),
        ("1,2,2,0,5,0,0,0,1,1", "RATE, row 3 (ID 1)", "a record that is no dose has RATE"),
        ("1,2,1,0,0,0,0,0,1,1", "AMT, row 3 (ID 1)", "a dose has no amount"),
        ("1,2,1,-5,0,0,0,0,1,1", "AMT, row 3 (ID 1)", "a dose is negative"),
        ("1,2,1,50,-3,0,0,0,1,1", "RATE, row 3 (ID 1)", "a rate is negative"),
        ("1,2,1,50,0,-1,0,0,1,1", "II, row 3 (ID 1)", "a dosing interval is negative"),
        ("1,2,1,50,0,0,3,0,1,1", "II, row 3 (ID 1)", "additional doses have no interval"),
        ("1,2,1,50,0,12,-1,0,1,1", "ADDL, row 3 (ID 1)", "the number of additional doses is out of range"),
        ("1,2,1,50,0,12,1.5,0,1,1", "ADDL, row 3 (ID 1)", "the cell is not a whole number"),
        ("1,2,1,50,0,12,0,3,1,1", "SS, row 3 (ID 1)", "there is no such steady state"),
        ("1,2,1,50,0,0,0,1,1,1", "II, row 3 (ID 1)", "a steady state of doses has no interval"),
        ("1,2,1,0,5,12,0,1,1,1", "AMT, row 3 (ID 1)", "a steady state of doses has no amount"),
        ("1,2,1,0,5,0,4,1,1,1", "II, row 3 (ID 1)", "additional doses have no interval"),
        ("1,2,1,0,-2,0,0,1,1,1", "RATE, row 3 (ID 1)", "a constant infusion has a modelled duration"),
        ("1,2,2,0,0,0,0,0,-1,1", "CMT, row 3 (ID 1)", "switching a compartment off is not supported"),
        ("1,2,1,50,0,0,0,0,1,0", "MDV, row 3 (ID 1)", "a record that is no observation is marked as one"),
        ("1,2,0,0,0,0,0,0,1,5", "MDV, row 3 (ID 1)", "the mark is neither 0 nor 1"),
        ("1,0.5,0,0,0,0,0,0,1,0", "TIME, row 3 (ID 1)", "time goes back"),
        ("1,10:30,0,0,0,0,0,0,1,0", "TIME, row 3 (ID 1)", "the cell is not a number"),
        ("1,inf,0,0,0,0,0,0,1,0", "TIME, row 3 (ID 1)", "the cell is not a number"),
        ("1,.,0,0,0,0,0,0,1,0", "TIME, row 3 (ID 1)", "the record has no time"),
        (".,2,0,0,0,0,0,0,1,0", "ID, row 3", "a record belongs to nobody"),
    ],
)
def test_fault_an_inconsistent_record_is_told_in_one_sentence(tmp_path, row: str, place: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        _read(tmp_path, *GOOD, row)
    told = str(raised.value)
    assert f"{place}: {message}" in told
    assert told.count(".") >= 1
    assert "\n" not in told


def test_fault_the_first_offending_record_is_the_one_reported(tmp_path) -> None:
    with pytest.raises(InputError, match=r"RATE, row 2 \(ID 1\)"):
        _read(tmp_path, GOOD[0], "1,1,1,5,-9,0,0,0,1,1", "1,2,9,0,0,0,0,0,1,1")


def test_fault_a_subject_in_two_places_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"ID, row 3 \(ID 1\): the subject's records are not together"):
        _read(tmp_path, GOOD[0], "2,0,1,100,0,0,0,0,1,1", GOOD[1])


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("ID,AMT", "1,100", "there is no column TIME"),
        ("ID,TIME,Time", "1,0,0", "two columns stand for TIME"),
        ("ID,DATE,TIME", "1,2020-01-01,0", "DATE: calendar dates are not supported"),
        ("ID,TIME,CONT", "1,0,1", "CONT: continued records are not supported"),
    ],
)
def test_fault_a_header_that_cannot_be_read_is_refused(tmp_path, header: str, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _read(tmp_path, row, header=header)


def test_fault_an_absent_or_empty_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="the table has no rows"):
        _read(tmp_path)
    with pytest.raises(InputError, match=r'there is no such file; did you mean "records\.csv"'):
        read_records(tmp_path / "record.csv")


def test_law_columns_nobody_asked_for_are_reported_and_not_read(tmp_path) -> None:
    records = _read(tmp_path, "1,0,heavy,100,x", header="id,Time,WT,amt,C")
    assert records.unused == ("WT", "C")
    assert records.table.columns == ["ID", "TIME", "AMT", "RATE", "II", "ADDL", "SS", "EVID", "CMT", "MDV"]


def test_law_absent_items_get_nonmems_defaults() -> None:
    table = pl.DataFrame({"ID": ["a", "a", "a"], "TIME": [0, 1, 2], "AMT": [10.0, None, None], "MDV": [1, 0, 1]})
    assert read_records(table).table["EVID"].to_list() == [1, 0, 2]
    assert read_records(table.drop("MDV")).table["MDV"].to_list() == [1, 0, 0]


def test_law_reading_what_was_read_changes_nothing(tmp_path) -> None:
    records = _read(tmp_path, *GOOD, "7,0,4,10,-1,12,3,1,2,1")
    assert read_records(records.table).table.equals(records.table)
    records.table.write_parquet(tmp_path / "again.parquet")
    assert read_records(tmp_path / "again.parquet").table.equals(records.table)


def _refused(tmp_path, row: str, **arguments) -> str:
    with pytest.raises(InputError) as raised:
        simulate_records(oral_model(), _read(tmp_path, row), **{"compartments": COMPARTMENTS, **arguments})
    return str(raised.value)


def test_fault_a_table_that_does_not_fit_the_model_is_refused(tmp_path) -> None:
    bare = {1: Compartment(state="oral__depot")}
    dose = "1,0,1,100,0,0,0,0,1,1"
    assert "CMT, row 1 (ID 1): there is no such compartment" in _refused(tmp_path, "1,0,1,9,0,0,0,0,3,1")
    assert "RATE, row 1 (ID 1): the dose needs a modelled rate" in _refused(tmp_path, "1,0,1,9,-1,0,0,0,1,1")
    assert "RATE, row 1 (ID 1): the dose needs a modelled duration" in _refused(
        tmp_path, "1,0,1,9,-2,0,0,0,1,1", compartments=bare
    )
    assert 'did you mean "oral__depot"?' in _refused(tmp_path, dose, compartments={1: Compartment(state="oral__depo")})
    assert "compartments[2].lag: no such covariate was read" in _refused(tmp_path, "1,0,1,9,0,0,0,0,2,1")
    assert 'did you mean "oral__ka"?' in _refused(tmp_path, dose, parameters={"oral_ka": 1.0}, compartments=bare)
    assert "oral__ka: no such covariate" in _refused(tmp_path, dose, parameters={"oral__ka": "KA"}, compartments=bare)
    negative = {1: Compartment(state="oral__depot", lag=-1.0)}
    assert "row 1 (ID 1): the lag of a dose is out of range" in _refused(tmp_path, dose, compartments=negative)
