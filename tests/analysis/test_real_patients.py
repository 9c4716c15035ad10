"""The two transplant data sets of the issue, through the command line, against numbers of R and of the literature."""

import json
from pathlib import Path

import pytest

BMT137 = ("--time", "t2", "--cause", "relapse=d2:1", "--cause", "death=d3:1", "--group", "group", "--id", "id")
BMT177 = ("--time", "ftime", "--event", "Status", "--code", "1=relapse", "--code", "2=death", "--censor", "0")


def told(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def oracle(shared: Path, topic: str, quantity: str, **facts) -> dict:
    """The values of the one case on bmt_km137 by column group that holds `quantity` and these options."""
    cases = json.loads((shared / "oracles" / f"{topic}.json").read_text(encoding="utf-8"))["cases"]
    found = [
        case["values"]
        for case in cases
        if (case["dataset"], case["analysis"]["data"]["group"]) == ("bmt_km137", "group")
        and facts.items() <= case["analysis"]["options"].items()
        and quantity in case["values"]
    ]
    assert len(found) == 1
    return found[0]


def test_oracle_cmprsk_incidence_and_gray_of_137_transplants(shared: Path, inferon) -> None:
    expected = oracle(shared, "cif", "rows", variance="aalen_1978_cmprsk")
    times = ",".join(map(str, expected["time"]))
    found = told(inferon("analyse", str(shared / "data" / "bmt_km137.csv"), *BMT137, "--at", times, "--json"))
    for row, estimates in zip(expected["rows"], expected["est"], strict=True):
        group, cause = row.split()
        curve = found["groups"][group]["causes"][{"1": "relapse", "2": "death"}[cause]]
        assert [point["estimate"] for point in curve] == pytest.approx(estimates, rel=1e-9)
    tests = oracle(shared, "gray", "statistic", rho=0.0)
    assert [found["gray"][cause]["statistic"] for cause in ("relapse", "death")] == pytest.approx(
        tests["statistic"], rel=1e-9
    )
    assert [found["gray"][cause]["p_value"] for cause in ("relapse", "death")] == pytest.approx(tests["p"], rel=1e-6)


def test_oracle_survdiff_log_rank_of_disease_free_survival(shared: Path, inferon) -> None:
    """Disease-free survival of Klein & Moeschberger's bmt data, any event (d3): chi-square 13.8 on 2 degrees, p 0.001."""
    found = told(inferon("analyse", str(shared / "data" / "bmt_km137.csv"), *BMT137, "--json"))
    assert found["log_rank"]["statistic"] == pytest.approx(13.8037, abs=5e-5)
    assert {group: values["n"] for group, values in found["groups"].items()} == {"1": 38, "2": 54, "3": 45}
    assert found["groups"]["1"]["median_event_free"]["time"] == 418
    assert "42 patients fit more than one cause; the first declared (relapse, death) was taken." in found["notes"]


def test_oracle_177_transplants_by_codes_have_the_published_counts(shared: Path, inferon) -> None:
    """Scrucca, Santucci & Aversa, Bone Marrow Transplant 2010;45:1388-1395: 177 patients, 56 relapses, 75 deaths."""
    arguments = (*BMT177, "--group", "D", "--at", "12,24", "--time-unit", "months")
    found = told(inferon("analyse", str(shared / "data" / "bmtcrr177.csv"), *arguments, "--json"))
    events = [values["events"] for values in found["groups"].values()]
    assert found["n"] == 177
    assert sum(row["relapse"] for row in events) == 56
    assert sum(row["death"] for row in events) == 75
    assert found["gray"].keys() == {"relapse", "death"}
    assert [point["time"] for point in found["groups"]["ALL"]["causes"]["relapse"]] == [12, 24]


def test_law_the_two_variance_forms_are_named_and_differ(shared: Path, inferon) -> None:
    path = str(shared / "data" / "bmtcrr177.csv")
    one = told(inferon("analyse", path, *BMT177, "--at", "24", "--json"))
    other = told(inferon("analyse", path, *BMT177, "--at", "24", "--variance", "aalen_1978_cmprsk", "--json"))
    first, second = (found["groups"]["all"]["causes"]["relapse"][0] for found in (one, other))
    assert other["method"]["variance"] == "aalen_1978_cmprsk"
    assert first["estimate"] == second["estimate"]
    assert second["lower"] < first["lower"] < first["upper"] < second["upper"]


def test_law_the_printed_tables_hold_the_numbers_and_the_r_call(shared: Path, inferon) -> None:
    outcome = inferon("analyse", str(shared / "data" / "bmt_km137.csv"), *BMT137, "--at", "365")
    assert outcome.code == 0
    for piece in (
        "23.8%",
        "11.8–38.1",
        "11.923",
        "0.0026",
        "13.804",
        "cuminc(p$time, p$cause, p$group",
        "greenwood_type",
    ):
        assert piece in outcome.out, piece
