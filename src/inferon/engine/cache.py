"""Where compiled code is kept between runs, and how it gets there safely.

Machine code of generated kernels is stored under a hash of everything that determines it. A file holds its own checksum;
one that does not match (half-written, damaged) is thrown away and built again. Files appear by atomic rename, so any number
of processes may share the folder.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")

_CHECKSUM_BYTES = 32


def cache_folder() -> Path:
    """The folder for compiled code: ``INFERON_CACHE``, or the user's cache folder."""
    named = os.environ.get("INFERON_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    if sys.platform == "win32":
        base = base or os.environ.get("LOCALAPPDATA")
    return Path(base) / "inferon" if base else Path.home() / ".cache" / "inferon"


def load_object(key: str) -> bytes | None:
    """Machine code stored under ``key``, or None when there is none that can be trusted."""
    try:
        content = _path(key).read_bytes()
    except OSError:
        return None
    checksum, code = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    return code if code and hashlib.sha256(code).digest() == checksum else None


def store_object(key: str, code: bytes) -> None:
    """Keep machine code under ``key``; a folder that cannot be written costs speed, not results."""
    path = _path(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(temporary, path)


def _path(key: str) -> Path:
    return cache_folder() / "kernels" / f"{key}.o"


def use_cache_for_driver() -> None:
    """Point numba's cache at a folder named by the hash of the engine's sources: an edited file never meets old code."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    digest = hashlib.sha256(version("numba").encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    folder = cache_folder() / "driver" / digest.hexdigest()[:16]
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
        if "numba" in sys.modules:  # it read the environment when it was imported
            sys.modules["numba"].config.CACHE_DIR = str(folder)


def rebuilding(function: Callable[..., Result]) -> Callable[..., Result]:
    """``function`` (compiled by numba) such that a damaged file in numba's cache costs a compilation, not the run.

    Numba reads its cache before it runs anything, so the second call starts from the arguments as they were.
    """

    def once(*arguments: Any) -> Result:
        kinds = (function, *(getattr(argument, "dtype", None) for argument in arguments))
        if kinds in _compiled:
            return function(*arguments)
        with _plainly_compiled():
            result = function(*arguments)
        _compiled.add(kinds)
        return result

    @functools.wraps(function)
    def call(*arguments: Any) -> Result:
        try:
            return once(*arguments)
        except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError, ImportError):
            folder = os.environ.get("NUMBA_CACHE_DIR", "")
            if not folder.startswith(str(cache_folder())):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            Path(folder).mkdir(parents=True, exist_ok=True)
            return once(*arguments)

    return call


_compiled: set[tuple] = set()
_compiling = threading.Lock()


@contextlib.contextmanager
def _plainly_compiled() -> Iterator[None]:
    """Compile at numba's lowest level, without looking for loops to vectorise: the driver gains nothing measurable from more."""
    from numba import config

    with _compiling:
        plain = {"OPT": type(vars(config)["OPT"])(1), "LOOP_VECTORIZE": 0, "SLP_VECTORIZE": 0}
        before = {name: getattr(config, name) for name in plain}
        try:
            for name, value in plain.items():
                setattr(config, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(config, name, value)
