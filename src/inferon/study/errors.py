"""What a person reads when the input is wrong: one sentence with the place, the value found and the values allowed."""

import difflib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LONGEST_FOUND = 80


class Absence(str):
    """What was found where nothing stands; printed without quotation marks, so it is not mistaken for text."""

    __slots__ = ()


NOTHING = Absence("nothing")


def nearest(word: object, choices: Iterable[object]) -> str | None:
    """Which of `choices` the writer of `word` probably meant; None when nothing is close."""
    by_folded = {str(choice).casefold(): str(choice) for choice in choices}
    close = difflib.get_close_matches(str(word).casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class InputError(Exception):
    """Bad input, told in one sentence; the command line prints it and leaves with exit code 2.

    message   what is wrong (may be empty when `found` and `allowed` say it)
    file      the file read; printed as given
    line      line in that file, counted from 1
    field     path of the field, as in `arms.peginterferon.regimen[0].drug`, or a column of a table
    found     the value found; None means there is none to show
    allowed   either a sentence, or the list of allowed values (the nearest spelling is then proposed)
    meant     the nearest valid spelling, where the caller knows it better
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        found: Any = None,
        allowed: str | Sequence[object] | None = None,
        meant: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.field = field
        self.found = found
        self.allowed = allowed
        self.meant = meant or _nearest_allowed(found, allowed)

    def __str__(self) -> str:
        where = ", ".join(self._place())
        what = "; ".join(part for part in (_one_line(self.message), *self._evidence()) if part)
        sentence = ": ".join(part for part in (where, what) if part) or "the input cannot be read"
        return sentence if sentence.endswith(("?", ".")) else f"{sentence}."

    def _place(self) -> list[str]:
        place = [str(self.file)] if self.file is not None else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.field:
            place.append(_one_line(self.field))
        return place

    def _evidence(self) -> list[str]:
        evidence = [] if self.found is None else [f"found {_shown(self.found)}"]
        if self.allowed is not None:
            listed = self.allowed if isinstance(self.allowed, str) else ", ".join(map(str, self.allowed)) or "nothing"
            evidence.append(f"allowed: {_one_line(listed)}")
        return [*evidence, f'did you mean "{self.meant}"?'] if self.meant else evidence


def _nearest_allowed(found: Any, allowed: str | Sequence[object] | None) -> str | None:
    if found is None or isinstance(found, Absence) or allowed is None or isinstance(allowed, str):
        return None
    return nearest(found, allowed)


def _shown(value: Any) -> str:
    if isinstance(value, Absence):
        return str(value)
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = f'"{value}"'
    return text if len(text) <= LONGEST_FOUND else f"{text[: LONGEST_FOUND - 1]}…"


def _one_line(text: object) -> str:
    return " ".join(str(text).split()).removesuffix(".")
