"""The cumulative incidence figure: what is drawn, in which order, and files that can be printed."""

from io import StringIO
from pathlib import Path

import polars as pl

from inferon.report.figures.cumulative_incidence import cumulative_incidence_figure
from inferon.report.figures.save import save_figure

CURVES = pl.DataFrame(
    {
        "group": ["interferon"] * 3 + ["control"] * 3,
        "cause": ["Relapse"] * 6,
        "time": [0.0, 3.0, 6.0] * 2,
        "estimate": [0.0, 0.1, 0.25, 0.0, 0.2, 0.4],
        "lower": [None, 0.05, 0.2, None, 0.1, 0.3],
        "upper": [None, 0.2, 0.3, None, 0.3, 0.52],
    }
)
BOTH = pl.concat([CURVES, CURVES.with_columns(cause=pl.lit("Death"))])
AT_RISK = pl.DataFrame(
    {"group": ["interferon"] * 3 + ["control"] * 3, "time": [0.0, 3.0, 6.0] * 2, "n": [4000, 31, 20, 40, 30, 17]}
)


def drawn() -> dict:
    return cumulative_incidence_figure(BOTH, AT_RISK, time_unit="months").to_dict()


def rows(figure: dict, part: dict) -> list[dict]:
    """The data of one part of the figure; they lie in the specification as a list or as CSV."""
    held = figure["datasets"][part["data"]["name"]]
    return pl.read_csv(StringIO(held)).to_dicts() if isinstance(held, str) else held


def test_law_each_cause_has_a_panel_above_its_numbers_at_risk() -> None:
    figure = drawn()
    panels = figure["vconcat"]
    assert [panel["vconcat"][0]["title"] for panel in panels] == ["Relapse", "Death"]
    for panel in panels:
        assert rows(figure, panel["vconcat"][1]) == AT_RISK.to_dicts()
        line, numbers = panel["vconcat"][0]["layer"][-1], panel["vconcat"][1]
        assert (
            line["encoding"]["x"]["scale"] == numbers["encoding"]["x"]["scale"] == {"domain": [0, 6.0], "nice": False}
        )
        assert line["encoding"]["x"]["axis"]["values"] == [0.0, 3.0, 6.0]


def test_law_groups_keep_their_order_and_differ_by_colour_and_by_dash() -> None:
    line = drawn()["vconcat"][0]["vconcat"][0]["layer"][-1]["encoding"]
    assert line["color"]["scale"]["domain"] == line["strokeDash"]["scale"]["domain"] == ["interferon", "control"]
    assert len(set(line["color"]["scale"]["range"])) == 2
    assert len(set(map(tuple, line["strokeDash"]["scale"]["range"]))) == 2


def test_law_percentages_share_one_axis_that_holds_every_limit() -> None:
    figure = drawn()
    panels = [panel["vconcat"][0] for panel in figure["vconcat"]]
    assert all(panel["layer"][-1]["encoding"]["y"]["scale"]["domain"] == [0, 60] for panel in panels)
    band = rows(figure, panels[0]["layer"][0])
    assert [row["upper"] for row in band] == [20.0, 30.0]


def test_law_files_are_a_vector_drawing_and_a_large_bitmap(tmp_path: Path) -> None:
    svg, png = save_figure(cumulative_incidence_figure(CURVES, AT_RISK, time_unit="months"), tmp_path / "figure")
    text = svg.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "Number at risk" in text
    assert "4,000" in text
    header = png.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(header[16:20], "big") > 1500
