"""The draws of one study for one set of patients, and what every population makes of them in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.cohort.distributions import correlated, log_normal
from inferon.model.catalogue import parameter_table
from inferon.random import exponential, normal, uniform

Columns = dict[str, np.ndarray]

_EVERYBODY = ("interferon_pk", "interferon_response", "marrow", "population")
"""Folders whose tables every population draws from."""


@dataclass(frozen=True)
class Source:
    """Draws of one study for one set of patients, and the parameter tables with replaced values put in.

    Attributes
    ----------
    seed: of the study. patients: their numbers; with the name of a stream they address every draw.
    values: table values by folder and symbol.
    """

    seed: int
    patients: np.ndarray
    values: Mapping[str, Mapping[str, float]]

    def z(self, stream: str) -> np.ndarray:
        """One standard normal draw a patient."""
        return normal(self.seed, stream, self.patients)

    def u(self, stream: str) -> np.ndarray:
        """One uniform draw a patient."""
        return uniform(self.seed, stream, self.patients)

    def e(self, stream: str) -> np.ndarray:
        """One unit exponential a patient."""
        return exponential(self.seed, stream, self.patients)

    def varied(self, folder: str, symbol: str, stream: str | None = None) -> np.ndarray:
        """A log-normal quantity with the median and variability of its table row."""
        cv = parameter_table(folder)[symbol].variability
        return log_normal(self.z(stream or symbol), self.values[folder][symbol], cv)


def source_of(folder: str, patients: np.ndarray, *, seed: int, overrides: Mapping[str, float] | None = None) -> Source:
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
    return Source(seed, np.asarray(patients, dtype=np.int64), values)


def disposition_effects(source: Source, covariates: pl.DataFrame, *, covariates_act: bool = True) -> Columns:
    """Random effects and covariates that each product's absorption, clearance and volume are made from.

    The product gives medians and variability. Weight (kg) is always there; kidney function and body mass only where they act.
    """
    z_cl = source.z("clearance")
    z_v = correlated(z_cl, source.z("volume"), source.values["population"]["r_clv"])
    effects = {"ka": source.z("absorption"), "CL": z_cl, "V": z_v}
    effects |= {name: source.z(name) for name in ("T0", "T50", "kint", "R0")}
    effects["weight"] = covariates["weight"].to_numpy()
    if covariates_act:
        effects |= {"CrCL": covariates["creatinine_clearance"].to_numpy(), "BMI": covariates["bmi"].to_numpy()}
        effects["WT"] = effects["weight"]
    return effects
