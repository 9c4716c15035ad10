"""The command line: one command a file, and a file is opened only when its command is used.

`inferon.cli.<command>` holds a typer application called `app` (made with `add_completion=False`); its name and its
line of help stand in COMMANDS, so that `inferon --help` and the completion of names load nothing that computes.

Exit codes: 0 done; 1 an internal failure; 2 the input is wrong (one sentence on the error stream, nothing written);
130 interrupted.
"""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "run": "Run a whole study: patients, simulation, trial, estimates, report.",
    "studies": "List the ready studies; show, copy or check a study.",
    "analyse": "Competing-risk and survival analysis of patient data.",
    "models": "The biology: modules, equations, parameters with their sources.",
    "simulate": "One virtual patient or a cohort under any regimen; table and picture.",
    "doctor": "What is installed, what is missing, and a self-check.",
}
INTERRUPTED = {"run": "Interrupted; the run can be resumed with the same command."}
"""What an interruption means for a command; of the others nothing is left to go on with."""


class LazyGroup(TyperGroup):
    """A group of commands that are imported when they are used, not when they are listed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name=name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command, for running it or for completing its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, (_imported(name) if name and command else command), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an interruption leaves with 130 and, where one can go on, says how."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise SystemExit(_interrupted()) from None


def _imported(name: str) -> Any:
    command = typer.main.get_command(import_module(f"inferon.cli.{name}").app)
    command.name = name
    return command


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"inferon {version('inferon')}")
        raise typer.Exit


app = typer.Typer(
    name="inferon",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal failure.")] = False,
) -> None:
    """An in-silico clinical-trial laboratory for interferon therapy of leukaemia. For research only."""


def main() -> None:
    """Run the command line; every failure becomes one line on the error stream and an exit code."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except Exception as error:
        sys.exit(_failed(error))


def _failed(error: Exception) -> int:
    from inferon.study.errors import InputError

    if isinstance(error, InputError):
        return _tell(str(error), code=2)
    arguments = sys.argv[1:]
    if "--debug" in arguments[:1]:
        raise error
    again = " ".join(["inferon --debug", *arguments])
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _tell(f"Inferon failed ({what}); `{again}` shows where.", code=1)


def _interrupted() -> int:
    command = next((word for word in sys.argv[1:] if word in COMMANDS), "")
    return _tell(INTERRUPTED.get(command, "Interrupted."), code=130)


def _tell(sentence: str, *, code: int) -> int:
    typer.echo(sentence, err=True)
    return code
