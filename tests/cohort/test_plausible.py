"""Plausible patients: within every range and nobody else."""

import numpy as np
import polars as pl
import pytest

from inferon.cohort import draw_cohort
from inferon.cohort.plausible import plausible
from inferon.cohort.quantities import quantities

RANGES = {"T_d": (20.0, 60.0), "weight": (50.0, 110.0)}


def test_oracle_limits_belong_to_the_range_and_missing_values_do_not() -> None:
    values = pl.DataFrame({"x": [0.9, 1.0, 2.0, 2.1, None], "y": [0.0, 1.0, np.nan, 3.0, 4.0]})
    found = plausible(values, {"x": (1.0, 2.0), "y": (-np.inf, np.inf)})
    assert found.accepted.tolist() == [False, True, False, False, False]
    assert found.reasons.rows() == [("x", 1.0, 2.0, 1, 1, 1), ("y", -np.inf, np.inf, 0, 0, 1)]
    assert found.share == pytest.approx(0.2)
    assert plausible(values.head(0), {"x": (1.0, 2.0)}).share == 0.0


def test_law_narrower_ranges_accept_a_subset_and_no_range_everybody() -> None:
    values = quantities(draw_cohort("covariate-mix", np.arange(500), seed=11))
    wide, narrow = plausible(values, RANGES), plausible(values, {"T_d": (30.0, 50.0), "weight": (60.0, 100.0)})
    assert not np.any(narrow.accepted & ~wide.accepted)
    assert 0 < narrow.share < wide.share < 1
    assert plausible(values, {}).accepted.all()


def test_fault_what_cannot_be_selected_is_told() -> None:
    values = pl.DataFrame({"x": [1.0]})
    with pytest.raises(KeyError, match="no quantity 'z'; allowed: x"):
        plausible(values, {"z": (0.0, 1.0)})
    with pytest.raises(ValueError, match="the range of x is empty: 2 to 1"):
        plausible(values, {"x": (2.0, 1.0)})
