"""The page of an analysis: one HTML file that opens offline, figure included."""

from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inferon.analysis.analysis import Analysis
from inferon.analysis.coding import ByCode
from inferon.report.tables import Cell, Column, Table, render_table
from inferon.report.words import MISSING, interval, listed, percent, plural, sentence
from inferon.statistics import GrayTest, LogRank
from inferon.statistics.aalen_johansen import CumulativeIncidence
from inferon.statistics.kaplan_meier import KaplanMeier

VARIANCES = {
    "greenwood_type": "Greenwood type (delta method; as etm and survfit)",
    "aalen_1978_cmprsk": "Aalen 1978 (as cmprsk::cuminc)",
}


def render_page(analysis: Analysis, svg: str) -> str:
    """The whole page as text; `svg` is the figure."""
    environment = Environment(
        loader=PackageLoader("inferon.analysis"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = files("inferon.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    return environment.get_template("analysis.html.j2").render(
        title=analysis.request.title or f"Competing risks in {analysis.request.name}",
        style=Markup(style),
        lead=_lead(analysis),
        warnings=analysis.warnings,
        notes=analysis.notes,
        figure=Markup(svg[svg.index("<svg") :]),
        figure_caption=_figure_caption(analysis),
        incidence=render_table(_incidence(analysis)),
        tests=render_table(_tests(analysis)) if analysis.gray else None,
        event_free=render_table(_event_free(analysis)),
        method=_method(analysis),
        reading=render_table(_reading(analysis)),
        r_call=analysis.r_call,
        citations=[kind.citation for kind in (CumulativeIncidence, KaplanMeier, GrayTest, LogRank)],
    )


def _lead(analysis: Analysis) -> str:
    totals = {cause: sum(curves[cause].n_events for curves in analysis.incidence.values()) for cause in analysis.causes}
    ends = [f"{count} {cause}" for cause, count in totals.items()]
    ends.append(f"{analysis.n - sum(totals.values())} censored")
    groups = f" in {plural(len(analysis.groups), 'group')}" if analysis.request.group else ""
    reach = f"{analysis.longest_follow_up:g} {analysis.request.time_unit}"
    who = plural(analysis.n, "patient")
    return f"{sentence(who)}{groups}: {listed(ends)}; the longest follow-up is {reach}."


def _figure_caption(analysis: Analysis) -> str:
    level = f"{100 * analysis.request.conf_level:g}%"
    return f"Cumulative incidence by cause with pointwise {level} intervals, and numbers at risk."


def _incidence(analysis: Analysis) -> Table:
    times = analysis.times
    cells = analysis.estimates.to_dicts()
    rows = []
    for (group, cause), found in groupby(cells, key=lambda row: (row["group"], row["cause"])):
        rows.append([cause, group, *(_estimate(row) for row in found)])
    rows.sort(key=lambda row: analysis.causes.index(row[0]))
    columns = [Column("Cause", numeric=False), Column("Group", numeric=False), *_at(analysis, times)]
    note = "Estimate with its interval and the number at risk. A dash: not estimated there."
    return Table("At the report times", columns, rows, headers=2, note=note)


def _event_free(analysis: Analysis) -> Table:
    rows = []
    for group, found in groupby(analysis.event_free.to_dicts(), key=lambda row: row["group"]):
        median = analysis.survival[group].median
        limits = f"{_time(median.lower)} to {_time(median.upper)}"
        rows.append([group, *(_estimate(row) for row in found), Cell(_time(median.time), limits)])
    columns = [
        Column("Group", numeric=False),
        *_at(analysis, analysis.times),
        Column("Median", analysis.request.time_unit),
    ]
    note = "Free of every cause declared. A median or limit that is not reached is a dash."
    return Table("At the report times", columns, rows, note=note)


def _tests(analysis: Analysis) -> Table:
    rows = [["Gray", cause, *_test(test)] for cause, test in (analysis.gray or {}).items()]
    rows += [["Log-rank", "event-free survival", *_test(analysis.log_rank)]]
    columns = [Column("Test", numeric=False), Column("Of", numeric=False)]
    columns += [Column("Chi-square"), Column("Degrees of freedom"), Column("p")]
    return Table("Gray's test of each cause and the log-rank test", columns, rows, headers=2)


def _reading(analysis: Analysis) -> Table:
    coding, request = analysis.request.coding, analysis.request
    rows = [["Data", str(analysis.to_json()["data"])], ["Follow-up", f"column {request.time}, in {request.time_unit}"]]
    if isinstance(coding, ByCode):
        rows += [[cause, f"column {coding.column} is {code}"] for code, cause in coding.codes]
        rows += [["Censored", f"column {coding.column} is {listed(list(coding.censor))}"]]
    else:
        rows += [[rule.cause, f"column {rule.column} is {rule.value}"] for rule in coding.rules]
        rows += [["Censored", "none of these; where several hold, the first listed counts"]]
    rows += [["Groups", f"column {request.group}"]] if request.group else []
    return Table("How the table was read", [Column("What", numeric=False), Column("Where", numeric=False)], rows)


def _method(analysis: Analysis) -> str:
    request = analysis.request
    return (
        f"Cumulative incidence is estimated by Aalen and Johansen's method, event-free survival by Kaplan and Meier's. "
        f"Variance of the cumulative incidence: {VARIANCES[request.variance]}; of event-free survival: Greenwood. "
        f"Intervals are pointwise, {100 * request.conf_level:g}%, on the {request.conf_type} scale. "
        "Gray's test (rho 0) "
        "compares the cumulative incidence of one cause, the log-rank test event-free survival; ties are exact."
    )


def _at(analysis: Analysis, times: tuple[float, ...]) -> list[Column]:
    return [Column(f"{time:g}", analysis.request.time_unit) for time in times]


def _estimate(row: dict[str, Any]) -> Cell:
    if row["estimate"] is None:
        return Cell(MISSING)
    return Cell(percent(row["estimate"]), f"{interval(row['lower'], row['upper'])}; {row['at_risk']}")


def _test(test: Any) -> list[str]:
    if test.df == 0:
        return [MISSING] * 3
    return [f"{test.statistic:.3f}", str(test.df), f"{test.p_value:.4f}" if test.p_value >= 1e-4 else "< 0.0001"]


def _time(value: float | None) -> str:
    return MISSING if value is None else f"{value:g}"
