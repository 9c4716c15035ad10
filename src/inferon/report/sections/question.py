"""Section 1: the question in a sentence, the answer in three, and the leading results in one table."""

from collections.abc import Mapping
from typing import Any

from inferon.report.answer import answer
from inferon.report.blocks import Bullets, Note, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import heading, plain
from inferon.report.words import MISSING, count, interval, number

INTERVAL = "% (95% interval)"
RESEARCH_ONLY = (
    "Research use only. This page describes simulated patients and published groups; it gives no advice about the "
    "treatment of any person."
)
MONTE_CARLO = (
    "Intervals on virtual results are 95% and describe the precision of the simulation; more virtual patients would "
    "narrow them. What is not known about the biology is shown by the range over the parameter families."
)


def section(inputs: ReportInputs) -> Section:
    """The question, the answer, the table at a glance, and what the page is not for."""
    question = Paragraph(inputs.study.get("question") or inputs.study.get("title", ""), lead=True)
    blocks = [question, Bullets(answer(inputs), numbered=True), TableBlock(at_a_glance(inputs)), Note(RESEARCH_ONLY)]
    return Section("question", "The question and the answer", blocks)


def at_a_glance(inputs: ReportInputs) -> Table:
    """Relapse at the primary time, later results at the end of follow-up, by arm, in the leading family."""
    shown = [("relapse", inputs.primary_days)]
    for endpoint in ("non_relapse_mortality", "leukaemia_free_survival", "overall_survival"):
        shown += [(endpoint, time) for time in inputs.times(endpoint)[-1:]]
    columns = [Column("Arm", numeric=False), Column("Virtual patients", "n")]
    columns += [Column(heading(endpoint, time), INTERVAL) for endpoint, time in shown]
    rows = []
    for arm in inputs.arms:
        found = [inputs.at(arm, inputs.lead_family, endpoint, time) for endpoint, time in shown]
        size = next((count(row["n"]) for row in found if row), MISSING)
        rows.append([plain(arm), size, *(estimate_cell(row) for row in found)])
    return Table(f"Virtual trial, {plain(inputs.lead_family)} parameter family", columns, rows, note=MONTE_CARLO)


def estimate_cell(row: Mapping[str, Any] | None) -> Cell:
    """An estimate in percent above its interval."""
    if row is None:
        return Cell(MISSING)
    return Cell(number(row["estimate"]), interval(row.get("lower"), row.get("upper")))
