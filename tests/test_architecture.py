"""The house: rooms import downward only, leaves import nothing of ours, and committed text names no machine."""

import ast
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "inferon"
BELOW = {
    "study": set(),
    "statistics": set(),
    "random": set(),
    "store": set(),
    "biology": set(),
    "model": {"biology"},
    "engine": {"model"},
    "cohort": {"biology", "engine", "model", "random"},
    "protocol": {"biology", "engine", "model", "random", "study"},
    "trial": {"biology", "cohort", "protocol", "engine", "model", "random", "statistics"},
    "design": {"biology", "trial", "cohort", "protocol", "engine", "model", "random", "statistics"},
    "evidence": {"biology", "trial", "cohort", "protocol", "engine", "model", "random", "statistics"},
    "simulation": {
        "analysis",
        "biology",
        "cohort",
        "engine",
        "model",
        "protocol",
        "random",
        "report",
        "store",
        "study",
        "trial",
    },
    "report": {"statistics", "store"},
    "analysis": {"statistics", "report", "store", "study"},
    "run": set(),
    "cli": set(),
}
ANYTHING = {"run", "cli"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("inferon."):
            found.add(node.module.split(".")[1])
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("inferon.")}
    return found


@pytest.mark.parametrize("room", sorted(BELOW))
def test_law_rooms_import_downward_only(room):
    files = list((SOURCE / room).rglob("*.py"))
    assert files, f"room {room} is empty"
    for path in files:
        above = _imports(path) - BELOW[room] - {room}
        assert not above or room in ANYTHING, f"{path.relative_to(SOURCE)} imports {sorted(above)}"


def test_law_every_room_is_known():
    rooms = {folder.name for folder in SOURCE.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert rooms == set(BELOW)


def test_law_only_the_command_line_imports_the_command_line():
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] not in ("cli", "__main__.py"):
            assert "cli" not in _imports(path), path


def test_law_the_public_names_exist():
    import inferon

    for name in inferon.__all__:
        assert getattr(inferon, name) is not None


def test_law_import_is_light():
    code = "import sys, inferon; print([m for m in ('numba', 'altair', 'polars', 'antimony', 'scipy') if m in sys.modules])"
    import sys

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
