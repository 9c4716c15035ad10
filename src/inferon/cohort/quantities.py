"""What is known of a transplant patient on the day before the graft: the quantities people can be chosen by.

Covariates, the read-out of leukaemic load at the start, the individual values of parameters that differ between patients, and the
doses of the graft. Nothing that happens later is among them: choosing by it would make a trial depend on its own future.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from inferon.cohort.covariates import STRATA
from inferon.cohort.populations import Cohort
from inferon.model.catalogue import parameter_table
from inferon.model.model import Parameter

COVARIATES = {
    **dict.fromkeys(STRATA, ""),
    "age": "yr",
    "weight": "kg",
    "height": "m",
    "bmi": "kg/m2",
    "body_surface": "m2",
    "creatinine": "mg/dL",
    "creatinine_clearance": "mL/min",
    "baseline_neutrophils": "1e9/L",
    "baseline_platelets": "1e9/L",
    "baseline_haemoglobin": "g/dL",
}
"""Unit of every covariate; classes have none. The same patients have the same covariates in every family and population."""

LOAD = "log10_L"
"""Read-out of the leukaemic load (log10 cells) on day -1."""

_PARAMETERS = {
    "interferon_response": ("EC0", "k_U", "EC_ap", "IC_anc"),
    "transplant": ("T_d", "k_L", "k_A", "rho_A", "rho_L", "k_G", "k_eng", "T_A0", "T_L0", "IS0"),
}
_GRAFT = ("CD34", "CD3")


def parameters() -> dict[str, Parameter]:
    """The rows of the parameter tables whose values differ between patients, by symbol; graft doses among them."""
    symbols = [(folder, symbol) for folder, symbols in _PARAMETERS.items() for symbol in symbols]
    symbols += [("transplant", symbol) for symbol in _GRAFT]
    return {symbol: parameter_table(folder)[symbol] for folder, symbol in symbols}


def units() -> dict[str, str]:
    """Every quantity, with its unit."""
    return {**COVARIATES, LOAD: "log10 cells", **{symbol: row.unit for symbol, row in parameters().items()}}


def quantities(cohort: Cohort) -> pl.DataFrame:
    """One row a patient, one column a quantity of ``units``."""
    columns = {
        LOAD: np.log10(cohort.parameters["transplant__L0"]),
        **{s: cohort.parameters[f"{folder}__{s}"] for folder, symbols in _PARAMETERS.items() for s in symbols},
        **{symbol: cohort.draws[symbol.lower()] for symbol in _GRAFT},
    }
    return cohort.covariates.select(*COVARIATES).with_columns(pl.Series(n, column) for n, column in columns.items())
