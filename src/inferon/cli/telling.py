"""What goes wrong in a room, told in the words of the command line: the option that named a value, a file or a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def told_by_option(options: Mapping[str, str]) -> Iterator[None]:
    """Tell an argument of Python as the option (or argument) of the command line that gave it.

    ``options`` has the option by argument. A field may say more behind the argument, as "dose 2" does.
    """
    from inferon.study import InputError

    try:
        yield
    except InputError as error:
        argument, _, rest = (error.field or "").partition(" ")
        if error.file is None and argument in options:
            error.field = f"{options[argument]} {rest}".rstrip()
        raise


@contextmanager
def written_by(option: str) -> Iterator[None]:
    """Tell a file or folder that cannot be written as what is wrong with the option that named it."""
    from inferon.store import WriteError
    from inferon.study import InputError

    try:
        yield
    except WriteError as error:
        allowed = "a place one can write to, with room for the files"
        message = f"{error.message} ({error.reason})"
        raise InputError(message, field=option, found=str(error.filename), allowed=allowed) from error
