"""The covariate mix under one conditioning regimen for everybody, with the disease status drawn or the same in all.

A patient keeps every draw of the covariate mix; only what conditioning does (leukaemia left, the host's marrow, early toxicity, T
cells of the graft) and, where asked, the status before it are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from inferon.cohort import Cohort, draw_cohort
from inferon.model.catalogue import parameter_table
from inferon.protocol.conditioning import conditioned, conditioning, graft_t_cell_factor
from inferon.random import normal

STATUSES = {"active": "active", "remission, MRD+": "mrdp", "remission, MRD-": "mrdn"}
"""Disease before conditioning, and the ending of its rows in the population table."""


def conditioned_cohort(
    patients: np.ndarray,
    *,
    seed: int,
    regimen: str,
    status: str | None = None,
    overrides: Mapping[str, float] | None = None,
) -> Cohort:
    """Patients by number after a regimen of the conditioning table; ``status`` (one of STATUSES) puts everybody into it.

    Two standard normal draws a patient move the kill: radiosensitivity, and the rest of a whole regimen. Residual loads stay
    within those the transplant model allows. Raises ``KeyError`` for an unknown regimen, status or symbol.
    """
    if status is not None and status not in STATUSES:
        raise KeyError(f"unknown disease status {status!r}; allowed: {', '.join(STATUSES)}")
    cohort, given = draw_cohort("covariate-mix", patients, seed=seed, overrides=overrides), conditioning(regimen)
    covariates = cohort.covariates.with_columns(conditioning=pl.lit(given.intensity))
    if status is not None:
        covariates = covariates.with_columns(disease_status=pl.lit(status))
    before = _load_before(covariates["disease_status"].to_numpy(), cohort, seed)
    sensitivity, rest = (
        normal(seed, stream, cohort.patients) for stream in ("radiosensitivity", "log-kill of the rest")
    )
    columns = conditioned(given, before, sensitivity, rest)
    table = parameter_table("transplant")
    low, high = (10.0 ** table[symbol].value for symbol in ("logL0_min", "logL0_max"))
    columns["transplant__L0"] = np.clip(columns["transplant__L0"], low, high)
    cells = graft_t_cell_factor(given)
    for name in ("transplant__T_A0", "transplant__T_L0"):
        columns[name] = cohort.parameters[name] * cells
    return replace(cohort, covariates=covariates, parameters={**cohort.parameters, **columns})


def _load_before(status: np.ndarray, cohort: Cohort, seed: int) -> np.ndarray:
    """log10 of leukaemic cells before conditioning: the same draw whatever the status."""
    table, z = parameter_table("population"), normal(seed, "load before transplant", cohort.patients)
    before = np.zeros(len(cohort))
    for label, ending in STATUSES.items():
        drawn = table[f"Lpre_{ending}"].value + table[f"sd_Lpre_{ending}"].value * z
        before = np.where(status == label, drawn, before)
    return before
