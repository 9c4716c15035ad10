"""Covariates that change with time, and states reached by a landmark."""

import numpy as np
import polars as pl
import pytest

from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.episodes import episodes
from inferon.statistics.regression.landmark import landmark_cox, landmark_set

PATIENTS = pl.DataFrame(
    {"patient": [1, 2, 3, 4], "days": [10, 8, 6, 9], "died": [1, 0, 1, 1], "engrafted_day": [4, None, 6, 0]}
)


def test_golden_a_switch_is_off_up_to_its_time_and_never_explains_an_event_at_once() -> None:
    rows = episodes(PATIENTS, time="days", event="died", switches={"engrafted": "engrafted_day"})
    assert rows.select("patient", "start", "stop", "died", "engrafted").rows() == [
        (1, 0.0, 4.0, 0, 0),
        (1, 4.0, 10.0, 1, 1),
        (2, 0.0, 8.0, 0, 0),
        (3, 0.0, 6.0, 1, 0),
        (4, 0.0, 9.0, 1, 1),
    ]


def test_golden_measurements_are_carried_forward_and_time_before_the_first_is_left_out() -> None:
    counts = pl.DataFrame({"patient": [1, 1, 2, 3, 3], "day": [0, 5, 3, 2, 6], "count": [1.0, 2.0, 3.0, 4.0, 9.0]})
    rows = episodes(
        PATIENTS,
        time="days",
        event="died",
        measurements=counts,
        subject="patient",
        measured_at="day",
        carried=["count"],
    )
    assert rows.select("patient", "start", "stop", "died", "count").rows() == [
        (1, 0.0, 5.0, 0, 1.0),
        (1, 5.0, 10.0, 1, 2.0),
        (2, 3.0, 8.0, 0, 3.0),
        (3, 2.0, 6.0, 1, 4.0),
    ]


def test_golden_what_was_measured_before_entry_is_known_at_entry_and_gaps_keep_the_last_value() -> None:
    table = pl.DataFrame({"patient": ["a"], "came": [5.0], "left": [9.0], "died": [1]})
    counts = pl.DataFrame({"patient": ["a"] * 4, "day": [1, 3, 7, 12], "count": [1.0, 2.0, None, 8.0]})
    rows = episodes(
        table, time="left", event="died", start="came", measurements=counts, subject="patient", measured_at="day",
        carried=["count"],
    )  # fmt: skip
    assert rows.select("start", "stop", "died", "count").rows() == [(5.0, 7.0, 0, 2.0), (7.0, 9.0, 1, 2.0)]


def test_law_cutting_at_a_switch_that_no_model_uses_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    table = pl.DataFrame(
        {
            "day": rng.integers(2, 30, 60),
            "event": rng.integers(0, 2, 60),
            "at": rng.integers(0, 40, 60),
            "x": rng.normal(size=60),
        }
    )
    rows = episodes(table, time="day", event="event", switches={"later": "at"})
    assert rows.height > table.height
    assert rows["event"].sum() == table["event"].sum()
    cut = cox(rows["stop"], rows["event"], start=rows["start"], covariates=rows[["x"]])
    whole = cox(table["day"], table["event"], covariates=table[["x"]])
    np.testing.assert_allclose(cut.coefficients, whole.coefficients, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"start": "died"}, None),
        ({"start": "days"}, "must be after the start of follow-up"),
        ({"measurements": PATIENTS}, "need subject, measured_at and the columns carried"),
    ],
)
def test_fault_follow_up_that_cannot_be_cut(options, sentence) -> None:
    if sentence is None:
        assert episodes(PATIENTS, time="days", event="died", **options)["start"].to_list() == [1, 0, 1, 1]
        return
    with pytest.raises(ValueError, match=sentence):
        episodes(PATIENTS, time="days", event="died", **options)


def test_oracle_error_of_the_concordance_by_row_depends_on_where_rows_were_cut(shared) -> None:
    """survival 3.5-3, rows cut at all three changes whichever is in the model: 0.0320125695, 0.0321823853, 0.0273804345."""
    reached = {"agvh": ("da", "ta"), "cgvh": ("dc", "tc"), "plat": ("dp", "tp")}
    at = {f"{name}_at": pl.when(pl.col(flag) == 1).then(pl.col(day)) for name, (flag, day) in reached.items()}
    data = pl.read_csv(shared / "data" / "bmt_km137.csv").with_columns(
        low=(pl.col("group") == 2).cast(int), high=(pl.col("group") == 3).cast(int),
        both=(pl.col("z1") - 28) * (pl.col("z2") - 28), **at,
    )  # fmt: skip
    every = episodes(data, time="t2", event="d3", switches={name: f"{name}_at" for name in reached})
    assert every.height == 341
    errors = [0.0320125695438405, 0.0321823853034639, 0.0273804344677489]
    for name, error in zip(reached, errors, strict=True):
        terms = ["low", "high", "z8", "z1", "z2", "both", name]
        alone = episodes(data, time="t2", event="d3", switches={name: f"{name}_at"})
        by_row, by_patient = [], []
        for rows in (every, alone):
            columns = {"start": rows["start"], "covariates": rows[terms]}
            by_row.append(cox(rows["stop"], rows["d3"], **columns).concordance())
            by_patient.append(cox(rows["stop"], rows["d3"], cluster=rows["id"], **columns).concordance())
        assert by_row[0].standard_error == pytest.approx(error, rel=1e-9)
        assert by_row[1].standard_error != pytest.approx(error, rel=1e-4)
        assert by_row[0].estimate == by_row[1].estimate == by_patient[0].estimate
        assert by_patient[0].standard_error == pytest.approx(by_patient[1].standard_error, rel=1e-9)


def test_law_immortal_time_disappears_with_a_switch() -> None:
    """No effect is simulated: the naive comparison favours those who lived to be treated, the switch does not."""
    rng = np.random.default_rng(12)
    n = 4000
    died, treated = rng.exponential(1.0, n), rng.exponential(1.0, n)
    table = pl.DataFrame({"time": died, "event": np.ones(n), "at": np.where(treated < died, treated, np.nan)})
    naive = cox(table["time"], table["event"], covariates={"ever": (treated < died).astype(float)})
    rows = episodes(table.with_columns(pl.col("at").fill_nan(None)), time="time", event="event", switches={"now": "at"})
    switched = cox(rows["stop"], rows["event"], start=rows["start"], covariates=rows[["now"]])
    assert naive.coefficients[0] < -0.5
    assert abs(switched.coefficients[0]) < 3 * switched.standard_error[0]


def test_double_landmark_model_is_the_model_of_those_left() -> None:
    rng = np.random.default_rng(2)
    time, event, at = rng.exponential(10, 200), rng.integers(0, 2, 200), rng.exponential(8, 200)
    age = rng.normal(size=200)
    found = landmark_cox(time, event, landmark=4, reached_at={"gvhd": at}, covariates={"age": age})
    left = time > 4
    by_hand = cox(time[left] - 4, event[left], covariates={"gvhd": (at[left] <= 4).astype(float), "age": age[left]})
    np.testing.assert_array_equal(found.coefficients, by_hand.coefficients)
    assert found.terms == ("gvhd", "age")
    chosen = landmark_set(time, event, landmark=4, reached_at={"gvhd": at})
    assert chosen.rows.size == left.sum() == found.n


def test_fault_a_landmark_beyond_everybody() -> None:
    with pytest.raises(ValueError, match="nobody is followed beyond the landmark 9"):
        landmark_set([1, 2], [0, 1], landmark=9)
    with pytest.raises(ValueError, match="landmark must be a time >= 0, found -1"):
        landmark_set([1, 2], [0, 1], landmark=-1)
