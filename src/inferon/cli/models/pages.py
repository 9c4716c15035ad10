"""`inferon models pages`: the documentation of the biology, a page a folder, written from what the models themselves say.

Findings of the acceptance checks are kept beside the pages in ``checks.json``, so that writing the pages again needs no minutes;
writing them twice gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from inferon.cli.models.page_text import Findings

CHECKS = "checks.json"
_DIGITS = 4


def pages(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the pages, as in docs/models.")],
    checks: Annotated[
        bool,
        typer.Option("--checks", help="Run the acceptance checks again (minutes) instead of keeping what they found."),
    ] = False,
) -> None:
    """Write the documentation of the biology: a page a module with card, equations, parameters, checks and a picture."""
    for path in write_pages(folder, run_checks=checks):
        typer.echo(str(path))


def write_pages(folder: Path, *, run_checks: bool = False, pictures: Sequence[str] | None = None) -> list[Path]:
    """Write every page, the index and the pictures (all or the named); findings where none are kept or ``run_checks`` is set."""
    import vl_convert

    from inferon.cli.models.figures import PICTURES
    from inferon.cli.models.page_text import IMAGES, page_texts
    from inferon.cli.telling import written_by
    from inferon.store import make_folder, write_json, write_text

    kept = folder / CHECKS
    with written_by("FOLDER"):
        make_folder(folder / IMAGES)
        findings = _found() if run_checks or not kept.exists() else kept_findings(kept)
        write_json(findings, kept)
        texts = page_texts(findings)
        drawn = PICTURES if pictures is None else pictures
        texts |= {f"{IMAGES}/{n}.svg": vl_convert.vegalite_to_svg(PICTURES[n].chart().to_dict()) for n in drawn}
        for name, text in texts.items():
            write_text(text, folder / name)
    return [kept, *(folder / name for name in texts)]


def kept_findings(path: Path) -> Findings:
    """The findings kept beside the pages; raises ``InputError`` where the file is something else."""
    from inferon.study import InputError

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        _ = found["checks"], found["counts"]
    except (ValueError, KeyError, TypeError):
        allowed = "what `inferon models check --all --json` prints"
        raise InputError("the file holds no findings", file=path, allowed=allowed) from None
    return found


def _found() -> Findings:
    from inferon.cli.models.check import chosen_checks, found_by, plain

    return _rounded(plain(found_by(chosen_checks([], everything=True))))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(inside) for key, inside in value.items()}
    return [_rounded(inside) for inside in value] if isinstance(value, list) else value
