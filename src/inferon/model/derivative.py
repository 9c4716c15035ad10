"""Directional derivative of an expression along the flow: how fast a threshold function moves, for locating its crossings."""

from __future__ import annotations

from collections.abc import Mapping

from inferon.model.expression import ONE, ZERO, Expression, call, number, walk

_LEAST_BASE, _LEAST_ROOT = number(1e-12), number(1e-6)
"""Below these a power or a root is differentiated as if it were there: slopes stay finite at 0."""


def along_flow(expression: Expression, rates: Mapping[str, Expression]) -> Expression:
    """d(expression)/dt when each named state moves with its given rate; conditions are held constant.

    Source: forward-mode differentiation (Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).
    """
    return _moved(expression, rates, ONE)


def partial(expression: Expression, name: str) -> Expression:
    """The partial derivative by one name; conditions are held constant."""
    return _moved(expression, {name: ONE}, ZERO)


def _moved(expression: Expression, rates: Mapping[str, Expression], time: Expression) -> Expression:
    moved: dict[int, Expression] = {}
    for node in walk([expression]):
        moved[id(node)] = _rate(node, [moved[id(a)] for a in node.arguments], rates, time)
    return moved[id(expression)]


def _rate(node: Expression, da: list[Expression], rates: Mapping[str, Expression], time: Expression) -> Expression:
    if node.operation == "symbol":
        return rates.get(node.name, ZERO)
    if node.operation == "time":
        return time
    if all(d is ZERO for d in da):
        return ZERO
    return _RULES[node.operation](node, node.arguments, da)


def _quotient(node: Expression, a: tuple[Expression, ...], d: list[Expression]) -> Expression:
    return call("div", call("sub", d[0], call("mul", node, d[1])), a[1])


def _power(node: Expression, a: tuple[Expression, ...], d: list[Expression]) -> Expression:
    """x^e changes by e x^(e-1) dx; where e is or may be below 1, that is kept finite at x = 0."""
    base, exponent = a
    whole = exponent.operation == "number" and exponent.constant >= 1
    above_zero = base if whole else call("max", base, _LEAST_BASE)
    by_base = call("mul", call("mul", exponent, call("pow", above_zero, call("sub", exponent, ONE))), d[0])
    if d[1] is ZERO:
        return by_base
    return call("add", by_base, call("mul", call("mul", node, call("log", base)), d[1]))


def _square(node: Expression) -> Expression:
    return call("mul", node, node)


def _over_root(sign: str, first: Expression, second: Expression, d: Expression) -> Expression:
    """d / sqrt(first ± second), the rate of an inverse circular or hyperbolic function."""
    return call("div", d, call("sqrt", call(sign, first, second)))


def _larger(relation: str):
    def rule(_node: Expression, a: tuple[Expression, ...], d: list[Expression]) -> Expression:
        return call("select", call(relation, a[0], a[1]), d[0], d[1])

    return rule


_RULES = {
    "add": lambda node, a, d: call("add", d[0], d[1]),
    "sub": lambda node, a, d: call("sub", d[0], d[1]),
    "mul": lambda node, a, d: call("add", call("mul", d[0], a[1]), call("mul", a[0], d[1])),
    "div": _quotient,
    "neg": lambda node, a, d: call("neg", d[0]),
    "pow": _power,
    "exp": lambda node, a, d: call("mul", node, d[0]),
    "log": lambda node, a, d: call("div", d[0], a[0]),
    "sqrt": lambda node, a, d: call("div", d[0], call("mul", number(2), call("max", node, _LEAST_ROOT))),
    "abs": lambda node, a, d: call("select", call("ge", a[0], ZERO), d[0], call("neg", d[0])),
    "max": _larger("ge"),
    "min": _larger("le"),
    "select": lambda node, a, d: call("select", a[0], d[1], d[2]),
    "floor": lambda node, a, d: ZERO,
    "ceil": lambda node, a, d: ZERO,
    "trunc": lambda node, a, d: ZERO,
    "sin": lambda node, a, d: call("mul", call("cos", a[0]), d[0]),
    "cos": lambda node, a, d: call("neg", call("mul", call("sin", a[0]), d[0])),
    "tan": lambda node, a, d: call("mul", call("add", ONE, _square(node)), d[0]),
    "asin": lambda node, a, d: _over_root("sub", ONE, _square(a[0]), d[0]),
    "acos": lambda node, a, d: call("neg", _over_root("sub", ONE, _square(a[0]), d[0])),
    "atan": lambda node, a, d: call("div", d[0], call("add", ONE, _square(a[0]))),
    "sinh": lambda node, a, d: call("mul", call("cosh", a[0]), d[0]),
    "cosh": lambda node, a, d: call("mul", call("sinh", a[0]), d[0]),
    "tanh": lambda node, a, d: call("mul", call("sub", ONE, _square(node)), d[0]),
    "asinh": lambda node, a, d: _over_root("add", _square(a[0]), ONE, d[0]),
    "acosh": lambda node, a, d: _over_root("sub", _square(a[0]), ONE, d[0]),
    "atanh": lambda node, a, d: call("div", d[0], call("sub", ONE, _square(a[0]))),
}
