"""The Python call and the R code that come with a result: they ask for what was asked, a block for every table."""

import numpy as np
import polars as pl
import pytest

from inferon.analysis import analyse
from inferon.analysis.python_call import arguments
from inferon.analysis.weighting import WEIGHTINGS, read_weighting
from inferon.statistics.shared.event_table import compared_groups

from .test_options import CODED, table

__all__ = ["table"]

ASKED = {
    "plain": {**CODED},
    "groups": {**CODED, "group": "arm", "reference": "B", "times": [10.0, 20.0], "tau": 15.0, "covariates": ["age", "stage:II"]},
    "one event": {
        "time": "time", "causes": {"failure": ["status:R", "status:D"]}, "group": "arm", "times": [10.0],
        "weighting": "fleming_harrington:0,1", "conf_type": "plain", "conf_level": 0.9,
    },
    "delayed entry": {**CODED, "group": "arm", "start": "entry", "strata": ["site"], "times": [20.0]},
    "weights": {**CODED, "group": "arm", "weights": "weight", "covariates": ["age"], "times": [20.0]},
    "landmark": {**CODED, "landmark": 8.0, "reached": {"GVHD": "gvhd:1@gvhd_time"}, "times": [10.0], "title": "By day 8"},
    "cmprsk": {**CODED, "group": "arm", "variance": "aalen_1978_cmprsk", "difference": "wald", "times": [20.0]},
    "textbook": {**CODED, "variance": "aalen_1978_textbook", "conf_type": "arcsine"},
    "selection": {**CODED, "group": "gvhd", "labels": {"1": "GVHD", "0": "none"}, "only": {"site": "south"}},
    "timed": {"time": "time", "causes": {"GVHD": "gvhd:1@gvhd_time", "death": "status:D"}, "leave_out": ["missing"]},
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_law_the_python_call_asks_for_the_same_result(name: str, table: pl.DataFrame) -> None:
    found = analyse(table, **ASKED[name])
    again = analyse(table, **arguments(found.request))
    assert again.to_json() == found.to_json()
    compile(found.python_call, "analysis.py", "exec")


@pytest.mark.parametrize("name", ASKED)
def test_law_the_r_code_has_a_block_a_table_and_balanced_brackets(name: str, table: pl.DataFrame) -> None:
    found = analyse(table, **ASKED[name])
    for finding in found.findings:
        expected = finding.name != "estimates" or found.request.competing
        assert (f"# {finding.title}\n" in found.r_call) is expected, finding.name
    for opening, closing in ("()", "[]", "{}"):
        assert found.r_call.count(opening) == found.r_call.count(closing)
    assert "None" not in found.r_call.replace('"None"', "")


R_PIECES = {
    "groups": ('levels = c("B", "A")', 'levels = c("II", "I", "III")', "crr(m$time, m$cause, x, failcode = 2", "rmst2(two$time"),
    "one event": ('conf.type = "plain", conf.int = 0.9', "S^0 * (1 - S)^1", "survdiff(Surv(time, cause > 0) ~ group"),
    "delayed entry": (
        "Surv(start, time, state) ~ group", 'ties = "exact")', "finegray(Surv(start, time, state)",
        "strata(strata)", "cause == 1) ~ group + strata(strata)",
    ),
    "weights": ("weights = w", "robust = TRUE", "etype = \"death\", weights = w"),
    "landmark": ("p[p$time > 8, ]", "p$time <- p$time - 8", 'c("no GVHD", "GVHD")'),
    "cmprsk": ("timepoints(cuminc(p$time, p$cause, p$group, cencode = 0), times)", "est^exp(-q / (est * log(est)))"),
    "textbook": ("agrees with this to about 1e-3", "sin(pmax(asin(sqrt(est))"),
    "selection": ('d[d[["site"]] %in% "south", ]', 'levels = c(1, 0), labels = c("GVHD", "none")'),
    "timed": ("when <- cbind(", "max.col(", 'complete.cases(d[, c("time"), drop = FALSE])'),
}  # fmt: skip


@pytest.mark.parametrize("name", R_PIECES)
def test_law_the_r_code_carries_what_was_declared(name: str, table: pl.DataFrame) -> None:
    code = analyse(table, **ASKED[name]).r_call
    for piece in R_PIECES[name]:
        assert piece in code, piece


def test_law_names_from_the_table_stay_text_in_r_and_python(table: pl.DataFrame) -> None:
    wild = table.rename({"age": 'a"); system("x'})
    found = analyse(wild, **CODED, covariates=['a"); system("x'])
    assert 'd[["a\\"); system(\\"x"]]' in found.r_call
    assert "p$x_a____system__x <-" in found.r_call
    compile(found.python_call, "analysis.py", "exec")


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_double_the_weights_written_for_r_are_those_that_are_used(name: str, table: pl.DataFrame) -> None:
    """The R expression, read as Python with numpy's functions under their R names, at the same event times."""
    numbers = {"fleming_harrington": ":0.5,2", "tarone_ware": ":0.3", "magirr_burman": ":12,1.7", "early_zero": ":9"}
    weighting = read_weighting(name + numbers.get(name, ""))
    counts = compared_groups(table["time"], table["status"] != "C", table["arm"]).tables[0]
    in_python = (
        weighting.in_r.replace("^", "**")
        .replace("c(1, S[t <= 12])", "[1, *S[t <= 12]]")
        .replace("as.numeric", "1.0 * ")
    )
    known = {
        "t": counts.time, "y": counts.all_at_risk, "d": counts.all_events, "S": counts.free_before, "min": min,
        "cumprod": np.cumprod, "pmin": np.minimum, "pmax": np.maximum,
    }  # fmt: skip
    value = eval(in_python, {"__builtins__": {}}, known)
    np.testing.assert_allclose(np.broadcast_to(value, counts.time.shape), weighting.weight(counts), rtol=1e-12)
