"""The systems studies can be made of: one file each, listed here by the name a study's ``model`` gives them.

A system is opened when it is used, so that listing them costs nothing. How to add one stands in docs/architecture.md.
"""

from functools import cache
from importlib import import_module

from inferon.run.systems.system import Part as Part
from inferon.run.systems.system import Refusal as Refusal
from inferon.run.systems.system import System as System
from inferon.run.systems.system import Tables as Tables

FILES = {
    "cml": "cml",
    "mpn": "mpn",
    "hepatitis-c": "hepatitis_c",
    "hairy-cell": "hairy_cell",
    "side-effects": "safety",
    "onset": "onset",
    "post-transplant": "post_transplant",
    "conditioning": "conditioning",
    "acute-leukaemia": "acute_leukaemia",
}
"""Name of a system -> file in this folder."""

TRANSPLANT = "transplant"
"""The system with parameter families, a comparison population and a randomised trial; its parts live in ``run`` itself."""

NAMES = (TRANSPLANT, *FILES)


@cache
def system(name: str) -> System:
    """A system by name; raises ``KeyError`` naming the allowed ones (the transplant is not one of them)."""
    if name not in FILES:
        raise KeyError(f"unknown system {name!r}; allowed: {', '.join(FILES)}")
    return import_module(f"inferon.run.systems.{FILES[name]}").SYSTEM
