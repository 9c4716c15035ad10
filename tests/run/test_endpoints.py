"""Endpoints of systems: each kind against numbers worked out another way."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from inferon.run.endpoints import COUNT, INCIDENCE, MEDIAN, PER_100_000, SHARE, SURVIVAL, Endpoint, curve, estimate

PATIENTS = pl.DataFrame(
    {
        "patient": [0, 1, 2, 3],
        "event_day": [10.0, None, 30.0, None],
        "other_day": [None, 20.0, None, None],
        "start_day": [5.0, None, 5.0, 5.0],
        "number": [1.0, 2.0, 3.0, 10.0],
    }
)
VISITS = pl.DataFrame({"patient": [0, 1, 0, 1], "time_days": [0.0, 0.0, 91.0, 91.0], "yes": [False, False, True, None]})


def _endpoint(kind: str, **parts) -> Endpoint:
    return Endpoint(label="x", definition="x", kind=kind, **parts)


def test_oracle_incidence_counts_the_event_and_lets_the_other_compete() -> None:
    event = _endpoint(INCIDENCE, events=("event_day",), competing=("other_day",))
    rows = estimate(event, PATIENTS, VISITS, [15.0, 40.0], follow_up=40.0)
    assert [row["estimate"] for row in rows] == pytest.approx([0.25, 0.5])
    assert {row["n"] for row in rows} == {4}


def test_oracle_time_runs_from_each_patients_own_day_zero() -> None:
    event = _endpoint(INCIDENCE, events=("event_day",), since="start_day")
    rows = estimate(event, PATIENTS, VISITS, [5.0, 26.0], follow_up=40.0)
    assert [row["n"] for row in rows] == [3, 3]
    assert [row["estimate"] for row in rows] == pytest.approx([1 / 3, 2 / 3])
    assert (
        estimate(event, PATIENTS, VISITS, [36.0], follow_up=40.0) == []
    )  # nobody is followed so long from his day zero


def test_law_an_endpoint_per_100_000_is_the_fraction_times_that() -> None:
    small = _endpoint(INCIDENCE, events=("event_day",), unit=PER_100_000)
    plain = _endpoint(INCIDENCE, events=("event_day",))
    one, other = (estimate(e, PATIENTS, VISITS, [40.0], follow_up=40.0)[0] for e in (small, plain))
    assert one["estimate"] == pytest.approx(1e5 * other["estimate"])
    assert curve(small, PATIENTS, follow_up=40.0)["estimate"][-1] == pytest.approx(one["estimate"])


def test_oracle_a_share_has_exact_limits_and_leaves_out_the_unknown() -> None:
    share = _endpoint(SHARE, holds=pl.col("yes"))
    rows = estimate(share, PATIENTS, VISITS, [0.0, 90.0, 300.0], follow_up=365.0)
    assert [(row["time_days"], row["estimate"], row["n"]) for row in rows] == [(0.0, 0.0, 2), (90.0, 1.0, 1)]
    assert rows[0]["upper"] == pytest.approx(binomtest(0, 2).proportion_ci(method="exact").high)


def test_oracle_limits_of_a_median_are_the_order_statistics_of_the_sign_test() -> None:
    values = pl.DataFrame({"patient": range(20), "number": np.arange(20.0)})
    row = estimate(_endpoint(MEDIAN, number=pl.col("number"), once=True), values, VISITS, [], follow_up=7.0)[0]
    assert (row["estimate"], row["lower"], row["upper"]) == (9.5, 5.0, 14.0)  # ranks 6 and 15 of 20 (Conover, table A3)


def test_oracle_a_count_is_a_mean_with_the_poisson_limits_of_its_total() -> None:
    row = estimate(_endpoint(COUNT, number=pl.col("number"), once=True), PATIENTS, VISITS, [], follow_up=7.0)[0]
    assert row["estimate"] == 4.0
    assert (row["lower"], row["upper"]) == pytest.approx(
        (9.145 / 4, 25.98 / 4), rel=1e-3
    )  # Garwood limits of 16 events


def test_law_survival_and_incidence_of_one_event_are_complements() -> None:
    times = [15.0, 35.0]
    alive = estimate(_endpoint(SURVIVAL, events=("event_day",)), PATIENTS, VISITS, times, follow_up=40.0)
    had = estimate(_endpoint(INCIDENCE, events=("event_day",)), PATIENTS, VISITS, times, follow_up=40.0)
    assert [a["estimate"] + b["estimate"] for a, b in zip(alive, had, strict=True)] == pytest.approx([1.0, 1.0])
