"""Straight-line functions of a kernel as LLVM IR: one double per slot, one instruction per node of the graph."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from inferon.model.expression import Expression, walk
from inferon.model.kernel import RATE_PREFIX, Function, Kernel

DOUBLE = ir.DoubleType()
_POINTER = DOUBLE.as_pointer()
_FLAGS = (
    "contract",
)  # fused multiply-add where the machine has it; never reassociation, so results do not depend on width
_VECTORS = ("y", "p", "m", "d", "k", "out")
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_INTRINSIC = {"exp": "llvm.exp", "log": "llvm.log", "sqrt": "llvm.sqrt", "abs": "llvm.fabs"}
_INTRINSIC |= {"floor": "llvm.floor", "ceil": "llvm.ceil"}


def emit_module(kernel: Kernel) -> ir.Module:
    """All functions of ``kernel`` as one LLVM module; each is ``void name(double t, double* y, p, m, d, k, out)``."""
    module = ir.Module(name=f"inferon_{kernel.model.name}")
    where = _slots(kernel)
    for function in kernel.functions:
        _emit(module, function, where)
    return module


def _slots(kernel: Kernel) -> dict[str, tuple[str, int]]:
    slots = {name: ("y", i) for i, name in enumerate(kernel.states)}
    slots |= {RATE_PREFIX + name: ("k", i) for i, name in enumerate(kernel.states)}
    slots |= {name: ("p", i) for i, name in enumerate((*kernel.parameters, *kernel.hoisted))}
    slots |= {name: ("d", i) for i, name in enumerate(kernel.switches)}
    return slots


def _emit(module: ir.Module, function: Function, where: dict[str, tuple[str, int]]) -> None:
    kind = ir.FunctionType(ir.VoidType(), [DOUBLE, *([_POINTER] * len(_VECTORS))])
    built = ir.Function(module, kind, name=function.name)
    builder = ir.IRBuilder(built.append_basic_block())
    vectors: dict[str, ir.Value] = dict(zip(_VECTORS, built.args[1:], strict=True))

    def address(vector: str, index: int) -> ir.Value:
        return builder.gep(vectors[vector], [ir.Constant(ir.IntType(64), index)])

    def leaf(node: Expression) -> ir.Value:
        if node.operation == "number":
            return ir.Constant(DOUBLE, node.constant)
        if node.operation == "time":
            return built.args[0]
        if node.operation == "mode":
            held = builder.load(address("m", node.index))
            return builder.fcmp_ordered(">", held, ir.Constant(DOUBLE, 0.5))
        if node.operation in ("true", "false"):
            return ir.Constant(ir.IntType(1), int(node.operation == "true"))
        return builder.load(address(*where[node.name]))

    values: dict[int, ir.Value] = {}
    for node in walk(function.outputs):
        arguments = [values[id(a)] for a in node.arguments]
        values[id(node)] = _instruction(builder, node, arguments) if arguments else leaf(node)
    for index, output in enumerate(function.outputs):
        builder.store(values[id(output)], address("out", index))
    builder.ret_void()


def _instruction(builder: ir.IRBuilder, node: Expression, arguments: list[ir.Value]) -> ir.Value:
    operation = node.operation
    if operation in _COMPARE:
        return builder.fcmp_ordered(_COMPARE[operation], arguments[0], arguments[1])
    if operation in _INTRINSIC:
        return builder.call(builder.module.declare_intrinsic(_INTRINSIC[operation], [DOUBLE]), arguments)
    return _BUILD[operation](builder, node, *arguments)


def _power(builder: ir.IRBuilder, node: Expression, base: ir.Value, exponent: ir.Value) -> ir.Value:
    written = node.arguments[1]
    if written.operation == "number" and written.constant in (2, 3, 4):
        result = base
        for _ in range(int(written.constant) - 1):
            result = builder.fmul(result, base, flags=_FLAGS)  # pyright: ignore[reportCallIssue] - llvmlite adds it
        return result
    return builder.call(builder.module.declare_intrinsic("llvm.pow", [DOUBLE]), [base, exponent])


def _extreme(relation: str) -> Callable[..., ir.Value]:
    return lambda b, node, x, y: b.select(b.fcmp_ordered(relation, x, y), x, y)


_BUILD: dict[str, Callable[..., ir.Value]] = {
    "add": lambda b, node, x, y: b.fadd(x, y, flags=_FLAGS),
    "sub": lambda b, node, x, y: b.fsub(x, y, flags=_FLAGS),
    "mul": lambda b, node, x, y: b.fmul(x, y, flags=_FLAGS),
    "div": lambda b, node, x, y: b.fdiv(x, y, flags=_FLAGS),
    "neg": lambda b, node, x: b.fneg(x),
    "pow": _power,
    "max": _extreme(">="),
    "min": _extreme("<="),
    "select": lambda b, node, c, x, y: b.select(c, x, y),
    "and": lambda b, node, x, y: b.and_(x, y),
    "or": lambda b, node, x, y: b.or_(x, y),
    "not": lambda b, node, x: b.not_(x),
}
