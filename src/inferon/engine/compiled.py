"""A kernel as machine code: compiled once per content and machine, kept on disk, called through addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from inferon.engine.cache import load_object, store_object
from inferon.engine.emit import emit_module
from inferon.model.kernel import Kernel, build_kernel
from inferon.model.model import Model

FUNCTIONS = ("hoisted", "rates", "initial", "triggers", "delays", "assignments", "readouts", "crossings")


@dataclass(frozen=True)
class CompiledModel:
    """A kernel with the addresses of its compiled functions, in the order of ``FUNCTIONS``."""

    kernel: Kernel
    addresses: np.ndarray
    _code: object

    def defaults(self, count: int) -> np.ndarray:
        """A parameter table of ``count`` typical patients, shape (count, parameters), in the units of the tables."""
        values = [self.kernel.model.parameters[name].value for name in self.kernel.parameters]
        return np.tile(np.array(values), (count, 1))

    def column(self, parameter: str) -> int:
        """The column of a parameter in the parameter table."""
        return self.kernel.parameters.index(parameter)


def compile_model(model: Model, readouts: Sequence[str] = ()) -> CompiledModel:
    """Generate and compile ``model`` with the named read-outs; from disk when the same content was compiled before."""
    kernel = build_kernel(model, readouts)
    engine = _machine_code(kernel)
    addresses = np.array([engine.get_function_address(name) for name in FUNCTIONS], dtype=np.int64)
    return CompiledModel(kernel, addresses, engine)


def _machine_code(kernel: Kernel) -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(cpu=cpu, features=features, opt=2, jit=True)
    key = _key(kernel, cpu, features)
    stored = load_object(key)
    module = llvm.parse_assembly("" if stored else str(emit_module(kernel)))
    module.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(module, machine)
    if stored:
        engine.add_object_file(llvm.ObjectFileRef.from_data(stored))
    else:
        store_object(key, machine.emit_object(module))
    engine.finalize_object()
    return engine


def _key(kernel: Kernel, cpu: str, features: str) -> str:
    parts = (kernel.content_hash, cpu, features, llvmlite.__version__, "1")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
