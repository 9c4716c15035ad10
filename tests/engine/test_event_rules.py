"""SBML's rules for events, one small model a rule, each with an answer that can be worked out by hand."""

import numpy as np
import polars as pl
import pytest

from inferon.engine.single import SimulationError, simulate_model
from inferon.engine.status import Status
from inferon.model import read_antimony


def follow(body: str, times, *outputs: str, **options) -> pl.DataFrame:
    return simulate_model(read_antimony(f"model m\n{body}\nend\n"), times, outputs=outputs, **options)


def last(body: str, until: float, *outputs: str) -> tuple[float, ...]:
    frame = follow(body, [0.0, until], *outputs)
    return tuple(frame[name][-1] for name in outputs)


def test_law_a_value_at_the_time_of_an_event_is_the_one_after_it() -> None:
    frame = follow("a = 0; b = 0; at (time >= 2.3): a = 1; at (time > 2.3): b = 1", [2.2, 2.3, 2.4], "a", "b")
    assert frame["a"].to_list() == [0.0, 1.0, 1.0]
    assert frame["b"].to_list() == [0.0, 0.0, 1.0]


def test_law_a_sum_of_times_that_rounds_up_still_falls_on_the_time_asked_for() -> None:
    frame = follow("a = 0; at 0.2 after (time >= 0.1): a = 1", [0.25, 0.3], "a")
    assert frame["a"].to_list() == [0.0, 1.0]


def test_law_simultaneous_events_take_their_values_from_before_any_of_them() -> None:
    assert last("a = 1; b = 2; at (time >= 1): a = b; at (time >= 1): b = a", 2, "a", "b") == (2.0, 1.0)


def test_law_values_of_the_execution_see_what_was_executed_before() -> None:
    body = "a = 1; b = 2; E1: at (time >= 1), priority=2: a = b; E2: at (time >= 1), priority=1, fromTrigger=false: b = a + 1"
    assert last(body, 2, "a", "b") == (2.0, 3.0)


def test_law_the_highest_priority_is_executed_first_whatever_the_order_of_writing() -> None:
    body = "x = 0; at (time >= 1), priority=1, fromTrigger=false: x = 2*x; at (time >= 1), priority=5: x = 3"
    assert last(body, 2, "x") == (6.0,)


def test_law_priorities_are_looked_at_again_after_each_execution() -> None:
    """The first execution makes the third event more urgent than the second."""
    body = """p = 0; order = 0
    at (time >= 1), priority=10, fromTrigger=false: p = 7, order = 10*order + 1
    at (time >= 1), priority=5, fromTrigger=false: order = 10*order + 2
    at (time >= 1), priority=p, fromTrigger=false: order = 10*order + 3"""
    assert last(body, 2, "order") == (132.0,)


def test_law_an_execution_without_persistence_is_dropped_when_an_earlier_one_undoes_its_trigger() -> None:
    body = """a = 1; b = 0; c = 0
    at (time >= 1 && a > 0), priority=2: a = 0
    at (time >= 1 && a > 0), priority=1, persistent=false: b = 1
    at (time >= 1 && a > 0), priority=1, persistent=true: c = 1"""
    assert last(body, 2, "a", "b", "c") == (0.0, 0.0, 1.0)


def test_law_an_event_with_a_delay_may_wait_many_times_over() -> None:
    """Triggers at 1, 2, 3, 4 with a delay of 2.5: four executions, at 3.5 to 6.5."""
    body = """tick = 0; n = 0
    at (time - tick >= 1 && tick < 4): tick = tick + 1
    at 2.5 after (time - tick < 0.5 && tick > 0), fromTrigger=false: n = n + 1"""
    frame = follow(body, [3.4, 3.6, 4.6, 5.6, 6.6, 9.0], "n")
    assert frame["n"].to_list() == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]


def test_law_a_delayed_value_is_that_of_the_trigger_unless_said_otherwise() -> None:
    body = """x = 0; x' = 1; early = 0; late = 0
    at 2 after (x >= 1): early = x
    at 2 after (x >= 1), fromTrigger=false: late = x"""
    assert last(body, 5, "early", "late") == pytest.approx((1.0, 3.0), abs=1e-6)


def test_law_a_trigger_true_at_the_start_fires_only_when_it_was_false_before() -> None:
    body = "a = 0; b = 0; at (time >= 0), t0=true: a = 1; at (time >= 0), t0=false: b = 1"
    assert last(body, 1, "a", "b") == (0.0, 1.0)


def test_law_one_event_sets_off_another_in_the_same_instant() -> None:
    frame = follow("a = 0; b = 0; at (a > 0), t0=true: b = time; at (time >= 1.25): a = 1", [1.25, 2.0], "b")
    assert frame["b"].to_list() == [1.25, 1.25]


def test_law_a_concentration_set_by_an_event_moves_the_amount_and_keeps_it_when_the_compartment_changes() -> None:
    body = """compartment C; species S in C; C = 2; S = 3
    at (time >= 1): S = 5
    at (time >= 2): C = 4"""
    frame = follow(body, [0.5, 1.5, 2.5], "amount of S", "concentration of S")
    assert frame["amount of S"].to_list() == [6.0, 10.0, 10.0]
    assert frame["concentration of S"].to_list() == [3.0, 5.0, 2.5]


def test_fault_an_order_left_to_chance_is_refused_where_it_matters_and_only_there() -> None:
    clash = "x = 0; at (time >= 1), priority=1: x = 1; at (time >= 1), priority=1: x = 2"
    with pytest.raises(SimulationError, match="left to chance") as caught:
        last(clash, 2, "x")
    assert caught.value.status == Status.ORDER_OF_EVENTS_IS_RANDOM
    assert last("x = 0; y = 0; at (time >= 1), priority=1: x = 1; at (time >= 1), priority=1: y = 2", 2, "x", "y") == (
        1,
        2,
    )


def test_fault_events_without_end_in_one_instant_end_with_a_sentence() -> None:
    with pytest.raises(SimulationError, match="kept triggering each other"):
        last("x = 0; at (time >= 1 && x < 0.5): x = 1; at (x > 0.5): x = 0", 2, "x")


def test_fault_more_waiting_executions_than_there_is_room_for_end_with_a_sentence() -> None:
    body = "tick = 0; n = 0; at (time - tick >= 0.01): tick = time; at 1e6 after (time - tick > 0.005): n = n + 1"
    with pytest.raises(SimulationError, match="waiting"):
        follow(body, np.linspace(0, 30, 30), "n")


def test_fault_unknown_names_are_told() -> None:
    model = read_antimony("model m; x = 1; x' = -x; end")
    with pytest.raises(KeyError, match="nothing"):
        simulate_model(model, [1.0], outputs=["nothing"])
    with pytest.raises(KeyError, match="nothing"):
        simulate_model(model, [1.0], parameters={"nothing": 1.0})
    with pytest.raises(ValueError, match="ascending"):
        simulate_model(model, [2.0, 1.0])
