"""Section 9: the study's population beside a second, uncalibrated one."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from inferon.report.blocks import Figure, Note, Paragraph, Section, TableBlock
from inferon.report.figures.comparison import comparison
from inferon.report.inputs import ReportInputs, endpoint_rows, in_order, nearest_row
from inferon.report.sections.question import INTERVAL, estimate_cell
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import GVHD_DEFINITIONS, endpoint_name, plain
from inferon.report.words import in_percent, sentence, when

COVARIATE_MIX = "covariate-mix"
SHOWN = ("relapse", "non_relapse_mortality", "overall_survival", "acute_gvhd_2_4_reference", "acute_gvhd_3_4_reference")


def section(inputs: ReportInputs) -> Section | None:
    """None when the run has no second population."""
    other = inputs.estimates.get("comparison") or {}
    if not other.get("arms"):
        return None
    names = _names(inputs)
    drawn = "draws disease status, donor, conditioning, comorbidity, age and graft for each patient. It "
    text = (
        f"The {names[1]} population {drawn if names[1] == COVARIATE_MIX else ''}is not calibrated: apart from four "
        "parameters that offset the covariate factors on average, its parameters are those of the reference, so the two "
        "populations differ in level as well as in mixture."
    )
    warning = f"Uncalibrated. The numbers of the {names[1]} population are never to be compared with published results."
    title = f"Comparison with the {names[1]} population"
    return Section("comparison", title, [Paragraph(text), Note(warning), _figure(inputs), TableBlock(_table(inputs))])


def _names(inputs: ReportInputs) -> list[str]:
    own = str(inputs.estimates.get("population") or "study")
    return [own, str(inputs.estimates["comparison"].get("population") or "second")]


def _family(inputs: ReportInputs) -> str:
    block = inputs.estimates["comparison"]["arms"]
    found = dict.fromkeys(family for arm in block.values() for family in arm["families"])
    return in_order((inputs.lead_family,), found)[0]


def _both(inputs: ReportInputs) -> list[tuple[str, str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Label, arm, own estimate and other estimate of everything both populations have."""
    other, family = inputs.estimates["comparison"]["arms"], _family(inputs)
    rows = []
    for endpoint in SHOWN:
        times = inputs.times(endpoint)
        for time in times if endpoint == "relapse" else times[-1:]:
            for arm in inputs.arms:
                theirs = nearest_row(endpoint_rows(other, arm, family, endpoint), time)
                if theirs is not None:
                    rows.append((_label(endpoint, time), arm, inputs.at(arm, family, endpoint, time), theirs))
    return rows


def _label(endpoint: str, time: float) -> str:
    return (
        sentence(endpoint_name(endpoint))
        if "gvhd" in endpoint
        else f"{sentence(endpoint_name(endpoint))}, {when(time)}"
    )


def _figure(inputs: ReportInputs) -> Figure:
    names = [_names(inputs)[0], f"{_names(inputs)[1]} (uncalibrated)"]
    rows = [
        {
            "label": label,
            "arm": arm,
            "population": name,
            **{key: in_percent(row.get(key)) for key in ("estimate", "lower", "upper")},
        }
        for label, arm, *pair in _both(inputs)
        for name, row in zip(names, pair, strict=True)
        if row is not None
    ]
    frame = pl.DataFrame(rows)
    labels = list(dict.fromkeys(row["label"] for row in rows))
    return Figure(
        name="comparison",
        chart=comparison(frame, arms=list(inputs.arms), populations=names, labels=labels),
        data=frame,
        caption=(
            f"Both virtual populations, {plain(_family(inputs))} family, with 95% Monte-Carlo intervals. A thin line "
            "joins the two populations of one arm."
        ),
        alt=(
            f"Dot plot of {names[0]} against {names[1]} by endpoint and arm; the numbers are in the table that follows."
        ),
    )


def _table(inputs: ReportInputs) -> Table:
    names = _names(inputs)
    columns = [Column("Result", numeric=False), Column("Arm", numeric=False), Column(names[0], INTERVAL)]
    columns.append(Column(f"{names[1]}, uncalibrated", INTERVAL))
    rows = [[label, plain(arm), estimate_cell(own), estimate_cell(theirs)] for label, arm, own, theirs in _both(inputs)]
    note = GVHD_DEFINITIONS if any("GVHD" in str(row[0]) for row in rows) else ""
    return Table(
        f"{sentence(names[0])} and {names[1]}, {plain(_family(inputs))} family", columns, rows, headers=2, note=note
    )
