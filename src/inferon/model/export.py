"""A Model written out for other programs: an SBML Level 3 document, or the Antimony text of the same document."""

from __future__ import annotations

import re
from collections.abc import Mapping

import antimony
import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import ONE, ZERO, Expression, call
from inferon.model.mathml import mathml
from inferon.model.model import Event, Model

_NOT_IN_IDENTIFIERS = re.compile(r"\W", re.ASCII)


def sbml_text(model: Model, *, units: str = "") -> str:
    """The model as SBML Level 3 Version 2: every quantity a parameter with a rate rule, an assignment rule or a value.

    ``units`` defines the model's units in Antimony's notation; without it quantities are written without units.
    A name SBML does not allow (``amount of S``) is written with underscores and kept as the parameter's name. Reading the
    document again gives the same trajectories. Raises ``ModelError`` for a delayed assignment SBML cannot say in these terms.
    """
    return libsbml.writeSBMLToString(_Writer(model, units).document)


def antimony_text(model: Model, *, units: str = "") -> str:
    """The same document in Antimony. Raises ``ModelError`` where Antimony cannot take it."""
    antimony.clearPreviousLoads()
    if antimony.loadSBMLString(sbml_text(model, units=units)) < 0:
        raise ModelError(f"{model.name} cannot be written in Antimony: {antimony.getLastError().strip()}")
    return antimony.getAntimonyString(antimony.getMainModuleName())


class _Writer:
    """Fills one document."""

    def __init__(self, model: Model, units: str) -> None:
        self._of, self._units = _identifiers(model), model.units
        self.document = libsbml.SBMLDocument(3, 2)
        self._into = self.document.createModel()
        self._into.setId(_NOT_IN_IDENTIFIERS.sub("_", model.name))
        if units:
            _define_units(self._into, units)
        for name, parameter in model.parameters.items():
            self._quantity(name, parameter.value, constant=True)
        for name, value in model.switches.items():
            self._quantity(name, value)
        for state in model.states:
            self._state(state.name, state.initial, state.rate)
        for name, formula in model.assigned.items():
            self._quantity(name)
            self._set(self._into.createAssignmentRule(), name, formula)
        for event in model.events:
            self._event(event)

    def _math(self, expression: Expression) -> libsbml.ASTNode:
        return libsbml.readMathMLFromString(mathml(expression, self._of.__getitem__))

    def _quantity(self, name: str, value: float | None = None, *, constant: bool = False) -> None:
        written = self._into.createParameter()
        written.setId(self._of[name])
        written.setConstant(constant)
        unit = self._units.get(name, "")
        if self._into.getUnitDefinition(unit) is not None or libsbml.Unit.isUnitKind(unit, 3, 2):
            written.setUnits(unit)
        if self._of[name] != name:
            written.setName(name)
        if value is not None:
            written.setValue(value)

    def _set(self, rule: libsbml.Rule, name: str, formula: Expression) -> None:
        rule.setVariable(self._of[name])
        rule.setMath(self._math(formula))

    def _state(self, name: str, initial: Expression, rate: Expression) -> None:
        literal = initial.operation == "number"
        self._quantity(name, initial.constant if literal else None)
        if not literal:
            start = self._into.createInitialAssignment()
            start.setSymbol(self._of[name])
            start.setMath(self._math(initial))
        if rate is not ZERO:
            self._set(self._into.createRateRule(), name, rate)

    def _event(self, event: Event) -> None:
        written = self._into.createEvent()
        written.setId(_NOT_IN_IDENTIFIERS.sub("_", event.name))
        written.setUseValuesFromTriggerTime(event.use_trigger_values)
        trigger = written.createTrigger()
        trigger.setPersistent(event.persistent)
        trigger.setInitialValue(event.true_before_start)
        trigger.setMath(self._math(event.trigger))
        if event.delay is not ZERO:
            written.createDelay().setMath(self._math(event.delay))
        if event.priority is not None:
            written.createPriority().setMath(self._math(event.priority))
        for (target, _), value in zip(event.assignments, _assigned(event), strict=True):
            assignment = written.createEventAssignment()
            assignment.setVariable(self._of[target])
            assignment.setMath(self._math(value))


def _define_units(into: libsbml.Model, units: str) -> None:
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(f"model units_only()\n{units}\nend") < 0:
        raise ModelError(f"the units cannot be read: {antimony.getLastError().strip()}")
    defined = libsbml.readSBMLFromString(antimony.getSBMLString("units_only")).getModel()
    for definition in defined.getListOfUnitDefinitions():
        into.addUnitDefinition(definition)
    into.setTimeUnits(defined.getTimeUnits())


def _assigned(event: Event) -> list[Expression]:
    scales = event.scales or (ONE,) * len(event.assignments)
    if event.delay is not ZERO and event.use_trigger_values and any(scale is not ONE for scale in scales):
        raise ModelError(f"{event.name}: a delayed assignment of a concentration cannot be exported")
    return [call("mul", value, scale) for (_, value), scale in zip(event.assignments, scales, strict=True)]


def _identifiers(model: Model) -> Mapping[str, str]:
    """An SBML identifier for every name of the model, its own where that is one."""
    names = [*model.parameters, *model.switches, *model.state_names, *model.assigned]
    given = {name: name for name in names if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)}
    taken = set(given.values())
    for name in names:
        if name not in given:
            wanted = "_" * name[:1].isdigit() + _NOT_IN_IDENTIFIERS.sub("_", name)
            while wanted in taken:
                wanted += "_"
            given[name] = wanted
            taken.add(wanted)
    return given
