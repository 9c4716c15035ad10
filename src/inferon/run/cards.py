"""What a module's card says about itself, for the page of a study: where it misfits, and what it cannot know."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inferon.model.catalogue import biology

_LEAD = re.compile(r"\*\*([^*]+?)[.:,]?\*\*[.:,]?\s*(.*)")
_TOLD = ("Known misfit", "Where", "Cannot know", "Assumptions to print")
_OF_OTHERS = ("Known misfit",)


def notes(modules: Sequence[str]) -> list[dict[str, object]]:
    """Module, title and sentences of the paragraphs of its card that belong beside numbers.

    The first module is the study's own and tells all of them; the others tell their known misfits.
    """
    found = []
    for place, folder in enumerate(modules):
        card = biology() / folder / "card.md"
        titles = _OF_OTHERS if place else _TOLD
        text = card.read_text(encoding="utf-8")
        found += [
            {"module": folder, "title": title, "text": said}
            for title, said in _paragraphs(text)
            if title.startswith(titles)
        ]
    return found


def _paragraphs(card: str) -> list[tuple[str, list[str]]]:
    """Title and content of every paragraph that begins in bold; a list becomes one entry an item, tables are left out."""
    paragraphs: list[tuple[str, list[str]]] = []
    open_ = False
    for line in card.splitlines():
        if lead := _LEAD.match(line):
            paragraphs.append((lead[1].strip(), [lead[2]] if lead[2] else []))
            open_ = True
        elif line.startswith(("|", "#")):
            open_ = False
        elif open_ and line.startswith("- "):
            paragraphs[-1][1].append(line[2:])
        elif open_ and line.strip():
            said = paragraphs[-1][1]
            said[-1:] = [f"{said[-1]} {line.strip()}"] if said else [line.strip()]
    return [(title, [_plain(text) for text in said if text]) for title, said in paragraphs if any(said)]


def _plain(markdown: str) -> str:
    return re.sub(r"[`*]", "", markdown).strip()
