"""The engine room: many virtual patients integrated with doses, located crossings, events and sampled read-outs."""

from inferon.engine.batch import Batch, Doses, Settings
from inferon.engine.compiled import CompiledModel, compile_model
from inferon.engine.extinction import extinction_probability
from inferon.engine.status import Status

__all__ = ["Batch", "CompiledModel", "Doses", "Settings", "Status", "compile_model", "extinction_probability"]
