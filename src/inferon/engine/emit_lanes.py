"""The lanes' share of a kernel as LLVM IR: several patients side by side, one to an element of every vector.

``rates_lanes`` and ``crossings_lanes`` are the kernel's functions on vectors; ``step`` is one step of the explicit pair with its
error estimate, ``watch`` finds lanes whose conditions may have changed, ``commit`` moves accepted lanes on. A buffer of k
quantities holds k x width doubles, the lanes of one quantity next to each other.
"""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir
from numba.core import cgutils

from inferon.engine.emit import _BUILD, _COMPARE, _INTRINSIC, _slots
from inferon.engine.tsit5 import ERROR, NODES, STAGES
from inferon.engine.vector_math import VectorMath, vector_intrinsic
from inferon.model.expression import Expression, walk
from inferon.model.kernel import Function, Kernel

_DOUBLE, _INT, _BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(1)
_VECTORS = ("y", "p", "m", "d", "k", "out")
FUNCTIONS = ("rates_lanes", "crossings_lanes", "step", "watch", "commit")


class LaneEmitter:
    """Writes the lane functions of one kernel for one width."""

    def __init__(self, kernel: Kernel, width: int) -> None:
        self.kernel, self.width = kernel, width
        self.vector = ir.VectorType(_DOUBLE, width)
        self.pointer = self.vector.as_pointer()
        self.module = ir.Module(name=f"inferon_{kernel.model.name}_lanes")

    @property
    def scratch_rows(self) -> int:
        """Rows of lanes a step needs for itself."""
        return 0

    def emit(self) -> ir.Module:
        """The module with the functions of ``FUNCTIONS``."""
        where = _slots(self.kernel)
        by_name = {function.name: function for function in self.kernel.functions}
        for name in ("rates", "crossings"):
            self._straight_line(by_name[name], where)
        self._step()
        self._watch()
        self._commit()
        return self.module

    def _function(self, name: str, arguments: Sequence[ir.Type]) -> tuple[ir.Function, ir.IRBuilder]:
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), list(arguments)), name=name)
        return function, ir.IRBuilder(function.append_basic_block())

    def _constant(self, value: float) -> ir.Constant:
        return ir.Constant(self.vector, [value] * self.width)

    def _load(self, builder: ir.IRBuilder, base: ir.Value, index: ir.Value | int) -> ir.Value:
        return builder.load(self._at(builder, base, index), align=8 * self.width)

    def _store(self, builder: ir.IRBuilder, value: ir.Value, base: ir.Value, index: ir.Value | int) -> None:
        builder.store(value, self._at(builder, base, index), align=8 * self.width)

    def _at(self, builder: ir.IRBuilder, base: ir.Value, index: ir.Value | int) -> ir.Value:
        return builder.gep(base, [ir.Constant(_INT, index) if isinstance(index, int) else index])

    def _splat(self, builder: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
        undefined = ir.Constant(self.vector, ir.Undefined)
        placed = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return builder.shuffle_vector(placed, undefined, zeros)

    def _fma(self, builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        return builder.call(vector_intrinsic(self.module, "llvm.fma", self.vector, 3), [x, y, z])

    def _absolute(self, builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        return builder.call(vector_intrinsic(self.module, "llvm.fabs", self.vector, 1), [x])

    def _straight_line(self, function: Function, where: dict[str, tuple[str, int]]) -> None:
        built, builder = self._function(f"{function.name}_lanes", [self.pointer] * (1 + len(_VECTORS)))
        vectors: dict[str, ir.Value] = dict(zip(_VECTORS, built.args[1:], strict=True))
        mathematics = VectorMath(builder, self.width)

        def leaf(node: Expression) -> ir.Value:
            if node.operation == "number":
                return self._constant(node.constant)
            if node.operation == "time":
                return self._load(builder, built.args[0], 0)
            if node.operation == "mode":
                return builder.fcmp_ordered(">", self._load(builder, vectors["m"], node.index), self._constant(0.5))
            if node.operation in ("true", "false"):
                return ir.Constant(ir.VectorType(_BIT, self.width), [int(node.operation == "true")] * self.width)
            vector, index = where[node.name]
            return self._load(builder, vectors[vector], index)

        values: dict[int, ir.Value] = {}
        for node in walk(function.outputs):
            arguments = [values[id(a)] for a in node.arguments]
            values[id(node)] = self._instruction(builder, mathematics, node, arguments) if arguments else leaf(node)
        for index, output in enumerate(function.outputs):
            self._store(builder, values[id(output)], vectors["out"], index)
        builder.ret_void()

    def _instruction(
        self, builder: ir.IRBuilder, mathematics: VectorMath, node: Expression, arguments: list[ir.Value]
    ) -> ir.Value:
        operation = node.operation
        own: dict[str, Callable[..., ir.Value]] = {"exp": mathematics.exp, "log": mathematics.log}
        # no contraction: left to the compiler it may differ between widths, and with it the last bit
        own |= {"add": builder.fadd, "sub": builder.fsub, "mul": builder.fmul, "div": builder.fdiv}
        if operation in own:
            return own[operation](*arguments)
        if operation == "pow" and not _small_power(node):
            return mathematics.power(*arguments)
        if operation in _COMPARE:
            return builder.fcmp_ordered(_COMPARE[operation], arguments[0], arguments[1])
        if operation in _INTRINSIC:
            function = vector_intrinsic(self.module, _INTRINSIC[operation], self.vector, len(arguments))
            return builder.call(function, arguments)
        return _BUILD[operation](builder, node, *arguments)

    def _step_function(self) -> tuple[ir.IRBuilder, ir.Value, ir.Value, ir.Value, dict[str, ir.Value]]:
        """void step(n, infusing, rtol, t, h, y, p, m, d, k, infused, trial, atol, error, stage_time, scratch)

        k[0] holds the rates at the start. Leaves the new state in ``trial``, the rates there in k[6], what the interpolant needs
        in k, and the sum over states of the squared scaled error in ``error``.
        """
        names = ("t", "h", "y", "p", "m", "d", "k", "infused", "trial", "atol", "error", "stage_time", "scratch")
        types = [self.pointer if name != "atol" else _DOUBLE.as_pointer() for name in names]
        built, builder = self._function("step", [_INT, _INT, _DOUBLE, *types])
        n, infusing, rtol = built.args[:3]
        return builder, n, infusing, rtol, dict(zip(names, built.args[3:], strict=True))

    def _rows(self, builder: ir.IRBuilder, base: ir.Value, n: ir.Value, count: int) -> ir.Value:
        """Where the ``count``-th group of n rows of a buffer begins."""
        return builder.gep(base, [builder.mul(n, ir.Constant(_INT, count))])

    def _step(self) -> None:
        """One step of the explicit pair; all seven rows of k serve the interpolant."""
        builder, n, infusing, rtol, at = self._step_function()
        t, h = self._load(builder, at["t"], 0), self._load(builder, at["h"], 0)
        rates = self.module.get_global("rates_lanes")
        stages = [self._rows(builder, at["k"], n, s) for s in range(7)]
        for s in range(1, 7):
            weights = [(stages[r], float(STAGES[s, r])) for r in range(s) if STAGES[s, r] != 0.0]
            with cgutils.for_range(builder, n) as loop:
                change = self._combination(builder, weights, loop.index)
                moved = self._fma(builder, h, change, self._load(builder, at["y"], loop.index))
                self._store(builder, moved, at["trial"], loop.index)
            self._store(builder, self._fma(builder, h, self._constant(float(NODES[s])), t), at["stage_time"], 0)
            builder.call(rates, [at["stage_time"], at["trial"], at["p"], at["m"], at["d"], stages[s], stages[s]])
            self._infuse(builder, n, infusing, at["infused"], stages[s])
        weights = [(stages[s], float(ERROR[s])) for s in range(7)]
        self._scaled_error(
            builder, n, rtol, at, lambda index: builder.fmul(h, self._combination(builder, weights, index))
        )
        builder.ret_void()

    def _infuse(
        self, builder: ir.IRBuilder, n: ir.Value, infusing: ir.Value, infused: ir.Value, rates: ir.Value
    ) -> None:
        """Add constant infusions to the rates, if any lane has one."""
        some = builder.icmp_signed("!=", infusing, ir.Constant(_INT, 0))
        with builder.if_then(some), cgutils.for_range(builder, n) as loop:
            added = self._load(builder, infused, loop.index)
            self._store(builder, builder.fadd(self._load(builder, rates, loop.index), added), rates, loop.index)

    def _combination(self, builder: ir.IRBuilder, weights: list[tuple[ir.Value, float]], index: ir.Value) -> ir.Value:
        (first, weight), *others = weights
        result = builder.fmul(self._constant(weight), self._load(builder, first, index))
        for stage, factor in others:
            result = self._fma(builder, self._constant(factor), self._load(builder, stage, index), result)
        return result

    def _scaled_error(
        self,
        builder: ir.IRBuilder,
        n: ir.Value,
        rtol: ir.Value,
        at: dict[str, ir.Value],
        estimate: Callable[[ir.Value], ir.Value],
    ) -> None:
        relative = self._splat(builder, rtol)
        self._store(builder, self._constant(0.0), at["error"], 0)
        with cgutils.for_range(builder, n) as loop:
            before = self._absolute(builder, self._load(builder, at["y"], loop.index))
            after = self._absolute(builder, self._load(builder, at["trial"], loop.index))
            larger = builder.select(builder.fcmp_ordered(">", before, after), before, after)
            absolute = self._splat(builder, builder.load(builder.gep(at["atol"], [loop.index])))
            scaled = builder.fdiv(estimate(loop.index), self._fma(builder, relative, larger, absolute))
            summed = self._fma(builder, scaled, scaled, self._load(builder, at["error"], 0))
            self._store(builder, summed, at["error"], 0)

    def _watch(self) -> None:
        """void watch(conditions, strict, m, g0, g1, flagged): 1 where a condition changed, or may have changed twice."""
        types = [_INT, _DOUBLE.as_pointer(), *([self.pointer] * 4)]
        built, builder = self._function("watch", types)
        count, strict, m, g0, g1, flagged = built.args
        zero = self._constant(0.0)
        self._store(builder, zero, flagged, 0)
        with cgutils.for_range(builder, count) as loop:
            c = loop.index
            rate = builder.add(count, c)
            before, after = self._load(builder, g0, c), self._load(builder, g1, c)
            r0, r1 = self._load(builder, g0, rate), self._load(builder, g1, rate)
            is_strict = builder.fcmp_ordered(">", self._splat(builder, builder.load(builder.gep(strict, [c]))), zero)
            holds = builder.select(
                is_strict, builder.fcmp_ordered(">", after, zero), builder.fcmp_ordered(">=", after, zero)
            )
            changed = builder.xor(holds, builder.fcmp_ordered(">", self._load(builder, m, c), self._constant(0.5)))
            falling = builder.and_(builder.fcmp_ordered("<", r0, zero), builder.fcmp_ordered(">", r1, zero))
            rising = builder.and_(builder.fcmp_ordered(">", r0, zero), builder.fcmp_ordered("<", r1, zero))
            towards = builder.select(builder.fcmp_ordered(">", before, zero), falling, rising)
            either = builder.or_(changed, towards)
            seen = self._load(builder, flagged, 0)
            self._store(builder, builder.select(either, self._constant(1.0), seen), flagged, 0)
        builder.ret_void()

    def _commit(self) -> None:
        """void commit(n, conditions, mask, y, trial, k, g0, g1, floor): where mask is 1, the new state becomes the state."""
        types = [_INT, _INT, *([self.pointer] * 6), _DOUBLE.as_pointer()]
        built, builder = self._function("commit", types)
        n, conditions, mask, y, trial, k, g0, g1, floor = built.args
        accepted = builder.fcmp_ordered(">", self._load(builder, mask, 0), self._constant(0.5))
        last = builder.gep(k, [builder.mul(n, ir.Constant(_INT, 6))])
        zero = self._constant(0.0)
        with cgutils.for_range(builder, n) as loop:
            i = loop.index
            new = self._load(builder, trial, i)
            least = self._splat(builder, builder.load(builder.gep(floor, [i])))
            raised = builder.select(builder.fcmp_ordered(">", new, least), new, least)
            new = builder.select(builder.fcmp_ordered("==", new, zero), new, raised)
            self._store(builder, builder.select(accepted, new, self._load(builder, y, i)), y, i)
            rate = builder.select(accepted, self._load(builder, last, i), self._load(builder, k, i))
            self._store(builder, rate, k, i)
        with cgutils.for_range(builder, builder.add(conditions, conditions)) as loop:
            moved = builder.select(accepted, self._load(builder, g1, loop.index), self._load(builder, g0, loop.index))
            self._store(builder, moved, g0, loop.index)
        builder.ret_void()


def _small_power(node: Expression) -> bool:
    exponent = node.arguments[1]
    return exponent.operation == "number" and exponent.constant in (2, 3, 4)
