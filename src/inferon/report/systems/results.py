"""Section 5: every estimate, and what each endpoint counts."""

from inferon.report.blocks import Bullets, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs
from inferon.report.systems.values import at, cell, endpoint, estimate, title, unit_line
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import plain
from inferon.report.words import sentence

MOST_ARMS = 6


def section(inputs: ReportInputs) -> Section:
    """One table with arms as columns; with many arms, one table an endpoint with arms as rows."""
    names = [name for name in inputs.study["endpoints"] if inputs.times(name)]
    defined = [
        f"{sentence(endpoint(inputs, name)['label'])}: {endpoint(inputs, name)['definition']}." for name in names
    ]
    tables = [_wide(inputs, names)] if len(inputs.arms) <= MOST_ARMS else [_tall(inputs, name) for name in names]
    blocks = [*(TableBlock(table) for table in tables), Paragraph("What the endpoints count:"), Bullets(defined)]
    return Section("results", "All results", blocks)


def _wide(inputs: ReportInputs, names: list[str]) -> Table:
    columns = [Column("Endpoint", numeric=False), *(Column(plain(arm)) for arm in inputs.arms)]
    rows: list[list[str | Cell]] = []
    for name in names:
        for time in inputs.times(name):
            unit = endpoint(inputs, name)["unit"]
            label = title(inputs, name, time) + ("" if unit == "%" else f" ({unit})")
            rows.append([label, *(cell(inputs, name, estimate(inputs, arm, name, time)) for arm in inputs.arms)])
    return Table("Estimates by arm with 95% intervals", columns, rows, note="Percentages unless a unit is given.")


def _tall(inputs: ReportInputs, name: str) -> Table:
    times = inputs.times(name)
    columns = [Column("Arm", numeric=False), *(Column(at(time), unit_line(inputs, name)) for time in times)]
    rows = [
        [plain(arm), *(cell(inputs, name, estimate(inputs, arm, name, time)) for time in times)] for arm in inputs.arms
    ]
    return Table(sentence(endpoint(inputs, name)["label"]), columns, rows)
