"""`inferon models`: the biology, as a reader would open it: modules, equations, parameters with their sources, cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class _Models(TyperGroup):
    """A word that is no command is the name of a model to show: `inferon models marrow`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command and its arguments."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


app = typer.Typer(cls=_Models, add_completion=False, no_args_is_help=False, invoke_without_command=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[
    str, typer.Argument(help="A module, folder of closed forms or composite model (`inferon models list`).")
]
Composite = Annotated[bool, typer.Option("--composite", help="The joined model, where a module has the same name.")]


@app.callback()
def models(context: typer.Context, as_json: AsJson = False) -> None:
    """The biology: modules, equations, parameters with their sources. Without a command: the list."""
    if context.invoked_subcommand is None:
        list_models(as_json)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List modules, samplers and closed forms, and the composite models made of modules."""
    from inferon.cli.model_description import listed
    from inferon.cli.model_printing import print_list

    if as_json:
        typer.echo(json.dumps(listed(), ensure_ascii=False))
    else:
        print_list(listed())


@app.command()
def show(
    name: Name,
    composite: Composite = False,
    as_json: AsJson = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print only the equations, as LaTeX.")] = False,
) -> None:
    """Show one model: what it exchanges, its equations, every parameter with value, range, status and source, its card."""
    from inferon.cli.model_description import described
    from inferon.cli.model_printing import print_model

    _known(name, composite=composite)
    model = described(name, composite=composite)
    if as_latex:
        typer.echo(model["latex"])
    elif as_json:
        typer.echo(json.dumps(model, ensure_ascii=False))
    else:
        print_model(model)


@app.command()
def export(
    name: Name,
    as_sbml: Annotated[
        bool, typer.Option("--sbml", help="SBML Level 3 (what is written when nothing is chosen).")
    ] = False,
    as_antimony: Annotated[bool, typer.Option("--antimony", help="Antimony.")] = False,
    composite: Composite = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; else the screen.")] = None,
) -> None:
    """Write one model for other programs. Values are those of the parameter table; random effects stay behind."""
    from inferon.study import InputError

    if as_sbml and as_antimony:
        raise InputError(
            "choose one format", field="--sbml", found="--sbml --antimony", allowed=["--sbml", "--antimony"]
        )
    _known(name, composite=composite)
    written = _exported(name, as_antimony, composite=composite)
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
    as_json: AsJson = False,
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


@app.command()
def courses(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV of samples: patient, days or months, bcrabl_percent.")
    ],
    beside: Annotated[
        str | None, typer.Option(help="published or first-line; a table with a phase is of the published patients.")
    ] = None,
    patients: Annotated[int, typer.Option(min=20, help="Virtual patients behind the band of a population.")] = 1500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the virtual patients.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Folder for bands, coverage and the picture.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measured BCR-ABL time courses beside the simulated 90 % band of every sample, and how many samples lie inside."""
    from inferon.cli.model_courses import courses as beside_data
    from inferon.cli.model_courses import print_courses, write_courses

    found = beside_data(data, beside=beside, patients=patients, seed=seed)
    written = write_courses(found, out) if out is not None else []
    if as_json:
        typer.echo(json.dumps({**found.plain(), "files": [str(path) for path in written]}, ensure_ascii=False))
    else:
        print_courses(found, written)


@app.command()
def pages(
    folder: Annotated[Path, typer.Argument(help="Folder of the pages, as in docs/models.")],
    checks: Annotated[
        bool,
        typer.Option("--checks", help="Run the acceptance checks again (minutes) instead of keeping what they found."),
    ] = False,
) -> None:
    """Write the documentation of the biology: a page a module with card, equations, parameters, checks and a picture."""
    from inferon.cli.model_pages import write_pages

    for path in write_pages(folder, run_checks=checks):
        typer.echo(str(path))


def _known(name: str, *, composite: bool) -> None:
    """Raise ``InputError`` for a name that is no model."""
    from inferon.cli.model_description import names
    from inferon.study import InputError, nearest

    allowed = names(composite=composite)
    if name not in allowed:
        raise InputError(
            "there is no such model", field="NAME", found=name, allowed=allowed, meant=nearest(name, allowed)
        )


def _exported(name: str, as_antimony: bool, *, composite: bool) -> str:
    from inferon.model import composites, load_composite, modules
    from inferon.model.catalogue import closed_form_folders, module_document, module_source, unit_lines
    from inferon.model.export import antimony_text, sbml_text
    from inferon.study import InputError

    if name in modules() and not composite:
        if as_antimony:
            return module_source(name)
        import libsbml

        return libsbml.writeSBMLToString(module_document(name))
    if name in closed_form_folders():
        allowed = list(dict.fromkeys((*modules(), *composites())))
        raise InputError("this model has formulas and no equations", field="NAME", found=name, allowed=allowed)
    return (antimony_text if as_antimony else sbml_text)(load_composite(name), units=unit_lines())
