"""A small table of patients, and the command line run in a folder of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENTS = """id,months,status,relapsed,died,arm
1,2.5,relapse,1,1,A
2,4,death,0,1,A
3,4,none,0,0,A
4,9,relapse,1,0,A
5,12,none,0,0,A
6,1,death,0,1,B
7,3,relapse,1,1,B
8,6,none,0,0,B
9,8,death,0,1,B
10,12,none,0,0,B
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str
    new_files: list[str]


@pytest.fixture
def inferon(tmp_path: Path, monkeypatch, capsys):
    """Run `inferon ARGUMENTS` in an empty folder that holds the given files; nothing else may appear unasked."""
    from inferon.cli import main

    def run(*arguments: str, files: dict[str, str | bytes] | None = None) -> Outcome:
        for name, content in (files or {}).items():
            raw = content.encode() if isinstance(content, str) else content
            (tmp_path / name).write_bytes(raw)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["inferon", *arguments])
        before = set(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        new = sorted(path.relative_to(tmp_path).as_posix() for path in set(tmp_path.rglob("*")) - before)
        return Outcome(int(left.value.code or 0), told.out, told.err, new)

    return run
