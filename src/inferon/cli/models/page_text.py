"""What stands on the pages of the biology: one a folder, and an index.

A page holds the card, the picture, couplings, equations and formulas as LaTeX and text, every parameter with status and source,
further tables, and what the acceptance checks found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inferon.cli.models.description import described
from inferon.cli.models.figures import PICTURES
from inferon.cli.models.tables import parameter_cells
from inferon.model import modules
from inferon.model.catalogue import card, folders, module_folder

IMAGES, INDEX = "images", "README.md"
NOTICE = "Written by `inferon models pages` from the biology's own files, where changes belong. For research only."
_PARAMETER = ("symbol", "meaning", "value", "unit", "range", "CV", "status", "source", "note")
_FINDING = ("id", "what", "quantity", "expected", "obtained", "verdict")
_DIGITS = 4

Findings = Mapping[str, Any]
"""What the checks found: the output of `inferon models check --all --json`, numbers to four digits."""


def page_texts(findings: Findings) -> dict[str, str]:
    """Every page and the index by file name."""
    return {f"{folder}.md": _page(folder, findings) for folder in folders()} | {INDEX: _index(findings)}


def _page(folder: str, findings: Findings) -> str:
    title, _, about = card(folder).partition("\n")
    own = [name for name in modules() if module_folder(name).name == folder]
    models = [described(name) for name in own] or [described(folder)]
    named = next((model for model in models if "closed_forms" in model), {})
    parts = [
        title,
        f"![{title.lstrip('# ')}]({IMAGES}/{folder}.svg)",
        f"*{PICTURES[folder].caption}*",
        about.strip(),
        *(part for model in models if "equations" in model for part in _equations(model)),
        *_formulas(named),
        "## Parameters",
        _table(_PARAMETER, map(_parameter, models[0]["parameters"])),
        *(part for name, rows in named.get("tables", {}).items() for part in _further(name, rows)),
        "## Acceptance checks",
        *_checks(folder, findings),
        NOTICE,
    ]
    return "\n\n".join(parts) + "\n"


def _equations(model: Mapping[str, Any]) -> list[str]:
    """Couplings and equations of one module."""
    ends = [
        f"**{word}** {_named(model[end])}." for word, end in (("Takes", "inputs"), ("Gives", "outputs")) if model[end]
    ]
    return [
        f"## Equations of `{model['name']}`",
        " ".join(ends) or "No couplings.",
        _mathematics(model["latex"]),
        _folded("As Antimony", "antimony", model["equations"]),
    ]


def _formulas(model: Mapping[str, Any]) -> list[str]:
    if not model.get("closed_forms"):
        return []
    parts = ["## Closed forms"]
    for form in model["closed_forms"]:
        if form["question"]:
            parts.append(f"`{form['name']}`: {form['question'].splitlines()[0]}")
        parts.append(_mathematics("\\begin{align*}\n" + " \\\\\n".join(form["latex"]) + "\n\\end{align*}"))
    text = "\n\n".join("\n".join(form["steps"]) for form in model["closed_forms"])
    definitions = "\n".join(f"{name} = {value}" for name, value in model["definitions"].items())
    return [*parts, _folded("As text", "text", f"{text}\n\n{definitions}".strip())]


def _mathematics(latex: str) -> str:
    """``align*`` environments as displays that Markdown readers know."""
    blocks = latex.replace("{align*}", "{aligned}").split("\n\n")
    return "\n\n".join(f"$$\n{block}\n$$" for block in blocks)


def _folded(title: str, language: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n```{language}\n{text.rstrip()}\n```\n\n</details>"


def _named(ends: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` ({unit})" for name, unit in ends.items())


def _parameter(row: Mapping[str, Any]) -> Sequence[str]:
    symbol, value, unit, bounds, cv, status, source = parameter_cells(row)
    return f"`{symbol}`", row["description"], value, unit, bounds, cv, status, source, row["note"]


def _further(name: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    return [f"## `{name}`", _table(tuple(rows[0]), (tuple(row.values()) for row in rows))]


def _checks(folder: str, findings: Findings) -> list[str]:
    """The findings of a folder as a table, and the reasons of its misfits."""
    found = [(one, finding) for one in findings["checks"] if one["module"] == folder for finding in one["findings"]]
    verdicts = [finding["verdict"] for _, finding in found]
    rows = (
        (
            one["id"],
            one["title"],
            finding["quantity"],
            _expected(finding),
            _number(finding["obtained"]),
            finding["verdict"],
        )
        for one, finding in found
    )
    notes = dict.fromkeys(finding["note"] for _, finding in found if finding["note"])
    counted = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    reasons = ["Misfits are known disagreements with the specification, shown and not tuned away:\n"] if notes else []
    return [
        f"{len(found)} findings: {counted}. `inferon models check {folder}` runs them again.",
        _table(_FINDING, rows),
        *("\n".join([*reasons, *(f"- {note}" for note in notes)]) for _ in reasons),
    ]


def _expected(finding: Mapping[str, Any]) -> str:
    lower, upper = finding["lower"], finding["upper"]
    if lower is None or upper is None or "to" in finding["expected"].split():
        return finding["expected"]
    return f"{finding['expected']} ({_number(lower)} to {_number(upper)})"


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.{_DIGITS}g}"


def _index(findings: Findings) -> str:
    rows = []
    for folder in folders():
        verdicts = [f["verdict"] for one in findings["checks"] if one["module"] == folder for f in one["findings"]]
        title = card(folder).splitlines()[0].lstrip("# ")
        own = [name for name in modules() if module_folder(name).name == folder]
        counted = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts), reverse=True))
        rows.append((f"[{title}]({folder}.md)", ", ".join(f"`{name}`" for name in own) or "closed forms", counted))
    parts = ["# The biology, a page a module", _table(("page", "equations", "acceptance checks"), rows), NOTICE]
    return "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
