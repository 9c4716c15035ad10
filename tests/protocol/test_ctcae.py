"""CTCAE version 5.0 laboratory grades, against the table of module I section 2 written down again here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferon.protocol.ctcae import NOT_MEASURED, laboratory_grade, laboratory_items

TABLE = {
    "ANC": (1.8, 1.5, 1.0, 0.5),
    "PLT": (150, 75, 50, 25),
    "HB": (13, 10, 8, None),
    "WBC": (4, 3, 2, 1),
    "ALC": (1.0, 0.8, 0.5, 0.2),
    "ALT": (1, 3, 5, 20),
}
"""Where grades 1 to 4 begin (men)."""


def _by_hand(item: str, value: float) -> int:
    limits = [limit for limit in TABLE[item] if limit is not None]
    return sum(value > limit if item == "ALT" else value < limit for limit in limits)


def test_law_the_six_items_carry_their_citation() -> None:
    assert set(laboratory_items()) == set(TABLE)
    assert all("version 5.0" in item.citation for item in laboratory_items().values())


@pytest.mark.parametrize("item", TABLE)
@given(value=st.floats(0, 200))
def test_double_grades_follow_the_printed_table(item: str, value: float) -> None:
    assert laboratory_grade(item, np.array([value]))[0] == _by_hand(item, value)


@pytest.mark.parametrize(
    ("item", "value", "grade"),
    [("ANC", 1.5, 1), ("ANC", 1.49, 2), ("PLT", 75, 1), ("HB", 8, 2), ("HB", 7.9, 3), ("ALT", 3, 1), ("ALT", 3.01, 2)],
)
def test_oracle_ctcae_a_limit_belongs_to_the_milder_grade(item: str, value: float, grade: int) -> None:
    assert laboratory_grade(item, np.array([value]))[0] == grade


def test_oracle_ctcae_haemoglobin_of_12_5_is_low_in_a_man_and_normal_in_a_woman() -> None:
    assert laboratory_grade("HB", np.array([12.5, 12.5]), male=np.array([True, False])).tolist() == [1, 0]


def test_law_a_number_alone_never_makes_grade_4_anaemia() -> None:
    assert laboratory_grade("HB", np.array([0.1]))[0] == 3


@pytest.mark.parametrize("item", TABLE)
@given(values=st.lists(st.floats(0, 300), min_size=2, max_size=20))
def test_property_a_worse_count_never_has_a_milder_grade(item: str, values: list[float]) -> None:
    grades = laboratory_grade(item, np.sort(values))
    steps = np.diff(grades)
    assert np.all(steps >= 0) if item == "ALT" else np.all(steps <= 0)


def test_law_grades_keep_the_shape_of_visits() -> None:
    counts = np.array([[3.0, 1.2], [0.4, 2.0]])
    assert laboratory_grade("ANC", counts, male=np.array([[True], [False]])).tolist() == [[0, 2], [4, 0]]


def test_fault_what_was_not_measured_has_no_grade() -> None:
    assert laboratory_grade("PLT", np.array([np.nan]))[0] == NOT_MEASURED


def test_fault_an_unknown_item_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="unknown laboratory item 'CRP'; allowed: ANC, PLT"):
        laboratory_grade("CRP", np.array([1.0]))
