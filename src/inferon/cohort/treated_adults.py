"""Adults without leukaemia on interferon: the population the frequencies of side effects were read in (hepatitis C trials)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.biology.toxicity.functions import frailty
from inferon.cohort.adults import adult_covariates
from inferon.cohort.distributions import correlated, log_normal
from inferon.cohort.draws import Columns, Source, disposition_effects, source_of
from inferon.model.catalogue import parameter_table

CAUSES = ("fatigue", "headache", "depression", "thyroid", "serious", "withdrawal")
"""Events of the toxicity module that a summed hazard decides."""

_COVARIATES_OF_DISPOSITION = ("CrCL", "BMI", "WT")


@dataclass(frozen=True)
class TreatedAdults:
    """Virtual patients whose counts and side effects are followed.

    Attributes
    ----------
    patients: their numbers; ``seed`` and number address every draw, so that arms share them.
    covariates: sex, age (yr), weight (kg), baseline counts and more, one row a patient.
    parameters: one column per model parameter that differs between patients (name as in the composite model).
    effects: random effects of the drug's disposition, and weight (kg).
    """

    patients: np.ndarray
    covariates: pl.DataFrame
    parameters: Columns
    effects: Columns
    seed: int

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def male(self) -> np.ndarray:
        """Who is a man, shape (patients,): haemoglobin is graded by sex."""
        return (self.covariates["sex"] == "male").to_numpy()


def draw_treated_adults(patients: np.ndarray, *, seed: int) -> TreatedAdults:
    """Virtual adults with the given numbers; patient i is the same whatever the others are.

    Kidney function and body mass do not act on the drug, as in the exposures the hazards refer to (check A3).
    """
    source = source_of("toxicity", patients, seed=seed)
    covariates = adult_covariates(source, male_share="p_male_other", age="age_hcv")
    effects = disposition_effects(source, covariates)
    effects = {name: column for name, column in effects.items() if name not in _COVARIATES_OF_DISPOSITION}
    counts = {"ANC": "neutrophils", "PLT": "platelets", "HB": "haemoglobin"}
    parameters = {
        **{f"marrow__{count}_1": covariates[f"baseline_{name}"].to_numpy() for count, name in counts.items()},
        **_response(source),
        **_tolerance(source),
    }
    return TreatedAdults(source.patients, covariates, parameters, effects, seed)


def _response(source: Source) -> Columns:
    """Signal and sensitivity of the lineages; neutrophils and platelets share most of it."""
    folder, table = "interferon_response", parameter_table("interferon_response")
    columns = {symbol: source.varied(folder, symbol) for symbol in ("EC0", "k_U", "IC_anc", "IC_hb")}
    z = correlated(source.z("IC_anc"), source.z("IC_plt"), source.values["population"]["r_cyt"])
    columns["IC_plt"] = log_normal(z, table["IC_plt"].value, table["IC_plt"].variability)
    return {f"interferon_response__{symbol}": column for symbol, column in columns.items()}


def _tolerance(source: Source) -> Columns:
    """Frailty, history and the unit exponential of each cause."""
    before = source.u("history of depression") < source.values["toxicity"]["p_prior"]
    columns = {
        "toxicity__w": frailty(source.z("frailty of symptoms"), parameter_table("toxicity")["w"].variability),
        "toxicity__prior_depression": before.astype(float),
    }
    return columns | {f"toxicity__e_{cause}": source.e(f"hazard of {cause}") for cause in CAUSES}
