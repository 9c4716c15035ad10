"""One arm of a study of chronic myeloid leukaemia: virtual patients through the model, and out as what the assays read at visits.

Resistant clones are founded along the trajectory without them and then given as doses of single cells; where few clonogenic cells
are left, extinction is drawn once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from inferon.cohort.populations import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status
from inferon.model.catalogue import parameter_table
from inferon.protocol.assays import Measurement, bcr_abl_assay
from inferon.protocol.records import joined
from inferon.protocol.visits import MONTH
from inferon.trial.cml_clones import GRID, RATES, decide_extinction, founder_records, founders
from inferon.trial.cml_inputs import READOUTS, arm_inputs, is_first_line
from inferon.trial.cml_treatment import CmlTreatment, chosen_records, stop_day
from inferon.trial.responses import cml as response

SETTINGS = Settings(
    rtol=1e-6,
    atol=dict.fromkeys(("cml__X", "cml__Y", "cml__Y_R", "cml__Z"), 1e-6),
    floor=dict.fromkeys(("cml__X", "cml__Y", "cml__Y_R"), 1e-12),
)
"""Tolerances: scaled cells to 1e-6, far below one real cell."""


@dataclass(frozen=True)
class CmlArm:
    """One arm simulated.

    Attributes
    ----------
    patients: one row a patient: days of responses (null: not reached), of stopping and relapse, milestones, resistance.
    visits: one row a patient and visit: day, ABL copies, transcripts, BCR-ABL as measured and as it is (percent), Ph-positive
        share in percent.
    days: the visits. samples: READOUTS at the visits, (patients, visits, read-outs).
    held: which response held at which visit, (patients, visits).
    """

    patients: pl.DataFrame
    visits: pl.DataFrame
    days: np.ndarray
    samples: np.ndarray
    held: Mapping[response.Response, np.ndarray]


def monthly_visits(months: int, *, every: int = 1) -> np.ndarray:
    """Visits on whole days, every so many months from the start to the given month."""
    return np.rint(MONTH * np.arange(0, months + 1, every))


def simulate_cml_arm(
    cohort: Cohort,
    treatment: CmlTreatment,
    *,
    visits: np.ndarray,
    resistance: bool = True,
    extinction_layer: bool = True,
    parameters: Mapping[str, float] | None = None,
    signals: Mapping[str, float] | None = None,
    settings: Settings = SETTINGS,
    threads: int = 1,
) -> CmlArm:
    """Carry a cohort of ``draw_cml_cohort`` under ``treatment`` to the last of ``visits`` (whole days from diagnosis).

    ``parameters`` replaces table values by symbol for this arm; ``signals`` holds couplings at a constant in place of what the
    drugs make of them (``{"E_act": 2}``: waking doubled and nothing else), to ask for one effect alone. Raises ``KeyError`` for
    an unknown symbol or coupling and ``ValueError`` for an arm that stops in a population without days of stopping.
    """
    visits = np.asarray(visits, dtype=float)
    follow_up, changed = float(visits[-1]), {**cohort.constants, **(parameters or {})}
    table = {s: float(changed.get(s, row.value)) for s, row in parameter_table("cml").items()}
    inputs = arm_inputs(cohort, treatment, table, parameters or {}, follow_up=follow_up, signals=signals)
    course = _Course(cohort, *inputs, table, visits, extinction_layer, settings, threads)
    everybody = np.arange(len(cohort))
    status, samples, fate = course.carried(everybody, inputs[2])
    born = np.full((len(cohort), 1), np.inf)
    if resistance:
        growth = table["p_y2" if is_first_line(cohort) else "p_y"] / table["d_mo"]
        born, cells = founders(course.grid, samples, cohort, table, growth=growth, readouts=course.names)
        hit = np.flatnonzero(np.isfinite(born).any(axis=1))
        if len(hit):
            doses = joined(chosen_records(inputs[2], hit), founder_records(inputs[0], born[hit], cells[hit]))
            status[hit], samples[hit], fate[:, hit] = course.carried(hit, doses)
    at_visits = samples[:, np.isin(course.grid, visits), : len(READOUTS)]
    return _result(status, at_visits, cohort, treatment, fate, born, visits)


@dataclass(frozen=True)
class _Course:
    """Everything an arm is carried with; patients are carried once without resistant founders and those who have some again."""

    cohort: Cohort
    model: CompiledModel
    values: np.ndarray
    doses: Doses
    table: Mapping[str, float]
    visits: np.ndarray
    extinction_layer: bool
    settings: Settings
    threads: int

    @cached_property
    def grid(self) -> np.ndarray:
        """Visits and the days between which founders are looked for."""
        return np.union1d(self.visits, np.arange(0.0, self.visits[-1], GRID))

    @property
    def names(self) -> tuple[str, ...]:
        return (*READOUTS, *RATES)

    def carried(self, chosen: np.ndarray, doses: Doses) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Status, read-outs along the grid, and fate (probability of extinction, whether extinct) of the chosen patients."""
        follow_up, fate = float(self.visits[-1]), np.full((2, len(chosen)), np.nan)
        batch = Batch(
            self.model, self.values[chosen], start=0.0, doses=doses, sample_days=self.grid, settings=self.settings
        )
        batch.advance(follow_up, pause_on=("few_clonogenic",) if self.extinction_layer else (), threads=self.threads)
        paused = np.flatnonzero(batch.status == Status.PAUSED)
        if len(paused):
            uniforms = self.cohort.draws["extinction"][chosen]
            fate[:, paused] = decide_extinction(batch, paused, uniforms, self.table, follow_up=follow_up)
            batch.advance(follow_up, threads=self.threads)
        return batch.status, batch.samples, fate


def _result(
    status: np.ndarray,
    samples: np.ndarray,
    cohort: Cohort,
    treatment: CmlTreatment,
    fate: np.ndarray,
    born: np.ndarray,
    days: np.ndarray,
) -> CmlArm:
    samples = np.maximum(samples, 0.0)
    solved = ~np.isnan(samples).any(axis=(1, 2))[:, None]
    truth, share = (np.nan_to_num(samples[:, :, READOUTS.index(name)]) for name in ("bcr_abl", "ph_fraction"))
    measured = bcr_abl_assay().measure(truth, seed=cohort.seed, patients=cohort.patients, days=days)
    held = {name: found & solved for name, found in response.responses(measured, share).items()}
    stopped = stop_day(cohort) if treatment.stops else np.full(len(cohort), np.inf)
    mmr = held[response.Response.MAJOR_MOLECULAR]
    columns = {"patient": cohort.patients, "status": [Status(code).sentence for code in status]}
    columns |= {f"{name.name.lower()}_day": _days(response.first_day(found, days)) for name, found in held.items()}
    columns["loss_of_mmr_day"] = _days(response.loss_of_major_molecular_response(mmr, days))
    columns["stop_day"] = _days(np.where(stopped <= days[-1], stopped, np.inf))
    columns["molecular_relapse_day"] = _days(response.molecular_relapse(mmr | ~solved, days, stopped))
    columns["resistant_clone_day"] = _days(born.min(axis=1))
    columns["resistance_day"] = _days(response.first_day(_resistant(samples, measured) & solved, days))
    columns["extinction_probability"] = _days(fate[0])
    columns["extinct"] = fate[1] == 1
    for month in response.milestone_months():
        columns[f"eln_{month}_months"] = response.eln_milestone(measured.value, days, month).astype(str)
    return CmlArm(pl.DataFrame(columns), _visits(cohort, days, measured, truth, share), days, samples, held)


def _resistant(samples: np.ndarray, measured: Measurement) -> np.ndarray:
    """Visits with a measured load of treatment failure, most of it resistant."""
    sensitive, resistant = (samples[:, :, READOUTS.index(name)] for name in ("Y", "Y_R"))
    return (resistant > sensitive) & (measured.value > response.failure_at_any_time())


def _visits(
    cohort: Cohort, days: np.ndarray, measured: Measurement, truth: np.ndarray, share: np.ndarray
) -> pl.DataFrame:
    patients, visits = truth.shape
    return pl.DataFrame(
        {
            "patient": np.repeat(cohort.patients, visits),
            "day": np.tile(days, patients),
            "abl_copies": measured.examined.ravel(),
            "transcripts": measured.counted.ravel(),
            "bcr_abl": measured.value.ravel(),
            "bcr_abl_true": truth.ravel(),
            "ph_positive": 100 * share.ravel(),
        }
    )


def _days(values: np.ndarray) -> pl.Series:
    return pl.Series(np.where(np.isfinite(values), values, np.nan)).fill_nan(None)
