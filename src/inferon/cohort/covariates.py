"""Demographic and transplant covariates of an adult with high-risk AML before transplantation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from inferon.cohort.distributions import categorical, correlated, log_normal, truncated_normal
from inferon.model.model import Parameter

Draw = Callable[[str], np.ndarray]

STRATA = ("sex", "disease_status", "cytogenetic_risk", "conditioning", "donor", "comorbidity", "graft")
"""Categorical covariates a trial may stratify on."""


def draw_covariates(table: Mapping[str, Parameter], uniform: Draw, normal: Draw) -> pl.DataFrame:
    """One row a patient; units: yr, kg, m, mg/dL, mL/min, kg/m2, m2, 1e9/L, g/dL.

    ``uniform`` and ``normal`` return one draw a patient for a stream name; ``table`` is the population's parameter table.
    """
    v = {symbol: row.value for symbol, row in table.items()}
    male = uniform("sex") < v["p_male_aml"]
    age_row = table["age_hct"]
    age = truncated_normal(uniform("age"), age_row.value, v["sd_age_hct"], age_row.lower, age_row.upper)
    size = _body_size(table, v, male, normal)
    creatinine = _by_sex(table, "scr", male, normal("creatinine"))
    comorbidity = categorical(uniform("comorbidity"), {"0": v["p_hctci0"], "1-2": v["p_hctci12"], "3+": v["p_hctci3"]})
    return pl.DataFrame(
        {
            "sex": np.where(male, "male", "female"),
            "age": age,
            **size,
            "creatinine": creatinine,
            "baseline_neutrophils": _drawn(table["anc0"], normal("baseline ANC")),
            "baseline_platelets": _drawn(table["plt0"], normal("baseline PLT")),
            "baseline_haemoglobin": _by_sex(table, "hb0", male, normal("baseline Hb")),
            "creatinine_clearance": _cockcroft_gault(age, size["weight"], creatinine, male),
            "disease_status": categorical(
                uniform("disease status"),
                {"active": v["p_active"], "remission, MRD+": v["p_mrdp"], "remission, MRD-": v["p_mrdn"]},
            ),
            "cytogenetic_risk": categorical(
                uniform("cytogenetic risk"),
                {"poor": v["p_cyto_poor"], "intermediate": v["p_cyto_int"], "favourable": v["p_cyto_fav"]},
            ),
            "comorbidity": comorbidity,
            "conditioning": _conditioning(v, age, comorbidity, uniform("conditioning")),
            "donor": categorical(
                uniform("donor"),
                {
                    "matched related": v["p_don_mrel"],
                    "matched unrelated": v["p_don_mud"],
                    "haploidentical": v["p_don_haplo"],
                    "cord": v["p_don_cord"],
                },
            ),
            "graft": np.where(uniform("graft") < v["p_pb"], "blood", "marrow"),
        }
    )


def _drawn(row: Parameter, z: np.ndarray) -> np.ndarray:
    return log_normal(z, row.value, row.variability or 0.0)


def _by_sex(table: Mapping[str, Parameter], symbol: str, male: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.where(male, _drawn(table[f"{symbol}_m"], z), _drawn(table[f"{symbol}_f"], z))


def _body_size(table: Mapping[str, Parameter], v: Mapping[str, float], male: np.ndarray, normal: Draw) -> dict:
    z_weight = normal("weight")
    weight = np.clip(_by_sex(table, "wt", male, z_weight), table["wt_m"].lower, table["wt_m"].upper)
    z_height = correlated(z_weight, normal("height"), v["r_htwt"])
    height = np.where(male, v["ht_m"] + v["sd_ht_m"] * z_height, v["ht_f"] + v["sd_ht_f"] * z_height)
    return {
        "weight": weight,
        "height": height,
        "bmi": weight / height**2,
        "body_surface": body_surface(weight, height),
    }


def body_surface(weight: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Body surface in m2 from kg and m (Mosteller, N Engl J Med 1987;317:1098)."""
    return np.sqrt(weight * height * 100 / 3600)


def _cockcroft_gault(age: np.ndarray, weight: np.ndarray, creatinine: np.ndarray, male: np.ndarray) -> np.ndarray:
    """Creatinine clearance in mL/min (Cockcroft & Gault, Nephron 1976;16:31)."""
    return (140 - age) * weight / (72 * creatinine) * np.where(male, 1.0, 0.85)


def _conditioning(v: Mapping[str, float], age: np.ndarray, comorbidity: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Myeloablative with a probability where age and comorbidity allow it, else reduced intensity."""
    eligible = (age < v["age_mac"]) & (comorbidity != "3+")
    return np.where(eligible & (u < v["p_mac"]), "myeloablative", "reduced intensity")
