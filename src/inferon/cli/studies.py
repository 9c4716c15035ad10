"""inferon studies: what is ready to run, and a start for your own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from inferon.store.atomic import write_text
from inferon.study import InputError, Study, read_study, ready_studies, ready_study, resolved_yaml, study_schema

app = typer.Typer(help="The ready studies: list, show, copy, check.", add_completion=False)


def _complete_name(incomplete: str) -> list[str]:
    return [name for name in ready_studies() if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(help="Name of a ready study.", autocompletion=_complete_name)]


@app.callback(invoke_without_command=True)
def list_studies(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the ready studies; show, copy or check a study."""
    if context.invoked_subcommand is not None:
        return
    studies = [_summary(name, read_study(path)) for name, path in ready_studies().items()]
    if as_json:
        typer.echo(json.dumps({"studies": studies}, ensure_ascii=False, indent=2))
    else:
        _print_table(studies)


@app.command()
def show(
    name: Name,
    resolved: Annotated[bool, typer.Option("--resolved", help="Write out every default.")] = False,
) -> None:
    """Print a ready study."""
    path = ready_study(name)
    typer.echo(resolved_yaml(read_study(path)) if resolved else path.read_text(encoding="utf-8"), nl=False)


@app.command()
def copy(
    name: Name,
    to: Annotated[Path | None, typer.Option("--to", help="File or folder to copy to; default: NAME.yaml here.")] = None,
) -> None:
    """Copy a ready study, to change it; an existing file is never overwritten."""
    source = ready_study(name)
    target = to or Path(source.name)
    target = target / source.name if target.is_dir() else target
    if target.exists():
        raise InputError("this file exists already", file=target, field="--to", allowed="a new file")
    if not target.parent.is_dir():
        raise InputError("there is no such folder", file=target.parent, field="--to", allowed="a file in a folder")
    write_text(source.read_text(encoding="utf-8"), target)
    typer.echo(f"{target} is yours to change; `inferon run {target}` runs it.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a study file, for editors."""
    typer.echo(json.dumps(study_schema(), ensure_ascii=False, indent=2))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A study file, or the name of a ready study.")],
    resolved: Annotated[bool, typer.Option("--resolved", help="Print the study with every default.")] = False,
) -> None:
    """Read a study as a run would, and say whether it is sound."""
    from inferon.run.catalogues import check_study_names, settled

    ready = ready_studies()
    study = read_study(file if file.exists() or str(file) not in ready else ready_study(str(file)))
    check_study_names(study)
    study = settled(study)
    if resolved:
        typer.echo(resolved_yaml(study), nl=False)
    else:
        typer.echo(f"{file} is sound: {_in_words(study)}.")


@app.command()
def systems(
    name: Annotated[str | None, typer.Argument(help="Name of a system; without it they are listed.")] = None,
) -> None:
    """The systems a study can be made of: populations, drugs with units, settings, endpoints."""
    from inferon.run.systems import FILES, system

    if name is None:
        for known in FILES:
            typer.echo(f"{known:18}{system(known).title}")
        typer.echo("transplant        Donor transplant with interferon (families, power, a randomised trial)")
        return
    if name not in FILES:
        raise InputError("there is no system of this name with a list of its own", found=name, allowed=list(FILES))
    chosen = system(name)
    parts = {
        "populations": chosen.populations,
        "drugs": {drug: f"{' or '.join(d.units)}, {' or '.join(d.routes)}" for drug, d in chosen.drugs.items()},
        "settings": {key: f"{s.meaning} (default: {s.default})" for key, s in chosen.settings.items()},
        "endpoints": {key: f"{e.label} ({e.kind}, {e.unit})" for key, e in chosen.endpoints.items()},
    }
    for heading, rows in parts.items():
        typer.echo(f"{heading}:" + ("" if rows else " none"))
        for key, words in rows.items():
            typer.echo(f"  {key}: {words}")


def _summary(name: str, study: Study) -> dict[str, object]:
    return {
        "name": name,
        "title": study.title,
        "question": study.question,
        "arms": list(study.arms),
        "size": study.cohort.size,
        "families": list(study.families),
        "model": study.model,
    }


def _in_words(study: Study) -> str:
    arms, families = len(study.arms), len(study.families)
    of = f" in {families} parameter {'family' if families == 1 else 'families'}" if study.model == "transplant" else ""
    return f"{arms} {'arm' if arms == 1 else 'arms'} of {study.cohort.size:,} virtual patients{of}, seed {study.seed}"


def _print_table(studies: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "title", "model", "arms", "patients an arm"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for study in studies:
        table.add_row(study["name"], study["title"], study["model"], str(len(study["arms"])), f"{study['size']:,}")
    Console().print(table)
