"""The lanes' share of a kernel for the implicit method: Jacobian, sparse factorisation and one Rodas5P step, straight-line."""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils

from inferon.engine.emit import _slots
from inferon.engine.emit_lanes import LaneEmitter
from inferon.engine.rodas5p import DENSE, GAMMA, NODES, SLOPES, A, C
from inferon.engine.sparse_lu import factorisation
from inferon.model.kernel import Function, Jacobian, Kernel

_DOUBLE, _INT = ir.DoubleType(), ir.IntType(64)
_STAGES = 8


class RosenbrockEmitter(LaneEmitter):
    """Lane functions with an implicit ``step``; ``scratch`` holds stages, Jacobian, time slopes and factors."""

    def __init__(self, kernel: Kernel, jacobian: Jacobian, width: int) -> None:
        super().__init__(kernel, width)
        self.jacobian = jacobian
        self.plan = factorisation(len(kernel.states), jacobian.entries)

    @property
    def scratch_rows(self) -> int:
        """Rows of lanes for stages, Jacobian, time slopes and factors."""
        n = len(self.kernel.states)
        return (_STAGES + 1) * n + len(self.jacobian.entries) + len(self.plan.entries)

    def _step(self) -> None:
        """As the explicit ``step``; rows 1 to 4 of k hold the dense output afterwards, row 6 the rates at the end."""
        where = _slots(self.kernel)
        slopes = Function("slopes", (*self.jacobian.values, *self.jacobian.time_slopes))
        self._straight_line(slopes, where)
        self._factor()
        self._solve()
        self._rosenbrock()

    def _factor(self) -> None:
        """void factor(diagonal, jacobian, factors): the LU factors of diagonal * I - J; pivots are stored inverted."""
        built, builder = self._function("factor", [self.pointer] * 3)
        diagonal, source, target = built.args
        given = {entry: k for k, entry in enumerate(self.jacobian.entries)}
        c = self._load(builder, diagonal, 0)
        m: list[ir.Value] = []
        for row, column in self.plan.entries:
            base: ir.Value = c if row == column else self._constant(0.0)
            if (row, column) in given:
                base = builder.fsub(base, self._load(builder, source, given[row, column]))
            m.append(base)
        for kind, a, *others in self.plan.eliminate:
            if kind == "pivot":
                m[a] = builder.fdiv(self._constant(1.0), m[a])
            elif kind == "scale":
                m[a] = builder.fmul(m[a], m[others[0]])
            else:
                m[a] = self._fma(builder, builder.fneg(m[others[0]]), m[others[1]], m[a])
        for k, value in enumerate(m):
            self._store(builder, value, target, k)
        builder.ret_void()

    def _solve(self) -> None:
        """void solve(factors, b): b becomes the solution."""
        built, builder = self._function("solve", [self.pointer] * 2)
        factors, vector = built.args
        b = [self._load(builder, vector, i) for i in range(len(self.kernel.states))]
        for row, slot, column in self.plan.forward:
            b[row] = self._fma(builder, builder.fneg(self._load(builder, factors, slot)), b[column], b[row])
        for row, slot, column in self.plan.backward:
            factor = self._load(builder, factors, slot)
            b[row] = (
                builder.fmul(b[row], factor)
                if column is None
                else self._fma(builder, builder.fneg(factor), b[column], b[row])
            )
        for i, value in enumerate(b):
            self._store(builder, value, vector, i)
        builder.ret_void()

    def _rosenbrock(self) -> None:
        builder, n, infusing, rtol, at = self._step_function()
        rates, slopes, factor, solve = (
            self.module.get_global(f) for f in ("rates_lanes", "slopes_lanes", "factor", "solve")
        )
        t, h = self._load(builder, at["t"], 0), self._load(builder, at["h"], 0)
        inverse = builder.fdiv(self._constant(1.0), h)
        u = [self._rows(builder, at["scratch"], n, s) for s in range(_STAGES)]
        jacobian = self._rows(builder, at["scratch"], n, _STAGES)
        time_slopes = self._at(builder, jacobian, len(self.jacobian.entries))
        factors = self._rows(builder, time_slopes, n, 1)
        k = [self._rows(builder, at["k"], n, s) for s in range(7)]
        surroundings = [at["p"], at["m"], at["d"]]
        builder.call(slopes, [at["t"], at["y"], *surroundings, k[0], jacobian])
        self._store(builder, builder.fmul(inverse, self._constant(1 / GAMMA)), at["stage_time"], 0)
        builder.call(factor, [at["stage_time"], jacobian, factors])
        with cgutils.for_range(builder, n) as loop:
            pushed = builder.fmul(
                builder.fmul(h, self._constant(float(SLOPES[0]))), self._load(builder, time_slopes, loop.index)
            )
            self._store(builder, builder.fadd(self._load(builder, k[0], loop.index), pushed), u[0], loop.index)
        builder.call(solve, [factors, u[0]])
        for s in range(1, _STAGES):
            with cgutils.for_range(builder, n) as loop:
                self._store(builder, self._argument(builder, at, u, s, loop.index), at["trial"], loop.index)
            self._store(builder, self._fma(builder, h, self._constant(float(NODES[s])), t), at["stage_time"], 0)
            builder.call(rates, [at["stage_time"], at["trial"], *surroundings, u[s], u[s]])
            self._infuse(builder, n, infusing, at["infused"], u[s])
            with cgutils.for_range(builder, n) as loop:
                weights = [(u[j], float(C[s, j])) for j in range(s)]
                coupled = builder.fmul(inverse, self._combination(builder, weights, loop.index))
                value = builder.fadd(self._load(builder, u[s], loop.index), coupled)
                if SLOPES[s]:
                    step_slope = builder.fmul(h, self._constant(float(SLOPES[s])))
                    value = self._fma(builder, step_slope, self._load(builder, time_slopes, loop.index), value)
                self._store(builder, value, u[s], loop.index)
            builder.call(solve, [factors, u[s]])
        with cgutils.for_range(builder, n) as loop:
            ended = builder.fadd(self._load(builder, at["trial"], loop.index), self._load(builder, u[7], loop.index))
            self._store(builder, ended, at["trial"], loop.index)
            change = builder.fsub(ended, self._load(builder, at["y"], loop.index))
            self._store(builder, builder.fmul(inverse, change), k[1], loop.index)
            for r in range(3):
                weights = [(u[j], float(DENSE[r, j])) for j in range(_STAGES)]
                self._store(
                    builder,
                    builder.fmul(inverse, self._combination(builder, weights, loop.index)),
                    k[2 + r],
                    loop.index,
                )
        self._store(builder, builder.fadd(t, h), at["stage_time"], 0)
        builder.call(rates, [at["stage_time"], at["trial"], *surroundings, k[6], k[6]])
        self._infuse(builder, n, infusing, at["infused"], k[6])
        self._scaled_error(builder, n, rtol, at, lambda index: self._load(builder, u[7], index))
        builder.ret_void()

    def _argument(
        self, builder: ir.IRBuilder, at: dict[str, ir.Value], u: list[ir.Value], s: int, index: ir.Value
    ) -> ir.Value:
        """Where stage ``s`` evaluates the rates: y + sum A U, or for the last two stages the argument before plus its stage."""
        if s >= len(A):
            return builder.fadd(self._load(builder, at["trial"], index), self._load(builder, u[s - 1], index))
        weights = [(u[j], float(A[s, j])) for j in range(s) if A[s, j]]
        return builder.fadd(self._load(builder, at["y"], index), self._combination(builder, weights, index))
