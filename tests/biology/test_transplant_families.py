"""Checks E1, E2 and E5, and the whole table of section 5 of the transplant reference: five families, four regimens, layer on.

Check tolerance R is max(3 points, 3 Monte-Carlo errors). The reference asks new implementations for more at 8000 patients:
2 points for relapse, 1.5 for non-relapse mortality and for acute GVHD. The stricter is used.
"""

import numpy as np
import polars as pl
import pytest

MONTHS = (91.3125, 182.625, 365.25)
REGIMENS = ("no interferon", "4 doses from day -1", "4 doses from day 60", "8 doses from day -1")
EXPECTED = {
    "reference": (
        (42.6, 59.2, 65.2, 12.8),
        (25.3, 36.0, 40.2, 16.2),
        (38.3, 47.9, 52.0, 14.1),
        (22.1, 28.5, 32.1, 17.1),
    ),
    "low_burden": (
        (38.2, 59.4, 65.4, 13.3),
        (21.7, 37.4, 42.1, 16.5),
        (33.1, 46.9, 51.3, 14.8),
        (17.6, 27.7, 31.8, 17.8),
    ),
    "strong_direct": (
        (45.7, 60.6, 64.9, 12.4),
        (20.7, 36.5, 41.7, 16.5),
        (37.2, 47.4, 52.6, 14.1),
        (13.6, 24.1, 31.0, 17.9),
    ),
    "slow_disease": (
        (46.0, 59.9, 65.8, 12.5),
        (28.8, 36.9, 40.4, 15.7),
        (41.9, 49.1, 52.6, 13.7),
        (26.0, 30.3, 33.2, 16.5),
    ),
    "strong_allo": (
        (45.4, 59.7, 65.5, 13.6),
        (27.9, 36.8, 40.5, 16.4),
        (41.4, 49.3, 53.0, 14.5),
        (24.9, 29.8, 32.8, 17.0),
    ),
}
"""Relapse at 3, 6 and 12 months and non-relapse mortality at 12 months, percent, in the order of ``REGIMENS``."""


def _check(arm, percent, family: str, regimen: str) -> None:
    result = arm(regimen, family=family)
    relapse = [percent(result, "relapse", day) for day in MONTHS]
    expected = EXPECTED[family][REGIMENS.index(regimen)]
    assert relapse == pytest.approx(expected[:3], abs=2.0)
    assert percent(result, "non_relapse_mortality") == pytest.approx(expected[3], abs=1.5)


@pytest.mark.parametrize("family", EXPECTED)
def test_oracle_E1_relapse_without_interferon(arm, percent, family: str) -> None:
    _check(arm, percent, family, "no interferon")


@pytest.mark.parametrize("family", EXPECTED)
def test_oracle_E2_relapse_with_four_doses_of_peginterferon(arm, percent, family: str) -> None:
    _check(arm, percent, family, "4 doses from day -1")


@pytest.mark.parametrize("family", EXPECTED)
def test_oracle_E5_relapse_with_the_first_dose_at_day_60(arm, percent, family: str) -> None:
    _check(arm, percent, family, "4 doses from day 60")


@pytest.mark.parametrize("family", EXPECTED)
def test_oracle_E2_relapse_with_eight_doses_of_peginterferon(arm, percent, family: str) -> None:
    _check(arm, percent, family, "8 doses from day -1")


@pytest.mark.parametrize("regimen", REGIMENS)
@pytest.mark.parametrize("family", EXPECTED)
def test_oracle_E1_reference_graft_versus_host_disease_in_every_family_and_arm(arm, percent, family, regimen) -> None:
    """Share of all patients whose index exceeds the threshold up to day 180, relapse and death ignored: 32.1 and 12.4 %."""
    result = arm(regimen, family=family)
    assert percent(result, "acute_gvhd_2_4") == pytest.approx(32.1, abs=1.5)
    assert percent(result, "acute_gvhd_3_4") == pytest.approx(12.4, abs=1.5)


def test_law_E2_reference_graft_versus_host_disease_does_not_depend_on_interferon(arm) -> None:
    """Because ``e_allo`` is 0: an assumption, not a finding. Same patients, same days."""
    without, with_drug = (arm(regimen).events for regimen in REGIMENS[:2])
    for grade in ("acute_gvhd_2_4_day", "acute_gvhd_3_4_day"):
        assert (without[grade].is_null() == with_drug[grade].is_null()).all()
        assert (without[grade] - with_drug[grade]).abs().max() < 0.01


@pytest.mark.parametrize(("regimen", "expected"), [("no interferon", (20, 7)), ("4 doses from day -1", (24, 9))])
def test_oracle_E2_trial_endpoint_of_graft_versus_host_disease(arm, regimen: str, expected: tuple[int, int]) -> None:
    """Counted only while event-free; 1.5 points and half a unit of the last printed digit."""
    events = arm(regimen).events
    gone = events.select(pl.min_horizontal("relapse_day", "non_relapse_mortality_day").fill_null(np.inf)).to_series()
    for grade, share in zip(("acute_gvhd_2_4_day", "acute_gvhd_3_4_day"), expected, strict=True):
        assert 100 * (events[grade].fill_null(np.inf) < gone).mean() == pytest.approx(share, abs=2.0)


def test_oracle_E1_surrogate_engraftment_without_interferon(arm) -> None:
    day = arm("no interferon").events["surrogate_engraftment_day"]
    assert day.null_count() == 0
    assert day.max() < 28
    assert np.quantile(day, [0.05, 0.5, 0.95]) == pytest.approx([7.8, 10.6, 14.4], abs=0.2)


def test_oracle_E2_surrogate_engraftment_with_interferon(arm) -> None:
    without, with_drug = (arm(regimen).events["surrogate_engraftment_day"] for regimen in REGIMENS[:2])
    assert with_drug.median() == pytest.approx(11.4, abs=0.1)
    assert (with_drug - without).mean() == pytest.approx(0.9, abs=0.1)
    assert with_drug.max() < 28


def test_oracle_E2_surrogate_engraftment_with_the_haematology_value_of_IC_anc(arm) -> None:
    drawn = (("IC_anc_hct", 17.0),)
    without, with_drug = (arm(r, drawn=drawn, patients=4000).events["surrogate_engraftment_day"] for r in REGIMENS[:2])
    assert (with_drug - without).mean() == pytest.approx(3.1, abs=0.3)


@pytest.mark.parametrize(("regimen", "expected"), [("no interferon", 0.001), ("4 doses from day -1", 0.009)])
def test_oracle_E2_share_extinct_by_the_layer_within_a_year(arm, regimen: str, expected: float) -> None:
    events = arm(regimen).events
    error = np.sqrt(expected * (1 - expected) / len(events))
    assert events["extinct"].mean() == pytest.approx(expected, abs=3 * error + 0.0005)


def test_law_E2_an_extinct_clone_never_relapses(arm) -> None:
    extinct = arm("4 doses from day -1").events.filter("extinct")
    assert len(extinct) > 0
    assert extinct["relapse_day"].null_count() == len(extinct)


@pytest.mark.parametrize("regimen", REGIMENS[:2])
def test_oracle_E2_the_extinction_layer_changes_no_outcome_within_a_year(arm, percent, regimen: str) -> None:
    """The reference prints 0.05 points; the brief asks for at most 0.3."""
    on, off = arm(regimen), arm(regimen, layer=False)
    for day in MONTHS:
        assert abs(percent(on, "relapse", day) - percent(off, "relapse", day)) <= 0.3
    assert abs(percent(on, "non_relapse_mortality") - percent(off, "non_relapse_mortality")) <= 0.3


@pytest.mark.parametrize("family", EXPECTED)
def test_law_E5_schedule_conclusions_hold_in_every_family(arm, percent, family: str) -> None:
    """Later start loses part of the benefit, more doses add to it."""
    none, early, late, more = (percent(arm(regimen, family=family), "relapse") for regimen in REGIMENS)
    assert none > late > early > more
    assert none - late < 0.7 * (none - early)
    assert 5 <= early - more <= 12
