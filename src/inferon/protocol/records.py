"""Regimens and grafts as dosing records: who receives how much of what, where and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.engine import CompiledModel, Doses
from inferon.protocol.products import DISPOSITION, Product, product

DOSE_UNITS = ("ug", "ug/kg", "MIU")


@dataclass(frozen=True, kw_only=True)
class Regimen:
    """One drug given at equal intervals.

    Attributes
    ----------
    drug: product name.
    dose: amount of one dose, in ``unit`` (ug, ug/kg or MIU).
    start: study day of the first dose.
    interval: days between doses.
    doses: number of doses.
    route: subcutaneous or intravenous.
    """

    drug: str
    dose: float
    unit: str = "ug"
    start: float = -1.0
    interval: float = 2 * DAYS_PER_WEEK
    doses: int = 1
    route: str = "subcutaneous"

    @property
    def days(self) -> np.ndarray:
        """Study days of the doses."""
        return self.start + self.interval * np.arange(self.doses)

    def amount_ug(self, given: Product, weight: np.ndarray) -> np.ndarray:
        """Micrograms of one dose for each patient; raises ``ValueError`` when the unit does not fit the product."""
        if self.unit == "ug":
            return np.full(len(weight), self.dose)
        if self.unit == "ug/kg":
            return self.dose * weight
        if self.unit == "MIU" and given.ug_per_miu:
            return np.full(len(weight), self.dose * given.ug_per_miu)
        raise ValueError(f"{given.name} cannot be dosed in {self.unit}; allowed: ug, ug/kg")


@dataclass(frozen=True)
class Prescription:
    """An arm's drug in every patient: the product, each patient's values, and what of them is the same in everybody."""

    regimens: tuple[Regimen, ...]
    product: Product
    values: Mapping[str, np.ndarray]
    weight: np.ndarray

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """Columns of the parameter table the product decides, by parameter name of the composite model."""
        named = {_PARAMETER[s].format(s): v for s, v in self.values.items() if s in _PARAMETER}
        patients = len(self.weight)
        named["interferon_response__w_cyt"] = np.full(patients, self.product.cytopenia_factor)
        named["interferon_pk__t_first"] = np.full(patients, min(regimen.start for regimen in self.regimens))
        return named

    @property
    def common(self) -> tuple[str, ...]:
        """Those of ``columns`` that are the same in every patient, whoever they are."""
        varied = {_PARAMETER[s].format(s) for s in self.product.varied_symbols if s in _PARAMETER}
        return tuple(name for name in self.columns if name not in varied)

    @property
    def dosed_states(self) -> tuple[str, ...]:
        """States the records add drug to."""
        at_once = any(regimen.route == "intravenous" for regimen in self.regimens)
        under_skin = any(regimen.route == "subcutaneous" for regimen in self.regimens)
        zero_order = self.product.rows["f0"].value
        depot = under_skin and zero_order < 1
        centre = at_once or (under_skin and zero_order > 0)
        return (*((_DEPOT,) if depot else ()), *((_CENTRE,) if centre else ()))

    def doses(self, model: CompiledModel) -> Doses:
        """The dosing records of every patient."""
        return joined(*(_records(model, regimen, self.product, self.values, self.weight) for regimen in self.regimens))


_DEPOT, _CENTRE = "interferon_pk__A_d", "interferon_pk__A_c"
_PARAMETER = dict.fromkeys(DISPOSITION, "interferon_pk__{}") | {"a_drug": "interferon_response__{}"}


def prescribe(
    regimens: Sequence[Regimen],
    effects: Mapping[str, np.ndarray],
    patients: int,
    changed: Mapping[str, float] | None = None,
) -> Prescription | None:
    """The prescription of an arm; None when it has no drug.

    ``effects`` holds random effects and covariates by name, and ``weight`` in kg; ``changed`` replaces table values by symbol.
    All regimens of an arm must be one product: the model has one drug compartment. Raises ``ValueError`` otherwise.
    """
    drugs = {regimen.drug for regimen in regimens}
    if len(drugs) > 1:
        raise ValueError(
            f"one arm gives {' and '.join(sorted(drugs))}; the model follows one interferon product an arm"
        )
    if not regimens:
        return None
    given = product(drugs.pop()).with_values(changed or {})
    return Prescription(tuple(regimens), given, given.individual(effects, patients), effects["weight"])


def dosing(
    model: CompiledModel, regimens: Sequence[Regimen], effects: Mapping[str, np.ndarray], patients: int
) -> tuple[Doses, dict[str, np.ndarray]]:
    """Dosing records of an arm's drug and the parameter columns the product decides, for those the model has."""
    prescription = prescribe(regimens, effects, patients)
    if prescription is None:
        return Doses.none(patients), {}
    known = {name: column for name, column in prescription.columns.items() if name in model.kernel.parameters}
    return prescription.doses(model), known


def _records(
    model: CompiledModel, regimen: Regimen, given: Product, values: Mapping[str, np.ndarray], weight: np.ndarray
) -> Doses:
    """First-order share into the depot after the lag, zero-order share into the centre over T0; intravenous: centre at once."""
    amount, days = (
        regimen.amount_ug(given, weight)[:, None],
        np.broadcast_to(regimen.days, (len(weight), regimen.doses)),
    )
    if regimen.route == "intravenous":
        return _same_state(
            days, np.broadcast_to(amount, days.shape), np.zeros(days.shape), model.kernel.states.index(_CENTRE)
        )
    absorbed = values["F"][:, None] * amount
    zero_order = values["f0"][:, None]
    shares = []
    if np.any(zero_order < 1):
        depot = model.kernel.states.index(_DEPOT)
        late = days + values["t_lag"][:, None]
        shares.append(
            _same_state(late, np.broadcast_to((1 - zero_order) * absorbed, days.shape), np.zeros(days.shape), depot)
        )
    if np.any(zero_order > 0):
        centre = model.kernel.states.index(_CENTRE)
        duration = np.broadcast_to(values["T0"][:, None], days.shape)
        shares.append(_same_state(days, np.broadcast_to(zero_order * absorbed, days.shape), duration, centre))
    return joined(*shares)


def graft_infusion(
    model: CompiledModel, *, cd34: np.ndarray, committed: np.ndarray, seed: tuple[float, float]
) -> Doses:
    """The graft on day 0 as doses into the donor marrow: ``seed`` cells of C1 and C2 per CD34+ cell (cells/kg)."""
    states = [model.kernel.states.index(f"donor__{s}") for s in ("C1", "C2")]
    amounts = (seed[0] * cd34, seed[1] * cd34 * committed)
    zero = np.zeros((len(cd34), 1))
    return joined(*(_same_state(zero, a[:, None], zero, s) for a, s in zip(amounts, states, strict=True)))


def _same_state(time: np.ndarray, amount: np.ndarray, duration: np.ndarray, state: int) -> Doses:
    return Doses(time.astype(float), amount.astype(float), duration.astype(float), np.full(time.shape, state, np.int64))


def joined(*records: Doses) -> Doses:
    """Several sets of records for the same patients as one, in order of time."""
    parts = ("time", "amount", "duration", "state")
    return Doses(*(np.concatenate([getattr(r, part) for r in records], axis=1) for part in parts)).sorted()
