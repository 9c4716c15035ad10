"""What an SBML document says, as plain equations: compartments, species, parameters, rules and reactions, not yet sorted.

Every species has an amount; what its name means in a formula is that amount, or the amount over its compartment's size.
Integrating amounts keeps matter when a compartment grows, shrinks or jumps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import ONE, Expression, call, number, symbol, total
from inferon.model.sbml_math import RATE_OF, Scope, read_number
from inferon.model.sbml_refusals import UnsupportedError

NAN = number(math.nan)


def amount_name(species: str) -> str:
    """The read-out of a species as an amount."""
    return f"amount of {species}"


def concentration_name(species: str) -> str:
    """The read-out of a species as an amount per size of its compartment."""
    return f"concentration of {species}"


@dataclass
class Draft:
    """Equations by name: formulas hold always, rates from the start on, initial values at the start."""

    formulas: dict[str, Expression] = field(default_factory=dict)
    rates: dict[str, Expression] = field(default_factory=dict)
    initial: dict[str, Expression] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    """Compartment of each species whose name means a concentration."""
    units: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def quantity(self, name: str) -> str:
        """What is integrated or assigned where a document names ``name``: the amount behind a concentration."""
        return amount_name(name) if name in self.sizes else name


def read_draft(model: libsbml.Model, scope: Scope) -> Draft:
    """All equations of a model but its events."""
    draft = Draft()
    for holder in (*model.getListOfCompartments(), *model.getListOfParameters()):
        _plain(draft, holder)
    for species in model.getListOfSpecies():
        _species(draft, species, model.getCompartment(species.getCompartment()))
    for reaction in model.getListOfReactions():
        _stoichiometries(draft, reaction)
    _rules(draft, model, scope)
    for assignment in model.getListOfInitialAssignments():
        if assignment.isSetMath():
            _initial(draft, assignment.getSymbol(), read_number(assignment.getMath(), scope))
    _reactions(draft, model, scope)
    return draft


def _plain(draft: Draft, holder: libsbml.Compartment | libsbml.Parameter) -> None:
    is_compartment = isinstance(holder, libsbml.Compartment)
    known = holder.isSetSize() if is_compartment else holder.isSetValue()
    value = holder.getSize() if is_compartment else holder.getValue()
    draft.initial[holder.getId()] = number(value) if known else NAN
    _describe(draft, holder)


def _describe(draft: Draft, holder: libsbml.SBase) -> None:
    draft.units[holder.getId()] = holder.getUnits()
    draft.labels[holder.getId()] = holder.getName()


def _species(draft: Draft, species: libsbml.Species, compartment: libsbml.Compartment | None) -> None:
    if compartment is None:
        raise ModelError(f"species {species.getId()} is in no compartment")
    name, size = species.getId(), symbol(compartment.getId())
    sized = compartment.getSpatialDimensionsAsDouble() > 0
    draft.units[name], draft.labels[name] = species.getSubstanceUnits(), species.getName()
    if sized and not species.getHasOnlySubstanceUnits():
        draft.sizes[name] = compartment.getId()
        draft.formulas[name] = call("div", symbol(amount_name(name)), size)
        draft.formulas[concentration_name(name)] = symbol(name)
    else:
        draft.formulas[amount_name(name)] = symbol(name)
        if sized:
            draft.formulas[concentration_name(name)] = call("div", symbol(name), size)
    draft.initial[draft.quantity(name)] = _first_amount(species, size if sized else ONE)


def _first_amount(species: libsbml.Species, size: Expression) -> Expression:
    if species.isSetInitialAmount():
        return number(species.getInitialAmount())
    if species.isSetInitialConcentration():
        return call("mul", number(species.getInitialConcentration()), size)
    return NAN


def _rules(draft: Draft, model: libsbml.Model, scope: Scope) -> None:
    for rule in model.getListOfRules():
        if not rule.isSetMath():
            continue
        name, value = rule.getVariable(), read_number(rule.getMath(), scope)
        if rule.isRate():
            draft.rates[draft.quantity(name)] = _amount_rate(draft, name, value)
        elif rule.isAssignment():
            draft.formulas[name] = value
            draft.initial.pop(draft.quantity(name), None)
            if name in draft.sizes:
                draft.formulas[amount_name(name)] = call("mul", symbol(name), symbol(draft.sizes[name]))


def _amount_rate(draft: Draft, name: str, rate: Expression) -> Expression:
    """The rate of an amount from that of its concentration: d(cV)/dt = V dc/dt + c dV/dt."""
    if name not in draft.sizes:
        return rate
    size = draft.sizes[name]
    grown = call("mul", symbol(name), symbol(RATE_OF + size))
    return call("add", call("mul", rate, symbol(size)), grown)


def _initial(draft: Draft, name: str, value: Expression) -> None:
    if name in draft.formulas and name not in draft.sizes:
        raise ModelError(f"{name} has both a rule and an initial assignment")
    size = draft.sizes.get(name)
    draft.initial[draft.quantity(name)] = value if size is None else call("mul", value, symbol(size))


def _stoichiometries(draft: Draft, reaction: libsbml.Reaction) -> None:
    for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
        if reference.isSetId() and reference.getLevel() > 2:
            known = reference.isSetStoichiometry()
            draft.initial[reference.getId()] = number(reference.getStoichiometry()) if known else NAN


def _reactions(draft: Draft, model: libsbml.Model, scope: Scope) -> None:
    changes: dict[str, list[Expression]] = {}
    for reaction in model.getListOfReactions():
        draft.formulas[reaction.getId()] = _law(draft, reaction, scope)
        for name, change in _terms(reaction, model, scope):
            changes.setdefault(name, []).append(change)
    for name, terms in changes.items():
        quantity = draft.quantity(name)
        if quantity in draft.initial and quantity not in draft.rates:
            factor = _conversion(model, model.getSpecies(name))
            draft.rates[quantity] = call("mul", factor, total(terms))


def _terms(reaction: libsbml.Reaction, model: libsbml.Model, scope: Scope) -> Iterator[tuple[str, Expression]]:
    """What a reaction adds to the rate of each species it changes."""
    for references, sign in ((reaction.getListOfReactants(), -1.0), (reaction.getListOfProducts(), 1.0)):
        for reference in references:
            name = reference.getSpecies()
            if _changes(model.getSpecies(name), name):
                factor = call("mul", number(sign), _stoichiometry(reference, scope))
                yield name, call("mul", factor, symbol(reaction.getId()))


def _changes(species: libsbml.Species | None, name: str) -> bool:
    if species is None:
        raise ModelError(f"a reaction names the species {name!r}, which does not exist")
    return not (species.getBoundaryCondition() or species.getConstant())


def _conversion(model: libsbml.Model, species: libsbml.Species) -> Expression:
    factor = species.getConversionFactor() or model.getConversionFactor()
    return symbol(factor) if factor else ONE


def _stoichiometry(reference: libsbml.SpeciesReference, scope: Scope) -> Expression:
    if reference.isSetStoichiometryMath() and reference.getStoichiometryMath().isSetMath():
        return read_number(reference.getStoichiometryMath().getMath(), scope)
    if reference.isSetId() and reference.getLevel() > 2:
        return symbol(reference.getId())
    known = reference.isSetStoichiometry() or reference.getLevel() == 2
    return number(reference.getStoichiometry()) if known else NAN


def _law(draft: Draft, reaction: libsbml.Reaction, scope: Scope) -> Expression:
    law = reaction.getKineticLaw()
    if law is None or not law.isSetMath():
        name = reaction.getId()
        raise UnsupportedError(
            "reaction without a rate", f"reaction {name} has no kinetic law, so its rate is not known"
        )
    held = law.getListOfLocalParameters() if law.getLevel() > 2 else law.getListOfParameters()
    local: dict[str, Expression] = {}
    for parameter in held:
        name = f"{reaction.getId()}.{parameter.getId()}"
        local[parameter.getId()] = symbol(name)
        draft.initial[name] = number(parameter.getValue()) if parameter.isSetValue() else NAN
        draft.units[name], draft.labels[name] = parameter.getUnits(), parameter.getName()
    return read_number(law.getMath(), scope.bound(local))
