"""Demographic and transplant covariates of an adult with high-risk AML before transplantation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from inferon.biology.population.functions import body_mass_index, body_surface, creatinine_clearance
from inferon.cohort.distributions import categorical, correlated, log_normal, truncated_normal
from inferon.model.model import Parameter

Draw = Callable[[str], np.ndarray]

STRATA = ("sex", "disease_status", "cytogenetic_risk", "conditioning", "donor", "comorbidity", "graft")
"""Categorical covariates a trial may stratify on."""

_POINTS = {"0": 0, "1-2": 2, "3+": 3}
"""Greatest HCT-CI of a class of comorbidity; of the open class, the least."""


def draw_covariates(table: Mapping[str, Parameter], uniform: Draw, normal: Draw) -> pl.DataFrame:
    """One row a patient; units: yr, kg, m, mg/dL, mL/min, kg/m2, m2, 1e9/L, g/dL.

    ``uniform`` and ``normal`` return one draw a patient for a stream name; ``table`` is the population's parameter table.
    """
    v = {symbol: row.value for symbol, row in table.items()}
    male = uniform("sex") < v["p_male_aml"]
    age_row = table["age_hct"]
    age = truncated_normal(uniform("age"), age_row.value, v["sd_age_hct"], age_row.lower, age_row.upper)
    size = body_size(table, v, male=male, normal=normal)
    creatinine = drawn_by_sex(table, "scr", male, normal("creatinine"))
    comorbidity = categorical(uniform("comorbidity"), {"0": v["p_hctci0"], "1-2": v["p_hctci12"], "3+": v["p_hctci3"]})
    return pl.DataFrame(
        {
            "sex": np.where(male, "male", "female"),
            "age": age,
            **size,
            "creatinine": creatinine,
            "baseline_neutrophils": drawn(table["anc0"], normal("baseline ANC")),
            "baseline_platelets": drawn(table["plt0"], normal("baseline PLT")),
            "baseline_haemoglobin": drawn_by_sex(table, "hb0", male, normal("baseline Hb")),
            "creatinine_clearance": creatinine_clearance(age, size["weight"], creatinine, male, v),
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


def drawn(row: Parameter, z: np.ndarray) -> np.ndarray:
    """A log-normal quantity with the median and variability of its table row, from standard normal draws."""
    return log_normal(z, row.value, row.variability or 0.0)


def drawn_by_sex(table: Mapping[str, Parameter], symbol: str, male: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The same with rows of their own for men (``symbol`` + ``_m``) and women (``_f``)."""
    return np.where(male, drawn(table[f"{symbol}_m"], z), drawn(table[f"{symbol}_f"], z))


def body_size(
    table: Mapping[str, Parameter], v: Mapping[str, float], *, male: np.ndarray, normal: Draw
) -> dict[str, np.ndarray]:
    """Weight (kg), height (m), body-mass index (kg/m2) and body surface (m2); height is correlated with the log of weight.

    ``v`` holds the table's values by symbol, some of them replaced.
    """
    z_weight = normal("weight")
    weight = np.clip(drawn_by_sex(table, "wt", male, z_weight), table["wt_m"].lower, table["wt_m"].upper)
    z_height = correlated(z_weight, normal("height"), v["r_htwt"])
    height = np.where(male, v["ht_m"] + v["sd_ht_m"] * z_height, v["ht_f"] + v["sd_ht_f"] * z_height)
    return {
        "weight": weight,
        "height": height,
        "bmi": body_mass_index(weight, height),
        "body_surface": body_surface(weight, height, v),
    }


def _conditioning(v: Mapping[str, float], age: np.ndarray, comorbidity: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Myeloablative with a probability where age and comorbidity allow it, else reduced intensity."""
    points = np.select([comorbidity == label for label in _POINTS], list(_POINTS.values()))
    eligible = (age < v["age_mac"]) & (points <= v["hctci_mac"])
    return np.where(eligible & (u < v["p_mac"]), "myeloablative", "reduced intensity")
