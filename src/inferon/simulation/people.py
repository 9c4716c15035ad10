"""Who is simulated: the typical patient, and populations that other rooms draw in a form of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from inferon.biology.population.functions import body_surface
from inferon.cohort import Cohort
from inferon.cohort.distributions import log_normal
from inferon.cohort.draws import source_of
from inferon.cohort.treated_adults import draw_treated_adults
from inferon.model.catalogue import parameter_table
from inferon.model.model import Model
from inferon.random import normal
from inferon.trial.acute_leukaemia_treatment import SENSITIVITY
from inferon.trial.marrow_tables import consequences

TYPICAL = "typical patient"
VARIED = "varied patients"


def typical_patient(overrides: Mapping[str, float], seed: int) -> Cohort:
    """One patient with the values of the tables; weight and body surface are the means of the medians of men and women."""
    v = {symbol: row.value for symbol, row in parameter_table("population").items()}
    weight, height = (0.5 * (v[f"{name}_m"] + v[f"{name}_f"]) for name in ("wt", "ht"))
    size = {"weight": np.array([weight]), "body_surface": np.array([float(body_surface(weight, height, v))])}
    effects = {"weight": size["weight"]}
    numbers, covariates = np.array([0]), pl.DataFrame(size)
    return Cohort(TYPICAL, "", numbers, covariates, dict(overrides), {}, effects, {}, seed)


def typical_acute(overrides: Mapping[str, float], seed: int) -> Cohort:
    """The typical patient with one leukaemic stem cell on day 0."""
    patient = typical_patient(overrides, seed)
    return replace(patient, parameters=_one_cell(1, overrides))


def typical_graft(overrides: Mapping[str, float], seed: int) -> Cohort:
    """The typical patient after conditioning of reduced intensity, with the graft of the table."""
    patient = typical_patient(overrides, seed)
    graft, marrow = (
        {s: overrides.get(s, r.value) for s, r in parameter_table(f).items()} for f in ("transplant", "marrow")
    )
    left = {
        "host__remaining_C1": 10 ** -marrow["LK_C1_RIC"],
        "host__remaining_other": 10 ** -marrow["LK_C2_RIC"],
        "donor__remaining_C1": 0.0,
        "donor__remaining_other": 0.0,
    }
    draws = {"cd34": np.array([graft["CD34"]]), "committed": np.ones(1)}
    return replace(patient, parameters={name: np.array([share]) for name, share in left.items()}, draws=draws)


def _one_cell(patients: int, overrides: Mapping[str, float]) -> dict[str, np.ndarray]:
    start = overrides.get("L1_0", consequences()["one_cell"])
    return {"leukaemia__L1_0": np.full(patients, start)}


def alike(patients: np.ndarray, overrides: Mapping[str, float], seed: int) -> Cohort:
    """As many typical patients as there are numbers."""
    one, count = typical_patient(overrides, seed), len(patients)
    covariates = pl.concat([one.covariates] * count)
    return replace(
        one,
        population=VARIED,
        patients=patients,
        covariates=covariates,
        effects={"weight": covariates["weight"].to_numpy()},
    )


def draw_adults(_: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    """Adults without leukaemia; a replaced median moves everybody by the same factor, as all of them are log-normal."""
    drawn = draw_treated_adults(patients, seed=seed)
    table = parameter_table("interferon_response")
    columns = dict(drawn.parameters)
    for name, column in drawn.parameters.items():
        symbol = name.removeprefix("interferon_response__")
        if symbol in overrides and symbol in table:
            columns[name] = column * (overrides[symbol] / table[symbol].value)
    return Cohort(
        "treated adults", "", drawn.patients, drawn.covariates, dict(overrides), columns, drawn.effects, {}, seed
    )


def draw_acute(preset: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    """Patients whose clone has the pace of a preset of acute leukaemia, varied as its row says, and their own sensitivity."""
    rows = parameter_table("marrow")
    pace, renewal = rows[f"p1L_{preset}"], rows[f"a1L_{preset}"]
    z = normal(seed, "proliferation of the clone", patients)
    speed = log_normal(z, overrides.get(pace.symbol, pace.value), pace.variability or 0.0)
    columns = {"leukaemia__p1L": speed, "leukaemia__p2L": speed, **_one_cell(len(patients), overrides)}
    columns["leukaemia__a1L"] = np.full(len(patients), overrides.get(renewal.symbol, renewal.value))
    sensitivity = {SENSITIVITY: normal(seed, SENSITIVITY, patients)}
    return replace(alike(patients, overrides, seed), population=preset, parameters=columns, draws=sensitivity)


def draw_lymphocytic(name: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    """Patients whose chronic lymphocytic clone is born and dies at a pace of its own."""
    source = source_of("marrow", patients, seed=seed, overrides=overrides)
    columns = {f"cll__{symbol}": source.varied("marrow", symbol) for symbol in ("b_CLL", "d_CLL")}
    return replace(alike(patients, overrides, seed), population=name, parameters=columns)


def varied(cohort: Cohort, model: Model, spread: Mapping[str, float]) -> Cohort:
    """The same patients with the named parameters multiplied by a log-normal factor of median 1 and the given variability."""
    columns = dict(cohort.parameters)
    for name, cv in spread.items():
        row = model.parameters[name]
        median = columns.get(name, np.full(len(cohort), float(cohort.constants.get(row.symbol, row.value))))
        columns[name] = median * log_normal(normal(cohort.seed, f"varied {name}", cohort.patients), 1.0, cv)
    return replace(cohort, parameters=columns)
