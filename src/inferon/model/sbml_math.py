"""MathML to checked expressions: every operator of SBML's core, function definitions written out, truth and number kept apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import FALSE, TIME, TRUE, Expression, number, symbol
from inferon.model.sbml_operators import LOGICAL, as_number, as_truth, logical, numeric, piecewise
from inferon.model.sbml_refusals import UnsupportedError

RATE_OF = "rateOf "
"""What stands before a name where SBML asks for its rate of change; the reader puts the rate in its place."""
AVOGADRO = 6.02214179e23
"""The value SBML Level 3 prescribes."""

_CONSTANTS = {
    libsbml.AST_CONSTANT_TRUE: TRUE,
    libsbml.AST_CONSTANT_FALSE: FALSE,
    libsbml.AST_CONSTANT_E: number(math.e),
    libsbml.AST_CONSTANT_PI: number(math.pi),
    libsbml.AST_NAME_TIME: TIME,
    libsbml.AST_NAME_AVOGADRO: number(AVOGADRO),
}


@dataclass(frozen=True)
class Scope:
    """What names mean where an expression stands: function definitions, bound or local names, functions being written out."""

    functions: Mapping[str, libsbml.ASTNode] = field(default_factory=dict)
    local: Mapping[str, Expression] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    known: dict[tuple, Expression] = field(default_factory=dict)

    def bound(self, local: Mapping[str, Expression]) -> Scope:
        """The same scope in which the names of ``local`` hide others."""
        return Scope(self.functions, local, self.inside, self.known)


def read_expression(node: libsbml.ASTNode, scope: Scope | None = None) -> Expression:
    """One MathML expression as a checked graph; raises ``ModelError`` naming what is not supported."""
    try:
        return _read(node, scope or Scope())
    except RecursionError:
        raise ModelError("an expression is nested too deeply") from None


def read_truth(node: libsbml.ASTNode, scope: Scope | None = None) -> Expression:
    """The same for a condition: a number counts as true where it is not 0."""
    return as_truth(read_expression(node, scope))


def read_number(node: libsbml.ASTNode, scope: Scope | None = None) -> Expression:
    """The same for a quantity: true counts as 1 and false as 0."""
    return as_number(read_expression(node, scope))


def _read(node: libsbml.ASTNode, scope: Scope) -> Expression:
    kind = node.getType()
    if node.isNumber():
        return number(node.getValue())
    if kind == libsbml.AST_NAME:
        return scope.local.get(node.getName()) or symbol(node.getName())
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind == libsbml.AST_FUNCTION_RATE_OF:
        return _rate_of(node, scope)
    arguments = [_read(node.getChild(i), scope) for i in range(node.getNumChildren())]
    if kind == libsbml.AST_FUNCTION:
        return _defined(node.getName(), arguments, scope)
    if kind == libsbml.AST_FUNCTION_PIECEWISE:
        return piecewise(arguments)
    if kind in LOGICAL:
        return logical(kind, [as_truth(a) for a in arguments])
    result = numeric(kind, [as_number(a) for a in arguments])
    if result is None:
        raise _refusal(node)
    return result


def _rate_of(node: libsbml.ASTNode, scope: Scope) -> Expression:
    named = node.getChild(0) if node.getNumChildren() == 1 else None
    meant = _read(named, scope) if named is not None and named.getType() == libsbml.AST_NAME else None
    if meant is None or meant.operation != "symbol":
        raise ModelError("rateOf() takes the name of one quantity")
    return symbol(RATE_OF + meant.name)


def _defined(name: str, arguments: list[Expression], scope: Scope) -> Expression:
    """A call of a function definition, written out; the same call twice is worked out once."""
    body = scope.functions.get(name)
    if body is None:
        raise ModelError(f"there is no function {name!r}")
    if name in scope.inside:
        raise ModelError(f"the function {name} is defined by itself")
    key = (name, *map(id, arguments))
    if key not in scope.known:
        bound = [body.getChild(i).getName() for i in range(body.getNumChildren() - 1)]
        if len(bound) != len(arguments):
            raise ModelError(f"the function {name} takes {len(bound)} arguments, not {len(arguments)}")
        values = dict(zip(bound, arguments, strict=True))
        inner = Scope(scope.functions, values, (*scope.inside, name), scope.known)
        scope.known[key] = _read(body.getChild(body.getNumChildren() - 1), inner)
    return scope.known[key]


def _refusal(node: libsbml.ASTNode) -> ModelError:
    if node.getType() == libsbml.AST_FUNCTION_DELAY:
        return UnsupportedError("delay", "the delay() of a quantity (a delay differential equation) is not supported")
    written = libsbml.formulaToL3String(node) or "?"
    return UnsupportedError("operation", f"the expression {written[:80]!r} uses an operation that is not supported")
