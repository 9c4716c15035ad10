"""`inferon models`: the biology, as a reader would open it: modules, equations, parameters with their sources, cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=False, invoke_without_command=True)


@app.callback()
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The biology: modules, equations, parameters with their sources. Without a command: the list."""
    if context.invoked_subcommand is None:
        _list(as_json)


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """List modules and the composite models made of them."""
    _list(as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A module or composite model (`inferon models list`).")],
    composite: Annotated[
        bool, typer.Option("--composite", help="The joined model, where a module has the same name.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print only the equations, as LaTeX.")] = False,
) -> None:
    """Show one model: what it exchanges, its equations, every parameter with value, range, status and source, its card."""
    is_composite = _is_composite(name, composite)
    if as_latex:
        typer.echo(_latex(name, is_composite))
        return
    described = _composite(name) if is_composite else _module(name)
    if as_json:
        typer.echo(json.dumps(described, ensure_ascii=False))
    else:
        _print(described)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A module or composite model (`inferon models list`).")],
    as_sbml: Annotated[
        bool, typer.Option("--sbml", help="SBML Level 3 (what is written when nothing is chosen).")
    ] = False,
    as_antimony: Annotated[bool, typer.Option("--antimony", help="Antimony.")] = False,
    composite: Annotated[
        bool, typer.Option("--composite", help="The joined model, where a module has the same name.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; else the screen.")] = None,
) -> None:
    """Write one model for other programs. Values are those of the parameter table; random effects stay behind."""
    from inferon.study import InputError

    if as_sbml and as_antimony:
        raise InputError(
            "choose one format", field="--sbml", found="--sbml --antimony", allowed=["--sbml", "--antimony"]
        )
    is_composite = _is_composite(name, composite)
    written = _exported_composite(name, as_antimony) if is_composite else _exported_module(name, as_antimony)
    if output is None:
        typer.echo(written)
        return
    try:
        output.write_text(written, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"the file cannot be written: {reason}", field="--output", found=str(output)) from None


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Modules or ids of checks (`marrow`, `C2`).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every check of every module.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the acceptance checks of the biology: expected, obtained, verdict. Leaves with 1 if a finding fails.

    A misfit (a known disagreement with the specification, with its reason) is shown and counted but is no failure.
    """
    from inferon.cli.check_table import chosen_checks, counts, found_by, plain, print_findings

    findings = found_by(chosen_checks(names or [], everything=everything))
    if as_json:
        typer.echo(json.dumps(plain(findings), ensure_ascii=False, allow_nan=False))
    else:
        print_findings(findings)
    if counts(findings)["fail"]:
        raise typer.Exit(1)


def _exported_composite(name: str, as_antimony: bool) -> str:
    from inferon.model import load_composite
    from inferon.model.catalogue import unit_lines
    from inferon.model.export import antimony_text, sbml_text

    return (antimony_text if as_antimony else sbml_text)(load_composite(name), units=unit_lines())


def _exported_module(name: str, as_antimony: bool) -> str:
    from inferon.model.catalogue import module_document, module_source

    if as_antimony:
        return module_source(name)
    import libsbml

    return libsbml.writeSBMLToString(module_document(name))


def _latex(name: str, is_composite: bool) -> str:
    from inferon.model import load_composite, load_module
    from inferon.model.latex import equations, latex_text

    if is_composite:
        return latex_text(load_composite(name))
    parts = load_module(name).parts
    return equations(parts.states, parts.assigned.items(), parts.events)


def _is_composite(name: str, composite: bool) -> bool:
    """Whether the name is meant as a composite; raises ``InputError`` for one that is nothing."""
    from inferon.model import composites, modules

    _known(name, list(composites()) if composite else list(dict.fromkeys((*modules(), *composites()))))
    return composite or name not in modules()


def _known(name: str, allowed: list[str]) -> None:
    from inferon.study import InputError, nearest

    if name not in allowed:
        raise InputError(
            "there is no such model", field="NAME", found=name, allowed=allowed, meant=nearest(name, allowed)
        )


def _list(as_json: bool) -> None:
    from inferon.model import composites, load_module, modules

    parts = {n: {"inputs": load_module(n).inputs, "outputs": load_module(n).outputs} for n in modules()}
    if as_json:
        typer.echo(json.dumps({"modules": parts, "composites": composites()}, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Modules", box=None, pad_edge=False)
    for heading in ("name", "takes", "gives"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for module, ends in parts.items():
        table.add_row(module, ", ".join(ends["inputs"]), ", ".join(ends["outputs"]))
    console = Console()
    console.print(table)
    made = Table(title="Composite models", box=None, pad_edge=False)
    made.add_column("name", no_wrap=True)
    made.add_column("what it is")
    for composite, line in composites().items():
        made.add_row(composite, line)
    console.print(made)


def _module(name: str) -> dict[str, Any]:
    from inferon.model import load_module
    from inferon.model.catalogue import module_folder

    module, folder = load_module(name), module_folder(name)
    return {
        "name": name,
        "inputs": {n: module.parts.units[n] for n in module.inputs},
        "outputs": {n: module.parts.units[n] for n in module.outputs},
        "equations": (folder / f"{name}.ant").read_text(encoding="utf-8"),
        "parameters": [_row(row) for row in module.table.values()],
        "card": (folder / "card.md").read_text(encoding="utf-8"),
    }


def _composite(name: str) -> dict[str, Any]:
    from inferon.model import composites, load_composite
    from inferon.model.expression import text

    model = load_composite(name)
    return {
        "name": name,
        "card": composites()[name],
        "couplings": {n: model.units[n] for n in model.couplings},
        "rates": {state.name: text(state.rate) for state in model.states},
        "assigned": {n: text(e) for n, e in model.assigned.items()},
        "events": {event.name: text(event.trigger) for event in model.events},
        "parameters": [{"name": n, **_row(row)} for n, row in model.parameters.items()],
    }


def _row(parameter: Any) -> dict[str, Any]:
    fields = ("symbol", "description", "unit", "lower", "upper", "variability", "status", "source", "note")
    finite = abs(parameter.value) != float("inf")
    return {"value": parameter.value if finite else "inf", **{field: getattr(parameter, field) for field in fields}}


def _print(described: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.rule(described["name"])
    console.print(Markdown(described["card"]))
    for end in ("inputs", "outputs", "couplings"):
        if described.get(end):
            console.print(
                f"\n[bold]{end.capitalize()}[/bold]: " + ", ".join(f"{n} ({u})" for n, u in described[end].items())
            )
    if "equations" in described:
        console.rule("Equations")
        console.print(described["equations"], markup=False, highlight=False, soft_wrap=True)
    for title in ("rates", "assigned", "events"):
        if described.get(title):
            console.rule(title.capitalize())
            sign = {"rates": "' = ", "assigned": " := ", "events": ": at "}[title]
            for name, expression in described[title].items():
                console.print(f"{name}{sign}{expression}", markup=False, highlight=False, soft_wrap=True)
    console.rule("Parameters")
    console.print(_parameter_table(described["parameters"]))


def _parameter_table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("symbol", "value", "unit", "range", "CV", "status", "source"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("symbol", "value", "unit"))
    for row in rows:
        bounds = f"{row['lower']:g}–{row['upper']:g}" if row["lower"] is not None and row["upper"] is not None else ""
        cv = f"{100 * row['variability']:.0f} %" if row["variability"] else ""
        value = row["value"] if isinstance(row["value"], str) else f"{row['value']:g}"
        table.add_row(row.get("name", row["symbol"]), value, row["unit"], bounds, cv, row["status"], row["source"])
    return table
