"""The state that repeats itself when the same doses are given for ever, for any model: the fixed point of one dosing interval.

One dosing interval maps the state x at its start to the state f(x) at its end. Newton's method on f(x) = x, with the
derivative of the map by differences, finds the fixed point of a linear model at once and of others in a few rounds however
slowly they accumulate; where a Newton step makes things worse, the plain interval is taken instead. A body that keeps more
than all but a millionth of a change from one interval to the next has no steady state here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inferon.engine.batch import Batch, Doses, Settings
from inferon.engine.compiled import CompiledModel
from inferon.engine.interventions import carry_on
from inferon.engine.status import Status
from inferon.model.expression import ZERO, walk

TOLERANCE = 1e-10
"""The last Newton step, relative to the largest value of each state seen (or the amount given into it)."""
ROUNDS = 50
_CLOCK_TOLERANCE = 1e-6
_DIFFERENCE = 1e-2
_LEAST_FORGOTTEN = 1e-6  # part of a change that must be gone after one interval; less cannot be told from rounding
_RTOL, _ATOL = 1e-10, 1e-12
_LANES = 20_000
_CARRIED = ("y", "switches", "conditions", "was")
_WINDOWS = (1.0, 32.0, 1024.0, 32768.0)


@dataclass(frozen=True)
class SteadyState:
    """States, switches and truths at the end of a dosing interval, and why there is none: a sentence each, empty where found."""

    y: np.ndarray
    switches: np.ndarray
    conditions: np.ndarray
    was: np.ndarray
    sentence: np.ndarray

    def put(self, batch: Batch, patients: np.ndarray, chosen: np.ndarray) -> None:
        """Put the ``chosen`` steady states into the patients (indices) of a batch."""
        for name in _CARRIED:
            getattr(batch, name)[patients] = getattr(self, name)[chosen]


def steady_state(
    model: CompiledModel,
    parameters: np.ndarray,
    *,
    doses: Doses,
    period: np.ndarray,
    end: np.ndarray,
    settings: Settings | None = None,
    threads: int = 1,
) -> SteadyState:
    """Where each patient is after the same ``period`` has been repeated for ever, just before the next one begins.

    ``parameters`` has shape (patients, parameters); ``doses`` hold the doses of one period with times from its start (an
    infusion that outlasts the period must be written as what runs within it); ``end`` is the day at which the state is
    wanted. A patient whose state does not settle within ``ROUNDS`` rounds gets a sentence instead.
    """
    tight = settings or Settings()
    tight = replace(tight, rtol=min(tight.rtol, _RTOL), default_atol=min(tight.default_atol, _ATOL))
    size = max(1, _LANES // (len(model.kernel.states) + 1))
    parts = []
    for first in range(0, len(parameters), size):
        rows = slice(first, first + size)
        part = Doses(*(a[rows] for a in (doses.time, doses.amount, doses.duration, doses.state)))
        parts.append(_Problem(model, parameters[rows], part, period[rows], end[rows], tight, threads).solve())
    names = (*_CARRIED, "sentence")
    return SteadyState(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def constant_infusion(
    model: CompiledModel,
    parameters: np.ndarray,
    *,
    rate: np.ndarray,
    state: np.ndarray,
    end: np.ndarray,
    settings: Settings | None = None,
    threads: int = 1,
) -> SteadyState:
    """Where each patient is after an infusion at ``rate`` per day into ``state`` (index) since ever; see ``steady_state``.

    The state at rest repeats itself over any stretch of time; longer ones are tried where a short one does not tell.
    """
    found = None
    for window in _WINDOWS:
        open_ = np.flatnonzero(found.sentence != "") if found else np.arange(len(parameters))
        if len(open_) == 0:
            break
        length = np.full((len(open_), 1), window)
        doses = Doses(np.zeros_like(length), rate[open_, None] * length, length, state[open_, None])
        tried = steady_state(
            model,
            parameters[open_],
            doses=doses,
            period=length[:, 0],
            end=end[open_],
            settings=settings,
            threads=threads,
        )
        if found is None:
            found = tried
        else:
            for name in (*_CARRIED, "sentence"):
                getattr(found, name)[open_] = getattr(tried, name)
    assert found is not None
    return found


class _Problem:
    """One Newton iteration for many patients; patient p has lanes p*(states + 1) … : one as it is, one for each state moved."""

    def __init__(
        self,
        model: CompiledModel,
        parameters: np.ndarray,
        doses: Doses,
        period: np.ndarray,
        end: np.ndarray,
        settings: Settings,
        threads: int,
    ) -> None:
        self.model, self.period, self.end, self.threads = model, period, end, threads
        self.patients, self.states = len(parameters), len(model.kernel.states)
        each = self.states + 1
        begin = (end - period)[:, None]
        placed = (doses.time + begin, doses.amount, doses.duration, doses.state)
        repeated = Doses(*(np.repeat(a, each, axis=0) for a in placed))
        self.batch = Batch(model, np.repeat(parameters, each, axis=0), start=0.0, doses=repeated, settings=settings)
        self.base = np.arange(self.patients) * each
        self.x = self.batch.y[self.base].copy()
        self.scale, self.change = np.abs(self.x), np.zeros_like(self.x)
        for column in range(doses.amount.shape[1]):
            given = (np.arange(self.patients), doses.state[:, column])
            self.scale[given] = np.maximum(self.scale[given], np.abs(doses.amount[:, column]))

    def solve(self) -> SteadyState:
        reason = _no_steady_state(self.model)
        if reason:
            return self._result(np.full(self.patients, reason, dtype=object))
        solved = self._newton()
        sentence = np.full(self.patients, "", dtype=object)
        sentence[~solved] = self._unsettled(np.flatnonzero(~solved))
        moved = np.zeros(self.patients, np.bool_)
        if _uses_time(self.model):
            moved = solved & self._changes_with_time(np.flatnonzero(solved))
        sentence[moved] = "there is no steady state: the equations change with time"
        return self._result(sentence)

    def _newton(self) -> np.ndarray:
        """Improve ``x`` until it repeats itself; returns who got there."""
        open_, solved = np.ones(self.patients, np.bool_), np.zeros(self.patients, np.bool_)
        best, least = self.x.copy(), np.full(self.patients, np.inf)
        for _ in range(ROUNDS):
            chosen = np.flatnonzero(open_)
            if len(chosen) == 0:
                break
            f, jacobian = self._period(chosen)
            x, scale = self.x[chosen], self.scale[chosen]
            self.change[chosen] = np.abs(f - x) / np.maximum(scale, _ATOL)
            failed = self.batch.status[self.base[chosen]] > Status.PAUSED
            size = np.where(failed, np.inf, self.change[chosen].max(axis=1))
            step, forgets = _newton_step(jacobian, f - x, scale)
            better = np.isfinite(size) & (size <= least[chosen])
            lost = ~better & np.isinf(least[chosen])
            self.x[chosen] = np.where(better[:, None], x + step, best[chosen])
            best[chosen] = np.where(better[:, None], f, best[chosen])
            least[chosen] = np.where(better, size, np.inf)
            done = better & forgets & (_largest(step, scale) <= TOLERANCE)
            solved[chosen], open_[chosen] = done, ~done & ~lost
        return solved

    def _period(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f(x) of the chosen patients, shape (chosen, states), and its derivative, shape (chosen, states, states)."""
        typical = self.scale[chosen].max(axis=1, keepdims=True)
        moved = _DIFFERENCE * np.where(self.scale[chosen] > 0, self.scale[chosen], np.where(typical > 0, typical, 1.0))
        y = np.repeat(self.x[chosen][:, None, :], self.states + 1, axis=1)
        own = np.arange(self.states)
        y[:, 1 + own, own] += moved
        lanes = self.base[chosen][:, None] + np.arange(self.states + 1)
        end = self._carry(lanes.ravel(), y.reshape(-1, self.states)).reshape(y.shape)
        f = end[:, 0]
        seen = np.maximum(np.abs(f), np.abs(self.x[chosen]))
        self.scale[chosen] = np.fmax(self.scale[chosen], np.where(np.isfinite(seen), seen, 0.0))
        return f, ((end[:, 1:] - f[:, None]) / moved[:, :, None]).transpose(0, 2, 1)

    def _carry(self, lanes: np.ndarray, y: np.ndarray, earlier: float = 0.0) -> np.ndarray:
        """One period from ``y``, on the calendar or ``earlier`` periods before; switches begin as the unmoved lane's ended."""
        batch, patient = self.batch, lanes // (self.states + 1)
        shift = earlier * self.period[patient]
        first = self.base[patient]
        for name in ("switches", "conditions", "was"):
            values = getattr(batch, name)
            values[lanes] = values[first]
        batch.y[lanes], batch.h[lanes], batch.given[lanes], batch.steps[lanes] = y, 1.0, 0, 0
        batch.t[lanes] = (self.end - self.period)[patient] - shift
        batch.doses.time[lanes] -= shift[:, None]
        batch.status[lanes] = Status.FINISHED
        carry_on(batch, lanes, self.end[patient] - shift, threads=self.threads)
        batch.doses.time[lanes] += shift[:, None]
        return batch.y[lanes]

    def _unsettled(self, chosen: np.ndarray) -> list[str]:
        names = self.model.kernel.states
        failed = self.batch.status[self.base[chosen]]
        worst = np.nan_to_num(self.change[chosen]).argmax(axis=1)
        return [
            f"there is no steady state: {Status(int(code)).sentence}"
            if code > Status.PAUSED
            else f"there is no steady state: {names[state]} still changes from one dosing interval to the next"
            for code, state in zip(failed, worst, strict=True)
        ]

    def _changes_with_time(self, chosen: np.ndarray) -> np.ndarray:
        """Whether the state that repeats itself now would not have done so one or ten periods before."""
        moved = np.zeros(self.patients, np.bool_)
        for earlier in (1.0, 10.0):
            if len(chosen):
                f = self._carry(self.base[chosen], self.x[chosen], earlier)
                moved[chosen] |= ~(_largest(f - self.x[chosen], self.scale[chosen]) <= _CLOCK_TOLERANCE)
        return moved

    def _result(self, sentence: np.ndarray) -> SteadyState:
        batch, base = self.batch, self.base
        return SteadyState(self.x, batch.switches[base], batch.conditions[base], batch.was[base], sentence)


def _largest(change: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return (np.abs(change) / np.maximum(scale, _ATOL)).max(axis=1)


def _newton_step(jacobian: np.ndarray, change: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step to the fixed point, and for whom there is one: elsewhere the step is the plain interval.

    Quantities are compared after division by their scale. A state that keeps what it has (I - J has nothing in its row) and
    did not move stays; if any other does, the body does not forget and no doses lead to a steady state.
    """
    typical = np.where(scale > 0, scale, 1.0)
    matrix = (np.eye(scale.shape[1]) - jacobian) * typical[:, None, :] / typical[:, :, None]
    finite = np.asarray(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(change).all(axis=1))
    matrix[~finite] = 0.0
    still = (change == 0) & (np.abs(matrix).max(axis=2) <= _LEAST_FORGOTTEN)
    patient, state = np.nonzero(still & finite[:, None])
    matrix[patient, state, state] = 1.0
    forgets = finite & (np.linalg.svd(matrix, compute_uv=False)[:, -1] > _LEAST_FORGOTTEN)
    step = change.copy()
    relative = (change / typical)[forgets]
    step[forgets] = np.linalg.solve(matrix[forgets], relative[..., None])[..., 0] * typical[forgets]
    return step, forgets


def _uses_time(model: CompiledModel) -> bool:
    used = [e for f in model.kernel.functions if f.name in ("rates", "crossings", "triggers") for e in f.outputs]
    return any(node.operation == "time" for node in walk(used))


def _no_steady_state(model: CompiledModel) -> str:
    delayed = [event.name for event in model.kernel.events if event.delay is not ZERO]
    return f"there is no steady state with the delayed event {delayed[0]}" if delayed else ""
