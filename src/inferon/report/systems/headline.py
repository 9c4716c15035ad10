"""Section 1: the question, the answer in a few sentences, and the leading results of every arm."""

import re
from collections.abc import Sequence

from inferon.report.blocks import Bullets, Note, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs, Row
from inferon.report.sections.question import RESEARCH_ONLY
from inferon.report.systems.beside import agreement
from inferon.report.systems.values import (
    at,
    cell,
    endpoint,
    estimate,
    is_percent,
    limits,
    title,
    unit_line,
    with_unit,
    within,
)
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import plain
from inferon.report.words import MISSING, count, in_words, listed

MOST_COLUMNS = 5
MOST_NAMED = 6
"""Arms named one by one in a sentence."""
PRECISION = (
    "Intervals are 95% and describe the precision of the simulation; more virtual patients would narrow them. They say "
    "nothing about whether the model is right."
)


def section(inputs: ReportInputs) -> Section:
    """The question, the answer, the table at a glance, and what the page is not for."""
    question = Paragraph(inputs.study.get("question") or inputs.study.get("title", ""), lead=True)
    said = [text for text in (_primary(inputs), agreement(inputs), _not_known(inputs)) if text]
    blocks = [question, Bullets(said, numbered=True), TableBlock(_at_a_glance(inputs)), Note(RESEARCH_ONLY)]
    return Section("question", "The question and the answer", blocks)


def leading(inputs: ReportInputs) -> list[tuple[str, float]]:
    """Endpoints and times that are read first: the study's first one, those that were published, the others at the end."""
    published = [(row["endpoint"], row["time_days"]) for row in inputs.published]
    names = list(inputs.study["endpoints"])
    pairs = [primary(inputs), *published, *((name, inputs.times(name)[-1]) for name in names if inputs.times(name))]
    found: list[tuple[str, float]] = []
    for name, time in pairs:
        known = any(name == other and abs(time - when_) < 1 for other, when_ in found)
        if not known and any(estimate(inputs, arm, name, time) for arm in inputs.arms):
            found.append((name, time))
    return found[:MOST_COLUMNS]


def primary(inputs: ReportInputs) -> tuple[str, float]:
    """The endpoint named first, at the time it was published for, else at the end."""
    name = inputs.study["endpoints"][0]
    published = [row["time_days"] for row in inputs.published if row["endpoint"] == name]
    times = inputs.times(name) or [inputs.follow_up_days]
    return name, (published or times[-1:])[0]


def _primary(inputs: ReportInputs) -> str:
    name, time = primary(inputs)
    rows = {arm: estimate(inputs, arm, name, time) for arm in inputs.arms}
    known = {arm: row for arm, row in rows.items() if row is not None}
    if not known:
        return ""
    size = count(max(row["n"] for row in known.values()))
    label = endpoint(inputs, name)["label"]
    if len(known) > MOST_NAMED:
        lowest, highest = (pick(known, key=lambda arm: known[arm]["estimate"]) for pick in (min, max))
        ends = [_level(inputs, name, arm, known[arm]) for arm in (lowest, highest)]
        said = f"runs over {in_words(len(known))} arms from {ends[0]} to {ends[1]}"
    else:
        said = f"is {listed([_level(inputs, name, arm, row) for arm, row in known.items()])}"
    return f"{label} at {at(time)} {said}; 95% intervals of up to {size} virtual patients an arm."


def _level(inputs: ReportInputs, name: str, arm: str, row: Row) -> str:
    interval = limits(row, percent=is_percent(inputs, name))
    return f"{with_unit(inputs, name, row['estimate'])} in the {plain(arm)} arm ({interval})"


def _not_known(inputs: ReportInputs) -> str:
    """The first sentence of what the module of the study says it cannot know."""
    told: Sequence[str] = next(
        (note["text"] for note in inputs.estimates.get("notes", ()) if note["title"].startswith("Cannot know")), ()
    )
    first = re.split(r"(?<=[.;])\s+(?=[A-Z])", told[0])[0] if told else ""
    return f"What the model cannot know: {within(first)}" if first else ""


def _at_a_glance(inputs: ReportInputs) -> Table:
    pairs = leading(inputs)
    columns = [Column("Arm", numeric=False), Column("Virtual patients", "n")]
    columns += [Column(title(inputs, name, time), unit_line(inputs, name)) for name, time in pairs]
    rows = []
    for arm in inputs.arms:
        found = [estimate(inputs, arm, name, time) for name, time in pairs]
        sizes = [row["n"] for row in found if row]
        cells = [cell(inputs, name, row) for (name, _), row in zip(pairs, found, strict=True)]
        rows.append([plain(arm), count(max(sizes)) if sizes else MISSING, *cells])
    return Table("The virtual arms", columns, rows, note=PRECISION)
