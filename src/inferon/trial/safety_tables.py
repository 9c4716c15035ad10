"""What a safety study hands on: one row a patient, one row a patient and visit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from inferon.cohort.treated_adults import TreatedAdults
from inferon.engine import Batch, Status
from inferon.protocol.ctcae import NOT_MEASURED, laboratory_grade, laboratory_items
from inferon.trial.dose_rules import DosePlan, Followed


def patient_table(
    batch: Batch, cohort: TreatedAdults, plan: DosePlan, followed: Followed, readouts: Mapping[str, str]
) -> pl.DataFrame:
    """One row a patient: sex, status, true counts at the start and at their lowest, share of the planned dose given, withdrawal.

    Counts are those of the sampled days, by item and its read-out in ``readouts``; null where a patient could not be solved.
    """
    columns: dict[str, object] = {
        "patient": cohort.patients,
        "sex": np.where(cohort.male, "male", "female"),
        "status": [Status(code).sentence for code in batch.status],
    }
    for count, name in readouts.items():
        sampled = batch.samples[:, :, batch.model.kernel.readouts.index(name)]
        columns[f"baseline_{count}"] = pl.Series(sampled[:, 0]).fill_nan(None)
        columns[f"lowest_{count}"] = pl.Series(sampled.min(axis=1)).fill_nan(None)
    columns["dose_intensity"] = followed.given.mean(axis=1) / plan.planned
    left = followed.ledger.filter(pl.col("action") == "withdraw").select("patient", withdrawal_day="time_days")
    return pl.DataFrame(columns).join(left, on="patient", how="left", maintain_order="left")


def visit_table(cohort: TreatedAdults, followed: Followed) -> pl.DataFrame:
    """One row a patient and visit: what was measured, and the CTCAE grade of each laboratory item (null: not measured)."""
    visits = len(followed.visit_days)
    columns: dict[str, object] = {
        "patient": np.repeat(cohort.patients, visits),
        "visit": np.tile(np.arange(visits), len(cohort)),
        "day": np.tile(followed.visit_days, len(cohort)),
    }
    columns |= {name.replace(" ", "_"): pl.Series(seen.ravel()).fill_nan(None) for name, seen in followed.seen.items()}
    for item in (name for name in followed.seen if name in laboratory_items()):
        grade = laboratory_grade(item, followed.seen[item], male=cohort.male[:, None])
        columns[f"{item}_grade"] = pl.Series(grade.ravel()).replace(NOT_MEASURED, None)
    return pl.DataFrame(columns)
