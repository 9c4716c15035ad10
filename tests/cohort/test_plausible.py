"""Plausible patients: within every range and nobody else, the same patients whatever is drawn beside them."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort import draw_cohort
from inferon.cohort.plausible import chosen, draw_plausible, plausible, table_ranges
from inferon.model.catalogue import parameter_table

RANGES = {"T_d": (20.0, 60.0), "weight": (50.0, 110.0)}


def _drawn(numbers: np.ndarray):
    return draw_cohort("covariate-mix", numbers, seed=11)


def _look(cohort) -> pl.DataFrame:
    return cohort.covariates.select("weight").with_columns(T_d=pl.Series(cohort.parameters["transplant__T_d"]))


def test_oracle_limits_belong_to_the_range_and_missing_values_do_not() -> None:
    values = pl.DataFrame({"x": [0.9, 1.0, 2.0, 2.1, None], "y": [0.0, 1.0, np.nan, 3.0, 4.0]})
    found = plausible(values, {"x": (1.0, 2.0), "y": (-np.inf, np.inf)})
    assert found.accepted.tolist() == [False, True, False, False, False]
    assert found.reasons.rows() == [("x", 1.0, 2.0, 1, 1, 1), ("y", -np.inf, np.inf, 0, 0, 1)]
    assert found.share == pytest.approx(0.2)
    assert plausible(values.head(0), {"x": (1.0, 2.0)}).share == 0.0


def test_law_narrower_ranges_accept_a_subset_and_no_range_everybody() -> None:
    values = _look(_drawn(np.arange(500)))
    wide, narrow = plausible(values, RANGES), plausible(values, {"T_d": (30.0, 50.0), "weight": (60.0, 100.0)})
    assert not np.any(narrow.accepted & ~wide.accepted)
    assert 0 < narrow.share < wide.share < 1
    assert plausible(values, {}).accepted.all()


def test_law_accepted_patients_are_those_of_the_cohort_unchanged() -> None:
    cohort = _drawn(np.arange(300))
    mask = plausible(_look(cohort), RANGES).accepted
    kept, again = chosen(cohort, mask), _drawn(np.flatnonzero(mask))
    assert kept.patients.tolist() == np.flatnonzero(mask).tolist()
    assert kept.covariates.equals(again.covariates)
    for part in ("parameters", "effects", "draws"):
        for name, column in getattr(again, part).items():
            assert np.array_equal(getattr(kept, part)[name], column), name
    assert chosen(cohort, np.array([5, 2])).patients.tolist() == [5, 2]


def test_law_the_first_plausible_patients_are_the_same_in_any_block() -> None:
    cohorts = [draw_plausible(_drawn, _look, RANGES, patients=40, block=block) for block in (7, 64, 1000)]
    assert all(c.patients.tolist() == cohorts[0].patients.tolist() for c in cohorts)
    assert len(cohorts[0]) == 40
    assert plausible(_look(cohorts[0]), RANGES).accepted.all()


def test_law_ranges_of_a_table_are_those_of_its_rows() -> None:
    row = parameter_table("transplant")["T_d"]
    assert table_ranges("transplant", {"doubling": "T_d"}) == {"doubling": (row.lower, row.upper)}
    assert table_ranges("transplant", {"x": "K"})["x"][0] <= parameter_table("transplant")["K"].value


def test_fault_what_cannot_be_selected_is_told() -> None:
    values = pl.DataFrame({"x": [1.0]})
    with pytest.raises(KeyError, match="no quantity 'z'; allowed: x"):
        plausible(values, {"z": (0.0, 1.0)})
    with pytest.raises(ValueError, match="the range of x is empty: 2 to 1"):
        plausible(values, {"x": (2.0, 1.0)})
    with pytest.raises(KeyError, match="has no symbol 'T_dd'"):
        table_ranges("transplant", {"x": "T_dd"})
    with pytest.raises(ValueError, match="of 50 patients drawn 0 are plausible; 3 were asked for"):
        draw_plausible(_drawn, _look, {"weight": (500.0, 600.0)}, patients=3, most=50)
