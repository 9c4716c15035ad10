"""Crossings are found inside steps: to 1e-6 d, twice in one step, and at once where already true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.engine import Settings

DECAY = """
model decay(x)
  x has dimensionless; k has per_day; low has dimensionless; halved has dimensionless
  x = 1
  x' = -k*x
  halved = 0
  below: at (x < low), t0=false: halved = 1
end
"""

HILL = """
model hill(x)
  x has dimensionless; a has per_day; w has day; c has day; top has dimensionless
  up_seen has dimensionless; down_seen has dimensionless
  x = 0
  x' = a*(c - time)/w
  up_seen = 0; down_seen = 0
  up: at (x > top), t0=false: up_seen = up_seen + 1 dimensionless
  down: at (x < top), t0=true: down_seen = down_seen + 1 dimensionless
end
"""

SURGE = """
model surge(x)
  x has dimensionless; g has per_day; w has day; c has day; top has dimensionless; seen has dimensionless
  x = exp(-g*c^2/w)
  x' = 2*g*(c - time)/w*x
  seen = 0
  up: at (x > top), t0=false: seen = 1
end
"""

TIMED = """
model timed(x)
  x has dimensionless; r has per_day; t1 has day
  x = 0
  x' = piecewise(r, time > t1, 0 per_day)
end
"""


@settings(max_examples=25)
@given(k=st.floats(0.01, 3.0), low=st.floats(0.01, 0.99))
def test_property_a_crossing_is_located_to_1e_minus_6_days(build, follow, k: float, low: float) -> None:
    model = build(DECAY, {"k": 1.0, "low": 0.5})
    exact = -np.log(low) / k
    columns = {"decay__k": k, "decay__low": low}
    batch = follow(model, exact + 50, columns=columns, settings=Settings(rtol=1e-9, default_atol=1e-13))
    assert batch.event_day("below")[0] == pytest.approx(exact, abs=1e-6)


def test_law_an_event_that_never_happens_has_no_day(build, follow) -> None:
    model = build(DECAY, {"k": 1.0, "low": 0.5})
    assert follow(model, 0.5).event_day("below")[0] == np.inf


@settings(max_examples=25)
@given(half_width=st.floats(0.01, 20.0), c=st.floats(30.0, 60.0))
def test_property_two_crossings_within_one_long_step_are_both_located(
    build, follow, half_width: float, c: float
) -> None:
    """x is a parabola, so steps grow without limit; it stands above the threshold for 2 half-widths around its top."""
    a = 0.01
    model = build(HILL, {"a": a, "w": 1.0, "c": c, "top": 1.0})
    top = a * c * c / 2 - a * half_width**2 / 2
    batch = follow(model, 4 * c, columns={"hill__top": top, "hill__c": c})
    assert batch.steps[0, 0] < 60, "the steps are not long"
    assert batch.event_day("up")[0] == pytest.approx(c - half_width, abs=1e-6)
    assert batch.event_day("down")[0] == pytest.approx(c + half_width, abs=1e-6)
    assert batch.switches[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("margin", [0.05, 0.01, 1e-3, 1e-4])
def test_law_a_short_surge_above_the_threshold_is_not_missed(build, follow, margin: float) -> None:
    """A bell of height 1 and a threshold just below its top: above it for 2 sqrt(-ln(top)/g) days."""
    g, c, top = 0.02, 20.0, 1 - margin
    model = build(SURGE, {"g": g, "w": 1.0, "c": c, "top": 0.5})
    batch = follow(model, 40.0, columns={"surge__top": top}, settings=Settings(rtol=1e-9, default_atol=1e-14))
    exact = c - np.sqrt(-np.log(top) / g)
    assert batch.event_day("up")[0] == pytest.approx(exact, abs=1e-5)


def test_law_a_threshold_above_the_top_is_never_crossed(build, follow) -> None:
    model = build(SURGE, {"g": 0.02, "w": 1.0, "c": 20.0, "top": 0.5})
    settings_ = Settings(rtol=1e-9, default_atol=1e-14)
    batch = follow(model, 40.0, columns={"surge__top": 1 + 1e-6}, settings=settings_)
    assert batch.event_day("up")[0] == np.inf


def test_law_a_condition_true_at_the_start_fires_at_once(build, follow) -> None:
    model = build(DECAY, {"k": 1.0, "low": 0.5})
    batch = follow(model, 5.0, columns={"decay__low": 2.0}, start=-1.0)
    assert batch.event_day("below")[0] == -1.0
    assert batch.switches[0, 0] == 1.0


def test_law_a_condition_declared_true_before_the_start_does_not_fire(build, follow) -> None:
    model = build(HILL, {"a": 0.01, "w": 1.0, "c": 10.0, "top": 1e9})
    assert follow(model, 5.0).event_day("down")[0] == np.inf


@pytest.mark.parametrize("switch", [0.3, 2.0, 7.77])
def test_law_a_rate_that_switches_with_time_is_cut_at_the_switch(build, follow, switch: float) -> None:
    model = build(TIMED, {"r": 2.0, "t1": 1.0}, ("x",))
    days = np.linspace(0, 10, 101)
    batch = follow(model, 10.0, days=days, columns={"timed__t1": switch})
    assert batch.samples[0, :, 0] == pytest.approx(2.0 * np.maximum(days - switch, 0), abs=1e-7)
