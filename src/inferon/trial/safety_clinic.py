"""What a visit sees besides counts: transaminases, complaints that are still there, and how badly off a patient is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inferon.biology.toxicity.functions import alt_peak
from inferon.engine import Batch
from inferon.engine.interventions import set_parameters
from inferon.model.catalogue import parameter_table
from inferon.protocol.ctcae import laboratory_grade
from inferon.random import uniform
from inferon.trial.adverse_events import SYMPTOMS, symptom_grades
from inferon.trial.dose_rules import CountAssays


@dataclass
class SafetyClinic:
    """A visit of patients of a composite with the toxicity module: counts, ALT (multiples of normal), depression grade.

    Called at every visit; it also tells the model who has a severe event now, which weighs on withdrawal until the next visit.
    ``known_days`` are days of further grade 3 events (inf for none), such as those around a transplant.
    """

    assays: CountAssays
    male: np.ndarray
    first_dose: float
    known_days: np.ndarray
    peak: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        table, patients, seed = parameter_table("toxicity"), self.assays.patients, self.assays.seed
        self.values = {symbol: row.value for symbol, row in table.items()}
        self.onset = self.first_dose + self.values["t_alt"] * uniform(seed, "onset of ALT rise", patients)
        self.draw = uniform(seed, "ALT rise", patients)
        self.peak = np.full(len(patients), np.nan)
        self.grades = {event: symptom_grades(event, patients, seed) for event in SYMPTOMS}

    def __call__(self, batch: Batch, visit: int, day: float) -> dict[str, np.ndarray]:
        """Quantities by name, shape (patients,)."""
        counts = self.assays(batch, visit, day)
        seen = {**counts, "ALT": np.where(np.isnan(counts["ANC"]), np.nan, self._alt(batch, day))}
        seen["depression grade"] = self._active_grade(batch, "depression", day)
        self._tell(batch, seen, day)
        return seen

    def _alt(self, batch: Batch, day: float) -> np.ndarray:
        """Normal, or the peak of a rise while it lasts; its height follows the mean concentration up to its first visit."""
        v, mean = self.values, np.zeros(len(batch))
        if day > self.first_dose:
            mean = v["C_ref_tox"] * batch.state("toxicity__exposure_days") / (day - self.first_dose)
        new = np.isnan(self.peak) & (self.onset <= day)
        shape = {"intercept": v["b0_alt"], "slope": v["b1_alt"], "scale": v["s_alt"], "limit": v["alt_g2"]}
        self.peak[new] = alt_peak(self.draw[new], mean[new], **shape)
        risen = (self.onset <= day) & (day < self.onset + v["dur_alt"])
        return np.where(risen & (self.peak > 0), self.peak, v["alt_normal"])

    def _active_grade(self, batch: Batch, event: str, day: float) -> np.ndarray:
        happened = batch.event_day(event)
        return np.where((happened <= day) & (day < happened + self.values["t_active"]), self.grades[event], 0)

    def _tell(self, batch: Batch, seen: dict[str, np.ndarray], day: float) -> None:
        """Set the two weights of the withdrawal hazard: any grade 3, and psychiatric grade 3 or laboratory grade 4."""
        laboratory = np.max([laboratory_grade(i, seen[i], male=self.male) for i in ("ANC", "PLT", "HB", "ALT")], axis=0)
        symptoms = np.max([self._active_grade(batch, event, day) for event in SYMPTOMS], axis=0)
        known = (self.known_days <= day) & (day < self.known_days + self.values["t_active"])
        grade_3 = (laboratory >= 3) | (symptoms >= 3) | known
        severe = (seen["depression grade"] >= 3) | (laboratory >= 4)
        columns = np.array([batch.model.column(f"toxicity__{name}") for name in ("grade_3_active", "severe_active")])
        set_parameters(batch, np.arange(len(batch)), columns, np.column_stack([grade_3, severe]).astype(float))
