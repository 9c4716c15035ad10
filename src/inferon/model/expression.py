"""The checked expression graph: what every equation becomes after reading and before code is generated.

Nodes are interned, so a sub-expression written twice is one node and common-subexpression elimination is free. Only the
operations listed in ``OPERATIONS`` exist; a name in a model is never anything but a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

ARITHMETIC = ("add", "sub", "mul", "div", "neg", "pow", "exp", "log", "sqrt", "abs", "min", "max")
ROUNDING = ("floor", "ceil", "trunc")
CIRCULAR = ("sin", "cos", "tan", "asin", "acos", "atan")
HYPERBOLIC = ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
RELATIONS = ("lt", "le", "gt", "ge", "eq", "ne")
LOGIC = ("and", "or", "not", "true", "false")
OPERATIONS = (
    "number",
    "symbol",
    "time",
    "mode",
    "select",
    *ARITHMETIC,
    *ROUNDING,
    *CIRCULAR,
    *HYPERBOLIC,
    *RELATIONS,
    *LOGIC,
)


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One node: an operation, its arguments and, for leaves, a number, a name or a mode index."""

    operation: str
    arguments: tuple[Expression, ...] = ()
    value: float | str | int | None = None

    @property
    def name(self) -> str:
        """The name of a symbol."""
        assert isinstance(self.value, str)
        return self.value

    @property
    def constant(self) -> float:
        """The value of a number."""
        assert isinstance(self.value, float)
        return self.value

    @property
    def index(self) -> int:
        """The condition a mode stands for."""
        assert isinstance(self.value, int)
        return self.value

    def __repr__(self) -> str:
        return text(self)


_interned: dict[tuple, Expression] = {}


def _node(operation: str, arguments: tuple[Expression, ...] = (), value: float | str | int | None = None) -> Expression:
    if operation not in OPERATIONS:
        raise ValueError(f"unknown operation {operation!r}")
    key = (operation, tuple(id(a) for a in arguments), value)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Expression(operation, arguments, value)
    return found


def number(value: float) -> Expression:
    """A literal constant."""
    return _node("number", value=float(value))


def symbol(name: str) -> Expression:
    """A state, parameter, switch or assigned quantity, by name."""
    return _node("symbol", value=name)


def mode(index: int) -> Expression:
    """The truth value of the model's condition number ``index``, held constant between located crossings."""
    return _node("mode", value=index)


TIME = _node("time")
TRUE = _node("true")
FALSE = _node("false")
ZERO = number(0)
ONE = number(1)


def call(operation: str, *arguments: Expression) -> Expression:
    """Build a node, folding constants and the identities x+0, x*1, x-0, x/1, x^1 on the way."""
    simplify = _SIMPLIFY.get(operation)
    simpler = simplify(*arguments) if simplify else None
    return simpler if simpler is not None else _node(operation, arguments)


def total(terms: Iterable[Expression]) -> Expression:
    """The sum of any number of terms."""
    result = ZERO
    for term in terms:
        result = call("add", result, term)
    return result


def _both_numbers(a: Expression, b: Expression) -> bool:
    return a.operation == "number" and b.operation == "number"


def _add(a: Expression, b: Expression) -> Expression | None:
    if _both_numbers(a, b):
        return number(a.constant + b.constant)
    return b if a is ZERO else a if b is ZERO else None


def _sub(a: Expression, b: Expression) -> Expression | None:
    if _both_numbers(a, b):
        return number(a.constant - b.constant)
    return a if b is ZERO else call("neg", b) if a is ZERO else None


def _mul(a: Expression, b: Expression) -> Expression | None:
    if _both_numbers(a, b):
        return number(a.constant * b.constant)
    if a is ZERO or b is ZERO:
        return ZERO
    return b if a is ONE else a if b is ONE else None


def _div(a: Expression, b: Expression) -> Expression | None:
    if _both_numbers(a, b) and b.constant != 0:
        return number(a.constant / b.constant)
    return a if b is ONE else None


def _neg(a: Expression) -> Expression | None:
    if a.operation == "number":
        return number(-a.constant)
    return a.arguments[0] if a.operation == "neg" else None


def _pow(a: Expression, b: Expression) -> Expression | None:
    return a if b is ONE else None


def _select(condition: Expression, yes: Expression, no: Expression) -> Expression | None:
    return yes if condition is TRUE or yes is no else no if condition is FALSE else None


_SIMPLIFY: dict[str, Callable[..., Expression | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "pow": _pow,
    "select": _select,
}


def walk(roots: Iterable[Expression]) -> Iterator[Expression]:
    """Every node reachable from ``roots`` once, arguments before the nodes that use them."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if id(node) in seen:
            continue
        if expanded or not node.arguments:
            seen.add(id(node))
            yield node
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.arguments))


def names(expression: Expression) -> set[str]:
    """The names an expression mentions."""
    return {node.name for node in walk([expression]) if node.operation == "symbol"}


def rebuild(roots: Iterable[Expression], replace: Callable[[Expression], Expression | None]) -> list[Expression]:
    """Copy expressions bottom-up; wherever ``replace`` returns a node, that node stands in for the original."""
    roots = list(roots)
    done: dict[int, Expression] = {}
    for node in walk(roots):
        other = replace(node)
        if other is None and node.arguments:
            other = call(node.operation, *(done[id(a)] for a in node.arguments))
        done[id(node)] = other if other is not None else node
    return [done[id(root)] for root in roots]


def substitute(roots: Iterable[Expression], by_name: Mapping[str, Expression]) -> list[Expression]:
    """Replace names by expressions, everywhere and at once."""
    return rebuild(roots, lambda node: by_name.get(node.name) if node.operation == "symbol" else None)


_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_INFIX |= {"eq": "==", "ne": "!=", "and": "&&", "or": "||"}


def text(expression: Expression) -> str:
    """The expression in the notation of the specification (fully bracketed)."""
    operation, arguments = expression.operation, expression.arguments
    if operation == "number":
        return f"{expression.constant:.17g}"
    if operation in ("symbol", "time", "true", "false"):
        return expression.name if operation == "symbol" else operation
    if operation == "mode":
        return f"condition[{expression.index}]"
    if operation in _INFIX:
        return f"({text(arguments[0])} {_INFIX[operation]} {text(arguments[1])})"
    if operation == "select":
        condition, yes, no = arguments
        return f"piecewise({text(yes)}, {text(condition)}, {text(no)})"
    if operation == "neg":
        return f"-{text(arguments[0])}"
    return f"{operation}({', '.join(text(a) for a in arguments)})"
