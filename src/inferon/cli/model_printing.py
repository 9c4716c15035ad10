"""How `inferon models` prints the list of models and one model on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def print_list(found: Mapping[str, Any]) -> None:
    """Modules, closed forms and composites, a table each."""
    modules = [(n, ", ".join(ends["inputs"]), ", ".join(ends["outputs"])) for n, ends in found["modules"].items()]
    _print_table("Modules", ("name", "takes", "gives"), modules)
    forms = [(folder, ", ".join(functions)) for folder, functions in found["closed_forms"].items()]
    _print_table("Samplers and closed forms", ("name", "functions"), forms)
    _print_table("Composite models", ("name", "what it is"), found["composites"].items())


def print_model(described: Mapping[str, Any]) -> None:
    """Card, couplings, equations and closed forms as text, parameters with status and source, further tables."""
    from rich.markdown import Markdown

    console = _console()
    console.rule(described["name"])
    console.print(Markdown(described["card"]))
    for end in ("inputs", "outputs", "couplings"):
        if described.get(end):
            named = ", ".join(f"{n} ({u})" for n, u in described[end].items())
            console.print(f"\n[bold]{end.capitalize()}[/bold]: {named}")
    if "equations" in described:
        _print_lines("Equations", [described["equations"]])
    for title, sign in (("rates", "' = "), ("assigned", " := "), ("events", ": at ")):
        if described.get(title):
            _print_lines(title.capitalize(), (f"{n}{sign}{e}" for n, e in described[title].items()))
    if described.get("closed_forms"):
        _print_lines("Closed forms", _formulas(described))
    console.rule("Parameters")
    _print_parameters(described["parameters"])
    for name, rows in described.get("tables", {}).items():
        _print_table(name, tuple(rows[0]), (tuple(row.values()) for row in rows))


def _console() -> Any:
    from rich.console import Console

    return Console()


def _print_lines(title: str, lines: Iterable[str]) -> None:
    console = _console()
    console.rule(title)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _formulas(described: Mapping[str, Any]) -> Iterable[str]:
    for form in described["closed_forms"]:
        if form["question"]:
            yield f"// {form['question'].splitlines()[0]}"
        yield from form["steps"]
        yield ""
    yield from (f"{name} = {value}" for name, value in described["definitions"].items())


def _print_table(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == headings[0])
    for row in rows:
        table.add_row(*map(escape, row))
    _console().print(table, "")


def _print_parameters(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("symbol", "value", "unit", "range", "CV", "status", "source"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("symbol", "value", "unit"))
    for row in rows:
        table.add_row(*parameter_cells(row))
    _console().print(table)


def parameter_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Symbol, value, unit, range, variability, status and source of one row as texts."""
    bounds = f"{row['lower']:g}–{row['upper']:g}" if row["lower"] is not None and row["upper"] is not None else ""
    cv = f"{100 * row['variability']:.0f} %" if row["variability"] else ""
    value = row["value"] if isinstance(row["value"], str) else f"{row['value']:.10g}"
    return row.get("name", row["symbol"]), value, row["unit"], bounds, cv, row["status"], row["source"]
