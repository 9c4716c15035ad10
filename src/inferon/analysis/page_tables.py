"""The tables of an analysis as a reader meets them: percentages, ratios and p-values with the digits they deserve."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inferon.analysis.adtte import CENSORING, EVENT, PARAMETER, ByCensoringFlag
from inferon.analysis.coding import ByCode
from inferon.analysis.finding import Finding
from inferon.report.tables import Cell, Column, Table
from inferon.report.words import MISSING, in_percent, interval, listed, percent

if TYPE_CHECKING:
    from inferon.analysis.analysis import Analysis

MINUS = "\N{MINUS SIGN}"
LEAST_RATIO = 1e-5
"""Ratios further out belong to coefficients that run away."""
CAPTIONS = {
    "estimates": "Estimate (interval; number at risk)",
    "event_free": "Estimate (interval; number at risk)",
    "quantiles": "Time by which this part has had the event (interval)",
    "tests": "Tests over the whole follow-up",
    "differences": "Group minus reference (interval)",
    "hazard_ratios": "Ratio (interval)",
    "subdistribution_hazard_ratios": "Ratio (interval)",
    "proportional_hazards": "A small p speaks against a hazard ratio that holds at all times",
    "restricted_means": "Estimate (interval)",
}


def shown_findings(analysis: "Analysis") -> list[Finding]:
    """The tables that are printed: without competing causes, incidence says nothing that survival does not."""
    return [finding for finding in analysis.findings if finding.name != "estimates" or analysis.request.competing]


def finding_table(analysis: "Analysis", finding: Finding) -> Table:
    """Any finding as a table for the page or the terminal."""
    rows = finding.frame.to_dicts()
    columns, cells, headers = _TABLES[finding.name](analysis, rows)
    return Table(CAPTIONS[finding.name], columns, cells, headers=headers)


def p_shown(p: float | None) -> str:
    """A p-value: three digits, four below 0.01, a bound below 0.0001."""
    if p is None:
        return MISSING
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.01 else f"{p:.3f}"


def reading_table(analysis: "Analysis") -> Table:
    """How the table was read: which column means what."""
    request, coding = analysis.request, analysis.request.coding
    rows = [
        ["Data", str(request.data) if isinstance(request.data, Path) else request.name],
        ["Follow-up", f"column {request.time}, in {request.time_unit}"],
    ]
    rows += [["Parameter", f"rows with {PARAMETER} {request.adtte}"]] if request.adtte else []
    if isinstance(coding, ByCode):
        rows += [[cause, f"column {coding.column} is {code}"] for code, cause in coding.codes]
        rows += [["Censored", f"column {coding.column} is {listed(list(coding.censor))}"]]
    elif isinstance(coding, ByCensoringFlag):
        rows += [[cause, f"{CENSORING} is 0 and {EVENT} is {code}"] for code, cause in coding.codes]
        rows += [] if coding.codes else [[coding.causes[0], f"{CENSORING} is 0"]]
        rows += [["Censored", f"{CENSORING} is above 0"]]
    else:
        at = " at the time in column {}"
        rows += [
            [rule.cause, f"column {rule.column} is {rule.value}" + (at.format(rule.at) if rule.at else "")]
            for rule in coding.rules
        ]
        wins = "earliest, at equal times the first listed," if coding.timed else "first listed"
        rows += [["Censored", f"none of these; where several hold, the {wins} counts"]]
    rows += _optional_rows(analysis)
    return Table("How the table was read", [Column("What", numeric=False), Column("Where", numeric=False)], rows)


def _optional_rows(analysis: "Analysis") -> list[list[str]]:
    request = analysis.request
    reached, groups = request.reached, f"{listed(list(analysis.groups))}; the first is the reference"
    rows = [
        ["Groups", f"column {request.group}: {groups}"] if request.group else None,
        ["Groups", f"{reached.cause} by the landmark: {reached.column} is {reached.value}, time {reached.at}"]
        if reached
        else None,
        ["Entry", f"column {request.start}: at risk after it"] if request.start else None,
        ["Weights", f"column {request.weights}"] if request.weights else None,
        ["Strata", f"columns {listed(list(request.strata))}"] if request.strata else None,
        ["Identifier", f"column {request.id}, each once"] if request.id else None,
    ]
    terms = analysis.patients.covariates.terms if analysis.patients.covariates else ()
    for column, own in groupby(terms, key=lambda term: term.column):
        found = list(own)
        levels = listed([term.level for term in found if term.level])
        categories = f"categories {levels} against {found[0].reference}"
        rows.append(["Covariate", f"column {column}, {categories if found[0].level else 'a number, per unit'}"])
    rows += [["Only", f"{column} {value}"] for column, value in request.only]
    return [row for row in rows if row]


def _at_times(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    """A row a group (and cause), a column a report time."""
    names = [name for name in ("cause", "group") if name in rows[0]]
    cells = [
        [*key, *(_estimate(row) for row in found)]
        for key, found in groupby(rows, key=lambda row: tuple(row[name] for name in names))
    ]
    if "cause" in names:
        cells.sort(key=lambda row: analysis.causes.index(row[0]))
    head = [Column(name.capitalize(), numeric=False) for name in names]
    return [*head, *(Column(f"{time:g}", analysis.request.time_unit) for time in analysis.times)], cells, len(names)


def _quantiles(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    cells = [
        [group, *(Cell(_time(row["time"]), f"{_time(row['lower'])} to {_time(row['upper'])}") for row in found)]
        for group, found in groupby(rows, key=lambda row: row["group"])
    ]
    probabilities = list(dict.fromkeys(row["probability"] for row in rows))
    head = [Column(f"{100 * q:g}%", analysis.request.time_unit) for q in probabilities]
    return [Column("Group", numeric=False), *head], cells, 1


def _tests(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    columns = [*_text("Test", "Of"), Column("Chi-square"), Column("df"), Column("p")]
    cells = [
        [row["test"], row["of"], _digits(row["statistic"], 3), str(row["df"]), p_shown(row["p_value"])] for row in rows
    ]
    return columns, cells, 2


def _differences(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    columns = [*_text("Of", "Group", "Against"), Column("Time", analysis.request.time_unit)]
    columns += [Column("Difference", "percentage points"), Column("p")]
    cells = [
        [
            row["of"], row["group"], row["against"], f"{row['time']:g}",
            Cell(_points(row["difference"]), _points_interval(row)), p_shown(row["p_value"]),
        ]
        for row in rows
    ]  # fmt: skip
    return columns, cells, 3


def _ratios(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    columns = [
        *_text("Of", "Term", "Against"),
        Column("Hazard ratio"),
        Column("p"),
        Column("Patients"),
        Column("Events"),
    ]
    cells = [
        [
            row["of"], row["term"], row["against"] or "per unit", Cell(_ratio(row["hazard_ratio"]), _ratio_interval(row)),
            p_shown(row["p_value"]), str(row["n"]), str(row["events"]),
        ]
        for row in rows
    ]  # fmt: skip
    return columns, cells, 2


def _proportional(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    columns = [*_text("Of", "Term"), Column("Chi-square"), Column("df"), Column("p")]
    cells = [
        [row["of"], row["term"], _digits(row["statistic"], 3), str(row["df"]), p_shown(row["p_value"])] for row in rows
    ]
    return columns, cells, 2


def _means(analysis: "Analysis", rows: list[dict[str, Any]]) -> tuple[list[Column], list[list[Any]], int]:
    columns = [*_text("Group", "Against", "Measure"), Column("Estimate"), Column("p")]
    cells = [
        [
            row["group"], row["against"] or "", row["measure"],
            Cell(_number(row["estimate"]), f"{_number(row['lower'])} to {_number(row['upper'])}"),
            p_shown(row["p_value"]) if row["against"] else "",
        ]
        for row in rows
    ]  # fmt: skip
    return columns, cells, 3


def _text(*names: str) -> list[Column]:
    return [Column(name, numeric=False) for name in names]


def _estimate(row: dict[str, Any]) -> Cell:
    if row["estimate"] is None:
        return Cell(MISSING)
    return Cell(percent(row["estimate"]), f"{interval(row['lower'], row['upper'])}; {row['at_risk']:g}")


def _points(fraction: float | None) -> str:
    return MISSING if fraction is None else f"{in_percent(fraction):+.1f}".replace("-", MINUS)


def _points_interval(row: dict[str, Any]) -> str:
    return "" if row["lower"] is None else f"{_points(row['lower'])} to {_points(row['upper'])}"


def _ratio(value: float | None) -> str:
    if value is None:
        return MISSING
    if not LEAST_RATIO < value < 1 / LEAST_RATIO:
        return "not finite"
    if not 0.1 <= value < 1000:
        return f"{value:.3g}"
    return f"{value:.3f}" if abs(value - 1) < 0.1 else f"{value:.2f}"


def _ratio_interval(row: dict[str, Any]) -> str:
    if row["hazard_ratio"] is None:
        return "no finite value"
    return f"{_ratio(row['lower'])} to {_ratio(row['upper'])}"


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4g}" if abs(value) >= 1 else f"{value:.3f}"


def _digits(value: float | None, digits: int) -> str:
    return MISSING if value is None else f"{value:.{digits}f}"


def _time(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:g}"


_TABLES = {
    "estimates": _at_times,
    "event_free": _at_times,
    "quantiles": _quantiles,
    "tests": _tests,
    "differences": _differences,
    "hazard_ratios": _ratios,
    "subdistribution_hazard_ratios": _ratios,
    "proportional_hazards": _proportional,
    "restricted_means": _means,
}
