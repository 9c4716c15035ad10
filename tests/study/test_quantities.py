"""Quantities: what people write, the number a program gets, and the way back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from inferon.study import quantities


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (quantities.parse_duration, "14 days", 14.0),
        (quantities.parse_duration, "1 day", 1.0),
        (quantities.parse_duration, "2 weeks", 14.0),
        (quantities.parse_duration, "6 months", 182.625),
        (quantities.parse_duration, "1 year", 365.25),
        (quantities.parse_day, "day -1", -1.0),
        (quantities.parse_day, "day 60", 60.0),
        (quantities.parse_day, "day +1.5", 1.5),
        (quantities.parse_percentage, "39 %", 0.39),
        (quantities.parse_percentage, "7%", 0.07),
        (quantities.parse_rate, "4 per month", 4.0),
        (quantities.parse_rate, "48 per year", 4.0),
        (quantities.parse_rate, "1 per day", 30.4375),
        (quantities.parse_loss, "5 % per year", 0.05),
        (quantities.parse_dose, "180 ug", quantities.Dose(180.0, "ug")),
        (quantities.parse_dose, "180 µg", quantities.Dose(180.0, "ug")),
        (quantities.parse_dose, "6ug/kg", quantities.Dose(6.0, "ug/kg")),
        (quantities.parse_dose, "3 MIU", quantities.Dose(3.0, "MIU")),
    ],
)
def test_law_quantities_become_numbers_in_the_stated_unit(read, written: str, value) -> None:
    assert read(written) == value


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (quantities.parse_duration, "0 days"),
        (quantities.parse_duration, "-3 days"),
        (quantities.parse_duration, "1e3 days"),
        (quantities.parse_duration, "nan days"),
        (quantities.parse_day, "week 1"),
        (quantities.parse_percentage, "100.01 %"),
        (quantities.parse_percentage, "-1 %"),
        (quantities.parse_rate, "0 per month"),
        (quantities.parse_loss, "100 % per year"),
        (quantities.parse_loss, "5 % per month"),
        (quantities.parse_dose, "180 ug per week"),
        (quantities.parse_dose, True),
        (quantities.parse_dose, None),
    ],
)
def test_fault_quantities_outside_their_range_or_unit_are_refused(read, written) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        read(written)
    assert caught.value.context["found"] == written and caught.value.context["allowed"]


def test_law_a_wrong_unit_is_never_replaced_by_one_a_thousand_times_larger() -> None:
    for written in ("180 ng", "5000 IU"):
        with pytest.raises(PydanticCustomError) as caught:
            quantities.parse_dose(written)
        assert caught.value.context["meant"] is None


positive = st.floats(1e-9, 1e8, allow_nan=False)


@given(positive, st.floats(-1e6, 1e6), st.floats(0, 1), st.floats(0, 0.999))
def test_property_every_number_survives_being_written(days: float, day: float, fraction: float, loss: float) -> None:
    assert quantities.parse_duration(quantities.format_duration(days)) == days
    assert quantities.parse_rate(quantities.format_rate(days)) == days
    assert quantities.parse_dose(quantities.format_dose(quantities.Dose(days, "MIU"))).amount == days
    if fraction == 0 or fraction > 1e-30:
        assert quantities.parse_percentage(quantities.format_percentage(fraction)) == fraction
    if loss == 0 or loss > 1e-30:
        assert quantities.parse_loss(quantities.format_loss(loss)) == loss
    if day == 0 or math.fabs(day) > 1e-30:
        assert quantities.parse_day(quantities.format_day(day)) == day
