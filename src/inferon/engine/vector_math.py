"""Branch-free exp, log and power on vectors of doubles, as LLVM IR: what the lanes call instead of the scalar library.

Accuracy is about one unit in the last place for exp and log (tested); power is exp(y log x). Coefficients are those of the
series themselves: 1/k! for exp after reduction to |r| <= ln(2)/2, 2/(2k+1) for log through the inverse hyperbolic tangent.
"""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from math import factorial

from llvmlite import ir

_INT = ir.IntType(64)
_LOG2E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # ln 2 to 32 bits, so that n * high is exact
_LN2_LOW = 1.90821492927058770002e-10
_EXP_TERMS = 13
_LOG_TERMS = 11
_HALF_SQRT2_BITS = 0x3FE6A09E667F3BCD
_MAGIC = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer kept in the low bits


def vector_intrinsic(module: ir.Module, name: str, kind: ir.VectorType, arguments: int) -> ir.Function:
    """LLVM's own function ``name`` (such as llvm.fma) on vectors of doubles."""
    full = f"{name}.v{kind.count}f64"
    known = module.globals.get(full)
    return known or ir.Function(module, ir.FunctionType(kind, [kind] * arguments), name=full)


class VectorMath:
    """Builders for one width; every method returns an LLVM value of ``width`` doubles."""

    def __init__(self, builder: ir.IRBuilder, width: int) -> None:
        self._b = builder
        self._doubles = ir.VectorType(ir.DoubleType(), width)
        self._integers = ir.VectorType(_INT, width)
        self._width = width

    def _double(self, value: float) -> ir.Constant:
        return ir.Constant(self._doubles, [value] * self._width)

    def _integer(self, value: int) -> ir.Constant:
        return ir.Constant(self._integers, [value] * self._width)

    def _fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        fused = vector_intrinsic(self._b.module, "llvm.fma", self._doubles, 3)
        return self._b.call(fused, [x, y, z])

    def _polynomial(self, x: ir.Value, coefficients: list[float]) -> ir.Value:
        """Horner's rule; coefficients from the highest power down."""
        result: ir.Value = self._double(coefficients[0])
        for coefficient in coefficients[1:]:
            result = self._fma(result, x, self._double(coefficient))
        return result

    def exp(self, x: ir.Value) -> ir.Value:
        """e to the x; 0 below -708 and infinity above 709.7."""
        b = self._b
        inside = b.select(b.fcmp_ordered("<", x, self._double(-708.0)), self._double(-708.0), x)
        inside = b.select(b.fcmp_ordered(">", inside, self._double(709.0)), self._double(709.0), inside)
        shifted = self._fma(inside, self._double(_LOG2E), self._double(_MAGIC))
        n = b.fsub(shifted, self._double(_MAGIC))
        r = self._fma(n, self._double(-_LN2_HIGH), inside)
        r = self._fma(n, self._double(-_LN2_LOW), r)
        series = self._polynomial(r, [1.0 / factorial(k) for k in range(_EXP_TERMS, -1, -1)])
        exponent = b.shl(b.bitcast(shifted, self._integers), self._integer(52))
        result = b.bitcast(b.add(b.bitcast(series, self._integers), exponent), self._doubles)
        result = b.select(b.fcmp_ordered("<", x, self._double(-708.0)), self._double(0.0), result)
        return b.select(
            b.fcmp_ordered(">", x, self._double(709.0)), self._double(float("inf")), self._keep_nan(x, result)
        )

    def _keep_nan(self, x: ir.Value, result: ir.Value) -> ir.Value:
        return self._b.select(self._b.fcmp_unordered("uno", x, x), x, result)

    def log(self, x: ir.Value) -> ir.Value:
        """Natural logarithm; -infinity at 0 and not a number below."""
        b = self._b
        bits = b.bitcast(x, self._integers)
        exponent = b.ashr(b.sub(bits, self._integer(_HALF_SQRT2_BITS)), self._integer(52))
        mantissa = b.bitcast(b.sub(bits, b.shl(exponent, self._integer(52))), self._doubles)
        n = b.sitofp(exponent, self._doubles)
        f = b.fsub(mantissa, self._double(1.0))
        s = b.fdiv(f, b.fadd(f, self._double(2.0)))
        z = b.fmul(s, s)
        series = self._polynomial(z, [2.0 / (2 * k + 1) for k in range(_LOG_TERMS, 0, -1)])
        tail = b.fmul(b.fmul(s, z), series)  # atanh series beyond its first term 2 s
        tail = self._fma(n, self._double(_LN2_LOW), tail)
        whole = self._fma(n, self._double(_LN2_HIGH), b.fadd(b.fadd(s, s), tail))
        at_zero = b.select(
            b.fcmp_ordered("==", x, self._double(0.0)), self._double(float("-inf")), self._double(float("nan"))
        )
        positive = b.fcmp_ordered(">", x, self._double(0.0))
        finite = b.fcmp_ordered("<", x, self._double(float("inf")))
        return b.select(positive, b.select(finite, whole, x), at_zero)

    def power(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """x to the y (0 to a positive power is 0, anything to 0 is 1); not a number for negative x unless y is whole."""
        b = self._b
        size = self.exp(b.fmul(y, self.log(self._of_one("fabs", x))))
        half = b.fmul(y, self._double(0.5))
        whole = b.fcmp_ordered("==", self._of_one("floor", y), y)
        even = b.fcmp_ordered("==", self._of_one("floor", half), half)
        signed = b.select(even, size, b.select(whole, b.fneg(size), self._double(float("nan"))))
        result = b.select(b.fcmp_ordered("<", x, self._double(0.0)), signed, size)
        one = b.or_(b.fcmp_ordered("==", y, self._double(0.0)), b.fcmp_ordered("==", x, self._double(1.0)))
        return b.select(one, self._double(1.0), result)

    def _of_one(self, name: str, x: ir.Value) -> ir.Value:
        return self._b.call(vector_intrinsic(self._b.module, f"llvm.{name}", self._doubles, 1), [x])
