"""Straight-line functions of a kernel as LLVM IR: one double per slot, one instruction per node of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir

from inferon.engine.vector_math import vector_intrinsic
from inferon.model.expression import CIRCULAR, Expression, walk
from inferon.model.kernel import RATE_PREFIX, Function, Kernel

DOUBLE = ir.DoubleType()
_POINTER = DOUBLE.as_pointer()
_FLAGS = (
    "contract",
)  # fused multiply-add where the machine has it; never reassociation, so results do not depend on width
_VECTORS = ("y", "p", "m", "d", "k", "out")
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_INTRINSIC = {"exp": "llvm.exp", "log": "llvm.log", "sqrt": "llvm.sqrt", "abs": "llvm.fabs"}
_INTRINSIC |= {"floor": "llvm.floor", "ceil": "llvm.ceil", "trunc": "llvm.trunc"}
_INTRINSIC |= {name: f"llvm.{name}" for name in (*CIRCULAR, "sinh", "cosh", "tanh")}


def emit_module(kernel: Kernel) -> ir.Module:
    """The functions of ``kernel`` as one LLVM module; each is ``void name(double t, double* y, p, m, d, k, out)``.

    Truths, triggers and stops are left to ``emit_look``, which needs them together.
    """
    module = ir.Module(name=f"inferon_{kernel.model.name}")
    for function in kernel.functions:
        if function.name not in ("truths", "triggers", "stops"):
            _emit(module, kernel, kernel.watched if function.name == "crossings" else function)
    return module


def _slots(kernel: Kernel) -> dict[str, tuple[str, int]]:
    slots = {name: ("y", i) for i, name in enumerate(kernel.states)}
    slots |= {RATE_PREFIX + name: ("k", i) for i, name in enumerate(kernel.states)}
    slots |= {name: ("p", i) for i, name in enumerate((*kernel.parameters, *kernel.hoisted))}
    slots |= {name: ("d", i) for i, name in enumerate(kernel.switches)}
    return slots


def _emit(module: ir.Module, kernel: Kernel, function: Function) -> None:
    kind = ir.FunctionType(ir.VoidType(), [DOUBLE, *([_POINTER] * len(_VECTORS))])
    built = ir.Function(module, kind, name=function.name)
    builder = ir.IRBuilder(built.append_basic_block())
    vectors: dict[str, ir.Value] = dict(zip(_VECTORS, built.args[1:], strict=True))

    values = expressions(builder, kernel, built.args[0], vectors, function.outputs)
    for index, output in enumerate(function.outputs):
        builder.store(values[id(output)], builder.gep(vectors["out"], [ir.Constant(ir.IntType(64), index)]))
    builder.ret_void()


def expressions(
    builder: ir.IRBuilder,
    kernel: Kernel,
    time: ir.Value,
    vectors: Mapping[str, ir.Value],
    outputs: Sequence[Expression],
) -> dict[int, ir.Value]:
    """The values of expressions (and of all they are made of) by identity; ``vectors`` says where y, p, m, d and k begin."""
    where = _slots(kernel)

    def leaf(node: Expression) -> ir.Value:
        if node.operation == "number":
            return ir.Constant(DOUBLE, node.constant)
        if node.operation == "time":
            return time
        if node.operation in ("true", "false"):
            return ir.Constant(ir.IntType(1), int(node.operation == "true"))
        vector, index = ("m", node.index) if node.operation == "mode" else where[node.name]
        held = builder.load(builder.gep(vectors[vector], [ir.Constant(ir.IntType(64), index)]))
        return builder.fcmp_ordered(">", held, ir.Constant(DOUBLE, 0.5)) if node.operation == "mode" else held

    values: dict[int, ir.Value] = {}
    for node in walk(outputs):
        arguments = [values[id(a)] for a in node.arguments]
        values[id(node)] = _instruction(builder, node, arguments) if arguments else leaf(node)
    return values


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


def _constant(like: Any, value: float) -> ir.Constant:
    """``value`` in the type of ``like``: one double, or the same in every lane."""
    return ir.Constant(like.type, [value] * like.type.count if isinstance(like.type, ir.VectorType) else value)


def _function(builder: Any, name: str, *arguments: Any) -> Any:
    kind = arguments[0].type
    if isinstance(kind, ir.VectorType):
        return builder.call(vector_intrinsic(builder.module, f"llvm.{name}", kind, len(arguments)), arguments)
    signature = ir.FunctionType(kind, [kind] * len(arguments))
    return builder.call(builder.module.declare_intrinsic(f"llvm.{name}", [kind], signature), arguments)


def _asinh(builder: Any, _node: Expression, x: Any) -> Any:
    """sign(x) log(|x| + sqrt(x^2 + 1)), which does not cancel for negative x."""
    root = _function(builder, "sqrt", builder.fadd(builder.fmul(x, x), _constant(x, 1.0)))
    size = _function(builder, "log", builder.fadd(_function(builder, "fabs", x), root))
    return _function(builder, "copysign", size, x)


def _acosh(builder: Any, _node: Expression, x: Any) -> Any:
    root = _function(builder, "sqrt", builder.fsub(builder.fmul(x, x), _constant(x, 1.0)))
    return _function(builder, "log", builder.fadd(x, root))


def _atanh(builder: Any, _node: Expression, x: Any) -> Any:
    one = _constant(x, 1.0)
    ratio = builder.fdiv(builder.fadd(one, x), builder.fsub(one, x))
    return builder.fmul(_constant(x, 0.5), _function(builder, "log", ratio))


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
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
}
