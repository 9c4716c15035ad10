"""The tables of hairy-cell leukaemia, the JAK2 neoplasm and hepatitis C: the specification's rows, and no row without a use."""

import csv
from pathlib import Path

import pytest

import inferon
from inferon.model import load_composite
from inferon.model.catalogue import biology, parameter_table

FOLDERS = {"hairy-cell": "hairy_cell", "mpn": "mpn", "hcv": "hepatitis_c"}
SOURCE = Path(inferon.__file__).parent


def _rows(folder: str) -> dict[str, dict[str, str]]:
    with (biology() / folder / "parameters.csv").open(encoding="utf-8", newline="") as lines:
        return {row["symbol"]: row for row in csv.DictReader(lines)}


@pytest.mark.parametrize("module", FOLDERS)
def test_oracle_every_row_of_the_specification_is_carried_unchanged(shared: Path, module: str) -> None:
    with (shared / "science" / "parameters.csv").open(encoding="utf-8", newline="") as lines:
        theirs = {row["symbol"]: row for row in csv.DictReader(lines) if row["module"] == module}
    ours = _rows(FOLDERS[module])
    assert len(theirs) >= 7
    for symbol, row in theirs.items():
        for column in ("value", "lower", "upper", "bsv_cv"):
            a, b = ours[symbol][column], row[column]
            assert (a == b == "") or float(a) == float(b), (symbol, column)
        assert (ours[symbol]["unit"], ours[symbol]["status"]) == (row["unit"], row["status"]), symbol


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_law_values_lie_in_their_ranges(folder: str) -> None:
    for symbol, row in parameter_table(folder).items():
        if row.lower is not None and row.upper is not None:
            assert row.lower <= row.value <= row.upper, symbol


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_law_every_row_is_used_by_the_equations_or_named_in_code(folder: str) -> None:
    used = {row.origin for row in load_composite(folder).parameters.values()}
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    orphans = [s for s, row in parameter_table(folder).items() if row.origin not in used and f'"{s}"' not in code]
    assert orphans == []
