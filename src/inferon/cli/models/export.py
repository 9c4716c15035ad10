"""`inferon models export`: one model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferon.cli.models.arguments import Composite, Name, require_model


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
    require_model(name, composite=composite)
    written = _exported(name, as_antimony, composite=composite)
    if output is None:
        typer.echo(written)
    else:
        _write(written, output)


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


def _write(text: str, output: Path) -> None:
    """Write the file, whole or not at all; its folder has to be there, as a slip in its name would else make a new one."""
    from inferon.cli.telling import written_by
    from inferon.store import write_text
    from inferon.study import InputError

    if not output.parent.is_dir():
        message = "the file cannot be written: there is no such folder"
        raise InputError(
            message, field="--output", found=str(output.parent), allowed="a file in a folder that is there"
        )
    with written_by("--output"):
        write_text(text, output)
