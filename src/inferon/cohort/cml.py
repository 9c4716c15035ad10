"""Virtual patients with chronic myeloid leukaemia: first-line response, stopping treatment, and the 21 published ones.

The response population is the two-state model with drawn rates; the stopping population draws one of the published patients and
multiplies the rates by log-normal factors.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

import numpy as np
import polars as pl

from inferon.cohort.adults import adult_covariates
from inferon.cohort.distributions import log_normal
from inferon.cohort.draws import Columns, Source, disposition_effects, source_of
from inferon.cohort.populations import Cohort
from inferon.model.catalogue import biology, parameter_table

CML_POPULATIONS = ("cml-first-line", "cml-treatment-free", "cml-published")
"""First-line response; stopping treatment (drawn); stopping treatment (the 21 patients as published)."""

_NUMBERS = ("p_yx", "p_xy", "e_tki", "p_z", "K_z", "stop_month", "Y0")


@cache
def published_patients() -> pl.DataFrame:
    """The 21 published patients: number, class (A no immune control, B easy, C narrow), rates a month, month of stopping."""
    with (biology() / "cml" / "patients.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = {name: [float(row[name]) for row in rows] for name in _NUMBERS}
    return pl.DataFrame({"patient": [int(r["patient"]) for r in rows], "class": [r["class"] for r in rows], **columns})


def draw_cml_cohort(
    population: str, patients: np.ndarray, *, seed: int, overrides: Mapping[str, float] | None = None
) -> Cohort:
    """Virtual patients with the given numbers; patient i is the same whatever the others are.

    The numbers of ``cml-published`` are those of the publication, 1 to 21; drugs act in them as in a typical patient.
    ``overrides`` replaces table values by symbol. Raises ``KeyError`` for an unknown population or symbol and ``ValueError`` for
    a published patient who does not exist.
    """
    if population not in CML_POPULATIONS:
        raise KeyError(f"unknown population {population!r}; allowed: {', '.join(CML_POPULATIONS)}")
    source = source_of("cml", patients, seed=seed, overrides=overrides)
    covariates = adult_covariates(source, male_share="p_male_cml", age="age_cml")
    draws = {"extinction": source.u("extinction")}
    if population == "cml-first-line":
        parameters = _first_line(source)
    else:
        parameters, stopping = _stopping(source, varied=population == "cml-treatment-free")
        draws |= stopping
    if population == "cml-published":
        effects: Columns = {"weight": covariates["weight"].to_numpy()}
    else:
        parameters |= _answer_to_drugs(source)
        effects = disposition_effects(source, covariates)
    return Cohort(
        population, "reference", source.patients, covariates, dict(overrides or {}), parameters, effects, draws, seed
    )


def _first_line(source: Source) -> Columns:
    """Rates of the two-state model; the variability of ``e_tki`` is that of the fast slope ``e_tki - p_y2``."""
    v = source.values["cml"]
    slope = (v["e_tki"] - v["p_y2"]) * _factor(source, "e_tki", "fast slope")
    columns = {"p_xy": source.varied("cml", "p_xy"), "p_yx": source.varied("cml", "p_yx"), "e_tki": v["p_y2"] + slope}
    return {f"cml__{name}": column for name, column in columns.items()}


def _stopping(source: Source, *, varied: bool) -> tuple[Columns, Columns]:
    """Rates of the three-state model, and the day treatment stops with the number of the published patient behind each."""
    table, v = published_patients(), source.values["cml"]
    count = len(table)
    chosen = (source.u("published patient") * count).astype(int) if varied else source.patients - 1
    if not np.all((chosen >= 0) & (chosen < count)):
        raise ValueError(f"there are {count} published patients, numbered from 1")
    row = {name: table[name].to_numpy()[chosen] for name in _NUMBERS}

    def factor(symbol: str) -> np.ndarray | float:
        return _factor(source, symbol) if varied else 1.0

    rates = {
        "p_xy": row["p_xy"] * factor("p_xy_core"),
        "p_yx": row["p_yx"] * factor("p_yx_core"),
        "e_tki": v["p_y"] + (row["e_tki"] - v["p_y"]) * factor("e_tki_core"),
        "p_z": row["p_z"] * factor("p_z_core"),
        "K_z": row["K_z"] * factor("K_z"),
        "Y0": row["Y0"],
    }
    stopping = {"stop_day": row["stop_month"] * v["d_mo"], "published_patient": chosen + 1}
    return {f"cml__{name}": column for name, column in rates.items()}, stopping


def _factor(source: Source, symbol: str, stream: str | None = None) -> np.ndarray:
    """A log-normal factor of median 1 with the variability of the symbol's row."""
    return log_normal(source.z(stream or symbol), 1.0, parameter_table("cml")[symbol].variability or 0.0)


def _answer_to_drugs(source: Source) -> Columns:
    """How the leukaemia and the interferon signal of each patient answer."""
    disease = {f"cml__{s}": source.varied("cml", s) for s in ("kifn", "kara")}
    signal = {f"interferon_response__{s}": source.varied("interferon_response", s) for s in ("EC0", "k_U", "EC_ap")}
    return {**disease, **signal}
