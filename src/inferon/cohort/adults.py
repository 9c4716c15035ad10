"""Adults treated outside transplantation: their covariates."""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.biology.population.functions import creatinine_clearance
from inferon.cohort.covariates import body_size, drawn, drawn_by_sex
from inferon.cohort.draws import Source
from inferon.model.catalogue import parameter_table


def adult_covariates(source: Source, *, male_share: str, age: str) -> pl.DataFrame:
    """One row a patient: sex, age (yr), weight (kg), height (m), BMI, body surface (m2), creatinine clearance (mL/min), counts.

    ``male_share`` and ``age`` name the rows of the population table; the spread of age is the row ``sd_`` + ``age``.
    """
    table, v = parameter_table("population"), source.values["population"]
    male = source.u("sex") < v[male_share]
    years = v[age] + v[f"sd_{age}"] * source.z("age")
    size = body_size(table, v, male=male, normal=source.z)
    creatinine = drawn_by_sex(table, "scr", male, source.z("creatinine"))
    return pl.DataFrame(
        {
            "sex": np.where(male, "male", "female"),
            "age": years,
            **size,
            "creatinine": creatinine,
            "creatinine_clearance": creatinine_clearance(years, size["weight"], creatinine, male, v),
            "baseline_neutrophils": drawn(table["anc0"], source.z("baseline ANC")),
            "baseline_platelets": drawn(table["plt0"], source.z("baseline PLT")),
            "baseline_haemoglobin": drawn_by_sex(table, "hb0", male, source.z("baseline Hb")),
        }
    )
