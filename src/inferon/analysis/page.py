"""The page of an analysis: one HTML file that opens offline, figure included."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inferon.analysis.analysis import Analysis
from inferon.analysis.estimation import free_of
from inferon.analysis.page_tables import finding_table, reading_table, shown_findings
from inferon.report.tables import render_table
from inferon.report.words import listed, plural, sentence


def render_page(analysis: Analysis, svg: str) -> str:
    """The whole page as text; `svg` is the figure."""
    environment = Environment(
        loader=PackageLoader("inferon.analysis"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = files("inferon.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    return environment.get_template("analysis.html.j2").render(
        title=analysis.request.title or f"{_kind(analysis)} in {analysis.request.name}",
        style=Markup(style),
        lead=lead(analysis),
        warnings=analysis.warnings,
        notes=analysis.notes,
        figure=Markup(svg[svg.index("<svg") :]),
        figure_caption=_figure_caption(analysis),
        tables=[_table(analysis, finding) for finding in shown_findings(analysis)],
        reading=render_table(reading_table(analysis)),
        python_call=analysis.python_call,
        r_call=analysis.r_call,
    )


def lead(analysis: Analysis) -> str:
    """How many patients, with which events, followed for how long."""
    cause = analysis.patients.cause
    ends = [f"{int((cause == name).sum())} {name}" for name in analysis.causes]
    ends.append(f"{int((~analysis.patients.event).sum())} censored")
    groups = f" in {plural(len(analysis.groups), 'group')}" if analysis.request.grouped else ""
    reach = f"{analysis.longest_follow_up:g} {analysis.request.time_unit}"
    who = plural(analysis.n, "patient")
    landmark = analysis.patients.landmark
    since = f" Landmark at {landmark.at:g} {analysis.request.time_unit}." if landmark else ""
    return f"{sentence(who)}{groups}: {listed(ends)}; the longest follow-up is {reach}.{since}"


def _kind(analysis: Analysis) -> str:
    return "Competing risks" if analysis.request.competing else free_of(analysis.request)


def _figure_caption(analysis: Analysis) -> str:
    level = f"{100 * analysis.request.conf_level:g}%"
    what = (
        "Cumulative incidence by cause" if analysis.request.competing else f"{free_of(analysis.request)} (Kaplan–Meier)"
    )
    return f"{what} with pointwise {level} intervals, and numbers at risk."


def _table(analysis: Analysis, finding: Any) -> dict[str, Any]:
    table = render_table(finding_table(analysis, finding))
    return {"id": finding.name.replace("_", "-"), "title": finding.title, "table": table, "about": finding.about}
