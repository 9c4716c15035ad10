"""`inferon models`: the biology, as a reader would open it: modules, equations, parameters with their sources, cards.

A file a command: listing (`list`), show, export, check, courses, pages. Each imports what computes when it is used.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from inferon.cli.models import check, courses, export, listing, pages, show
from inferon.cli.models.arguments import AsJson


class _Models(TyperGroup):
    """A word that is no command is the name of a model to show: `inferon models marrow`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command and its arguments."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


app = typer.Typer(cls=_Models, add_completion=False, no_args_is_help=False, invoke_without_command=True)


@app.callback()
def models(context: typer.Context, as_json: AsJson = False) -> None:
    """The biology: modules, equations, parameters with their sources. Without a command: the list."""
    if context.invoked_subcommand is None:
        listing.list_models(as_json)


app.command("list")(listing.list_models)
for command in (show.show, export.export, check.check, courses.courses, pages.pages):
    app.command()(command)
