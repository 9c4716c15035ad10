"""`inferon models show`: one model whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from inferon.cli.models.arguments import AsJson, Composite, Name, require_model


def show(
    name: Name,
    composite: Composite = False,
    as_json: AsJson = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print only the equations, as LaTeX.")] = False,
) -> None:
    """Show one model: what it exchanges, its equations, every parameter with value, range, status and source, its card."""
    from inferon.cli.models.description import described

    require_model(name, composite=composite)
    model = described(name, composite=composite)
    if as_latex:
        typer.echo(model["latex"])
    elif as_json:
        typer.echo(json.dumps(model, ensure_ascii=False))
    else:
        _print_model(model)


def _print_model(described: Mapping[str, Any]) -> None:
    """Card, couplings, equations and closed forms as text, parameters with status and source, further tables."""
    from rich.markdown import Markdown

    from inferon.cli.models.tables import PARAMETER, parameter_cells, print_table

    console = _console()
    console.rule(described["name"])
    console.print(Markdown(described["card"]))
    for end in ("inputs", "outputs", "couplings"):
        if described.get(end):
            named = ", ".join(f"{n} ({u})" for n, u in described[end].items())
            console.print(f"\n[bold]{end.capitalize()}[/bold]: {named}")
    if "equations" in described:
        _print_lines("Equations", [described["equations"]])
    for title, sign in (("rates", "' = "), ("assigned", " := "), ("events", ": at ")):
        if described.get(title):
            _print_lines(title.capitalize(), (f"{n}{sign}{e}" for n, e in described[title].items()))
    if described.get("closed_forms"):
        _print_lines("Closed forms", _formulas(described))
    console.rule("Parameters")
    print_table(None, PARAMETER, map(parameter_cells, described["parameters"]), whole=3)
    for name, rows in described.get("tables", {}).items():
        print_table(name, tuple(rows[0]), (tuple(row.values()) for row in rows))


def _console() -> Any:
    from rich.console import Console

    return Console()


def _print_lines(title: str, lines: Iterable[str]) -> None:
    console = _console()
    console.rule(title)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _formulas(described: Mapping[str, Any]) -> Iterable[str]:
    for form in described["closed_forms"]:
        if form["question"]:
            yield f"// {form['question'].splitlines()[0]}"
        yield from form["steps"]
        yield ""
    yield from (f"{name} = {value}" for name, value in described["definitions"].items())
