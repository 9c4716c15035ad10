"""A table of NONMEM-style records through a model: what it says at every record, and in between on a grid.

CMT of a model with interferon: 1 under the skin, 2 the part absorbed at constant rate (RATE -2), 3 into a vein; amounts in
micrograms. Other compartments, and those of somebody's own model, are named by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from inferon.engine import Settings, compile_model
from inferon.model.catalogue import DEFAULT_PRODUCT
from inferon.protocol import (
    INTERFERON_COMPARTMENTS,
    INTERFERON_COVARIATES,
    PRODUCTS,
    Compartment,
    Records,
    product,
    read_records,
    simulate_records,
)
from inferon.simulation.changes import Change, by_parameter, by_symbol, find_changes
from inferon.simulation.dosing import CENTRE, Course, product_columns
from inferon.simulation.models import Subject, find_model, full_name, shown_names
from inferon.simulation.outcome import short_columns, unit_of
from inferon.simulation.people import typical_patient
from inferon.simulation.question import times
from inferon.simulation.regimens import Order
from inferon.simulation.results import Simulation
from inferon.study import InputError

_GRID = "on the grid"
_SOLVED = "ok"


def simulate_table(
    model: str,
    data: str | Path,
    *,
    drug: str | None = None,
    compartments: Mapping[int, str] | None = None,
    show: Sequence[str] = (),
    parameters: Mapping[str, float] | None = None,
    days: float | None = None,
    step: float | None = None,
    threads: int = 1,
) -> Simulation:
    """What the model says along the records of ``data`` (CSV or Parquet); the table itself comes back in ``records``.

    ``drug`` is the interferon whose absorption and clearance the typical patient has (where the table has the columns LAG_DEPOT,
    F_DEPOT, F_CENTRE and DURATION, they give each subject's own absorption); ``compartments`` says which state a CMT is.
    Courses go from a subject's first record to its last, or for ``days``. Raises ``InputError`` where table and model do not fit.
    """
    subject = find_model(model, parameters or {})
    if subject.profile.grafted or subject.name == "hairy_cell":
        message = "this model gives more than a table of records holds (a graft, a second copy of the drug)"
        raise InputError(message, field="records", found=model, allowed="regimens; or another model")
    own = _own_absorption(read_records(data))
    records = read_records(data, own)
    changes = find_changes(subject, parameters or {})
    shown = shown_names(subject, show)
    drug = _drug(subject, drug)
    whole = _with_grid(records, days, step)
    compiled = compile_model(
        subject.model, shown, method="implicit" if subject.profile.method == "auto" else subject.profile.method
    )
    found = simulate_records(
        compiled,
        whole,
        compartments=_compartments(subject, drug, bool(own), compartments or {}),
        parameters=_values(subject, drug, changes),
        settings=_settings(subject),
        threads=threads,
    )
    return _simulation(subject, records, found, shown, changes, drug)


def _own_absorption(records: Records) -> tuple[str, ...]:
    there = {name.strip().upper() for name in records.unused}
    return INTERFERON_COVARIATES if there.issuperset(INTERFERON_COVARIATES) else ()


def _drug(subject: Subject, drug: str | None) -> str:
    """The product; empty where the model has no place for one."""
    has_drug = CENTRE in subject.model.state_names
    if drug is not None and (not has_drug or drug not in PRODUCTS):
        allowed = list(PRODUCTS) if has_drug else "none: this model has no interferon"
        raise InputError("", field="drug", found=drug, allowed=allowed)
    return (drug or DEFAULT_PRODUCT) if has_drug else ""


def _compartments(subject: Subject, drug: str, own: bool, named: Mapping[int, str]) -> dict[int, Compartment]:
    found: dict[int, Compartment] = {}
    if drug:
        found = dict(INTERFERON_COMPARTMENTS)
        if not own:
            typical = typical_patient({}, 0)
            v = {s: float(column[0]) for s, column in product(drug).individual(typical.effects, 1).items()}
            found[1] = replace(found[1], lag=v["t_lag"], bioavailability=v["F"] * (1 - v["f0"]))
            found[2] = replace(found[2], bioavailability=v["F"] * v["f0"], duration=v["T0"] or None)
    for number, state in named.items():
        found[number] = Compartment(state=full_name(state, subject.model.state_names, field=f"compartment {number}"))
    if not found:
        states = ", ".join(subject.model.state_names[:8])
        raise InputError(
            "no compartment of the table is named",
            field="compartment",
            allowed=f"NUMBER=STATE, with a state of {states}",
        )
    return found


def _values(subject: Subject, drug: str, changes: Sequence[Change]) -> dict[str, float]:
    """Values of the typical patient on the drug, with what is replaced."""
    patient = typical_patient(by_symbol(changes), 0)
    rows = subject.model.parameters
    values = {name: patient.constants[row.symbol] for name, row in rows.items() if row.symbol in patient.constants}
    if drug:
        order = Order(drug=drug, amount=1.0, unit="ug", days=(0.0,))
        columns = product_columns(subject, patient, Course.of_interferon(order))
        values |= {name: float(np.asarray(column).flat[0]) for name, column in columns.items()}
    return {**values, **by_parameter(changes)}


def _settings(subject: Subject) -> Settings:
    floor = dict.fromkeys(subject.model.state_names, -np.inf) if subject.own else {}
    return Settings(rtol=1e-8, default_atol=1e-10, floor=floor)


def _with_grid(records: Records, days: float | None, step: float | None) -> Records:
    """The records with observations in between; as they are where a subject's time runs backwards (after a reset)."""
    table = records.table.with_row_index("row").with_columns(pl.lit(value=False).alias(_GRID))
    if table.select((pl.col("TIME").diff().over("ID") < 0).any()).item():
        return _again(table, records)
    longest = _length(table, days)
    offsets = times(0.0, longest, step)
    span = table.group_by("ID", maintain_order=True).agg(first=pl.col("TIME").min(), last=pl.col("TIME").max())
    if days is not None:
        span = span.with_columns(last=pl.max_horizontal("last", pl.col("first") + days))
    rows = span.join(pl.DataFrame({"offset": offsets}), how="cross").with_columns(
        TIME=pl.col("first") + pl.col("offset")
    )
    rows = (
        rows.filter(pl.col("TIME") <= pl.col("last") + 1e-9)
        .select("ID", "TIME")
        .with_columns(pl.lit(value=True).alias(_GRID))
    )
    order = pl.DataFrame({"ID": table["ID"].unique(maintain_order=True)}).with_row_index("subject")
    whole = pl.concat([table, rows], how="diagonal").join(order, on="ID", how="left", maintain_order="left")
    whole = whole.sort("subject", "TIME", _GRID, "row", maintain_order=True, nulls_last=True)
    # a covariate at a record holds for the interval that ends there, so a time in between has that of the next record
    between = pl.col(*records.covariates).backward_fill().over("ID") if records.covariates else []
    plain = [pl.col(name).fill_null(0) for name in ("AMT", "RATE", "II", "ADDL", "SS", "CMT")]
    marks = [pl.col("EVID").fill_null(2), pl.col("MDV").fill_null(1)]
    return _again(whole.with_columns(*plain, *marks, *([between] if records.covariates else [])), records)


def _again(table: pl.DataFrame, records: Records) -> Records:
    """The table checked again, with the marks of the grid carried as covariates."""
    marked = table.with_columns(pl.col(_GRID).cast(pl.Float64), pl.col("row").cast(pl.Float64).fill_null(-1.0))
    return read_records(marked, (*records.covariates, _GRID, "row"))


def _length(table: pl.DataFrame, days: float | None) -> float:
    spans = table.group_by("ID").agg(length=pl.col("TIME").max() - pl.col("TIME").min())["length"]
    longest = max(float(spans.max() or 0.0), days or 0.0)
    if longest <= 0:
        raise InputError(
            "every subject has one time only", field="days", allowed="a length of time to follow the subjects"
        )
    return longest


def _simulation(
    subject: Subject,
    records: Records,
    found: pl.DataFrame,
    shown: Sequence[str],
    changes: Sequence[Change],
    drug: str,
) -> Simulation:
    short = short_columns(shown)
    found = found.rename(dict(zip(shown, short, strict=True)))
    whole = found.rename({"ID": "patient", "TIME": subject.time})
    between = whole.filter(pl.col(_GRID) == 1)
    seen = between if between.height else whole
    courses = seen.unique(("patient", subject.time), keep="last", maintain_order=True).select(
        "patient", subject.time, *short
    )
    bad = pl.col("status").filter(pl.col("status") != _SOLVED).first().fill_null(_SOLVED)
    events = whole.group_by("patient", maintain_order=True).agg(status=bad)
    doses = _doses(records, drug)
    back = found.filter(pl.col(_GRID) == 0).sort("row").drop(_GRID, "row")
    return Simulation(
        model=subject.name,
        title=subject.title,
        population="subjects of the table",
        seed=0,
        time=subject.time,
        time_unit=subject.time_unit,
        courses=courses,
        events=events,
        units={name: unit_of(subject, full) for name, full in zip(short, shown, strict=True)},
        doses=doses,
        changed=tuple(change.sentence for change in changes),
        notes=(
            f"Read from {Path(records.file or 'the table').name}; columns not read: {', '.join(records.unused) or 'none'}.",
        ),
        records=back,
    )


def _doses(records: Records, drug: str) -> pl.DataFrame:
    """One row a dose, additional ones written out."""
    given = (
        records.table.filter(pl.col("EVID").is_in([1, 4]))
        .with_columns(nth=pl.int_ranges(0, pl.col("ADDL") + 1))
        .explode("nth")
    )
    return given.select(
        (pl.col("TIME") + pl.col("nth") * pl.col("II")).alias("day"),
        pl.format("{}, CMT {}", pl.lit(drug or "dose"), pl.max_horizontal("CMT", 1)).alias("drug"),
        pl.col("AMT").alias("amount"),
        pl.lit("ug" if drug else "").alias("unit"),
    )
