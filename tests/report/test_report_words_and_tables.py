"""Numbers as they are printed, and tables that escape what they print."""

import pytest

from inferon.report.tables import Cell, Column, Table, render_table
from inferon.report.words import chance, count, interval, listed, percent, plural, published_percent, span, when


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (182.625, "6 months"), (182.6, "6 months"), (183, "6 months"), (91.3, "3 months"), (365, "12 months"),
        (365.25, "12 months"), (30.4375, "1 month"), (28, "day 28"), (30, "day 30"), (60, "day 60"), (90, "day 90"),
        (180, "day 180"), (0, "day 0"), (-1, "day -1"),
    ],
)  # fmt: skip
def test_law_times_are_said_in_months_only_when_they_are_months(days, said):
    assert when(days) == said


def test_law_numbers_are_printed_with_stated_digits():
    assert percent(0.3604) == "36.0%"
    assert percent(None) == "–"
    assert published_percent(0.39) == "39%"
    assert published_percent(0.395) == "39.5%"
    assert interval(0.345, 0.375) == "34.5–37.5"
    assert interval(None, 0.375) == "–"
    assert span([0.36, 0.374]) == "36.0–37.4"
    assert span([0.36, 0.3601]) == "36.0"
    assert (count(4000), count(40000)) == ("4000", "40\u202f000")
    assert (chance(0.0002), chance(0.0312), chance(0.99999)) == ("<0.1%", "3.1%", ">99.9%")


def test_law_lists_and_plurals_read_as_english():
    assert (listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == (
        "",
        "a",
        "a and b",
        "a, b and c",
    )
    assert (plural(1, "dose"), plural(4, "dose"), plural(12, "dose")) == ("one dose", "four doses", "12 doses")


def test_law_a_table_escapes_every_text_and_shows_every_unit():
    columns = [Column("<b>arm</b>", numeric=False), Column("level", "ng/mL & more")]
    text = render_table(Table("a < b", columns, [["x<y", Cell("<i>1</i>", "2 > 1")]], note="<script>"))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "<script>" not in text
    assert '<span class="unit">ng/mL &amp; more</span>' in text
    assert '<th scope="row">x&lt;y</th>' in text
    assert '<span class="detail">2 &gt; 1</span>' in text


def test_fault_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="row of 1 cells in a table of 2 columns"):
        render_table(Table("t", [Column("a"), Column("b")], [["1"]]))
