"""A kernel as machine code: compiled once per content and machine, kept on disk, called through addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from inferon.engine import rodas5p, tsit5
from inferon.engine.cache import load_object, store_object
from inferon.engine.emit import emit_module
from inferon.engine.emit_lanes import FUNCTIONS as LANE_FUNCTIONS
from inferon.engine.emit_lanes import LaneEmitter
from inferon.engine.emit_look import emit_look
from inferon.engine.emit_rosenbrock import RosenbrockEmitter
from inferon.engine.vector_math import PRECISIONS, Precision
from inferon.model.kernel import Kernel, build_kernel, jacobian
from inferon.model.model import Model

FUNCTIONS = (
    *("hoisted", "rates", "initial", "delays", "assignments", "readouts", "crossings", "distances"),
    *("priorities", "scales", "look"),
)
WIDTHS = (1, 2, 4, 8, 16)
_GENERATOR = (
    "emit.py",
    "emit_look.py",
    "emit_lanes.py",
    "emit_rosenbrock.py",
    "lane_code.py",
    "clock.py",
    "sparse_lu.py",
    "vector_math.py",
    "tsit5.py",
    "rodas5p.py",
)
"""Files whose text decides what code a kernel becomes."""


@dataclass(frozen=True)
class Method:
    """A stepping method: its name, the weights of its interpolant (stage, power of the fraction of the step) and of what."""

    name: str
    interpolant: np.ndarray
    stages_are_rates: bool


METHODS = {
    "explicit": Method("Tsit5", tsit5.INTERPOLANT, True),
    "implicit": Method("Rodas5P", rodas5p.INTERPOLANT, False),
}


@dataclass(frozen=True)
class CompiledModel:
    """A kernel with the addresses of its compiled functions, in the order of ``FUNCTIONS``, and those of its lanes."""

    kernel: Kernel
    addresses: np.ndarray
    lanes: np.ndarray
    width: int
    method: Method
    precision: Precision
    scratch_rows: int
    _code: tuple[object, ...]

    @property
    def real(self) -> type[np.floating]:
        """The type of the numbers in the lanes."""
        return np.float64 if self.precision is PRECISIONS["double"] else np.float32

    def defaults(self, count: int) -> np.ndarray:
        """A parameter table of ``count`` typical patients, shape (count, parameters), in the units of the tables."""
        values = [self.kernel.model.parameters[name].value for name in self.kernel.parameters]
        return np.tile(np.array(values), (count, 1))

    def column(self, parameter: str) -> int:
        """The column of a parameter in the parameter table."""
        return self.kernel.parameters.index(parameter)


def compile_model(
    model: Model,
    readouts: Sequence[str] = (),
    *,
    width: int | None = None,
    method: str = "explicit",
    precision: str = "double",
) -> CompiledModel:
    """Generate and compile ``model`` with the named read-outs; from disk when the same content was compiled before.

    ``width`` is the number of patients side by side (1, 2, 4, 8 or 16); the machine's own when None. ``method`` is explicit
    (Tsit5: cheap steps, for models that are not stiff) or implicit (Rodas5P: L-stable, for stiff ones); ``choose_method``
    finds out which is cheaper. ``precision`` is double, or single for screening: twice the lanes, right to about 1e-4.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; allowed: {', '.join(METHODS)}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; allowed: {', '.join(PRECISIONS)}")
    if (method, precision) == ("implicit", "single"):
        raise ValueError("the implicit method needs double precision: its linear systems lose too much in single")
    kernel, numbers = build_kernel(model, readouts), PRECISIONS[precision]
    width = width or machine_width() * 64 // numbers.bits
    if width not in WIDTHS:
        raise ValueError(f"width is {width}; allowed: {', '.join(map(str, WIDTHS))}")
    single = _machine_code(kernel, "single", lambda: str(_single(kernel)))
    if method == "explicit":
        emitter = LaneEmitter(kernel, width, numbers)
    else:
        emitter = RosenbrockEmitter(kernel, jacobian(kernel), width, numbers)
    lanes = _machine_code(kernel, f"{method} {precision} {width}", lambda: str(emitter.emit()))
    return CompiledModel(
        kernel,
        _addresses(single, FUNCTIONS),
        _addresses(lanes, LANE_FUNCTIONS),
        width,
        METHODS[method],
        numbers,
        emitter.scratch_rows,
        (single, lanes),
    )


def _single(kernel: Kernel) -> ir.Module:
    module = emit_module(kernel)
    emit_look(module, kernel)
    return module


def _addresses(code: llvm.ExecutionEngine, names: Sequence[str]) -> np.ndarray:
    return np.array([code.get_function_address(name) for name in names], dtype=np.int64)


def machine_width() -> int:
    """How many doubles one vector register of this machine holds."""
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def _machine_code(kernel: Kernel, part: str, source: Callable[[], str]) -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    if "+avx512f" in features:
        features += ",-prefer-256-bit"
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)
    key = _key(kernel, part, cpu, features)
    stored = load_object(key)
    module = llvm.parse_assembly("" if stored else source())
    module.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(module, machine)
    if stored:
        engine.add_object_file(llvm.ObjectFileRef.from_data(stored))
    else:
        _optimise(module, machine)
        store_object(key, machine.emit_object(module))
    engine.finalize_object()
    return engine


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)


def _key(kernel: Kernel, part: str, cpu: str, features: str) -> str:
    digest = hashlib.sha256("|".join((kernel.content_hash, part, cpu, features, llvmlite.__version__)).encode())
    for name in _GENERATOR:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()
