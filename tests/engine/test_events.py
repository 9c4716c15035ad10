"""Events with a delay, events whose trigger does not last, and a switch with hysteresis."""

import numpy as np
import pytest

from inferon.engine import Batch, Settings

PULSES = """
model pulses(x)
  x has dimensionless; slope has per_day; top has dimensionless; wait has day
  t1 has day; t2 has day; t3 has day
  lasting_done has dimensionless; patient_done has dimensionless
  x = 0
  x' = piecewise(slope, time < t1, -slope, time < t2, slope, time < t3, 0 per_day)
  lasting_done = 0; patient_done = 0
  lasting: at wait after (x > top), persistent=false, t0=false: lasting_done = 1
  patient: at wait after (x > top), t0=false: patient_done = 1
end
"""
SHAPE = {"slope": 1.0, "top": 4.0, "wait": 3.0, "t1": 5.0, "t2": 8.0, "t3": 20.0}
"""x rises to 5 (above 4 from day 4), falls to 2 at day 8 (below 4 from day 6), rises again (above 4 from day 10)."""

THERMOSTAT = """
model thermostat(x)
  x has dimensionless; k has per_day; r has per_day; low has dimensionless; high has dimensionless; x0 has dimensionless
  heating has dimensionless; starts has dimensionless
  x = x0
  heating = 0; starts = 0
  x' = r*heating - k*x
  on: at (x < low), t0=false: heating = 1, starts = starts + 1 dimensionless
  off: at (x > high), t0=false: heating = 0 dimensionless
end
"""

CASCADE = """
model cascade(x)
  x has dimensionless; k has per_day; low has dimensionless; a has dimensionless; b has dimensionless
  x = 1
  x' = -k*x
  a = 0; b = 0
  follower: at (a > 0.5), t0=false: b = 1
  leader: at (x < low), t0=false: a = 1, x = x + 1 dimensionless
end
"""

QUARREL = """
model quarrel(x)
  x has dimensionless; k has per_day; a has dimensionless
  x = 1
  x' = -k*x
  a = 0
  up: at (a < 0.5 && x < 0.5), t0=false: a = 1
  down: at (a > 0.5), t0=false: a = 0 dimensionless
end
"""


def test_law_a_delayed_event_is_cancelled_when_its_trigger_does_not_last(build, follow) -> None:
    batch = follow(build(PULSES, SHAPE), 20.0)
    assert batch.event_day("lasting")[0] == pytest.approx(10.0, abs=1e-6)


def test_law_a_persistent_delayed_event_happens_although_its_trigger_ended(build, follow) -> None:
    batch = follow(build(PULSES, SHAPE), 20.0)
    assert batch.event_day("patient")[0] == pytest.approx(4.0, abs=1e-6)


@pytest.mark.parametrize(("until", "done"), [(12.99, 0.0), (13.01, 1.0)])
def test_law_a_delayed_event_acts_when_its_delay_has_passed(build, follow, until: float, done: float) -> None:
    """Its day is the first day of the stretch; what it sets changes when the stretch has lasted."""
    batch = follow(build(PULSES, SHAPE), until)
    name = batch.model.kernel.switches.index("pulses__lasting_done")
    assert batch.switches[0, name] == done
    assert (batch.event_day("lasting")[0] < np.inf) == bool(done)


def test_law_a_delay_of_nothing_acts_at_once(build, follow) -> None:
    batch = follow(build(PULSES, SHAPE), 4.5, columns={"pulses__wait": 0.0})
    assert batch.event_day("lasting")[0] == pytest.approx(4.0, abs=1e-6)


def test_law_a_switch_with_hysteresis_cycles_with_its_exact_period(build, follow) -> None:
    """Cooling to low and heating back to high: two logarithms make one period; eleven starts, none lost or doubled."""
    k, r, low, high = 0.5, 2.0, 1.0, 3.0
    model = build(THERMOSTAT, {"k": k, "r": r, "low": low, "high": high, "x0": high}, ("x",))
    cooling, warming = np.log(high / low) / k, np.log((r / k - low) / (r / k - high)) / k
    days = np.linspace(0, 10 * (cooling + warming) + cooling + warming / 2, 3001)
    batch = follow(model, days[-1], days=days, settings=Settings(rtol=1e-10, default_atol=1e-13))
    assert batch.switches[0, model.kernel.switches.index("thermostat__starts")] == 11
    phase = days % (cooling + warming)
    cold = high * np.exp(-k * phase)
    hot = r / k - (r / k - low) * np.exp(-k * (phase - cooling))
    assert batch.samples[0, :, 0] == pytest.approx(np.where(phase < cooling, cold, hot), abs=1e-5)
    assert batch.samples.min() >= low - 1e-6
    assert batch.samples.max() <= high + 1e-6


def test_law_an_event_may_trigger_another_at_the_same_instant(build, follow) -> None:
    batch = follow(build(CASCADE, {"k": 1.0, "low": 0.5}), 3.0)
    assert batch.event_day("follower")[0] == batch.event_day("leader")[0] == pytest.approx(np.log(2), abs=1e-5)
    assert batch.state("x")[0] < 1.5


def test_fault_events_that_trigger_each_other_for_ever_give_a_status(build) -> None:
    model = build(QUARREL, {"k": 1.0})
    batch = Batch(model, model.defaults(3), start=0.0)
    batch.advance(3.0)
    assert batch.failures() == {"events kept triggering each other at one instant": 3}
    assert batch.t == pytest.approx(np.full(3, np.log(2)), abs=1e-5)
