"""Expressions out as MathML, the notation of formulas inside SBML."""

from __future__ import annotations

import math
from collections.abc import Callable

from inferon.model.expression import CIRCULAR, HYPERBOLIC, Expression

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">time</csymbol>'
_OPERATOR = {
    "add": "plus",
    "sub": "minus",
    "mul": "times",
    "div": "divide",
    "neg": "minus",
    "pow": "power",
    "exp": "exp",
}
_OPERATOR |= {
    "log": "ln",
    "sqrt": "root",
    "abs": "abs",
    "min": "min",
    "max": "max",
    "floor": "floor",
    "ceil": "ceiling",
}
_OPERATOR |= {
    "lt": "lt",
    "le": "leq",
    "gt": "gt",
    "ge": "geq",
    "eq": "eq",
    "ne": "neq",
    "and": "and",
    "or": "or",
    "not": "not",
}
_OPERATOR |= {name: f"arc{name[1:]}" if name.startswith("a") else name for name in (*CIRCULAR, *HYPERBOLIC)}


def mathml(expression: Expression, name: Callable[[str], str]) -> str:
    """The expression as a MathML document; ``name`` gives the identifier written for a name of the model."""
    return f'<math xmlns="{_NAMESPACE}">{_element(expression, name)}</math>'


def _element(node: Expression, name: Callable[[str], str]) -> str:
    if node.operation == "number":
        return _number(node.constant)
    if node.operation == "symbol":
        return f"<ci>{name(node.name)}</ci>"
    if node.operation == "time":
        return _TIME
    if node.operation in ("true", "false"):
        return f"<{node.operation}/>"
    arguments = [_element(argument, name) for argument in node.arguments]
    if node.operation == "select":
        condition, yes, no = arguments
        return f"<piecewise><piece>{yes}{condition}</piece><otherwise>{no}</otherwise></piecewise>"
    if node.operation == "trunc":
        return f"<apply><quotient/>{arguments[0]}{_number(1.0)}</apply>"
    return f"<apply><{_OPERATOR[node.operation]}/>{''.join(arguments)}</apply>"


def _number(value: float) -> str:
    if math.isnan(value):
        return "<notanumber/>"
    if math.isinf(value):
        return "<infinity/>" if value > 0 else "<apply><minus/><infinity/></apply>"
    mantissa, _, exponent = repr(value).partition("e")
    if exponent:
        return f'<cn type="e-notation">{mantissa}<sep/>{int(exponent)}</cn>'
    return f"<cn>{mantissa}</cn>"
