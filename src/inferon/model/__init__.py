"""The model room: Antimony and SBML in, one checked, immutable Model out, composed and ready to compile."""

from inferon.model.catalogue import composites, load_composite, load_module, modules
from inferon.model.compose import Instance, compose
from inferon.model.model import Event, Model, Parameter

__all__ = [
    "Event",
    "Instance",
    "Model",
    "Parameter",
    "compose",
    "composites",
    "load_composite",
    "load_module",
    "modules",
]
