"""Classes as trials write them: intervals that hold their lower limit, words joined by or."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferon.cohort.cannot_select import CannotSelect
from inferon.cohort.classes import class_of, intervals

DONORS = pl.Series("donor", ["related", "cord", "haplo", "cord", "unrelated"])


def test_oracle_an_interval_holds_its_lower_limit_and_not_its_upper() -> None:
    ages = pl.Series("age", [39.999, 40.0, 59.999, 60.0, 75.5, 12.0])
    found = class_of(ages, [">=60", "<40", "40 to <60"])
    assert found.to_list() == ["<40", "40 to <60", "40 to <60", ">=60", ">=60", "<40"]
    assert class_of(ages, ["≥60", "18 to <60"]).to_list() == ["18 to <60"] * 3 + ["≥60", "≥60", None]


def test_oracle_a_class_of_words_lists_them() -> None:
    assert class_of(DONORS, ["cord or haplo", "related"]).to_list() == [
        "related", "cord or haplo", "cord or haplo", "cord or haplo", None,
    ]  # fmt: skip


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6, unique=True), st.integers(0, 1000))
def test_property_intervals_between_cuts_hold_everybody_once(cuts: list[int], seed: int) -> None:
    cuts = sorted(cuts)
    middle = [f"{low} to <{high}" for low, high in pairwise(cuts)]
    labels = [f"<{cuts[0]}", *middle, f">={cuts[-1]}"]
    values = np.concatenate([np.random.default_rng(seed).uniform(-60, 60, 40), np.array(cuts, float)])
    place = [labels.index(label) for label in class_of(pl.Series("x", values), labels)]
    assert place == np.searchsorted(cuts, values, side="right").tolist()
    assert list(intervals(reversed(labels))) == labels


@pytest.mark.parametrize(
    ("labels", "label", "words"),
    [
        (["young", ">=40"], "young", "intervals, as in"),
        (["40-59"], "40-59", "intervals, as in"),
        (["60 to <40"], "60 to <40", "intervals, as in"),
        (["<41", ">=40"], ">=40", "overlaps <41"),
    ],
)
def test_fault_intervals_that_are_none_or_overlap_are_named(labels: list[str], label: str, words: str) -> None:
    with pytest.raises(CannotSelect) as caught:
        class_of(pl.Series("age", [1.0]), labels)
    assert caught.value.path == (label,)
    assert words in f"{caught.value} {caught.value.allowed}"


def test_fault_words_that_nobody_has_or_two_classes_list_are_named() -> None:
    with pytest.raises(CannotSelect) as caught:
        class_of(DONORS, ["related", "chord or haplo"])
    assert (caught.value.found, caught.value.path) == ("chord", ("chord or haplo",))
    assert caught.value.allowed == ["cord", "haplo", "related", "unrelated"]
    with pytest.raises(CannotSelect, match="cord is in two classes"):
        class_of(DONORS, ["cord", "cord or haplo"])
