"""Section 6: the parameter families side by side."""

from collections.abc import Sequence

import polars as pl

from inferon.report.blocks import Block, Figure, Paragraph, Section, TableBlock
from inferon.report.figures.families import families_side_by_side
from inferon.report.inputs import ReportInputs
from inferon.report.sections.question import INTERVAL, estimate_cell
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import GVHD_DEFINITIONS, SURVIVAL_ASSUMPTION, endpoint_name, heading, plain
from inferon.report.words import in_percent, plural, sentence, when

Asked = tuple[str, float]
OUTCOMES = ("relapse", "non_relapse_mortality", "leukaemia_free_survival", "overall_survival")
GVHD = ("acute_gvhd_2_4_reference", "acute_gvhd_2_4", "acute_gvhd_3_4_reference", "acute_gvhd_3_4")
OTHERS = ("engraftment", "mrd")
EVERY_TIME = ("relapse", "mrd")
NOT_UNIQUE = (
    "Several sets of parameters fit the published levels about equally well. They are run side by side because the "
    "data cannot choose "
    "among them; where they agree the conclusion does not depend on the choice, where they differ it is not known. "
    "They share one "
    "structure, so their range is not a confidence interval."
)


def section(inputs: ReportInputs) -> Section:
    """The families in a figure and in tables; with one family its results only."""
    several = len(inputs.families) > 1
    blocks: list[Block] = [Paragraph(NOT_UNIQUE)] if several else []
    if several:
        blocks.append(_figure(inputs))
    for endpoints, caption, note in (
        (OUTCOMES, "Relapse, mortality and survival", SURVIVAL_ASSUMPTION if inputs.times("overall_survival") else ""),
        (GVHD, "Acute GVHD by both definitions", GVHD_DEFINITIONS),
        (OTHERS, "Engraftment and minimal residual disease", _other_note(inputs)),
    ):
        if asked := _asked(inputs, endpoints):
            blocks.append(TableBlock(_table(inputs, asked, caption, note)))
    title = f"The {plural(len(inputs.families), 'parameter family', several='parameter families')} side by side"
    return Section("families", title if several else "Results by arm", blocks)


def _asked(inputs: ReportInputs, endpoints: Sequence[str]) -> list[Asked]:
    asked = []
    for endpoint in endpoints:
        times = inputs.times(endpoint)
        asked += [(endpoint, time) for time in (times if endpoint in EVERY_TIME else times[-1:])]
    return asked


def _table(inputs: ReportInputs, asked: Sequence[Asked], caption: str, note: str) -> Table:
    days = engraftment_days(inputs) if any(endpoint == "engraftment" for endpoint, _ in asked) else {}
    columns = [Column("Family", numeric=False), Column("Arm", numeric=False)]
    columns += [Column(heading(endpoint, time), INTERVAL) for endpoint, time in asked]
    columns += [Column("Engraftment day", "median (5–95%)")] if days else []
    rows = []
    for family in inputs.families:
        for arm in inputs.arms:
            cells = [estimate_cell(inputs.at(arm, family, endpoint, time)) for endpoint, time in asked]
            rows.append([plain(family), plain(arm), *cells, *([days.get((family, arm), Cell("–"))] if days else [])])
    return Table(caption, columns, rows, headers=2, note=note)


def engraftment_days(inputs: ReportInputs) -> dict[tuple[str, str], Cell]:
    """Median day and 5–95% of engraftment among the engrafted, by family and arm, from the table of events."""
    events = inputs.table("events")
    if events is None or "engraftment_day" not in events.columns:
        return {}
    day = pl.col("engraftment_day")
    found = events.filter(day.is_not_null()).group_by("family", "arm").agg(
        day.median().alias("middle"), day.quantile(0.05).alias("low"), day.quantile(0.95).alias("high")
    )  # fmt: skip
    return {
        (row["family"], row["arm"]): Cell(f"{row['middle']:.1f}", f"{row['low']:.1f}–{row['high']:.1f}")
        for row in found.to_dicts()
    }


def _other_note(inputs: ReportInputs) -> str:
    said = "Engraftment: neutrophils above 0.5 × 10⁹/L on three consecutive days, marrow module, donor cells."
    methods = {row.get("method") for arm in inputs.arms for row in inputs.rows(arm, inputs.lead_family, "mrd")} - {None}
    return f"{said} MRD: {'; '.join(sorted(methods))}." if methods else said


def _figure(inputs: ReportInputs) -> Figure:
    asked = [one for one in _asked(inputs, (*OUTCOMES, *GVHD)) if one[0] != "mrd"]
    rows = pl.DataFrame(
        [
            {
                "panel": panel_title(endpoint, time), "family": plain(family), "arm": arm,
                **{name: in_percent(row.get(name)) for name in ("estimate", "lower", "upper")},
            }
            for endpoint, time in asked
            for family in inputs.families
            for arm in inputs.arms
            if (row := inputs.at(arm, family, endpoint, time))
        ]
    )  # fmt: skip
    chart = families_side_by_side(
        rows,
        arms=list(inputs.arms),
        families=[plain(family) for family in inputs.families],
        panels=[panel_title(endpoint, time) for endpoint, time in asked],
    )
    survival = f" {SURVIVAL_ASSUMPTION}" if inputs.times("overall_survival") else ""
    return Figure(
        name="families",
        chart=chart,
        data=rows,
        caption=(
            "Share of patients by family and arm with 95% Monte-Carlo intervals (often narrower than the marker). "
            "GVHD: reference read-out and trial endpoint are different quantities, defined below the "
            f"table.{survival}"
        ),
        alt="Dot plot of every endpoint by parameter family and arm; the numbers are in the tables that follow.",
    )


def panel_title(endpoint: str, time: float) -> str:
    """A title in two lines, parted by "|"."""
    lines = {
        "acute_gvhd_2_4_reference": "GVHD II–IV|reference read-out",
        "acute_gvhd_2_4": "GVHD II–IV|trial endpoint",
        "acute_gvhd_3_4_reference": "GVHD III–IV|reference read-out",
        "acute_gvhd_3_4": "GVHD III–IV|trial endpoint",
        "leukaemia_free_survival": f"Leukaemia-free|survival, {when(time)}",
        "non_relapse_mortality": f"Non-relapse|mortality, {when(time)}",
        "overall_survival": f"Overall|survival, {when(time)}",
    }
    return lines.get(endpoint, f"{sentence(endpoint_name(endpoint))}|{when(time)}")
