"""How a trial is run: staggered enrolment, permuted blocks within strata, dropout, and a cutoff that censors.

Everything is drawn from addressed streams, so a trial is a function of seed and trial number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_YEAR
from inferon.protocol.visits import MONTH
from inferon.random import exponential, uniform
from inferon.trial.endpoints import CENSORED, ENDPOINTS, time_to_event


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """Rules of a trial.

    Attributes
    ----------
    allocation: patients of each arm in one unit of the ratio.
    strata: covariates whose combinations have randomisation lists of their own.
    block_size: length of a permuted block, a multiple of the ratio's sum.
    accrual_per_month: mean number of patients enrolled in 30.4375 days (Poisson).
    dropout_per_year: share of patients lost in a year (exponential); 0 for none.
    cutoff: calendar day of the analysis; None waits for the last patient's full follow-up.
    follow_up: longest follow-up of a patient, days from the graft.
    """

    allocation: Mapping[str, int]
    strata: tuple[str, ...] = ()
    block_size: int = 4
    accrual_per_month: float = 4
    dropout_per_year: float = 0.0
    cutoff: float | None = None
    follow_up: float = DAYS_PER_YEAR

    def __post_init__(self) -> None:
        if self.block_size % sum(self.allocation.values()):
            raise ValueError(f"block size {self.block_size} is no multiple of the allocation {dict(self.allocation)}")


def conduct_trial(covariates: pl.DataFrame, size: int, conduct: Conduct, *, seed: int, trial: int = 0) -> pl.DataFrame:
    """Enrol ``size`` patients of ``covariates`` (column ``patient``) without replacement and randomise them.

    One row a patient in order of enrolment: patient, arm, stratum, enrolled_day (calendar), censor_day (from the graft: dropout,
    cutoff or end of follow-up, whichever is first). A patient enrolled after the cutoff is left out.
    """
    if size > len(covariates):
        raise ValueError(f"{size} patients cannot be drawn without replacement from {len(covariates)}")
    order = np.argsort(uniform(seed, "trial: who enrols", covariates["patient"].to_numpy(), trial), kind="stable")[
        :size
    ]
    enrolled = covariates[order.tolist()]
    numbers = np.arange(size)
    days = np.cumsum(exponential(seed, "trial: enrolment gaps", numbers, trial)) * MONTH / conduct.accrual_per_month
    stratum = _strata(enrolled, conduct.strata)
    censored = np.minimum(_dropout(conduct, enrolled["patient"].to_numpy(), seed, trial), conduct.follow_up)
    cutoff = days[-1] + conduct.follow_up if conduct.cutoff is None else conduct.cutoff
    table = pl.DataFrame(
        {
            "patient": enrolled["patient"],
            "arm": permuted_blocks(stratum, conduct.allocation, conduct.block_size, seed=seed, trial=trial),
            "stratum": stratum,
            "enrolled_day": days,
            "censor_day": np.minimum(censored, cutoff - days),
        }
    )
    return table.filter(pl.col("enrolled_day") < cutoff)


def _strata(enrolled: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    if not columns:
        return ["all"] * len(enrolled)
    return enrolled.select(pl.concat_str(columns, separator=" / "))[:, 0].to_list()


def _dropout(conduct: Conduct, patients: np.ndarray, seed: int, trial: int) -> np.ndarray:
    if conduct.dropout_per_year <= 0:
        return np.full(len(patients), np.inf)
    rate = -np.log1p(-conduct.dropout_per_year) / DAYS_PER_YEAR
    return exponential(seed, "trial: dropout", patients, trial) / rate


def permuted_blocks(
    strata: Sequence[str], allocation: Mapping[str, int], block_size: int, *, seed: int, trial: int = 0
) -> list[str]:
    """The arm of each patient, in order of enrolment: within each stratum, blocks that hold the exact ratio, shuffled."""
    repeat = block_size // sum(allocation.values())
    block = np.array([arm for arm, share in allocation.items() for _ in range(share * repeat)], dtype=object)
    seen: dict[str, int] = {}
    lists: dict[tuple[str, int], np.ndarray] = {}
    arms = []
    for stratum in strata:
        position = seen.get(stratum, 0)
        number, place = divmod(position, block_size)
        if (stratum, number) not in lists:
            slots = np.arange(block_size) + number * block_size
            shuffled = np.argsort(uniform(seed, f"trial: blocks of {stratum}", slots, trial), kind="stable")
            lists[stratum, number] = block[shuffled]
        arms.append(str(lists[stratum, number][place]))
        seen[stratum] = position + 1
    return arms


def analysis_dataset(
    enrolled: pl.DataFrame,
    events: Mapping[str, pl.DataFrame],
    *,
    study_id: str,
    follow_up: float,
    endpoints: Sequence[str],
) -> pl.DataFrame:
    """The trial as an ADaM time-to-event dataset (ADTTE): one row a patient and endpoint.

    CNSR is 0 for the event, 1 for censoring and 2 for a competing event; AVAL is in days from the graft.
    """
    frames = []
    for arm, table in events.items():
        patients = enrolled.filter(pl.col("arm") == arm)
        rows = patients.join(table, on="patient", how="left", maintain_order="left")
        for endpoint in endpoints:
            if ENDPOINTS[endpoint].kind != "proportion" and len(rows):
                frames.append(_adtte(rows, endpoint, arm, study_id, follow_up))
    return pl.concat(frames).sort("USUBJID", "PARAMCD") if frames else pl.DataFrame(schema=_ADTTE)


def _adtte(rows: pl.DataFrame, endpoint: str, arm: str, study_id: str, follow_up: float) -> pl.DataFrame:
    outcome = time_to_event(rows, endpoint, follow_up=follow_up, censor_day=rows["censor_day"].to_numpy())
    censoring = pl.when(pl.col("outcome") == endpoint).then(0).when(pl.col("outcome") == CENSORED).then(1).otherwise(2)
    return outcome.select(
        pl.lit(study_id).alias("STUDYID"),
        pl.format("{}-{}", pl.lit(study_id), pl.col("patient").cast(pl.String).str.zfill(7)).alias("USUBJID"),
        pl.lit(arm).alias("TRT01P"),
        rows["stratum"].alias("STRATUM"),
        rows["enrolled_day"].alias("ENROLDY"),
        pl.lit(_PARAMCD[endpoint]).alias("PARAMCD"),
        pl.lit(ENDPOINTS[endpoint].label).alias("PARAM"),
        pl.col("time_days").alias("AVAL"),
        pl.lit("DAYS").alias("AVALU"),
        censoring.cast(pl.Int32).alias("CNSR"),
        pl.col("outcome").alias("EVNTDESC"),
    )


_ADTTE = {
    **dict.fromkeys(("STUDYID", "USUBJID", "TRT01P", "STRATUM"), pl.String),
    "ENROLDY": pl.Float64,
    **dict.fromkeys(("PARAMCD", "PARAM"), pl.String),
    "AVAL": pl.Float64,
    "AVALU": pl.String,
    "CNSR": pl.Int32,
    "EVNTDESC": pl.String,
}

_PARAMCD = {
    "relapse": "RELAPSE",
    "non_relapse_mortality": "NRM",
    "overall_survival": "OS",
    "leukaemia_free_survival": "LFS",
    "acute_gvhd_2_4": "GVHD24",
    "acute_gvhd_3_4": "GVHD34",
    "acute_gvhd_2_4_reference": "GVHD24R",
    "acute_gvhd_3_4_reference": "GVHD34R",
    "engraftment": "ENGRAFT",
}
"""ADaM parameter codes (at most eight characters)."""
