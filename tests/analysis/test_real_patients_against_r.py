"""Eight published sets of patients, analysed from their files, against values of R and of the literature."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from inferon.analysis import Analysis, analyse

RELAPSE_OR_DEATH = {"relapse": "d2:1", "death": "d3:1"}


def value_of(
    shared: Path, topic: str, dataset: str, method: str, wanted: dict[str, Any], **data: Any
) -> dict[str, Any]:
    """The values of the one case with this method, with these parts of `data` and keys of `values` or `options`."""
    cases = json.loads((shared / "oracles" / f"{topic}.json").read_text(encoding="utf-8"))["cases"]
    found = [
        case["values"]
        for case in cases
        if case["dataset"] == dataset
        and case["analysis"]["method"] == method
        and data.items() <= case["analysis"]["data"].items()
        and wanted.items() <= {**dict.fromkeys(case["values"]), **case["analysis"]["options"]}.items()
    ]
    assert len(found) == 1, len(found)
    return found[0]


def e1684(shared: Path, **more: Any) -> Analysis:
    """Relapse-free survival of the ECOG 1684 trial of interferon alfa-2b."""
    return analyse(
        shared / "data" / "ifn_melanoma_e1684.csv", time="failtime", event="failcens", codes={"relapse or death": 1},
        censor=0, group="treatment", labels={0: "observation", 1: "interferon"}, id="id", time_unit="years", **more,
    )  # fmt: skip


def test_oracle_the_published_incidences_of_35_transplants(shared: Path) -> None:
    """Scrucca et al., Bone Marrow Transplant 2007;40:381-387: code 2 at 6, 12 and 24 months, both diseases together."""
    found = analyse(
        shared / "data" / "bmt_scrucca35.csv", time="ftime", event="status", codes={"first": 1, "second": 2}, censor=0,
        times=[6, 12, 24], time_unit="months",
    )  # fmt: skip
    second = found.estimates.filter(pl.col("cause") == "second")
    assert second["estimate"].to_list() == pytest.approx([0.176, 0.341, 0.446], abs=5e-4)
    assert second["at_risk"].to_list() == [20, 12, 8]
    assert found.warnings[0].startswith("2 patients have a follow-up of 0, 2 of them with an event (lines 25 and 26)")


def test_oracle_interferon_trial_hazard_ratios_and_restricted_means(shared: Path) -> None:
    found = e1684(shared, covariates=["age", "sex", "node_bin"], times=[3], tau=5)
    fitted = value_of(shared, "cox", "ifn_melanoma_e1684", "cox", {"ties": "efron"}, time="failtime", start=None)
    ratios = found["hazard_ratios"]
    assert ratios["term"].to_list() == ["treatment = interferon", "age", "sex", "node_bin"]
    assert ratios["coefficient"].to_list() == pytest.approx(fitted["coef"], rel=1e-6)
    assert ratios["standard_error"].to_list() == pytest.approx(fitted["se"], rel=1e-5)
    means = value_of(shared, "rmst", "ifn_melanoma_e1684", "rmst", {"tau": 5}, time="failtime")
    table = found["restricted_means"].filter(pl.col("against") == "observation")
    numbers = table.select("estimate", "lower", "upper", "p_value").rows()
    assert numbers == [pytest.approx(tuple(row), rel=1e-6) for row in means["contrasts"]]


def test_oracle_interferon_trial_tests_and_difference_at_three_years(shared: Path) -> None:
    found = e1684(shared, times=[3], weighting="fleming_harrington:0,1")
    tests = {row["test"]: row for row in found["tests"].to_dicts()}
    plain = value_of(shared, "logrank", "ifn_melanoma_e1684", "log_rank", {"chisq": None, "rho": 0}, time="failtime")
    assert tests["log-rank"]["statistic"] == pytest.approx(plain["chisq"], rel=1e-9)
    late = value_of(
        shared, "logrank", "ifn_melanoma_e1684", "weighted_log_rank",
        {"weight": "fleming_harrington", "rho": 0, "gamma": 1}, time="failtime",
    )  # fmt: skip
    weighted = tests["weighted log-rank (fleming_harrington:0,1)"]
    assert weighted["statistic"] == pytest.approx(late["z"] ** 2, rel=1e-9)
    at_three = value_of(
        shared, "km", "ifn_melanoma_e1684", "fixed_time_comparison", {"transform": "identity"}, time="failtime"
    )
    row = found["differences"].row(0, named=True)
    assert row["difference"] == pytest.approx(at_three["estimate"], rel=1e-9)
    assert row["standard_error"] == pytest.approx(at_three["se"], rel=1e-9)


def test_oracle_acute_gvhd_by_day_100_as_a_landmark(shared: Path) -> None:
    found = analyse(
        shared / "data" / "bmt_km137.csv", time="t2", causes=RELAPSE_OR_DEATH, landmark=100,
        reached={"acute GVHD": "da:1@ta"}, times=[265, 630], time_unit="days",
    )  # fmt: skip
    cases = json.loads((shared / "oracles" / "landmark.json").read_text(encoding="utf-8"))["cases"]
    reached = {"column": "x", "expr": "da == 1 and ta <= 100"}
    expected = next(c["values"] for c in cases if reached in (c["analysis"]["data"] or {}).get("derive", []))
    assert found.n == expected["n"]
    assert (found.patients.group == "acute GVHD").sum() == expected["exposed"]
    tests = found["tests"]["statistic"].to_list()
    assert tests[:2] == pytest.approx(expected["gray_stat"], rel=1e-9)
    assert tests[2] == pytest.approx(expected["logrank_chisq"], rel=1e-9)
    either = found["hazard_ratios"].filter(pl.col("of") == "event-free survival")
    assert either["coefficient"][0] == pytest.approx(expected["cox_coef"], rel=1e-6)
    relapse = found["subdistribution_hazard_ratios"].filter(pl.col("of") == "relapse")
    assert relapse["coefficient"][0] == pytest.approx(expected["fg_relapse_coef"], rel=5e-5)
    assert relapse["standard_error"][0] == pytest.approx(expected["fg_relapse_se"], rel=1e-4)
    assert found.event_free["estimate"].to_list() == pytest.approx(expected["surv"], rel=1e-9)


def test_oracle_left_truncated_survival_given_68_years(shared: Path) -> None:
    found = analyse(
        shared / "data" / "channing_left_truncated.csv", time="age", start="ageentry", leave_out="entry", event="death",
        codes={"death": 1}, censor=0, group="gender", landmark=816, clock="origin", times=[850, 900, 950, 1000],
        conf_type="plain", time_unit="months",
    )  # fmt: skip
    expected = value_of(shared, "km", "channing_left_truncated", "kaplan_meier", {"at_times": None}, start="e")
    for group in ("1", "2"):
        own = found.event_free.filter(pl.col("group") == group)
        r = expected["at_times"]["plain"][f"gender={group}"]
        for ours, theirs in (("estimate", "surv"), ("lower", "lower"), ("upper", "upper"), ("at_risk", "n_risk")):
            assert own[ours].to_list() == pytest.approx(r[theirs][:4], rel=1e-9)
    assert found.patients.left_out["entry not before the end of follow-up"] == [206, 227, 228, 423]


def test_oracle_left_truncated_hazard_ratio_and_its_warning(shared: Path) -> None:
    found = analyse(
        shared / "data" / "channing_left_truncated.csv", time="age", start="ageentry", leave_out="entry", event="death",
        codes={"death": 1}, censor=0, covariates=["gender"],
    )  # fmt: skip
    expected = value_of(shared, "cox", "channing_left_truncated", "cox", {"ties": "efron"}, start="ageentry")
    row = found["hazard_ratios"].row(0, named=True)
    assert (row["n"], row["events"]) == (expected["n"], expected["events"])
    assert row["coefficient"] == pytest.approx(expected["coef"][0], rel=1e-6)


def test_oracle_stratified_tests_of_137_transplants(shared: Path) -> None:
    found = analyse(
        shared / "data" / "bmt_km137.csv", time="t2", causes=RELAPSE_OR_DEATH, group="z10", strata="group"
    )  # fmt: skip
    grays = value_of(shared, "gray", "bmt_km137", "gray", {"rho": 0}, group="z10", strata="group")
    ranks = value_of(shared, "logrank", "bmt_km137", "log_rank", {"rho": 0}, group="z10", strata="group")
    expected = [*grays["statistic"], ranks["chisq"]]
    assert found["tests"]["statistic"].to_list() == pytest.approx(expected, rel=1e-9)


def test_oracle_fine_gray_of_137_transplants(shared: Path) -> None:
    found = analyse(
        shared / "data" / "bmt_km137.csv", time="t2", causes=RELAPSE_OR_DEATH, group="group", covariates=["z10"]
    )
    cases = json.loads((shared / "oracles" / "finegray.json").read_text(encoding="utf-8"))["cases"]
    for cause, number in (("relapse", 1), ("death", 2)):
        expected = next(
            case["values"]
            for case in cases
            if case["analysis"]["data"]["covariates"] == ["g2", "g3", "z10"]
            and {"cause": number, "cengroup": None}.items() <= case["analysis"]["options"].items()
        )
        own = found["subdistribution_hazard_ratios"].filter(pl.col("of") == cause)
        assert own["coefficient"].to_list() == pytest.approx(expected["coef"], rel=5e-5)
        assert own["standard_error"].to_list() == pytest.approx(expected["se"], rel=1e-4)


def test_double_times_of_their_own_give_the_first_event_of_1977_transplants(shared: Path) -> None:
    """EBMT: relapse at `rel`, death at `srv`; the earliest is what a plain first-event column would hold."""
    path = shared / "data" / "ebmt1.csv"
    rules = {"relapse": "relstat:1@rel", "death": "srvstat:1@srv"}
    found = analyse(path, time="srv", causes=rules, group="score", reference="Low risk", id="patid", times=[365, 1825])
    table = pl.read_csv(path, infer_schema_length=None)
    first = table.with_columns(
        when=pl.when(pl.col("relstat") == 1).then("rel").otherwise("srv"),
        what=pl.when(pl.col("relstat") == 1).then(1).when(pl.col("srvstat") == 1).then(2).otherwise(0),
    )
    options: dict[str, Any] = {"event": "what", "codes": {"relapse": 1, "death": 2}, "censor": 0}
    plain = analyse(first, time="when", group="score", reference="Low risk", times=[365, 1825], **options)
    assert found.estimates.equals(plain.estimates)
    assert found.groups == ("Low risk", "High risk", "Medium risk")
    assert found.n == 1977


def test_law_missing_groups_of_1540_patients_are_refused_or_left_out_by_name(shared: Path) -> None:
    path = shared / "data" / "aml_amlsg1540.csv"
    options: dict[str, Any] = {"time": "OS", "event": "Status", "codes": {"death": 1}, "censor": 0, "group": "M_Risk"}
    found = analyse(path, **options, leave_out="missing", strata="Study", covariates=["AOD"], times=[1095])
    left_out = found.patients.left_out["a value missing"]
    assert len(left_out) == 129
    assert left_out[:3] == [20, 26, 46]
    assert found.n == 1540 - 129
    assert found["hazard_ratios"]["against"].to_list() == ["Adverse"] * 3 + [None]


def test_law_a_coefficient_without_estimate_is_left_empty_and_explained(shared: Path) -> None:
    """187 children: nobody with a 7/10 match died first, so its hazard ratio has no finite estimate."""
    gvhd = "time_to_acute_GvHD_III_IV"
    found = analyse(
        shared / "data" / "hct_paediatric187.csv", time="survival_time", group="stem_cell_source", id="id",
        causes={"acute GVHD III–IV": f"{gvhd}_event:1@{gvhd}", "death": "survival_status:1"},
        covariates={"recipient_age": None, "HLA_match": "10/10", "CMV_status": None}, times=[100, 365],
    )  # fmt: skip
    empty = found["hazard_ratios"].filter((pl.col("of") == "death") & (pl.col("term") == "HLA_match = 7/10"))
    assert empty["hazard_ratio"].to_list() == empty["p_value"].to_list() == [None]
    assert any("rises without end" in warning for warning in found.warnings)
    assert found.finding("hazard_ratios").n == 187 - 16
    assert len(found.patients.left_out["a covariate is missing (regressions only)"]) == 16


def test_oracle_the_myeloid_trial_has_its_printed_counts(shared: Path) -> None:
    """The `myeloid` trial of R's survival: 646 patients, 320 deaths; arms A 317 and B 329."""
    path = shared / "data" / "myeloid_trial646.csv"
    found = analyse(path, time="futime", event="death", codes={"death": 1}, censor=0, group="trt", id="id", times=[730])
    assert {group: curve.n for group, curve in found.survival.items()} == {"A": 317, "B": 329}
    assert sum(curve.n_events for curve in found.survival.values()) == 320
    assert found["differences"].height == 1
