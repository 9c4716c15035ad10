"""What Inferon does not simulate: found in a document before anything is read, and refused by name."""

from __future__ import annotations

import libsbml

from inferon.model.antimony_source import ModelError

_HARMLESS = {"layout", "render", "groups"}
"""Packages that draw or sort a model and change no number."""


class UnsupportedError(ModelError):
    """A model that is valid but asks for something Inferon does not simulate; ``feature`` names it in a word or two."""

    def __init__(self, feature: str, sentence: str) -> None:
        super().__init__(sentence)
        self.feature = feature


def refuse_unsupported(document: libsbml.SBMLDocument) -> None:
    """Raise ``UnsupportedError`` for the first feature of a document that is outside the supported set."""
    _packages(document)
    model = document.getModel()
    for rule in model.getListOfRules():
        if rule.isAlgebraic():
            raise UnsupportedError("algebraic rule", f"{_name(model)}: algebraic rules are not supported")
    for reaction in model.getListOfReactions():
        if reaction.isSetFast() and reaction.getFast():
            where = f"{_name(model)}: reaction {reaction.getId()}"
            raise UnsupportedError("fast reaction", f"{where} is fast; fast reactions are not supported")


def _packages(document: libsbml.SBMLDocument) -> None:
    spaces = document.getNamespaces()
    uris = [spaces.getURI(i) for i in range(spaces.getNumNamespaces())]
    for uri in uris:
        if "/sbml/level3/" in uri and not uri.endswith("/core"):
            package = uri.split("/")[-2]
            if package not in _HARMLESS:
                sentence = f"{_name(document.getModel())}: the SBML package {package!r} is not supported"
                raise UnsupportedError(f"package {package}", sentence)


def _name(model: libsbml.Model | None) -> str:
    return (model.getId() if model is not None else "") or "the model"
