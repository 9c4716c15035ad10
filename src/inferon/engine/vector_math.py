"""Branch-free exp, log and power on vectors, as LLVM IR: what the lanes call instead of the scalar library.

Accuracy is about one unit in the last place for exp and log (tested); power is exp(y log x). Coefficients are those of the
series themselves: 1/k! for exp after reduction to |r| <= ln(2)/2, 2/(2k+1) for log through the inverse hyperbolic tangent.
"""

# llvmlite declares few of its types:
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

from llvmlite import ir


@dataclass(frozen=True)
class Precision:
    """A floating-point format and what the functions below need to know of it."""

    name: str
    real: ir.Type
    bits: int
    mantissa_bits: int
    ln2_high: float  # ln 2 to so few bits that a whole number times it is exact
    ln2_low: float
    half_sqrt2_bits: int
    inverse_bits: int  # minus the bits of x are those of about 1/x: right to a twentieth
    exp_range: tuple[float, float]
    exp_terms: int
    log_terms: int
    slack: float  # part of the way to a stop that is not worth a step of its own
    least_step: float  # part of the day itself below which a step cannot be made smaller

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return self.bits // 8

    @property
    def suffix(self) -> str:
        """How LLVM's names for functions end."""
        return f"f{self.bits}"

    @property
    def magic(self) -> float:
        """Adding it rounds to a whole number that is kept in the low bits."""
        return 1.5 * 2.0**self.mantissa_bits


DOUBLE = Precision(
    "double", ir.DoubleType(), 64, 52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 0x3FE6A09E667F3BCD,
    0x7FDE6238502484BA, (-708.0, 709.0), 13, 11, 1e-9, 1e-13,
)  # fmt: skip
SINGLE = Precision(
    "single", ir.FloatType(), 32, 23, 0.693359375, -2.12194440e-4, 0x3F3504F3, 0x7EF311C7, (-87.0, 88.0),
    7, 4, 1e-6, 1e-7,
)  # fmt: skip
PRECISIONS = {precision.name: precision for precision in (DOUBLE, SINGLE)}
_LOG2E = 1.4426950408889634


def vector_intrinsic(module: ir.Module, name: str, kind: ir.VectorType, arguments: int) -> ir.Function:
    """LLVM's own function ``name`` (such as llvm.fma) on vectors."""
    full = f"{name}.v{kind.count}f{64 if kind.element == ir.DoubleType() else 32}"
    known = module.globals.get(full)
    return known or ir.Function(module, ir.FunctionType(kind, [kind] * arguments), name=full)


class VectorMath:
    """Builders for one width and precision; every method returns an LLVM value of ``width`` numbers."""

    def __init__(
        self,
        builder: ir.IRBuilder,
        width: int,
        precision: Precision = DOUBLE,
        number: Callable[[ir.IRBuilder, float], ir.Value] | None = None,
    ) -> None:
        self._b, self._format, self._number = builder, precision, number
        self._reals = ir.VectorType(precision.real, width)
        self._integers = ir.VectorType(ir.IntType(precision.bits), width)
        self._width = width

    def _real(self, value: float) -> ir.Value:
        return self._number(self._b, value) if self._number else ir.Constant(self._reals, [value] * self._width)

    def _integer(self, value: int) -> ir.Constant:
        return ir.Constant(self._integers, [value] * self._width)

    def _fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        fused = vector_intrinsic(self._b.module, "llvm.fma", self._reals, 3)
        return self._b.call(fused, [x, y, z])

    def _polynomial(self, x: ir.Value, coefficients: list[float]) -> ir.Value:
        """Horner's rule; coefficients from the highest power down."""
        result: ir.Value = self._real(coefficients[0])
        for coefficient in coefficients[1:]:
            result = self._fma(result, x, self._real(coefficient))
        return result

    def exp(self, x: ir.Value) -> ir.Value:
        """e to the x; 0 below the range of the format and infinity above."""
        b = self._b
        least, most = (self._real(end) for end in self._format.exp_range)
        inside = b.select(b.fcmp_ordered("<", x, least), least, x)
        inside = b.select(b.fcmp_ordered(">", inside, most), most, inside)
        magic = self._real(self._format.magic)
        shifted = self._fma(inside, self._real(_LOG2E), magic)
        n = b.fsub(shifted, magic)
        r = self._fma(n, self._real(-self._format.ln2_high), inside)
        r = self._fma(n, self._real(-self._format.ln2_low), r)
        series = self._polynomial(r, [1.0 / factorial(k) for k in range(self._format.exp_terms, -1, -1)])
        exponent = b.shl(b.bitcast(shifted, self._integers), self._integer(self._format.mantissa_bits))
        result = b.bitcast(b.add(b.bitcast(series, self._integers), exponent), self._reals)
        result = b.select(b.fcmp_ordered("<", x, least), self._real(0.0), result)
        return b.select(b.fcmp_ordered(">", x, most), self._real(float("inf")), self._keep_nan(x, result))

    def _keep_nan(self, x: ir.Value, result: ir.Value) -> ir.Value:
        return self._b.select(self._b.fcmp_unordered("uno", x, x), x, result)

    def log(self, x: ir.Value) -> ir.Value:
        """Natural logarithm; -infinity at 0 and not a number below."""
        b = self._b
        bits = b.bitcast(x, self._integers)
        exponent = b.ashr(
            b.sub(bits, self._integer(self._format.half_sqrt2_bits)), self._integer(self._format.mantissa_bits)
        )
        mantissa = b.bitcast(b.sub(bits, b.shl(exponent, self._integer(self._format.mantissa_bits))), self._reals)
        n = b.sitofp(exponent, self._reals)
        f = b.fsub(mantissa, self._real(1.0))
        s = b.fdiv(f, b.fadd(f, self._real(2.0)))
        z = b.fmul(s, s)
        series = self._polynomial(z, [2.0 / (2 * k + 1) for k in range(self._format.log_terms, 0, -1)])
        tail = b.fmul(b.fmul(s, z), series)  # atanh series beyond its first term 2 s
        tail = self._fma(n, self._real(self._format.ln2_low), tail)
        whole = self._fma(n, self._real(self._format.ln2_high), b.fadd(b.fadd(s, s), tail))
        at_zero = b.select(
            b.fcmp_ordered("==", x, self._real(0.0)), self._real(float("-inf")), self._real(float("nan"))
        )
        positive = b.fcmp_ordered(">", x, self._real(0.0))
        finite = b.fcmp_ordered("<", x, self._real(float("inf")))
        return b.select(positive, b.select(finite, whole, x), at_zero)

    def power(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """x to the y (0 to a positive power is 0, anything to 0 is 1); not a number for negative x unless y is whole."""
        b = self._b
        size = self.exp(b.fmul(y, self.log(self._of_one("fabs", x))))
        half = b.fmul(y, self._real(0.5))
        whole = b.fcmp_ordered("==", self._of_one("floor", y), y)
        even = b.fcmp_ordered("==", self._of_one("floor", half), half)
        signed = b.select(even, size, b.select(whole, b.fneg(size), self._real(float("nan"))))
        result = b.select(b.fcmp_ordered("<", x, self._real(0.0)), signed, size)
        one = b.or_(b.fcmp_ordered("==", y, self._real(0.0)), b.fcmp_ordered("==", x, self._real(1.0)))
        return b.select(one, self._real(1.0), result)

    def rough_inverse(self, x: ir.Value) -> ir.Value:
        """1/x to 3 parts in 1,000, for positive finite x: for step sizes, where a division would cost more than it is worth."""
        b = self._b
        guess = b.bitcast(b.sub(self._integer(self._format.inverse_bits), b.bitcast(x, self._integers)), self._reals)
        return self._fma(guess, self._fma(b.fneg(x), guess, self._real(1.0)), guess)  # Newton: the error is squared

    def rough_power(self, x: ir.Value, exponent: float) -> ir.Value:
        """x to a small fixed power, to about 3 parts in 10,000, for x >= 0 and a result well inside the format's range."""
        b = self._b
        bits, place = b.bitcast(x, self._integers), self._integer(self._format.mantissa_bits)
        whole = b.ashr(b.sub(bits, self._integer(self._format.half_sqrt2_bits)), place)
        f = b.fsub(b.bitcast(b.sub(bits, b.shl(whole, place)), self._reals), self._real(1.0))
        s = b.fmul(f, self.rough_inverse(b.fadd(f, self._real(2.0))))
        series = self._polynomial(b.fmul(s, s), [2.0 / 5, 2.0 / 3, 2.0])  # log of the mantissa: 2 artanh(s)
        logarithm = self._fma(s, b.fmul(series, self._real(_LOG2E)), b.sitofp(whole, self._reals))
        shifted = self._fma(logarithm, self._real(exponent), self._real(self._format.magic))
        n = b.fsub(shifted, self._real(self._format.magic))
        r = b.fmul(self._fma(logarithm, self._real(exponent), b.fneg(n)), self._real(1.0 / _LOG2E))
        power = self._polynomial(r, [1.0 / factorial(k) for k in range(4, -1, -1)])
        return b.bitcast(
            b.add(b.bitcast(power, self._integers), b.shl(b.bitcast(shifted, self._integers), place)), self._reals
        )

    def _of_one(self, name: str, x: ir.Value) -> ir.Value:
        return self._b.call(vector_intrinsic(self._b.module, f"llvm.{name}", self._reals, 1), [x])
