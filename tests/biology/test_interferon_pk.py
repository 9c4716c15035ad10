"""Checks A1-A9: concentrations of the seven product sets against the specification of module A."""

import numpy as np
import pytest

from inferon.engine import Settings
from inferon.protocol import Regimen
from inferon.random import normal

HOURS = 24.0


def _every(days: float, start: float, end: float) -> np.ndarray:
    return np.linspace(start, end, round((end - start) / days) + 1)


def _weekly(drug: str, dose: float, weeks: int = 48, **how) -> list[Regimen]:
    return [Regimen(drug=drug, dose=dose, start=0.0, interval=7, doses=weeks, **how)]


def _once(drug: str, dose: float) -> list[Regimen]:
    return [Regimen(drug=drug, dose=dose, start=0.0)]


def test_oracle_A1_single_dose_of_peginterferon_alfa_2a(interferon) -> None:
    days = _every(0.005, 0, 7)
    c = interferon(days, regimens=_once("peginterferon alfa-2a", 180))["C"][0]
    assert c.max() == pytest.approx(7.6, rel=0.02)
    assert HOURS * days[c.argmax()] == pytest.approx(70, rel=0.02)
    assert HOURS * np.trapezoid(c, days) == pytest.approx(1033, rel=0.02)


def test_oracle_A2_weekly_peginterferon_alfa_2a_at_week_48(interferon) -> None:
    days = _every(0.01, 47 * 7, 48 * 7)
    c = interferon(days, regimens=_weekly("peginterferon alfa-2a", 180))["C"][0]
    assert c.max() == pytest.approx(13.4, rel=0.02)
    assert c[-1] == pytest.approx(8.3, rel=0.02)
    assert np.trapezoid(c, days) / 7 == pytest.approx(11.4, rel=0.02)


def test_oracle_A2_steady_state_by_weeks_5_to_8(interferon) -> None:
    troughs = interferon(7.0 * np.arange(1, 61), regimens=_weekly("peginterferon alfa-2a", 180, 60))["C"][0]
    share = troughs / troughs[-1]
    assert share[2] < 0.97
    assert share[4] > 0.99
    assert share[7] > 0.999


def test_oracle_A3_population_of_weekly_peginterferon_alfa_2a(interferon) -> None:
    patients, days = 8000, _every(0.05, 47 * 7, 48 * 7)
    effects = {name: normal(3, f"check A3 {name}", np.arange(patients)) for name in ("ka", "CL", "V")}
    regimens = _weekly("peginterferon alfa-2a", 180)
    c = interferon(days, regimens=regimens, patients=patients, effects=effects, settings=Settings())["C"]
    assert np.quantile(c[:, -1], [0.05, 0.5, 0.95]) == pytest.approx([3.3, 8.3, 15.2], rel=0.10)
    assert np.quantile(c.max(axis=1), [0.05, 0.5, 0.95]) == pytest.approx([8.9, 13.9, 21.1], rel=0.10)
    overlap = (c[:, -1] > 4) & (c[:, -1] < 28)
    assert overlap.mean() > 0.5, "label range of the week-48 trough, 4-28 ng/mL, is not overlapped"
    assert np.median(c[:, -1]) < 16


def test_oracle_A4_four_doses_of_peginterferon_alfa_2a_around_a_graft(interferon) -> None:
    starts, days = np.array([-1, 13, 27, 41]), _every(0.01, -1, 55)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
    c = interferon(days, regimens=regimens, start=-1.0)["C"][0].copy()
    peaks = [c[(days >= s) & (days <= s + 14)].max() for s in starts]
    troughs = np.interp(starts + 14.0, days, c)
    assert [peaks[0], peaks[-1]] == pytest.approx([7.6, 9.1], rel=0.02)
    assert np.all(np.diff(peaks) > 0)
    assert troughs.min() >= 1.9 * 0.98
    assert troughs.max() <= 2.2 * 1.02
    assert peaks == pytest.approx([7.57, 8.87, 9.04, 9.07], rel=0.02)
    assert troughs == pytest.approx([1.94, 2.20, 2.23, 2.24], rel=0.02)


A5 = {24: (1.26, 11.7), 90: (6.6, 17.4), 180: (15.0, 21.5), 270: (23.6, 23.6)}
"""Dose in ug: Cmax in ng/mL, AUC/dose in ng h/mL/ug. The specification does not say to when the AUC runs; day 28 here."""


@pytest.mark.parametrize("dose", A5)
def test_oracle_A5_ropeginterferon_in_healthy_adults(interferon, dose: int) -> None:
    days = _every(0.01, 0, 28)
    c = interferon(days, regimens=_once("ropeginterferon alfa-2b (healthy)", dose))["C"][0]
    assert c.max() == pytest.approx(A5[dose][0], rel=0.03)
    assert HOURS * np.trapezoid(c, days) / dose == pytest.approx(A5[dose][1], rel=0.03)
    assert 65 * 0.97 <= HOURS * days[c.argmax()] <= 101 * 1.03


def test_oracle_A6_ropeginterferon_in_polycythaemia_vera(interferon) -> None:
    drug = "ropeginterferon alfa-2b"
    regimens = [
        Regimen(drug=drug, dose=250, start=0.0),
        Regimen(drug=drug, dose=350, start=14.0),
        Regimen(drug=drug, dose=500, start=28.0, interval=14, doses=30),
    ]
    days = _every(0.01, 50 * 7, 52 * 7)
    c = interferon(days, regimens=regimens)["C"][0]
    obtained = [c.max(), c.min(), np.trapezoid(c, days) / 14]
    assert obtained == pytest.approx([63, 25, 48], rel=0.03)


@pytest.mark.parametrize(("week", "peak", "trough"), [(1, 4.7, 2.1), (48, 9.7, 5.1)])
def test_oracle_A7_branched_peginterferon_alfa_2b_in_hepatitis_B(
    interferon, week: int, peak: float, trough: float
) -> None:
    days = _every(0.01, 7 * (week - 1), 7 * week)
    c = interferon(
        days,
        regimens=_weekly("peginterferon alfa-2b 40 kDa", 180),
        effects={"CrCL": np.array([110.0])},
        factors={"interferon_pk__ka": 0.595},
    )["C"][0]
    assert [c.max(), c[-1]] == pytest.approx([peak, trough], rel=0.03)


def test_oracle_A7_branched_peginterferon_alfa_2b_accumulates_twofold(interferon) -> None:
    regimens = _weekly("peginterferon alfa-2b 40 kDa", 180)
    c = interferon(_every(0.01, 0, 336), regimens=regimens, factors={"interferon_pk__ka": 0.595})["C"][0]
    assert c[-701:].max() / c[:701].max() == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(("week", "peak", "trough"), [(1, 2.1, 0.46), (48, 3.2, 1.1)])
def test_oracle_A8_linear_peginterferon_alfa_2b_by_weight(interferon, week: int, peak: float, trough: float) -> None:
    days = _every(0.01, 7 * (week - 1), 7 * week)
    regimens = _weekly("peginterferon alfa-2b", 6, unit="ug/kg")
    c = interferon(days, regimens=regimens, effects={"weight": np.array([75.0])})["C"][0]
    assert [c.max(), c[-1]] == pytest.approx([peak, trough], rel=0.03)
    if week == 1:
        assert HOURS * days[c.argmax()] == pytest.approx(28, rel=0.03)


def test_oracle_A9_native_interferon_alfa_2a(interferon) -> None:
    days = _every(0.001, 0, 2)
    c = interferon(days, regimens=_once("interferon alfa-2a", 220))["C"][0]
    assert 1.25 <= c.max() <= 2.32
    assert 7 <= HOURS * days[c.argmax()] <= 8
    assert c[days >= 1.5].max() < 0.02
