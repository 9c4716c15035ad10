"""The model room: Antimony and SBML in, one checked, immutable Model out, composed and ready to compile."""

from inferon.model.catalogue import composites, load_composite, load_module, modules
from inferon.model.compose import Instance, compose
from inferon.model.model import Event, Model, Parameter
from inferon.model.sbml_reader import read_antimony, read_sbml
from inferon.model.sbml_refusals import UnsupportedError

__all__ = [
    "Event",
    "Instance",
    "Model",
    "Parameter",
    "UnsupportedError",
    "compose",
    "composites",
    "load_composite",
    "load_module",
    "modules",
    "read_antimony",
    "read_sbml",
]
