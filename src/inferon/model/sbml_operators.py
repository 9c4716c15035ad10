"""What each operator of SBML's mathematics becomes, once its arguments are expressions; truth and number kept apart."""

from __future__ import annotations

import math
from itertools import pairwise

import libsbml

from inferon.model.antimony_source import ModelError
from inferon.model.expression import FALSE, LOGIC, ONE, RELATIONS, TRUE, ZERO, Expression, call, number

_RELATION = {
    libsbml.AST_RELATIONAL_LT: "lt",
    libsbml.AST_RELATIONAL_LEQ: "le",
    libsbml.AST_RELATIONAL_GT: "gt",
    libsbml.AST_RELATIONAL_GEQ: "ge",
    libsbml.AST_RELATIONAL_EQ: "eq",
    libsbml.AST_RELATIONAL_NEQ: "ne",
}
_BINARY = {libsbml.AST_DIVIDE: "div", libsbml.AST_POWER: "pow", libsbml.AST_FUNCTION_POWER: "pow"}
_FOLDED = {
    libsbml.AST_PLUS: ("add", ZERO),
    libsbml.AST_TIMES: ("mul", ONE),
    libsbml.AST_FUNCTION_MAX: ("max", None),
    libsbml.AST_FUNCTION_MIN: ("min", None),
}
_UNARY = {
    libsbml.AST_FUNCTION_EXP: "exp",
    libsbml.AST_FUNCTION_LN: "log",
    libsbml.AST_FUNCTION_ABS: "abs",
    libsbml.AST_FUNCTION_FLOOR: "floor",
    libsbml.AST_FUNCTION_CEILING: "ceil",
    libsbml.AST_FUNCTION_SIN: "sin",
    libsbml.AST_FUNCTION_COS: "cos",
    libsbml.AST_FUNCTION_TAN: "tan",
    libsbml.AST_FUNCTION_ARCSIN: "asin",
    libsbml.AST_FUNCTION_ARCCOS: "acos",
    libsbml.AST_FUNCTION_ARCTAN: "atan",
    libsbml.AST_FUNCTION_SINH: "sinh",
    libsbml.AST_FUNCTION_COSH: "cosh",
    libsbml.AST_FUNCTION_TANH: "tanh",
    libsbml.AST_FUNCTION_ARCSINH: "asinh",
    libsbml.AST_FUNCTION_ARCCOSH: "acosh",
    libsbml.AST_FUNCTION_ARCTANH: "atanh",
}
_RECIPROCAL = {
    libsbml.AST_FUNCTION_SEC: "cos",
    libsbml.AST_FUNCTION_CSC: "sin",
    libsbml.AST_FUNCTION_COT: "tan",
    libsbml.AST_FUNCTION_SECH: "cosh",
    libsbml.AST_FUNCTION_CSCH: "sinh",
    libsbml.AST_FUNCTION_COTH: "tanh",
}
_OF_RECIPROCAL = {
    libsbml.AST_FUNCTION_ARCSEC: "acos",
    libsbml.AST_FUNCTION_ARCCSC: "asin",
    libsbml.AST_FUNCTION_ARCCOT: "atan",
    libsbml.AST_FUNCTION_ARCSECH: "acosh",
    libsbml.AST_FUNCTION_ARCCSCH: "asinh",
    libsbml.AST_FUNCTION_ARCCOTH: "atanh",
}
_OF_NOTHING = {
    libsbml.AST_LOGICAL_AND: TRUE,
    libsbml.AST_LOGICAL_OR: FALSE,
    libsbml.AST_LOGICAL_XOR: FALSE,
}
LOGICAL = {*_OF_NOTHING, libsbml.AST_LOGICAL_NOT, libsbml.AST_LOGICAL_IMPLIES}
"""Operators whose arguments are conditions."""
_LANCZOS = (
    *(0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313),
    *(-176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7),
)
"""Coefficients of Lanczos' approximation of the gamma function, g = 7, n = 9 (C. Lanczos, SIAM J. Numer. Anal. 1, 1964)."""


def as_number(expression: Expression) -> Expression:
    """A condition as 1 or 0; a number as it is."""
    return call("select", expression, ONE, ZERO) if _is_truth(expression) else expression


def as_truth(expression: Expression) -> Expression:
    """A number as whether it differs from 0; a condition as it is."""
    return expression if _is_truth(expression) else _unequal(expression, ZERO)


def _is_truth(expression: Expression) -> bool:
    return expression.operation in RELATIONS or expression.operation in LOGIC


def numeric(kind: int, a: list[Expression]) -> Expression | None:
    """An operator on numbers; None where there is no such operator, or not of so many arguments."""
    if kind in _RELATION:
        return _chain(_RELATION[kind], a)
    if kind in _FOLDED:
        return _fold(*_FOLDED[kind], a)
    if len(a) == 1:
        return _of_one(kind, a[0])
    if len(a) == 2:
        return _of_two(kind, *a)
    return None


def _of_one(kind: int, x: Expression) -> Expression | None:
    if kind in _UNARY:
        return call(_UNARY[kind], x)
    if kind in _RECIPROCAL:
        return call("div", ONE, call(_RECIPROCAL[kind], x))
    if kind in _OF_RECIPROCAL:
        return call(_OF_RECIPROCAL[kind], call("div", ONE, x))
    if kind == libsbml.AST_MINUS:
        return call("neg", x)
    if kind == libsbml.AST_FUNCTION_ROOT:
        return call("sqrt", x)
    if kind == libsbml.AST_FUNCTION_LOG:
        return _logarithm(number(10), x)
    if kind == libsbml.AST_FUNCTION_FACTORIAL:
        return _factorial(x)
    return None


def _of_two(kind: int, a: Expression, b: Expression) -> Expression | None:
    if kind in _BINARY:
        return call(_BINARY[kind], a, b)
    if kind == libsbml.AST_MINUS:
        return call("sub", a, b)
    if kind == libsbml.AST_FUNCTION_ROOT:
        return call("sqrt", b) if a is number(2) else call("pow", b, call("div", ONE, a))
    if kind == libsbml.AST_FUNCTION_LOG:
        return _logarithm(a, b)
    if kind == libsbml.AST_FUNCTION_QUOTIENT:
        return call("trunc", call("div", a, b))
    if kind == libsbml.AST_FUNCTION_REM:
        return call("sub", a, call("mul", b, call("trunc", call("div", a, b))))
    return None


def _chain(relation: str, arguments: list[Expression]) -> Expression:
    """A relation of any number of arguments: true where each neighbouring pair is."""
    result = TRUE
    for left, right in pairwise(arguments):
        result = _both(result, _relation(relation, left, right))
    return result


def _relation(relation: str, left: Expression, right: Expression) -> Expression:
    if relation == "eq":
        return _both(call("le", left, right), call("ge", left, right))
    return _unequal(left, right) if relation == "ne" else call(relation, left, right)


def _unequal(left: Expression, right: Expression) -> Expression:
    return call("or", call("lt", left, right), call("gt", left, right))


def _both(left: Expression, right: Expression) -> Expression:
    return right if left is TRUE else call("and", left, right)


def logical(kind: int, arguments: list[Expression]) -> Expression:
    """An operator on conditions."""
    if kind == libsbml.AST_LOGICAL_NOT and len(arguments) == 1:
        return call("not", arguments[0])
    if kind == libsbml.AST_LOGICAL_IMPLIES and len(arguments) == 2:
        return call("or", call("not", arguments[0]), arguments[1])
    if kind not in _OF_NOTHING:
        raise ModelError("not() takes one argument and implies() two")
    result = arguments[0] if arguments else _OF_NOTHING[kind]
    for argument in arguments[1:]:
        result = _join(kind, result, argument)
    return result


def _join(kind: int, left: Expression, right: Expression) -> Expression:
    if kind == libsbml.AST_LOGICAL_XOR:
        return call("or", call("and", left, call("not", right)), call("and", call("not", left), right))
    return call("and" if kind == libsbml.AST_LOGICAL_AND else "or", left, right)


def _fold(operation: str, empty: Expression | None, arguments: list[Expression]) -> Expression:
    result = arguments[0] if arguments else empty
    if result is None:
        raise ModelError(f"{operation}() without arguments")
    for argument in arguments[1:]:
        result = call(operation, result, argument)
    return result


def _logarithm(base: Expression, x: Expression) -> Expression:
    return call("div", call("log", x), number(math.log(10)) if base is number(10) else call("log", base))


def _factorial(n: Expression) -> Expression:
    """n! exactly where n is written as a number, else by Lanczos' approximation (relative error about 1e-15)."""
    if n.operation == "number" and 0 <= n.constant <= 170:
        return number(math.gamma(n.constant + 1.0))
    series = number(_LANCZOS[0])
    for k, coefficient in enumerate(_LANCZOS[1:], start=1):
        series = call("add", series, call("div", number(coefficient), call("add", n, number(k))))
    shifted = call("add", n, number(7.5))
    power = call("pow", shifted, call("add", n, number(0.5)))
    return call(
        "mul",
        call("mul", number(math.sqrt(2 * math.pi)), series),
        call("mul", power, call("exp", call("neg", shifted))),
    )


def piecewise(arguments: list[Expression]) -> Expression:
    """The value of the first piece whose condition holds; not a number where none does and nothing else is said."""
    pieces, otherwise = arguments, number(math.nan)
    if len(arguments) % 2:
        pieces, otherwise = arguments[:-1], arguments[-1]
    values, tests = pieces[0::2], [as_truth(test) for test in pieces[1::2]]
    if pieces and all(map(_is_truth, (*values, otherwise))):
        return _piecewise_truth(values, tests, otherwise)
    result = as_number(otherwise)
    for value, test in zip(reversed(values), reversed(tests), strict=True):
        result = call("select", test, as_number(value), result)
    return result


def _piecewise_truth(values: list[Expression], tests: list[Expression], otherwise: Expression) -> Expression:
    result = otherwise
    for value, test in zip(reversed(values), reversed(tests), strict=True):
        result = call("or", call("and", test, value), call("and", call("not", test), result))
    return result
