"""Regimens and grafts as dosing records: who receives how much of what, where and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inferon.engine import CompiledModel, Doses
from inferon.protocol.products import Product, product

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
    interval: float = 14.0
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


def dosing(
    model: CompiledModel, regimens: Sequence[Regimen], effects: Mapping[str, np.ndarray], patients: int
) -> tuple[Doses, dict[str, np.ndarray]]:
    """Dosing records of an arm's drug, and the columns of the parameter table the product decides.

    ``effects`` holds random effects and covariates by name, and ``weight`` in kg. All regimens of an arm must be one product:
    the model has one drug compartment. Raises ``ValueError`` otherwise.
    """
    drugs = {regimen.drug for regimen in regimens}
    if len(drugs) > 1:
        raise ValueError(
            f"one arm gives {' and '.join(sorted(drugs))}; the model follows one interferon product an arm"
        )
    if not regimens:
        return Doses.none(patients), {}
    given = product(drugs.pop())
    values = given.individual(effects, patients)
    records = [_records(model, regimen, given, values, effects["weight"]) for regimen in regimens]
    columns = {f"interferon_pk__{s}": v for s, v in values.items() if f"interferon_pk__{s}" in model.kernel.parameters}
    columns["interferon_response__a_drug"] = values["a_drug"]
    columns["interferon_response__w_cyt"] = np.full(patients, given.cytopenia_factor)
    columns["interferon_pk__t_first"] = np.full(patients, min(regimen.start for regimen in regimens))
    return joined(*records), columns


def _records(
    model: CompiledModel, regimen: Regimen, given: Product, values: Mapping[str, np.ndarray], weight: np.ndarray
) -> Doses:
    """First-order share into the depot after the lag, zero-order share into the centre over T0; intravenous: centre at once."""
    depot, centre = (model.kernel.states.index(f"interferon_pk__{s}") for s in ("A_d", "A_c"))
    amount, days = (
        regimen.amount_ug(given, weight)[:, None],
        np.broadcast_to(regimen.days, (len(weight), regimen.doses)),
    )
    if regimen.route == "intravenous":
        return _same_state(days, np.broadcast_to(amount, days.shape), np.zeros(days.shape), centre)
    absorbed = values["F"][:, None] * amount
    zero_order = values["f0"][:, None]
    shares = []
    if np.any(zero_order < 1):
        late = days + values["t_lag"][:, None]
        shares.append(
            _same_state(late, np.broadcast_to((1 - zero_order) * absorbed, days.shape), np.zeros(days.shape), depot)
        )
    if np.any(zero_order > 0):
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
