"""Checks K1-K8, limits and laws of cell kill over the ranges of the table, and protraction integrated from its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.biology.radiation import functions as radiation
from inferon.evidence.check import all_checks
from inferon.model.catalogue import parameter_table
from inferon.protocol.conditioning import radiation_values

CHECKS = [check for check in all_checks() if check.module == "radiation"]
MISFITS = {"K8": {f"extinction, f_c 1e-4, {kill} log10, % relapsed" for kill in (0.3, 1.4)}}
"""The specification disagrees with its own second program; this engine agrees with the latter."""

QUICK = settings(max_examples=40)
FRACTIONS, DOSE = st.integers(1, 20), st.floats(0.1, 12)
GAP, DELIVERY, HALF_TIME = st.floats(0, 3), st.floats(0, 0.3), st.floats(0.5, 2)


def test_law_every_check_of_module_K_is_registered() -> None:
    assert [check.id for check in CHECKS] == [f"K{number}" for number in range(1, 9)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_oracle_acceptance_checks(judged, check) -> None:
    assert judged(check) == ({}, MISFITS.get(check.id, set()))


@st.composite
def constants(draw) -> dict[str, float]:
    """The table with every value that has a range moved within it."""
    moved = radiation_values()
    for symbol, row in parameter_table("radiation").items():
        if row.lower is not None and row.upper is not None:
            moved[symbol] = row.lower + draw(st.floats(0, 1)) * (row.upper - row.lower)
    return moved


def _kills(v, fractions, dose, gap, delivery) -> np.ndarray:
    factor = radiation.quadratic_factor(fractions, gap, delivery, v["T_rep"])
    return np.array(
        [radiation.log_kill(v[f"al_{t}"], v[f"be_{t}"], fractions, dose, factor) for t in radiation.TARGETS]
    )


@given(constants(), FRACTIONS, DOSE, GAP, DELIVERY)
@QUICK
def test_property_kill_rises_with_dose_and_number_and_falls_with_rest_and_duration(v, n, d, gap, delivery) -> None:
    kill = _kills(v, n, d, gap, delivery)
    assert np.all(kill > 0)
    assert np.all(_kills(v, n, d + 0.1, gap, delivery) > kill)
    assert np.all(_kills(v, n + 1, d, gap, delivery) > kill)
    assert np.all(_kills(v, n, d, gap + 0.1, delivery) <= kill + 1e-12)
    assert np.all(_kills(v, n, d, gap, delivery + 0.01) <= kill + 1e-12)


@given(constants(), FRACTIONS, DOSE, GAP)
@QUICK
def test_law_a_course_lies_between_fractions_alone_and_all_at_once(v, n, d, gap) -> None:
    kill, alone, at_once = (_kills(v, *how, 0.0) for how in ((n, d, gap), (n, d, 1e9), (1, n * d, 0.0)))
    assert np.all(alone <= kill + 1e-12) and np.all(kill <= at_once * (1 + 1e-12))
    assert alone == pytest.approx(n * _kills(v, 1, d, 0.0, 0.0), rel=1e-12)
    assert _kills(v, n, d, 0.0, 0.0) == pytest.approx(at_once, rel=1e-12)


@given(constants(), FRACTIONS, DOSE, GAP, DELIVERY)
@QUICK
def test_law_without_a_shoulder_only_total_dose_matters(v, n, d, gap, delivery) -> None:
    factor = radiation.quadratic_factor(n, gap, delivery, v["T_rep"])
    kill = radiation.log_kill(v["al_T"], 0.0, n, d, factor)
    assert kill == pytest.approx(v["al_T"] * n * d / np.log(10), rel=1e-12)
    assert radiation.surviving_share(kill) == pytest.approx(radiation.surviving_share(kill, n) ** n, rel=1e-9)


@given(FRACTIONS, st.floats(1e-3, 3), HALF_TIME)
@QUICK
def test_double_incomplete_repair_against_its_closed_form(n: int, gap: float, half_time: float) -> None:
    repair = radiation.repair_rate(half_time)
    theta = np.exp(-repair * gap)
    closed = 2 / n * theta / (1 - theta) * (n - (1 - theta**n) / (1 - theta))
    assert radiation.incomplete_repair(n, gap, repair) == pytest.approx(closed, rel=1e-8, abs=1e-10)


@given(st.floats(1e-6, 0.5), HALF_TIME)
@QUICK
def test_double_dose_rate_factor_from_pairs_of_instants(delivery: float, half_time: float) -> None:
    """Lea and Catcheside: pairs of instants of one delivery count by what has not been repaired between them."""
    repair, steps = radiation.repair_rate(half_time), 800
    at = delivery * (np.arange(steps) + 0.5) / steps
    pairs = np.exp(-repair * np.abs(at[:, None] - at[None, :])).mean()
    assert radiation.dose_rate_factor(delivery, repair) == pytest.approx(pairs, rel=1e-3)


def test_law_the_series_of_the_dose_rate_factor_meets_the_formula() -> None:
    x = np.array([0.0, 0.999e-3, 1.001e-3])
    factor = radiation.dose_rate_factor(x, 1.0)
    assert factor[0] == 1
    assert factor[1:] == pytest.approx(1 - x[1:] / 3, rel=1e-6)
    assert radiation.dose_rate_factor(1e6, 1.0) == pytest.approx(2e-6, rel=1e-3)


def test_law_functions_broadcast_over_patients_and_schedules() -> None:
    n, alpha = np.array([1, 6, 8]), np.linspace(0.3, 1.5, 4)[:, None]
    factor = radiation.quadratic_factor(n, np.array([0.0, 0.5, 0.25]), 0.01, 1.0)
    table = radiation.log_kill(alpha, 0.01, n, 2.0, factor)
    assert table.shape == (4, 3)
    single = radiation.quadratic_factor(8, 0.25, 0.01, 1.0)
    assert table[2, 2] == pytest.approx(radiation.log_kill(alpha[2, 0], 0.01, 8, 2.0, single), rel=1e-12)


@given(constants(), st.floats(0, 6), st.floats(0.01, 2))
@QUICK
def test_property_more_T_cell_kill_means_more_donor_cells_and_less_rejection(v, kill: float, more: float) -> None:
    donor = radiation.donor_t_cells(np.array([kill, kill + more]), v)
    rejected = radiation.rejection_probability(np.array([kill, kill + more]), v)
    assert 0 < donor[0] < donor[1] < 1 and 1 > rejected[0] > rejected[1] > 0


@given(constants(), st.floats(0, 60))
@QUICK
def test_property_early_toxicity_is_at_least_one_and_rises_with_lung_dose(v, late_dose: float) -> None:
    factor = radiation.early_toxicity_factor(late_dose, v)
    assert 1 <= factor <= radiation.early_toxicity_factor(late_dose + 1, v)
    assert radiation.early_toxicity_factor(v["BED3_ref"], v) == pytest.approx(max(1.0, v["f_hc_ref"]))


def test_law_a_kill_constant_gives_its_log_kill_over_a_course_of_integral_one() -> None:
    kill = np.array([0.3, 2.0])
    assert np.log10(np.exp(radiation.kill_constant(kill))) == pytest.approx(kill)
