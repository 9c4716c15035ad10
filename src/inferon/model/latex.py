"""A Model's equations as LaTeX, for papers and protocols."""

from __future__ import annotations

from collections.abc import Iterable

from inferon.model.expression import CIRCULAR, HYPERBOLIC, Expression, call
from inferon.model.model import Event, Model, State

_RELATION = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"}
_JOINED = {"add": (1, "+"), "sub": (1, "-"), "mul": (2, r"\,"), "and": (0, r"\land"), "or": (0, r"\lor")}
_FUNCTION = {"exp": r"\exp", "log": r"\ln", "min": r"\min", "max": r"\max", "trunc": r"\operatorname{trunc}"}
_FUNCTION |= {
    name: rf"\operatorname{{ar{name[1:]}}}" if name.startswith("a") else rf"\{name}" for name in HYPERBOLIC
} | {name: rf"\arc{name[1:]}" if name.startswith("a") else rf"\{name}" for name in CIRCULAR}
_AROUND = {
    "sqrt": r"\sqrt{%s}",
    "abs": r"\left|%s\right|",
    "floor": r"\left\lfloor %s\right\rfloor",
    "ceil": r"\left\lceil %s\right\rceil",
}
_ATOM, _FACTOR, _TERM = 4, 2, 1


def latex_text(model: Model) -> str:
    """The model's rates, formulas and events, one equation a line, in ``align*`` environments."""
    return equations(model.states, model.assigned.items(), model.events)


def equations(states: Iterable[State], assigned: Iterable[tuple[str, Expression]], events: Iterable[Event] = ()) -> str:
    """The same for parts of a model."""
    rates = [rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}t}}\,{symbol_latex(s.name)} &= {latex(s.rate)}" for s in states]
    formulas = [f"{symbol_latex(name)} &= {latex(formula)}" for name, formula in assigned]
    happenings = [_event(event) for event in events]
    blocks = [block for block in (rates, formulas, happenings) if block]
    return "\n\n".join("\\begin{align*}\n" + " \\\\\n".join(block) + "\n\\end{align*}" for block in blocks)


def symbol_latex(name: str) -> str:
    """A name, upright; what follows its first underscore is the index, and so is the module a private name belongs to."""
    module, _, own = name.rpartition("__")
    head, _, index = own.partition("_")
    if not head:
        head, index = own, ""
    indices = r",\ ".join(_escaped(part) for part in (index, module) if part)
    below = rf"_{{\mathrm{{{indices}}}}}" if indices else ""
    return rf"\mathrm{{{_escaped(head)}}}{below}"


def latex(expression: Expression) -> str:
    """One expression in mathematics mode."""
    return _written(expression)[0]


def _event(event: Event) -> str:
    changes = r",\; ".join(rf"{symbol_latex(target)} \leftarrow {latex(value)}" for target, value in event.assignments)
    after = rf"\;\text{{after }} {latex(event.delay)}" if latex(event.delay) != "0" else ""
    return rf"\text{{{_escaped(event.name)}: when }} {latex(event.trigger)}{after}: &\; {changes}"


def _escaped(name: str) -> str:
    return name.replace("_", r"\_").replace(" ", r"\ ")


def _written(node: Expression) -> tuple[str, int]:
    """The text of a node and how tightly it holds together."""
    operation, arguments = node.operation, node.arguments
    if not arguments:
        return _leaf(node)
    if operation in _JOINED:
        return _joined(node)
    if operation in _RELATION:
        return f"{latex(arguments[0])} {_RELATION[operation]} {latex(arguments[1])}", 1
    if operation in _AROUND:
        return _AROUND[operation] % latex(arguments[0]), _ATOM
    if operation in _FUNCTION:
        inside = ", ".join(map(latex, arguments))
        return rf"{_FUNCTION[operation]}\left({inside}\right)", _ATOM
    return _BUILT[operation](node)


def _leaf(node: Expression) -> tuple[str, int]:
    if node.operation == "number":
        return number_latex(node.constant), _ATOM if node.constant >= 0 else _TERM
    if node.operation == "symbol":
        return symbol_latex(node.name), _ATOM
    return ("t" if node.operation == "time" else rf"\text{{{node.operation}}}"), _ATOM


def number_latex(value: float) -> str:
    """A number, with a power of ten where it is written with an exponent."""
    mantissa, _, exponent = f"{value:.12g}".partition("e")
    if "inf" in mantissa or "nan" in mantissa:
        return mantissa.replace("inf", r"\infty").replace("nan", r"\text{not a number}")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _bracketed(node: Expression, least: int) -> str:
    written, strength = _written(node)
    return written if strength >= least else rf"\left({written}\right)"


def _joined(node: Expression) -> tuple[str, int]:
    strength, sign = _JOINED[node.operation]
    left, right = node.arguments
    tighter = strength + (node.operation == "sub")
    if node.operation == "mul" and left.operation == "neg":
        return f"-{_written(call('mul', left.arguments[0], right))[0]}", _TERM
    if node.operation == "mul" and left.operation == right.operation == "number":
        sign = r"\cdot"
    return f"{_bracketed(left, strength)} {sign} {_bracketed(right, tighter)}", strength


def _fraction(node: Expression) -> tuple[str, int]:
    return rf"\frac{{{latex(node.arguments[0])}}}{{{latex(node.arguments[1])}}}", _ATOM - 1


def _power(node: Expression) -> tuple[str, int]:
    return f"{_bracketed(node.arguments[0], _ATOM)}^{{{latex(node.arguments[1])}}}", _ATOM - 1


def _negative(node: Expression) -> tuple[str, int]:
    return f"-{_bracketed(node.arguments[0], _FACTOR)}", _TERM


def _not(node: Expression) -> tuple[str, int]:
    return rf"\lnot {_bracketed(node.arguments[0], _ATOM)}", _ATOM


def _cases(node: Expression) -> tuple[str, int]:
    condition, yes, no = map(latex, node.arguments)
    return rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} \end{{cases}}", _ATOM


_BUILT = {"div": _fraction, "pow": _power, "neg": _negative, "not": _not, "select": _cases}
