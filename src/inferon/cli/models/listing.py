"""`inferon models list`: what models there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer

from inferon.cli.models.arguments import AsJson


def list_models(as_json: AsJson = False) -> None:
    """List modules, samplers and closed forms, and the composite models made of modules."""
    from inferon.cli.models.description import listed

    if as_json:
        typer.echo(json.dumps(listed(), ensure_ascii=False))
    else:
        _print_list(listed())


def _print_list(found: Mapping[str, Any]) -> None:
    """Modules, closed forms and composites, a table each."""
    from inferon.cli.models.tables import print_table

    modules = [(n, ", ".join(ends["inputs"]), ", ".join(ends["outputs"])) for n, ends in found["modules"].items()]
    print_table("Modules", ("name", "takes", "gives"), modules)
    forms = [(folder, ", ".join(functions)) for folder, functions in found["closed_forms"].items()]
    print_table("Samplers and closed forms", ("name", "functions"), forms)
    print_table("Composite models", ("name", "what it is"), found["composites"].items())
