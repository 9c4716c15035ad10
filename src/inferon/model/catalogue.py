"""What the biology room holds: its modules, and the composites Inferon ships."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import libsbml

from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.compose import Instance, Module, compose
from inferon.model.model import Model, Parameter
from inferon.model.parameters import read_parameters
from inferon.model.sbml import read_parts


def biology() -> Traversable:
    """The folder of the biology room."""
    return files("inferon.biology")


@cache
def _folders() -> dict[str, str]:
    """Module name to folder: every Antimony file in a folder of the biology room is a module."""
    folders = sorted(entry.name for entry in biology().iterdir() if entry.is_dir() and entry.name != "composites")
    found = {}
    for folder in folders:
        for file in sorted(entry.name for entry in (biology() / folder).iterdir()):
            if file.endswith(".ant"):
                found[file.removesuffix(".ant")] = folder
    return found


def modules() -> tuple[str, ...]:
    """Names of the modules that can be shown and composed."""
    return tuple(_folders())


@cache
def folders() -> tuple[str, ...]:
    """Names of the folders of the biology room: each has a parameter table and a card."""
    entries = (entry for entry in biology().iterdir() if entry.is_dir())
    return tuple(sorted(entry.name for entry in entries if (entry / "parameters.csv").is_file()))


def closed_form_folders() -> tuple[str, ...]:
    """Folders without equations: samplers and closed forms, shown by the name of the folder."""
    return tuple(folder for folder in folders() if folder not in _folders().values())


def card(folder: str) -> str:
    """The card of one biology folder, as Markdown."""
    return (biology() / folder / "card.md").read_text(encoding="utf-8")


@cache
def further_tables(folder: str) -> dict[str, list[dict[str, str]]]:
    """The tables of a folder beside its parameters (products, schedules, grades …), by file name, as they are written."""
    found = {}
    for name in sorted(entry.name for entry in (biology() / folder).iterdir() if entry.name.endswith(".csv")):
        if name != "parameters.csv":
            with (biology() / folder / name).open(encoding="utf-8", newline="") as lines:
                found[name] = list(csv.DictReader(lines))
    return found


@cache
def parameter_table(folder: str) -> dict[str, Parameter]:
    """The parameter table of one biology folder, by symbol."""
    return read_parameters(biology() / folder / "parameters.csv", folder)


def module_folder(name: str) -> Traversable:
    """The folder a module lives in."""
    return biology() / _folders()[name]


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
    return Module(read_header(module_source(name)), read_parts(document), parameter_table(_folders()[name]))


DEFAULT_PRODUCT = "peginterferon alfa-2a"
"""The product whose rows stand for the equations' symbols until a regimen names another."""


@cache
def _default_rows() -> dict[str, str]:
    with (biology() / "interferon_pk" / "products.csv").open(encoding="utf-8", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["product"] == DEFAULT_PRODUCT)
    return {**row, "w_cyt": "w_cyt_40kDa"}


@cache
def _composite(name: str) -> dict[str, Any]:
    return tomllib.loads((biology() / "composites" / f"{name}.toml").read_text(encoding="utf-8"))


def _instance(entry: Mapping[str, Any]) -> Instance:
    rows = _default_rows() if entry.get("product_rows") else {}
    return Instance(
        load_module(entry["module"]),
        entry.get("name", ""),
        entry.get("rename", {}),
        {**rows, **entry.get("values", {})},
    )


@cache
def composites() -> dict[str, str]:
    """Names of the composite models, with one line each: every file in the folder ``composites`` of the biology room is one."""
    files_found = sorted(entry.name for entry in (biology() / "composites").iterdir() if entry.name.endswith(".toml"))
    return {name: _composite(name)["title"] for name in (file.removesuffix(".toml") for file in files_found)}


@cache
def load_composite(name: str) -> Model:
    """One composite model by name; raises ``KeyError`` for an unknown name.

    Its file lists ``modules`` (module, and where needed name, rename, values: which row of the table stands for which symbol, and
    ``product_rows``: the rows of the default product) and under ``absent`` the constants of couplings that nobody produces.
    """
    if name not in composites():
        raise KeyError(name)
    entry = _composite(name)
    return compose(name, [_instance(module) for module in entry["modules"]], entry.get("absent"))
