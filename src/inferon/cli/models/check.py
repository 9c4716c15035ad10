"""`inferon models check`: which checks are meant, running them, and their findings as a table or as plain values."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inferon.cli.models.arguments import AsJson

if TYPE_CHECKING:
    from inferon.evidence.check import Check, Finding

EXPLANATION = (
    "A misfit is a known disagreement with the specification; its note says why it stands, and so does the card."
)


def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Modules or ids of checks (`marrow`, `C2`).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every check of every module.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the acceptance checks of the biology: expected, obtained, verdict. Leaves with 1 if a finding fails.

    A misfit (a known disagreement with the specification, with its reason) is shown and counted but is no failure.
    """
    findings = found_by(chosen_checks(names or [], everything=everything))
    if as_json:
        typer.echo(json.dumps(plain(findings), ensure_ascii=False, allow_nan=False))
    else:
        _print_findings(findings)
    if counts(findings)["fail"]:
        raise typer.Exit(1)


def chosen_checks(names: Sequence[str], *, everything: bool) -> tuple[Check, ...]:
    """The checks meant by modules and ids, each once, by letter and number; raises ``InputError`` for a name that is neither."""
    from inferon.evidence.check import all_checks
    from inferon.study import InputError, nearest

    checks = all_checks()
    modules = sorted({one.module for one in checks})
    if everything == bool(names):
        allowed = f"{', '.join(modules)}, an id such as {checks[0].id}, or --all alone"
        found = " ".join(("--all", *names)) if everything else "nothing"
        raise InputError("name what to check", field="NAME", found=found, allowed=allowed)
    known = {name.casefold(): name for name in (*modules, *(one.id for one in checks))}
    for name in names:
        if name.casefold() not in known:
            allowed = f"{', '.join(modules)}, or an id from {checks[0].id} to {checks[-1].id}"
            meant = nearest(name, known.values())
            raise InputError("there is no such check", field="NAME", found=name, allowed=allowed, meant=meant)
    meant_names = {known[name.casefold()] for name in names}
    return tuple(one for one in checks if everything or meant_names & {one.id, one.module})


def found_by(checks: Sequence[Check]) -> list[Finding]:
    """Run the checks one after another, with a bar on the error stream where somebody is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from inferon.evidence.check import run_checks

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    findings: list[Finding] = []
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task("checks", total=len(checks))
        for one in checks:
            bars.update(task, description=f"{one.id} {one.title}")
            findings += run_checks([one])
            bars.advance(task)
    return findings


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings by verdict; every verdict has a number."""
    from inferon.evidence.check import FAIL, MISFIT, PASS

    verdicts = [finding.verdict for finding in findings]
    return {verdict: verdicts.count(verdict) for verdict in (PASS, MISFIT, FAIL)}


def plain(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as one object of plain values, grouped by check; what is no finite number is a word or null."""
    checks: dict[str, dict[str, Any]] = {}
    for finding in findings:
        held = checks.setdefault(
            finding.check, {"id": finding.check, "module": finding.module, "title": finding.title, "findings": []}
        )
        held["findings"].append(
            {
                "quantity": finding.quantity,
                "expected": finding.expected,
                "lower": _finite(finding.lower),
                "upper": _finite(finding.upper),
                "obtained": finding.obtained if _finite(finding.obtained) is not None else str(finding.obtained),
                "verdict": finding.verdict,
                "note": finding.note,
            }
        )
    return {"checks": list(checks.values()), "counts": counts(findings), "explanation": EXPLANATION}


def _finite(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _print_findings(findings: Sequence[Finding]) -> None:
    """The findings as a table, module by module, and one line that counts them."""
    from rich.console import Console

    console = Console()
    by_module: dict[str, list[Finding]] = {}
    for finding in findings:
        by_module.setdefault(finding.module, []).append(finding)
    for module, held in by_module.items():
        console.print(_table(module, held), "")
    number = counts(findings)
    console.print(f"{len(findings)} findings: " + ", ".join(f"{v} {k}" for k, v in number.items()) + ".")
    if number["misfit"]:
        console.print(EXPLANATION)


def _table(module: str, findings: Sequence[Finding]) -> Any:
    """One module's findings; a column of notes only where there is one."""
    from rich.table import Table

    table = Table(title=module, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    headings = ["id", "quantity", "expected", "obtained", "verdict", "note"]
    headings = headings if any(finding.note for finding in findings) else headings[:-1]
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in ("id", "verdict"))
    for finding in findings:
        style = {"fail": "bold red", "misfit": "yellow"}.get(finding.verdict)
        table.add_row(*_row(finding)[: len(headings)], style=style)
    return table


def _row(finding: Finding) -> tuple[str, ...]:
    """Texts of one row; behind an expected number stands the interval that counts as agreeing."""
    from rich.markup import escape

    expected = finding.expected
    if _is_number(expected) and finding.lower is not None and finding.upper is not None:
        expected += f" ({finding.lower:.4g} to {finding.upper:.4g})"
    obtained = f"{finding.obtained:.4g}" if isinstance(finding.obtained, float) else str(finding.obtained)
    return tuple(
        escape(text) for text in (finding.check, finding.quantity, expected, obtained, finding.verdict, finding.note)
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
