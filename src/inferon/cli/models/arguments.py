"""What several of the commands take: the name of a model, the joined model, one JSON object."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A module, folder of closed forms or composite model (`inferon models list`)."),
]
Composite = Annotated[bool, typer.Option("--composite", help="The joined model, where a module has the same name.")]


def require_model(name: str, *, composite: bool) -> None:
    """Raise ``InputError`` for a name that is no model."""
    from inferon.cli.models.description import names
    from inferon.study import InputError, nearest

    allowed = names(composite=composite)
    if name not in allowed:
        raise InputError(
            "there is no such model", field="NAME", found=name, allowed=allowed, meant=nearest(name, allowed)
        )
