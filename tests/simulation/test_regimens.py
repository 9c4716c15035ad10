"""Regimens as typed: what they say, and the sentence for what cannot be read."""

import pytest

from inferon.simulation.regimens import Order, read_order
from inferon.study import InputError

MONTH = 30.4375


@pytest.mark.parametrize(
    ("written", "drug", "amount", "unit", "days"),
    [
        ("peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1", "peginterferon alfa-2a", 180, "ug", (-1, 13, 27, 41)),
        ("peginterferon alfa-2a 180 ug from day -1, 4 doses, every 2 weeks",
         "peginterferon alfa-2a", 180, "ug", (-1, 13, 27, 41)),
        ("peginterferon alfa-2b 40 kDa 1.5 ug/kg weekly", "peginterferon alfa-2b 40 kDa", 1.5, "ug/kg", (0, 7, 14, 21, 28)),
        ("interferon alfa-2b 3 MIU every 10 days for 20 days", "interferon alfa-2b", 3, "MIU", (0, 10)),
        ("interferon alfa-2b 3 MIU on day 3", "interferon alfa-2b", 3, "MIU", (3,)),
        ("ropeginterferon alfa-2b 100 µg", "ropeginterferon alfa-2b", 100, "ug", (0,)),
        ("imatinib 0 % from day 20", "imatinib", 0, "%", (20,)),
        ("low-dose cytarabine 1 course every 1 month 2 doses", "low-dose cytarabine", 1, "course", (0, MONTH)),
    ],
)  # fmt: skip
def test_oracle_a_typed_regimen_means_these_doses(written, drug, amount, unit, days) -> None:
    order = read_order(written, end=28.0)
    assert (order.drug, order.amount, order.unit, order.into_state) == (drug, amount, unit, False)
    assert order.days == pytest.approx(days)


def test_oracle_a_dose_into_a_state_has_an_amount_and_a_length() -> None:
    order = read_order("500 into depot every 7 days 2 doses over 0.5 days", end=28.0)
    assert order == Order(drug="depot", amount=500, unit="", days=(0.0, 7.0), over=0.5, into_state=True, field="dose")
    assert read_order("x 3 ug intravenously", end=28.0).route == "intravenous"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("peginterferon alfa-2a 180 ug evry 14 days", 'found "evry 14 days"'),
        ("peginterferon alfa-2a 180 every 14 days", "the regimen cannot be read"),
        ("180 ug every 14 days", "the regimen cannot be read"),
        ("drug 0 ug", "allowed: a dose above zero"),
        ("drug -3 ug", "allowed: a dose above zero"),
        ("drug 3 ug 4 doses", "there is no interval"),
        ("drug 3 ug every 14 parsecs", "the unit 'parsecs' does not fit"),
        ("drug 3 ug every 2 days every 3 days", "the regimen says this twice"),
        ("drug 3 ug every 2 days 3 doses for 8 days", "the regimen ends twice"),
        ("drug 3 ug every 2 days from day 40", 'found "-5 doses"'),
        ("drug 3 ug every 2 days from 40", "these words"),
        ("", "the regimen cannot be read"),
    ],
)
def test_fault_what_cannot_be_read_is_quoted(written: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read_order(written, end=28.0, field="dose 2")
    assert words in str(refused.value)
    assert str(refused.value).startswith("dose 2: ")
