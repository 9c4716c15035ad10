"""Many virtual patients as arrays, carried through time chunk by chunk on any number of threads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from inferon.engine.cache import rebuilding
from inferon.engine.compiled import CompiledModel
from inferon.engine.event_table import event_table, waiting_shape
from inferon.engine.status import Status


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How closely the equations are solved.

    Attributes
    ----------
    rtol: relative tolerance of a step.
    atol: absolute tolerance by state name; ``default_atol`` elsewhere (states of order one).
    floor: least positive value by state name; a state that is exactly 0 stays 0. Elsewhere 0: amounts are never negative.
    max_step: longest step in days.
    max_steps: steps (accepted and rejected) after which a patient is given up.
    waiting: executions that may wait at once for each event with a delay.
    """

    rtol: float = 1e-6
    default_atol: float = 1e-9
    atol: Mapping[str, float] = field(default_factory=dict)
    floor: Mapping[str, float] = field(default_factory=dict)
    max_step: float = np.inf
    max_steps: int = 100_000
    waiting: int = 8

    def __post_init__(self) -> None:
        if not 1e-12 <= self.rtol <= 1e-1:
            raise ValueError(f"rtol is {self.rtol}; allowed: 1e-12 to 0.1")


@dataclass(frozen=True)
class Doses:
    """Dosing records, one row per patient, sorted by time: day, amount, duration (0 = bolus, else days) and state index.

    Each array has shape (patients, records); unused records have time ``inf``.
    """

    time: np.ndarray
    amount: np.ndarray
    duration: np.ndarray
    state: np.ndarray

    @classmethod
    def none(cls, patients: int) -> Doses:
        """No dose for anybody."""
        empty = np.zeros((patients, 0))
        return cls(empty, empty, empty, np.zeros((patients, 0), np.int64))

    def sorted(self) -> Doses:
        """The same records in order of time within each patient."""
        order = np.argsort(self.time, axis=1, kind="stable")
        return Doses(
            *(np.take_along_axis(a, order, axis=1) for a in (self.time, self.amount, self.duration, self.state))
        )


_PER_PATIENT = (
    "parameters", "y", "switches", "conditions", "was", "pending", "waiting", "first", "t", "h", "given", "status", "steps",
)  # fmt: skip


_SMALLEST_CHUNK, _LARGEST_CHUNK = 256, 4096
"""Patients carried at a time: enough to keep every lane busy to the end, few enough that threads finish together."""


class Batch:
    """The present state of many patients of one model; ``advance`` carries them on.

    Parameters
    ----------
    model: the compiled model.
    parameters: (patients, parameters) values in the order of ``model.kernel.parameters``, units of the tables.
    start: study day of the start.
    doses: dosing records.
    sample_days: days (counted from ``origin``) at which read-outs are kept, ascending.
    origin: day the sample days count from, one for each patient; 0 when None.
    """

    def __init__(
        self,
        model: CompiledModel,
        parameters: np.ndarray,
        *,
        start: float,
        doses: Doses | None = None,
        sample_days: np.ndarray | None = None,
        origin: np.ndarray | None = None,
        settings: Settings | None = None,
    ) -> None:
        kernel = model.kernel
        n = len(parameters)
        if parameters.shape[1] != len(kernel.parameters):
            raise ValueError(f"{parameters.shape[1]} parameter columns; the model has {len(kernel.parameters)}")
        self.model, self.settings = model, settings or Settings()
        self.doses = (doses or Doses.none(n)).sorted()
        self.sample_days = np.ascontiguousarray(np.array([]) if sample_days is None else sample_days, dtype=float)
        self.origin = np.zeros(n) if origin is None else np.ascontiguousarray(origin, dtype=float)
        self.samples = np.full((n, len(self.sample_days), len(kernel.readouts)), np.nan)
        self._tables = _tables(model)
        self._allocate(parameters, start)

    def _allocate(self, parameters: np.ndarray, start: float) -> None:
        from inferon.engine.lanes import prepare

        kernel, n = self.model.kernel, len(parameters)
        self.parameters = np.zeros((n, len(kernel.parameters) + len(kernel.hoisted)))
        self.parameters[:, : parameters.shape[1]] = parameters
        self.y = np.zeros((n, len(kernel.states)))
        self.switches = np.tile(np.array(list(kernel.model.switches.values()), dtype=float), (n, 1))
        self.conditions = np.zeros((n, len(kernel.conditions)))
        self.was = np.tile(np.array([float(e.true_before_start) for e in kernel.events]), (n, 1))
        self.pending = np.full((n, len(kernel.events) + 1), np.inf)
        self.waiting = np.full((n, *waiting_shape(kernel, self.settings.waiting)), np.inf)
        self.first = np.full((n, len(kernel.events)), np.inf)
        self.t, self.h = np.full(n, float(start)), np.full(n, 1.0)
        self.given, self.sampled = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.status, self.steps = np.zeros(n, np.int64), np.zeros((n, 2), np.int64)
        hoisted, _, initial = self.model.addresses[:3]
        rebuilding(prepare)(hoisted, initial, np.zeros(1), parameters.shape[1], self.parameters, self.y, self.switches)

    def __len__(self) -> int:
        return len(self.t)

    def copy(self, chosen: np.ndarray, *, sample_days: np.ndarray, origin: np.ndarray) -> Batch:
        """The chosen patients (indices) as they are now, as a batch of their own with other sample days."""
        other = object.__new__(Batch)
        other.model, other.settings, other._tables = self.model, self.settings, self._tables
        other.doses = Doses(
            *(a[chosen] for a in (self.doses.time, self.doses.amount, self.doses.duration, self.doses.state))
        )
        for name in _PER_PATIENT:
            setattr(other, name, getattr(self, name)[chosen].copy())
        other.sample_days = np.ascontiguousarray(sample_days, dtype=float)
        other.origin = np.ascontiguousarray(origin, dtype=float)
        other.sampled = np.zeros(len(chosen), np.int64)
        other.samples = np.full((len(chosen), len(sample_days), len(self.model.kernel.readouts)), np.nan)
        return other

    def event_day(self, name: str) -> np.ndarray:
        """Day each patient's event first happened (``inf`` where it did not), shape (patients,)."""
        return self.first[:, self._event(name)]

    def state(self, name: str) -> np.ndarray:
        """Present value of a state, shape (patients,); writing to it changes the patients."""
        return self.y[:, self.model.kernel.states.index(name)]

    def _event(self, name: str) -> int:
        return [event.name for event in self.model.kernel.events].index(name)

    def advance(
        self,
        until: float | np.ndarray,
        *,
        stop_on: Collection[str] = (),
        stop_not_before: float = -np.inf,
        pause_on: Collection[str] = (),
        threads: int = 1,
        chunk: int | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """Carry every running or paused patient on to day ``until``.

        A patient stops early once an event of ``stop_on`` has happened and ``stop_not_before`` is reached, and pauses the
        moment an event of ``pause_on`` happens first. ``chunk`` patients are carried at a time (None: a few chunks a thread);
        ``progress`` is called with the number of patients just done. Results do not depend on ``threads`` or ``chunk``.
        """
        from inferon.engine.lanes import advance, lane_size, work_size

        kernel, n, width, method = self.model.kernel, len(self), self.model.width, self.model.method
        watched, shown = (np.array(kernel.states_in(f), dtype=np.int64) for f in ("distances", "readouts"))
        every, moving = np.arange(len(kernel.states)), np.array(kernel.moving, dtype=np.int64)
        flags = [np.array([event.name in group for event in kernel.events]) for group in (stop_on, pause_on)]
        end = np.broadcast_to(np.asarray(until, dtype=float), (n,)).copy()
        atol = np.array([self.settings.atol.get(s, self.settings.default_atol) for s in kernel.states])
        floor = np.array([self.settings.floor.get(s, 0.0) for s in kernel.states])
        arguments = (
            self.model.addresses[1:],
            self.model.lanes,
            (method.interpolant, method.stages_are_rates, self.model.scratch_rows, watched, shown, every, moving),
            self._tables,
            (self.settings.rtol, float(self.settings.max_step), self.settings.max_steps),
            atol,
            floor,
            (
                *(self.doses.time, self.doses.amount, self.doses.duration, self.doses.state),
                bool(np.any(self.doses.duration > 0)),
            ),
            (flags[0], flags[1], float(stop_not_before), end),
            (self.parameters, self.y, self.switches, self.conditions, self.was, self.pending, self.waiting, self.first),
            (self.t, self.h, self.given, self.sampled, self.status, self.steps),
            (self.sample_days, self.origin, self.samples),
        )

        self.status[(self.status == Status.FINISHED) & (self.t < end)] = Status.RUNNING
        going = np.flatnonzero((self.status == Status.RUNNING) | (self.status == Status.PAUSED))
        shape = {"states": len(kernel.states), "conditions": len(kernel.conditions), "stages": len(method.interpolant)}
        lane_numbers = lane_size(
            **shape,
            moving=len(moving),
            switches=len(kernel.switches),
            parameters=self.parameters.shape[1],
            scratch=self.model.scratch_rows,
            width=width,
        )
        work = work_size(
            **shape,
            events=len(kernel.events),
            assignments=len(kernel.assignment_target),
            width=width,
            queue=self.waiting.shape[1:],
        )
        real = self.model.real

        share = len(going) if threads == 1 else -(-len(going) // (4 * threads))
        chunk = chunk or min(_LARGEST_CHUNK, max(_SMALLEST_CHUNK, share))

        def carry(first: int) -> None:
            chosen = going[first : first + chunk]
            space = _aligned(lane_numbers, real), np.zeros(work), np.zeros((6, width), np.int64)
            rebuilding(advance)(*arguments, chosen, width, *space)
            if progress:
                progress(len(chosen))

        chunks = range(0, len(going), chunk)
        if threads == 1:
            for first in chunks:
                carry(first)
        else:
            with ThreadPoolExecutor(max_workers=threads) as pool:
                list(pool.map(carry, chunks))

    def failures(self) -> dict[str, int]:
        """Number of patients by sentence of failure."""
        codes, counts = np.unique(self.status, return_counts=True)
        return {Status(c).sentence: int(k) for c, k in zip(codes, counts, strict=True) if Status(c).failed}


def _tables(model: CompiledModel) -> tuple[np.ndarray, ...]:
    kernel = model.kernel
    return (
        np.array(kernel.strict, dtype=np.bool_),
        event_table(kernel),
        np.array(kernel.assignment_start, dtype=np.int64),
        np.array(kernel.assignment_target, dtype=np.int64),
    )


def _aligned(size: int, real: type[np.floating]) -> np.ndarray:
    """Numbers from an address that suits vectors of any width (64 bytes)."""
    item = np.dtype(real).itemsize
    raw = np.zeros(size + 64 // item, dtype=real)
    skip = (-raw.ctypes.data // item) % (64 // item)
    return raw[skip : skip + size]
