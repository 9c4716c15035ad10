"""Bolus doses and infusions against closed forms of one compartment with first-order loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.engine import Doses, Settings

COMPARTMENT = """
model body(x)
  x has dimensionless; k has per_day
  x = 0
  x' = -k*x
end
"""
TIGHT = Settings(rtol=1e-10, default_atol=1e-13)


def _days(hours: int) -> float:
    return hours / 32  # exact in binary: records meet exactly or not at all


HOURS = st.integers(0, 640).map(_days)


def _records(*records: tuple[float, float, float]) -> Doses:
    time, amount, duration = (np.array([column]) for column in zip(*records, strict=True))
    return Doses(time, amount, duration, np.zeros(time.shape, np.int64))


def _expected(days: np.ndarray, k: float, *records: tuple[float, float, float]) -> np.ndarray:
    """Superposed closed forms of (day, amount, duration) records."""
    total = np.zeros_like(days)
    for day, amount, duration in records:
        since = days - day
        if duration == 0:
            total += np.where(since > 0, amount * np.exp(-k * np.maximum(since, 0)), 0)
        else:
            during = amount / duration / k * -np.expm1(-k * np.clip(since, 0, duration))
            total += during * np.exp(-k * np.maximum(since - duration, 0))
    return total


@pytest.mark.parametrize(
    "records",
    [
        [(0.0, 10.0, 0.0)],
        [(0.5, 10.0, 2.0)],
        [(0.0, 10.0, 1.0)],
        [(1.0, 10.0, 4.0), (2.0, 5.0, 1.0), (2.5, 7.0, 4.0)],
        [(1.0, 10.0, 2.0), (1.0, 3.0, 0.0), (3.0, 4.0, 0.0)],
        [(1.0, 10.0, 2.0), (3.0, 10.0, 2.0), (5.0, 10.0, 2.0)],
        [(7.0, 1.0, 0.0), (2.0, 1.0, 0.0)],
    ],
    ids=["bolus", "infusion", "infusion from the start", "overlapping", "both at once", "back to back", "unsorted"],
)
def test_law_doses_and_infusions_follow_their_closed_form(build, follow, records) -> None:
    model, days = build(COMPARTMENT, {"k": 0.7}, ("x",)), np.linspace(0, 12, 241)
    batch = follow(model, 12.0, days=days, doses=_records(*records), settings=TIGHT)
    assert batch.samples[0, :, 0] == pytest.approx(_expected(days, 0.7, *records), abs=1e-7)


@settings(max_examples=20)
@given(
    records=st.lists(
        st.tuples(HOURS, st.floats(0, 100), st.one_of(st.just(0), st.integers(1, 240)).map(_days)), max_size=6
    ),
    k=st.floats(0.05, 3),
)
def test_property_any_records_follow_their_closed_form(build, follow, records, k: float) -> None:
    model, days = build(COMPARTMENT, {"k": 0.7}, ("x",)), np.array([0.0, 3.3, 9.9, 21.7, 35.0])
    doses = _records(*records) if records else None
    batch = follow(model, 35.0, days=days, doses=doses, columns={"body__k": k}, settings=TIGHT)
    assert batch.samples[0, 1:, 0] == pytest.approx(_expected(days, k, *records)[1:], abs=1e-6)


def test_law_a_sample_at_the_time_of_a_dose_is_taken_before_it(build, follow) -> None:
    model, days = build(COMPARTMENT, {"k": 0.7}, ("x",)), np.array([0.0, 5.0])
    batch = follow(model, 6.0, days=days, doses=_records((0.0, 8.0, 0.0), (5.0, 8.0, 0.0)), settings=TIGHT)
    assert batch.samples[0, :, 0] == pytest.approx([0.0, 8 * np.exp(-3.5)], abs=1e-9)


def test_law_doses_beyond_the_end_and_at_infinity_are_not_given(build, follow) -> None:
    model = build(COMPARTMENT, {"k": 0.7}, ("x",))
    batch = follow(model, 5.0, doses=_records((1.0, 8.0, 0.0), (5.5, 8.0, 0.0), (np.inf, 8.0, 0.0)), settings=TIGHT)
    assert batch.state("x")[0] == pytest.approx(8 * np.exp(-2.8), rel=1e-8)


def test_law_patients_may_have_different_records(build, follow) -> None:
    model = build(COMPARTMENT, {"k": 0.7}, ("x",))
    time = np.array([[0.0, 4.0], [2.0, np.inf], [np.inf, np.inf]])
    doses = Doses(time, np.array([[1.0, 2.0], [3.0, 9.0], [9.0, 9.0]]), np.zeros((3, 2)), np.zeros((3, 2), np.int64))
    x = follow(model, 5.0, patients=3, doses=doses, settings=TIGHT).state("x")
    assert x == pytest.approx([np.exp(-3.5) + 2 * np.exp(-0.7), 3 * np.exp(-2.1), 0], abs=1e-8)


@pytest.mark.parametrize(
    "records",
    [
        [(0.3, 1.0, 0.0), (0.1 * 3, 1.0, 0.0)],
        [(0.1, 1.0, 0.2), (0.3, 1.0, 0.0)],
        [(14.0, 1.0, 0.0), (np.nextafter(14.0, 15), 1.0, 0.0)],
        [(1e-15, 1.0, 0.0)],
    ],
    ids=["two doses", "end of an infusion and a dose", "neighbouring numbers", "just after the start"],
)
def test_law_records_at_almost_the_same_time_are_both_given(build, follow, records) -> None:
    model, days = build(COMPARTMENT, {"k": 0.7}, ("x",)), np.array([20.0])
    batch = follow(model, 20.0, days=days, doses=_records(*records), settings=TIGHT)
    assert batch.samples[0, :, 0] == pytest.approx(_expected(days, 0.7, *records), rel=1e-7)
