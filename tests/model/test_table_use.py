"""Every row of a parameter table is used, and no number in code or equations repeats one."""

import csv
from pathlib import Path

import pytest

from inferon.model.catalogue import biology, folders, module_folder, module_source, modules, parameter_table
from inferon.model.parameters import STATUSES

from .table_use import CARRIED, ROOMS, SOURCE, copies, is_used, numbers_of_equations, orphans

FILES = [path.relative_to(SOURCE) for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]
TABLES = sorted(path.relative_to(SOURCE / "biology") for path in (SOURCE / "biology").rglob("*.csv"))


@pytest.mark.parametrize("folder", folders())
def test_law_no_row_is_an_orphan(folder: str) -> None:
    assert orphans(folder) == []


@pytest.mark.parametrize("folder", folders())
def test_law_a_row_that_says_nobody_uses_it_tells_why_and_is_right(folder: str) -> None:
    carried = {s: row.note for s, row in parameter_table(folder).items() if row.note.startswith(CARRIED)}
    assert {symbol: note for symbol, note in carried.items() if is_used(folder, symbol)} == {}
    assert all(len(note) > len(CARRIED) + 3 for note in carried.values())


def test_fault_a_row_nobody_uses_is_an_orphan(monkeypatch: pytest.MonkeyPatch) -> None:
    added = {**parameter_table("marrow"), "made_up_rate": parameter_table("marrow")["k_N"]}
    monkeypatch.setattr(f"{orphans.__module__}.parameter_table", lambda folder: added)
    assert orphans("marrow") == ["made_up_rate"]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_law_no_number_in_code_repeats_a_row(path: Path) -> None:
    assert copies(SOURCE / path, (SOURCE / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", modules())
def test_law_no_number_in_the_equations_repeats_a_row(name: str) -> None:
    rows = parameter_table(module_folder(name).name).values()
    assert set(numbers_of_equations(module_source(name))) & {row.value for row in rows} == set()


SAMPLE = 'from inferon.model.catalogue import parameter_table\ntable = parameter_table("radiation")\n'
COPIED = {
    "a factor": "kill = 1.14 * dose",
    "a threshold": "treated = dose < 0.8",
    "a default": "def follow(odds=1.28): ...",
    "a constant": "REFERENCE = 20.0",
    "a whole number that is no count": "until = start + 3.0",
    "a whole number above ten": "until = start + 20",
    "an argument": "numpy.where(few, 2.8, 1.0)",
    "a load whose logarithm is a row": "load = 10**0 + 1122018454.3019652",
}
NOT_COPIED = {
    "an identity": "share = 1.0 - 0.5 * x**2",
    "a grade": "severe = grade >= 3",
    "an index": "row = table[20]",
    "a shape": "rows = numpy.zeros((20, 7))",
    "the length of a loop": "_HALVINGS = 20\nfor _ in range(_HALVINGS): ...",
    "the base of a power": "left = 10.0 ** -kill",
    "a grid": "days = (3.0, 14.0, 20.0)",
    "a conversion": "HOURS_PER_FRACTION = 3.0",
    "a tolerance": "Settings(rtol=0.4)",
    "a value of another folder": "x = 0.00217",
}


@pytest.mark.parametrize("what", COPIED)
def test_fault_a_number_that_repeats_a_row_is_found(what: str) -> None:
    (found,) = copies(SOURCE / "trial" / "made_up.py", SAMPLE + COPIED[what])
    assert found.line == 3
    assert all(row.startswith("radiation/") for row in found.rows)


@pytest.mark.parametrize("what", NOT_COPIED)
def test_law_a_number_that_is_no_quantity_is_free(what: str) -> None:
    assert copies(SOURCE / "trial" / "made_up.py", SAMPLE + NOT_COPIED[what]) == []


def test_fault_a_file_about_nothing_is_compared_with_every_table() -> None:
    (found,) = copies(SOURCE / "trial" / "made_up.py", "weight = 0.00217")
    assert found.rows == ("interferon_response/EC0",)


def test_fault_a_number_in_equations_is_found() -> None:
    assert numbers_of_equations("x' = -0.163*x + 2*y // k_U is 0.2") == [0.163]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_law_every_number_of_every_table_has_status_and_source(table: Path) -> None:
    with (SOURCE / "biology" / table).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    label = next(iter(rows[0]))
    for row in rows:
        if any(_is_number(cell) for column, cell in row.items() if column != label):
            assert row["status"] in STATUSES and row["source"].strip(), row[label]


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def test_law_every_folder_of_the_biology_has_a_table_and_a_card() -> None:
    found = {entry.name for entry in biology().iterdir() if entry.is_dir() and entry.name[0] not in "_."}
    assert found - {"composites"} == set(folders())
    assert all((biology() / folder / "card.md").is_file() for folder in folders())
