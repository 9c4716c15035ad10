"""`inferon simulate`: one virtual patient or a cohort of one model under a regimen typed on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)

OPTIONS = {
    **{
        name: f"--{name}" for name in ("dose", "records", "drug", "compartment", "days", "show", "when", "vary", "seed")
    },
    **{"model": "MODEL", "parameters": "--set", "step": "--every"},
    **{name: f"--{name}" for name in ("patients", "patient", "population")},
}
"""Which option gives an argument of `inferon.simulation`."""


@app.command()
def simulate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model (`inferon models`), or a file of Antimony (.ant) or SBML (.xml).",
            show_default=False,
        ),
    ],
    dose: Annotated[
        list[str] | None,
        typer.Option(help='As in "peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"; repeat.'),
    ] = None,
    records: Annotated[Path | None, typer.Option(help="NONMEM-style table of doses, instead of --dose.")] = None,
    drug: Annotated[str | None, typer.Option(help="Interferon product of the records.")] = None,
    compartment: Annotated[
        list[str] | None, typer.Option(help="CMT=STATE: where the records' doses go; repeat.")
    ] = None,
    days: Annotated[float | None, typer.Option(help="Last day; 365 unless records say otherwise.")] = None,
    show: Annotated[str | None, typer.Option(help="Quantities, as in L,ANC,G.")] = None,
    when: Annotated[list[str] | None, typer.Option(help='Look for a condition, as in "ANC < 0.5"; repeat.')] = None,
    patients: Annotated[int | None, typer.Option(help="Virtual patients; without: the typical patient.")] = None,
    patient: Annotated[int | None, typer.Option(help="One patient of the population, by number.")] = None,
    population: Annotated[str | None, typer.Option(help="Population, where a model has several.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="SYMBOL=VALUE in place of a table's; repeat.")
    ] = None,
    vary: Annotated[list[str] | None, typer.Option(help="NAME=CV: let a parameter vary; repeat.")] = None,
    every: Annotated[float | None, typer.Option(help="Days between two rows of the table.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads (default: all cores); changes no result.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of tables and picture; default simulations/MODEL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a summary.")] = False,
) -> None:
    """Simulate one virtual patient or a cohort under any regimen; tables, a picture and a summary.

    inferon simulate transplant --dose "peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1" --show L,ANC,G

    inferon simulate cml_first_line --dose "imatinib 100 % from day 0" --patients 200 --days 730
    """
    from inferon.cli.simulate_printing import print_simulation
    from inferon.cli.telling import told_by_option, written_by
    from inferon.simulation import simulate as simulate_regimen
    from inferon.simulation import simulate_table, write_simulation

    shared = {
        "show": _words(show),
        "parameters": _pairs(change, "set"),
        "step": every,
        "threads": threads or os.cpu_count() or 1,
    }
    with told_by_option(OPTIONS):
        if records is not None:
            refused = {
                "dose": dose,
                "when": when,
                "patients": patients,
                "patient": patient,
                "population": population,
                "vary": vary,
            }
            _refuse(refused, "a table of records says who receives what")
            into = {_whole(number): state for number, state in _pairs(compartment, "compartment").items()}
            found = simulate_table(model, records, drug=drug, compartments=into, days=days, **shared)
        else:
            _refuse({"drug": drug, "compartment": compartment}, "this belongs to a table of records (--records)")
            found = simulate_regimen(
                model,
                doses=dose or (),
                days=365.0 if days is None else days,
                when=when or (),
                patients=patients,
                patient=patient,
                population=population,
                vary=_pairs(vary, "vary"),
                seed=seed,
                **shared,
            )
    with written_by("--out"):
        written = write_simulation(found, out or Path("simulations") / Path(model).stem)
    if as_json:
        plain = {**found.plain(), "files": [str(path) for path in written]}
        typer.echo(json.dumps(plain, ensure_ascii=False, allow_nan=False))
    else:
        print_simulation(found, written)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def _pairs(written: list[str] | None, field: str) -> dict[str, Any]:
    """NAME=VALUE options as a mapping; a name given twice and one without a value are refused."""
    from inferon.study import InputError

    found: dict[str, Any] = {}
    for text in written or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InputError("", field=f"--{field}", found=text, allowed="NAME=VALUE")
        if name in found:
            raise InputError("this is said twice", field=f"--{field}", found=name, allowed="once")
        found[name] = value
    return found


def _whole(text: str) -> int:
    from inferon.study import InputError

    if not text.isdecimal():
        raise InputError("", field="--compartment", found=text, allowed="NUMBER=STATE")
    return int(text)


def _refuse(options: dict[str, Any], message: str) -> None:
    from inferon.study import InputError

    for name, value in options.items():
        if value not in (None, []):
            raise InputError(
                message,
                field=f"--{name}",
                found=value if isinstance(value, (str, int)) else value[0],
                allowed="nothing",
            )
