"""Joining modules on their coupling names: exactly one producer, equal unit, or an error that names both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from inferon.model.antimony_source import Header, ModelError
from inferon.model.expression import Expression, number, substitute, symbol
from inferon.model.model import Event, Model, Parameter, State
from inferon.model.parameters import UNIT_IDS
from inferon.model.sbml import Parts, in_dependency_order


@dataclass(frozen=True)
class Module:
    """One module as read: its interface, its parts and the values of its folder's parameter table."""

    header: Header
    parts: Parts
    table: Mapping[str, Parameter]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Interface names this module gives (they have a rule, a rate or a switch)."""
        given = self.parts.assigned.keys() | {s.name for s in self.parts.states} | self.parts.switches.keys()
        return tuple(name for name in self.header.interface if name in given)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Interface names this module takes from others."""
        return tuple(name for name in self.header.interface if name not in self.outputs)


@dataclass(frozen=True)
class Instance:
    """One use of a module under a name of its own, with interface names renamed where two instances would collide."""

    module: Module
    name: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """Which row of the module's table stands for which symbol, where the two differ (a product, a preset)."""

    @property
    def label(self) -> str:
        return self.name or self.module.header.name

    def coupling(self, interface_name: str) -> str:
        """The coupling name an interface name stands for."""
        return self.rename.get(interface_name, interface_name)


def compose(name: str, instances: Sequence[Instance], absent: Mapping[str, float] | None = None) -> Model:
    """One Model from several module instances.

    ``absent`` states constants for couplings no instance produces (for example no chemotherapy: ``E_chemo`` 0).
    Raises ``ModelError`` when a coupling has two producers, none, or two units.
    """
    absent = dict(absent or {})
    producers = _producers(instances, absent)
    _check_units(instances, producers)
    parts = [_renamed(instance, absent) for instance in instances]
    parameters = {k: v for _, values in parts for k, v in values.items()}
    merged = [p for p, _ in parts]
    return Model(
        name=name,
        states=tuple(state for p in merged for state in p.states),
        parameters=parameters,
        switches={k: v for p in merged for k, v in p.switches.items()},
        assigned=in_dependency_order({k: v for p in merged for k, v in p.assigned.items()}),
        events=tuple(event for p in merged for event in p.events),
        units={k: v for p in merged for k, v in p.units.items()},
        couplings=tuple(producers),
    )


def _producers(instances: Sequence[Instance], absent: Mapping[str, float]) -> dict[str, Instance]:
    producers: dict[str, Instance] = {}
    for instance in instances:
        for given in map(instance.coupling, instance.module.outputs):
            if given in producers:
                raise ModelError(f"{given} is produced by both {producers[given].label} and {instance.label}")
            if given in absent:
                raise ModelError(f"{given} is declared absent but {instance.label} produces it")
            producers[given] = instance
    for instance in instances:
        for taken in map(instance.coupling, instance.module.inputs):
            if taken not in producers and taken not in absent:
                raise ModelError(f"{instance.label} needs {taken}, which no module produces")
    return producers


def _check_units(instances: Sequence[Instance], producers: Mapping[str, Instance]) -> None:
    units = {
        instance.coupling(output): instance.module.parts.units[output]
        for instance in instances
        for output in instance.module.outputs
    }
    for instance in instances:
        for taken in instance.module.inputs:
            coupling, unit = instance.coupling(taken), instance.module.parts.units[taken]
            if coupling in units and units[coupling] != unit:
                maker = producers[coupling].label
                raise ModelError(f"{coupling} is {units[coupling]} in {maker} but {unit} in {instance.label}")


def _renamed(instance: Instance, absent: Mapping[str, float]) -> tuple[Parts, dict[str, Parameter]]:
    """The parts of an instance under their final names, and its parameters."""
    module, parts = instance.module, instance.module.parts
    interface = {name: instance.coupling(name) for name in module.header.interface}
    final = {name: interface.get(name, f"{instance.label}__{name}") for name in parts.units}
    by_name: dict[str, Expression] = {old: symbol(new) for old, new in final.items()}
    by_name |= {name: number(absent[c]) for name, c in interface.items() if c in absent}

    def put(expression: Expression) -> Expression:
        return substitute([expression], by_name)[0]

    renamed = Parts(
        name=instance.label,
        states=tuple(State(final[s.name], s.unit, put(s.initial), put(s.rate)) for s in parts.states),
        constants={},
        switches={final[n]: v for n, v in parts.switches.items()},
        assigned={final[n]: put(e) for n, e in parts.assigned.items()},
        events=tuple(_renamed_event(e, final, put) for e in parts.events),
        units={final[n]: unit for n, unit in parts.units.items()},
    )
    constants = [n for n in parts.constants if n not in module.header.interface]
    return renamed, {final[n]: _value(instance, n) for n in constants}


def _renamed_event(event: Event, final: Mapping[str, str], put) -> Event:
    renamed = event.rewritten(put)
    return replace(renamed, assignments=tuple((final[target], value) for target, value in renamed.assignments))


def _value(instance: Instance, name: str) -> Parameter:
    row = instance.values.get(name, name)
    unit = instance.module.parts.units[name]
    parameter = instance.module.table.get(row)
    if parameter is None:
        raise ModelError(f"{instance.label}: {name} has no value; its module's parameters.csv has no row {row!r}")
    if UNIT_IDS.get(parameter.unit) != unit:
        raise ModelError(
            f"{instance.label}: {name} is {unit} in the equations but {parameter.unit} in {parameter.origin}"
        )
    return parameter
