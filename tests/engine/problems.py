"""Stiff problems that solvers are usually judged by, and one patient of a model in Antimony carried to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inferon.engine import Batch, Settings, compile_model
from inferon.model import read_antimony

ROBERTSON = """
model robertson()
  x = 1; y = 0; z = 0
  x' = -0.04*x + 1e4*y*z
  y' = 0.04*x - 1e4*y*z - 3e7*y^2
  z' = 3e7*y^2
end
"""
VAN_DER_POL = "model van_der_pol(); x = 2; v = 0; mu = 1; x' = v; v' = mu*(1 - x^2)*v - x; end"
STIFF = {"mu": 1000.0}
"""Parameters that make the oscillator stiff."""


def solve(
    text: str,
    method: str,
    end: float,
    *,
    parameters: Mapping[str, float] | None = None,
    readouts: Sequence[str] = (),
    sample_days: np.ndarray | None = None,
    **options,
) -> Batch:
    """The typical patient at the end; every state is kept unless ``readouts`` need fewer, and may be negative.

    ``options`` are those of ``Settings``.
    """
    model = read_antimony(text)
    model = compile_model(model, readouts or model.state_names, method=method)
    values = model.defaults(1)
    for name, value in (parameters or {}).items():
        values[0, model.column(name)] = value
    floor = dict.fromkeys(model.kernel.states, -np.inf)
    settings = Settings(**{"floor": floor, "max_steps": 1_000_000, **options})
    batch = Batch(model, values, start=0.0, sample_days=sample_days, settings=settings)
    batch.advance(end)
    return batch
