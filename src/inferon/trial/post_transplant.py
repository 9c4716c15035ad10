"""Who reaches a trigger after a transplant: measurable disease at a visit, overt relapse, cytogenetic relapse of CML.

The solution of the transplant model is carried on from there: patients who reach a trigger are a selected group whose T cells did
not suffice, and nothing is set back for them. Every intervention starts from the same patients on the same days.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Status, compile_model
from inferon.engine.interventions import read_out
from inferon.model.catalogue import load_composite, parameter_table
from inferon.protocol.records import Regimen, graft_infusion, joined, prescribe
from inferon.protocol.visits import MONTH
from inferon.random import normal
from inferon.trial.simulate import SETTINGS, START_DAY

ACUTE, CHRONIC = "post_transplant", "post_transplant_cml"
"""Composite models: acute leukaemia, chronic myeloid leukaemia."""

READOUTS = ("L", "G", "S_isg", "transplant__T_L", "transplant__T_A", "F_exh")
"""What is sampled of the mechanism."""

Changes = Mapping[str, float]


@dataclass(frozen=True)
class Triggered:
    """Patients at their trigger.

    Attributes
    ----------
    cohort: everybody who was followed.
    chosen: indices of those who reached the trigger.
    day: study day of each one's trigger.
    batch: the solution; those chosen stand at their trigger.
    drug: interferon product given before, if any.
    slower: by what the doubling time is multiplied from the trigger on (4 in CML).
    """

    cohort: Cohort
    chosen: np.ndarray
    day: np.ndarray
    batch: Batch
    drug: str | None = None
    slower: float = 1.0

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def patients(self) -> np.ndarray:
        """Patient numbers."""
        return self.cohort.patients[self.chosen]

    @property
    def load(self) -> np.ndarray:
        """Leukaemic cells at the trigger."""
        return read_out(self.batch, self.chosen)[:, READOUTS.index("L")]

    @property
    def failures(self) -> dict[str, int]:
        """Patients who could not be followed to a trigger, by sentence."""
        return self.batch.failures()


@cache
def compiled(model: str) -> CompiledModel:
    """One of the two compiled composites, with the read-outs of the mechanism."""
    return compile_model(load_composite(model), READOUTS)


def cores() -> int:
    """Threads used where nobody says how many; no result depends on it."""
    return os.cpu_count() or 1


def measurable_disease(
    cohort: Cohort, regimens: Sequence[Regimen] = (), *, parameters: Changes | None = None, threads: int | None = None
) -> Triggered:
    """Patients in whom monthly sampling from day 60 to a year finds a load between the two limits of the trigger.

    The assay reads log10 of the load with the noise of the transplant model; who has relapsed or died is no longer sampled.
    ``regimens`` are given from the graft on and end at the trigger; ``parameters`` replaces table values by symbol.
    """
    row = parameter_table("post_transplant")
    low, high = (np.log10(row[s].value) for s in ("L_trig", "L_trig_high"))
    noise = parameter_table("transplant")["sd_mrd"].value
    batch, drug = _begun(cohort, regimens, ACUTE, parameters or {})
    found = np.full(len(cohort), np.inf)
    for number, visit in enumerate(np.arange(row["t_mrd0"].value, row["t_mrd1"].value, MONTH)):
        sampled = np.flatnonzero(np.isinf(found) & (_gone(batch) > visit))
        _carry(batch, sampled, visit, threads)
        sampled = sampled[_gone(batch)[sampled] > visit]
        load = read_out(batch, sampled)[:, READOUTS.index("L")]
        error = noise * normal(cohort.seed, "monthly MRD assay", cohort.patients[sampled], number)
        measured = np.log10(np.maximum(load, 1.0)) + error
        found[sampled[(measured >= low) & (measured < high)]] = visit
    chosen = np.flatnonzero(np.isfinite(found))
    return Triggered(cohort, chosen, found[chosen], batch, drug)


def overt_relapse(
    cohort: Cohort, regimens: Sequence[Regimen] = (), *, parameters: Changes | None = None, threads: int | None = None
) -> Triggered:
    """Patients at overt relapse (5 % blasts) between day 60 and a year; earlier ones are refractory and not treated here."""
    return _relapsed(cohort, regimens, ACUTE, parameters or {}, threads)


def cytogenetic_relapse(
    cohort: Cohort, regimens: Sequence[Regimen] = (), *, parameters: Changes | None = None, threads: int | None = None
) -> Triggered:
    """Patients at the load of a cytogenetic relapse of CML between day 60 and a year; from there on growth is slower.

    No population of CML transplants is specified: these are the patients of the acute population in whom that load is reached.
    """
    row = parameter_table("post_transplant")
    at = {"L_rel": row["L_cyto_CML"].value, **(parameters or {})}
    return _relapsed(cohort, regimens, CHRONIC, at, threads, slower=row["Td_mult_CML"].value)


def _relapsed(
    cohort: Cohort,
    regimens: Sequence[Regimen],
    model: str,
    parameters: Changes,
    threads: int | None,
    slower: float = 1.0,
) -> Triggered:
    row = parameter_table("post_transplant")
    since, until = row["t_mrd0"].value, row["t_mrd1"].value
    batch, drug = _begun(cohort, regimens, model, parameters)
    batch.advance(until, pause_on=("relapse",), stop_on=("non_relapse_mortality",), threads=threads or cores())
    day = batch.event_day("relapse")
    chosen = np.flatnonzero((batch.status == Status.PAUSED) & (day >= since))
    return Triggered(cohort, chosen, day[chosen], batch, drug, slower)


def _begun(cohort: Cohort, regimens: Sequence[Regimen], model: str, parameters: Changes) -> tuple[Batch, str | None]:
    """A batch at the start of the transplant model with graft and drug, and the name of the drug."""
    kernel = compiled(model)
    rows = kernel.kernel.model.parameters
    changed = {**cohort.constants, **parameters}
    unknown = set(parameters) - {row.symbol for row in rows.values()}
    if unknown:
        raise KeyError(f"no parameter of {model} has the symbol {sorted(unknown)[0]!r}")
    prescription = prescribe(regimens, cohort.effects, len(cohort), changed)
    columns = {**cohort.parameters, **(prescription.columns if prescription else {})}
    table = kernel.defaults(len(cohort))
    for place, name in enumerate(kernel.kernel.parameters):
        if rows[name].symbol in changed:
            table[:, place] = changed[rows[name].symbol]
        if name in columns and rows[name].symbol not in parameters:
            table[:, place] = columns[name]
    marrow = parameter_table("marrow")
    graft = graft_infusion(
        kernel,
        cd34=cohort.draws["cd34"],
        committed=cohort.draws["committed"],
        seed=(marrow["seed_C1"].value, marrow["seed_C2"].value),
    )
    doses = joined(graft, prescription.doses(kernel)) if prescription else graft
    batch = Batch(kernel, table, start=START_DAY, doses=doses, settings=SETTINGS)
    return batch, prescription.product.name if prescription else None


def _carry(batch: Batch, patients: np.ndarray, until: float, threads: int | None) -> None:
    """Carry these patients to a day; nobody else moves."""
    goal = batch.t.copy()
    goal[patients] = until
    batch.advance(goal, threads=threads or cores())


def _gone(batch: Batch) -> np.ndarray:
    """Day of relapse or death, whichever came first; infinite for those still followed, the failed ones gone from the start."""
    day = np.minimum(batch.event_day("relapse"), batch.event_day("non_relapse_mortality"))
    return np.where(batch.status > Status.PAUSED, -np.inf, day)
