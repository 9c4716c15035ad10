"""Calling a kernel's compiled functions by address from compiled code, and the options all compiled code here shares."""

from inferon.engine.cache import use_cache_for_driver

use_cache_for_driver()

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.core import cgutils  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False}
RATES, INITIAL, TRIGGERS, DELAYS, ASSIGNMENTS, READOUTS, CROSSINGS, PRIORITIES, SCALES, STOPS = range(10)
"""Positions of the functions in a compiled model's addresses, after the hoisted work."""


def _through(kinds: str, types_of: tuple):
    """Signature and code of a call by address: of ``kinds``, i is an integer, f a double, v the data of an array."""
    signature = types.none(types.int64, *types_of)
    native = {"i": ir.IntType(64), "f": ir.DoubleType(), "v": ir.DoubleType().as_pointer()}

    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(ir.VoidType(), [native[letter] for letter in kinds])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        passed = []
        for letter, array_type, value in zip(kinds, signature.args[1:], arguments[1:]):  # noqa: B905 - numba tuples
            is_vector = letter == "v"
            passed.append(context.make_array(array_type)(context, builder, value).data if is_vector else value)
        builder.call(function, passed)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def call(typing_context, address, t, y, p, m, d, k, out):
    """Call a kernel function by address with the data pointers of contiguous vectors."""
    return _through("fvvvvvv", (t, y, p, m, d, k, out))


@intrinsic
def call_lanes(typing_context, address, t, y, p, m, d, k, out):
    """Call a lane function; every argument is a buffer of quantities by lanes."""
    return _through("vvvvvvv", (t, y, p, m, d, k, out))


@intrinsic
def call_step(
    typing_context, address, n, infusing, rtol, t, h, y, p, m, d, k, infused, trial, atol, error, stage_time, scratch
):
    """Take one trial step in all lanes (``LaneEmitter``)."""
    return _through(
        "iifvvvvvvvvvvvvv",
        (
            types.int64,
            types.int64,
            types.float64,
            t,
            h,
            y,
            p,
            m,
            d,
            k,
            infused,
            trial,
            atol,
            error,
            stage_time,
            scratch,
        ),
    )


@intrinsic
def call_watch(typing_context, address, count, strict, m, g0, g1, flagged):
    """Flag lanes in which a condition may have changed."""
    return _through("ivvvvv", (types.int64, strict, m, g0, g1, flagged))


@intrinsic
def call_commit(typing_context, address, n, conditions, mask, y, trial, k, g0, g1, floor):
    """Move accepted lanes on."""
    return _through("iivvvvvvv", (types.int64, types.int64, mask, y, trial, k, g0, g1, floor))


@intrinsic
def borrow(typing_context, array):
    """The same array without a share in its ownership: passing it on counts no references, which threads would contend for.

    Only for arrays that somebody else keeps alive for the whole call, such as arguments from Python.
    """

    def generate(context, builder, signature, arguments):
        make = context.make_array(array)
        held, lent = make(context, builder, arguments[0]), make(context, builder)
        cgutils.copy_struct(lent, held, {"meminfo": ir.Constant(held.meminfo.type, None)})
        return lent._getvalue()

    return array(array), generate
