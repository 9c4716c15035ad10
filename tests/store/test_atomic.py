"""A file is the old one or the new one, whenever the writer dies."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inferon.store import atomic_file, content_key, remove_leftovers, sha256_of_file, write_json, write_text


@pytest.fixture
def estimates(tmp_path: Path) -> Path:
    path = tmp_path / "estimates.json"
    path.write_text("old")
    return path


def test_law_a_written_file_has_its_bytes_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_text("Zähler\n", tmp_path / "new" / "note.txt")
    assert (tmp_path / "new" / "note.txt").read_bytes() == "Zähler\n".encode()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["note.txt"]


def test_law_a_written_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    write_text("x", tmp_path / "ours")
    (tmp_path / "any").write_text("x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "any")}
    assert len(modes) == 1


def test_law_json_keeps_the_order_given_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json({"b": [1, None], "a": 0.1, "ü": True}, tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert text == '{\n  "b": [\n    1,\n    null\n  ],\n  "a": 0.1,\n  "ü": true\n}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_fault_json_refuses_what_is_no_number_or_no_plain_value(estimates: Path, value) -> None:
    with pytest.raises((ValueError, TypeError)):
        write_json({"estimate": value}, estimates)
    assert estimates.read_text() == "old"
    assert os.listdir(estimates.parent) == ["estimates.json"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_fault_an_error_before_the_rename_leaves_the_old_file_alone(
    estimates: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, moment, full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_text("new", estimates)
    assert estimates.read_text() == "old" and os.listdir(estimates.parent) == ["estimates.json"]


def test_fault_an_interrupt_inside_the_block_leaves_the_old_file_alone(estimates: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_file(estimates) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert estimates.read_text() == "old" and os.listdir(estimates.parent) == ["estimates.json"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_fault_a_kill_between_write_and_rename_leaves_the_old_file_and_a_leftover_that_is_removed(
    estimates: Path, moment: str
) -> None:
    program = (
        f"import os; from inferon.store import write_text; os.{moment} = lambda *_: os._exit(9);"
        f"write_text('new', {str(estimates)!r})"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert estimates.read_text() == "old" and len(os.listdir(estimates.parent)) == 2
    assert remove_leftovers(estimates.parent) == 1
    assert os.listdir(estimates.parent) == ["estimates.json"]


def test_oracle_nist_the_checksum_of_abc(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    told = sha256_of_file(tmp_path / "abc")
    assert told == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_law_a_content_key_depends_on_every_value_and_not_on_the_order_of_a_mapping() -> None:
    assert content_key({"a": 1, "b": 2.5}) == content_key({"b": 2.5, "a": 1})
    others = [content_key(*parts) for parts in ([{"a": 1}], [{"a": 2}], [{"a": "1"}], [["a", 1]], ["a", 1], ["a1"], [])]
    assert len(set(others)) == len(others)
    for value in (float("nan"), object()):
        with pytest.raises((ValueError, TypeError)):
            content_key(value)
