"""Write a file so that a reader, or a run that resumes after a kill, sees the old bytes or the new ones, never a part.

The bytes go to a temporary file in the same folder, are flushed to the disk, and then take the final name in one step.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from inferon.store.errors import WriteError

LEFTOVER = ".part"


def make_folder(folder: str | Path) -> Path:
    """Make a folder and those above it, where they are missing. Raises `WriteError`."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        taken = FileExistsError(error.errno, "a file has this name")
        raise WriteError(folder, "the folder cannot be made", taken) from error
    except OSError as error:
        raise WriteError(folder, "the folder cannot be made", error) from error
    return folder


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """An open binary file that becomes `path` when the block ends well, and vanishes when it does not. Raises `WriteError`."""
    path = Path(path)
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{LEFTOVER}")
    try:
        with unfinished.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        if error.filename not in (None, str(unfinished)):
            raise  # what the block itself was about, as a file it reads
        raise WriteError(path, "the file cannot be written", error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    _flush_folder(path.parent)


def write_text(text: str, path: str | Path) -> None:
    """Write `text` as UTF-8 with line ends as given."""
    with atomic_file(path) as stream:
        stream.write(text.encode("utf-8"))


def write_json(value: Any, path: str | Path) -> None:
    """Write plain values as JSON in the order they have; NaN and infinities are refused with ValueError."""
    write_text(json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2) + "\n", path)


def remove_leftovers(folder: str | Path) -> int:
    """Delete the temporary files that killed writers left in `folder`; says how many there were."""
    leftovers = [path for path in Path(folder).glob(f".*{LEFTOVER}") if path.is_file()]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)


def _flush_folder(folder: Path) -> None:
    """Make the new name durable too, where the system lets a folder be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
