"""One patient at one instant, as LLVM IR: what holds, whether that stirs an event, when a condition next changes by itself."""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportAssignmentType=false
from __future__ import annotations

from llvmlite import ir

from inferon.engine.clock import JUST_AFTER, JUST_AFTER_PART
from inferon.engine.emit import DOUBLE, expressions
from inferon.model.derivative import along_flow
from inferon.model.expression import Expression, call, number, rebuild
from inferon.model.kernel import Kernel

_INT, _BIT = ir.IntType(64), ir.IntType(1)
_VECTORS = ("y", "p", "m", "d", "was", "pending", "truth")


def emit_look(module: ir.Module, kernel: Kernel) -> None:
    """i64 look(t, y, p, m, d, was, pending, truth): writes ``m``, each trigger's ``truth`` and the last of ``pending``.

    Returns 1 where an event has to be dealt with: its trigger is not what it ``was``, or an execution of it is due.
    """
    kind = ir.FunctionType(_INT, [DOUBLE, *([DOUBLE.as_pointer()] * len(_VECTORS))])
    built = ir.Function(module, kind, name="look")
    builder = ir.IRBuilder(built.append_basic_block())
    vectors: dict[str, ir.Value] = dict(zip(_VECTORS, built.args[1:], strict=True))
    truths = [_as_truth(number) for number in kernel.outputs("truths")]
    triggers = _at_once([_as_truth(number) for number in kernel.outputs("triggers")], truths)
    stops = _at_once([kernel.outputs("stops")[c] for c in kernel.stopping], truths)
    values = expressions(builder, kernel, built.args[0], vectors, [*truths, *triggers, *stops])

    def at(vector: str, index: int) -> ir.Value:
        return builder.gep(vectors[vector], [ir.Constant(_INT, index)])

    for c, truth in enumerate(truths):
        builder.store(builder.uitofp(values[id(truth)], DOUBLE), at("m", c))
    stirs: ir.Value = ir.Constant(_BIT, 0)
    for e, trigger in enumerate(triggers):
        builder.store(builder.uitofp(values[id(trigger)], DOUBLE), at("truth", e))
        before = builder.fcmp_ordered(">", builder.load(at("was", e)), ir.Constant(DOUBLE, 0.5))
        due = builder.fcmp_ordered("<=", builder.load(at("pending", e)), built.args[0])
        stirs = builder.or_(stirs, builder.or_(due, builder.xor(values[id(trigger)], before)))
    soonest: ir.Value = ir.Constant(DOUBLE, float("inf"))
    for c, stop in zip(kernel.stopping, stops, strict=True):
        day = _next_change(builder, built.args[0], values[id(stop)], values[id(truths[c])], kernel, c)
        soonest = builder.select(builder.fcmp_ordered("<", day, soonest), day, soonest)
    builder.store(soonest, at("pending", len(triggers)))
    builder.ret(builder.zext(stirs, _INT))


def _as_truth(value: Expression) -> Expression:
    """Whether what is 1 or 0 is 1."""
    return value.arguments[0] if value.operation == "select" else call("gt", value, number(0.5))


def _at_once(expressions: list[Expression], truths: list[Expression]) -> list[Expression]:
    """Expressions of modes as expressions of what holds at this very instant."""
    return rebuild(expressions, lambda node: truths[node.index] if node.operation == "mode" else None)


def _next_change(
    b: ir.IRBuilder, t: ir.Value, stop: ir.Value, holds: ir.Value, kernel: Kernel, condition: int
) -> ir.Value:
    """The day after ``t`` at which the truth of a condition on time alone changes: at its stop, or just after it."""
    never = ir.Constant(DOUBLE, float("inf"))
    size = b.call(b.module.declare_intrinsic("llvm.fabs", [DOUBLE]), [stop])
    part, least = b.fmul(ir.Constant(DOUBLE, JUST_AFTER_PART), size), ir.Constant(DOUBLE, JUST_AFTER)
    after = b.fadd(stop, b.select(b.fcmp_ordered(">", part, least), part, least))
    changes_at_stop = holds if kernel.strict[condition] else b.not_(holds)
    day = b.select(changes_at_stop, stop, after)
    to_come = b.and_(b.fcmp_ordered(">=", stop, t), b.fcmp_ordered(">", day, t))
    slope = along_flow(kernel.outputs("distances")[condition], {})
    if slope.operation == "number":  # it changes once in a life: to true where the distance grows, else to false
        to_come = b.and_(to_come, b.not_(holds) if slope.constant > 0 else holds)
    return b.select(to_come, day, never)
