"""Patients with hairy-cell leukaemia who need treatment.

Two populations differ in how the disease comes back: ``hairy-cell`` has the specification's regrowth, ``hairy-cell slow`` the
same with a share of patients whose regrowth is slow, one of the two repairs the specification names for relapse that comes
too late in life to have been seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inferon.cohort.adults import adult_covariates
from inferon.cohort.distributions import correlated, log_normal, truncated_normal
from inferon.cohort.draws import Columns, disposition_effects, source_of
from inferon.cohort.populations import Cohort
from inferon.model.catalogue import parameter_table

POPULATIONS = ("hairy-cell", "hairy-cell slow")


def draw_hairy_cell_cohort(
    patients: np.ndarray,
    *,
    seed: int,
    population: str = "hairy-cell",
    overrides: Mapping[str, float] | None = None,
) -> Cohort:
    """Virtual patients by number, each the same whatever the others are.

    ``draws`` holds the log-kill of a course of cladribine and of pentostatin (one tumour sensitivity for both); ``parameters``
    the columns of the composite ``hairy_cell``. Raises ``KeyError`` for an unknown population or symbol.
    """
    if population not in POPULATIONS:
        raise KeyError(f"unknown population {population!r}; allowed: {', '.join(POPULATIONS)}")
    source = source_of("hairy_cell", patients, seed=seed, overrides=overrides)
    covariates = adult_covariates(source, male_share="p_male_hcl", age="age_hcl")
    v = source.values["hairy_cell"]
    index = truncated_normal(source.u("hairy-cell index"), v["Hc0"], v["sd_Hc0"], v["Hc0_min"], v["Hc0_max"])
    growth = source.varied("hairy_cell", "g", "regrowth")
    if population == "hairy-cell slow":
        growth = np.where(source.u("slow regrowth") < v["p_slow"], v["g_slow"], growth)
    parameters = {
        "hairy_cell__Hc0": index,
        "hairy_cell__g": growth,
        "hairy_cell__k_hcl": source.varied("hairy_cell", "k_hcl", "sensitivity to interferon"),
        "marrow__ANC_1": covariates["baseline_neutrophils"].to_numpy(),
        "marrow__PLT_1": covariates["baseline_platelets"].to_numpy(),
        "marrow__HB_1": covariates["baseline_haemoglobin"].to_numpy(),
        **_cytopenia(source),
    }
    u = source.u("sensitivity to purine analogues")
    kills = {
        drug: truncated_normal(u, v[row], v["sd_LK"], 0.0, v["LK_max"])
        for drug, row in (("cladribine", "LK_clad"), ("pentostatin", "LK_pent"))
    }
    effects = disposition_effects(source, covariates)
    return Cohort(population, "", source.patients, covariates, dict(overrides or {}), parameters, effects, kills, seed)


def _cytopenia(source) -> Columns:
    """How strongly interferon holds each lineage back; neutrophils and platelets are correlated."""
    table, typical = parameter_table("interferon_response"), source.values["interferon_response"]
    shared = source.z("IC_anc")
    draws = {
        "IC_anc": shared,
        "IC_plt": correlated(shared, source.z("IC_plt"), source.values["population"]["r_cyt"]),
        "IC_hb": source.z("IC_hb"),
    }
    return {
        f"interferon_response__{symbol}": log_normal(z, typical[symbol], table[symbol].variability)
        for symbol, z in draws.items()
    }
