"""Section 7: what a published cohort of this size cannot exclude."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from inferon.report.blocks import Block, Bullets, Figure, Paragraph, Section, TableBlock
from inferon.report.cannot_exclude import cannot_exclude
from inferon.report.figures.sampling import sampling
from inferon.report.inputs import ReportInputs
from inferon.report.published import observed_row
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import endpoint_name, plain
from inferon.report.words import chance, in_words, interval, number, percent, plural, sentence, when

Rows = Sequence[Mapping[str, Any]]
AROUND_INTERVAL = 0.15


def section(inputs: ReportInputs) -> Section | None:
    """None when no published cohort gives its number of patients."""
    rows = _rows(inputs)
    if not rows:
        return None
    blocks: list[Block] = [Paragraph(_result(rows[0])), Bullets(_findings(inputs, rows))]
    if any(row["basis"] == "virtual arm" for row in rows):
        blocks.append(_figure(inputs, rows))
    blocks.append(TableBlock(_table(rows)))
    return Section("excludes", f"What the {rows[0]['n']} patients cannot exclude", blocks)


def _rows(inputs: ReportInputs) -> Rows:
    observed = observed_row(inputs)
    if observed is None:
        return []
    asked = (observed["endpoint"], observed["arm"], observed["time_days"])
    rows = inputs.estimates.get("excludes") or cannot_exclude(inputs.published, inputs.estimates)
    return [row for row in rows if (row["endpoint"], row["published_arm"], row["time_days"]) == asked]


def _result(row: Mapping[str, Any]) -> str:
    return (
        f"{sentence(endpoint_name(row['endpoint']))} was seen in {row['events']} of {row['n']} patients by "
        f"{when(row['time_days'])}. The exact 95% interval is {interval(row['exact_lower'], row['exact_upper'])}%: "
        "every "
        "true proportion inside it is compatible with the result."
    )


def _findings(inputs: ReportInputs, rows: Rows) -> list[str]:
    return [*_expectation(rows), *_virtual(inputs, rows), *_families(rows), *_no_control(rows)]


def _expectation(rows: Rows) -> list[str]:
    said = []
    for row in _of_basis(rows, "published expectation"):
        ends = sorted(row["assumed_relapse"] - row[limit] for limit in ("exact_upper", "exact_lower"))
        said.append(
            f"Even if {percent(row['assumed_relapse'], digits=0)} without the drug were known exactly, which it is "
            "not, "
            f"the data allow a difference from {number(ends[0], digits=0)} to {number(ends[1], digits=0)} percentage "
            "points. The chance of a result as low or lower would then be "
            f"{chance(row['probability_of_result_as_low_or_lower'])}."
        )
    return said


def _virtual(inputs: ReportInputs, rows: Rows) -> list[str]:
    mine = {arm: [row for row in _of_basis(rows, "virtual arm") if row["arm"] == arm] for arm in inputs.arms}
    return [_cohorts_of(arm, drawn) for arm, drawn in mine.items() if drawn]


def _cohorts_of(arm: str, rows: Rows) -> str:
    low, high = min(row["expected_low"] for row in rows), max(row["expected_high"] for row in rows)
    over = f" over the {plural(len(rows), 'family', several='families')}" if len(rows) > 1 else ""
    said = (
        f"A cohort of {rows[0]['n']} drawn from the virtual {plain(arm)} arm would show "
        f"{interval(low, high, digits=0)}% (5–95% of such cohorts{over})"
    )
    tails = [row["probability_of_result_as_low_or_lower"] for row in rows]
    if arm == rows[0]["published_arm"]:
        return f"{said}."
    chances = chance(tails[0]) if len(tails) == 1 else f"{chance(min(tails))} to {chance(max(tails))}"
    return f"{said}; the chance of a result as low as the observed or lower is {chances}."


def _families(rows: Rows) -> list[str]:
    mine = [row for row in _of_basis(rows, "virtual arm") if row["arm"] == row["published_arm"]]
    kept = [row for row in mine if row["compatible"]]
    if len(mine) < 2:
        return []
    if len(kept) == len(mine):
        return [
            f"All {in_words(len(mine))} parameter families are compatible with the result; it cannot choose among them."
        ]
    return [f"{len(kept)} of the {len(mine)} parameter families are compatible with the result."]


def _no_control(rows: Rows) -> list[str]:
    top = max((row for row in _of_basis(rows, "assumed") if row["compatible"]), key=_assumed, default=None)
    if top is None:
        return []
    return [
        f"With no randomised control, a group whose risk was {percent(top['assumed_relapse'], digits=0)} whatever it "
        f"received would give a result as low or lower with probability "
        f"{chance(top['probability_of_result_as_low_or_lower'])}."
    ]


def _of_basis(rows: Rows, basis: str) -> Rows:
    return [row for row in rows if row["basis"] == basis]


def _assumed(row: Mapping[str, Any]) -> float:
    return row["assumed_relapse"]


def _figure(inputs: ReportInputs, rows: Rows) -> Figure:
    order = (*inputs.arms, *inputs.families)
    shown = [row for row in _of_basis(rows, "virtual arm") if row["arm"] in inputs.arms]
    shown = sorted(shown, key=lambda row: (order.index(row["arm"]), order.index(row["family"])))
    percents = {"assumed": "assumed_relapse", "expected_low": "expected_low", "expected_high": "expected_high"}
    frame = pl.DataFrame(
        [
            {
                "label": f"{plain(row['arm'])}, {plain(row['family'])}",
                "arm": row["arm"],
                **{name: 100 * row[column] for name, column in percents.items()},
            }
            for row in shown
        ]
    )
    first = shown[0]
    exact = (100 * first["exact_lower"], 100 * first["exact_upper"])
    line = (100 * first["observed"], f"observed: {first['events']} of {first['n']}")
    title = f"{sentence(endpoint_name(first['endpoint']))} by {when(first['time_days'])} in a cohort of {first['n']}"
    seen = f"the observed {percent(first['observed'])} (dashed line) with its exact 95% interval (grey band)"
    return Figure(
        name="cannot_exclude",
        chart=sampling(frame, arms=list(inputs.arms), observed=line, exact=exact, title=title),
        data=frame,
        caption=(
            f"Where a cohort of {first['n']} would fall if a virtual arm were the truth: true proportion (marker) and "
            f"5–95% of such cohorts (bar, binomial), against {seen}."
        ),
        alt=f"{' '.join(_virtual(inputs, rows))} Compared with {seen}.",
    )


def _table(rows: Rows) -> Table:
    columns = [
        Column("Basis", numeric=False),
        Column("True proportion", "%"),
        Column("Expected in the cohort", "%, 5–95%"),
        Column("Chance of a result as low or lower"),
        Column("Chance of a result as high or higher"),
        Column("Excluded?", numeric=False),
    ]
    shown = _near_the_interval(rows)
    note = (
        "Excluded: one of the two chances is at most 2.5%. Exact binomial probabilities; competing risks and losses to "
        "follow-up are ignored."
    )
    caption = f"Which true proportions {shown[0]['events']} of {shown[0]['n']} would contradict"
    return Table(caption, columns, [_cells(row) for row in shown], note=note)


def _near_the_interval(rows: Rows) -> Rows:
    """The expectations, and the assumed proportions in or near the exact interval, each proportion once."""
    expected = _of_basis(rows, "published expectation")
    taken = {round(row["assumed_relapse"], 4) for row in expected}
    low, high = rows[0]["exact_lower"] - AROUND_INTERVAL, rows[0]["exact_upper"] + AROUND_INTERVAL
    assumed = [
        row
        for row in _of_basis(rows, "assumed")
        if low <= row["assumed_relapse"] <= high and round(row["assumed_relapse"], 4) not in taken
    ]
    return sorted([*expected, *assumed], key=_assumed)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["basis"],
        number(row["assumed_relapse"], digits=0),
        interval(row["expected_low"], row["expected_high"], digits=0),
        chance(row["probability_of_result_as_low_or_lower"]),
        chance(row["probability_of_result_as_high_or_higher"]),
        "no" if row["compatible"] else "yes",
    ]
