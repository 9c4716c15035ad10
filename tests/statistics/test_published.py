"""Numbers printed in the literature, worked by hand or by another program."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from inferon.statistics import aalen_johansen, clopper_pearson, kaplan_meier


def test_oracle_the_hand_worked_35_transplants_of_scrucca(shared: Path) -> None:
    """Scrucca, Santucci & Aversa, Bone Marrow Transplant 2007;40:381-387: second kind of event, both diseases together.

    An estimator that breaks ties at random gives 0.148 for the first of these numbers.
    """
    table = pl.read_csv(shared / "data" / "bmt_scrucca35.csv")
    assert table.height == 35
    second = aalen_johansen(table["ftime"], table["status"])[2]
    np.testing.assert_allclose(second.at([6, 12, 24])["estimate"], [0.176, 0.341, 0.446], atol=5e-4)


def test_oracle_freireich_remission_with_mercaptopurine() -> None:
    """Freireich 1963 as printed in Kalbfleisch & Prentice: median remission 23 weeks on 6-MP, S(23) = 0.448."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapsed = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(weeks, relapsed)
    assert curve.median.time == 23
    assert curve.at([23])["estimate"].item() == pytest.approx(0.448, abs=5e-4)


@pytest.mark.parametrize(
    ("events", "n", "lower", "upper"), [(14, 36, 0.2314, 0.5654), (0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0)]
)
def test_oracle_clopper_pearson_limits_equal_binom_test(events: int, n: int, lower: float, upper: float) -> None:
    interval = clopper_pearson(events, n)
    assert (interval.lower, interval.upper) == pytest.approx((lower, upper), abs=5e-5)
    assert f"{events}/{n}" in str(interval)
