"""Who uses which row of the parameter tables, and which numbers in code repeat one: found by reading the sources.

A row is used when the equations of its folder have its symbol, when a composite or another table of the biology names it, or
when code that is about its folder names it (whole, or by an f-string whose gaps are filled by words of code or tables, or by a
number).

A number in code repeats a row when it has the value of a row of a folder the file is about, and could be a quantity. It cannot be
one, and is free, when it is

* 0, 1, 2, one half or 100: identities, halves, squares, percent;
* a whole number up to ten written without a decimal point: it counts or names something (grades, codes, terms of a series);
* the base or exponent of a power, an index, a shape or the length of a loop, directly or through a constant of that name;
* one of three or more numbers in ascending order side by side: a grid;
* a conversion of units, which is a constant called ``A_PER_B``;
* a tolerance: the keyword of a solver, or 1e-6 and less.

A file that is about no folder knows whole numbers as counts only; its other numbers are compared with every table.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import inferon
from inferon.model import load_composite, load_module
from inferon.model.catalogue import composites, folders, further_tables, module_folder, modules, parameter_table

SOURCE = Path(inferon.__file__).parent
ROOMS = ("biology", "cohort", "protocol", "trial")
CARRIED = "carried, not used: "
"""How the note of a row begins that is kept for completeness; the reason follows."""

FREE_VALUES = (0.0, 1.0, 2.0, 0.5, 100.0)
GREATEST_COUNT = 10
GREATEST_TOLERANCE = 1e-6
_COUNTING = {"range", "arange", "full", "zeros", "ones", "empty", "reshape", "tile", "repeat", "linspace"}
_TOLERANCES = {"rtol", "atol", "default_atol", "floor"}
_CONVERSION = re.compile(r"_?[A-Z]+(_[A-Z]+)*_PER_[A-Z_]+|PER_[A-Z_]+")


@cache
def _of_composite(name: str) -> frozenset[str]:
    return frozenset(row.origin.split("/")[0] for row in load_composite(name).parameters.values())


def about(path: Path, tree: ast.Module) -> frozenset[str]:
    """Folders a source file is about: it lies there, is called so, imports from there, or names it or a composite of it.

    Every file of the cohort room is about the population.
    """
    words = {*path.relative_to(SOURCE).parts[:-1], *_texts(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            words |= set(node.module.split("."))
    found = (set(folders()) & words) | ({"population"} if path.is_relative_to(SOURCE / "cohort") else set())
    found |= {folder for folder in folders() if path.stem == folder or path.stem.startswith(f"{folder}_")}
    for name in set(composites()) & words:
        found |= _of_composite(name)
    return frozenset(found)


def _texts(tree: ast.Module) -> set[str]:
    """String constants of code; a string that stands as a statement is a docstring."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return {node.value for node in nodes if id(node) not in said}


def _patterns(tree: ast.Module) -> set[str]:
    """f-strings that could make a symbol, as regular expressions with a group for each gap."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            literal = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
            if re.fullmatch(r"\w*[A-Za-z]\w*", literal):
                parts = (re.escape(p.value) if isinstance(p, ast.Constant) else "(.+)" for p in node.values)
                found.add("".join(parts))
    return found


@cache
def _cells() -> frozenset[str]:
    """Words in every table of the biology but the parameter tables."""
    tables = [path for path in (SOURCE / "biology").rglob("*.csv") if path.name != "parameters.csv"]
    cells = {cell for table in tables for row in csv.reader(table.open(encoding="utf-8")) for cell in row}
    return frozenset(word for cell in cells for word in (cell, *re.split(r"[ ;]", cell)))


@dataclass(frozen=True)
class _Read:
    """One source file: the folders it is about, its words, and its f-strings as patterns."""

    about: frozenset[str]
    words: frozenset[str]
    patterns: frozenset[str]


@cache
def _sources() -> tuple[_Read, ...]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    return tuple(
        _Read(about(path, tree), frozenset(_texts(tree)), frozenset(_patterns(tree))) for path, tree in trees.items()
    )


@cache
def _by_equations(folder: str) -> frozenset[str]:
    """Symbols of a folder that its equations have, or that a composite takes from its table."""
    own = {c for m in modules() if module_folder(m).name == folder for c in load_module(m).parts.constants}
    taken = (row.origin.split("/") for name in composites() for row in load_composite(name).parameters.values())
    return frozenset(own | {symbol for origin, symbol in taken if origin == folder})


@cache
def _by_code(folder: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Words and patterns of the code that is about a folder, and every word of code."""
    chosen = [read for read in _sources() if folder in read.about]
    return (
        frozenset().union(*(read.words for read in chosen)),
        frozenset().union(*(read.patterns for read in chosen)),
        frozenset().union(*(read.words for read in _sources())),
    )


def is_used(folder: str, symbol: str) -> bool:
    """Whether equations, another table or code use a row."""
    words, patterns, everywhere = _by_code(folder)
    if symbol in _by_equations(folder) or symbol in _cells() or symbol in words:
        return True
    gaps = (re.fullmatch(pattern, symbol) for pattern in patterns)
    known = everywhere | _cells()
    return any(gap and all(part in known or part.isdigit() for part in gap.groups()) for gap in gaps)


def orphans(folder: str) -> list[str]:
    """Rows nobody uses whose note does not say so."""
    return [
        symbol
        for symbol, row in parameter_table(folder).items()
        if not row.note.startswith(CARRIED) and not is_used(folder, symbol)
    ]


@dataclass(frozen=True)
class Copy:
    """A number in code that repeats rows of tables."""

    line: int
    value: float
    rows: tuple[str, ...]


def copies(path: Path, source: str) -> list[Copy]:
    """Numbers of one source file that repeat a row."""
    tree = ast.parse(source)
    chosen = about(path, tree)
    rows = _rows_by_value(tuple(sorted(chosen or folders())))
    free = set(_free(tree))
    return [
        Copy(node.lineno, node.value, rows[abs(node.value)])
        for node in ast.walk(tree)
        if _is_number(node)
        and abs(node.value) in rows
        and id(node) not in free
        and not _cannot_be_a_quantity(node.value, known=bool(chosen))
    ]


@cache
def _rows_by_value(chosen: tuple[str, ...]) -> dict[float, tuple[str, ...]]:
    found: dict[float, tuple[str, ...]] = {}
    for folder in chosen:
        for symbol, row in parameter_table(folder).items():
            values = {abs(row.value)} | ({10.0**row.value} if row.unit.startswith("log10 ") else set())
            for value in values:
                found[value] = (*found.get(value, ()), f"{folder}/{symbol}")
        for name, lines in further_tables(folder).items():
            for line in (line for line in lines if {"symbol", "value"} <= line.keys()):
                value = abs(float(line["value"]))
                found[value] = (*found.get(value, ()), f"{folder}/{name}/{line['symbol']}")
    return found


def _cannot_be_a_quantity(value: float, *, known: bool) -> bool:
    count = isinstance(value, int) and (not known or abs(value) <= GREATEST_COUNT)
    return abs(value) in FREE_VALUES or abs(value) <= GREATEST_TOLERANCE or count


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _free(tree: ast.Module) -> Iterator[int]:
    """Identities of the numbers whose place says that they are no quantity."""
    counting = _counting_names(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=inside):
                yield from _numbers(inside)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                yield from _numbers(*(side for side in (left, right) if isinstance(side, ast.Constant | ast.UnaryOp)))
            case ast.Call(args=given, keywords=named):
                yield from _numbers(*(word.value for word in named if word.arg in _TOLERANCES))
                if _called(node) in _COUNTING:
                    yield from _numbers(*(a for a in given if isinstance(a, ast.Constant | ast.Tuple)))
            case ast.Tuple(elts=members) | ast.List(elts=members) if _ascends(members):
                yield from _numbers(node)
            case ast.Assign(targets=[ast.Name(id=name)]) if _CONVERSION.fullmatch(name) or name in counting:
                yield from _numbers(node.value)


def _numbers(*nodes: ast.AST) -> Iterator[int]:
    for node in nodes:
        yield from (id(part) for part in ast.walk(node) if _is_number(part))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _counting_names(tree: ast.Module) -> set[str]:
    """Constants that are the length of a loop or the shape of an array."""
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and _called(n) in _COUNTING)
    return {part.id for call in calls for a in call.args for part in ast.walk(a) if isinstance(part, ast.Name)}


def _ascends(members: Iterable[ast.AST]) -> bool:
    members = list(members)
    if len(members) < 3 or not all(map(_is_number, members)):
        return False
    values = [member.value for member in members]
    return values == sorted(set(values))


def numbers_of_equations(text: str) -> list[float]:
    """Numbers written in an Antimony text that could be quantities; comments are left out."""
    bare = re.sub(r"//.*", "", text)
    written = re.findall(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?)(?![\w.])", bare)
    values = [float(w) if re.search(r"[.eE]", w) else int(w) for w in written]
    return [value for value in values if not _cannot_be_a_quantity(value, known=True)]
