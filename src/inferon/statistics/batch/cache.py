"""Compiled code kept between runs: in the user's cache folder, under a hash of these sources, checked before use.

Numba does not notice edits in imported files, so the folder is named by their content. It does not notice damaged files
either, so a file is used only if it has the checksum noted when it was written; any other is deleted and compiled
again. A folder that cannot be written costs the compilation in every run, not the result.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

_ARITHMETIC: dict[str, Any] = {"error_model": "numpy"}
_UNREACHABLE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inside(function: Callable[..., Any]) -> Any:
    """``function`` as a part of kernels: only they may call it, as nothing is made to reach it from Python."""
    from numba import njit

    return njit(nogil=True, **_ARITHMETIC, **_UNREACHABLE)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """``function`` written out where a kernel calls it: handing over array after array costs more than its work."""
    from numba import njit

    return njit(inline="always", **_ARITHMETIC, **_UNREACHABLE)(function)


def compiled(function: Callable[..., Any]) -> Any:
    """``function`` as a numba kernel, compiled at its first call or loaded from the cache; it runs without Python's lock.

    Arithmetic stays as written, nothing fused or reordered; a division by zero gives an infinity, as in NumPy.
    """
    from numba import config, njit

    folder = _folder()
    before = config.CACHE_DIR  # pyright: ignore[reportAttributeAccessIssue]
    try:
        config.CACHE_DIR = folder or before  # pyright: ignore[reportAttributeAccessIssue]
        return njit(cache=folder is not None, nogil=True, **_ARITHMETIC)(function)
    finally:
        config.CACHE_DIR = before  # pyright: ignore[reportAttributeAccessIssue]


def seal() -> None:
    """Note the checksum of every file in the cache that has none yet; called after something was compiled."""
    folder = _folder()
    for path in _files(folder):
        with contextlib.suppress(OSError):
            if not _intact(path):
                _note(path).write_text(_checksum(path), encoding="ascii")


@functools.cache
def _folder() -> str | None:
    """This version's folder, without the files that cannot be trusted; None when it cannot be made."""
    digest = hashlib.sha256(f"{version('numba')} {version('llvmlite')} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    folder = _cache_folder() / "statistics" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _files(str(folder)):
            if not _intact(path):
                path.unlink(missing_ok=True)
    except OSError:
        return None
    return str(folder)


def _cache_folder() -> Path:
    """``INFERON_CACHE``, or the user's cache folder: as in ``engine.cache``, because statistics import nothing else of ours."""
    named = os.environ.get("INFERON_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    if sys.platform == "win32":
        base = base or os.environ.get("LOCALAPPDATA")
    return Path(base) / "inferon" if base else Path.home() / ".cache" / "inferon"


def _files(folder: str | None) -> list[Path]:
    return [] if folder is None else [path for kind in ("*.nbi", "*.nbc") for path in sorted(Path(folder).rglob(kind))]


def _intact(path: Path) -> bool:
    note = _note(path)
    return note.exists() and note.read_text(encoding="ascii", errors="replace") == _checksum(path)


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
