"""Division is the dearest arithmetic a processor does: divide once, multiply ever after.

A quotient by something that never changes, or by something divided by more than once, becomes a product with its reciprocal. The
result differs by at most one unit in the last place from the quotient's, and is the same wherever the kernel runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from inferon.model.expression import ONE, Expression, call, walk

_SAFE = (1e-290, 1e290)
"""Sizes of numbers whose reciprocal is accurate."""


def by_fixed(expressions: Sequence[Expression], is_fixed: Callable[[Expression], bool]) -> list[Expression]:
    """Quotients of moving by fixed quantities as products; ``is_fixed`` says which nodes never change."""
    return _multiplied(expressions, lambda node: is_fixed(node.arguments[1]) and not is_fixed(node))


def by_shared(expressions: Sequence[Expression]) -> list[Expression]:
    """Quotients whose denominator serves several as products with the one reciprocal."""
    quotients = [node for node in walk(expressions) if node.operation == "div"]
    uses = Counter(id(node.arguments[1]) for node in quotients)
    return _multiplied(expressions, lambda node: uses[id(node.arguments[1])] > 1)


def _multiplied(expressions: Sequence[Expression], worth: Callable[[Expression], bool]) -> list[Expression]:
    chosen = {
        id(node)
        for node in walk(expressions)
        if node.operation == "div" and _is_safe(node.arguments[1]) and worth(node)
    }
    done: dict[int, Expression] = {}
    for node in walk(expressions):
        arguments = [done[id(a)] for a in node.arguments]
        if id(node) in chosen:
            done[id(node)] = call("mul", arguments[0], call("div", ONE, arguments[1]))
        else:
            done[id(node)] = call(node.operation, *arguments) if arguments else node
    return [done[id(expression)] for expression in expressions]


def _is_safe(denominator: Expression) -> bool:
    return denominator.operation != "number" or _SAFE[0] < abs(denominator.constant) < _SAFE[1]
