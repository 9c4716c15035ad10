"""Composite endpoints: definitions, precedence, and what is refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.composite import ENDPOINTS, composite_endpoint
from inferon.statistics.curves.kaplan_meier import kaplan_meier

FOLLOW_UP = [400, 300, 90, 500, 200]
COMPONENTS = {
    "acute_gvhd_3_4": [None, 40, None, None, 200],
    "severe_chronic_gvhd": [None, None, None, 180, None],
    "relapse": [None, 250, 80, None, 200],
    "death": [None, 300, 90, None, 200],
}


def test_double_grfs_of_five_patients_worked_by_hand() -> None:
    result = composite_endpoint(FOLLOW_UP, components=COMPONENTS, endpoint="gvhd_free_relapse_free_survival")
    assert result.time.tolist() == [400, 40, 80, 180, 200]
    assert result.event.tolist() == [False, True, True, True, True]
    assert result.cause == [None, "acute_gvhd_3_4", "relapse", "severe_chronic_gvhd", "acute_gvhd_3_4"]
    leukaemia_free = composite_endpoint(FOLLOW_UP, components=COMPONENTS, endpoint="leukaemia_free_survival")
    assert leukaemia_free.time.tolist() == [400, 250, 80, 500, 200]
    assert leukaemia_free.cause == [None, "relapse", "relapse", None, "relapse"]
    assert "events = 4 (acute_gvhd_3_4 2" in repr(result)


def test_law_pairs_of_time_and_event_mean_the_same_as_missing_times() -> None:
    pairs = {
        name: ([time or FOLLOW_UP[i] for i, time in enumerate(times)], [time is not None for time in times])
        for name, times in COMPONENTS.items()
    }
    for endpoint in ("gvhd_free_relapse_free_survival", "overall_survival", ("relapse", "acute_gvhd_3_4")):
        one = composite_endpoint(FOLLOW_UP, components=COMPONENTS, endpoint=endpoint)
        other = composite_endpoint(FOLLOW_UP, components=pairs, endpoint=endpoint)
        assert one.to_frame().equals(other.to_frame(), null_equal=True)


def test_law_order_of_the_components_decides_ties_only() -> None:
    one = composite_endpoint(FOLLOW_UP, components=COMPONENTS, endpoint=("relapse", "death"))
    other = composite_endpoint(FOLLOW_UP, components=COMPONENTS, endpoint=("death", "relapse"))
    np.testing.assert_array_equal(one.time, other.time)
    assert (one.cause[4], other.cause[4]) == ("relapse", "death")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40), st.integers(1, 40)), min_size=2, max_size=30))
def test_law_first_components_are_competing_causes_of_the_composite(rows) -> None:
    end, relapse, death = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    parts = {"relapse": np.where(relapse <= end, relapse, np.nan), "death": np.where(death <= end, death, np.inf)}
    result = composite_endpoint(end, components=parts)
    np.testing.assert_array_equal(result.time, np.minimum(np.minimum(relapse, death), end))
    by_cause = aalen_johansen(result.time, result.cause, causes=["relapse", "death"])
    free = kaplan_meier(result.time, result.event).estimate
    np.testing.assert_allclose(by_cause["relapse"].estimate + by_cause["death"].estimate + free, 1.0, atol=1e-12)


def test_law_a_wider_endpoint_never_comes_later() -> None:
    counted = {**COMPONENTS, "graft_failure": [None] * 5}
    times = {name: composite_endpoint(FOLLOW_UP, components=counted, endpoint=name).time for name in ENDPOINTS}
    assert (times["gvhd_free_relapse_free_survival"] <= times["chronic_gvhd_free_relapse_free_survival"]).all()
    assert (times["chronic_gvhd_free_relapse_free_survival"] <= times["leukaemia_free_survival"]).all()
    assert (times["event_free_survival"] <= times["leukaemia_free_survival"]).all()
    assert (times["leukaemia_free_survival"] <= times["overall_survival"]).all()


def test_fault_components_that_cannot_be_are_refused_with_their_position() -> None:
    with pytest.raises(
        ValueError, match=r"'relapse' happened after the end of follow-up \(8\): found 9\.0 at position 1"
    ):
        composite_endpoint([5, 8], components={"relapse": [None, 9]})
    with pytest.raises(ValueError, match=r"'death' happened before time 0: found -1\.0 at position 0"):
        composite_endpoint([5, 8], components={"death": pl.Series([-1, None])})
    with pytest.raises(ValueError, match="'death' has no time although it happened"):
        composite_endpoint([5, 8], components={"death": ([None, 8], [1, 1])})
    with pytest.raises(ValueError, match="endpoint must be one of overall_survival"):
        composite_endpoint([5], components={"death": [None]}, endpoint="grfs")
    with pytest.raises(ValueError, match="component 'relapse' is not given"):
        composite_endpoint([5], components={"death": [None]}, endpoint="leukaemia_free_survival")
    with pytest.raises(ValueError, match="one or more different components"):
        composite_endpoint([5], components={"death": [None]}, endpoint=())
    with pytest.raises(ValueError, match="times that are not numbers"):
        composite_endpoint([5], components={"death": ["soon"]})
    with pytest.raises(ValueError, match="must have one time a patient"):
        composite_endpoint([5], components={"death": [1, 2]})
