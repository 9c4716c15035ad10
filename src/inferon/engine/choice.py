"""Which stepping method is cheaper for a model: a typical patient solved with both, and their work counted, never timed.

The work of a method is its steps (accepted and rejected) times the operations one step was generated with, as the expression
graphs, the coefficient tables and the plan of the factorisation say. An addition, multiplication, comparison or fused pair is
one operation; what costs more counts as often as it was found to on vectors of eight doubles (``WEIGHTS``). What is done at a
landing (events, doses, read-outs) is the same for both methods and left out. Nothing here looks at a clock, so every machine
makes the same choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from inferon.engine import rodas5p, tsit5
from inferon.engine.batch import Batch, Doses, Settings
from inferon.engine.compiled import CompiledModel, compile_model
from inferon.engine.sparse_lu import factorisation
from inferon.engine.status import Status
from inferon.model.expression import CIRCULAR, HYPERBOLIC, Expression, walk
from inferon.model.kernel import Kernel, build_kernel, jacobian
from inferon.model.model import Model

WEIGHTS = {"div": 4, "sqrt": 4, "exp": 20, "log": 20, "pow": 40, **dict.fromkeys((*CIRCULAR, *HYPERBOLIC), 160)}
"""Operations that cost more than one addition: vector series for exp, log and pow; one call an element for the circular ones."""
_SUBSTITUTION = 2  # in a triangular solution each operation waits for the one before
_ERROR = 6 + WEIGHTS["div"]  # two absolute values, the larger of them, scale, square and sum
_IMPLICIT_STAGES = len(rodas5p.C)


@dataclass(frozen=True)
class Evidence:
    """What one method did with the typical patient.

    Attributes
    ----------
    method: explicit or implicit.
    steps: accepted and rejected steps until the end, or until the method was given up.
    operations: generated operations of one step.
    status: how it ended; ``TOO_MANY_STEPS`` also when it was stopped because the other method was already cheaper.
    """

    method: str
    steps: int
    operations: int
    status: Status

    @property
    def work(self) -> int:
        """All operations of the way."""
        return self.steps * self.operations

    @property
    def solved(self) -> bool:
        return not self.status.failed


@dataclass(frozen=True)
class Choice:
    """The cheaper method, why in one sentence, and the evidence for each."""

    method: str
    reason: str
    explicit: Evidence
    implicit: Evidence


def choose_method(
    model: Model,
    *,
    readouts: Sequence[str] = (),
    parameters: Mapping[str, float] | None = None,
    start: float,
    end: float,
    doses: Doses | None = None,
    settings: Settings | None = None,
) -> Choice:
    """Which method solves a typical patient of ``model`` from day ``start`` to day ``end`` with fewer operations, and why.

    The patient has the values of the tables, replaced where ``parameters`` says so, and the ``doses`` of one patient. A method
    that cannot solve him loses; where neither can, the explicit one is returned with both sentences. Raises ``KeyError`` for
    an unknown read-out or parameter.
    """
    given, kernel = settings or Settings(), build_kernel(model, readouts)
    operations = {"explicit": explicit_operations(kernel), "implicit": implicit_operations(kernel)}

    def attempt(method: str, most: int) -> Evidence:
        compiled = compile_model(model, readouts, method=method)
        values = _typical(compiled, parameters or {})
        batch = Batch(compiled, values, start=start, doses=doses, settings=replace(given, max_steps=most))
        batch.advance(end)
        return Evidence(method, int(batch.steps[0].sum()), operations[method], Status(batch.status[0]))

    implicit, enough = attempt("implicit", given.max_steps), given.max_steps
    if implicit.solved and operations["explicit"]:
        enough = min(enough, ceil(implicit.work / operations["explicit"]) + 1)
    return _decided(attempt("explicit", enough), implicit, stopped=enough < given.max_steps)


def _typical(model: CompiledModel, parameters: Mapping[str, float]) -> np.ndarray:
    values = model.defaults(1)
    for name, value in parameters.items():
        if name not in model.kernel.parameters:
            raise KeyError(f"{model.kernel.model.name} has no parameter {name!r}")
        values[0, model.column(name)] = value
    return values


def _decided(explicit: Evidence, implicit: Evidence, *, stopped: bool) -> Choice:
    if implicit.solved and (explicit.solved or stopped):
        cheaper = explicit.solved and explicit.work <= implicit.work
        one, other = (explicit, implicit) if cheaper else (implicit, explicit)
        more = "" if other.solved else "more than "
        return Choice(one.method, f"{one.method}: {_said(one)} against {more}{_said(other)}", explicit, implicit)
    if explicit.solved or implicit.solved:
        one, other = (explicit, implicit) if explicit.solved else (implicit, explicit)
        reason = f"{one.method}: {_said(one)}; the {other.method} method failed ({other.status.sentence})"
        return Choice(one.method, reason, explicit, implicit)
    reason = f"explicit: neither method solves it (explicit: {explicit.status.sentence}; implicit: {implicit.status.sentence})"
    return Choice("explicit", reason, explicit, implicit)


def _said(evidence: Evidence) -> str:
    return f"{evidence.steps:,} steps of {evidence.operations:,} operations"


def explicit_operations(kernel: Kernel) -> int:
    """Operations of one Tsit5 step of one patient: six evaluations of the rates, the stages and the error."""
    stages = np.count_nonzero(tsit5.STAGES[1:]) + len(tsit5.STAGES) - 1
    error = np.count_nonzero(tsit5.ERROR) + 1 + _ERROR
    return 6 * _cost(_rates(kernel)) + len(kernel.states) * int(stages + error)


def implicit_operations(kernel: Kernel) -> int:
    """Operations of one Rodas5P step of one patient: Jacobian, factors, eight solutions and evaluations, stages and error."""
    slopes, n = jacobian(kernel), len(kernel.states)
    plan = factorisation(n, slopes.entries)
    kinds = [kind for kind, *_ in plan.eliminate]
    factors = len(slopes.entries) + n + sum(WEIGHTS["div"] if kind == "pivot" else 1 for kind in kinds)
    solutions = _IMPLICIT_STAGES * _SUBSTITUTION * (len(plan.forward) + len(plan.backward))
    evaluations = _IMPLICIT_STAGES * _cost(_rates(kernel)) + _cost((*slopes.values, *slopes.time_slopes))
    return evaluations + factors + solutions + n * _stages_of_rodas5p()


def _stages_of_rodas5p() -> int:
    """Operations a state of putting the eight stages, the interpolant and the error together."""
    arguments = np.count_nonzero(rodas5p.A) + _IMPLICIT_STAGES - 1
    couplings = np.count_nonzero(rodas5p.C) + 2 * (_IMPLICIT_STAGES - 1)
    slopes = 2 * np.count_nonzero(rodas5p.SLOPES)
    interpolant = rodas5p.DENSE.size + len(rodas5p.DENSE) + 2
    return int(arguments + couplings + slopes + interpolant + _ERROR)


def _rates(kernel: Kernel) -> tuple[Expression, ...]:
    return next(function.outputs for function in kernel.functions if function.name == "rates")


def _cost(outputs: Iterable[Expression]) -> int:
    return sum(_weight(node) for node in walk(outputs) if node.arguments)


def _weight(node: Expression) -> int:
    if node.operation == "pow":
        exponent = node.arguments[1]
        if exponent.operation == "number" and exponent.constant in (2, 3, 4):
            return int(exponent.constant) - 1
    return WEIGHTS.get(node.operation, 1)
