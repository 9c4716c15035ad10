"""What a small cohort cannot exclude, against sums written out by hand and another program's exact interval."""

import math

import pytest

from inferon.report.cannot_exclude import cannot_exclude

OBSERVED = {"arm": "treated", "endpoint": "relapse", "time_days": 182.6, "estimate": 0.39, "n": 36, "events": 14}
EXPECTED = {"arm": "control", "endpoint": "relapse", "time_days": 182.6, "estimate": 0.60, "n": None}


def virtual(**levels: float) -> dict:
    row = {"time_days": 182.625, "lower": 0, "upper": 1, "n": 4000}
    return {
        "arms": {
            arm: {"families": {"reference": {"endpoints": {"relapse": [row | {"estimate": level}]}}}}
            for arm, level in levels.items()
        }
    }


def by_hand(events: int, n: int, rate: float) -> float:
    return sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(events + 1))


def test_double_tails_are_sums_of_binomial_terms():
    for row in cannot_exclude([OBSERVED, EXPECTED], virtual(control=0.59, treated=0.36)):
        rate = row["assumed_relapse"]
        assert row["probability_of_result_as_low_or_lower"] == pytest.approx(by_hand(14, 36, rate), abs=1e-12)
        assert row["probability_of_result_as_high_or_higher"] == pytest.approx(1 - by_hand(13, 36, rate), abs=1e-12)


def test_law_compatible_rates_are_those_inside_the_clopper_pearson():
    rows = cannot_exclude([OBSERVED, EXPECTED], virtual(control=0.59, treated=0.36))
    assert {row["compatible"] for row in rows} == {True, False}
    for row in rows:
        assert row["compatible"] == (row["exact_lower"] < row["assumed_relapse"] < row["exact_upper"])


def test_law_expected_range_holds_at_least_nine_cohorts_of_ten():
    for row in cannot_exclude([OBSERVED], virtual(control=0.59)):
        low, high = round(36 * row["expected_low"]), round(36 * row["expected_high"])
        held = by_hand(high, 36, row["assumed_relapse"]) - by_hand(low - 1, 36, row["assumed_relapse"])
        assert held >= 0.9


def test_law_every_basis_is_examined_once():
    rows = cannot_exclude([OBSERVED, EXPECTED], virtual(control=0.59, treated=0.36))
    assert [row["assumed_relapse"] for row in rows if row["basis"] == "published expectation"] == [0.60]
    assert {(r["arm"], r["family"]): r["assumed_relapse"] for r in rows if r["basis"] == "virtual arm"} == {
        ("control", "reference"): 0.59,
        ("treated", "reference"): 0.36,
    }


def test_law_events_are_reconstructed_only_when_they_are_not_given():
    assert cannot_exclude([OBSERVED | {"events": None}], virtual())[0]["events"] == 14
    assert cannot_exclude([OBSERVED | {"events": 12}], virtual())[0]["events"] == 12


@pytest.mark.parametrize("row", [EXPECTED, OBSERVED | {"n": 0}, OBSERVED | {"time_days": None}])
def test_fault_a_row_without_patients_or_time_is_not_examined(row):
    assert cannot_exclude([row], virtual(control=0.59)) == []
