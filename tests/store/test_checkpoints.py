"""Chunks come back exactly, or not at all."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from inferon.store import Checkpoints

FRAME = pl.DataFrame(
    {"patient": [1, 2, 3], "relapse_day": [3.5, None, float("-inf")], "status": ["ok", "ok", "too many steps"]}
)


@pytest.fixture
def chunks(tmp_path: Path) -> Checkpoints:
    kept = Checkpoints(tmp_path / "chunks", "key")
    kept.put("reference/control/0", FRAME)
    return kept


def _file(chunks: Checkpoints) -> Path:
    (path,) = chunks.folder.iterdir()
    return path


def test_law_a_chunk_comes_back_with_values_and_types(chunks: Checkpoints) -> None:
    assert_frame_equal(chunks.get("reference/control/0"), FRAME)
    assert chunks.get("reference/control/1") is None
    chunks.put("reference/control/0", FRAME[:1])
    assert_frame_equal(Checkpoints(chunks.folder, "key").get("reference/control/0"), FRAME[:1])


def test_law_an_empty_chunk_is_not_an_absent_one(chunks: Checkpoints) -> None:
    chunks.put("empty", FRAME.clear())
    assert_frame_equal(chunks.get("empty"), FRAME.clear())


def test_law_names_stay_inside_the_folder_and_apart(tmp_path: Path) -> None:
    chunks = Checkpoints(tmp_path / "chunks", "key")
    names = ["../escape", "a/b", "a%2Fb", "a b", ".part", "Ω"]
    for index, name in enumerate(names):
        chunks.put(name, FRAME.with_columns(index=pl.lit(index)))
    assert [chunks.get(name)["index"][0] for name in names] == list(range(len(names)))
    assert [path.name for path in tmp_path.iterdir()] == ["chunks"]


def test_fault_a_chunk_of_another_computation_is_never_used(chunks: Checkpoints) -> None:
    assert Checkpoints(chunks.folder, "other key").get("reference/control/0") is None
    assert not any(chunks.folder.iterdir())


def test_fault_a_chunk_under_another_name_is_never_used(chunks: Checkpoints) -> None:
    path = _file(chunks)
    path.rename(path.with_name(path.name.replace("0", "1")))
    assert chunks.get("reference/control/1") is None


def test_fault_a_chunk_cut_at_any_byte_is_thrown_away(chunks: Checkpoints) -> None:
    path = _file(chunks)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert chunks.get("reference/control/0") is None, length
        assert not path.exists()
    path.write_bytes(whole)
    assert_frame_equal(chunks.get("reference/control/0"), FRAME)


def test_fault_a_chunk_with_one_altered_byte_is_thrown_away(chunks: Checkpoints) -> None:
    path = _file(chunks)
    whole = path.read_bytes()
    for position in range(0, len(whole), 11):
        altered = bytearray(whole)
        altered[position] ^= 1
        path.write_bytes(altered)
        assert chunks.get("reference/control/0") is None, position


def test_fault_a_kill_before_the_rename_leaves_no_chunk_and_the_next_run_tidies_up(chunks: Checkpoints) -> None:
    program = (
        "import os, polars as pl; from inferon.store import Checkpoints;"
        f"chunks = Checkpoints({str(chunks.folder)!r}, 'key'); os.replace = lambda *_: os._exit(9);"
        "chunks.put('second', pl.DataFrame({'a': [1]}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert len(list(chunks.folder.iterdir())) == 2
    again = Checkpoints(chunks.folder, "key")
    assert len(list(chunks.folder.iterdir())) == 1
    assert again.get("second") is None and again.get("reference/control/0") is not None


def test_law_clear_removes_the_chunks_and_nothing_else(chunks: Checkpoints) -> None:
    (chunks.folder / "mine.txt").write_text("keep")
    chunks.clear()
    assert [path.name for path in chunks.folder.iterdir()] == ["mine.txt"]
    (chunks.folder / "mine.txt").unlink()
    chunks.clear()
    assert not chunks.folder.exists()
    chunks.clear()
