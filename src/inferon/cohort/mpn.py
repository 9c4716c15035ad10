"""Patients with a JAK2 V617F neoplasm: polycythaemia vera or essential thrombocythaemia."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import betaincinv

from inferon.cohort.adults import adult_covariates
from inferon.cohort.draws import disposition_effects, source_of
from inferon.cohort.populations import Cohort

POPULATIONS = {"polycythaemia vera": "VAF0_pv", "essential thrombocythaemia": "VAF0_et"}
"""Populations, and the row of the table that holds their median allele burden."""

_RENEWAL = ("e_D_m", "gam")
_COUNTS = (
    *("HCT0", "HCTss", "IC50_hct", "ktr_hct", "PLT0", "PLTss", "IC50_plt", "kout_plt"),
    *("WBC0", "WBCss", "IC50_wbc", "kout_wbc"),
)


def draw_mpn_cohort(
    population: str, patients: np.ndarray, *, seed: int, overrides: Mapping[str, float] | None = None
) -> Cohort:
    """Virtual patients by number, each the same whatever the others are; columns of the composite ``mpn``.

    The allele burden is beta-distributed; above one half the clone counts as homozygous, below as heterozygous. The blood-count
    parameters are those of polycythaemia vera in both populations. Raises ``KeyError`` for an unknown population or symbol.
    """
    if population not in POPULATIONS:
        raise KeyError(f"unknown population {population!r}; allowed: {', '.join(POPULATIONS)}")
    source = source_of("mpn", patients, seed=seed, overrides=overrides)
    covariates = adult_covariates(source, male_share="p_male_other", age="age_pv")
    v = source.values["mpn"]
    burden = betaincinv(*_shape(v[POPULATIONS[population]], v["beta_sum"]), source.u("allele burden"))
    homozygous = burden > v["vaf_homozygous"]
    alleles = np.where(homozygous, 2.0, 1.0)
    parameters = {
        "mpn__zygosity": alleles,
        "mpn__F0": 2 * burden / alleles,
        "mpn__f_zygosity": np.where(homozygous, v["z_hom"], v["f_zygosity"]),
        **{f"mpn__{s}": source.varied("mpn", s) for s in (*_RENEWAL, *_COUNTS)},
    }
    covariates = covariates.with_columns(allele_burden=burden, homozygous=homozygous)
    effects = disposition_effects(source, covariates)
    return Cohort(population, "", source.patients, covariates, dict(overrides or {}), parameters, effects, {}, seed)


def _shape(median: float, total: float) -> tuple[float, float]:
    """Shapes of a beta distribution with a sum and, to one part in a hundred, a median (Kerman 2011, arXiv:1111.0433)."""
    first = 1 / 3 + median * (total - 2 / 3)
    return first, total - first
