"""The lanes' share of a kernel for the implicit method: Jacobian, sparse factorisation and one Rodas5P step, straight-line."""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from functools import cached_property

from llvmlite import ir

from inferon.engine import clock
from inferon.engine.emit_lanes import LaneEmitter
from inferon.engine.rodas5p import GAMMA, NODES, SLOPES, A, C
from inferon.engine.sparse_lu import factorisation
from inferon.engine.vector_math import Precision
from inferon.model.expression import ZERO
from inferon.model.kernel import Jacobian, Kernel

_STAGES = 8
_LEAST_STEP = 1e-20  # days: a stop may be nearer than the lanes' numbers can tell


class RosenbrockEmitter(LaneEmitter):
    """Lane functions with an implicit step; ``scratch`` holds 1/(h gamma), time slopes and factors."""

    step_rows = _STAGES + 2

    def __init__(self, kernel: Kernel, jacobian: Jacobian, width: int, precision: Precision) -> None:
        super().__init__(kernel, width, precision)
        self.jacobian = jacobian
        self.plan = factorisation(len(kernel.states), jacobian.entries)

    @cached_property
    def drifting(self) -> tuple[int, ...]:
        """States whose rates change with time itself; the others' time slopes are 0."""
        return tuple(i for i, slope in enumerate(self.jacobian.time_slopes) if slope is not ZERO)

    @property
    def scratch_rows(self) -> int:
        """Rows of lanes for the diagonal, the time slopes and the factors."""
        return 1 + len(self.drifting) + len(self.plan.entries)

    def emit(self) -> ir.Module:
        """As the explicit one; the stages are in the groups of ``k`` between the rates at the start and at the end."""
        self._factor()
        self._solve()
        return super().emit()

    def _factor(self) -> None:
        """void factor(t, y, p, m, d, k, scratch): time slopes and the LU factors of diagonal * I - J; pivots stored inverted."""
        built, builder = self.function("factor", [self.pointer] * 7)
        built.linkage = "internal"
        scratch = built.args[-1]
        slopes = [self.jacobian.time_slopes[i] for i in self.drifting]
        values = self.graph(builder, built.args[:6], (*self.jacobian.values, *slopes))
        given = dict(zip(self.jacobian.entries, values, strict=False))
        for row, value in enumerate(values[len(given) :]):
            self.store(builder, value, scratch, 1 + row)
        c = self.load(builder, scratch, 0)
        m: list[ir.Value] = []
        for row, column in self.plan.entries:
            base: ir.Value = c if row == column else self.constant(0.0)
            m.append(builder.fsub(base, given[row, column]) if (row, column) in given else base)
        for kind, a, *others in self.plan.eliminate:
            if kind == "pivot":  # 1/infinity would leave every stage and the error estimate at 0
                infinite = builder.fcmp_ordered("==", self.absolute(builder, m[a]), self.constant(float("inf")))
                inverse = builder.fdiv(self.constant(1.0), m[a])
                m[a] = builder.select(infinite, self.constant(float("nan")), inverse)
            elif kind == "scale":
                m[a] = builder.fmul(m[a], m[others[0]])
            else:
                m[a] = self.fma(builder, builder.fneg(m[others[0]]), m[others[1]], m[a])
        for k, value in enumerate(m):
            self.store(builder, value, scratch, 1 + len(self.drifting) + k)
        builder.ret_void()

    def _solve(self) -> None:
        """void solve(factors, b): b becomes the solution."""
        built, builder = self.function("solve", [self.pointer] * 2)
        built.linkage = "internal"
        factors, vector = built.args
        b = [self.load(builder, vector, i) for i in range(len(self.kernel.states))]
        for row, slot, column in self.plan.forward:
            b[row] = self.fma(builder, builder.fneg(self.load(builder, factors, slot)), b[column], b[row])
        for row, slot, column in self.plan.backward:
            factor = self.load(builder, factors, slot)
            b[row] = (
                builder.fmul(b[row], factor)
                if column is None
                else self.fma(builder, builder.fneg(factor), b[column], b[row])
            )
        for i, value in enumerate(b):
            self.store(builder, value, vector, i)
        builder.ret_void()

    def _step(self, b: ir.IRBuilder, infusing: ir.Value, rtol: ir.Value, at: dict[str, ir.Value]) -> ir.Value:
        factor, solve = (self.module.get_global(name) for name in ("factor", "solve"))
        h = self._larger(b, self._time(b, at, clock.H), self.constant(_LEAST_STEP))
        inverse = b.fdiv(self.constant(1.0), h)
        started, *u, ended = (self._rows(b, at["k"], s) for s in range(self.step_rows))
        self.store(b, b.fmul(inverse, self.number(b, 1 / GAMMA)), at["scratch"], 0)
        now = self.at(b, at["clock"], clock.T)
        b.call(factor, [now, at["y"], at["p"], at["m"], at["d"], started, at["scratch"]])
        factors = self.at(b, at["scratch"], 1 + len(self.drifting))
        self._each_state(b, lambda i: self.store(b, self.load(b, started, i), u[0], i))
        self._drift(b, at, h, 0, u[0])
        b.call(solve, [factors, u[0]])
        for s in range(1, _STAGES):
            self._each_state(b, lambda i, s=s: self.store(b, self._argument(b, at, u, s, i), at["trial"], i))
            self._rates(b, at, float(NODES[s]), infusing, u[s])
            self._each_state(b, lambda i, s=s: self._couple(b, inverse, u, s, i))
            self._drift(b, at, h, s, u[s])
            b.call(solve, [factors, u[s]])

        def arrive(i: ir.Value | int) -> None:
            self.store(b, b.fadd(self.load(b, at["trial"], i), self.load(b, u[-1], i)), at["trial"], i)

        self._each_state(b, arrive)
        self._rates(b, at, 1.0, infusing, ended)
        return self._scaled_error(b, rtol, at, lambda index: self.load(b, u[-1], index))

    def _couple(self, b: ir.IRBuilder, inverse: ir.Value, u: list[ir.Value], s: int, i: ir.Value | int) -> None:
        """The right-hand side of stage ``s``: its rates, plus sum C U / h."""
        weights = [(u[j], float(C[s, j])) for j in range(s)]
        value = self.fma(b, inverse, self._combination(b, weights, i), self.load(b, u[s], i))
        self.store(b, value, u[s], i)

    def _drift(self, b: ir.IRBuilder, at: dict[str, ir.Value], h: ir.Value, s: int, stage: ir.Value) -> None:
        """What the rates' own slope in time adds to the right-hand side of stage ``s``."""
        if not SLOPES[s]:
            return
        along = b.fmul(h, self.number(b, float(SLOPES[s])))
        for row, i in enumerate(self.drifting):
            slope = self.load(b, at["scratch"], 1 + row)
            self.store(b, self.fma(b, along, slope, self.load(b, stage, i)), stage, i)

    def _argument(
        self, b: ir.IRBuilder, at: dict[str, ir.Value], u: list[ir.Value], s: int, index: ir.Value | int
    ) -> ir.Value:
        """Where stage ``s`` evaluates the rates: y + sum A U, or for the last two stages the argument before plus its stage."""
        if s >= len(A):
            return b.fadd(self.load(b, at["trial"], index), self.load(b, u[s - 1], index))
        weights = [(u[j], float(A[s, j])) for j in range(s) if A[s, j]]
        return b.fadd(self.load(b, at["y"], index), self._combination(b, weights, index))
