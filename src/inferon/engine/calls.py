"""Calling a kernel's compiled functions by address from compiled code, and the options all compiled code here shares."""

from inferon.engine.cache import use_cache_for_driver

use_cache_for_driver()

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy", "boundscheck": False}
RATES, INITIAL, TRIGGERS, DELAYS, ASSIGNMENTS, READOUTS, CROSSINGS = range(7)
"""Positions of the functions in a compiled model's addresses, after the hoisted work."""


@intrinsic
def call(typing_context, address, t, y, p, m, d, k, out):
    """Call a kernel function by address with the data pointers of contiguous vectors."""
    signature = types.none(address, t, y, p, m, d, k, out)

    def generate(context, builder, signature, arguments):
        double = ir.DoubleType()
        kind = ir.FunctionType(ir.VoidType(), [double] + [double.as_pointer()] * 6)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        pointers = [
            context.make_array(array_type)(context, builder, value).data
            for array_type, value in zip(signature.args[2:], arguments[2:])  # noqa: B905 - numba tuples
        ]
        builder.call(function, [arguments[1], *pointers])
        return context.get_dummy_value()

    return signature, generate
