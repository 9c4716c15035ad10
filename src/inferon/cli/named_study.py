"""The study that a word on the command line stands for: a file, or a ready study by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inferon.study import Study


def read_named_study(word: str) -> Study:
    """The study in that file, or the ready study of that name where no such file is there. Raises ``InputError``."""
    from inferon.study import InputError, nearest, read_study, ready_studies

    ready = ready_studies()
    if Path(word).exists() or Path(word).suffix:
        return read_study(word)
    if word not in ready:
        message = "there is neither a file nor a ready study of this name"
        allowed = "a study file (.yaml), or a name that `inferon studies` lists"
        raise InputError(message, field="STUDY", found=word, allowed=allowed, meant=nearest(word, ready))
    return read_study(ready[word])
