"""Composite models at hand: follow one typical patient or many under any regimen, and look at every read-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model
from inferon.model import load_composite
from inferon.protocol import Regimen, dosing

TIGHT = Settings(rtol=1e-9, default_atol=1e-12)
"""Tolerances for a typical patient: what is left of the error is far below the digits a specification prints."""


@dataclass(frozen=True)
class Laboratory:
    """One compiled composite; calling it gives every read-out as an array (patients, days)."""

    model: CompiledModel = field(repr=False)

    def __call__(
        self,
        days: np.ndarray,
        *,
        regimens: Sequence[Regimen] = (),
        patients: int = 1,
        effects: Mapping[str, np.ndarray] | None = None,
        columns: Mapping[str, float | np.ndarray] | None = None,
        factors: Mapping[str, float] | None = None,
        doses: Doses | None = None,
        start: float = 0.0,
        settings: Settings = TIGHT,
    ) -> dict[str, np.ndarray]:
        """Follow patients from ``start`` to the last of ``days``; ``columns`` replaces and ``factors`` multiplies parameters.

        ``effects`` are random effects and covariates of drug disposition (70 kg where no weight is given). Raises
        ``RuntimeError`` when a patient cannot be solved.
        """
        given, chosen = dosing(self.model, regimens, {"weight": np.full(patients, 70.0), **(effects or {})}, patients)
        batch = self.batch(
            days, patients, {**chosen, **(columns or {})}, factors or {}, doses or given, start, settings
        )
        batch.advance(float(days[-1]), threads=2)
        _refuse_failures(batch)
        return {name: batch.samples[:, :, i] for i, name in enumerate(self.model.kernel.readouts)}

    @staticmethod
    def carry_on(batch: Batch, until: float) -> None:
        """Advance a batch once more: finished patients are set running again, and nobody may fail."""
        batch.status[:] = Status.RUNNING
        batch.advance(until)
        _refuse_failures(batch)

    def batch(
        self,
        days: np.ndarray,
        patients: int,
        columns: Mapping[str, float | np.ndarray],
        factors: Mapping[str, float],
        doses: Doses | None,
        start: float,
        settings: Settings,
    ) -> Batch:
        """The batch before it is advanced."""
        table = self.model.defaults(patients)
        for name, value in columns.items():
            if name in self.model.kernel.parameters:
                table[:, self.model.column(name)] = value
        for name, factor in factors.items():
            table[:, self.model.column(name)] *= factor
        return Batch(self.model, table, start=start, doses=doses, sample_days=days, settings=settings)


def _refuse_failures(batch: Batch) -> None:
    if batch.failures():
        raise RuntimeError(f"patients could not be solved: {batch.failures()}")


@cache
def interferon() -> Laboratory:
    """Drug and response in one person."""
    private = ("A_d", "A_c", "R", "C_free"), ("T_neo", "Neo", "OAS", "EC_isg")
    names = [f"interferon_pk__{s}" for s in private[0]] + [f"interferon_response__{s}" for s in private[1]]
    return Laboratory(
        compile_model(load_composite("interferon"), ("C", "U", "S_isg", "S_ap", "f_anc", "f_plt", *names))
    )


@cache
def blood_counts() -> Laboratory:
    """Drug, response and blood counts in one person without leukaemia."""
    return Laboratory(compile_model(load_composite("interferon_marrow"), ("marrow__ANC", "marrow__PLT", "marrow__HB")))


@cache
def marrow(method: str = "explicit") -> Laboratory:
    """Normal haematopoiesis and one leukaemic clone, solved by the explicit or the implicit method."""
    names = ("marrow__ANC", "marrow__PLT", "marrow__HB", "marrow__ALC", "M", "s", "blast_fraction")
    return Laboratory(compile_model(load_composite("marrow"), names, method=method))
