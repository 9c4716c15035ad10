"""Records through a model: what the model says at every record of the table, one row a record in the table's order.

At one time the order is that of NONMEM: doses that became due (additional, or delayed by a lag) come first, then the records
as they stand in the table; a dose record shows the state just after its dose, a reset that just after the reset. A covariate's
value at a record holds for the interval that ENDS at this record (NONMEM's convention), and at a subject's first record and
after a reset for the start as well. Many subjects go side by side: the n-th records of all stretches are reached together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from inferon.engine import Batch, CompiledModel, Settings, Status
from inferon.engine.interventions import carry_on, read_out, set_parameters
from inferon.engine.steady_state import SteadyState, constant_infusion, steady_state
from inferon.protocol.nonmem import Records
from inferon.protocol.record_doses import (
    Compartment,
    Given,
    Queue,
    Value,
    acts_at_once,
    given_doses,
    queued,
    steady_doses,
    stretches,
)
from inferon.study.errors import InputError

SETTINGS = Settings(rtol=1e-8, default_atol=1e-10)


@dataclass(frozen=True)
class _Parameters:
    """The parameter table of the typical patient, and which columns a covariate decides."""

    typical: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The parameter table at the given records, shape (rows, parameters)."""
        table = np.repeat(self.typical, len(rows), axis=0)
        table[:, self.columns] = self.values[rows]
        return table


def simulate_records(
    model: CompiledModel,
    records: Records,
    *,
    compartments: Mapping[int, Compartment],
    parameters: Mapping[str, Value] | None = None,
    settings: Settings = SETTINGS,
    threads: int = 1,
) -> pl.DataFrame:
    """The records' table with the model's read-outs and a ``status`` (``ok`` or why there is no number) at every record.

    ``compartments`` says where a dose with a CMT goes; ``parameters`` gives model parameters a number, or the name of the
    covariate that holds it. Times are in the model's unit. Raises ``InputError`` where table and model do not fit.
    """
    _check_names(model, records)
    known = _parameters(model, records, parameters or {})
    stretch, given = stretches(records), given_doses(model, records, compartments)
    steady = _SteadyRecords.of(model, records, given, known, settings, threads)
    queue = Queue.joined(queued(records, given, stretch), steady.outlasting(records, stretch))
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    doses = queue.doses(len(first))
    batch = Batch(model, known.of(first), start=0.0, doses=doses, settings=settings)
    batch.t[:] = records.column("TIME")[first]
    steady.check_superposition(records, batch, stretch)
    journey = _Journey(records, batch, stretch, given, steady, known, threads)
    values, status = journey.travel()
    shown = {name: pl.Series(values[:, i]).fill_nan(None) for i, name in enumerate(model.kernel.readouts)}
    return records.table.with_columns(**shown, status=pl.Series(status))


def _check_names(model: CompiledModel, records: Records) -> None:
    taken = {*records.table.columns, "status"}
    for name in model.kernel.readouts:
        if name in taken:
            raise InputError("a read-out has the name of a column of the table", found=name, allowed="another name")


def _parameters(model: CompiledModel, records: Records, wanted: Mapping[str, Value]) -> _Parameters:
    typical, columns, values = model.defaults(1), [], []
    for name, value in wanted.items():
        if name not in model.kernel.parameters:
            raise InputError("the model has no such parameter", found=name, allowed=model.kernel.parameters)
        if not isinstance(value, str):
            typical[0, model.column(name)] = value
            continue
        if value not in records.covariates:
            raise InputError("no such covariate was read", field=name, found=value, allowed=list(records.covariates))
        columns.append(model.column(name))
        values.append(records.column(value))
    table = np.column_stack(values) if values else np.zeros((len(records), 0))
    return _Parameters(typical, np.array(columns, dtype=np.int64), table)


@dataclass(frozen=True)
class _SteadyRecords:
    """The dose records with SS: which records, their doses, the state each leads to, and what goes on after."""

    row: np.ndarray
    states: SteadyState | None
    after: Queue | None

    @classmethod
    def of(
        cls, model: CompiledModel, records: Records, given: Given, known: _Parameters, settings: Settings, threads: int
    ) -> _SteadyRecords:
        asked = given.only(records.column("SS")[given.row] > 0)
        if len(asked.row) == 0:
            return cls(asked.row, None, None)
        with_options = {"settings": settings, "threads": threads}
        repeated, constant = asked.only(~asked.constant), asked.only(asked.constant)
        time, doses = records.column("TIME"), steady_doses(records, repeated)
        found = []
        if len(repeated.row):
            within = doses.within.doses(len(repeated.row))
            period, end = records.column("II")[repeated.row], time[repeated.row]
            of_rows = known.of(repeated.row)
            found.append(steady_state(model, of_rows, doses=within, period=period, end=end, **with_options))
        if len(constant.row):
            rows, rate = known.of(constant.row), constant.rate
            end = time[constant.row]
            found.append(constant_infusion(model, rows, rate=rate, state=constant.state, end=end, **with_options))
        fields = SteadyState.__dataclass_fields__
        states = SteadyState(*(np.concatenate([getattr(part, name) for part in found]) for name in fields))
        return cls(np.concatenate([repeated.row, constant.row]), states, doses.after)

    def outlasting(self, records: Records, stretch: np.ndarray) -> Queue:
        """Doses of earlier intervals that still run or are still to come, on the calendar of their stretch."""
        if self.after is None:
            empty = np.zeros(0)
            return Queue(np.zeros(0, np.int64), empty, empty, empty, np.zeros(0, np.int64))
        row = self.row[self.after.patient]
        return replace(self.after, patient=stretch[row], time=records.column("TIME")[row] + self.after.time)

    def check_superposition(self, records: Records, batch: Batch, stretch: np.ndarray) -> None:
        """SS 2 adds amounts; where something is there without any dose, it would be counted twice."""
        added = self.row[records.column("SS")[self.row] == 2]
        wrong = added[(batch.y[stretch[added]] != 0).any(axis=1)]
        if len(wrong):
            message = "a steady state cannot be added to a model that does not start from nothing"
            raise records.fault(int(wrong[0]), "SS", message, found=2, allowed="1")


@dataclass
class _Journey:
    """Records reached one after another, the n-th of all stretches together."""

    records: Records
    batch: Batch
    stretch: np.ndarray
    given: Given
    steady: _SteadyRecords
    known: _Parameters
    threads: int

    def travel(self) -> tuple[np.ndarray, np.ndarray]:
        """Read-outs, shape (records, read-outs), and a sentence for each record."""
        count = len(self.records)
        self.values = np.full((count, len(self.batch.model.kernel.readouts)), np.nan)
        self.status = np.full(count, "ok", dtype=object)
        self.lost = np.full(len(self.batch), "", dtype=object)
        self.dose_of, self.steady_of = _entry_of(self.given.row, count), _entry_of(self.steady.row, count)
        self._begin_steady()
        first = np.flatnonzero(np.diff(self.stretch, prepend=-1))
        place = np.arange(count) - first[self.stretch]
        order = np.argsort(place, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
            self._reach(rows)
        return self.values, self.status

    def _reach(self, rows: np.ndarray) -> None:
        patients = self.stretch[rows]
        going = self.lost[patients] == ""
        self._move(rows[going], patients[going])
        going = self.lost[patients] == ""
        self.values[rows[going]] = read_out(self.batch, patients[going])
        self.status[rows[~going]] = self.lost[patients[~going]]

    def _move(self, rows: np.ndarray, patients: np.ndarray) -> None:
        batch = self.batch
        if len(self.known.columns):
            set_parameters(batch, patients, self.known.columns, self.known.values[rows])
        carry_on(batch, patients, self.records.column("TIME")[rows], threads=self.threads)
        changed = np.concatenate([self._add_steady(rows), self._give(rows)])
        if len(changed):
            carry_on(batch, changed, batch.t[changed], threads=self.threads)
        for patient in patients[batch.status[patients] > Status.PAUSED]:
            self.lost[patient] = Status(int(batch.status[patient])).sentence

    def _begin_steady(self) -> None:
        """SS 1 begins its stretch: the state is put there before anything happens."""
        states = self.steady.states
        if states is None:
            return
        instead = np.flatnonzero(self.records.column("SS")[self.steady.row] == 1)
        patients = self.stretch[self.steady.row[instead]]
        states.put(self.batch, patients, instead)
        self.lost[patients] = states.sentence[instead]

    def _add_steady(self, rows: np.ndarray) -> np.ndarray:
        """SS 2 adds to the state; returns the patients changed."""
        chosen = self.steady_of[rows]
        chosen, states = chosen[chosen >= 0], self.steady.states
        chosen = chosen[self.records.column("SS")[self.steady.row[chosen]] == 2]
        patients = self.stretch[self.steady.row[chosen]]
        if states is not None:
            self.batch.y[patients] += states.y[chosen]
            self.lost[patients] = states.sentence[chosen]
        return patients

    def _give(self, rows: np.ndarray) -> np.ndarray:
        """Boluses that act at their record; returns the patients changed."""
        chosen = self.dose_of[rows]
        chosen = chosen[chosen >= 0]
        chosen = chosen[acts_at_once(self.given.only(chosen))]
        patients = self.stretch[self.given.row[chosen]]
        self.batch.y[patients, self.given.state[chosen]] += self.given.amount[chosen]
        return patients


def _entry_of(rows: np.ndarray, count: int) -> np.ndarray:
    """For each record its entry in a list of records, -1 where it has none."""
    entry = np.full(count, -1)
    entry[rows] = np.arange(len(rows))
    return entry
