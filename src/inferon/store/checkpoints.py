"""Finished pieces of a long computation, kept so that the same computation can go on after a kill at any byte.

A chunk file is one line of text, then the table as an Arrow file. The line holds a SHA-256 over the key of the
computation, the name of the chunk and the table, so a chunk that is cut short, altered, renamed, or left by another
computation is recognised, thrown away and computed again.
"""

import hashlib
import io
from pathlib import Path
from urllib.parse import quote

import polars as pl

from inferon.store.atomic import atomic_file, remove_leftovers

FORMAT = b"inferon-chunk-1"
SUFFIX = ".chunk"


class Checkpoints:
    """The finished chunks of one computation in `folder`.

    key   a fingerprint of everything that determines the chunks (see `content_key`); with another key nothing is found
    """

    def __init__(self, folder: str | Path, key: str) -> None:
        self.folder = Path(folder)
        self.key = key
        remove_leftovers(self.folder)

    def get(self, name: str) -> pl.DataFrame | None:
        """The table stored as `name`, or None when it is absent, damaged, or not of this computation."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        head, _, table = content.partition(b"\n")
        if head != self._head(name, table):
            path.unlink(missing_ok=True)
            return None
        return pl.read_ipc(io.BytesIO(table))

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Store `frame` as `name`, whole or not at all; an older one is replaced."""
        buffer = io.BytesIO()
        frame.rechunk().write_ipc(buffer, compression="zstd")
        table = buffer.getvalue()
        with atomic_file(self._path(name)) as stream:
            stream.write(self._head(name, table) + b"\n")
            stream.write(table)

    def clear(self) -> None:
        """Forget every chunk, of this computation and of others, and the folder if nothing else is in it."""
        if not self.folder.is_dir():
            return
        remove_leftovers(self.folder)
        for path in self.folder.glob(f"*{SUFFIX}"):
            path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _path(self, name: str) -> Path:
        return self.folder / f"{quote(name, safe='')}{SUFFIX}"

    def _head(self, name: str, table: bytes) -> bytes:
        digest = hashlib.sha256()
        for part in (FORMAT, self.key.encode(), name.encode(), table):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return FORMAT + b" " + digest.hexdigest().encode()
