"""Antimony text to a unit-checked SBML document: one module at a time, unit checks with teeth."""

from __future__ import annotations

import re
from dataclasses import dataclass

import antimony
import libsbml

_HEADER = re.compile(r"^\s*model\s+\*?(\w+)\s*\(([^)]*)\)", re.MULTILINE)
_UNIT_MESSAGES = range(10500, 10600)
_UNVERIFIABLE = 99505


class ModelError(ValueError):
    """A model that cannot be trusted: syntax, units or couplings; the message says which."""


@dataclass(frozen=True)
class Header:
    """Name and interface of a module: the names it exchanges with others."""

    name: str
    interface: tuple[str, ...]


def read_header(source: str) -> Header:
    """The ``model name(couplings…)`` line of an Antimony text."""
    found = _HEADER.search(source)
    if found is None:
        raise ModelError("no line 'model name(couplings)' in the Antimony text")
    interface = tuple(word.strip() for word in found.group(2).split(",") if word.strip())
    return Header(found.group(1), interface)


def to_sbml(source: str, units: str = "") -> libsbml.SBMLDocument:
    """The SBML document of one Antimony module; ``units`` is put inside the model before its first line.

    Raises ``ModelError`` for a syntax error or any unit message of libSBML.
    """
    header = read_header(source)
    text = _HEADER.sub(lambda found: f"{found.group(0)}\n{units}", source, count=1)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise ModelError(f"{header.name}: {antimony.getLastError().strip()}")
    document = libsbml.readSBMLFromString(antimony.getSBMLString(header.name))
    check_units(document)
    return document


def check_units(document: libsbml.SBMLDocument) -> None:
    """Raise ``ModelError`` unless libSBML can verify the units of every expression.

    Unmarked non-zero numbers are stamped dimensionless first, else libSBML would skip the expressions that hold them.
    """
    model = document.getModel()
    for expression in _expressions(model):
        _stamp(expression)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.checkConsistency()
    errors = (document.getError(i) for i in range(document.getNumErrors()))
    for error in errors:
        code = error.getErrorId()
        if code in _UNIT_MESSAGES or code == _UNVERIFIABLE or error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            raise ModelError(f"{model.getId()}: {' '.join(error.getMessage().split())}")


def _expressions(model: libsbml.Model):
    holders = [*model.getListOfRules(), *model.getListOfInitialAssignments(), *model.getListOfFunctionDefinitions()]
    for event in model.getListOfEvents():
        holders += [event.getTrigger(), event.getDelay(), *event.getListOfEventAssignments()]
    for reaction in model.getListOfReactions():
        holders.append(reaction.getKineticLaw())
    for holder in holders:
        if holder is not None and holder.getMath() is not None:
            yield holder.getMath()


def _stamp(node: libsbml.ASTNode) -> None:
    if node.isNumber() and not node.isSetUnits() and node.getValue() != 0:
        node.setUnits("dimensionless")
    for i in range(node.getNumChildren()):
        _stamp(node.getChild(i))
