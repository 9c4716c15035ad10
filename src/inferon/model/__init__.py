"""The model room: Antimony and SBML in, one checked, immutable Model out, composed and ready to compile."""

from inferon.model.catalogue import composites, load_composite, load_module, modules
from inferon.model.competing_risks import cumulative_incidence, with_cumulative_incidence
from inferon.model.compose import Instance, compose
from inferon.model.model import Event, Model, Parameter
from inferon.model.sbml_reader import read_antimony, read_sbml
from inferon.model.sbml_refusals import UnsupportedError
from inferon.model.sensitivities import with_sensitivities
from inferon.model.sensitivity_direction import event_day_sensitivity, sensitivity

__all__ = [
    "Event",
    "Instance",
    "Model",
    "Parameter",
    "UnsupportedError",
    "compose",
    "composites",
    "cumulative_incidence",
    "event_day_sensitivity",
    "load_composite",
    "load_module",
    "modules",
    "read_antimony",
    "read_sbml",
    "sensitivity",
    "with_cumulative_incidence",
    "with_sensitivities",
]
