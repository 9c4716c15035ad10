"""Section 2: every published result the study quotes beside the virtual arm it belongs to."""

from typing import Any

import polars as pl

from inferon.report.blocks import Block, Figure, Note, Paragraph, Section, TableBlock
from inferon.report.figures.beside import beside
from inferon.report.inputs import ReportInputs, Row
from inferon.report.sections.published import source_link
from inferon.report.systems.values import at, cell, endpoint, estimate, is_percent, limits, shown, with_unit, within
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import plain
from inferon.report.words import MISSING, in_words, listed, percent, plural, sentence

CHECK = "specification check"
WORTH = (
    "The interval of a published result is the sampling error of its patients; that of a virtual arm is the Monte-Carlo "
    "error of the simulation. Their widths must not be compared. Agreement with a result that may have informed the "
    "parameters confirms nothing."
)
ROLES = {
    "calibrate": "may have informed parameters",
    "validate": "only ever compared",
    "model": "a prediction, not data",
}
FEW = 3
EACH = (
    "Each published result stands above the virtual arm it is set beside. Where several trials report the same endpoint, all "
    "are shown; none was left out because it disagrees."
)


def section(inputs: ReportInputs) -> Section | None:
    """None when no published result is set beside the run."""
    if not inputs.published:
        return None
    blocks: list[Block] = [Paragraph(EACH)]
    if figure := _figure(inputs):
        blocks.append(figure)
    return Section(
        "beside", "Published results beside the virtual arms", [*blocks, TableBlock(_table(inputs)), Note(WORTH)]
    )


def agreement(inputs: ReportInputs) -> str:
    """How many published results have the virtual estimate inside their interval, and which are missed most."""
    judged = [(row, found) for row in inputs.published if (found := _virtual(inputs, row)) and row["lower"] is not None]
    if not judged:
        return _apart(inputs)
    missed = [(row, found) for row, found in judged if not row["lower"] <= found["estimate"] <= row["upper"]]
    if not missed:
        return (
            f"The virtual estimate lies inside the published interval of all {plural(len(judged), 'published result')}."
        )
    worst = sorted(missed, key=lambda pair: -_distance(*pair))[:FEW]
    words = [
        f"{within(endpoint(inputs, row['endpoint'])['label'])} "
        f"at {at(row['time_days'])} in the {plain(row['arm'])} arm ({with_unit(inputs, row['endpoint'], found['estimate'])} "
        f"against {with_unit(inputs, row['endpoint'], row['estimate'])} published)"
        for row, found in worst
    ]
    inside = len(judged) - len(missed)
    agree = f"{in_words(inside) if inside else 'none'} {'have' if inside > 1 else 'has'} the virtual estimate inside it"
    return f"Of {plural(len(judged), 'published result')} with an interval, {agree}; farthest off: {listed(words)}."


def _apart(inputs: ReportInputs) -> str:
    """How far the virtual estimates are from numbers without an interval, those of the specification."""
    pairs = [(row, found) for row in inputs.published if (found := _virtual(inputs, row)) and row["estimate"]]
    if not pairs:
        return ""
    apart = max(abs(found["estimate"] / row["estimate"] - 1) for row, found in pairs)
    return (
        f"The {plural(len(pairs), 'number')} set beside the arms have no interval; the virtual estimates differ from them "
        f"by up to {percent(apart, digits=0)}."
    )


def _distance(row: Row, found: Row) -> float:
    """How far the virtual estimate is from the published one, in half widths of its interval."""
    return abs(found["estimate"] - row["estimate"]) / max((row["upper"] - row["lower"]) / 2, 1e-9)


def _virtual(inputs: ReportInputs, row: Row) -> Row | None:
    return estimate(inputs, row["arm"], row["endpoint"], row["time_days"])


def _label(inputs: ReportInputs, row: Row) -> str:
    return f"{sentence(endpoint(inputs, row['endpoint'])['label'])}, {at(row['time_days'])}"


def _figure(inputs: ReportInputs) -> Figure | None:
    quoted = [row for row in inputs.published if is_percent(inputs, row["endpoint"])]
    rows = [part for place, row in enumerate(quoted) for part in _marks(inputs, row, place)]
    if not rows:
        return None
    data = pl.DataFrame(rows)
    return Figure(
        name="published_beside_virtual",
        chart=beside(data, arms=list(inputs.arms)),
        data=data,
        caption=(
            "Published results (square, with the interval printed by the source or the exact one of its patients; hollow "
            "without patients behind it) and the virtual arm below each (circle). Colours are arms."
        ),
        alt="; ".join(f"{row['label']} {row['kind']}: {row['text']}" for row in rows),
    )


def _marks(inputs: ReportInputs, row: Row, place: int) -> list[dict[str, Any]]:
    """One row of the figure: the published point and the virtual one."""
    label = f"{_label(inputs, row)}: {plain(row['arm'])}"
    known = row["lower"] is not None
    patients = f", n {row['n']}" if row.get("n") else ""
    said = f"published {shown(row['estimate'], percent=True).removesuffix('.0')}%"
    said += f" ({limits(row, percent=True)}){patients}, {row['source']}" if known else f", {row['source']}"
    marks = [_mark(place, label, row, "published" if known else "without interval", said)]
    found = _virtual(inputs, row)
    if found is not None:
        text = f"virtual {shown(found['estimate'], percent=True)}% ({limits(found, percent=True)})"
        marks.append(_mark(place, label, {**found, "arm": row["arm"]}, "virtual", text))
    return marks


def _mark(place: int, label: str, row: Row, kind: str, text: str) -> dict[str, Any]:
    values = {key: None if row.get(key) is None else 100 * row[key] for key in ("estimate", "lower", "upper")}
    return {"place": place, "label": label, "arm": row["arm"], "kind": kind, **values, "text": text}


def _table(inputs: ReportInputs) -> Table:
    columns = [
        Column("Endpoint", "virtual arm", numeric=False), Column("Virtual", "95% interval"), Column("Published", "95% interval"),
        Column("Patients", "n"), Column("Reported as", "role of the row", numeric=False), Column("Source", numeric=False),
    ]  # fmt: skip
    note = (
        "Percentages unless a unit is given. Where the source prints no interval, the exact one of its patients is shown, "
        "which treats an estimated rate as a simple proportion."
    )
    return Table("Published and virtual results", columns, [_row(inputs, row) for row in inputs.published], note=note)


def _row(inputs: ReportInputs, row: Row) -> list[str | Cell]:
    in_percent = is_percent(inputs, row["endpoint"])
    interval = limits(row, percent=in_percent)
    point = shown(row["estimate"], percent=in_percent).removesuffix(".0")
    unit = "" if in_percent else f" ({endpoint(inputs, row['endpoint'])['unit']})"
    return [
        Cell(f"{_label(inputs, row)}{unit}", plain(row["arm"])),
        cell(inputs, row["endpoint"], _virtual(inputs, row)),
        Cell(point, "no interval" if interval == MISSING else interval),
        str(row.get("n") or MISSING),
        _kind(row),
        source_link(row),
    ]


def _kind(row: Row) -> Cell:
    if row["kind"] == CHECK:
        return Cell("A number of the specification, not of patients", "specification check")
    said = str(row.get("said", ""))
    expected = "" if row["kind"] == "observed" else f" ({row['kind']})"
    return Cell(f"{said}{expected}", ROLES.get(str(row.get("role")), ""))
