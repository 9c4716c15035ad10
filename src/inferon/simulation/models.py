"""The model a word on the command line stands for: a shipped composite, a shipped module, or somebody's own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inferon.model import Instance, Model, UnsupportedError, compose, composites, load_composite, load_module, modules
from inferon.model.antimony_source import ModelError
from inferon.model.catalogue import DEFAULT_PRODUCT, closed_form_folders
from inferon.model.parameters import UNIT_IDS
from inferon.model.sbml_reader import read_antimony, read_sbml
from inferon.protocol.products import product
from inferon.simulation.profiles import OTHER, PROFILES, Profile
from inferon.study import InputError, nearest

ANTIMONY, SBML = (".ant", ".antimony", ".txt"), (".xml", ".sbml")
_SPELLED = {identifier: text for text, identifier in reversed(UNIT_IDS.items())} | {"dimensionless": ""}
_MOST_SHOWN = 12


@dataclass(frozen=True)
class Subject:
    """A model ready to be asked.

    Attributes
    ----------
    name: as written. title: in words. profile: how it is simulated.
    own: whether it is somebody's own file, in its own unit of time.
    held: couplings of a module that were given as constants, by name.
    """

    name: str
    title: str
    model: Model
    profile: Profile
    own: bool = False
    held: tuple[str, ...] = ()

    @property
    def time(self) -> str:
        """Name of the column of time."""
        return "time" if self.own else "time_days"

    @property
    def time_unit(self) -> str:
        """Unit of time, for axes."""
        return "unit of the model" if self.own else "days"


def find_model(name: str, given: Mapping[str, float]) -> Subject:
    """The model behind a name or a file; ``given`` holds replaced values, among them couplings of a module alone.

    Raises ``InputError`` for an unknown name, a file that cannot be read, or a module whose couplings are not given.
    """
    path = Path(name)
    if path.suffix.lower() in (*ANTIMONY, *SBML):
        return _own(path)
    if name in composites():
        return Subject(name, composites()[name], load_composite(name), PROFILES.get(name, OTHER))
    if name in modules():
        return _module(name, given)
    known = list(dict.fromkeys((*composites(), *modules())))
    closed = name in closed_form_folders()
    message = "this is a sampler or closed form, without equations" if closed else "there is no such model"
    allowed = f"{', '.join(known)}; or a file of Antimony (.ant) or SBML (.xml)"
    raise InputError(message, field="model", found=name, allowed=allowed, meant=nearest(name, known))


def _module(name: str, given: Mapping[str, float]) -> Subject:
    module = load_module(name)
    missing = [coupling for coupling in module.inputs if coupling not in given]
    if missing:
        message = f"the module takes {', '.join(module.inputs)} from other modules"
        units = ", ".join(f"{c}=VALUE ({unit_text(module.parts.units[c]) or 'no unit'})" for c in missing)
        raise InputError(message, field=f"model {name}", allowed=f"a constant for each, set by {units}; or a composite")
    held = {coupling: checked_coupling(coupling, given[coupling]) for coupling in module.inputs}
    standing = {symbol: row for symbol, row in _rows_of_default().items() if symbol not in module.table}
    model = compose(name, [Instance(module, values=standing)], held)
    return Subject(name, f"the module {name} alone", model, PROFILES.get(name, OTHER), held=tuple(held))


def checked_coupling(name: str, value: object) -> float:
    """The constant a coupling is held at; raises ``InputError`` where it is no number."""
    try:
        return float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        raise InputError("", field=f"parameters {name}", found=value, allowed="a number") from None


def _rows_of_default() -> dict[str, str]:
    """Which row of a table stands for a symbol that has none of its own: the default product, the default acute leukaemia."""
    rows = {symbol: row.symbol for symbol, row in product(DEFAULT_PRODUCT).rows.items()}
    clone = {"a1L": "a1L_AML_default", "p1L": "p1L_AML_default", "p2L": "p1L_AML_default"}
    return {**rows, "w_cyt": "w_cyt_40kDa", **clone}


def _own(path: Path) -> Subject:
    if not path.is_file():
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else None
        raise InputError("there is no such file", file=path, meant=near)
    try:
        text = path.read_text(encoding="utf-8")
        model = read_antimony(text) if path.suffix.lower() in ANTIMONY else read_sbml(path)
    except (ModelError, UnsupportedError) as error:
        raise InputError(str(error), file=path) from None
    except (OSError, UnicodeDecodeError):
        raise InputError("the file cannot be read as text", file=path, allowed="Antimony or SBML in UTF-8") from None
    return Subject(path.name, model.name, model, OTHER, own=True)


def unit_text(identifier: str) -> str:
    """A unit of the equations as the tables spell it; empty without one."""
    return _SPELLED.get(identifier, identifier)


def quantities(model: Model) -> tuple[str, ...]:
    """Everything that can be shown."""
    return (*model.state_names, *model.assigned, *model.switches)


def shown_names(subject: Subject, wanted: Iterable[str]) -> tuple[str, ...]:
    """Full names of the quantities asked for (those of the profile if none); a short name stands for the only one that ends so.

    Raises ``InputError`` with the nearest name for an unknown one and with the full names for one that is not unique.
    """
    names = tuple(wanted) or subject.profile.show or _first(subject.model)
    return tuple(dict.fromkeys(full_name(name, quantities(subject.model), field="show") for name in names))


def _first(model: Model) -> tuple[str, ...]:
    """What a model shows unless asked: its couplings, else its states."""
    return (tuple(n for n in model.couplings if n in quantities(model)) or model.state_names)[:4]


def full_name(name: str, known: Iterable[str], *, field: str) -> str:
    """The one of ``known`` that is ``name`` or ends in ``__name``."""
    known = list(known)
    if name in known:
        return name
    ending = [full for full in known if full.rpartition("__")[2] == name]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise InputError("the name stands for more than one quantity", field=field, found=name, allowed=ending)
    short = list(dict.fromkeys(full.rpartition("__")[2] for full in known))
    allowed = known if len(known) <= _MOST_SHOWN else f"one of the {len(known)} names of the model (`inferon models`)"
    raise InputError(
        "the model has no such quantity",
        field=field,
        found=name,
        allowed=allowed,
        meant=nearest(name, [*known, *short]),
    )
