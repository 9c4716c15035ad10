"""Formulas written in Python as LaTeX: arithmetic, comparisons, choices and the functions of numpy that closed forms use."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from inferon.model.latex import number_latex, symbol_latex

_SUM, _PRODUCT, _ATOM = 1, 2, 4
_JOINED = {
    ast.Add: (_SUM, "+"),
    ast.Sub: (_SUM, "-"),
    ast.Mult: (_PRODUCT, r"\,"),
    ast.BitAnd: (0, r"\land"),
    ast.BitOr: (0, r"\lor"),
    ast.And: (0, r"\land"),
    ast.Or: (0, r"\lor"),
}
_RELATION = {ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.Eq: "=", ast.NotEq: r"\ne"}
_FUNCTION = {
    "exp": r"\exp",
    "log": r"\ln",
    "log10": r"\log_{10}",
    "maximum": r"\max",
    "minimum": r"\min",
    "ndtr": r"\Phi",
    "expit": r"\operatorname{logit}^{-1}",
}
_NAMES = {name: rf"\{name}" for name in ("alpha", "beta", "gamma", "delta", "kappa", "mu", "pi", "rho", "sigma", "tau")}
_NAMES |= {"inf": r"\infty", "nan": r"\text{not a number}"}
Written = tuple[str, int]


def equation(statement: ast.stmt) -> list[str]:
    """One formula as an aligned line; what is no formula (a loop) as its source, line by line."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return [f"{latex_of(statement.targets[0])} &= {latex_of(statement.value)}"]
    return [f"& {_source(line)}" for line in ast.unparse(statement).splitlines()]


def latex_of(node: ast.expr) -> str:
    """One expression in mathematics mode."""
    return _written(node)[0]


def split(choice: ast.If) -> Iterator[tuple[ast.expr | None, list[ast.stmt]]]:
    """The branches of a choice with their conditions; None for what is left over."""
    yield choice.test, choice.body
    if len(choice.orelse) == 1 and isinstance(choice.orelse[0], ast.If):
        yield from split(choice.orelse[0])
    elif choice.orelse:
        yield None, choice.orelse


def _source(text: str) -> str:
    """Code as it stands: where mathematics has no shorter way."""
    for mark, written in (
        ("\\", r"\textbackslash "),
        ("_", r"\_"),
        ("{", r"\{"),
        ("}", r"\}"),
        ("%", r"\%"),
        ("&", r"\&"),
    ):
        text = text.replace(mark, written)
    return rf"\texttt{{{text}}}"


def _written(node: ast.expr) -> Written:
    """The text of a node and how tightly it holds together."""
    match node:
        case ast.Name(id=name):
            return _NAMES.get(name) or symbol_latex(name.replace("<", "").replace(">", "")), _ATOM
        case ast.Constant(value=bool() | str() | None):
            return rf"\text{{{node.value}}}", _ATOM
        case ast.Constant(value=value):
            return number_latex(float(value)), _ATOM
        case ast.BinOp() | ast.BoolOp() | ast.UnaryOp() | ast.Compare():
            return _operation(node)
        case ast.Call():
            return _call(node)
        case ast.IfExp(test=test, body=yes, orelse=no):
            return _cases([(test, yes), (None, no)])
        case ast.Tuple(elts=members) | ast.List(elts=members):
            return rf"\left({', '.join(map(latex_of, members))}\right)", _ATOM
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            pairs = (rf"\text{{{k.value}}} = {latex_of(v)}" for k, v in zip(keys, values, strict=True))
            return rf"\left({', '.join(pairs)}\right)", _ATOM
        case ast.Subscript(value=value, slice=ast.Name() | ast.Constant() as index):
            return rf"{_held(value, _ATOM)}_{{{latex_of(index)}}}", _ATOM
        case _:
            return _source(ast.unparse(node)), _ATOM


def _held(node: ast.expr, least: int) -> str:
    written, strength = _written(node)
    return written if strength >= least else rf"\left({written}\right)"


def _operation(node: ast.expr) -> Written:
    match node:
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{latex_of(left)}}}{{{latex_of(right)}}}", _ATOM - 1
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return rf"{_held(left, _ATOM)}^{{{latex_of(right)}}}", _ATOM - 1
        case ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=left), op=ast.Mult(), right=right):
            return f"-{latex_of(ast.BinOp(left, ast.Mult(), right))}", _SUM
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _JOINED:
            strength, written = _JOINED[type(sign)]
            if isinstance(sign, ast.Mult) and isinstance(right, ast.Constant):
                written = r"\cdot"
            return f"{_held(left, strength)} {written} {_held(right, strength + isinstance(sign, ast.Sub))}", strength
        case ast.BoolOp(op=sign, values=parts):
            return f" {_JOINED[type(sign)][1]} ".join(_held(part, _SUM) for part in parts), 0
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_held(operand, _PRODUCT)}", _SUM
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return rf"\lnot {_held(operand, _ATOM)}", _ATOM
        case ast.Compare(left=left, ops=signs, comparators=others) if all(type(s) in _RELATION for s in signs):
            rest = "".join(f" {_RELATION[type(s)]} {_held(o, _SUM)}" for s, o in zip(signs, others, strict=True))
            return f"{_held(left, _SUM)}{rest}", 0
        case _:
            return _source(ast.unparse(node)), _ATOM


def _call(call: ast.Call) -> Written:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    match name, call.args:
        case "where", [test, yes, no]:
            return _cases([(test, yes), (None, no)])
        case "clip", [value, low, high]:
            return rf"\min\left(\max\left({latex_of(value)}, {latex_of(low)}\right), {latex_of(high)}\right)", _ATOM
        case "sqrt", [inside]:
            return rf"\sqrt{{{latex_of(inside)}}}", _ATOM
        case _ if name and not any(isinstance(argument, ast.GeneratorExp | ast.Starred) for argument in call.args):
            written = _FUNCTION.get(name) or rf"\operatorname{{{name.strip('_').replace('_', '~')}}}"
            return rf"{written}\left({', '.join(map(latex_of, call.args))}\right)", _ATOM
        case _:
            return _source(ast.unparse(call)), _ATOM


def _cases(branches: list[tuple[ast.expr | None, ast.expr]]) -> Written:
    last = branches[-1][1]
    if isinstance(last, ast.IfExp):
        return _cases([*branches[:-1], (last.test, last.body), (None, last.orelse)])
    if (
        isinstance(last, ast.Call)
        and isinstance(last.func, ast.Name)
        and last.func.id == "where"
        and len(last.args) == 3
    ):
        return _cases([*branches[:-1], (last.args[0], last.args[1]), (None, last.args[2])])
    lines = [
        rf"{latex_of(value)} & " + (r"\text{otherwise}" if test is None else rf"\text{{if }} {latex_of(test)}")
        for test, value in branches
    ]
    return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}", _ATOM
