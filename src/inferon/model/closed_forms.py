"""Closed forms as their authors wrote them: every function of a biology folder, its question, its steps as text and as LaTeX.

The formulas shown are read from the source that is run, so they cannot differ from it. ``values["K"]`` is shown as K, a row of
the parameter table; conversions to arrays are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from inferon.model.catalogue import biology
from inferon.model.closed_form_latex import equation, split

_NOT_FORMULAS = ("asarray", "atleast_1d", "broadcast_arrays", "float64", "float", "int")
"""Functions that change how numbers are held and not what they are."""


@dataclass(frozen=True)
class ClosedForm:
    """One function of a biology folder.

    Attributes
    ----------
    name, file: of the function. arguments: their names, without the tables of values.
    question: its docstring.
    steps: one formula a line as text, the last one the result. latex: the same in mathematics mode, aligned at ``&``.
    """

    name: str
    file: str
    arguments: tuple[str, ...]
    question: str
    steps: tuple[str, ...]
    latex: tuple[str, ...]


@cache
def constants(folder: str) -> dict[str, str]:
    """Definitions at the head of a folder's Python files that the formulas name: numbers and what is made of them."""
    found = {}
    for file in _files(folder):
        for node in _tree(folder, file).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                value = ast.unparse(_Plain(set()).visit(node.value))
                if re.search(r"\d", value) and "'" not in value:
                    found[node.targets[0].id] = value
    return found


def _files(folder: str) -> list[str]:
    return sorted(entry.name for entry in (biology() / folder).iterdir() if entry.name.endswith(".py"))


def _tree(folder: str, file: str) -> ast.Module:
    return ast.parse((biology() / folder / file).read_text(encoding="utf-8"))


@cache
def closed_forms(folder: str) -> tuple[ClosedForm, ...]:
    """Every function in the Python files of a biology folder, file by file in alphabetical order, as they stand there."""
    functions = ((file, node) for file in _files(folder) for node in _tree(folder, file).body)
    return tuple(_form(node, file) for file, node in functions if isinstance(node, ast.FunctionDef))


def _form(function: ast.FunctionDef, file: str) -> ClosedForm:
    given = [*function.args.args, *function.args.kwonlyargs]
    tables = {a.arg for a in given if a.annotation and ast.unparse(a.annotation) in ("Values", "Mapping[str, float]")}
    arguments = tuple(a.arg for a in given if a.arg not in tables)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    body = [_Plain(tables).visit(statement) for statement in body]
    result = f"{function.name}({', '.join(arguments)})"
    question, statements = ast.get_docstring(function) or "", list(_formulas(body, result))
    return ClosedForm(
        function.name,
        file,
        arguments,
        question,
        tuple(ast.unparse(s).replace("\n", "\n  ") for s in statements),
        tuple(line for s in statements for line in equation(s)),
    )


def _formulas(body: list[ast.stmt], result: str) -> Iterator[ast.stmt]:
    """The statements of a function that are formulas; what it returns becomes an equation for its call."""
    for statement in body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            target = ast.parse(result, mode="eval").body
            yield ast.Assign([target], statement.value, lineno=0)
        elif isinstance(statement, ast.If):
            yield from _cases(statement, result)
        elif not _says_nothing(statement):
            yield statement


def _cases(choice: ast.If, result: str) -> Iterator[ast.stmt]:
    """A choice between values of one quantity as one formula; refusals are left out; any other choice as it stands."""
    branches = [(test, list(_formulas(body, result))) for test, body in split(choice)]
    branches = [(test, inside) for test, inside in branches if inside]
    if any(len(inside) > 1 or not isinstance(inside[0], ast.Assign) for _, inside in branches):
        yield choice
    elif branches:
        (test, last), first = branches[-1], branches[:-1]
        value = last[0].value if first or test is None else ast.IfExp(test, last[0].value, ast.Constant("as below"))
        for test, inside in reversed(first):
            value = ast.IfExp(test, inside[0].value, value)
        yield ast.Assign(last[0].targets, value, lineno=0)


def _says_nothing(statement: ast.stmt) -> bool:
    """Whether a statement only refuses, or only renames or converts what it assigns."""
    if isinstance(statement, ast.Raise):
        return True
    if not isinstance(statement, ast.Assign):
        return False
    return ast.unparse(statement.targets[0]).strip("()") == ast.unparse(statement.value).strip("()")


class _Plain(ast.NodeTransformer):
    """Formulas without the means of computing: rows of tables by symbol, functions without their library, no conversions."""

    def __init__(self, tables: set[str]) -> None:
        self._tables = tables

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple) and all(map(_is_whole_axis, node.slice.elts)):
            return node.value
        if not (isinstance(node.value, ast.Name) and node.value.id in self._tables):
            return node
        if isinstance(node.slice, ast.Constant):
            return ast.Name(str(node.slice.value), ast.Load())
        if isinstance(node.slice, ast.JoinedStr):
            return ast.Name("".join(map(_filled, node.slice.values)), ast.Load())
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        return ast.Name(node.attr, ast.Load()) if ast.unparse(node.value) == "np" else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        inside = node.operand
        if isinstance(node.op, ast.USub) and isinstance(inside, ast.BinOp) and _is_one(inside.right):
            return ast.BinOp(inside.right, ast.Sub(), inside.left)  # -(exp(x) - 1)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        node.args = [a for a in node.args if not (isinstance(a, ast.Name) and a.id in self._tables)]
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("astype", "mean", "sum"):
            held = node.func.value
            return held if node.func.attr == "astype" else ast.Call(ast.Name(node.func.attr, ast.Load()), [held], [])
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _NOT_FORMULAS:
            return node.args[0] if len(node.args) == 1 else ast.Tuple(node.args, ast.Load())
        if name == "expm1":
            return ast.BinOp(ast.Call(ast.Name("exp", ast.Load()), node.args, []), ast.Sub(), ast.Constant(1))
        if name == "log1p":
            return ast.Call(ast.Name("log", ast.Load()), [_one_and(node.args[0])], [])
        return node


def _is_whole_axis(index: ast.expr) -> bool:
    """``:``, ``...`` and ``None``: how arrays are lined up."""
    return (isinstance(index, ast.Slice) and not (index.lower or index.upper or index.step)) or (
        isinstance(index, ast.Constant) and index.value in (None, Ellipsis)
    )


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _one_and(term: ast.expr) -> ast.expr:
    """1 plus a term; minus where the term has a minus."""
    if isinstance(term, ast.UnaryOp) and isinstance(term.op, ast.USub):
        return ast.BinOp(ast.Constant(1), ast.Sub(), term.operand)
    return ast.BinOp(ast.Constant(1), ast.Add(), term)


def _filled(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else f"<{ast.unparse(part.value)}>"
