"""Sensitivities against closed solutions: decay, doses, thresholds that move, events that set states, and what is refused."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from inferon.engine.single import simulate_model
from inferon.model import Model, read_antimony
from inferon.model.sensitivities import event_day_sensitivity, sensitivity, with_sensitivities
from inferon.model.sensitivity_events import is_added

DECAY = """
model decay()
  k = 0.7; x0 = 3; gain = 2
  x = x0
  x' = -k*x
  shown := gain*x^2
end
"""
DEPOT = """
model depot()
  ka = 1.3; CL = 0.4; V = 5; dose = 100
  A_d = dose; A_c = 0
  A_d' = -ka*A_d
  A_c' = ka*A_d - CL/V*A_c
  C := A_c/V
end
"""
BALL = """
model ball()
  g = 9.81; e = 0.8; h = 10
  x = h; v = 0; bounces = 0
  x' = v
  v' = -g
  bounce: at (x < 0), t0=false: v = -e*v, x = 0, bounces = bounces + 1
end
"""
SWITCHED = """
model switched()
  k = 0.5; low = 0.2; a = 3; x0 = 1
  x = x0; y = 0
  x' = -k*x
  y' = piecewise(a, x < low, 0)
end
"""
KINK = """
model kink()
  k = 0.5; low = 0.2; x0 = 1
  x = x0; y = 0
  x' = -k*x
  y' = max(0, low - x)
end
"""
CASCADE = """
model cascade()
  k = 0.5; low = 0.2; x0 = 1; a = 3
  x = x0; y = 0; first = 0; second = 0
  x' = -k*x
  y' = a*second
  follower: at (first > 0.5), t0=false: second = 1
  leader: at (x < low), t0=false: first = 1, x = x + 1
end
"""
PATIENCE = """
model patience()
  k = 0.5; low = 0.2; x0 = 1; wait = 2
  x = x0; done = 0
  x' = -k*x
  lasting: at wait after (x < low), persistent=false, t0=false: done = 1
end
"""
KEPT = """
model kept()
  k = 0.5; low = 0.2; x0 = 1
  x = x0; y = 0; level = 0
  x' = -k*x
  y' = level
  mark: at (time > 1/k), t0=false: level = x
end
"""


def solved(model: Model, times: Sequence[float], outputs: Sequence[str], **values: float) -> Mapping[str, np.ndarray]:
    frame = simulate_model(model, times, outputs=outputs, parameters=values, rtol=1e-11, atol=1e-13)
    return {name: frame[name].to_numpy() for name in frame.columns}


def derivative(function, values: Mapping[str, float], parameter: str) -> np.ndarray:
    """By a step into the complex plane: exact to rounding for an analytic function."""
    return np.imag(function(**{**values, parameter: values[parameter] + 1e-30j})) / 1e-30


def test_law_decay_has_the_sensitivities_of_an_exponential() -> None:
    times = np.linspace(0, 4, 9)
    names = [sensitivity(q, p) for q in ("x", "shown") for p in ("k", "x0", "gain")]
    found = solved(with_sensitivities(read_antimony(DECAY), ["k", "x0", "gain"]), times, names)
    x = 3 * np.exp(-0.7 * times)
    expected = [-times * x, x / 3, 0 * x, -4 * x * times * x, 4 * x * x / 3, x * x]
    for name, values in zip(names, expected, strict=True):
        assert found[name] == pytest.approx(values, rel=1e-9, abs=1e-10), name


@pytest.mark.parametrize("parameter", ["ka", "CL", "V", "dose"])
def test_law_an_absorbed_dose_has_the_sensitivities_of_its_closed_solution(parameter: str) -> None:
    times = np.linspace(0, 12, 13)

    def concentration(ka, CL, V, dose):
        return dose / V * ka / (ka - CL / V) * (np.exp(-CL / V * times) - np.exp(-ka * times))

    values = {"ka": 1.3, "CL": 0.4, "V": 5.0, "dose": 100.0}
    name = sensitivity("C", parameter)
    found = solved(with_sensitivities(read_antimony(DEPOT), [parameter]), times, [name])
    assert found[name] == pytest.approx(derivative(concentration, values, parameter), rel=1e-8, abs=1e-9)


def bounce_days(count: int, g, e, h) -> list:
    days = [np.sqrt(2 * h / g)]
    for n in range(1, count):
        days.append(days[-1] + 2 * e**n * np.sqrt(2 * h / g))
    return days


@pytest.mark.parametrize("parameter", ["g", "e", "h"])
def test_law_a_bouncing_ball_has_the_sensitivities_of_its_closed_solution(parameter: str) -> None:
    """Height, speed and the day of the first bounce after none, one, two and three bounces."""
    values, times = {"g": 9.81, "e": 0.8, "h": 10.0}, np.array([1.0, 2.5, 4.5, 6.0])

    def height_and_speed(g, e, h):
        days = bounce_days(5, g, e, h)
        past = [sum(np.real(day) < t for day in days) for t in times]
        rows = [(h - g * t * t / 2, -g * t) for t in times[:1]]
        for t, n in zip(times[1:], past[1:], strict=True):
            since, speed = t - days[n - 1], e**n * np.sqrt(2 * g * h)
            rows.append((speed * since - g * since**2 / 2, speed - g * since))
        assert past == [0, 1, 2, 3]
        return np.array(rows).T

    names = [sensitivity("x", parameter), sensitivity("v", parameter), event_day_sensitivity("bounce", parameter)]
    model = with_sensitivities(read_antimony(BALL), [parameter], event_days=["bounce"])
    found = solved(model, times, names)
    height, speed = derivative(height_and_speed, values, parameter)
    assert found[names[0]] == pytest.approx(height, rel=1e-6)
    assert found[names[1]] == pytest.approx(speed, rel=1e-6, abs=1e-9)
    day = derivative(lambda **by: bounce_days(1, **by)[0], values, parameter)
    assert found[names[2]] == pytest.approx(np.array([0, day, day, day]), rel=1e-7)


@pytest.mark.parametrize("parameter", ["k", "low", "a", "x0"])
def test_law_a_rate_that_sets_in_at_a_threshold_moves_with_the_day_it_is_crossed(parameter: str) -> None:
    times = np.array([2.0, 5.0])
    values = {"k": 0.5, "low": 0.2, "a": 3.0, "x0": 1.0}
    name = sensitivity("y", parameter)
    found = solved(with_sensitivities(read_antimony(SWITCHED), [parameter]), times, [name])[name]
    late = derivative(lambda k, low, a, x0: a * (5.0 - np.log(x0 / low) / k), values, parameter)
    assert found == pytest.approx([0, late], rel=1e-7)


def test_law_a_kink_needs_no_event_and_is_right() -> None:
    model = with_sensitivities(read_antimony(KINK), ["low", "k"])
    jumps = [target for event in model.events for target, _ in event.assignments]
    assert jumps == []
    times = np.array([1.0, 6.0])
    found = solved(model, times, [sensitivity("y", "low"), sensitivity("y", "k")])
    day = np.log(1 / 0.2) / 0.5

    def area(k, low):
        return low * (6.0 - np.log(1 / low) / k) - (low - np.exp(-k * 6.0)) / k

    values = {"k": 0.5, "low": 0.2}
    assert found[sensitivity("y", "low")] == pytest.approx([0, 6.0 - day], rel=1e-8)
    assert found[sensitivity("y", "k")] == pytest.approx([0, derivative(area, values, "k")], rel=1e-8)


@pytest.mark.parametrize("parameter", ["k", "low", "a", "x0"])
def test_law_what_an_event_sets_off_happens_at_its_instant(parameter: str) -> None:
    times = np.array([2.0, 5.0])
    values = {"k": 0.5, "low": 0.2, "a": 3.0, "x0": 1.0}

    def after(k, low, a, x0):
        day = np.log(x0 / low) / k
        return np.array([(low + 1) * np.exp(-k * (5.0 - day)), a * (5.0 - day)])

    names = [sensitivity(q, parameter) for q in ("x", "y")]
    model = with_sensitivities(read_antimony(CASCADE), [parameter], event_days=["follower", "leader"])
    days = [event_day_sensitivity(e, parameter) for e in ("follower", "leader")]
    found = solved(model, times, [*names, *days])
    expected = derivative(after, values, parameter)
    assert [found[n][1] for n in names] == pytest.approx(expected, rel=1e-7, abs=1e-9)
    day = derivative(lambda k, low, a, x0: np.log(x0 / low) / k, values, parameter)
    assert [found[n][1] for n in days] == pytest.approx([day, day], rel=1e-7)


@pytest.mark.parametrize(("parameter", "expected"), [("low", -10.0), ("k", np.log(0.2) / 0.25), ("wait", 0.0)])
def test_law_the_day_of_an_event_with_a_delay_is_that_of_its_trigger(parameter: str, expected: float) -> None:
    name = event_day_sensitivity("lasting", parameter)
    model = with_sensitivities(read_antimony(PATIENCE), [parameter], event_days=["lasting"])
    assert solved(model, [4.0, 6.0], [name])[name] == pytest.approx([0, expected], rel=1e-7)


def test_law_a_switch_set_to_a_moving_value_carries_its_sensitivity() -> None:
    """At day 1/k, x is x0/e whatever k is: level moves with x0 alone, y = level (t - 1/k) with both."""
    model = with_sensitivities(read_antimony(KEPT), ["k", "x0"])
    names = [sensitivity(q, p) for q in ("level", "y") for p in ("k", "x0")]
    found = solved(model, [5.0], names)
    level = np.exp(-1)
    assert [found[n][0] for n in names] == pytest.approx([0, level, level / 0.25, level * 3], rel=1e-7, abs=1e-9)


def test_law_a_power_that_starts_at_nothing_has_a_finite_sensitivity() -> None:
    """(x/E)^h with h below one at x = 0: the derivative of the power alone would be infinite times zero."""
    text = "model hill()\n x = 0; y = 0; E = 2; h = 0.6\n x' = 0\n y' = (x/E)^h\nend"
    model = with_sensitivities(read_antimony(text), ["E", "h"])
    found = solved(model, [3.0], [sensitivity("y", "E"), sensitivity("y", "h")])
    assert [found[sensitivity("y", p)][0] for p in "Eh"] == [0.0, 0.0]


def test_law_what_a_parameter_cannot_reach_costs_nothing() -> None:
    model = with_sensitivities(read_antimony(SWITCHED), ["a"])
    assert [s.name for s in model.states] == ["x", "y", sensitivity("y", "a")]
    assert not any(map(is_added, model.events))


REFUSED = {
    "pulse sets x after a delay": "at 1 after (x < low), t0=false: x = x + 1",
    "pulse has a priority": "at (x < low), priority=2, t0=false: x = x + 1",
    "pulse keeps the value of x from its trigger, which other may change": "at (x < low), t0=false: x = x + 1",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_fault_an_event_that_is_not_supported_is_refused_by_name(reason: str) -> None:
    text = f"""
    model refused()
      k = 0.5; low = 0.2; x = 1
      x' = -k*x
      pulse: {REFUSED[reason]}
      other: at (x < low/2), t0=false: x = 1
    end
    """
    with pytest.raises(ValueError, match=f"^refused: sensitivities are not supported here: event {reason}$"):
        with_sensitivities(read_antimony(text), ["k"])


def test_fault_rounding_a_moving_quantity_is_refused() -> None:
    text = "model steps()\n x = 1; k = 2\n x' = -k*floor(x)\nend"
    with pytest.raises(ValueError, match="sensitivities through floor are not supported"):
        with_sensitivities(read_antimony(text), ["k"])


@pytest.mark.parametrize(("parameters", "days"), [(["K"], []), (["k"], ["bounce"])])
def test_fault_unknown_names_are_refused(parameters: list[str], days: list[str]) -> None:
    with pytest.raises(KeyError, match=r"decay has no (parameter 'K'|event 'bounce')"):
        with_sensitivities(read_antimony(DECAY), parameters, event_days=days)
