"""`inferon run`: a whole study, from its file to its report."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)


@app.command()
def run(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file, or the name of a ready study (`inferon studies`).")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run; default runs/NAME.")] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads (default: all cores); changes no result.")
    ] = None,
    chunk: Annotated[
        int, typer.Option("--chunk", min=1, help="Patients simulated and checkpointed at a time; changes no result.")
    ] = 1000,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Another seed than the study's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a summary.")] = False,
) -> None:
    """Run a whole study: patients, simulation, trial, estimates, report.

    A run that was killed goes on where it stopped when the same command is given again.
    """
    from inferon.cli.named_study import read_named_study
    from inferon.cli.telling import written_by
    from inferon.run import check_study_names, run_study
    from inferon.study import revise

    specification = read_named_study(study)
    if seed is not None:
        specification = revise(specification, {"seed": seed})
    check_study_names(specification)
    folder = out or Path("runs") / Path(study).stem
    _refuse_file(folder)
    with written_by("--out"), _progress(quiet=as_json) as step:
        result = run_study(
            specification,
            folder,
            threads=threads or os.cpu_count() or 1,
            chunk=chunk,
            step=step,
            command=_command(study, out, seed),
        )
    if as_json:
        typer.echo(
            json.dumps({**result.estimates, "provenance": result.provenance}, ensure_ascii=False, allow_nan=False)
        )
    else:
        _summary(result)


def _refuse_file(folder: Path) -> None:
    from inferon.study import InputError

    if folder.exists() and not folder.is_dir():
        raise InputError(
            "a run is a folder", field="--out", found=str(folder), allowed="a folder, or a name not yet taken"
        )


def _command(study: str, out: Path | None, seed: int | None) -> str:
    words = ["inferon run", study]
    words += ["--out", out.name] if out else []
    words += ["--seed", str(seed)] if seed is not None else []
    return " ".join(words)


class _progress:
    """Progress bars on the error stream; nothing when the output is for machines."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty())

    def __enter__(self) -> Callable[[str, int], Callable[[int], object]]:
        self._bars.start()
        return self._step

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def _step(self, name: str, total: int) -> Callable[[int], object]:
        task = self._bars.add_task(name, total=total)
        return lambda done: self._bars.advance(task, done)


def _summary(result: Any) -> None:
    """Relapse by arm and time: the first family with its interval, and the span of all families."""
    from rich.console import Console
    from rich.table import Table

    estimates = result.estimates
    if "system" in estimates:
        _system_summary(result)
        return
    families = list(next(iter(estimates["arms"].values()))["families"])
    table = Table(
        title=estimates["study"], caption=f"{estimates['population']}; intervals are those of the virtual cohort"
    )
    for heading in ("arm", "day", f"relapse, {families[0]}", "95 % interval", f"span of {len(families)} families"):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    for arm, held in estimates["arms"].items():
        rows = [held["families"][family]["endpoints"].get("relapse", []) for family in families]
        for at_time in zip(*rows, strict=True):
            found = [100 * row["estimate"] for row in at_time]
            span = f"{min(found):.1f}–{max(found):.1f} %"
            table.add_row(arm, f"{at_time[0]['time_days']:.0f}", *_numbers(at_time[0]), span)
    console = Console()
    console.print(table)
    _report_line(console, result)


def _system_summary(result: Any) -> None:
    """The first endpoint of the study by arm and time, with what was published for it."""
    from rich.console import Console
    from rich.table import Table

    estimates, endpoints = result.estimates, result.estimates["endpoints"]
    name = next(iter(endpoints))
    unit = endpoints[name]["unit"]
    time = _primary_time(estimates, name)
    table = Table(title=f"{estimates['study']}, day {time:.0f}", caption="intervals are those of the virtual cohort")
    heading = f"{endpoints[name]['label']}, {unit}"
    for words in ("arm", heading, "95 % interval", "published"):
        table.add_column(words, justify="left" if words == "arm" else "right", overflow="fold")
    for arm, held in estimates["arms"].items():
        rows = [row for row in held["families"]["reference"]["endpoints"][name] if abs(row["time_days"] - time) < 1]
        quoted = [
            f"{_in_unit(item['estimate'], unit)} ({item['source']})"
            for item in estimates["published"]
            if (item["arm"], item["endpoint"]) == (arm, name) and abs(item["time_days"] - time) < 1
        ]
        for row in rows:
            limits = "–" if row["lower"] is None else f"{_in_unit(row['lower'], unit)}–{_in_unit(row['upper'], unit)}"
            table.add_row(arm, _in_unit(row["estimate"], unit), limits, "\n".join(quoted))
    console = Console()
    console.print(table)
    _report_line(console, result)


def _primary_time(estimates: dict[str, Any], endpoint: str) -> float:
    """When the endpoint was published for first, else the end."""
    published = [item["time_days"] for item in estimates["published"] if item["endpoint"] == endpoint]
    held = next(iter(estimates["arms"].values()))["families"]["reference"]["endpoints"][endpoint]
    return (published or [row["time_days"] for row in held][-1:] or [0.0])[0]


def _in_unit(value: float, unit: str) -> str:
    return f"{100 * value:.1f}" if unit == "%" else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _report_line(console: Any, result: Any) -> None:
    seconds = sum(result.provenance["timings_seconds"].values())
    console.print(
        f"Report: {result.report}   ({result.provenance['patients_simulated']:,} virtual patients, {seconds:.0f} s)"
    )


def _numbers(row: dict[str, Any]) -> tuple[str, str]:
    limits = "–" if row["lower"] is None else f"{100 * row['lower']:.1f}–{100 * row['upper']:.1f} %"
    return f"{100 * row['estimate']:.1f} %", limits
