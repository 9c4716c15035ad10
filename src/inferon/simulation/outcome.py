"""From the engine's arrays to the frames of a simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from inferon.cohort import Cohort
from inferon.engine import Batch, Status
from inferon.simulation.models import Subject, unit_text
from inferon.simulation.people import TYPICAL
from inferon.simulation.question import Question
from inferon.simulation.regimens import PERCENT, Order
from inferon.simulation.results import Simulation
from inferon.simulation.special import FEW


def result(question: Question, cohort: Cohort, batch: Batch, extinct: np.ndarray | None) -> Simulation:
    """The simulation as frames, from a batch that has reached its end; ``extinct``: in whom the last cells died, if drawn."""
    subject, columns = question.subject, short_columns(question.shown)
    places = [batch.model.kernel.readouts.index(name) for name in question.shown]
    solved = np.array([not Status(int(code)).failed for code in batch.status])
    samples = np.where(solved[:, None, None], batch.samples[:, :, places], np.nan)
    times = np.tile(question.grid, len(batch))
    table = {"patient": np.repeat(cohort.patients, len(question.grid)), subject.time: times}
    table |= {name: pl.Series(samples[:, :, i].ravel()).fill_nan(None) for i, name in enumerate(columns)}
    units = {column: unit_of(subject, full) for column, full in zip(columns, question.shown, strict=True)}
    return Simulation(
        model=subject.name,
        title=subject.title,
        population=cohort.population,
        seed=question.seed,
        time=subject.time,
        time_unit=subject.time_unit,
        courses=pl.DataFrame(table),
        events=_events(question, cohort, batch, extinct),
        units=units,
        doses=_dose_table(question.orders),
        changed=_changed(question),
        notes=_notes(question, cohort),
    )


def unit_of(subject: Subject, name: str) -> str:
    """Unit of a quantity, from the equations or, where they have none, from the profile."""
    known = subject.profile.spelled.get(name.rpartition("__")[2])
    return known or unit_text(subject.model.units.get(name, ""))


def short_columns(shown: Sequence[str]) -> list[str]:
    """Short names where they stay apart, else full ones."""
    short = [name.rpartition("__")[2] for name in shown]
    return [
        s if short.count(s) == 1 and s not in ("patient", "time", "time_days") else n
        for s, n in zip(short, shown, strict=True)
    ]


def _events(question: Question, cohort: Cohort, batch: Batch, extinct: np.ndarray | None) -> pl.DataFrame:
    columns: dict[str, object] = {
        "patient": cohort.patients,
        "status": [Status(int(code)).sentence for code in batch.status],
    }
    earliest = 0.0 if question.subject.profile.grafted else -np.inf  # what is there before the graft counts from day 0
    for event in batch.model.kernel.events:
        if event.name not in question.subject.profile.inner:
            day = np.maximum(batch.event_day(event.name), earliest)
            columns[f"{event.name}_day"] = pl.Series(np.where(day <= question.end, day, np.nan)).fill_nan(None)
    if extinct is not None:
        day = np.where(extinct, batch.event_day(FEW), np.nan)
        columns["extinction_decided_day"] = pl.Series(day).fill_nan(None)
    for condition in question.conditions:
        values = batch.samples[:, :, batch.model.kernel.readouts.index(condition.quantity)]
        holds = condition.holds(values)
        day = np.where(holds.any(axis=1), question.grid[holds.argmax(axis=1)], np.nan)
        columns[f"{condition.words}_day"] = pl.Series(day).fill_nan(None)
    return pl.DataFrame(columns)


def _dose_table(orders: Sequence[Order]) -> pl.DataFrame:
    """One row a dose; what is taken daily at a level has one for its first day."""
    rows = [
        (day, order.drug, order.amount, order.unit)
        for order in orders
        for day in (order.days[:1] if order.unit == PERCENT else order.days)
    ]
    kinds = {"day": pl.Float64, "drug": pl.String, "amount": pl.Float64, "unit": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row").sort("day", maintain_order=True)


def _changed(question: Question) -> tuple[str, ...]:
    varied = (
        f"{name}: multiplied by a log-normal factor, coefficient of variation {cv:g}"
        for name, cv in question.spread.items()
    )
    return (*(change.sentence for change in question.changes), *varied)


def _notes(question: Question, cohort: Cohort) -> tuple[str, ...]:
    profile = question.subject.profile
    notes = list(profile.notes)
    if cohort.population == TYPICAL and profile.populations and (profile.inner or question.subject.model.events):
        notes.append(
            "What is drawn at random (deaths, side effects, extinction) does not happen to the typical patient."
        )
    if question.conditions:
        gap = float(np.diff(question.grid).max())
        notes.append(
            f"Conditions are looked for every {gap:g} {'days' if not question.subject.own else 'units of time'}."
        )
    return tuple(notes)
