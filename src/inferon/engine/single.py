"""One model, one set of parameters, one grid of times: what a modeller asks before asking about a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from inferon.engine.batch import Batch, Settings
from inferon.engine.choice import choose_method
from inferon.engine.compiled import compile_model
from inferon.engine.status import Status
from inferon.model.model import Model

_ROUNDING = 64
"""Units in the last place by which an event may miss a time of the grid and still count as having happened there."""
_WAITING = 1000
"""Delayed executions that may wait at once for one event of a single model."""


class SimulationError(RuntimeError):
    """A model that could not be solved to the end; ``status`` says why."""

    def __init__(self, status: Status, time: float) -> None:
        super().__init__(f"at time {time:g}: {status.sentence}")
        self.status, self.time = status, time


def simulate_model(
    model: Model,
    times: Sequence[float] | np.ndarray,
    *,
    outputs: Sequence[str] | None = None,
    parameters: Mapping[str, float] | None = None,
    rtol: float = 1e-8,
    atol: float = 1e-12,
    max_step: float | None = None,
    max_steps: int = 1_000_000,
    method: str = "explicit",
) -> pl.DataFrame:
    """Values of ``outputs`` at ``times`` (ascending, from 0 on, in the model's own unit): columns ``time`` and one for each.

    An output is any state, parameter, switch or formula by name; of a species also ``amount of S`` and ``concentration of S``.
    All states, switches and formulas when None. A value at the very time of an event is the one after it. ``parameters``
    replaces values of the model. No step is longer than ``max_step``, by default the widest gap of the grid, so that a
    condition on a formula of time alone is looked at as often as its values are asked for. ``method`` is explicit, implicit, or
    auto: the cheaper of the two (``choose_method``). Raises ``KeyError`` for an unknown name, ``SimulationError`` when the
    model cannot be solved.
    """
    grid = np.asarray(times, dtype=float)
    if len(grid) and not (np.all(np.diff(grid) >= 0) and grid[0] >= 0 and np.isfinite(grid[-1])):
        raise ValueError("times are finite, ascending and not negative")
    names = [*model.state_names, *model.switches, *model.assigned] if outputs is None else list(dict.fromkeys(outputs))
    settings = Settings(
        rtol=rtol,
        default_atol=atol,
        floor=dict.fromkeys(model.state_names, -np.inf),
        max_step=max_step or _widest_gap(grid),
        max_steps=max_steps,
        waiting=_WAITING,
    )
    if method == "auto":
        end = float(grid[-1]) if len(grid) else 0.0
        choice = choose_method(model, readouts=names, parameters=parameters, start=0.0, end=end, settings=settings)
        method = choice.method
    compiled = compile_model(model, names, method=method)
    values = compiled.defaults(1)
    for name, value in (parameters or {}).items():
        if name not in model.parameters:
            raise KeyError(f"{model.name} has no parameter {name!r}")
        values[0, compiled.column(name)] = value
    looked_at = _just_after(grid)
    batch = Batch(compiled, values, start=0.0, sample_days=looked_at, settings=settings)
    if len(grid):
        batch.advance(float(looked_at[-1]))
    status = Status(int(batch.status[0]))
    if status.failed:
        raise SimulationError(status, float(batch.t[0]))
    return pl.DataFrame({"time": grid, **{name: batch.samples[0, :, i] for i, name in enumerate(names)}})


def _just_after(grid: np.ndarray) -> np.ndarray:
    """The grid moved on by what rounding may add to a sum of times: 0.1 + 0.2 is a little more than 0.3."""
    return np.where(grid > 0, grid + _ROUNDING * np.spacing(grid), grid)


def _widest_gap(grid: np.ndarray) -> float:
    gaps = np.diff(grid, prepend=0.0)
    return float(gaps.max()) if len(grid) and gaps.max() > 0 else np.inf
