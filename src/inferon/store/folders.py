"""Several files that belong together: all of them appear or none.

They are made in a draft, a hidden folder, and take their places when the last of them is whole.
"""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inferon.store.atomic import LEFTOVER, make_folder
from inferon.store.errors import WriteError

ABANDONED_SECONDS = 3600
"""A draft untouched for so long was left by a writer that was killed; the next writer of the same folder deletes it."""


def write_together(make: Callable[[Path], object], folder: str | Path) -> list[Path]:
    """Call `make` with a draft folder and put every file it leaves there into `folder`; returns their paths, sorted by name.

    A folder that is new appears in one step, with all files in it. In one that is there, files of the same names are
    replaced one after another and others stay; a kill between two of them leaves whole files, some new and some old.
    Raises `WriteError` (the folder cannot be made, a file cannot be written) and what `make` raises; nothing has changed then.
    """
    folder = Path(folder)
    with _draft(folder, make_folder(folder if folder.exists() else folder.parent)) as draft:
        make(draft)
        names = sorted(path.name for path in draft.iterdir())
        if folder.is_dir():
            _refuse_folders([folder / name for name in names])
            for name in names:
                os.replace(draft / name, folder / name)
        else:
            draft.rename(folder)
    return [folder / name for name in names]


@contextmanager
def _draft(folder: Path, place: Path) -> Iterator[Path]:
    """A hidden folder in `place`, which is `folder` or where it will be; gone at the end."""
    _remove_abandoned(folder)
    draft = place / f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}{LEFTOVER}"
    try:
        draft.mkdir()
        yield draft
    except OSError as error:
        if error.filename is not None and not str(error.filename).startswith(str(draft)):
            raise  # no file of the draft
        raise WriteError(folder, "the files cannot be written", error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_folders(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            raise WriteError(
                path, "the file cannot be written", IsADirectoryError(errno.EISDIR, "a folder has this name")
            )


def _remove_abandoned(folder: Path) -> None:
    """Delete the drafts that killed writers of the folder left in it and beside it."""
    form = re.compile(rf"\.{re.escape(folder.name)}\.[0-9]+-[0-9a-f]{{8}}{re.escape(LEFTOVER)}")
    with suppress(OSError):
        for draft in (path for place in (folder, folder.parent) if place.is_dir() for path in place.iterdir()):
            if form.fullmatch(draft.name) and time.time() - draft.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
