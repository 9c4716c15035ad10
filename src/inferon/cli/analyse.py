"""inferon analyse: competing-risk and survival analysis of a table of patients, with the coding of events declared."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)

OPTIONS = {
    "causes": "--cause", "codes": "--code", "times": "--at", "data": "DATA", "covariates": "--covariate",
    "labels": "--label", "conf_type": "--conf-type",
}  # fmt: skip
CODING, MODEL, FORMS, OUTPUT = "What ended the follow-up", "Who is compared, and how", "Forms of the numbers", "Output"


def _option(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel)


@app.command()
def analyse(
    data: Annotated[Path | None, typer.Argument(metavar="DATA", help="CSV or Parquet file, one row a patient.")] = None,
    time: Annotated[str | None, _option("--time", "Column of follow-up.", CODING)] = None,
    cause: Annotated[
        list[str] | None,
        _option("--cause", "NAME=COLUMN:VALUE or NAME=COLUMN:VALUE@TIME; repeat. Earliest wins, then first.", CODING),
    ] = None,
    event: Annotated[str | None, _option("--event", "Column of event codes, instead of --cause.", CODING)] = None,
    code: Annotated[list[str] | None, _option("--code", "CODE=NAME of an event code; repeat.", CODING)] = None,
    censor: Annotated[list[str] | None, _option("--censor", "Code of censoring; may be repeated.", CODING)] = None,
    adtte: Annotated[
        str | None, _option("--adtte", "PARAMCD: the data are CDISC ADaM ADTTE; --code then names EVNTDESC.", CODING)
    ] = None,
    start: Annotated[str | None, _option("--start", "Column of entry (left truncation).", CODING)] = None,
    identifier: Annotated[str | None, _option("--id", "Column that must hold each patient once.", CODING)] = None,
    only: Annotated[list[str] | None, _option("--only", "COLUMN:VALUE: leave out the others; repeat.", CODING)] = None,
    leave_out: Annotated[
        list[str] | None,
        _option("--leave-out", "missing or entry: leave out such rows, counted and named, not refused.", CODING),
    ] = None,
    group: Annotated[str | None, _option("--group", "Column of the groups to compare.", MODEL)] = None,
    reference: Annotated[str | None, _option("--reference", "Group the others are compared with.", MODEL)] = None,
    label: Annotated[list[str] | None, _option("--label", "VALUE=NAME of a group; repeat.", MODEL)] = None,
    strata: Annotated[list[str] | None, _option("--strata", "Column of strata; repeat.", MODEL)] = None,
    covariate: Annotated[
        list[str] | None,
        _option("--covariate", "COLUMN, or COLUMN:REFERENCE for categories; repeat.", MODEL),
    ] = None,
    weights: Annotated[str | None, _option("--weights", "Column of weights, above 0.", MODEL)] = None,
    landmark: Annotated[str | None, _option("--landmark", "Analyse who is followed beyond this time.", MODEL)] = None,
    clock: Annotated[
        str | None, _option("--clock", "restart (default): 0 at the landmark; origin: time goes on.", MODEL)
    ] = None,
    reached: Annotated[
        str | None, _option("--reached", "Groups by the landmark: NAME=COLUMN:VALUE@TIME.", MODEL)
    ] = None,
    weighting: Annotated[
        str | None, _option("--weighting", "Weighted log-rank test, as in fleming_harrington:0,1.", MODEL)
    ] = None,
    at: Annotated[str | None, _option("--at", "Report times, as in 6,12,24.", FORMS)] = None,
    tau: Annotated[
        str | None, _option("--tau", "Horizon of restricted means; by default the last of --at.", FORMS)
    ] = None,
    time_unit: Annotated[str | None, _option("--time-unit", "Unit of the follow-up, as in months.", FORMS)] = None,
    variance: Annotated[
        str | None,
        _option(
            "--variance",
            "Of incidences: greenwood_type (default), infinitesimal_jackknife, aalen_1978_cmprsk, aalen_1978_textbook.",
            FORMS,
        ),
    ] = None,
    conf_type: Annotated[
        str | None, _option("--conf-type", "log-log (default), plain, log, logit or arcsine.", FORMS)
    ] = None,
    conf_level: Annotated[float | None, _option("--conf-level", "Confidence level; 0.95 by default.", FORMS)] = None,
    difference: Annotated[
        str | None, _option("--difference", "Interval of differences: recovered (default) or wald.", FORMS)
    ] = None,
    title: Annotated[str | None, _option("--title", "Title of the page.", OUTPUT)] = None,
    spec: Annotated[Path | None, _option("--spec", "The same in a YAML file; options given here win.", OUTPUT)] = None,
    out: Annotated[Path | None, _option("--out", "Folder for tables, figure, page, JSON and code.", OUTPUT)] = None,
    as_json: Annotated[bool, _option("--json", "Print the result as JSON.", OUTPUT)] = False,
) -> None:
    """Incidence and survival with intervals, tests, differences, hazard ratios and restricted means of real patients.

    inferon analyse bmt.csv --time t2 --cause relapse=d2:1 --cause death=d3:1 --group group --at 100,365,730
    """
    given = {
        "data": data, "time": time, "causes": _causes(cause), "event": event, "codes": _codes(code),
        "censor": censor or None, "adtte": adtte, "start": start, "id": identifier, "group": group,
        "only": only or None, "leave_out": leave_out or None, "labels": label or None,
        "reference": reference, "strata": strata or None, "covariates": covariate or None, "weights": weights,
        "landmark": landmark, "clock": clock, "reached": reached, "weighting": weighting,
        "times": at.split(",") if at is not None else None, "tau": tau, "time_unit": time_unit, "variance": variance,
        "conf_type": conf_type, "conf_level": conf_level, "difference": difference, "title": title,
    }  # fmt: skip
    _carry_out({name: value for name, value in given.items() if value is not None}, spec, out, as_json=as_json)


def _carry_out(given: dict[str, Any], spec: Path | None, out: Path | None, *, as_json: bool) -> None:
    from rich.console import Console

    from inferon.analysis import carry_out
    from inferon.analysis.requesting import make_request
    from inferon.cli.analyse_printing import print_analysis
    from inferon.cli.telling import written_by

    fields, where = _specified(spec, given)
    request = make_request(fields.pop("data", None), where=where, **fields)
    with Console(stderr=True).status("Reading and estimating …") as status:
        analysis = carry_out(request)
        status.update("Drawing and writing …")
        with written_by("--out"):
            written = analysis.write(out) if out is not None else []
    if as_json:
        typer.echo(json.dumps(analysis.to_json(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print_analysis(analysis, written)


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
