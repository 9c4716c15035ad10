"""inferon analyse: competing-risk and survival analysis of a table of patients, with the coding of events declared."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from inferon.analysis import Analysis

app = typer.Typer(add_completion=False)

OPTIONS = {"causes": "--cause", "codes": "--code", "times": "--at", "data": "DATA"}


@app.command()
def analyse(
    data: Annotated[Path | None, typer.Argument(metavar="DATA", help="CSV or Parquet file, one row a patient.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of follow-up.")] = None,
    cause: Annotated[
        list[str] | None, typer.Option(help="NAME=COLUMN:VALUE; repeat. First match wins, else censored.")
    ] = None,
    event: Annotated[str | None, typer.Option(help="Column of event codes, instead of --cause.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="CODE=NAME of an event code; repeat.")] = None,
    censor: Annotated[list[str] | None, typer.Option(help="Code of censoring; may be repeated.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of the groups to compare.")] = None,
    identifier: Annotated[str | None, typer.Option("--id", help="Column that must hold each patient once.")] = None,
    at: Annotated[str | None, typer.Option(help="Report times, as in 6,12,24.")] = None,
    time_unit: Annotated[str | None, typer.Option(help="Unit of the follow-up, as in months.")] = None,
    variance: Annotated[str | None, typer.Option(help="greenwood_type (default) or aalen_1978_cmprsk.")] = None,
    conf_type: Annotated[str | None, typer.Option(help="log-log (default), plain, log, logit or arcsine.")] = None,
    conf_level: Annotated[float | None, typer.Option(help="Confidence level; 0.95 by default.")] = None,
    spec: Annotated[Path | None, typer.Option(help="The same in a YAML file; options given here win.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables, figure, page and JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Cumulative incidence with intervals, Gray's test, event-free survival and log-rank test of real patients.

    inferon analyse bmt.csv --time t2 --cause relapse=d2:1 --cause death=d3:1 --group group --at 100,365,730
    """
    from rich.console import Console

    from inferon.analysis import carry_out
    from inferon.analysis.request import make_request

    given = {
        "data": data, "time": time, "causes": _causes(cause), "event": event, "codes": _codes(code),
        "censor": censor or None, "group": group, "id": identifier, "times": at.split(",") if at is not None else None,
        "time_unit": time_unit,
        "variance": variance, "conf_type": conf_type, "conf_level": conf_level,
    }  # fmt: skip
    fields, where = _specified(spec, {name: value for name, value in given.items() if value is not None})
    request = make_request(fields.pop("data", None), where=where, **fields)
    with Console(stderr=True).status("Reading and estimating …") as status:
        analysis = carry_out(request)
        status.update("Drawing and writing …")
        written = analysis.write(out) if out is not None else []
    if as_json:
        typer.echo(json.dumps(analysis.to_json(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        _print(analysis, written)


def _causes(texts: list[str] | None) -> dict[str, list[str]] | None:
    from inferon.analysis.coding import split_rule

    found: dict[str, list[str]] = {}
    for text in texts or []:
        name, condition = split_rule(text, field="--cause")
        found.setdefault(name, []).append(condition)
    return found or None


def _codes(texts: list[str] | None) -> list[tuple[str, str]] | None:
    from inferon.analysis.coding import split_code

    return [split_code(text, field="--code") for text in texts or []] or None


def _specified(spec: Path | None, given: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The fields of the YAML file below those of the command line, and where each was given."""
    from inferon.analysis.specification import read_specification

    fields, in_file = read_specification(spec) if spec is not None else ({}, None)

    def where(field: str) -> dict[str, Any]:
        if in_file is not None and (field in fields or field not in given):
            return in_file(field)
        return {"field": OPTIONS.get(field, f"--{field.replace('_', '-')}")}

    return fields | given, where


def _print(analysis: "Analysis", written: Sequence[Path]) -> None:
    from rich.console import Console

    console = Console()
    for table in _tables(analysis):
        console.print(table)
    for sentence in (*analysis.notes, *analysis.warnings):
        console.print(sentence, style="yellow" if sentence in analysis.warnings else "", markup=False, highlight=False)
    console.print("The same in R:", style="bold")
    console.print(analysis.r_call, markup=False, highlight=False, soft_wrap=True)
    for path in written:
        console.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)
    console.print("Research use only; nothing here is advice about a patient.", style="dim")


def _tables(analysis: "Analysis") -> list[Any]:
    level = f"{100 * analysis.request.conf_level:g}% limits ({analysis.request.conf_type})"
    title = f"Cumulative incidence, {level}, variance {analysis.request.variance}"
    incidence = _table(title, ["Cause", "Group", "Time", "Estimate", "Limits", "At risk"])
    rank = {cause: place for place, cause in enumerate(analysis.causes)}
    for row in sorted(analysis.estimates.to_dicts(), key=lambda row: rank[row["cause"]]):
        incidence.add_row(row["cause"], row["group"], *_numbers(row))
    free = _table(f"Event-free survival (Kaplan–Meier), {level}", ["Group", "Time", "Estimate", "Limits", "At risk"])
    for row in analysis.event_free.to_dicts():
        free.add_row(row["group"], *_numbers(row))
    return [incidence, free, *_test_tables(analysis)]


def _test_tables(analysis: "Analysis") -> list[Any]:
    from inferon.analysis.files import tests_table

    tests = _table("Do the groups differ?", ["Test", "Of", "Chi-square", "df", "p"])
    for test, of, statistic, df, p_value in tests_table(analysis).iter_rows():
        shown = ["–", "–"] if statistic is None else [f"{statistic:.4f}", f"{p_value:.4g}"]
        tests.add_row(test, of, shown[0], str(df), shown[1])
    return [tests] if analysis.gray else []


def _table(title: str, columns: list[str]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name in ("Cause", "Group", "Test", "Of", "Limits") else "right")
    return table


def _numbers(row: dict[str, Any]) -> list[str]:
    from inferon.report.words import interval, percent

    if row["estimate"] is None:
        return [f"{row['time']:g}", "–", "beyond follow-up", str(row["at_risk"])]
    return [f"{row['time']:g}", percent(row["estimate"]), interval(row["lower"], row["upper"]), str(row["at_risk"])]
