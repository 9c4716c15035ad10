"""The checked expression graph of a problem written as a Python module, for peers whose models are Python functions.

The module holds ``hoisted(p)`` (work that needs parameters only), ``rates(t, y, p, d)``, ``triggers(t, y, p, d)`` (one number for
each event: above 0 where its trigger is true, crossing 0 where it changes) and ``assignments(t, y, p, d)``. ``y``, ``p``
(parameters, then hoisted values) and ``d`` (switches) are indexed by their first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inferon.model.expression import Expression, call, rebuild, walk
from inferon.model.kernel import Kernel

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True)
class Dialect:
    """How one peer spells things: the lines on top, what stands over a function, its last lines and its operations."""

    top: str
    decorator: str
    result: Callable[[Sequence[str]], list[str]]
    calls: Mapping[str, str]


def _filled(values: Sequence[str]) -> list[str]:
    return [f"out = np.empty({len(values)})", *(f"out[{i}] = {value}" for i, value in enumerate(values)), "return out"]


def _stacked(values: Sequence[str]) -> list[str]:
    listed = ", ".join(f"1.0 * {value}" for value in values)
    return [f"return jnp.stack(jnp.broadcast_arrays({listed}))" if values else "return jnp.zeros((0, *t.shape))"]


NUMBA = Dialect(
    top="import math\n\nimport numpy as np\nfrom numba import njit\n",
    decorator='@njit(error_model="numpy")\n',
    result=_filled,
    calls={
        "exp": "math.exp({})",
        "log": "math.log({})",
        "sqrt": "math.sqrt({})",
        "abs": "abs({})",
        "min": "min({}, {})",
        "max": "max({}, {})",
        "select": "({1} if {0} else {2})",
        "and": "({} and {})",
        "or": "({} or {})",
        "not": "(not {})",
    },
)
JAX = Dialect(
    top="import jax.numpy as jnp\n",
    decorator="",
    result=_stacked,
    calls={
        "exp": "jnp.exp({})",
        "log": "jnp.log({})",
        "sqrt": "jnp.sqrt({})",
        "abs": "jnp.abs({})",
        "min": "jnp.minimum({}, {})",
        "max": "jnp.maximum({}, {})",
        "select": "jnp.where({}, {}, {})",
        "and": "jnp.logical_and({}, {})",
        "or": "jnp.logical_or({}, {})",
        "not": "jnp.logical_not({})",
    },
)


def python_source(kernel: Kernel, dialect: Dialect) -> str:
    """The module of one problem. Raises ``KeyError`` for an operation the dialect has no word for."""
    groups = {function.name: function.outputs for function in kernel.functions}

    def as_written(expressions: Sequence[Expression]) -> list[Expression]:
        return rebuild(expressions, lambda n: kernel.conditions[n.index] if n.operation == "mode" else None)

    triggers = kernel.model.inlined(event.trigger for event in kernel.events)
    writer = _Writer(kernel, dialect)
    functions = (
        writer.function("hoisted", "p", groups["hoisted"]),
        writer.function("rates", "t, y, p, d", as_written(groups["rates"])),
        writer.function("triggers", "t, y, p, d", [_distance(trigger) for trigger in triggers]),
        writer.function("assignments", "t, y, p, d", as_written(groups["assignments"])),
    )
    return "\n\n".join((dialect.top, *functions))


def known_days(kernel: Kernel) -> list[float]:
    """Times at which an equation changes for everybody."""
    stops = next(function.outputs for function in kernel.functions if function.name == "stops")
    return sorted({stop.constant for stop in stops if stop.operation == "number" and abs(stop.constant) < float("inf")})


def _distance(trigger: Expression) -> Expression:
    """A continuous quantity that is positive where the trigger holds: the nearer side of 'and', the farther of 'or'."""
    if trigger.operation in ("and", "or"):
        return call("min" if trigger.operation == "and" else "max", *map(_distance, trigger.arguments))
    left, right = trigger.arguments
    return call("sub", right, left) if trigger.operation in ("lt", "le") else call("sub", left, right)


class _Writer:
    """Writes straight-line functions, every shared sub-expression once."""

    def __init__(self, kernel: Kernel, dialect: Dialect) -> None:
        self.dialect = dialect
        self.slots = {name: f"y[{i}]" for i, name in enumerate(kernel.states)}
        self.slots |= {name: f"p[{i}]" for i, name in enumerate((*kernel.parameters, *kernel.hoisted))}
        self.slots |= {name: f"d[{i}]" for i, name in enumerate(kernel.switches)}

    def function(self, name: str, arguments: str, outputs: Sequence[Expression]) -> str:
        lines: list[str] = []
        named: dict[int, str] = {}
        for node in walk(outputs):
            if node.arguments:
                named[id(node)] = f"v{len(lines)}"
                lines.append(f"    v{len(lines)} = {self._spelled(node, [named[id(a)] for a in node.arguments])}")
            else:
                named[id(node)] = self._leaf(node)
        lines += [f"    {line}" for line in self.dialect.result([named[id(output)] for output in outputs])]
        return "\n".join([f"{self.dialect.decorator}def {name}({arguments}):", *lines])

    def _spelled(self, node: Expression, inside: list[str]) -> str:
        if node.operation in _INFIX:
            return f"{inside[0]} {_INFIX[node.operation]} {inside[1]}"
        return f"-{inside[0]}" if node.operation == "neg" else self.dialect.calls[node.operation].format(*inside)

    def _leaf(self, node: Expression) -> str:
        if node.operation == "number":
            return _literal(node.constant)
        return {"time": "t", "true": "True", "false": "False"}.get(node.operation) or self.slots[node.name]


def _literal(value: float) -> str:
    """A number as Python reads it back; a small whole one without a point, so that powers of it are products."""
    if abs(value) == float("inf"):
        return "-1e999" if value < 0 else "1e999"
    return str(int(value)) if value in (2, 3, 4) else repr(value)
