"""The two transplant populations: the reference cohort of the specification and the full covariate mix.

Both draw the same covariates. In the reference only cytogenetic risk and age act; in the covariate mix status decides the load,
and donor, comorbidity, conditioning, graft and drug-disposition covariates act as well (an uncalibrated population).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.cohort.covariates import draw_covariates
from inferon.cohort.distributions import log_normal, truncated_normal
from inferon.cohort.draws import Columns, Source, disposition_effects, source_of
from inferon.cohort.families import covariate_compensation, family_values
from inferon.model.catalogue import parameter_table

POPULATIONS = ("transplant-reference", "covariate-mix")


@dataclass(frozen=True)
class Cohort:
    """Virtual patients: their numbers, covariates, individual parameter values and event thresholds.

    Attributes
    ----------
    constants: table values replaced for everybody (family, compensation, overrides), by symbol.
    parameters: one column per model parameter that differs between patients (name as in the composite model).
    effects: random effects (standard normal) and covariates that the product's disposition parameters are made from.
    draws: what the trial layer needs: graft doses, thresholds, the extinction draw.
    seed: of the study, for streams drawn later (assay noise).
    """

    population: str
    family: str
    patients: np.ndarray
    covariates: pl.DataFrame
    constants: dict[str, float]
    parameters: Columns
    effects: Columns
    draws: Columns
    seed: int

    def __len__(self) -> int:
        return len(self.patients)


def draw_cohort(
    population: str,
    patients: np.ndarray,
    *,
    seed: int,
    family: str = "reference",
    overrides: Mapping[str, float] | None = None,
) -> Cohort:
    """Virtual patients with the given numbers; patient i is the same whatever the others are.

    ``overrides`` replaces table values by symbol (a sensitivity run). Raises ``KeyError`` for an unknown population, family or
    symbol.
    """
    if population not in POPULATIONS:
        raise KeyError(f"unknown population {population!r}; allowed: {', '.join(POPULATIONS)}")
    mix = population == "covariate-mix"
    changes = family_values(family) | (covariate_compensation() if mix else {}) | dict(overrides or {})
    source = source_of("transplant", patients, seed=seed, overrides=changes)
    covariates = draw_covariates(parameter_table("population"), source.u, source.z)
    grafts = _grafts(source, covariates, mix)
    parameters = {
        **_response(source),
        **_disease(source, covariates, mix),
        **_immunity(source, covariates, mix, grafts["cd3"]),
        **_mortality(source, covariates, mix),
        **_host_marrow(source, covariates),
    }
    draws = {**grafts, "extinction": source.u("extinction"), "post_relapse": source.e("death after relapse")}
    effects = disposition_effects(source, covariates, covariates_act=mix)
    return Cohort(population, family, source.patients, covariates, changes, parameters, effects, draws, seed)


def _response(source: Source) -> Columns:
    table, typical = parameter_table("interferon_response"), source.values["interferon_response"]
    columns = {s: source.varied("interferon_response", s) for s in ("EC0", "k_U", "EC_ap")}
    columns["IC_anc"] = log_normal(source.z("IC_anc"), typical["IC_anc_hct"], table["IC_anc"].variability)
    return {f"interferon_response__{symbol}": column for symbol, column in columns.items()}


def _grafts(source: Source, covariates: pl.DataFrame, mix: bool) -> Columns:
    """CD34+ and CD3+ cells per kg, and the factor on committed cells; all blood grafts in the reference."""
    table, marrow = source.values["transplant"], source.values["marrow"]
    is_marrow = (covariates["graft"] == "marrow").to_numpy() & mix
    cd34 = log_normal(
        source.z("CD34"),
        np.where(is_marrow, marrow["CD34_marrow"], table["CD34"]),
        parameter_table("transplant")["CD34"].variability,
    )
    cd3 = log_normal(
        source.z("CD3"),
        np.where(is_marrow, table["CD3_bm"], table["CD3"]),
        parameter_table("transplant")["CD3"].variability,
    )
    return {"cd34": cd34, "cd3": cd3, "committed": np.where(is_marrow, marrow["seed_C2_marrow"], 1.0)}


def _initial_load(source: Source, covariates: pl.DataFrame, mix: bool) -> np.ndarray:
    """log10 of residual leukaemic cells on day -1: drawn directly, or pre-transplant load of the status minus log-kill."""
    t, p = source.values["transplant"], source.values["population"]
    low, high = t["logL0_min"], t["logL0_max"]
    if not mix:
        return truncated_normal(source.u("residual leukaemia"), t["logL0"], t["sdL0"], low, high)
    status = covariates["disease_status"].to_numpy()
    before = np.zeros(len(source.patients))
    for label, key in (("active", "active"), ("remission, MRD+", "mrdp"), ("remission, MRD-", "mrdn")):
        drawn = p[f"Lpre_{key}"] + p[f"sd_Lpre_{key}"] * source.z("load before transplant")
        before = np.where(status == label, drawn, before)
    myeloablative = (covariates["conditioning"] == "myeloablative").to_numpy()
    mean = np.where(myeloablative, t["LK_cond_mac"], t["LK_cond_ric"])
    kill = truncated_normal(source.u("log-kill of conditioning"), mean, t["sd_LK_cond"], before - high, before - low)
    return before - kill


def _disease(source: Source, covariates: pl.DataFrame, mix: bool) -> Columns:
    p = source.values["population"]
    risk = covariates["cytogenetic_risk"].to_numpy()
    speed = np.where(risk == "poor", p["f_td_poor"], np.where(risk == "favourable", p["f_td_fav"], 1.0))
    sensitivity = np.where(risk == "poor", p["f_gvl_poor"], 1.0)
    t = source.values["transplant"]
    shared = log_normal(source.z("sensitivity to T cells"), 1.0, parameter_table("transplant")["k_L"].variability)
    return {
        "transplant__L0": 10 ** _initial_load(source, covariates, mix),
        "transplant__T_d": source.varied("transplant", "T_d") * speed,
        "transplant__k_L": t["k_L"] * shared * sensitivity,
        "transplant__k_A": t["k_A"] * shared * sensitivity,
    }


def _immunity(source: Source, covariates: pl.DataFrame, mix: bool, cd3: np.ndarray) -> Columns:
    t = source.values["transplant"]
    donors = {
        "matched related": "fA_mrel",
        "matched unrelated": "fA_mud",
        "haploidentical": "fA_haplo",
        "cord": "fA_cord",
    }
    mismatch = np.array([t[donors[d]] for d in covariates["donor"]]) if mix else 1.0
    ratio = cd3 / t["CD3_ref"]
    return {
        "transplant__rho_A": source.varied("transplant", "rho_A") * mismatch,
        "transplant__rho_L": source.varied("transplant", "rho_L"),
        "transplant__k_G": source.varied("transplant", "k_G"),
        "transplant__k_eng": source.varied("transplant", "k_eng"),
        "transplant__T_A0": source.varied("transplant", "T_A0") * ratio,
        "transplant__T_L0": source.varied("transplant", "T_L0") * ratio,
        "transplant__IS0": t["IS0"] + t["sd_IS0"] * source.z("IS0"),
    }


def _mortality(source: Source, covariates: pl.DataFrame, mix: bool) -> Columns:
    t, p = source.values["transplant"], source.values["population"]
    columns = {
        "transplant__age": covariates["age"].to_numpy(),
        "transplant__nrm_threshold": source.e("non-relapse mortality"),
    }
    if mix:
        donors = {
            "matched related": "donor_mrel",
            "matched unrelated": "donor_mud",
            "haploidentical": "donor_haplo",
            "cord": "donor_cord",
        }
        points = {"0": "hctci0", "1-2": "hctci12", "3+": "hctci3"}
        columns["transplant__donor_f"] = np.array([t[donors[d]] for d in covariates["donor"]])
        columns["transplant__hctci_f"] = np.array([p[points[c]] for c in covariates["comorbidity"]])
        myeloablative = (covariates["conditioning"] == "myeloablative").to_numpy()
        columns["transplant__f_conditioning"] = np.where(myeloablative, t["f_mac"], 1.0)
    return columns


def _host_marrow(source: Source, covariates: pl.DataFrame) -> Columns:
    """What conditioning leaves of the host's marrow, as a share of health; a read-out that drives nothing of the trial."""
    m = source.values["marrow"]
    myeloablative = (covariates["conditioning"] == "myeloablative").to_numpy()
    return {
        "host__remaining_C1": 10 ** -np.where(myeloablative, m["LK_C1_MAC"], m["LK_C1_RIC"]),
        "host__remaining_other": 10 ** -np.where(myeloablative, m["LK_C2_MAC"], m["LK_C2_RIC"]),
        "donor__remaining_C1": np.zeros(len(source.patients)),
        "donor__remaining_other": np.zeros(len(source.patients)),
    }
