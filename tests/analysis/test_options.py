"""Delayed entry, weights, strata, covariates, landmark, selections: the same numbers as the statistics they stand for."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from inferon.analysis import analyse
from inferon.statistics import aalen_johansen, gray, kaplan_meier, log_rank
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank
from inferon.statistics.curves.rmst_comparison import compare_restricted_means
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.fine_gray import fine_gray

CODED = {"time": "time", "event": "status", "codes": {"relapse": "R", "death": "D"}, "censor": "C"}


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """120 patients with every kind of column; entry is before half of the follow-up."""
    random = np.random.default_rng(11)
    time = np.ceil(random.exponential(20, 120)) + 1
    return pl.DataFrame(
        {
            "patient": range(120),
            "time": time,
            "status": random.choice(["R", "D", "C"], 120, p=[0.4, 0.3, 0.3]),
            "arm": random.choice(["A", "B"], 120),
            "entry": np.floor(time * random.uniform(0, 0.5, 120)),
            "weight": random.choice([0.5, 1.0, 2.0], 120),
            "site": random.choice(["north", "south"], 120),
            "age": random.integers(20, 70, 120),
            "stage": random.choice(["I", "II", "III"], 120),
            "gvhd": random.choice([0, 1], 120),
            "gvhd_time": np.minimum(time, random.integers(1, 30, 120)),
        }
    )


def cause_of(table: pl.DataFrame) -> np.ndarray:
    return np.array([{"R": "relapse", "D": "death", "C": None}[code] for code in table["status"]], dtype=object)


def test_law_delayed_entry_and_weights_reach_every_estimate(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, start="entry", weights="weight", times=[10, 30])
    time, cause = table["time"].to_numpy(), cause_of(table)
    columns = {"start": table["entry"].to_numpy(), "weights": table["weight"].to_numpy()}
    expected = aalen_johansen(time, cause, causes=("relapse", "death"), **columns).at([10, 30])
    assert found.estimates["estimate"].to_list() == expected["estimate"].to_list()
    assert found.estimates["standard_error"].to_list() == expected["standard_error"].to_list()
    free = kaplan_meier(time, cause != None, **columns).at([10, 30])  # noqa: E711 - elementwise
    assert found.event_free["lower"].to_list() == free["lower"].to_list()
    assert "infinitesimal_jackknife" in found.finding("estimates").about


def test_law_tests_that_are_not_defined_are_not_made_and_the_reason_is_told(table: pl.DataFrame) -> None:
    weighted = analyse(table, **CODED, group="arm", weights="weight")
    assert weighted.gray is weighted.log_rank is None
    assert any("not defined here for weighted patients" in note for note in weighted.notes)
    late = analyse(table, **CODED, group="arm", start="entry")
    assert late.gray is None
    assert late.log_rank is not None
    assert "Gray's test is not made: it has no form for delayed entry." in late.notes


def test_law_strata_reach_tests_and_regressions(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, group="arm", strata=["site"], weighting="gehan")
    time, cause, arm, site = (table["time"], cause_of(table), table["arm"], table["site"])
    event = cause != None  # noqa: E711 - elementwise
    assert found.log_rank is not None
    assert found.gray is not None
    assert found.log_rank.statistic == log_rank(time, event, arm, strata=site).statistic
    assert found.gray["relapse"].statistic == gray(time, cause, arm, strata=site)["relapse"].statistic
    from inferon.statistics.comparisons.log_rank_weights import Gehan

    tested = found["tests"]["statistic"].to_list()
    assert tested[-1] == weighted_log_rank(time, event, arm, weight=Gehan(), strata=site).statistic
    model = cox(time, cause == "relapse", covariates={"arm": arm == "B"}, strata=site)
    assert found["hazard_ratios"]["hazard_ratio"][0] == pytest.approx(model.hazard_ratio[0], rel=1e-12)
    assert "stratified by site" in found.finding("tests").about


def test_law_covariates_are_numbers_or_categories_against_a_named_reference(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, group="arm", covariates={"age": None, "stage": "II"})
    relapse = found["hazard_ratios"].filter(pl.col("of") == "relapse")
    assert relapse["term"].to_list() == ["arm = B", "age", "stage = I", "stage = III"]
    assert relapse["against"].to_list() == ["A", None, "II", "II"]
    columns = {
        "arm": table["arm"] == "B", "age": table["age"], "I": table["stage"] == "I", "III": table["stage"] == "III"
    }  # fmt: skip
    cause = cause_of(table)
    model = cox(table["time"], cause == "relapse", covariates=columns)
    assert relapse["coefficient"].to_list() == pytest.approx(model.coefficients.tolist(), rel=1e-12)
    other = fine_gray(table["time"], cause, covariates=columns, cause_of_interest="death")
    death = found["subdistribution_hazard_ratios"].filter(pl.col("of") == "death")
    assert death["coefficient"].to_list() == pytest.approx(other.coefficients.tolist(), rel=1e-10)
    as_texts = analyse(table, **CODED, group="arm", covariates=["age", "stage:II"])
    assert as_texts["hazard_ratios"].equals(found["hazard_ratios"])


def test_law_the_first_category_is_the_reference_and_is_named(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, covariates=["stage"])
    assert found["hazard_ratios"]["against"].unique().to_list() == ["I"]


def test_law_patients_without_a_covariate_stay_out_of_the_regressions_only(table: pl.DataFrame) -> None:
    holed = table.with_columns(age=pl.when(pl.col("patient").is_in([3, 40])).then(None).otherwise(pl.col("age")))
    found = analyse(holed, **CODED, covariates=["age"])
    assert found.n == found.finding("estimates").n == 120
    assert found.finding("hazard_ratios").n == 118
    assert found.patients.left_out == {"a covariate is missing (regressions only)": [4, 41]}
    assert any("2 patients lack a covariate (age 2)" in note and "rows 4 and 41" in note for note in found.notes)


@pytest.mark.parametrize("clock", ["restart", "origin"])
def test_law_a_landmark_leaves_out_counts_and_states_its_clock(table: pl.DataFrame, clock: str) -> None:
    shift = 10 if clock == "restart" else 0
    found = analyse(table, **CODED, group="arm", landmark=10, clock=clock, times=[30 - shift], covariates=["age"])
    later = table.filter(pl.col("time") > 10).with_columns(pl.col("time") - 10)
    plain = analyse(later, **CODED, group="arm", times=[20], covariates=["age"])
    assert found.n == later.height
    assert found.patients.landmark is not None
    assert found.patients.landmark.left_out == 120 - later.height
    assert any(note.startswith("Landmark at 10") for note in found.notes)
    for name in ("tests", "hazard_ratios", "subdistribution_hazard_ratios", "restricted_means"):
        numbers = [column for column, kind in plain[name].schema.items() if kind == pl.Float64]
        np.testing.assert_allclose(
            found[name].select(numbers).to_numpy(), plain[name].select(numbers).to_numpy(), rtol=1e-9, err_msg=name
        )
    for name in ("estimates", "event_free", "differences"):
        columns = (
            ("estimate", "lower", "upper") if name != "differences" else ("difference", "lower", "upper", "p_value")
        )
        np.testing.assert_allclose(
            found[name].select(columns).to_numpy(), plain[name].select(columns).to_numpy(), rtol=1e-9, err_msg=name
        )
    assert found.curves["time"].min() == found.origin == 10 - shift


def test_law_groups_by_landmark_are_those_who_had_reached_it_by_then(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, landmark=8, reached={"GVHD": "gvhd:1@gvhd_time"})
    later = table.filter(pl.col("time") > 8)
    reached = ((later["gvhd"] == 1) & (later["gvhd_time"] <= 8)).sum()
    assert found.groups == ("no GVHD", "GVHD")
    assert (found.patients.group == "GVHD").sum() == reached > 0


def test_law_the_earliest_of_events_with_times_counts(table: pl.DataFrame) -> None:
    rules = {"GVHD": "gvhd:1@gvhd_time", "death": "status:D"}
    found = analyse(table, time="time", causes=rules).patients
    had = table["gvhd"].to_numpy() == 1
    assert (found.cause[had] == "GVHD").all()
    assert (found.time[had] == table["gvhd_time"].to_numpy()[had]).all()
    assert (found.time[~had] == table["time"].to_numpy()[~had]).all()


def test_law_selections_and_leaving_out_are_counted_and_named(table: pl.DataFrame) -> None:
    holed = table.with_columns(
        arm=pl.when(pl.col("patient") == 7).then(None).otherwise(pl.col("arm")),
        entry=pl.when(pl.col("patient") == 9).then(pl.col("time")).otherwise(pl.col("entry")),
    )
    found = analyse(holed, **CODED, group="arm", start="entry", leave_out=["missing", "entry"])
    assert found.n == 118
    assert found.patients.left_out == {"a value missing": [8], "entry not before the end of follow-up": [10]}
    assert "Left out as declared, a value missing: 1: row 8." in found.notes
    south = analyse(table, **CODED, only={"site": "south"})
    assert south.estimates.equals(analyse(table.filter(pl.col("site") == "south"), **CODED).estimates)
    assert len(south.patients.left_out["site is not south"]) == (table["site"] == "north").sum()


def test_law_labels_name_the_groups_in_their_order(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, group="gvhd", labels={1: "GVHD", 0: "none"})
    assert found.groups == ("GVHD", "none")
    assert analyse(table, **CODED, group="gvhd", labels={1: "GVHD"}, reference="GVHD").groups == ("GVHD", "0")
    assert (found.patients.group == "GVHD").sum() == table["gvhd"].sum()


def test_law_restricted_means_compare_each_group_with_the_reference(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, group="arm", reference="B", tau=20)["restricted_means"]
    event = table["status"].to_numpy() != "C"
    expected = compare_restricted_means(table["time"], event, table["arm"], tau=20, reference="B")
    difference = found.filter(pl.col("measure") == "difference of means").row(0, named=True)
    assert (difference["group"], difference["against"]) == ("A", "B")
    assert difference["lower"] == expected.difference.lower
    means = found.filter((pl.col("group") == "A") & pl.col("against").is_null())["estimate"].sum()
    assert means == pytest.approx(20)


def test_law_a_difference_without_events_in_a_group_has_no_interval(tmp_path: Path) -> None:
    table = pl.DataFrame({"time": [1, 2, 3, 4, 5, 6], "status": list("RRCCCC"), "arm": list("AAABBB")})
    found = analyse(table, time="time", event="status", codes={"relapse": "R"}, censor="C", group="arm", times=[3])
    row = found["differences"].row(0, named=True)
    assert row["difference"] == pytest.approx(2 / 3)
    assert row["lower"] is row["upper"] is row["p_value"] is None
    assert any("no interval, as nobody has had the event in B by then" in note for note in found.notes)


def test_law_a_model_that_cannot_be_fitted_is_a_warning_not_a_failure() -> None:
    table = pl.DataFrame({"time": [1, 2, 3, 4], "status": list("RRCC"), "x": [1, 1, 1, 1]})
    found = analyse(table, time="time", event="status", codes={"relapse": "R"}, censor="C", covariates=["x"])
    assert any(warning.startswith("The Cox model of relapse is not fitted") for warning in found.warnings)
    with pytest.raises(KeyError, match="no table 'hazard_ratios' was made"):
        found["hazard_ratios"]


def test_law_a_curve_that_collapses_before_others_enter_is_a_warning() -> None:
    table = pl.DataFrame({"time": [2, 9, 10], "entry": [0, 3, 4], "status": ["R", "R", "C"]})
    found = analyse(table, time="time", start="entry", event="status", codes={"relapse": "R"}, censor="C")
    assert any("falls to 0 at 2, where only 1 had entered" in warning for warning in found.warnings)


def test_law_every_table_names_method_patients_events_and_source(table: pl.DataFrame) -> None:
    found = analyse(table, **CODED, group="arm", covariates=["age"], times=[10, 20])
    assert [finding.name for finding in found.findings] == [
        "estimates", "event_free", "quantiles", "tests", "differences", "hazard_ratios", "proportional_hazards",
        "subdistribution_hazard_ratios", "restricted_means",
    ]  # fmt: skip
    for finding in found.findings:
        assert "n = 120, events: " in finding.about
        assert finding.about.endswith(f"Source: {finding.source}.")
        assert "19" in finding.source or "20" in finding.source
