"""Dose rules: the label's table, hysteresis, and that no sequence of visits ever raises a dose above the plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.protocol.dose_rules import DoseRule, Standing, decide, dose_rules, rule_table

PEG = dose_rules("peginterferon alfa-2a")
NORMAL = {"ANC": 3.0, "PLT": 200.0, "ALT": 0.6, "depression grade": 0.0}


def _dose_after(visits: list[dict[str, float]], *, planned: float = 180.0, rules=PEG) -> list[float]:
    """Dose of one patient after each visit; what a visit does not name is normal."""
    plan = np.array([planned])
    standing, before, doses = Standing.at_plan(plan, rules), dict(NORMAL), []
    for visit in visits:
        now = {**NORMAL, **visit}
        standing = decide(rules, plan, standing, _arrays(now), _arrays(before)).standing
        before = now
        doses.append(float(standing.dose[0]))
    return doses


def _arrays(values: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in values.items()}


@pytest.mark.parametrize(
    ("seen", "dose"),
    [
        ({}, 180),
        ({"ANC": 0.75}, 180),
        ({"ANC": 0.74}, 135),
        ({"ANC": 0.49}, 0),
        ({"PLT": 49}, 90),
        ({"PLT": 24}, 0),
        ({"depression grade": 1}, 180),
        ({"depression grade": 2}, 135),
        ({"depression grade": 3}, 0),
        ({"ALT": 5.0}, 180),
        ({"ALT": 5.1}, 0),
        ({"ALT": 10.1}, 0),
        ({"ANC": 0.6, "PLT": 40}, 90),
    ],
)
def test_oracle_label_one_visit_and_its_dose(seen: dict[str, float], dose: float) -> None:
    assert _dose_after([seen]) == [dose]


def test_oracle_label_held_below_0_5_restarts_at_90_ug_only_above_1_0() -> None:
    visits = [{"ANC": x} for x in (0.4, 0.6, 0.99, 1.0, 1.01, 2.0)]
    assert _dose_after(visits) == [0, 0, 0, 0, 90, 90]


def test_oracle_label_severe_events_stop_for_good() -> None:
    for seen in ({"PLT": 20}, {"depression grade": 3}, {"ALT": 12}):
        assert _dose_after([seen, {}, {}]) == [0, 0, 0]


def test_oracle_label_a_falling_transaminase_above_5_does_not_hold() -> None:
    assert _dose_after([{"ALT": 7}, {"ALT": 6}, {"ALT": 2.9}]) == [0, 0, 135]
    rules = tuple(rule for rule in PEG if rule.rising)
    standing = Standing.at_plan(np.array([180.0]), rules)
    falling = decide(rules, np.array([180.0]), standing, {"ALT": np.array([6.0])}, {"ALT": np.array([7.0])})
    assert falling.standing.dose[0] == 180


def test_oracle_native_granulocytes_hold_then_half_or_stop() -> None:
    rules = dose_rules("interferon alfa-2b")
    assert _dose_after([{"ANC": 0.4}, {"ANC": 0.9}, {"ANC": 1.2}], planned=20.0, rules=rules) == [0, 0, 10]
    assert _dose_after([{"ANC": 0.2}, {"ANC": 3.0}], planned=20.0, rules=rules) == [0, 0]


def test_law_a_reduction_with_a_resume_level_returns_to_the_plan() -> None:
    rule = DoseRule(
        quantity="ANC", side="below", threshold=1.0, action="reduce", dose=0.5, dose_unit="fraction", resume=1.5
    )
    assert _dose_after([{"ANC": x} for x in (0.9, 1.4, 1.6, 1.2)], rules=(rule,)) == [90, 90, 180, 180]


def test_law_a_plan_below_the_reduced_dose_is_left_alone() -> None:
    assert _dose_after([{"ANC": 0.7}, {"ANC": 0.4}, {"ANC": 2.0}], planned=45.0) == [45, 0, 45]


counts = st.one_of(st.floats(0, 4), st.just(float("nan")))
visits = st.fixed_dictionaries(
    {"ANC": counts, "PLT": st.floats(0, 300), "ALT": st.floats(0, 25), "depression grade": st.integers(0, 3)}
)


@settings(max_examples=150)
@given(st.lists(visits, min_size=1, max_size=12), st.sampled_from([45.0, 90.0, 135.0, 180.0, 270.0]))
def test_property_no_rule_raises_a_dose_above_the_plan(seen: list[dict[str, float]], planned: float) -> None:
    assert all(0 <= dose <= planned for dose in _dose_after(seen, planned=planned))


@settings(max_examples=100)
@given(st.lists(visits, min_size=1, max_size=12))
def test_property_what_has_been_reduced_or_held_never_returns_to_the_full_dose(seen: list[dict[str, float]]) -> None:
    doses = _dose_after(seen)
    reduced = next((i for i, dose in enumerate(doses) if dose < 180), len(doses))
    assert all(dose < 180 for dose in doses[reduced:])


@settings(max_examples=100)
@given(st.lists(st.floats(0.5, 1.0), min_size=1, max_size=15))
def test_property_between_threshold_and_resume_level_nothing_changes(between: list[float]) -> None:
    rule = DoseRule(quantity="ANC", side="below", threshold=0.5, action="hold", resume=1.0, restart=90)
    held = _dose_after([{"ANC": 0.3}, *({"ANC": x} for x in between)], rules=(rule,))
    never = _dose_after([{"ANC": x} for x in between], rules=(rule,))
    assert set(held) == {0.0}
    assert set(never) == {180.0}


def test_fault_a_visit_that_was_missed_decides_nothing() -> None:
    assert _dose_after([{"ANC": float("nan"), "PLT": float("nan"), "ALT": float("nan")}]) == [180]
    assert _dose_after([{"ANC": 0.4}, {"ANC": float("nan")}]) == [0, 0]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"side": "under"}, "'under' is not one of below"),
        ({"action": "pause"}, "'pause' is not one of reduce"),
        ({"action": "reduce", "resume": None}, "a reduction needs a dose"),
        ({"resume": 0.4}, "would not wait"),
        ({"resume": None}, "a hold needs a level"),
        ({"action": "stop"}, "a stop has none"),
        ({"action": "reduce", "dose": 90.0, "restart": 45.0}, "only a hold has a restart dose"),
    ],
)
def test_fault_a_rule_that_cannot_be_meant_is_refused(wrong: dict, sentence: str) -> None:
    good = {"quantity": "ANC", "side": "below", "threshold": 0.5, "action": "hold", "resume": 1.0}
    with pytest.raises(ValueError, match=sentence):
        DoseRule(**{**good, **wrong})


def test_fault_a_product_without_rules_names_those_with_some() -> None:
    with pytest.raises(KeyError, match="no dose rules for 'ropeginterferon alfa-2b'; allowed: peginterferon alfa-2a"):
        dose_rules("ropeginterferon alfa-2b")


def test_law_the_table_shows_every_rule_with_its_hysteresis() -> None:
    table = rule_table(PEG)
    assert len(table) == len(PEG) == 8
    hold = table.filter((table["quantity"] == "ANC") & (table["action"] == "hold"))
    assert hold.select("visit", "threshold", "resume", "restart").row(0) == ("every", 0.5, 1.0, 90.0)
