"""Patients with chronic hepatitis C, at the steady state between virus and liver before treatment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inferon.cohort.adults import adult_covariates
from inferon.cohort.draws import disposition_effects, source_of
from inferon.cohort.populations import Cohort

POPULATION = "hepatitis C"
_VARIED = ("c", "delta")


def draw_hepatitis_c_cohort(patients: np.ndarray, *, seed: int, overrides: Mapping[str, float] | None = None) -> Cohort:
    """Virtual patients by number, each the same whatever the others are; columns of the composite ``hepatitis_c``.

    Clearance of virions and loss of infected cells vary between patients, and with them the viral load before treatment. Raises
    ``KeyError`` for an unknown symbol.
    """
    source = source_of("hepatitis_c", patients, seed=seed, overrides=overrides)
    covariates = adult_covariates(source, male_share="p_male_other", age="age_hcv")
    parameters = {f"hepatitis_c__{symbol}": source.varied("hepatitis_c", symbol) for symbol in _VARIED}
    effects = disposition_effects(source, covariates)
    return Cohort(POPULATION, "", source.patients, covariates, dict(overrides or {}), parameters, effects, {}, seed)
