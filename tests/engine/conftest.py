"""Small models with known solutions, written as Antimony and compiled."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from inferon.engine import Batch, CompiledModel, Doses, Settings, compile_model
from inferon.model import Instance, compose
from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.compose import Module
from inferon.model.model import Parameter
from inferon.model.sbml import read_parts

UNITS = """
unit time_unit = 86400 second
unit day = 86400 second
unit per_day = 1 / 86400 second
"""
SPELLED = {"per_day": "1/d", "day": "d", "dimensionless": "1"}


def compiled(text: str, values: dict[str, float], readouts: Sequence[str] = ()) -> CompiledModel:
    """A one-module model; ``values`` gives its constants, whose units are those declared in the text."""
    parts = read_parts(to_sbml(text, UNITS))
    table = {s: Parameter(s, s, v, SPELLED[parts.units[s]], source="test") for s, v in values.items()}
    module = Module(read_header(text), parts, table)
    return compile_model(compose(parts.name, [Instance(module)]), readouts)


@pytest.fixture(scope="session")
def build() -> Callable[..., CompiledModel]:
    """``build(text, values, readouts)``: a compiled one-module model."""
    return compiled


@pytest.fixture(scope="session")
def follow() -> Callable[..., Batch]:
    """``follow(model, until, …)``: a batch of typical patients, advanced, nobody failed."""

    def run(
        model: CompiledModel,
        until: float,
        *,
        columns: dict[str, float | np.ndarray] | None = None,
        patients: int = 1,
        days: np.ndarray | None = None,
        doses: Doses | None = None,
        settings: Settings | None = None,
        start: float = 0.0,
    ) -> Batch:
        table = model.defaults(patients)
        for name, value in (columns or {}).items():
            table[:, model.column(name)] = value
        batch = Batch(model, table, start=start, doses=doses, sample_days=days, settings=settings)
        batch.advance(until)
        assert batch.failures() == {}
        return batch

    return run
