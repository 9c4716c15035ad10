"""Writing LLVM IR on vectors: several patients side by side, one to an element; the words the lane emitters are written in.

A buffer of k quantities holds k x width numbers, the lanes of one quantity next to each other.
"""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import isfinite

from llvmlite import ir

from inferon.engine.emit import _BUILD, _COMPARE, _INTRINSIC, _slots
from inferon.engine.vector_math import Precision, VectorMath, vector_intrinsic
from inferon.model.expression import Expression, walk
from inferon.model.kernel import Function, Kernel

INT, BIT = ir.IntType(64), ir.IntType(1)
_MOST_NUMBERS = 512
_WITHOUT_TABLE = (0.0, 1.0)
_VECTORS = ("y", "p", "m", "d", "k", "out")


class LaneCode:
    """A module under construction for one kernel, width and precision."""

    def __init__(self, kernel: Kernel, width: int, precision: Precision) -> None:
        self.kernel, self.width, self.precision = kernel, width, precision
        self.states = len(kernel.states)
        self.vector = ir.VectorType(precision.real, width)
        self.pointer = self.vector.as_pointer()
        self.module = ir.Module(name=f"inferon_{kernel.model.name}_lanes")
        self._numbers: dict[float, int] = {}
        self._table = ir.GlobalVariable(self.module, ir.ArrayType(precision.real, _MOST_NUMBERS), "numbers")

    def function(
        self, name: str, arguments: Sequence[ir.Type], returns: ir.Type | None = None
    ) -> tuple[ir.Function, ir.IRBuilder]:
        """A new function and a builder in its first block."""
        kind = ir.FunctionType(returns or ir.VoidType(), list(arguments))
        function = ir.Function(self.module, kind, name=name)
        return function, ir.IRBuilder(function.append_basic_block())

    def constant(self, value: float) -> ir.Constant:
        """The same number in every lane."""
        return ir.Constant(self.vector, [value] * self.width)

    def number(self, builder: ir.IRBuilder, value: float) -> ir.Value:
        """The same number in every lane, read from one table.

        Code that may be put anywhere in memory needs an address of 64 bits for every constant of its own, which is a tenth of
        all instructions; the table needs one address.
        """
        if value in _WITHOUT_TABLE or not isfinite(value) or len(self._numbers) == _MOST_NUMBERS:
            return self.constant(value)
        place = self._numbers.setdefault(value, len(self._numbers))
        where = builder.gep(self._table, [ir.Constant(INT, 0), ir.Constant(INT, place)])
        scalar = builder.load(where)
        scalar.set_metadata("invariant.load", self.module.add_metadata([]))
        return self.splat(builder, scalar)

    def finish(self) -> ir.Module:
        """The module with its table of numbers."""
        values = [*self._numbers, *([0.0] * (_MOST_NUMBERS - len(self._numbers)))]
        self._table.initializer = ir.Constant(
            self._table.value_type, [ir.Constant(self.precision.real, v) for v in values]
        )
        return self.module

    def load(self, builder: ir.IRBuilder, base: ir.Value, index: ir.Value | int) -> ir.Value:
        """Row ``index`` of a buffer."""
        return builder.load(self.at(builder, base, index), align=self.precision.bytes * self.width)

    def store(self, builder: ir.IRBuilder, value: ir.Value, base: ir.Value, index: ir.Value | int) -> None:
        """Write row ``index`` of a buffer."""
        builder.store(value, self.at(builder, base, index), align=self.precision.bytes * self.width)

    def store_where(
        self, b: ir.IRBuilder, here: ir.Value, value: ir.Value, base: ir.Value, out: ir.Value, index: ir.Value | int
    ) -> None:
        """Write row ``index`` of a buffer in the lanes ``here`` only; ``out`` is ``base`` by another argument.

        Were it seen to be the same, the choice would become a masked store: slow on many machines, and a row written so can
        on none be read again before it has left the processor's store buffer.
        """
        self.store(b, b.select(here, value, self.load(b, base, index)), out, index)

    def at(self, builder: ir.IRBuilder, base: ir.Value, index: ir.Value | int) -> ir.Value:
        """Where row ``index`` of a buffer is."""
        return builder.gep(base, [ir.Constant(INT, index) if isinstance(index, int) else index])

    def splat(self, builder: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
        """A scalar (a double is rounded to the lanes' precision) in every lane."""
        if scalar.type == ir.DoubleType() and self.precision.real != ir.DoubleType():
            scalar = builder.fptrunc(scalar, self.precision.real)
        undefined = ir.Constant(self.vector, ir.Undefined)
        placed = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return builder.shuffle_vector(placed, undefined, zeros)

    def splat_of(self, builder: ir.IRBuilder, doubles: ir.Value, index: ir.Value | int) -> ir.Value:
        """Element ``index`` of a plain vector of doubles in every lane."""
        return self.splat(builder, builder.load(self.at(builder, doubles, index)))

    def fma(self, builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """x y + z, rounded once."""
        return builder.call(vector_intrinsic(self.module, "llvm.fma", self.vector, 3), [x, y, z])

    def absolute(self, builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        """Size without sign."""
        return builder.call(vector_intrinsic(self.module, "llvm.fabs", self.vector, 1), [x])

    def bits(self, builder: ir.IRBuilder, truth: ir.Value) -> ir.Value:
        """A vector of truths as the low bits of one integer, lane 0 lowest."""
        if self.width == 1:
            return builder.zext(builder.extract_element(truth, ir.Constant(ir.IntType(32), 0)), INT)
        return builder.zext(builder.bitcast(truth, ir.IntType(self.width)), INT)

    def straight_line(self, function: Function) -> None:
        """``void NAME_lanes(t, y, p, m, d, k, out)``: a kernel's function with one instruction a node of the graph."""
        built, builder = self.function(f"{function.name}_lanes", [self.pointer] * (1 + len(_VECTORS)))
        built.linkage = "internal"
        for index, value in enumerate(self.graph(builder, built.args[:-1], function.outputs)):
            self.store(builder, value, built.args[-1], index)
        builder.ret_void()

    def graph(self, builder: ir.IRBuilder, given: Sequence[ir.Value], outputs: Sequence[Expression]) -> list[ir.Value]:
        """The values of expressions, from where the time and the vectors y, p, m, d and k are."""
        vectors: dict[str, ir.Value] = dict(zip(_VECTORS, given[1:], strict=False))
        mathematics = VectorMath(builder, self.width, self.precision, self.number)
        where = _slots(self.kernel)
        uses = Counter(id(a) for node in walk(outputs) for a in node.arguments)
        uses.update(id(output) for output in outputs)

        def leaf(node: Expression) -> ir.Value:
            if node.operation == "number":
                return self.number(builder, node.constant)
            if node.operation == "time":
                return self.load(builder, given[0], 0)
            if node.operation == "mode":
                return builder.fcmp_ordered(">", self.load(builder, vectors["m"], node.index), self.constant(0.5))
            if node.operation in ("true", "false"):
                return ir.Constant(ir.VectorType(BIT, self.width), [int(node.operation == "true")] * self.width)
            vector, index = where[node.name]
            return self.load(builder, vectors[vector], index)

        values: dict[int, ir.Value] = {}
        for node in walk(outputs):
            product = _lone_product(node, uses)
            if product is not None:
                values[id(node)] = self._fused(builder, node, product, values)
                continue
            arguments = [values[id(a)] for a in node.arguments]
            values[id(node)] = self._instruction(builder, mathematics, node, arguments) if arguments else leaf(node)
        return [values[id(output)] for output in outputs]

    def _fused(
        self, builder: ir.IRBuilder, node: Expression, product: Expression, values: dict[int, ir.Value]
    ) -> ir.Value:
        """A sum or difference with a product used nowhere else: rounded once, on any machine and at any width."""
        x, y = (values[id(a)] for a in product.arguments)
        left, right = node.arguments
        other = values[id(right if product is left else left)]
        if node.operation == "sub":
            x, other = (x, builder.fneg(other)) if product is left else (builder.fneg(x), other)
        return self.fma(builder, x, y, other)

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


def _lone_product(node: Expression, uses: Counter) -> Expression | None:
    """The argument of a sum or difference that is a product nobody else uses."""
    if node.operation in ("add", "sub"):
        for argument in node.arguments:
            if argument.operation == "mul" and uses[id(argument)] == 1:
                return argument
    return None


def _small_power(node: Expression) -> bool:
    exponent = node.arguments[1]
    return exponent.operation == "number" and exponent.constant in (2, 3, 4)
