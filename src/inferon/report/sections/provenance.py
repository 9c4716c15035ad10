"""Section 11: what made this page, and how to make it again."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from inferon.report.blocks import Block, Bullets, Listing, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import plain
from inferon.report.words import sentence

TEXTS = ("command", "python", "files")
UNITS = {"timings": "s"}


def section(inputs: ReportInputs, files: Sequence[str] = ()) -> Section:
    """Seed, versions, hashes, timings, solver failures; command and Python to repeat the run; links to its files."""
    record = {"seed": inputs.estimates.get("seed"), **inputs.provenance}
    blocks: list[Block] = [
        Paragraph("The same study and seed give the same tables for any number of threads or chunks."),
        TableBlock(_table(record)),
        *_again(inputs),
    ]
    if files:
        blocks += [Paragraph("Files beside this page:"), Bullets([_link(name) for name in files])]
    return Section("provenance", "Provenance", blocks)


def _table(record: Mapping[str, Any]) -> Table:
    """One row an entry; single values first, then group by group."""
    columns = [Column("Record", numeric=False), Column("Item", numeric=False), Column("Value", numeric=False)]
    kept = {name: value for name, value in record.items() if name not in TEXTS and value not in (None, {}, [])}
    single = {name: value for name, value in kept.items() if not _is_group(value)}
    rows = [["Run", plain(name), _shown(value, "")] for name, value in single.items()]
    for name, group in kept.items():
        if name not in single:
            unit = UNITS.get(name, "")
            rows += [[sentence(plain(name)), item, _shown(value, unit)] for item, value in _flat(group).items()]
    return Table("What made this page", columns, rows, headers=2)


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A nested record as one level: {"a": {"b": 1}} -> {"a · b": 1}."""
    pairs = value.items() if isinstance(value, Mapping) else ((str(place), item) for place, item in enumerate(value, 1))
    flat: dict[str, Any] = {}
    for name, item in pairs:
        key = f"{prefix} · {plain(name)}" if prefix else plain(name)
        flat.update(_flat(item, key) if _is_group(item) else {key: item})
    return flat


def _shown(value: Any, unit: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}" if unit and number else text


def _again(inputs: ReportInputs) -> list[Block]:
    command = inputs.provenance.get("command") or _command(inputs)
    python = inputs.provenance.get("python") or _python(inputs)
    return [Listing("The command that repeats this run", str(command)), Listing("The same from Python", str(python))]


def _command(inputs: ReportInputs) -> str:
    return f"inferon run study.yaml --out run{_seed(inputs, ' --seed {}')}"


def _python(inputs: ReportInputs) -> str:
    return f'import inferon\n\ninferon.run("study.yaml", out="run"{_seed(inputs, ", seed={}")})'


def _seed(inputs: ReportInputs, pattern: str) -> str:
    seed = inputs.estimates.get("seed", inputs.study.get("seed"))
    return "" if seed is None else pattern.format(seed)


def _link(name: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(quote(name), name)
