"""Units of the tables are those of the equations, and closed forms give the same answer in any other units.

libSBML judges the equations. A closed form is judged by writing its constants and arguments in units smaller by some factor, one
dimension at a time: a right formula multiplies its result by the factor of the result's unit and changes nothing else, so a row
whose unit is wrong (1/Gy for 1/Gy2), or that is added to something of another kind, shows. Cells are counted, not measured.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from inferon.biology.cml import functions as cml
from inferon.biology.hairy_cell import functions as hairy_cell
from inferon.biology.hepatitis_c import functions as hepatitis_c
from inferon.biology.mpn import functions as mpn
from inferon.biology.onset import clone, lifetime
from inferon.biology.onset import functions as onset
from inferon.biology.population import functions as population
from inferon.biology.post_transplant import functions as post_transplant
from inferon.biology.radiation import functions as radiation
from inferon.biology.toxicity import functions as toxicity
from inferon.model import load_module
from inferon.model.antimony_source import ModelError
from inferon.model.catalogue import folders, module_folder, modules, parameter_table
from inferon.model.compose import Instance, compose
from inferon.model.parameters import UNIT_IDS

from .table_units import DIMENSIONS, factor, in_other_units


@pytest.mark.parametrize("folder", folders())
def test_law_every_unit_of_a_table_is_known(folder: str) -> None:
    assert {row.unit for row in parameter_table(folder).values()} <= DIMENSIONS.keys()


@pytest.mark.parametrize("name", modules())
def test_law_rows_have_the_units_of_the_equations(name: str) -> None:
    module, table = load_module(name), parameter_table(module_folder(name).name)
    inside = [c for c in module.parts.constants if c in table]
    assert {c: module.parts.units[c] for c in inside} == {c: UNIT_IDS[table[c].unit] for c in inside}


def test_fault_a_row_in_another_unit_is_refused() -> None:
    module = load_module("low_dose_cytarabine")
    wrong = replace(module.table["k_E"], unit="1/mo")
    with pytest.raises(ModelError, match=r"k_E is per_day in the equations but 1/mo in cml/k_E"):
        compose("wrong", [Instance(replace(module, table={**module.table, "k_E": wrong}))])


SCALES = {"time": 3.0, "Gy": 7.0, "ng/mL": 0.3, "kg": 2.0, "m": 5.0, "cells/kg": 11.0, "volume": 0.01}
SCALES |= {"mg/dL": 13.0, "mL/min": 0.7, "ppm": 4.0, "pack": 0.2, "points": 9.0, "scaled": 17.0, "U/mL": 19.0}
NOTHING: dict[str, float] = {}

Case = tuple[str, Callable, dict[str, tuple[float, str]], tuple[str, ...]]


def _last(function: Callable) -> Callable:
    return lambda values, **given: function(*given.values(), values)


FORMS: dict[str, Case] = {
    "excess by dose": ("onset", _last(onset.dose_response), {"dose": (3.0, "Gy")}, ("1",)),
    "excess of one exposure": (
        "onset",
        _last(onset.radiation_excess),
        {"dose": (3.0, "Gy"), "exposed": (20.0, "yr"), "age": (33.0, "yr")},
        ("1",),
    ),
    "excess, alternative": (
        "onset",
        _last(onset.alternative_radiation_excess),
        {"dose": (0.4, "Gy"), "exposed": (20.0, "yr"), "age": (33.0, "yr")},
        ("1",),
    ),
    "background death": ("onset", _last(onset.background_death_rate), {"age": (40.0, "yr")}, ("1/yr",)),
    "benzene": (
        "onset",
        lambda v, **x: onset.benzene_risk(*onset.benzene_dose(*x.values(), v), "AML", v),
        {"ppm": (3.0, "ppm"), "from": (20.0, "yr"), "until": (30.0, "yr"), "age": (41.0, "yr")},
        ("1",),
    ),
    "benzene, power form": ("onset", _last(onset.benzene_risk_power), {"dose": (40.0, "ppm-yr")}, ("1",)),
    "smoking": ("onset", lambda v, dose: onset.smoking_risk(dose, True, v), {"dose": (20.0, "pack-yr")}, ("1",)),
    "risk after therapy": (
        "onset",
        lambda v, since: onset.therapy_risk(since, (v["pA_high"], v["pT_high"]), v),
        {"since": (4.0, "yr")},
        ("1",),
    ),
    "hazard after therapy": (
        "onset",
        lambda v, since: onset.therapy_rates(since, (v["pA_high"], v["pT_high"]), v),
        {"since": (4.0, "yr")},
        ("1/yr", "1/yr"),
    ),
    "prevalence as published": ("onset", _last(onset.published_prevalence), {"age": (60.0, "yr")}, ("1",)),
    "prevalence of clones": ("onset", _last(clone.clonal_prevalence), {"age": (60.0, "yr")}, ("1",)),
    "years to carriage": (
        "onset",
        lambda v: clone.years_to_carriage(v["s_chip"], v),
        {},
        ("yr",),
    ),
    "variant fraction": (
        "onset",
        lambda v, years: clone.variant_fraction(v["s_chip"], years, v),
        {"years": (50.0, "yr")},
        ("1",),
    ),
    "life expectancy": (
        "onset",
        lambda v, step: lifetime.life_expectancy(np.repeat([v["mu_c"], v["mu_0"]], 200), step),
        {"step": (0.25, "yr")},
        ("yr",),
    ),
    "kill by radiation": (
        "radiation",
        lambda v, dose, gap, takes: radiation.log_kill(
            v["al_C1"], v["be_C1"], 6, dose, radiation.quadratic_factor(6, gap, takes, v["T_rep"])
        ),
        {"dose": (2.0, "Gy"), "gap": (0.25, "d"), "takes": (0.05, "d")},
        ("1",),
    ),
    "lung dose": (
        "radiation",
        lambda v, dose: radiation.late_effect_dose(6, dose, v["ab_lung"]),
        {"dose": (2.0, "Gy")},
        ("Gy",),
    ),
    "early toxicity": ("radiation", _last(radiation.early_toxicity_factor), {"late": (26.0, "Gy")}, ("1",)),
    "body-mass index": (
        "population",
        lambda v, kg, m: population.body_mass_index(kg, m),
        {"kg": (85.0, "kg"), "m": (1.76, "m")},
        ("kg/m2",),
    ),
    "body surface": (
        "population",
        _last(population.body_surface),
        {"kg": (85.0, "kg"), "m": (1.76, "m")},
        ("m2",),
    ),
    "creatinine clearance": (
        "population",
        lambda v, age, kg, creatinine: population.creatinine_clearance(age, kg, creatinine, False, v),
        {"age": (60.0, "yr"), "kg": (71.0, "kg"), "creatinine": (0.78, "mg/dL")},
        ("mL/min",),
    ),
    "marrow at rest": (
        "marrow",
        lambda v: tuple(hairy_cell.marrow_at_rest(np.array(0.3), v).values()),
        {},
        ("cells/kg", "cells/kg", "1", "1"),
    ),
    "hairy cells without bound": (
        "hairy_cell",
        lambda v, day: hairy_cell.index_without_bound(day, v["Hc0"], v["g"], v["k_hcl"], 0.6, v["tau"]),
        {"day": (90.0, "d")},
        ("1",),
    ),
    "regrowth of hairy cells": ("hairy_cell", lambda v: hairy_cell.regrowth_days(0.01, 0.5, v["g"], 0.95), {}, ("d",)),
    "soluble receptor": (
        "hairy_cell",
        lambda v: hairy_cell.soluble_receptor(0.5, v["sIL2R_0"], v["sIL2R_slope"]),
        {},
        ("U/mL",),
    ),
    "hepatitis at rest": (
        "hepatitis_c",
        lambda v: tuple(hepatitis_c.steady_state(v).values()),
        {},
        ("copies/mL", "copies/mL", "copies/mL"),
    ),
    "response by exposure": (
        "mpn",
        lambda v, mean: (
            mpn.complete_response_probability(mean, 24, v),
            mpn.complete_response_probability(mean, 52, v),
        ),
        {"mean": (30.0, "ng/mL")},
        ("1", "1"),
    ),
    "allele burden by exposure": (
        "mpn",
        lambda v, mean, kg: (
            mpn.allele_burden_change(mean, 24, v, weight=kg),
            mpn.allele_burden_change(mean, 52, v),
        ),
        {"mean": (30.0, "ng/mL"), "kg": (70.0, "kg")},
        ("points", "points"),
    ),
    "concentration that turns the clone": ("mpn", mpn.least_concentration, {}, ("ng/mL",)),
    "immune window": (
        "cml",
        lambda v: cml.immune_window(v["p_z_core"], v["K_z"], v["a"]),
        {},
        ("cells (scaled)", "cells (scaled)"),
    ),
    "transaminase rise": (
        "toxicity",
        lambda v, mean: toxicity.alt_peak(
            0.01, mean, intercept=v["b0_alt"], slope=v["b1_alt"], scale=0.4, limit=v["alt_g2"]
        ),
        {"mean": (12.0, "ng/mL")},
        ("x ULN",),
    ),
    "day of a serious event": (
        "toxicity",
        lambda v, window: toxicity.day_of_constant_hazard(0.1, probability=v["p_sae_hct"], window=window),
        {"window": (60.0, "d")},
        ("d",),
    ),
    "GVHD after lymphocytes": (
        "post_transplant",
        lambda v, dose: post_transplant.gvhd_probability(
            dose, intercept=v["a_gvhd"], slope=v["b_gvhd"], log10_reference=v["log10_dose_gvhd"]
        ),
        {"dose": (5e6, "cells/kg")},
        ("1",),
    ),
    "onset of GVHD": (
        "post_transplant",
        lambda v: post_transplant.gvhd_onset(0.7, median_days=v["t_gvhd"], log_sd=0.5),
        {},
        ("d",),
    ),
}
"""What is asked, the table its constants come from, its arguments with their units, and the units of its results."""

OF_ARGUMENTS = {**DIMENSIONS, "ppm": {"ppm": 1}, "ppm-yr": {"ppm": 1, "time": 1}, "pack-yr": {"pack": 1, "time": 1}}
OF_ARGUMENTS |= {"kg/m2": {"kg": 1, "m": -2}, "m2": {"m": 2}, "mL/min": {"mL/min": 1}}


def _answer(case: Case, scales: dict[str, float], values: dict[str, float] | None = None) -> np.ndarray:
    folder, function, given, units = case
    arguments = {name: np.float64(x * factor(OF_ARGUMENTS[unit], scales)) for name, (x, unit) in given.items()}
    results = function(values or in_other_units(folder, scales), **arguments)
    results = results if isinstance(results, tuple) else (results,)
    by = [factor(OF_ARGUMENTS[unit], scales) for unit in units]
    return np.array([np.ravel(r)[0] / b for r, b in zip(results, by, strict=True)], dtype=float)


@pytest.mark.parametrize("name", FORMS)
def test_law_a_closed_form_gives_the_same_in_other_units(name: str) -> None:
    usual = _answer(FORMS[name], NOTHING)
    assert np.all(np.isfinite(usual))
    for dimension, scale in SCALES.items():
        assert _answer(FORMS[name], {dimension: scale}) == pytest.approx(usual, rel=1e-9), dimension


@pytest.mark.parametrize(
    ("name", "symbol", "unit", "dimension"),
    [
        ("kill by radiation", "be_C1", "1/Gy", "Gy"),
        ("kill by radiation", "T_rep", "1", "time"),
        ("creatinine clearance", "cg_scale", "1", "kg"),
        ("hepatitis at rest", "beta", "1/d", "volume"),
        ("concentration that turns the clone", "EC_D", "1", "ng/mL"),
        ("excess by dose", "kap_rad", "Gy", "Gy"),
    ],
)
def test_fault_a_row_with_a_wrong_unit_is_noticed(name: str, symbol: str, unit: str, dimension: str) -> None:
    case, scales = FORMS[name], {dimension: SCALES[dimension]}
    values = in_other_units(case[0], scales)
    values[symbol] = parameter_table(case[0])[symbol].value * factor(DIMENSIONS[unit], scales)
    assert _answer(case, scales, values) != pytest.approx(_answer(case, NOTHING), rel=1e-6)
