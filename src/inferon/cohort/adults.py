"""Adults treated outside transplantation: their covariates, and what makes their handling of interferon their own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from inferon.cohort.covariates import _body_size, _by_sex, _cockcroft_gault, _drawn
from inferon.cohort.populations import Columns, _disposition_effects, _Source
from inferon.model.catalogue import parameter_table

_EVERYBODY = ("interferon_pk", "interferon_response", "marrow", "population")


def source_of(folder: str, patients: np.ndarray, *, seed: int, overrides: Mapping[str, float] | None = None) -> _Source:
    """The draws of one study for patients by number, with the tables of a disease's ``folder`` and those everybody needs.

    ``overrides`` replaces table values by symbol. Raises ``KeyError`` for a symbol no table has.
    """
    values = {f: {s: row.value for s, row in parameter_table(f).items()} for f in (*_EVERYBODY, folder)}
    for symbol, value in (overrides or {}).items():
        holders = [table for table in values.values() if symbol in table]
        if not holders:
            raise KeyError(f"unknown parameter {symbol!r}")
        for table in holders:
            table[symbol] = float(value)
    return _Source(seed, np.asarray(patients, dtype=np.int64), values)


def adult_covariates(source: _Source, *, male_share: str, age: str) -> pl.DataFrame:
    """One row a patient: sex, age (yr), weight (kg), height (m), BMI, body surface (m2), creatinine clearance (mL/min), counts.

    ``male_share`` and ``age`` name the rows of the population table; the spread of age is the row ``sd_`` + ``age``.
    """
    table, v = parameter_table("population"), source.values["population"]
    male = source.u("sex") < v[male_share]
    years = v[age] + v[f"sd_{age}"] * source.z("age")
    size = _body_size(table, v, male, source.z)
    creatinine = _by_sex(table, "scr", male, source.z("creatinine"))
    return pl.DataFrame(
        {
            "sex": np.where(male, "male", "female"),
            "age": years,
            **size,
            "creatinine": creatinine,
            "creatinine_clearance": _cockcroft_gault(years, size["weight"], creatinine, male),
            "baseline_neutrophils": _drawn(table["anc0"], source.z("baseline ANC")),
            "baseline_platelets": _drawn(table["plt0"], source.z("baseline PLT")),
            "baseline_haemoglobin": _by_sex(table, "hb0", male, source.z("baseline Hb")),
        }
    )


def disposition_effects(source: _Source, covariates: pl.DataFrame) -> Columns:
    """Random effects and covariates that each product's absorption, clearance and volume are made from; covariates act."""
    return _disposition_effects(source, covariates, mix=True)
