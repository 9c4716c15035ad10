"""One arm of an interferon trial in a JAK2 V617F neoplasm: blood counts, allele burden, and what exposure alone would predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.biology.mpn.functions import WEEKS, allele_burden_change, complete_response_probability
from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, Status, compile_model
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol.records import Regimen, prescribe
from inferon.protocol.safety_visits import measured
from inferon.random import normal
from inferon.trial.responses.mpn import COUNTS, HaematologicalResponse, durable, haematological, molecular

READOUTS = {"HCT": "mpn__HCT", "PLT": "mpn__PLT", "WBC": "mpn__WBC", "VAF": "VAF", "AUC": "mpn__AUC"}
"""What a visit looks at, and its name in the composite model; AUC is the exposure since day 0 (ng d/mL)."""

SETTINGS = Settings(rtol=1e-6)
COUNTED_IN = "polycythaemia vera"
"""The only population whose blood counts the published exposure models describe."""
TITRATIONS = ("fast", "slow")
_NOISE = {"HCT": "cv_hct", "WBC": "cv_wbc"}


@dataclass(frozen=True)
class MpnResult:
    """``patients`` (one row each) and ``visits`` (one row a patient and visit, as measured)."""

    patients: pl.DataFrame
    visits: pl.DataFrame


def titration(speed: str, *, doses: int) -> list[Regimen]:
    """Ropeginterferon every two weeks from day 0, raised as the two trials did: fast (three steps) or slow (by 50 ug a dose).

    Raises ``ValueError`` for another speed.
    """
    if speed not in TITRATIONS:
        raise ValueError(f"speed is {speed!r}; allowed: {', '.join(TITRATIONS)}")
    v = {s: row.value for s, row in parameter_table("mpn").items()}
    climb = [v["fast_1"], v["fast_2"]] if speed == "fast" else np.arange(v["slow_1"], v["most"], v["slow_step"])
    climb = list(climb)[:doses]
    steps = [_ropeginterferon(dose, v["interval_ropeg"], i, 1) for i, dose in enumerate(climb)]
    rest = doses - len(climb)
    return [*steps, *([_ropeginterferon(v["most"], v["interval_ropeg"], len(climb), rest)] if rest > 0 else [])]


def _ropeginterferon(dose: float, interval: float, given: int, doses: int) -> Regimen:
    return Regimen(
        drug="ropeginterferon alfa-2b",
        dose=float(dose),
        start=interval * given,
        interval=interval,
        doses=doses,
    )


@cache
def mpn_kernel() -> CompiledModel:
    """The compiled composite with what a visit looks at."""
    return compile_model(load_composite("mpn"), tuple(READOUTS.values()))


def simulate_mpn(
    cohort: Cohort,
    regimens: Sequence[Regimen],
    *,
    visits: np.ndarray,
    threads: int = 1,
    settings: Settings = SETTINGS,
) -> MpnResult:
    """Follow every patient to the last of ``visits`` (days, ascending, from 0 on).

    Blood counts are null outside polycythaemia vera. Exposure to weeks 24 and 52, and what the published regressions make of
    it, is null where the follow-up ends earlier or the exposure lies outside the observed range.
    """
    landmarks = np.array([DAYS_PER_WEEK * week for week in WEEKS if DAYS_PER_WEEK * week <= visits[-1]])
    days = np.union1d(visits, landmarks)
    batch = _batch(cohort, regimens, days, settings)
    batch.advance(float(days[-1]), threads=threads)
    true = {name: batch.samples[:, :, column] for column, name in enumerate(READOUTS)}
    at = np.searchsorted(days, visits)
    seen = _measured(cohort, {name: values[:, at] for name, values in true.items()})
    patients = pl.DataFrame({"patient": cohort.patients, "status": [Status(code).sentence for code in batch.status]})
    exposure = {round(day / DAYS_PER_WEEK): true["AUC"][:, np.searchsorted(days, day)] / day for day in landmarks}
    return MpnResult(
        patients.with_columns(**_responses(cohort, seen, visits), **_by_exposure(cohort, exposure)),
        _visit_table(cohort, seen, visits),
    )


def _batch(cohort: Cohort, regimens: Sequence[Regimen], days: np.ndarray, settings: Settings) -> Batch:
    model, patients = mpn_kernel(), len(cohort)
    table = model.defaults(patients)
    whole = model.kernel.model.parameters
    constants = {n: cohort.constants[row.symbol] for n, row in whole.items() if row.symbol in cohort.constants}
    prescription = prescribe(regimens, cohort.effects, patients, cohort.constants)
    columns = {**constants, **cohort.parameters, **(prescription.columns if prescription else {})}
    for name, column in columns.items():
        if name in model.kernel.parameters:
            table[:, model.column(name)] = column
    doses = prescription.doses(model) if prescription else Doses.none(patients)
    return Batch(model, table, start=0.0, doses=doses, sample_days=days, settings=settings)


def _measured(cohort: Cohort, true: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the assays read; the allele burden with additive scatter and never below 0."""
    table, visits = parameter_table("mpn"), range(true["VAF"].shape[1])
    seen = {}
    for name in (*COUNTS, "VAF"):
        columns = []
        for visit in visits:
            value, address = true[name][:, visit], {"seed": cohort.seed, "patients": cohort.patients}
            if name == "PLT":
                columns.append(measured("PLT", value, visit=visit, **address))
                continue
            z = normal(cohort.seed, f"assay {name}", cohort.patients, visit)
            if name == "VAF":
                columns.append(np.maximum(value + table["sd_vaf"].value * z, 0.0))
            else:
                columns.append(value * np.exp(np.sqrt(np.log1p(table[_NOISE[name]].value ** 2)) * z))
        seen[name] = np.stack(columns, axis=1)
    return seen


def _responses(cohort: Cohort, seen: dict[str, np.ndarray], visits: np.ndarray) -> dict[str, pl.Series]:
    """Day of the first complete haematological response (any, and one that lasts) and of the halved allele burden."""
    initial = cohort.covariates["allele_burden"].to_numpy()[:, None]
    halved = (seen["VAF"] <= parameter_table("mpn")["vaf_partial"].value * initial) & (visits > 0)
    found = {"allele_burden_halved_day": _first(visits, halved)}
    if cohort.population == COUNTED_IN:
        complete = haematological(seen) == HaematologicalResponse.COMPLETE
        found["complete_response_day"] = _first(visits, complete)
        found["durable_response_day"] = _first(visits, durable(complete, visits))
    return found


def _by_exposure(cohort: Cohort, exposure: dict[int, np.ndarray]) -> dict[str, pl.Series]:
    values = {s: row.value for s, row in parameter_table("mpn").items()} | cohort.constants
    weight = cohort.covariates["weight"].to_numpy()
    found = {}
    for week, mean in exposure.items():
        change = allele_burden_change(mean, week, values, weight=weight)
        chance = complete_response_probability(mean, week, values)
        found |= {
            f"exposure_week_{week}": pl.Series(mean),
            f"response_probability_week_{week}": pl.Series(chance).fill_nan(None),
            f"allele_burden_change_week_{week}": pl.Series(change).fill_nan(None),
        }
    return found


def _visit_table(cohort: Cohort, seen: dict[str, np.ndarray], visits: np.ndarray) -> pl.DataFrame:
    initial = cohort.covariates["allele_burden"].to_numpy()[:, None]
    shape = seen["VAF"].shape
    columns: dict[str, object] = {
        "patient": np.repeat(cohort.patients, shape[1]),
        "day": np.tile(visits, shape[0]),
        "VAF": seen["VAF"].ravel(),
        "molecular_response": [r.value for r in molecular(seen["VAF"], initial).ravel()],
    }
    if cohort.population == COUNTED_IN:
        columns |= {name: seen[name].ravel() for name in COUNTS}
        columns["haematological_response"] = [r.value for r in haematological(seen).ravel()]
    return pl.DataFrame(columns)


def _first(visits: np.ndarray, true: np.ndarray) -> pl.Series:
    day = np.where(true.any(axis=1), visits[np.argmax(true, axis=1)], np.nan)
    return pl.Series(day).fill_nan(None)
