"""From checked records to what the engine is given: stretches between resets, dosing records, steady states.

Rules (NONMEM's). The amount that arrives is bioavailability x AMT. RATE > 0: an infusion of amount/RATE days; RATE -1: at the
compartment's rate; RATE -2: over the compartment's duration. A dose arrives after the compartment's lag; the ADDL further
ones follow at intervals II with the lag, bioavailability, rate and duration of the record that orders them. A reset (EVID 3, 4)
or SS 1 discards everything before: amounts, running infusions, doses still to come; so a subject's records fall into
independent stretches. A steady state has the doses of all intervals before: those still under way go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.engine import CompiledModel, Doses
from inferon.protocol.nonmem import Records
from inferon.study.errors import InputError

Value = float | str
"""A number, or the name of a covariate column that holds it record by record."""

_MOST_OVERLAPS = 10_000
_MOST_SLOTS = 50_000_000
_SAME_TIME = 1e-10


@dataclass(frozen=True, kw_only=True)
class Compartment:
    """Where a dose with this CMT goes.

    Attributes
    ----------
    state: the model's state that receives it.
    lag: time from record to arrival.
    bioavailability: share of AMT that arrives.
    rate: rate of infusion for RATE -1.
    duration: duration of infusion for RATE -2.
    """

    state: str
    lag: Value = 0.0
    bioavailability: Value = 1.0
    rate: Value | None = None
    duration: Value | None = None


@dataclass(frozen=True)
class Given:
    """Dose records (one entry each) with everything the compartment decides.

    row: record; state: index of the state; amount: what arrives; rate: of an infusion, 0 for a bolus; duration; lag; and
    ``constant``: a steady state of a constant infusion, which ends at the record.
    """

    row: np.ndarray
    state: np.ndarray
    amount: np.ndarray
    rate: np.ndarray
    duration: np.ndarray
    lag: np.ndarray
    constant: np.ndarray

    def only(self, chosen: np.ndarray) -> Given:
        """The chosen entries (mask or indices)."""
        return Given(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def stretches(records: Records) -> np.ndarray:
    """For each record the stretch it belongs to, 0, 1, …: a new one begins with a subject, a reset and SS 1."""
    ids, evid, ss = records.table["ID"].to_numpy(), records.column("EVID"), records.column("SS")
    begins = np.concatenate([[True], ids[1:] != ids[:-1]]) | np.isin(evid, (3, 4)) | (ss == 1)
    return np.cumsum(begins) - 1


def given_doses(model: CompiledModel, records: Records, compartments: Mapping[int, Compartment]) -> Given:
    """The dose records with amounts, rates and times as the compartments decide; CMT 0 is compartment 1."""
    dose = np.isin(records.column("EVID"), (1, 4))
    number = np.where(records.column("CMT") == 0, 1, records.column("CMT"))
    unknown = np.flatnonzero(dose & ~np.isin(number, list(compartments)))
    if len(unknown):
        allowed = sorted(compartments)
        raise records.fault(
            unknown[0], "CMT", "there is no such compartment", found=int(number[unknown[0]]), allowed=allowed
        )
    parts = [
        _given_into(model, records, number_, compartment, np.flatnonzero(dose & (number == number_)))
        for number_, compartment in compartments.items()
    ]
    joined = Given(*(np.concatenate([getattr(p, name) for p in parts]) for name in Given.__dataclass_fields__))
    return joined.only(np.argsort(joined.row, kind="stable"))


def _given_into(
    model: CompiledModel, records: Records, number: int, compartment: Compartment, rows: np.ndarray
) -> Given:
    if compartment.state not in model.kernel.states:
        raise InputError(
            "the model has no such state",
            field=f"compartments[{number}]",
            found=compartment.state,
            allowed=model.kernel.states,
        )
    written = records.column("RATE")[rows]
    lag = _values(records, compartment.lag, number, "lag", rows)
    share = _values(records, compartment.bioavailability, number, "bioavailability", rows)
    amount = share * records.column("AMT")[rows]
    rate, duration = np.maximum(written, 0.0), np.zeros(len(rows))
    for code, what in ((-1, "rate"), (-2, "duration")):
        chosen = written == code
        if chosen.any():
            spec = getattr(compartment, what)
            if spec is None:
                message = f"the dose needs a modelled {what}, which compartment {number} has not"
                raise records.fault(
                    rows[chosen][0], "RATE", message, found=code, allowed=f"a compartment with a {what}"
                )
            modelled = _values(records, spec, number, what, rows[chosen], positive=True)
            rate[chosen] = modelled if code == -1 else amount[chosen] / modelled
    infused = rate > 0
    duration[infused] = amount[infused] / rate[infused]
    chosen = written == -2
    if chosen.any() and compartment.duration is not None:
        duration[chosen] = _values(records, compartment.duration, number, "duration", rows[chosen])
    constant = (records.column("SS")[rows] > 0) & (records.column("AMT")[rows] == 0)
    state = np.full(len(rows), model.kernel.states.index(compartment.state))
    return Given(rows, state, amount, rate, duration, lag, constant)


def _values(
    records: Records, spec: Value, number: int, what: str, rows: np.ndarray, *, positive: bool = False
) -> np.ndarray:
    if isinstance(spec, str) and spec not in records.covariates:
        allowed = list(records.covariates)
        raise InputError(
            "no such covariate was read", field=f"compartments[{number}].{what}", found=spec, allowed=allowed
        )
    values = records.column(spec)[rows] if isinstance(spec, str) else np.full(len(rows), float(spec))
    wrong = np.flatnonzero(~(values > 0) if positive else ~(values >= 0))
    if len(wrong):
        row, allowed = int(rows[wrong[0]]), "more than 0" if positive else "0 or more"
        column = spec if isinstance(spec, str) else f"compartments[{number}].{what}"
        raise records.fault(
            row, column, f"the {what} of a dose is out of range", found=values[wrong[0]], allowed=allowed
        )
    return values


@dataclass(frozen=True)
class Queue:
    """Doses one below the other, for any number of patients: patient, time, amount, duration (0 = bolus) and state."""

    patient: np.ndarray
    time: np.ndarray
    amount: np.ndarray
    duration: np.ndarray
    state: np.ndarray

    @classmethod
    def joined(cls, *parts: Queue) -> Queue:
        """Several queues as one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def doses(self, patients: int) -> Doses:
        """The same as the engine takes them: one row a patient, in order of time."""
        order = np.lexsort((self.time, self.patient))
        count = np.bincount(self.patient, minlength=patients)
        shape = (patients, int(count.max(initial=0)))
        if shape[0] * shape[1] > _MOST_SLOTS:
            raise InputError(
                "there are too many doses to hold", found=shape[0] * shape[1], allowed=f"up to {_MOST_SLOTS}"
            )
        place = (self.patient[order], np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count))
        filled = [np.full(shape, np.inf), np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)]
        for array, values in zip(filled, (self.time, self.amount, self.duration, self.state), strict=True):
            array[place] = values[order]
        return Doses(*filled)


def queued(records: Records, given: Given, stretch: np.ndarray) -> Queue:
    """Every dose but those that act at their record itself (a bolus without lag), additional ones written out."""
    given = given.only(~given.constant)
    more = records.column("ADDL")[given.row]
    entry = np.repeat(np.arange(len(given.row)), more + 1)
    nth = np.arange(len(entry)) - np.repeat(np.cumsum(more + 1) - (more + 1), more + 1)
    one = given.only(entry)
    time = records.column("TIME")[one.row] + nth * records.column("II")[one.row] + one.lag
    later = ~((nth == 0) & acts_at_once(one))
    every = Queue(stretch[one.row], time, one.amount, one.duration, one.state)
    kept = Queue(*(getattr(every, name)[later] for name in Queue.__dataclass_fields__))
    return _at_record_times(kept, records, stretch)


def acts_at_once(given: Given) -> np.ndarray:
    """Which doses change the state at their record: boluses without lag."""
    return (given.duration == 0) & (given.lag == 0) & ~given.constant


def _at_record_times(queue: Queue, records: Records, stretch: np.ndarray) -> Queue:
    """Doses that miss a record of their stretch only by rounding (0.1 + 2 x 0.1 and 0.3) are given at that record's time."""
    if len(queue.time) == 0:
        return queue
    due = pl.DataFrame({"stretch": queue.patient, "time": queue.time}).with_row_index().sort("stretch", "time")
    at = pl.DataFrame({"stretch": stretch, "time": records.column("TIME")}).with_columns(near=pl.col("time"))
    matched = due.join_asof(at, on="time", by="stretch", strategy="nearest", check_sortedness=False).sort("index")
    near = matched["near"].fill_null(np.inf).to_numpy()
    same = np.abs(near - queue.time) <= _SAME_TIME * np.maximum(1.0, np.abs(queue.time))
    return Queue(queue.patient, np.where(same, near, queue.time), queue.amount, queue.duration, queue.state)


@dataclass(frozen=True)
class SteadyDoses:
    """What a steady state of repeated doses is made of.

    within   doses of one interval, times from its start, one patient an entry of ``given``
    after    doses of earlier intervals still running or still to come after the record, times from the record
    """

    within: Queue
    after: Queue


def steady_doses(records: Records, given: Given) -> SteadyDoses:
    """For dose records with SS and II: the doses inside the interval that ends at the record, and those that outlast it."""
    interval = records.column("II")[given.row]
    patient = np.arange(len(given.row))
    late = np.floor(given.lag / interval + 1e-12)
    phase = np.maximum(given.lag - late * interval, 0.0)
    whole = np.floor(given.duration / interval * (1 + 1e-12))
    rest = np.maximum(given.duration - whole * interval, 0.0)
    rest[rest < 1e-9 * interval] = 0.0
    wrapped = np.maximum(phase + rest - interval, 0.0)
    bolus, zero = given.duration == 0, np.zeros(len(patient))
    within = Queue.joined(
        _entries(given, patient, bolus, phase, given.amount, zero),
        _entries(given, patient, whole > 0, zero, given.rate * whole * interval, interval),
        _entries(given, patient, rest > wrapped, phase, given.rate * (rest - wrapped), rest - wrapped),
        _entries(given, patient, wrapped > 0, zero, given.rate * wrapped, wrapped),
    )
    return SteadyDoses(within, _outlasting(records, given, interval, phase, late))


def _entries(
    given: Given, patient: np.ndarray, chosen: np.ndarray, time: np.ndarray, amount: np.ndarray, duration: np.ndarray
) -> Queue:
    return Queue(patient[chosen], time[chosen], amount[chosen], duration[chosen], given.state[chosen])


def _outlasting(records: Records, given: Given, interval: np.ndarray, phase: np.ndarray, late: np.ndarray) -> Queue:
    """Earlier doses start at phase + j*II for j = late - 1, late - 2, …; those with j < 0 only matter while they run."""
    running = np.ceil((phase + given.duration) / interval - 1e-12) - 1
    running = np.where(given.duration > 0, np.maximum(running, 0), 0)
    count = (late + running).astype(np.int64)
    if len(count) and count.max() > _MOST_OVERLAPS:
        row = int(given.row[np.argmax(count)])
        allowed = f"lag and infusion within {_MOST_OVERLAPS} intervals"
        raise records.fault(
            row, "II", "a dose outlasts too many dosing intervals", found=float(interval.min()), allowed=allowed
        )
    entry = np.repeat(np.arange(len(count)), count)
    nth = late[entry] - 1 - (np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count))
    start = phase[entry] + nth * interval[entry]
    one = given.only(entry)
    begun = np.minimum(start, 0.0)
    left = np.maximum(one.duration + begun, 0.0)
    amount = np.where(one.duration > 0, one.rate * left, one.amount)
    return Queue(entry, np.maximum(start, 0.0), amount, left, one.state)
