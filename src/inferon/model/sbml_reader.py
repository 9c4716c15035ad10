"""Any SBML Level 2 or 3 core model with ordinary differential equations as a Model; what is outside is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import antimony
import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.derivative import along_flow
from inferon.model.expression import TIME, ZERO, Expression, names, rebuild, substitute, symbol
from inferon.model.model import Event, Model, Parameter, State
from inferon.model.sbml import in_dependency_order
from inferon.model.sbml_draft import Draft, read_draft
from inferon.model.sbml_events import read_events
from inferon.model.sbml_math import RATE_OF, Scope
from inferon.model.sbml_refusals import refuse_unsupported

_IMPORT = re.compile(r"^\s*import\b", re.MULTILINE)
_NESTING = 400  # elements inside one another; a formula deeper than this is nobody's model


def read_sbml(source: str | Path) -> Model:
    """The Model in an SBML document, given as text or as the path of a file.

    A species is read out by its identifier (what that means in the document's formulas), as ``amount of S`` or as
    ``concentration of S``; compartments, parameters, stoichiometries and reaction rates by their identifiers, local parameters as
    ``reaction.parameter``. Time is in the document's own unit. Raises ``ModelError`` for a document that cannot be read and
    ``UnsupportedError`` (which names the feature) for one that asks for algebraic rules, delay(), fast reactions or packages.
    """
    text = _text(source)
    _check_nesting(text)
    document = libsbml.readSBMLFromString(text)
    _check_readable(document)
    refuse_unsupported(document)
    try:
        return _model(document.getModel())
    except RecursionError:
        raise ModelError("formulas depend on each other too deeply") from None


def read_antimony(text: str) -> Model:
    """The Model in an Antimony text (its last, main module). Raises like ``read_sbml``."""
    if _IMPORT.search(text):
        raise ModelError("the Antimony text imports another file; put everything into one text")
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise ModelError(f"the Antimony text cannot be read: {_last_error()}")
    return read_sbml(antimony.getSBMLString(antimony.getMainModuleName()))


def _last_error() -> str:
    try:
        return antimony.getLastError().strip()
    except UnicodeDecodeError:  # the library quotes half of a letter outside ASCII
        return "it holds letters outside ASCII"


def _text(source: str | Path) -> str:
    if isinstance(source, str) and source.lstrip().startswith("<"):
        return source
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelError(f"the SBML document {str(source)[:200]!r} cannot be read: {error}") from None


def _check_nesting(text: str) -> None:
    """Refuse what could make the XML reader run away: declarations of entities, and elements nested without end."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ModelError("an SBML document declares no document type and no entities")
    depth = 0
    for piece in text.split("<")[1:]:
        if piece.startswith("/"):
            depth -= 1
        elif not piece.startswith(("?", "!")) and not piece.partition(">")[0].endswith("/"):
            depth += 1
        if depth > _NESTING:
            raise ModelError(f"the SBML document nests its elements more than {_NESTING} deep")


def _check_readable(document: libsbml.SBMLDocument) -> None:
    errors = (document.getError(i) for i in range(document.getNumErrors()))
    for error in errors:
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            raise ModelError(f"line {error.getLine()}: {' '.join(error.getMessage().split())}")
    if document.getModel() is None:
        raise ModelError("the SBML document holds no model")
    if document.getLevel() < 2:
        raise ModelError("SBML Level 1 is not supported; convert the document to Level 3")


def _model(written: libsbml.Model) -> Model:
    scope = Scope({f.getId(): f.getMath() for f in written.getListOfFunctionDefinitions() if f.isSetMath()})
    draft = read_draft(written, scope)
    events = read_events(written, draft, scope)
    _check_names(draft, events)
    draft, events = _with_rates_put_in(draft, events)
    return _sorted(written.getId() or "model", draft, events)


def _check_names(draft: Draft, events: Iterable[Event]) -> None:
    known = {*draft.formulas, *draft.initial}
    expressions = [*draft.formulas.values(), *draft.rates.values(), *draft.initial.values()]
    used = {name.removeprefix(RATE_OF) for e in expressions for name in names(e)}
    used |= {name.removeprefix(RATE_OF) for event in events for e in event.expressions for name in names(e)}
    targets = {target for event in events for target, _ in event.assignments}
    for name in sorted(used | targets | draft.rates.keys()):
        if name not in known:
            raise ModelError(f"{name!r} is used but nowhere defined")
    for name in sorted((targets | draft.rates.keys()) & draft.formulas.keys()):
        raise ModelError(f"{name!r} is given by a rule and changed by another rule, reaction or event too")


def _with_rates_put_in(draft: Draft, events: tuple[Event, ...]) -> tuple[Draft, tuple[Event, ...]]:
    """The same equations with every rateOf replaced by the rate it stands for."""
    put = _rate_placer(draft)
    placed = replace(
        draft,
        formulas={name: put(e) for name, e in draft.formulas.items()},
        rates={name: put(e) for name, e in draft.rates.items()},
        initial={name: put(e) for name, e in draft.initial.items()},
    )
    return placed, tuple(event.rewritten(put) for event in events)


def _rate_placer(draft: Draft) -> Callable[[Expression], Expression]:
    found: dict[str, Expression] = {}
    visiting: set[str] = set()

    def rate_of(name: str) -> Expression:
        if name not in found:
            if name in visiting:
                raise ModelError(f"the rate of {name} depends on itself")
            visiting.add(name)
            found[name] = put(_derivative(name, draft))
        return found[name]

    def stand_in(node: Expression) -> Expression | None:
        if node.operation == "symbol" and node.name.startswith(RATE_OF):
            return rate_of(node.name.removeprefix(RATE_OF))
        return None

    def put(expression: Expression) -> Expression:
        return rebuild([expression], stand_in)[0]

    return put


def _derivative(name: str, draft: Draft) -> Expression:
    if name not in draft.formulas:
        return draft.rates.get(name, ZERO)
    formulas: dict[str, Expression] = {}
    for other, expression in in_dependency_order(draft.formulas).items():
        formulas[other] = substitute([expression], formulas)[0]
    return along_flow(formulas[name], draft.rates)


def _sorted(name: str, draft: Draft, events: tuple[Event, ...]) -> Model:
    """Every quantity in its place: integrated, changed by events only, constant, or given by a formula."""
    targets = {target for event in events for target, _ in event.assignments}
    at_start = _values_at_start(draft, draft.rates.keys() | targets)
    literal = {n for n, e in draft.initial.items() if e.operation == "number"}
    switches = (literal & targets) - draft.rates.keys()
    moving = [n for n in draft.initial if n in draft.rates or (n in targets and n not in switches)]
    constants = [n for n in draft.initial if n not in moving and n not in switches]
    derived = {n: at_start(n) for n in constants if n not in literal}
    units = {n: draft.units.get(n, "") for n in (*draft.formulas, *draft.initial)}
    return Model(
        name=name,
        states=tuple(State(n, units[n], at_start(n), draft.rates.get(n, ZERO)) for n in moving),
        parameters={n: _parameter(n, draft) for n in constants if n in literal},
        switches={n: draft.initial[n].constant for n in draft.initial if n in switches},
        assigned=in_dependency_order({**derived, **draft.formulas}),
        events=events,
        units=units,
    )


def _parameter(name: str, draft: Draft) -> Parameter:
    value, unit = draft.initial[name].constant, draft.units.get(name, "")
    return Parameter(symbol=name, description=draft.labels.get(name, ""), value=value, unit=unit)


def _values_at_start(draft: Draft, changing: Iterable[str]) -> Callable[[str], Expression]:
    """A function from a name to its value at time 0, written in constants only."""
    changing, found, visiting = set(changing), {}, set()

    def at_start(name: str) -> Expression:
        if name not in found:
            if name in visiting:
                raise ModelError(f"the initial value of {name} depends on itself")
            visiting.add(name)
            found[name] = _resolve(name)
        return found[name]

    def _resolve(name: str) -> Expression:
        value = draft.formulas[name] if name in draft.formulas else draft.initial[name]
        return rebuild([value], stand_in)[0]

    def stand_in(node: Expression) -> Expression | None:
        if node is TIME:
            return ZERO
        if node.operation != "symbol":
            return None
        constant = node.name in draft.initial and draft.initial[node.name].operation == "number"
        if constant and node.name not in changing and node.name not in draft.formulas:
            return symbol(node.name)
        return at_start(node.name)

    return at_start
