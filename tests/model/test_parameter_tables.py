"""Every number in use traces to a table row with value, unit, status and source; the rows are those of the specification."""

import csv
from pathlib import Path

import numpy as np
import pytest

from inferon.cohort import FAMILIES, family_values
from inferon.model import load_composite
from inferon.model.catalogue import biology, composites, parameter_table
from inferon.model.parameters import STATUSES, read_parameters

HEADER = "symbol,parameter,value,unit,lower,upper,bsv_cv,status,source,note\n"
GOOD = "k,a rate,0.5,1/d,0.1,1,0.3,assumed,assumed: a test,\n"
FOLDERS = {
    "pk": "interferon_pk",
    "interferon-pd": "interferon_response",
    "marrow": "marrow",
    "transplant": "transplant",
    "population": "population",
    "cml": "cml",
    "onset": "onset",
    "radiation": "radiation",
    "toxicity": "toxicity",
    "post-transplant": "post_transplant",
}


@pytest.mark.parametrize("name", composites())
def test_law_every_parameter_in_use_traces_to_a_row_with_status_and_source(name: str) -> None:
    for symbol, parameter in load_composite(name).parameters.items():
        folder, row_symbol = parameter.origin.split("/")
        row = _rows(folder)[row_symbol]
        assert parameter.status == row["status"] in STATUSES, symbol
        assert parameter.source == row["source"] != "", symbol
        assert parameter.value == float(row["value"]), symbol
        assert parameter.unit == row["unit"], symbol


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_law_values_lie_in_their_ranges_and_assumptions_say_why(folder: str) -> None:
    for symbol, row in parameter_table(folder).items():
        if row.lower is not None and row.upper is not None:
            assert row.lower <= row.value <= row.upper, symbol
        if row.status == "assumed":
            assert row.source.removeprefix("assumed").strip(" :") or row.note, symbol


AS_PRINTED = {("k_R", "value"): "0.00833"}
"""Where the specification's table rounds and its text says 1/120."""

LOG_SD = {"ka_pegA2b40": 0.444, "CL_pegA2b40": 0.344, "V_pegA2b40": 0.482}
"""Where the specification's table prints a log-scale sd in the column of the CV (module A, section 5, says so)."""


def _accepted(symbol: str, column: str, ours: str, theirs: str) -> bool:
    if AS_PRINTED.get((symbol, column)) == theirs:
        return float(ours) == 1 / 120
    if column == "bsv_cv" and symbol in LOG_SD and float(theirs) == LOG_SD[symbol]:
        return abs(float(ours) - np.sqrt(np.expm1(LOG_SD[symbol] ** 2))) < 5e-5
    return False


def _rows(folder: str) -> dict[str, dict[str, str]]:
    with (biology() / folder / "parameters.csv").open(encoding="utf-8", newline="") as lines:
        return {row["symbol"]: row for row in csv.DictReader(lines)}


def _specified(shared: Path, module: str) -> dict[str, dict[str, str]]:
    with (shared / "science" / "parameters.csv").open(encoding="utf-8", newline="") as lines:
        return {row["symbol"]: row for row in csv.DictReader(lines) if row["module"] == module}


@pytest.mark.parametrize("module", FOLDERS)
def test_oracle_rows_carry_the_values_ranges_and_status_of_the_specification(shared: Path, module: str) -> None:
    ours, theirs = _rows(FOLDERS[module]), _specified(shared, module)
    both = ours.keys() & theirs.keys()
    assert len(both) >= 10
    differences = []
    for symbol in sorted(both):
        for column in ("value", "lower", "upper", "bsv_cv"):
            a, b = ours[symbol][column], theirs[symbol][column]
            if ((a == "") != (b == "") or (a and float(a) != float(b))) and not _accepted(symbol, column, a, b):
                differences.append((symbol, column, a, b))
        for column in ("unit", "status"):
            if ours[symbol][column] != theirs[symbol][column]:
                differences.append((symbol, column, ours[symbol][column], theirs[symbol][column]))
    assert differences == []


def test_oracle_families_are_those_of_the_specification(shared: Path) -> None:
    spelled = {"log_L0_mean": "logL0", "log_L0_sd": "sdL0"}
    reference = {symbol: row.value for folder in FOLDERS.values() for symbol, row in parameter_table(folder).items()}
    with (shared / "science" / "families.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["family"] for row in rows} == set(FAMILIES)
    for row in rows:
        symbol = spelled.get(row["symbol"], row["symbol"])
        assert {**reference, **family_values(row["family"])}[symbol] == float(row["value"]), row
    assert family_values("reference") == {}


def test_law_families_change_nothing_else(shared: Path) -> None:
    allowed = {"logL0", "sdL0", "T_d", "k_L", "k_A", "rho_L", "w_D", "e_x", "i_ap", "e_H"}
    for family in FAMILIES:
        assert family_values(family).keys() <= allowed


def _table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "parameters.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def test_law_a_good_row_is_read_whole(tmp_path: Path) -> None:
    row = read_parameters(_table(tmp_path, GOOD), "made_up")["k"]
    assert (row.value, row.unit, row.lower, row.upper, row.variability) == (0.5, "1/d", 0.1, 1.0, 0.3)
    assert (row.status, row.source, row.origin) == ("assumed", "assumed: a test", "made_up/k")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (GOOD.replace(",assumed,", ",guessed,"), "line 3: status 'guessed' is not one of"),
        (GOOD.replace("assumed: a test", ""), "line 3: source is empty"),
        (GOOD.replace(",1/d,", ",,"), "line 3: unit is empty"),
        (GOOD.replace(",0.5,", ",,"), "line 3: value is empty"),
        (GOOD, "line 3: k is given twice"),
    ],
    ids=["status", "source", "unit", "value", "twice"],
)
def test_fault_a_bad_row_names_file_line_and_column(tmp_path: Path, line: str, complaint: str) -> None:
    other = GOOD.replace("k,", "other,", 1)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_parameters(_table(tmp_path, GOOD if complaint.endswith("twice") else other, line), "made_up")
    assert "made_up/parameters.csv" in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "half"])
def test_fault_a_value_that_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_parameters(_table(tmp_path, GOOD.replace(",0.5,", f",{value},")), "made_up")
