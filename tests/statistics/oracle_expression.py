"""The small expression language of the oracles' `derive` steps, as Polars expressions; nothing is executed as code.

Column names, numbers, 'text', na, inf, + - * / %, comparisons (worth 0 or 1), and/or/not, and the functions below.
Missing values propagate through arithmetic, comparisons and `where`; and/or are three-valued.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

import polars as pl

ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
CONSTANTS = {"na": None, "inf": float("inf")}


def expression(text: str) -> pl.Expr:
    """The expression for `text`; ValueError for anything outside the language."""
    return _read(ast.parse(text, mode="eval").body)


def _read(node: ast.expr) -> pl.Expr:
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float | str):
            return pl.lit(value)
        case ast.Name(id=name):
            return pl.lit(CONSTANTS[name]) if name in CONSTANTS else pl.col(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            return ARITHMETIC[type(op)](_read(left), _read(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_read(operand)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _number(~_truth(_read(operand)))
        case ast.BoolOp(op=op, values=values):
            combine = pl.all_horizontal if isinstance(op, ast.And) else pl.any_horizontal
            return _number(combine([_truth(_read(value)) for value in values]))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            return _number(COMPARISONS[type(op)](_read(left), _read(right)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*map(_read, arguments))
    raise ValueError(f"not in the oracle language: {ast.unparse(node)}")


def _truth(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64) != 0


def _number(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int64)


def _where(condition: pl.Expr, then: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
    return pl.when(condition.is_null()).then(None).when(_truth(condition)).then(then).otherwise(otherwise)


def _is_in(value: pl.Expr, *choices: pl.Expr) -> pl.Expr:
    return _number(pl.any_horizontal([value == choice for choice in choices]))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "min": pl.min_horizontal,
    "max": pl.max_horizontal,
    "isna": lambda value: _number(value.is_null()),
    "notna": lambda value: _number(value.is_not_null()),
    "isin": _is_in,
    "log": lambda value: value.log(),
    "log10": lambda value: value.log10(),
    "floor": lambda value: value.floor(),
}
