"""Fingerprints: of a file's bytes, and of everything that determines a result."""

import hashlib
import json
from pathlib import Path
from typing import Any


def sha256_of_file(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_key(*parts: Any) -> str:
    """One fingerprint of plain values (text, numbers, lists, mappings); the order of a mapping does not matter.

    Give it all that determines a result: the study, the seed, the models' source, versions. Raises TypeError for a
    value that has no plain form and ValueError for NaN, since neither could be recognised again.
    """
    text = json.dumps(parts, sort_keys=True, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
