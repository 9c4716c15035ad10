"""Section 3: the published trial beside the virtual one, with what the comparison is worth."""

from typing import Any

import polars as pl
from markupsafe import Markup

from inferon.report.answer import is_calibrated
from inferon.report.blocks import Block, Figure, Note, Paragraph, Section, TableBlock
from inferon.report.figures.published_beside_virtual import published_beside_virtual
from inferon.report.inputs import ReportInputs, Row, in_order
from inferon.report.published import events_of, interval_of, is_expectation, observed_row, standing
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import NO_BREAK, endpoint_name, plain
from inferon.report.words import in_percent, interval, number, percent, published_percent, sentence, span, when


def section(inputs: ReportInputs) -> Section | None:
    """None when no published result is set beside the run."""
    if not inputs.published:
        return None
    blocks: list[Block] = []
    if comparison := what_was_reported(inputs):
        blocks.append(Paragraph(comparison))
    blocks += [_figure(inputs), TableBlock(_table(inputs)), Note(_worth(inputs))]
    return Section("published", "The published trial beside the virtual one", blocks)


def what_was_reported(inputs: ReportInputs) -> str:
    """The published proportion, the expectation, and their absolute and relative difference, in words."""
    observed = observed_row(inputs)
    if observed is None:
        return ""
    lower, upper = interval_of(observed)
    said = (
        f"{sentence(endpoint_name(observed['endpoint']))} by {when(observed['time_days'])} was reported in "
        f"{published_percent(observed['estimate'])} of {observed['n']} treated patients ({interval(lower, upper)}%, "
        f"{observed.get('interval') or 'exact 95% interval'}; {events_of(observed)} events)."
    )
    expected = next(
        (row for row in inputs.published if is_expectation(row) and row["endpoint"] == observed["endpoint"]), None
    )
    return said if expected is None else f"{said} {_differences(observed, expected)}"


def _differences(observed: Row, expected: Row) -> str:
    gap = expected["estimate"] - observed["estimate"]
    was, now = published_percent(expected["estimate"]), published_percent(observed["estimate"])
    return (
        f"It was set beside an expectation of {was} ({standing(expected)}; it has no interval). From {was} to {now} is "
        f"{abs(100 * gap):.3g} percentage points absolute and {percent(abs(gap) / expected['estimate'], digits=0)} "
        "relative, against an uncited, non-randomised comparator."
    )


def _worth(inputs: ReportInputs) -> str:
    said = [
        "The interval of a published cohort is the sampling error of its patients; that of a virtual arm is "
        "Monte-Carlo "
        "error of the simulation. Their widths must not be compared."
    ]
    if any(is_expectation(row) for row in inputs.published):
        said.insert(
            0,
            "An expectation without patients behind it cannot be tested: how high relapse would have been without the "
            "drug depends on selection and era.",
        )
    if is_calibrated(inputs):
        said.insert(
            0,
            "The virtual arms were calibrated to these published levels: that they lie close to them is a property of "
            "the fit, not evidence.",
        )
    return " ".join(said)


def _figure(inputs: ReportInputs) -> Figure:
    rows = pl.DataFrame(_rows(inputs))
    chart = published_beside_virtual(rows, arms=list(inputs.arms), title="Share of patients")
    expected = any(row["kind"] == "expectation" for row in rows.to_dicts())
    diamond = " Hollow diamond: expectation, no interval exists." if expected else ""
    band = " The pale bar is the range over the parameter families." if len(inputs.families) > 1 else ""
    return Figure(
        name="published_beside_virtual",
        chart=chart,
        data=rows,
        caption=(
            f"Published and virtual results with 95% intervals. Square: observed in patients.{diamond} "
            f"Circle: virtual arm, {plain(inputs.lead_family)} family.{band}"
        ),
        alt="; ".join(f"{row['label']}: {' '.join(row['text'].split())}" for row in rows.to_dicts()),
    )


def _rows(inputs: ReportInputs) -> list[dict[str, Any]]:
    """Arm by arm, published above virtual, for every endpoint and time that was published."""
    timed = [row for row in inputs.published if row.get("time_days") is not None]
    groups = list(dict.fromkeys((row["endpoint"], row["time_days"]) for row in timed))
    rows: list[dict[str, Any]] = []
    for endpoint, time_days in groups:
        suffix = f", {endpoint_name(endpoint)} {when(time_days)}" if len(groups) > 1 else ""
        mine = [row for row in timed if (row["endpoint"], row["time_days"]) == (endpoint, time_days)]
        for arm in in_order(inputs.arms, dict.fromkeys((*inputs.arms, *(row["arm"] for row in mine)))):
            rows += [_published(row, suffix) for row in mine if row["arm"] == arm]
            rows += [row for row in [_virtual(inputs, arm, endpoint, time_days, suffix)] if row]
    return rows


def _published(row: Row, suffix: str) -> dict[str, Any]:
    lower, upper = interval_of(row)
    expectation = is_expectation(row)
    shown = published_percent(row["estimate"])
    said = "no interval" if expectation else f"95% interval {interval(lower, upper, digits=0)}"
    return {
        "label": f"{'Expectation' if expectation else 'Published'}: {plain(row['arm'])}{suffix}",
        "arm": row["arm"],
        "kind": "expectation" if expectation else "observed",
        "estimate": 100 * row["estimate"],
        "lower": in_percent(lower),
        "upper": in_percent(upper),
        "family_low": None,
        "family_high": None,
        "text": "\n".join([f"{shown}, {said}", *standing(row).split("; ")]),
    }


def _virtual(inputs: ReportInputs, arm: str, endpoint: str, time_days: float, suffix: str) -> dict[str, Any] | None:
    row = inputs.at(arm, inputs.lead_family, endpoint, time_days)
    if row is None:
        return None
    values = inputs.over_families(arm, endpoint, time_days)
    families = f"\nfamilies {span(values)}" if len(values) > 1 else ""
    return {
        "label": f"Virtual: {plain(arm)}{suffix}",
        "arm": arm,
        "kind": "virtual",
        "estimate": 100 * row["estimate"],
        "lower": in_percent(row.get("lower")),
        "upper": in_percent(row.get("upper")),
        "family_low": 100 * min(values) if len(values) > 1 else None,
        "family_high": 100 * max(values) if len(values) > 1 else None,
        "text": f"{percent(row['estimate'])}, 95% interval {interval(row.get('lower'), row.get('upper'))}{families}",
    }


def _table(inputs: ReportInputs) -> Table:
    columns = [Column("Published result", numeric=False), Column("Arm", numeric=False), Column("Time", numeric=False)]
    columns += [
        Column("Estimate", "% (95% interval)"),
        Column("Patients", "events / n"),
        Column("What it is", numeric=False),
    ]
    columns += [Column("Source", numeric=False)]
    rows = []
    for row in inputs.published:
        lower, upper = interval_of(row)
        counts = "–" if is_expectation(row) else f"{events_of(row)} / {row['n']}"
        shown = Cell(
            number(row["estimate"]).removesuffix(".0"), interval(lower, upper) if lower is not None else "no interval"
        )
        kind = standing(row) if is_expectation(row) else str(row.get("kind") or "observed")
        time = "not given" if row.get("time_days") is None else when(row["time_days"]).replace(" ", NO_BREAK)
        rows.append(
            [sentence(endpoint_name(row["endpoint"])), plain(row["arm"]), time, shown, counts, kind, source_link(row)]
        )
    note = (
        "Events are reconstructed from the published percentage where the source gives none; the exact interval "
        "treats them as a simple proportion."
    )
    return Table("Published results used on this page", columns, rows, note=note)


def source_link(row: Row) -> str:
    """The source as a citation to follow by hand; nothing is loaded from it."""
    address, name = str(row.get("doi_or_url") or ""), str(row.get("source") or "source")
    if address.startswith("10."):
        address = f"https://doi.org/{address}"
    if not address.startswith(("https://", "http://")):
        return name
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, name)
