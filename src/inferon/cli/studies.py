"""inferon studies: what is ready to run, and a start for your own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inferon.study import InputError, Study, read_study, ready_studies, ready_study, resolved_yaml, study_schema

if TYPE_CHECKING:
    from inferon.run.systems.system import Drug

app = typer.Typer(add_completion=False)

TRANSPLANT_TITLE = "Donor transplant with interferon (families, power, a randomised trial)"


def _complete_name(incomplete: str) -> list[str]:
    return [name for name in ready_studies() if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a ready study.", autocompletion=_complete_name)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the list as JSON.")]


@app.callback(invoke_without_command=True)
def ready(context: typer.Context, as_json: AsJson = False) -> None:
    """The ready studies: list, show, copy, check. Without a command: the list."""
    if context.invoked_subcommand is None:
        list_studies(as_json)


@app.command("list")
def list_studies(as_json: AsJson = False) -> None:
    """List the ready studies."""
    studies = [_summary(name, read_study(path)) for name, path in ready_studies().items()]
    if as_json:
        typer.echo(json.dumps({"studies": studies}, ensure_ascii=False, indent=2))
    else:
        _print_list(studies)


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
    from inferon.cli.telling import written_by
    from inferon.store import write_text

    source = ready_study(name)
    target = to or Path(source.name)
    target = target / source.name if target.is_dir() else target
    if target.exists():
        raise InputError("this file exists already", field="--to", found=str(target), allowed="a new file")
    if not target.parent.is_dir():
        allowed = "a file in a folder that is there"
        raise InputError("there is no such folder", field="--to", found=str(target.parent), allowed=allowed)
    with written_by("--to"):
        write_text(source.read_text(encoding="utf-8"), target)
    typer.echo(f"{target} is yours to change; `inferon run {target}` runs it.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a study file, for editors."""
    typer.echo(json.dumps(study_schema(), ensure_ascii=False, indent=2))


@app.command()
def check(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study file, or the name of a ready study.")],
    resolved: Annotated[bool, typer.Option("--resolved", help="Print the study with every default.")] = False,
) -> None:
    """Read a study as a run would, and say whether it is sound."""
    from inferon.cli.named_study import read_named_study
    from inferon.run.catalogues import check_study_names, settled

    found = read_named_study(study)
    check_study_names(found)
    found = settled(found)
    if resolved:
        typer.echo(resolved_yaml(found), nl=False)
    else:
        typer.echo(f"{study} is sound: {_in_words(found)}.")


@app.command()
def systems(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of a system; without it they are listed.")
    ] = None,
) -> None:
    """The systems a study can be made of: populations, drugs with units, settings, endpoints."""
    from inferon.run.systems import NAMES

    if name is None:
        for known in NAMES:
            typer.echo(f"{known:18}{_title(known)}")
        return
    if name not in NAMES:
        raise InputError("there is no such system", field="NAME", found=name, allowed=list(NAMES))
    for heading, rows in _parts(name).items():
        typer.echo(f"{heading}:" + ("" if rows else " none"))
        for key, words in rows.items():
            typer.echo(f"  {key}: {words}" if words else f"  {key}")


def _title(name: str) -> str:
    from inferon.run.systems import TRANSPLANT, system

    return TRANSPLANT_TITLE if name == TRANSPLANT else system(name).title


def _parts(name: str) -> dict[str, dict[str, str]]:
    """What a study of the system can name, in words."""
    from inferon.run.catalogues import FAMILIES, INTERFERONS, POPULATIONS
    from inferon.run.systems import TRANSPLANT, system
    from inferon.trial import ENDPOINTS

    if name == TRANSPLANT:
        return {
            "populations": dict.fromkeys(POPULATIONS, ""),
            "families": dict.fromkeys(FAMILIES, ""),
            "drugs": _drugs(INTERFERONS),
            "endpoints": {key: f"{endpoint.label} ({endpoint.kind})" for key, endpoint in ENDPOINTS.items()},
        }
    chosen = system(name)
    return {
        "populations": dict(chosen.populations),
        "drugs": _drugs(chosen.drugs),
        "settings": {key: f"{s.meaning} (default: {s.default})" for key, s in chosen.settings.items()},
        "endpoints": {key: f"{e.label} ({e.kind}, {e.unit})" for key, e in chosen.endpoints.items()},
    }


def _drugs(drugs: Mapping[str, Drug]) -> dict[str, str]:
    return {name: f"{' or '.join(drug.units)}, {' or '.join(drug.routes)}" for name, drug in drugs.items()}


def _summary(name: str, study: Study) -> dict[str, Any]:
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


def _print_list(studies: list[dict[str, Any]]) -> None:
    """Two lines a study: its name with model and size, and its title."""
    for study in studies:
        size = f"{len(study['arms'])} arms of {study['size']:,}"
        typer.echo(f"{study['name']:32}{study['model']:17}{size}\n    {study['title']}")
