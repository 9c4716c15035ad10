"""Dose rules carried out: patients go from visit to visit, each visit is judged, later doses change, and a ledger remembers why.

Works on any composite that holds the drug module. Blood is drawn shortly before the dose of the visit day, so a visit decides
about that day's dose and all later ones. What a visit sees is given by a function (``CountAssays`` for blood counts alone).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from inferon.engine import Batch, CompiledModel, Doses, Status
from inferon.engine.interventions import read_out
from inferon.model.catalogue import parameter_table
from inferon.protocol.dose_rules import Decision, DoseRule, Standing, decide
from inferon.protocol.records import Prescription, joined
from inferon.protocol.safety_visits import measured

Seen = Mapping[str, np.ndarray]
Observe = Callable[[Batch, int, float], Seen]
"""Batch, number of the visit (0 before the first dose) and its day to quantities by name, (patients,); nan: not measured."""

LEDGER = {
    "patient": pl.Int64,
    "time_days": pl.Float64,
    "action": pl.String,
    "reason": pl.String,
    "from_ug": pl.Float64,
    "to_ug": pl.Float64,
}
"""Columns of the dose ledger: who, when (study day), what, why, dose before and after (ug)."""


@dataclass(frozen=True)
class DosePlan:
    """The doses as planned.

    Attributes
    ----------
    planned: one dose of each patient in ug, shape (patients,).
    days: study days of the doses.
    doses: all dosing records of the arm, with those of other treatments.
    dose_of_record: which of ``days`` a record belongs to, shape of the records; -1 for other treatments.
    """

    planned: np.ndarray
    days: np.ndarray
    doses: Doses
    dose_of_record: np.ndarray

    @classmethod
    def of(cls, prescription: Prescription, model: CompiledModel, *, others: Doses | None = None) -> DosePlan:
        """The plan of an arm; raises ``ValueError`` when its doses differ, since rules are about one planned dose."""
        amounts = [r.amount_ug(prescription.product, prescription.weight) for r in prescription.regimens]
        if any(not np.array_equal(amount, amounts[0]) for amount in amounts):
            raise ValueError("dose rules need one planned dose; the regimens of this arm give different ones")
        if not np.all(amounts[0] > 0):
            raise ValueError("dose rules need a planned dose above 0")
        days = np.sort(np.concatenate([regimen.days for regimen in prescription.regimens]))
        own = prescription.doses(model)
        others = others or Doses.none(len(own.time))
        belongs = np.searchsorted(days, own.time + 1e-9, side="right") - 1
        marked = np.concatenate([belongs, np.full(others.time.shape, -1)], axis=1)
        order = np.argsort(np.concatenate([own.time, others.time], axis=1), axis=1, kind="stable")
        return cls(amounts[0].astype(float), days, joined(own, others), np.take_along_axis(marked, order, axis=1))


@dataclass(frozen=True)
class Followed:
    """What came of it: the ledger, each patient's doses given (ug; patients, days) and what visits saw (patients, visits)."""

    ledger: pl.DataFrame
    given: np.ndarray
    visit_days: np.ndarray
    seen: dict[str, np.ndarray]


@dataclass(frozen=True)
class CountAssays:
    """Blood counts of the marrow module as an assay reads them; ``readouts`` says which read-out of the model a count is."""

    readouts: Mapping[str, str]
    patients: np.ndarray
    seed: int

    def __call__(self, batch: Batch, visit: int, day: float) -> dict[str, np.ndarray]:
        true = read_out(batch, np.arange(len(batch)))
        names = batch.model.kernel.readouts
        return {
            count: measured(count, true[:, names.index(name)], seed=self.seed, patients=self.patients, visit=visit)
            for count, name in self.readouts.items()
        }


def follow_with_rules(
    batch: Batch,
    plan: DosePlan,
    rules: Sequence[DoseRule],
    *,
    patients: np.ndarray,
    visits: np.ndarray,
    until: float,
    observe: Observe,
    withdrawal: str | None = None,
    ended_by: Collection[str] = (),
    threads: int = 1,
) -> Followed:
    """Carry a batch made with ``plan.doses`` from visit to visit (study days) to day ``until``, obeying ``rules``.

    The batch must start before the first dose; what it shows there is visit 0, which decides nothing. ``withdrawal`` names an
    event after which a patient takes no more drug; after an event of ``ended_by`` a patient has no more visits. Raises
    ``KeyError`` for a rule about something ``observe`` does not see.
    """
    journey = _Journey(batch, plan, rules, np.asarray(patients), withdrawal, threads)
    before, seen = observe(batch, 0, float(batch.t[0])), []
    seen.append(before)
    lead = parameter_table("toxicity")["t_before_dose"].value
    for number, day in enumerate(visits, start=1):
        journey.advance(day - lead)
        now = _of_those_present(observe(batch, number, float(day)), batch, ended_by)
        journey.judge(day, now, before)
        before = now
        seen.append(now)
    journey.advance(until)
    table = {name: np.stack([values[name] for values in seen], axis=1) for name in seen[0]}
    days = np.concatenate([[plan.days[0]], visits])
    return Followed(journey.ledger(), journey.given, days, table)


def _of_those_present(seen: Seen, batch: Batch, ended_by: Collection[str]) -> Seen:
    gone = np.zeros(len(batch), bool)
    for event in ended_by:
        gone |= batch.event_day(event) <= batch.t
    return {name: np.where(gone, np.nan, values) for name, values in seen.items()}


@dataclass
class _Journey:
    """Patients on their way, their standing under the rules, and the lines of the ledger so far."""

    batch: Batch
    plan: DosePlan
    rules: Sequence[DoseRule]
    patients: np.ndarray
    withdrawal: str | None
    threads: int
    lines: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        planned = self.plan.planned
        self.standing = Standing.at_plan(planned, self.rules)
        self.given = np.repeat(planned[:, None], len(self.plan.days), axis=1)
        self.stopped = np.zeros(len(planned), bool)

    def advance(self, day: float) -> None:
        """Carry everybody on; whoever withdraws on the way takes no more drug from that moment."""
        pause = (self.withdrawal,) if self.withdrawal else ()
        self.batch.advance(day, pause_on=pause, threads=self.threads)
        gone = np.flatnonzero(self.batch.status == Status.PAUSED)
        if len(gone):
            self._withdraw(gone)
            self.batch.advance(day, threads=self.threads)

    def judge(self, day: float, now: Seen, before: Seen) -> None:
        """One visit: decide, change doses from this day on, and write down every change."""
        decision = decide(self.rules, self.plan.planned, self.standing, now, before)
        old, changed = self.standing.dose, np.flatnonzero(decision.rule >= 0)
        self.standing = decision.standing
        actions, reasons = _words(self.rules, old, decision, changed)
        self._write(changed, np.full(len(changed), day), actions, reasons, old)
        self._give(changed, np.full(len(changed), day))
        stops = [j for j, rule in enumerate(self.rules) if rule.action == "stop"]
        self.stopped |= decision.standing.latched[:, stops].any(axis=1)

    def _withdraw(self, gone: np.ndarray) -> None:
        gone = gone[~self.stopped[gone]]
        old, day = self.standing.dose.copy(), self.batch.t[gone]
        self.standing.limit[gone] = self.standing.dose[gone] = 0.0
        self.stopped[gone] = True
        self._write(gone, day, ["withdraw"] * len(gone), ["the patient stops treatment"] * len(gone), old)
        self._give(gone, day)

    def _give(self, chosen: np.ndarray, from_day: np.ndarray) -> None:
        """The chosen patients' present dose from a day on (each his own); earlier doses stay as they were given."""
        dose = self.standing.dose[chosen, None]
        index = self.plan.dose_of_record[chosen]
        later = (index >= 0) & (self.plan.days[index] >= from_day[:, None])
        amount = self.plan.doses.amount[chosen] * (dose / self.plan.planned[chosen, None])
        self.batch.doses.amount[chosen] = np.where(later, amount, self.batch.doses.amount[chosen])
        self.given[chosen] = np.where(self.plan.days >= from_day[:, None], dose, self.given[chosen])

    def _write(self, chosen, days, actions, reasons, old) -> None:
        columns = (self.patients[chosen], days, actions, reasons, old[chosen], self.standing.dose[chosen])
        self.lines.append(pl.DataFrame(dict(zip(LEDGER, columns, strict=True)), schema=LEDGER))

    def ledger(self) -> pl.DataFrame:
        """Every change of dose, by patient and time."""
        whole = pl.concat(self.lines) if self.lines else pl.DataFrame(schema=LEDGER)
        return whole.sort("patient", "time_days", maintain_order=True)


def _words(
    rules: Sequence[DoseRule], old: np.ndarray, decision: Decision, changed: np.ndarray
) -> tuple[list[str], list[str]]:
    lower = decision.standing.dose[changed] < old[changed]
    behind = [rules[j] for j in decision.rule[changed]]
    actions = [rule.action if down else "resume" for rule, down in zip(behind, lower, strict=True)]
    return actions, [rule.name if down else rule.recovery for rule, down in zip(behind, lower, strict=True)]
