"""The lanes' share of a kernel as LLVM IR, for the explicit pair.

``turn`` tries one step in every lane, judges it, proposes the next and finds the lanes that need attention: a sample due, a
condition that has or may have changed, a patient who cannot go on. ``commit`` moves accepted lanes on, ``place`` puts one
patient's numbers into a lane and ``dense`` reads them out inside a step. The rows of ``clock`` are named in ``clock.py``.
"""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from llvmlite import ir
from numba.core import cgutils

from inferon.engine import clock
from inferon.engine.lane_code import INT, LaneCode
from inferon.engine.tsit5 import ERROR, NODES, STAGES
from inferon.engine.vector_math import VectorMath
from inferon.model.kernel import Function

FUNCTIONS = ("turn", "commit", "dense", "place")
_WRITTEN_OUT = 64
_SUMS = 4
_BUFFERS = ("y", "p", "m", "d", "k", "infused", "trial", "g0", "g1", "scratch")


class LaneEmitter(LaneCode):
    """Writes ``turn`` and ``commit`` of one kernel, with the explicit step."""

    step_rows = len(ERROR)
    """Groups of rows, one for each state, that a step leaves in ``k``: rates at the start first, rates at the end last."""

    @cached_property
    def moving(self) -> tuple[int, ...]:
        """The conditions looked at after every step."""
        return self.kernel.moving

    @property
    def scratch_rows(self) -> int:
        """Rows of lanes a step needs for itself: the error's share of all stages but the last."""
        return self.states

    def emit(self) -> ir.Module:
        """The module with the functions of ``FUNCTIONS``."""
        self.straight_line(Function("rates", self.kernel.outputs("rates")))
        self.straight_line(self.kernel.watched)
        self._turn()
        self._commit()
        self._dense()
        self._place()
        return self.finish()

    def _turn(self) -> None:
        """i64 turn(infusing, rtol, max_step, max_steps, atol, clock, y, p, m, d, k, infused, trial, g0, g1, scratch)"""
        real = ir.DoubleType()
        types = [INT, real, real, real, real.as_pointer(), self.pointer, *([self.pointer] * len(_BUFFERS))]
        built, b = self.function("turn", types, INT)
        infusing, rtol, max_step, max_steps, atol, times = built.args[:6]
        at = {"atol": atol, "clock": times, **dict(zip(_BUFFERS, built.args[6:], strict=True))}
        active = b.fcmp_ordered(">", self._time(b, at, clock.ACTIVE), self.constant(0.5))
        last = self._propose(b, at, self.splat(b, max_step), active)
        mean = b.fdiv(self._step(b, infusing, rtol, at), self.constant(max(1, self.states)))
        self._set(b, at, clock.ERROR, mean)
        accepted = b.and_(active, b.fcmp_ordered("<=", mean, self.constant(1.0)))
        lost = self._judge(b, at, mean, active, accepted, last, self.splat(b, max_steps))
        self._cross(b, at)
        may_change = self._watch(b, at)
        due = b.fcmp_ordered("<", self._time(b, at, clock.DUE), self._time(b, at, clock.T_NEW))
        attention = b.and_(active, b.or_(lost, b.and_(accepted, b.or_(due, may_change))))
        landing = b.shl(self.bits(b, b.and_(accepted, last)), ir.Constant(INT, clock.LANDING_BIT))
        b.ret(b.or_(self.bits(b, attention), landing))

    def _time(self, b: ir.IRBuilder, at: dict[str, ir.Value], row: int) -> ir.Value:
        return self.load(b, at["clock"], row)

    def _set(self, b: ir.IRBuilder, at: dict[str, ir.Value], row: int, value: ir.Value) -> None:
        self.store(b, value, at["clock"], row)

    def _propose(self, b: ir.IRBuilder, at: dict[str, ir.Value], max_step: ir.Value, active: ir.Value) -> ir.Value:
        """Set the step to try; returns the lanes in which it reaches the stop."""
        wanted = self._smaller(b, self._time(b, at, clock.NEXT), max_step)
        left = b.fsub(self._time(b, at, clock.STOP), self._time(b, at, clock.T))
        last = b.fcmp_ordered(">=", wanted, b.fmul(left, self.constant(1.0 - self.precision.slack)))
        step = b.select(last, left, wanted)
        self._set(b, at, clock.H, b.select(active, step, self.constant(0.0)))
        return last

    def _judge(
        self,
        b: ir.IRBuilder,
        at: dict[str, ir.Value],
        mean: ir.Value,
        active: ir.Value,
        accepted: ir.Value,
        last: ir.Value,
        max_steps: ir.Value,
    ) -> ir.Value:
        """Accept or refuse, and propose the next step; returns the lanes that have used up their steps or cannot go on."""
        one, zero = self.constant(1.0), self.constant(0.0)
        mathematics = VectorMath(b, self.width, self.precision, self.number)
        growth = b.fmul(self.constant(0.9), mathematics.rough_power(mean, -0.1))  # error norm to the power -1/5
        growth = self._larger(b, self._smaller(b, growth, self.constant(5.0)), self.constant(0.2))
        finite = b.fcmp_ordered("<", mean, self.constant(float("inf")))
        growth = b.select(finite, growth, self.constant(0.1))
        step = self._time(b, at, clock.H)
        grown = b.fmul(step, growth)
        kept = b.select(b.and_(accepted, last), self._time(b, at, clock.NEXT), zero)
        self._set(b, at, clock.NEXT, self._larger(b, grown, kept))
        moved = b.fadd(self._time(b, at, clock.T), step)
        self._set(b, at, clock.T_NEW, b.select(last, self._time(b, at, clock.STOP), moved))
        self._set(b, at, clock.ACCEPTED, b.select(accepted, one, zero))
        taken = b.fadd(self._time(b, at, clock.TAKEN), b.select(accepted, one, zero))
        refused = b.and_(active, b.xor(accepted, ir.Constant(accepted.type, [1] * self.width)))
        lost = b.fadd(self._time(b, at, clock.REFUSED), b.select(refused, one, zero))
        self._set(b, at, clock.TAKEN, taken)
        self._set(b, at, clock.REFUSED, lost)
        worn_out = b.fcmp_ordered(">=", b.fadd(taken, lost), max_steps)
        size = self._larger(b, one, self.absolute(b, self._time(b, at, clock.T)))
        least = b.fmul(self.constant(self.precision.least_step), size)
        least = b.select(finite, least, self.constant(clock.LEAST_BLIND_STEP))
        return b.or_(worn_out, b.and_(refused, b.fcmp_ordered("<=", step, least)))

    def _smaller(self, b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
        return b.select(b.fcmp_ordered("<", x, y), x, y)

    def _larger(self, b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
        return b.select(b.fcmp_ordered(">", x, y), x, y)

    def _rows(self, b: ir.IRBuilder, base: ir.Value, count: int) -> ir.Value:
        """Where the ``count``-th group of rows, one for each state, of a buffer begins."""
        return self.at(b, base, count * self.states)

    def _each_state(self, b: ir.IRBuilder, do: Callable[[ir.Value | int], None]) -> None:
        """Do something with every state: written out for small models, else a loop."""
        if self.states <= _WRITTEN_OUT:
            for i in range(self.states):
                do(i)
            return
        with cgutils.for_range(b, ir.Constant(INT, self.states)) as loop:
            do(loop.index)

    def _rates(self, b: ir.IRBuilder, at: dict[str, ir.Value], node: float, infusing: ir.Value, out: ir.Value) -> None:
        """Rates at the trial state, ``node`` of the step from its start."""
        t, h = self._time(b, at, clock.T), self._time(b, at, clock.H)
        self._set(b, at, clock.STAGE, self.fma(b, h, self.constant(node), t))
        stage = self.at(b, at["clock"], clock.STAGE)
        b.call(self.module.get_global("rates_lanes"), [stage, at["trial"], at["p"], at["m"], at["d"], out, out])
        some = b.icmp_signed("!=", infusing, ir.Constant(INT, 0))
        with b.if_then(some), cgutils.for_range(b, ir.Constant(INT, self.states)) as loop:
            added = self.load(b, at["infused"], loop.index)
            self.store(b, b.fadd(self.load(b, out, loop.index), added), out, loop.index)

    def _step(self, b: ir.IRBuilder, infusing: ir.Value, rtol: ir.Value, at: dict[str, ir.Value]) -> ir.Value:
        """One step; leaves the new state in ``trial`` and returns the sum over states of the squared scaled error."""
        h = self._time(b, at, clock.H)
        stages = [self._rows(b, at["k"], s) for s in range(self.step_rows)]
        errors = [(stages[s], float(ERROR[s])) for s in range(self.step_rows)]
        for s in range(1, self.step_rows):
            weights = [(stages[r], float(STAGES[s, r])) for r in range(s) if STAGES[s, r] != 0.0]

            def move(i: ir.Value | int, s: int = s, weights: list[tuple[ir.Value, float]] = weights) -> None:
                moved = self.fma(b, h, self._combination(b, weights, i), self.load(b, at["y"], i))
                self.store(b, moved, at["trial"], i)
                if s == self.step_rows - 1:  # while the stages are at hand
                    self.store(b, self._combination(b, errors[:-1], i), at["scratch"], i)

            self._each_state(b, move)
            self._rates(b, at, float(NODES[s]), infusing, stages[s])
        last, weight = errors[-1]

        def estimate(i: ir.Value | int) -> ir.Value:
            return b.fmul(h, self.fma(b, self.number(b, weight), self.load(b, last, i), self.load(b, at["scratch"], i)))

        return self._scaled_error(b, rtol, at, estimate)

    def _combination(self, b: ir.IRBuilder, weights: list[tuple[ir.Value, float]], index: ir.Value | int) -> ir.Value:
        (first, weight), *others = weights
        result = b.fmul(self.number(b, weight), self.load(b, first, index))
        for stage, factor in others:
            result = self.fma(b, self.number(b, factor), self.load(b, stage, index), result)
        return result

    def _scaled_error(
        self, b: ir.IRBuilder, rtol: ir.Value, at: dict[str, ir.Value], estimate: Callable[[ir.Value | int], ir.Value]
    ) -> ir.Value:
        """The sum over states of (estimate / scale) squared."""
        relative = self.splat(b, rtol)
        sums = [cgutils.alloca_once_value(b, self.constant(0.0)) for _ in range(_SUMS)]
        mathematics = VectorMath(b, self.width, self.precision, self.number)

        def add(i: ir.Value | int) -> None:
            total = sums[i % _SUMS if isinstance(i, int) else 0]  # several: each waits for itself only
            before = self.absolute(b, self.load(b, at["y"], i))
            after = self.absolute(b, self.load(b, at["trial"], i))
            scale = self.fma(b, relative, self._larger(b, before, after), self.splat_of(b, at["atol"], i))
            scaled = b.fmul(estimate(i), mathematics.rough_inverse(scale))
            b.store(self.fma(b, scaled, scaled, b.load(total)), total)

        self._each_state(b, add)
        first, *others = (b.load(total) for total in sums)
        for other in others:
            first = b.fadd(first, other)
        return first

    def _cross(self, b: ir.IRBuilder, at: dict[str, ir.Value]) -> None:
        """Distances of all conditions and their rates of change at the end of the step."""
        ended = self._rows(b, at["k"], self.step_rows - 1)
        arguments = [self.at(b, at["clock"], clock.T_NEW), at["trial"], at["p"], at["m"], at["d"], ended, at["g1"]]
        b.call(self.module.get_global("crossings_lanes"), arguments)

    def _watch(self, b: ir.IRBuilder, at: dict[str, ir.Value]) -> ir.Value:
        """The lanes in which a condition changed, or may have changed twice: it turned, and not too far away to have crossed.

        Signs are combined as whole numbers: truths in lanes would be packed and unpacked on machines without mask registers.
        """
        zero, count = self.constant(0.0), len(self.moving)
        reach = b.fmul(self._time(b, at, clock.H), self.constant(clock.REACH))
        integers = ir.VectorType(ir.IntType(self.precision.bits), self.width)

        def sign(value: ir.Value) -> ir.Value:
            return b.bitcast(value, integers)

        flagged: ir.Value = ir.Constant(integers, [0] * self.width)
        for row, c in enumerate(self.moving):
            before, after = self.load(b, at["g0"], row), self.load(b, at["g1"], row)
            r0, r1 = self.load(b, at["g0"], count + row), self.load(b, at["g1"], count + row)
            held = sign(b.fsub(self.load(b, at["m"], c), self.constant(0.5)))
            holds = b.fcmp_ordered(">" if self.kernel.strict[c] else ">=", after, zero)
            changed = b.xor(sign(b.select(holds, self.constant(1.0), self.constant(-1.0))), held)
            nearing, parting = b.xor(sign(r0), held), b.xor(sign(b.fneg(r1)), held)
            far = self._smaller(b, self.absolute(b, before), self.absolute(b, after))
            turn = b.fadd(self.absolute(b, r0), self.absolute(b, r1))
            near = sign(self.fma(b, b.fneg(reach), turn, far))
            flagged = b.or_(flagged, b.or_(changed, b.and_(b.and_(nearing, parting), near)))
        return b.icmp_signed("<", flagged, ir.Constant(integers, [0] * self.width))

    def _commit(self) -> None:
        """void commit(clock, y, trial, k, g0, g1, floor, clock, y, k, g0): in accepted lanes the new state becomes the state."""
        built, b = self.function("commit", [*([self.pointer] * 6), ir.DoubleType().as_pointer(), *([self.pointer] * 4)])
        times, y, trial, k, g0, g1, floor, times_out, y_out, k_out, g0_out = built.args
        accepted = b.fcmp_ordered(">", self.load(b, times, clock.ACCEPTED), self.constant(0.5))
        self.store_where(b, accepted, self.load(b, times, clock.T_NEW), times, times_out, clock.T)
        ended, zero = self._rows(b, k, self.step_rows - 1), self.constant(0.0)

        def move(i: ir.Value | int) -> None:
            new = self.load(b, trial, i)
            new = b.select(b.fcmp_ordered("==", new, zero), zero, self._larger(b, new, self.splat_of(b, floor, i)))
            self.store_where(b, accepted, new, y, y_out, i)
            self.store_where(b, accepted, self.load(b, ended, i), k, k_out, i)

        self._each_state(b, move)
        with cgutils.for_range(b, ir.Constant(INT, 2 * len(self.moving))) as loop:
            self.store_where(b, accepted, self.load(b, g1, loop.index), g0, g0_out, loop.index)
        b.ret_void()

    def _dense(self) -> None:
        """void dense(lane, count, which, linear, weights, y, trial, k, out): states ``which`` of one lane inside the step.

        out = y + linear (trial - y) + the weighted sum of the stages; weights and ``out`` are doubles in any precision.
        """
        double, real = ir.DoubleType(), self.precision.real
        types = [INT, INT, INT.as_pointer(), double, double.as_pointer(), *([self.pointer] * 3), double.as_pointer()]
        built, b = self.function("dense", types)
        lane, count, which, linear, weights, *buffers, out = built.args
        y, trial, k = (b.gep(b.bitcast(buffer, real.as_pointer()), [lane]) for buffer in buffers)
        weight = [b.load(b.gep(weights, [ir.Constant(INT, s)])) for s in range(self.step_rows)]

        def held(base: ir.Value, row: ir.Value) -> ir.Value:
            value = b.load(b.gep(base, [b.mul(row, ir.Constant(INT, self.width))]))
            return value if real == double else b.fpext(value, double)

        fma = self.module.declare_intrinsic("llvm.fma", [double], ir.FunctionType(double, [double] * 3))
        with cgutils.for_range(b, count) as loop:
            i = b.load(b.gep(which, [loop.index]))
            before = held(y, i)
            value = b.call(fma, [linear, b.fsub(held(trial, i), before), before])
            for s in range(self.step_rows):
                value = b.call(fma, [weight[s], held(k, b.add(i, ir.Constant(INT, s * self.states))), value])
            b.store(value, b.gep(out, [i]))
        b.ret_void()

    def _place(self) -> None:
        """void place(lane, count, values, rows, rows): doubles into one lane of so many rows, by whole vectors.

        A row written in part could not be read whole before the write has left the processor's store buffer.
        """
        double = ir.DoubleType()
        built, b = self.function("place", [INT, INT, double.as_pointer(), self.pointer, self.pointer])
        lane, count, values, rows, out = built.args
        lanes = ir.VectorType(INT, self.width)
        placed = b.insert_element(ir.Constant(lanes, ir.Undefined), lane, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        everywhere = b.shuffle_vector(placed, ir.Constant(lanes, ir.Undefined), zeros)
        here = b.icmp_signed("==", everywhere, ir.Constant(lanes, list(range(self.width))))
        with cgutils.for_range(b, count) as loop:
            self.store_where(b, here, self.splat_of(b, values, loop.index), rows, out, loop.index)
        b.ret_void()
