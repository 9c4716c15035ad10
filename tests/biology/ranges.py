"""Patients spread over the ranges of the tables, followed many at a time, with ledgers of what came in and went out.

A parameter with a range is drawn evenly between its ends, on the logarithmic scale where the ends lie further apart than a factor
of thirty; one without a range keeps its value. A ledger is one more state whose rate is a formula of the model's own names; like
every state it is never negative, so what comes and what goes need ledgers of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pytest

from inferon.engine import Batch, CompiledModel, Doses, Settings, compile_model
from inferon.model import load_composite
from inferon.model.expression import ZERO, Expression, call, number, symbol
from inferon.model.model import Parameter, State
from inferon.protocol import Regimen, dosing

PATIENTS = 24
WIDE = 30.0
TIGHT = Settings(rtol=1e-9, default_atol=1e-12)
_OPERATION = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}


def over_ranges(examples: int = 4) -> pytest.MarkDecorator:
    """Run a test with several seeds, the same ones whatever else changes; each draws a batch of patients."""
    return pytest.mark.parametrize("seed", range(examples))


def drawn(row: Parameter, generator: np.random.Generator, patients: int = PATIENTS) -> np.ndarray:
    """Values of one row over its range; its own value for everybody where it has none."""
    if row.lower is None or row.upper is None:
        return np.full(patients, row.value)
    if row.lower > 0 and row.upper / row.lower > WIDE:
        return np.exp(generator.uniform(np.log(row.lower), np.log(row.upper), patients))
    return generator.uniform(row.lower, row.upper, patients)


class Ranged:
    """A compiled composite, with its ledgers among the read-outs."""

    def __init__(self, model: CompiledModel) -> None:
        self.model = model

    def __repr__(self) -> str:
        return f"Ranged({self.model.kernel.model.name})"

    @classmethod
    def of(
        cls,
        composite: str,
        readouts: Collection[str],
        *,
        ledgers: Mapping[str, str] | None = None,
        method: str = "explicit",
    ) -> Ranged:
        """``ledgers`` holds formulas by name, in the names of the composite."""
        whole, ledgers = load_composite(composite), ledgers or {}
        states = [State(name, "", ZERO, _formula(ast.parse(f, mode="eval").body)) for name, f in ledgers.items()]
        added = replace(whole, states=(*whole.states, *states))
        return cls(compile_model(added, (*readouts, *ledgers), method=method))

    def patients(
        self, seed: int, *modules: str, patients: int = PATIENTS, **columns: float | np.ndarray
    ) -> dict[str, np.ndarray]:
        """Columns of the parameters of ``modules`` over their ranges; ``columns`` are put in their place (``module__symbol``)."""
        generator, rows = np.random.default_rng(seed), self.model.kernel.model.parameters
        names = [n for n in self.model.kernel.parameters if n.split("__")[0] in modules]
        found = {name: drawn(rows[name], generator, patients) for name in names}
        return {**found, **{name: np.broadcast_to(value, patients) for name, value in columns.items()}}

    def course(
        self,
        columns: Mapping[str, np.ndarray],
        days: np.ndarray,
        *,
        regimens: Collection[Regimen] = (),
        doses: Doses | None = None,
        start: float = 0.0,
        settings: Settings = TIGHT,
    ) -> dict[str, np.ndarray]:
        """Read-outs (patients, days); nobody may fail. Columns go before what the regimen's product says."""
        patients = len(next(iter(columns.values()))) if columns else 1
        given, chosen = dosing(self.model, list(regimens), {"weight": np.full(patients, 70.0)}, patients)
        table = self.model.defaults(patients)
        for name, value in {**chosen, **columns}.items():
            if name in self.model.kernel.parameters:
                table[:, self.model.column(name)] = value
        batch = Batch(self.model, table, start=start, doses=doses or given, sample_days=days, settings=settings)
        batch.advance(float(days[-1]), threads=2)
        assert batch.failures() == {}
        found = {name: batch.samples[:, :, i] for i, name in enumerate(self.model.kernel.readouts)}
        assert all(np.all(np.isfinite(values)) for values in found.values())
        return found


def _formula(node: ast.expr) -> Expression:
    match node:
        case ast.BinOp(left=left, op=sign, right=right):
            return call(_OPERATION[type(sign)], _formula(left), _formula(right))
        case ast.Name(id=name):
            return symbol(name)
        case ast.Constant(value=value):
            return number(float(value))
        case _:
            raise ValueError(f"no formula: {ast.unparse(node)}")


def largest_gap(found: np.ndarray, expected: np.ndarray, *, scale: np.ndarray | float) -> float:
    """The largest difference of two ledgers as a share of ``scale``."""
    return float(np.max(np.abs(found - expected) / scale))


def never_below(higher: np.ndarray, lower: np.ndarray, *, tolerance: float = 1e-7) -> bool:
    """Whether one curve lies nowhere below another, up to the error of the solution."""
    return bool(np.all(higher >= lower - tolerance * np.maximum(np.abs(lower), 1.0)))
