"""Runs the composites for one typical patient or many, and simulates each transplant arm once a session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from inferon.cohort import draw_cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model
from inferon.model import load_composite
from inferon.protocol import Regimen, dosing
from inferon.trial.simulate import ArmResult, simulate_arm

TIGHT = Settings(rtol=1e-9, default_atol=1e-12)
SEED = 20211201
FOLLOW_UP = 365.25
COLUMNS = {
    "no interferon": (),
    "4 doses from day -1": (Regimen(drug="peginterferon alfa-2a", dose=180, doses=4),),
    "4 doses from day 60": (Regimen(drug="peginterferon alfa-2a", dose=180, start=60, doses=4),),
    "8 doses from day -1": (Regimen(drug="peginterferon alfa-2a", dose=180, doses=8),),
    "26 doses from day -1": (Regimen(drug="peginterferon alfa-2a", dose=180, doses=26),),
    **{f"4 doses of {d} ug": (Regimen(drug="peginterferon alfa-2a", dose=d, doses=4),) for d in (45, 90, 360)},
}
"""Regimens by name: the columns of section 5 of the reference tables and the rows below it."""


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
        """Follow patients from ``start`` to the last of ``days``; ``columns`` replaces and ``factors`` multiplies parameters."""
        given, chosen = dosing(self.model, regimens, {"weight": np.full(patients, 70.0), **(effects or {})}, patients)
        batch = self.batch(
            days, patients, {**chosen, **(columns or {})}, factors or {}, doses or given, start, settings
        )
        batch.advance(float(days[-1]), threads=2)
        assert batch.failures() == {}
        return {name: batch.samples[:, :, i] for i, name in enumerate(self.model.kernel.readouts)}

    @staticmethod
    def carry_on(batch: Batch, until: float) -> None:
        """Advance a batch once more: finished patients are set running again, and nobody fails."""
        batch.status[:] = Status.RUNNING
        batch.advance(until)
        assert batch.failures() == {}
        assert np.all(batch.t == until)

    def batch(self, days, patients, columns, factors, doses, start, settings) -> Batch:
        """The batch before it is advanced."""
        table = self.model.defaults(patients)
        for name, value in columns.items():
            if name in self.model.kernel.parameters:
                table[:, self.model.column(name)] = value
        for name, factor in factors.items():
            table[:, self.model.column(name)] *= factor
        return Batch(self.model, table, start=start, doses=doses, sample_days=days, settings=settings)


@pytest.fixture(scope="session")
def interferon() -> Laboratory:
    """Drug and response in one person."""
    private = ("A_d", "A_c", "R", "C_free"), ("T_neo", "Neo", "OAS", "EC_isg")
    names = [f"interferon_pk__{s}" for s in private[0]] + [f"interferon_response__{s}" for s in private[1]]
    return Laboratory(
        compile_model(load_composite("interferon"), ("C", "U", "S_isg", "S_ap", "f_anc", "f_plt", *names))
    )


@pytest.fixture(scope="session")
def blood_counts() -> Laboratory:
    """Drug, response and blood counts in one person without leukaemia."""
    return Laboratory(compile_model(load_composite("interferon_marrow"), ("marrow__ANC", "marrow__PLT", "marrow__HB")))


@pytest.fixture(scope="session")
def marrow() -> Laboratory:
    """Normal haematopoiesis and one leukaemic clone."""
    names = ("marrow__ANC", "marrow__PLT", "marrow__HB", "marrow__ALC", "M", "s", "blast_fraction")
    return Laboratory(compile_model(load_composite("marrow"), names))


@pytest.fixture(scope="session")
def arm() -> Callable[..., ArmResult]:
    """An arm of a transplant study by name of its regimen, simulated once: ``arm("no interferon", family=..., ...)``.

    ``drawn`` replaces table values before patients are drawn, ``replaced`` for this arm only (pairs of symbol and value).
    """

    @cache
    def simulated(
        column: str,
        *,
        family: str = "reference",
        population: str = "transplant-reference",
        patients: int = 8000,
        drawn: tuple[tuple[str, float], ...] = (),
        replaced: tuple[tuple[str, float], ...] = (),
        layer: bool = True,
    ) -> ArmResult:
        cohort = draw_cohort(population, np.arange(patients), seed=SEED, family=family, overrides=dict(drawn))
        result = simulate_arm(
            cohort,
            COLUMNS[column],
            follow_up=FOLLOW_UP,
            parameters=dict(replaced),
            extinction_layer=layer,
            threads=2,
        )
        assert set(result.events["status"]) == {"ok"}
        return result

    return simulated


@pytest.fixture(scope="session")
def percent() -> Callable[..., float]:
    """Cumulative incidence by counting: share of all patients, in percent, with the event by a day."""

    def share(result: ArmResult, event: str, day: float = FOLLOW_UP) -> float:
        return 100.0 * float((result.events[f"{event}_day"] <= day).fill_null(False).mean())

    return share
