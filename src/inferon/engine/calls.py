"""Calling a kernel's compiled functions by address from compiled code, and the options all compiled code here shares."""

from inferon.engine.cache import use_cache_for_driver

use_cache_for_driver()

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.core import cgutils  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False, "_nrt": False}
"""No reference is counted (`_nrt`): compiled code here allocates nothing, and Python holds every array for the whole call."""
INSIDE = {**OPTIONS, "cache": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""For functions that only compiled code calls: nothing to reach them from Python, and no file of their own in the cache."""
INLINED = {**INSIDE, "forceinline": True}
"""For what is called in several places and should cost no call."""
MERGED = {**INSIDE, "inline": "always"}
"""For what is called in one place: part of its caller, so that it is compiled once."""
RATES, INITIAL, DELAYS, ASSIGNMENTS, READOUTS, CROSSINGS, DISTANCES, PRIORITIES, SCALES, LOOK = range(10)
"""Positions of the functions in a compiled model's addresses, after the hoisted work."""


def _through(kinds: str, types_of: tuple, returns: bool = False, again: tuple[int, ...] = ()):
    """Signature and code of a call by address: of ``kinds``, i is an integer, f a double, v the data of an array.

    The arguments at the positions ``again`` are passed once more after the last.
    """
    signature = (types.int64 if returns else types.none)(types.int64, *types_of)
    native = {"i": ir.IntType(64), "f": ir.DoubleType()}

    def generate(context, builder, signature, arguments):
        kinds_passed, passed = [], []
        for letter, given, value in zip(kinds, signature.args[1:], arguments[1:]):  # noqa: B905 - numba tuples
            data = context.make_array(given)(context, builder, value).data if letter == "v" else value
            kinds_passed.append(native.get(letter, data.type))
            passed.append(data)
        kinds_passed += [kinds_passed[position] for position in again]
        passed += [passed[position] for position in again]
        kind = ir.FunctionType(ir.IntType(64) if returns else ir.VoidType(), kinds_passed)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        result = builder.call(function, passed)
        return result if returns else context.get_dummy_value()

    return signature, generate


@intrinsic
def call(typing_context, address, t, y, p, m, d, k, out):
    """Call a kernel function by address with the data pointers of contiguous vectors."""
    return _through("fvvvvvv", (t, y, p, m, d, k, out))


@intrinsic
def call_look(typing_context, address, t, y, p, m, d, was, pending, truth):
    """What holds at an instant, and whether it stirs an event (``emit_look``)."""
    return _through("fvvvvvvv", (t, y, p, m, d, was, pending, truth), True)


@intrinsic
def call_turn(
    typing_context,
    address,
    infusing,
    rtol,
    max_step,
    max_steps,
    atol,
    clock,
    y,
    p,
    m,
    d,
    k,
    infused,
    trial,
    g0,
    g1,
    own,
):
    """Try a step in all lanes; returns the lanes that need attention (``LaneEmitter``)."""
    numbers = (types.int64, types.float64, types.float64, types.float64)
    return _through("ifff" + 12 * "v", (*numbers, atol, clock, y, p, m, d, k, infused, trial, g0, g1, own), True)


@intrinsic
def call_commit(typing_context, address, clock, y, trial, k, g0, g1, floor):
    """Move accepted lanes on."""
    return _through(7 * "v", (clock, y, trial, k, g0, g1, floor), again=(0, 1, 3, 4))


@intrinsic
def call_dense(typing_context, address, lane, count, which, linear, weights, y, trial, k, out):
    """States of one lane inside the step (``LaneEmitter``)."""
    return _through("iivfvvvvv", (types.int64, types.int64, which, types.float64, weights, y, trial, k, out))


@intrinsic
def call_place(typing_context, address, lane, count, values, rows):
    """Numbers of one patient into a lane (``LaneEmitter``)."""
    return _through("iivv", (types.int64, types.int64, values, rows), again=(3,))


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
