"""What a user sees: tables on any grid, print-outs that name the method, and sentences for bad columns."""

import re

import numpy as np
import polars as pl
import pytest

from inferon.statistics import aalen_johansen, clopper_pearson, episodes, g_formula, gray, kaplan_meier, log_rank

TIME, CAUSE, GROUP = [1.0, 2, 2, 3, 5, 8], [1, 2, 0, 1, 0, 0], list("aabbab")


def test_law_the_grid_never_changes_the_curve() -> None:
    curves = aalen_johansen(TIME, CAUSE)
    coarse, fine = curves[1].at([3]), curves[1].at(np.linspace(0, 3, 301))
    assert coarse.row(0) == fine.row(-1)
    assert curves[1].at([0.5])["estimate"].item() == 0.0
    assert kaplan_meier(TIME, np.array(CAUSE) > 0).at([0.5]).row(0)[1:5] == (1.0, 0.0, 1.0, 1.0)


def test_law_beyond_follow_up_the_last_value_is_carried_and_flagged() -> None:
    row = aalen_johansen(TIME, CAUSE)[1].at([100.0]).row(0, named=True)
    assert (row["at_risk"], row["cumulative_events"], row["within_follow_up"]) == (0, 2, False)


def test_law_missing_limits_are_null_in_tables_and_never_nan() -> None:
    frame = aalen_johansen(TIME, CAUSE, causes=[1, 2, 3]).to_frame()
    assert frame.filter(pl.col("cause") == 3)["lower"].null_count() == 5
    assert not frame.select(pl.col(pl.Float64).is_nan().any()).row(0)[0]
    assert kaplan_meier([1, 2], [1, 1]).to_frame()["standard_error"].to_list()[-1] is None


def test_law_results_are_frozen_and_print_their_method() -> None:
    curves, survival = aalen_johansen(TIME, CAUSE, variance="aalen_1978_cmprsk"), kaplan_meier(TIME, [1] * 6)
    with pytest.raises(ValueError, match="read-only"):
        curves[1].estimate[0] = 1.0
    with pytest.raises(AttributeError):
        survival.n = 3  # pyright: ignore[reportAttributeAccessIssue]
    assert "aalen_1978_cmprsk" in repr(curves)
    assert "Aalen & Johansen" in repr(curves)
    assert "Greenwood" in repr(survival)
    assert "Kaplan–Meier: n = 6, events = 6" in repr(survival)
    assert "Gray's test of 1: chi-square = " in repr(gray(TIME, CAUSE, GROUP))
    assert "Log-rank test: chi-square = " in repr(log_rank(TIME, [1] * 6, GROUP))


def test_law_a_silent_group_costs_a_degree_of_freedom_and_is_named() -> None:
    time, cause, group = [1, 2, 3, 4, 5, 0], [1, 1, 2, 1, 0, 0], list("ababac")
    test = gray(time, cause, group)[1]
    assert test.df == 1
    assert test.caution == "A group takes no part: it says nothing on this cause"
    alone = gray(time[:5], cause[:5], group[:5])[1]
    assert test.statistic == pytest.approx(alone.statistic, rel=1e-9)
    assert log_rank(time, [1, 1, 1, 1, 0, 0], group).df == 1


def test_law_without_events_tests_say_so_instead_of_answering() -> None:
    test = gray([1, 2], [2, 0], ["a", "b"], causes=[1, 2])[1]
    assert test.df == 0
    assert np.isnan(test.p_value)
    assert "No group can be compared" in str(test.caution)
    assert log_rank([1, 2], [0, 0], ["a", "b"]).df == 0


BAD_COLUMNS = [
    (lambda: kaplan_meier([], []), "time is empty"),
    (lambda: kaplan_meier([1, -2], [1, 0]), "time must not be negative: found -2.0 at position 1"),
    (lambda: kaplan_meier([1, float("nan")], [1, 0]), "time must be a finite number: found nan at position 1"),
    (lambda: kaplan_meier(["x"], [1]), "time holds values that are not numbers"),
    (lambda: kaplan_meier([1, 2], [1, 2]), "event must be 0 (censored) or 1 (event): found 2 at position 1"),
    (lambda: kaplan_meier([1, 2], [1]), "event must have one value a patient (2)"),
    (lambda: kaplan_meier([1], [1], conf_type="loglog"), "conf_type must be one of plain, log, log-log"),
    (lambda: kaplan_meier([1], [1], conf_level=95), "conf_level must lie between 0 and 1"),
    (lambda: aalen_johansen([1, 2], ["relapse", ""]), "cause must not be an empty text: found '' at position 1"),
    (lambda: gray([1, 2], [1, 1], ["a", "b"], rho=float("nan")), "rho must be a finite number, found nan"),
    (lambda: episodes(pl.DataFrame({"day": [1.0]}), time="day", event="dead"), "patients has no column 'dead'"),
    (
        lambda: g_formula(
            [1, 2, 3], [1, 1, 0], covariates={"x": [0, 1, 0]}, settings={"a": {"x": 1}}, of_cause=1, times=[np.nan]
        ),
        "times must be one column of finite numbers >= 0",
    ),
    (lambda: kaplan_meier([1], [1]).at([-1]), "times must be one column of finite numbers >= 0"),
    (lambda: kaplan_meier([1], [1]).quantile(50), "must lie between 0 and 1, found 50"),
    (lambda: aalen_johansen([1, 2], [1, float("nan")]), "cause must not be missing"),
    (lambda: aalen_johansen([1, 2], ["relapse", "x"], causes=["relapse"]), "cause 'x' occurs in the data"),
    (lambda: aalen_johansen([1], [1], variance="greenwood"), "variance must be one of greenwood_type"),
    (lambda: aalen_johansen([1], [1], causes=[1, 1]), "causes lists a cause twice"),
    (lambda: gray([1, 2], [1, 1], ["a", "a"]), "needs two groups or more, found only ['a']"),
    (lambda: log_rank([1, 2], [1, 1], ["a", None]), "group must not be missing: found None at position 1"),
    (lambda: clopper_pearson(5, 4), "found 5 of 4"),
]


@pytest.mark.parametrize(("call", "sentence"), BAD_COLUMNS, ids=[sentence for _, sentence in BAD_COLUMNS])
def test_fault_bad_columns_are_refused_with_a_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()
