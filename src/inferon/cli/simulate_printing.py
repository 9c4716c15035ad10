"""How `inferon simulate` tells a simulation on a terminal: what was asked, where the quantities stand, events, files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from inferon.simulation import Simulation

_WIDTH_OF_VALUE, _WIDTH_OF_BAND, _WIDTH_OF_NAMES = 11, 18, 26
_MOST_COLUMNS, _FEWEST_COLUMNS = 7, 2


def print_simulation(found: Simulation, written: Sequence[Path]) -> None:
    """A heading, replaced values, a table of quantities over time, one of events, notes and the files."""
    from rich.console import Console

    console = Console()
    console.print(f"[bold]{found.model}[/bold]: {found.title}", highlight=False)
    who = found.population if found.patients == 1 else f"{found.population}, {found.patients:,} patients"
    console.print(f"{who}; {_given(found)}", highlight=False)
    for sentence in found.changed:
        console.print(f"changed  {sentence}", highlight=False, markup=False)
    console.print(_quantities(found, console.width))
    if found.event_table.height:
        console.print(_events(found))
    for sentence, count in found.unsolved.items():
        console.print(f"{count} patients could not be solved: {sentence}", style="bold", highlight=False)
    for note in found.notes:
        console.print(note, highlight=False)
    folder = written[0].parent
    console.print(f"Written to {folder}: {', '.join(path.name for path in written)}", highlight=False, soft_wrap=True)
    console.print("For research only.", highlight=False)


def _given(found: Simulation) -> str:
    if not found.doses.height:
        return "nothing given"
    lines = found.doses.group_by("drug", "amount", "unit", maintain_order=True).agg(
        count=pl.len(), first=pl.col("day").min(), last=pl.col("day").max()
    )
    return "; ".join(_line(row) for row in lines.iter_rows(named=True))


def _line(row: dict[str, Any]) -> str:
    unit = "%" if row["unit"] == "%" else row["unit"]
    what = f"{row['drug']} {row['amount']:g} {unit}".rstrip()
    if row["count"] == 1:
        return f"{what} {'from' if unit == '%' else 'on'} day {row['first']:g}"
    return f"{what}, {row['count']} doses from day {row['first']:g} to day {row['last']:g}"


def _quantities(found: Simulation, width: int) -> Any:
    """Quantities down, times across: the value of one patient, or the median with the band of 5 to 95 %."""
    table = _table()
    chosen = _times(found, width)
    table.add_column("", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    unit = "day" if found.time_unit == "days" else "time"
    for time in chosen:
        table.add_column(f"{unit} {time:.4g}", justify="right", no_wrap=True)
    for name in found.quantities:
        rows = found.bands.filter((pl.col("quantity") == name) & pl.col(found.time).is_in(chosen)).sort(found.time)
        table.add_row(name, found.units[name], *(_cell(row, found.patients > 1) for row in rows.iter_rows(named=True)))
    if found.patients > 1:
        followed = found.bands.filter((pl.col("quantity") == found.quantities[0]) & pl.col(found.time).is_in(chosen))
        table.add_row("followed", "patients", *(str(n) for n in followed.sort(found.time)["n"]))
    return table


def _times(found: Simulation, width: int) -> list[float]:
    """As many times as the width has room for, evenly spread, on whole days where there are such."""
    times = found.bands[found.time].unique().sort()
    whole = times.filter((times - times.round()).abs() < 1e-9)
    known = whole if len(whole) > _MOST_COLUMNS else times
    room = (width - _WIDTH_OF_NAMES) // (_WIDTH_OF_VALUE if found.patients == 1 else _WIDTH_OF_BAND)
    columns = min(max(room, _FEWEST_COLUMNS), _MOST_COLUMNS)
    return known.gather(np.unique(np.linspace(0, len(known) - 1, columns).round().astype(int))).to_list()


def _cell(row: dict[str, Any], many: bool) -> str:
    if row["median"] is None:
        return "–"
    return number(row["median"]) + (f"\n{number(row['lower'])}–{number(row['upper'])}" if many else "")


def number(value: float) -> str:
    """Three figures, without the powers of ten where they can be spared."""
    if value == 0 or 0.001 <= abs(value) < 10_000:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.2e}"


def _events(found: Simulation) -> Any:
    table = _table()
    table.add_column("event")
    if found.patients == 1:
        table.add_column("day", justify="right")
        for row in found.event_table.iter_rows(named=True):
            table.add_row(_words(row["event"]), "not seen" if row["median"] is None else f"{row['median']:.1f}")
        return table
    for heading in ("patients", "share", "median day", "5–95 %"):
        table.add_column(heading, justify="right")
    for row in found.event_table.iter_rows(named=True):
        days = (
            ("–", "–") if row["median"] is None else (f"{row['median']:.1f}", f"{row['lower']:.1f}–{row['upper']:.1f}")
        )
        share = "–" if row["share"] is None else f"{100 * row['share']:.1f} %"
        table.add_row(_words(row["event"]), str(row["patients"]), share, *days)
    return table


def _words(event: str) -> str:
    """The name of an event in words; a condition stays as it was written."""
    if " " in event:
        return event
    return re.sub(r"(\d) (\d)", r"\1–\2", event.replace("_", " ").replace("gvhd", "GVHD"))


def _table() -> Any:
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
