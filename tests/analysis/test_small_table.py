"""The same ten patients through every door: columns, codes, YAML, CSV, Parquet, a table in memory."""

import json
from pathlib import Path

import polars as pl
import pytest

from inferon.analysis import analyse
from inferon.analysis.estimation import round_times
from inferon.study import InputError

from .conftest import PATIENTS

COLUMNS = {"relapse": "relapsed:1", "death": "died:1"}
WRITTEN = [
    "analysis.R", "analysis.html", "analysis.json", "analysis.py", "cumulative_incidence.png", "cumulative_incidence.svg",
    "curves.csv", "estimates.csv", "event_free.csv", "hazard_ratios.csv", "proportional_hazards.csv", "quantiles.csv",
    "subdistribution_hazard_ratios.csv", "tests.csv",
]  # fmt: skip
ARGUMENTS = ("--time", "months", "--cause", "relapse=relapsed:1", "--cause", "death=died:1", "--group", "arm")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "p.csv"
    path.write_text(PATIENTS, encoding="utf-8")
    return path


def test_law_columns_codes_parquet_and_frames_give_the_same_estimates(table: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(table)
    frame.write_parquet(tmp_path / "p.parquet")
    options = {"time": "months", "group": "arm", "times": [3, 6, 12]}
    codes = {"event": "status", "codes": {"relapse": "relapse", "death": "death"}, "censor": "none"}
    first = analyse(table, causes=COLUMNS, **options).estimates
    assert first.height == 12
    assert first.equals(analyse(table, **codes, **options).estimates)
    assert first.equals(analyse(tmp_path / "p.parquet", causes=COLUMNS, **options).estimates)
    assert first.equals(analyse(frame, causes=COLUMNS, **options).estimates)


def test_law_the_first_match_wins_and_the_rest_are_censored(table: Path) -> None:
    found = analyse(table, time="months", causes=COLUMNS)
    assert {cause: curve.n_events for cause, curve in found.incidence["all"].items()} == {"relapse": 3, "death": 3}
    assert "2 patients fit more than one cause; the first declared (relapse, death) was taken." in found.notes
    swapped = analyse(table, time="months", causes=dict(reversed(COLUMNS.items())))
    assert {cause: curve.n_events for cause, curve in swapped.incidence["all"].items()} == {"death": 5, "relapse": 1}


def test_law_a_hand_worked_incidence_of_the_first_arm(table: Path) -> None:
    """Arm A: relapse of 1 in 5 at 2.5; death of 1 in 4 at 4; relapse of 1 in 2 at 9, when 3/5 are event-free."""
    found = analyse(table, time="months", causes=COLUMNS, group="arm", times=[2.4, 2.5, 12])
    own = found.estimates.filter((pl.col("group") == "A") & (pl.col("cause") == "relapse"))
    assert own["estimate"].to_list() == pytest.approx([0.0, 0.2, 0.2 + 0.6 * 0.5])
    assert own["at_risk"].to_list() == [5, 5, 1]
    assert own["lower"].to_list()[0] is None


def test_law_beyond_follow_up_nothing_is_estimated_and_a_warning_says_so(table: Path) -> None:
    found = analyse(table, time="months", causes=COLUMNS, group="arm", times=[6, 13], time_unit="months")
    late = found.estimates.filter(pl.col("time") == 13)
    assert late["estimate"].null_count() == 4
    assert "The longest follow-up of group A is 12 months: nothing is estimated at 13." in found.warnings


def test_law_what_a_reader_must_know_is_a_warning(tmp_path: Path) -> None:
    text = PATIENTS.replace("10,12,none,0,0,B", "10,0,none,0,0,C")
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    causes = COLUMNS | {"graft failure": "relapsed:9"}
    warnings = analyse(tmp_path / "p.csv", time="months", causes=causes, group="arm").warnings
    assert "1 patient has a follow-up of 0 (line 11); they count as at risk at time 0." in warnings
    assert "Group C has a single patient (line 11); its estimate says little." in warnings
    assert "No patient had graft failure as declared; check its column and value." in warnings
    alone = analyse(pl.read_csv(tmp_path / "p.csv").head(5), time="months", causes=COLUMNS, group="arm")
    assert alone.gray is None
    assert "Column arm holds one group only (A); there is nothing to compare." in alone.warnings


def test_law_command_specification_and_python_tell_the_same(table: Path, inferon) -> None:
    text = "data: p.csv\ntime: months\ncauses:\n  relapse: relapsed:1\n  death: died:1\ngroup: arm\ntimes: [6, 12]\n"
    told = inferon("analyse", "p.csv", *ARGUMENTS, "--at", "6,12", "--json", files={"s.yaml": text})
    specified = inferon("analyse", "--spec", "s.yaml", "--json")
    assert told.code == specified.code == 0, told.err + specified.err
    assert told.new_files == specified.new_files == []
    assert json.loads(told.out) == json.loads(specified.out)
    python = analyse(table, time="months", causes=COLUMNS, group="arm", times=[6, 12]).to_json()
    place = {"data": "", "r_call": "", "python_call": ""}
    assert json.loads(told.out) | place == python | place


def test_law_json_has_its_documented_shape_and_no_nan(inferon) -> None:
    told = inferon("analyse", "p.csv", *ARGUMENTS, "--at", "1,6", "--json", files={"p.csv": PATIENTS})
    found = json.loads(told.out, parse_constant=pytest.fail)
    assert {"data", "time", "causes", "groups", "gray", "log_rank", "method", "warnings", "r_call"} <= found.keys()
    assert found["causes"] == ["relapse", "death"]
    assert found["method"]["variance"] == "greenwood_type"
    row = found["groups"]["A"]["causes"]["relapse"][1]
    assert row.keys() >= {"time", "estimate", "lower", "upper", "at_risk"}
    assert 0 < row["lower"] < row["estimate"] < row["upper"] < 1
    assert found["groups"]["A"]["causes"]["relapse"][0]["lower"] is None
    assert found["gray"]["relapse"]["df"] == found["log_rank"]["df"] == 1
    assert "cuminc(p$time, p$cause, p$group, cencode = 0)" in found["r_call"]


def test_law_the_folder_holds_tables_figure_and_a_page_that_opens_offline(inferon, tmp_path: Path) -> None:
    first = inferon("analyse", "p.csv", *ARGUMENTS, "--out", "one", files={"p.csv": PATIENTS})
    second = inferon("analyse", "p.csv", *ARGUMENTS, "--out", "two")
    assert first.code == second.code == 0, first.err
    assert first.new_files == ["one", *(f"one/{name}" for name in WRITTEN)]
    for name in WRITTEN:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    page = (tmp_path / "one" / "analysis.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert not any(mark in page for mark in ("src=", "<script", "@import", '<link rel="stylesheet'))
    assert "Research use only" in page
    assert "Written: one/analysis.html" in first.out


def test_fault_names_from_the_table_are_escaped_on_the_page(table: Path, tmp_path: Path) -> None:
    text = PATIENTS.replace(",A\n", ",<script>alert(1)</script>\n")
    table.write_text(text, encoding="utf-8")
    analyse(table, time="months", causes=COLUMNS, group="arm").write(tmp_path / "out")
    assert "<script" not in (tmp_path / "out" / "analysis.html").read_text(encoding="utf-8")


def test_law_a_large_table_is_drawn_by_the_steps_that_can_be_seen() -> None:
    time = list(range(1, 20_001))
    cause = ["relapse", "none", "death", "none"] * 5_000
    table = pl.DataFrame({"time": time, "status": cause})
    codes = {"event": "status", "codes": {"relapse": "relapse", "death": "death"}, "censor": "none"}
    found = analyse(table, time="time", **codes)
    assert found.curves.height == 40_002
    drawn = found.figure().to_dict()
    sizes = [len(data.splitlines() if isinstance(data, str) else data) for data in drawn["datasets"].values()]
    assert 1000 < max(sizes) < 1300


def test_law_results_print_and_cannot_be_changed(table: Path) -> None:
    found = analyse(table, time="months", causes=COLUMNS)
    assert "Analysis of p.csv: 10 patients" in repr(found)
    with pytest.raises(AttributeError):
        found.warnings = ()  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InputError, match="times: found -1"):
        analyse(table, time="months", causes=COLUMNS, times=[-1])


@pytest.mark.parametrize(
    ("last", "unit", "times"),
    [
        (2640, "days", [0, 500, 1000, 1500, 2000, 2500]),
        (24, "months", [0, 6, 12, 18, 24]),
        (131.8, "months", [0, 24, 48, 72, 96, 120]),
        (0.37, "years", [0, 0.1, 0.2, 0.3]),
        (0, "days", [0]),
    ],
)
def test_law_round_times_are_round_and_within_follow_up(last: float, unit: str, times: list[float]) -> None:
    assert round_times(last, unit=unit) == pytest.approx(times)
