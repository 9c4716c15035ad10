"""The engine room: many virtual patients integrated with doses, located crossings, events and sampled read-outs."""

from inferon.engine.batch import Batch, Doses, Settings
from inferon.engine.choice import Choice, choose_method
from inferon.engine.compiled import CompiledModel, compile_model
from inferon.engine.extinction import extinction_probability
from inferon.engine.sensitivity import (
    cumulative_incidence_sensitivity,
    event_probability_sensitivity,
    sensitivity_batch,
)
from inferon.engine.status import Status

__all__ = [
    "Batch",
    "Choice",
    "CompiledModel",
    "Doses",
    "Settings",
    "Status",
    "choose_method",
    "compile_model",
    "cumulative_incidence_sensitivity",
    "event_probability_sensitivity",
    "extinction_probability",
    "sensitivity_batch",
]
