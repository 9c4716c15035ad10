"""What the biology room holds: its modules, and the composites Inferon ships."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import libsbml

from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.compose import Instance, Module, compose
from inferon.model.model import Model, Parameter
from inferon.model.parameters import read_parameters
from inferon.model.sbml import read_parts

_MODULES = {
    "interferon_pk": "interferon_pk",
    "interferon_response": "interferon_response",
    "marrow": "marrow",
    "leukaemia": "marrow",
    "marrow_space": "marrow",
    "shared_space": "marrow",
    "transplant": "transplant",
}
"""Module name to folder of the biology room."""


def biology() -> Traversable:
    """The folder of the biology room."""
    return files("inferon.biology")


def modules() -> tuple[str, ...]:
    """Names of the modules that can be shown and composed."""
    return tuple(_MODULES)


@cache
def parameter_table(folder: str) -> dict[str, Parameter]:
    """The parameter table of one biology folder, by symbol."""
    return read_parameters(biology() / folder / "parameters.csv", folder)


def module_folder(name: str) -> Traversable:
    """The folder a module lives in."""
    return biology() / _MODULES[name]


def module_source(name: str) -> str:
    """The Antimony text of one module, as its authors wrote it."""
    return (module_folder(name) / f"{name}.ant").read_text(encoding="utf-8")


def unit_lines() -> str:
    """The units every module may use, in Antimony's notation."""
    return (biology() / "units.ant").read_text(encoding="utf-8")


def module_document(name: str) -> libsbml.SBMLDocument:
    """One module as a unit-checked SBML document."""
    return to_sbml(module_source(name), unit_lines())


@cache
def load_module(name: str) -> Module:
    """One module: read, turned into SBML, unit-checked alone, with the values of its folder's table."""
    document = module_document(name)
    return Module(read_header(module_source(name)), read_parts(document), parameter_table(_MODULES[name]))


DEFAULT_PRODUCT = "peginterferon alfa-2a"
"""The product whose rows stand for the equations' symbols until a regimen names another."""


@cache
def _default_rows() -> dict[str, str]:
    with (biology() / "interferon_pk" / "products.csv").open(encoding="utf-8", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["product"] == DEFAULT_PRODUCT)
    return {**row, "w_cyt": "w_cyt_40kDa"}


NO_EFFECT = {"f_anc": 1.0, "f_plt": 1.0, "f_hb": 1.0, "q_ap": 1.0}
"""Couplings of the interferon response when no interferon is modelled."""


def _pk() -> Instance:
    return Instance(load_module("interferon_pk"), values=_default_rows())


def _response(**rows: str) -> Instance:
    return Instance(load_module("interferon_response"), values={**_default_rows(), **rows})


def _interferon() -> Model:
    return compose("interferon", [_pk(), _response()])


def _interferon_marrow() -> Model:
    space = Instance(load_module("marrow_space"))
    no_leukaemia = {"E_chemo": 0.0, "leukaemia_cells": 0.0, "circulating_blasts": 0.0}
    return compose("interferon_marrow", [_pk(), _response(), Instance(load_module("marrow")), space], no_leukaemia)


def _marrow() -> Model:
    preset = {"a1L": "a1L_AML_default", "p1L": "p1L_AML_default", "p2L": "p1L_AML_default"}
    leukaemia = Instance(load_module("leukaemia"), values=preset)
    space = Instance(load_module("marrow_space"))
    return compose("marrow", [Instance(load_module("marrow")), leukaemia, space], {"E_chemo": 0.0, **NO_EFFECT})


def _transplant() -> Model:
    marrow = load_module("marrow")
    return compose(
        "transplant",
        [
            _pk(),
            _response(IC_anc="IC_anc_hct"),
            Instance(marrow, "donor", {"marrow_cells": "cells_donor", "neutrophils": "neutrophils_donor"}),
            Instance(marrow, "host", {"marrow_cells": "cells_host", "neutrophils": "neutrophils_host"}),
            Instance(load_module("shared_space")),
            Instance(load_module("transplant")),
        ],
        {"E_chemo": 0.0},
    )


_COMPOSITES: dict[str, tuple[str, Callable[[], Model]]] = {
    "interferon": ("drug and response in one person", _interferon),
    "interferon_marrow": ("drug, response and blood counts in one person without leukaemia", _interferon_marrow),
    "marrow": ("a leukaemic clone crowding out normal haematopoiesis", _marrow),
    "transplant": ("peri-transplant interferon: drug, response, donor and host marrow, transplant", _transplant),
}


def composites() -> dict[str, str]:
    """Names of the composite models, with one line each."""
    return {name: line for name, (line, _) in _COMPOSITES.items()}


@cache
def load_composite(name: str) -> Model:
    """One composite model by name; raises ``KeyError`` for an unknown name."""
    return _COMPOSITES[name][1]()
