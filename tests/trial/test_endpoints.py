"""Endpoints from a hand-made events table: what counts first, what competes, what is censored."""

import numpy as np
import polars as pl
import pytest

from inferon.trial import ENDPOINTS, estimate, time_to_event
from inferon.trial.conduct import analysis_dataset

FOLLOW_UP = 365.25


@pytest.fixture
def events() -> pl.DataFrame:
    """Five patients: relapse on day 100 then death; death without relapse on day 50; nothing; relapse at the start; late GVHD."""
    return pl.DataFrame(
        {
            "patient": [0, 1, 2, 3, 4],
            "relapse_day": [100.0, None, None, 0.0, 200.0],
            "non_relapse_mortality_day": [None, 50.0, None, None, None],
            "death_day": [150.0, 50.0, None, None, None],
            "acute_gvhd_2_4_day": [120.0, 20.0, 179.0, None, 60.0],
            "acute_gvhd_3_4_day": [None, 30.0, None, None, None],
            "engraftment_day": [15.0, 16.0, 14.0, 15.5, None],
            "mrd_day_30": [-5.0, -3.0, -4.5, None, -3.9],
            "mrd_day_60": [-3.0, None, -4.5, None, -3.0],
            "mrd_day_90": [-2.0, None, -4.5, None, -2.5],
        }
    )


def _outcome(events, endpoint):
    return time_to_event(events, endpoint, follow_up=FOLLOW_UP).select("time_days", "outcome").rows()


def test_law_relapse_competes_with_death(events):
    assert _outcome(events, "relapse") == [
        (100.0, "relapse"), (50.0, "non_relapse_mortality"), (FOLLOW_UP, "censored"), (0.0, "relapse"), (200.0, "relapse")
    ]  # fmt: skip


def test_law_overall_survival_counts_death_after_relapse(events):
    assert _outcome(events, "overall_survival")[:2] == [(150.0, "overall_survival"), (50.0, "overall_survival")]


def test_law_leukaemia_free_survival_ends_at_the_first_of_both(events):
    assert [row[0] for row in _outcome(events, "leukaemia_free_survival")] == [100.0, 50.0, FOLLOW_UP, 0.0, 200.0]


def test_law_trial_gvhd_competes_and_reference_gvhd_does_not(events):
    trial, reference = _outcome(events, "acute_gvhd_2_4"), _outcome(events, "acute_gvhd_2_4_reference")
    assert trial[0] == (100.0, "relapse")
    assert reference[0] == (120.0, "acute_gvhd_2_4_reference")
    assert trial[1] == (20.0, "acute_gvhd_2_4")


def test_law_censoring_day_cuts_follow_up(events):
    cut = time_to_event(events, "relapse", follow_up=FOLLOW_UP, censor_day=np.full(5, 60.0))
    assert cut["outcome"].to_list() == ["censored", "non_relapse_mortality", "censored", "relapse", "censored"]


def test_law_mrd_counts_only_patients_assayed(events):
    rows = {row["time_days"]: row for row in estimate(events, "mrd", (), follow_up=FOLLOW_UP)}
    assert rows[30.0]["n"] == 4
    assert rows[30.0]["estimate"] == pytest.approx(2 / 4)
    assert rows[90.0]["estimate"] == pytest.approx(2 / 3)


def test_law_an_event_on_the_reporting_day_is_counted(events):
    row = estimate(events, "relapse", (100.0,), follow_up=FOLLOW_UP)[0]
    assert row["estimate"] == pytest.approx(2 / 5)


def test_law_reference_gvhd_is_a_share_of_all_patients(events):
    row = estimate(events, "acute_gvhd_2_4_reference", (180.0,), follow_up=FOLLOW_UP)[0]
    assert row["estimate"] == pytest.approx(4 / 5)
    assert row["lower"] < row["estimate"] < row["upper"]


def test_law_every_endpoint_defines_itself_and_names_what_competes():
    for name, endpoint in ENDPOINTS.items():
        assert endpoint.label and endpoint.definition
        if endpoint.kind == "cumulative incidence":
            assert endpoint.competing, name


def test_law_adam_dataset_codes_event_censoring_and_competing_event(events):
    enrolled = pl.DataFrame(
        {
            "patient": [0, 1, 2],
            "arm": ["a"] * 3,
            "stratum": ["all"] * 3,
            "enrolled_day": [0.0, 1.0, 2.0],
            "censor_day": [FOLLOW_UP] * 3,
        }
    )
    data = analysis_dataset(enrolled, {"a": events}, study_id="S", follow_up=FOLLOW_UP, endpoints=["relapse"])
    assert data["CNSR"].to_list() == [0, 2, 1]
    assert data["USUBJID"].to_list() == ["S-0000000", "S-0000001", "S-0000002"]
    assert all(len(code) <= 8 for code in data["PARAMCD"])
