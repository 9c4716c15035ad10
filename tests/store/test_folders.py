"""Files that belong together appear together, whenever and however the writer fails."""

import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from inferon.store import WriteError, write_parquet, write_text, write_together
from inferon.store.folders import ABANDONED_SECONDS

NEW = {"a.txt": "new a", "b.txt": "new b"}


def _make(draft: Path) -> None:
    for name, text in NEW.items():
        (draft / name).write_text(text)


def _held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an older file of ours and one of somebody else's."""
    path = tmp_path / "out"
    path.mkdir()
    (path / "a.txt").write_text("old a")
    (path / "mine.txt").write_text("mine")
    return path


def test_law_a_new_folder_holds_the_files_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    assert write_together(_make, target) == [target / "a.txt", target / "b.txt"]
    assert _held(target) == NEW
    assert [path.name for path in target.parent.iterdir()] == ["out"]
    (tmp_path / "any").mkdir()
    assert target.stat().st_mode == (tmp_path / "any").stat().st_mode


def test_law_in_a_folder_that_is_there_only_files_of_the_same_names_are_replaced(folder: Path) -> None:
    write_together(_make, folder)
    assert _held(folder) == {**NEW, "mine.txt": "mine"}
    assert len(list(folder.iterdir())) == 3


def test_law_the_folder_one_stands_in_can_be_written_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert write_together(_make, ".") == [Path("a.txt"), Path("b.txt")]
    assert _held(folder) == {**NEW, "mine.txt": "mine"}


@pytest.mark.parametrize(
    "failure", [ValueError("no such figure"), KeyboardInterrupt(), FileNotFoundError(2, "gone", "data.csv")]
)
@pytest.mark.parametrize("there", [True, False])
def test_fault_a_failure_half_way_changes_nothing_and_is_told_as_it_is(
    folder: Path, tmp_path: Path, there: bool, failure: BaseException
) -> None:
    def half(draft: Path) -> None:
        (draft / "a.txt").write_text("half")
        raise failure

    with pytest.raises(type(failure)) as raised:
        write_together(half, folder if there else tmp_path / "new")
    assert raised.value is failure
    assert _held(folder) == {"a.txt": "old a", "mine.txt": "mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


FULL_DISK = """
import resource, sys
from pathlib import Path
import polars as pl
from inferon.store import WriteError, write_parquet, write_text, write_together

table = pl.DataFrame({"day": [i / 7 for i in range(20_000)]})
writers = {
    "csv": lambda draft: table.write_csv(draft / "big.csv"),
    "parquet": lambda draft: write_parquet(table, draft / "big.parquet"),
    "text": lambda draft: write_text("x" * 20_000, draft / "big.txt"),
    "plain": lambda draft: (draft / "big.txt").write_text("x" * 20_000),
}

def make(draft):
    (draft / "a.txt").write_text("new a")
    writers[sys.argv[2]](draft)

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_together(make, sys.argv[1])
except WriteError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited there")
@pytest.mark.parametrize("writer", ["csv", "parquet", "text", "plain"])
@pytest.mark.parametrize("name", ["out", "new"])
def test_fault_a_disk_that_takes_no_more_changes_nothing_and_is_one_sentence(
    folder: Path, name: str, writer: str
) -> None:
    """The system refuses to let a file grow, as it does on a full disk."""
    target = folder.parent / name
    command = [sys.executable, "-c", FULL_DISK, str(target), writer]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stdout.startswith(f"{target}: the files cannot be written (File too large"), told.stderr
    assert told.stdout.count("\n") == 1
    assert _held(folder) == {"a.txt": "old a", "mine.txt": "mine"}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("there", [True, False])
def test_fault_a_folder_without_permission_is_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def refused(path: object, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "mkdir", refused)
    target = folder if there else folder.parent / "new" / "out"
    with pytest.raises(WriteError, match=r"cannot be (made|written) \(Permission denied\)\.$"):
        write_together(_make, target)
    assert _held(folder) == {"a.txt": "old a", "mine.txt": "mine"}


@pytest.mark.parametrize("name", ["taken", "taken/below"])
def test_fault_a_file_in_place_of_the_folder_is_told_before_anything_is_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("mine")
    made = []
    with pytest.raises(WriteError, match="the folder cannot be made"):
        write_together(made.append, tmp_path / name)
    assert made == [] and _held(tmp_path) == {"taken": "mine"}


def test_fault_a_folder_in_place_of_a_file_is_told_before_any_other_is_replaced(folder: Path) -> None:
    (folder / "b.txt").mkdir()
    with pytest.raises(WriteError, match=r"b\.txt: the file cannot be written \(a folder has this name\)"):
        write_together(_make, folder)
    assert _held(folder) == {"a.txt": "old a", "mine.txt": "mine"}
    assert len(list(folder.iterdir())) == 3


KILLED = """
import os, sys
from pathlib import Path
from inferon.store import write_together

def make(draft):
    for name in ("a.txt", "b.txt"):
        (draft / name).write_text("new " + name[0])
    if sys.argv[2] == "making":
        os._exit(9)

for moment in ("rename", "replace"):
    setattr(os, moment, lambda *_: os._exit(9))
write_together(make, sys.argv[1])
"""


@pytest.mark.parametrize("moment", ["making", "moving"])
@pytest.mark.parametrize("name", ["out", "new"])
def test_fault_a_kill_changes_nothing_and_what_it_leaves_hidden_is_removed_later(
    folder: Path, name: str, moment: str
) -> None:
    target = folder.parent / name
    told = subprocess.run([sys.executable, "-c", KILLED, str(target), moment], check=False)
    assert told.returncode == 9
    assert _held(folder) == {"a.txt": "old a", "mine.txt": "mine"}
    assert not (folder.parent / "new").exists()
    (draft,) = (path for path in (*folder.iterdir(), *folder.parent.iterdir()) if path.name.startswith("."))
    write_together(_make, target)
    assert draft.is_dir(), "it could be that of a writer at work"
    long_ago = time.time() - 2 * ABANDONED_SECONDS
    os.utime(draft, (long_ago, long_ago))
    other = draft.with_name(f".{draft.name}")
    other.mkdir()
    os.utime(other, (long_ago, long_ago))
    write_together(_make, target)
    assert not draft.exists() and other.is_dir()
    assert _held(target).items() >= NEW.items()


def test_law_files_of_the_store_are_written_into_a_draft_as_anywhere(tmp_path: Path) -> None:
    def make(draft: Path) -> None:
        write_text("text", draft / "t.txt")
        write_parquet(pl.DataFrame({"a": [1]}), draft / "t.parquet")

    assert [path.name for path in write_together(make, tmp_path / "out")] == ["t.parquet", "t.txt"]
