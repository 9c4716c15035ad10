"""Checks A1-A9: concentrations of the seven parameter sets of interferon products against the specification of module A."""

from __future__ import annotations

import numpy as np

from inferon.engine import Settings
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.laboratory import interferon
from inferon.protocol import Regimen
from inferon.random import normal

FOLDER = "interferon_pk"
HOURS = 24.0
_KA_HEPATITIS_B = {"interferon_pk__ka": 0.595}


def _every(days: float, start: float, end: float) -> np.ndarray:
    return np.linspace(start, end, round((end - start) / days) + 1)


def _weekly(drug: str, dose: float, weeks: int = 48, unit: str = "ug") -> list[Regimen]:
    return [Regimen(drug=drug, dose=dose, unit=unit, start=0.0, interval=7, doses=weeks)]


def _once(drug: str, dose: float) -> list[Regimen]:
    return [Regimen(drug=drug, dose=dose, start=0.0)]


@check("A1", FOLDER, "one dose of peginterferon alfa-2a, 180 ug")
def one_dose() -> list[Finding]:
    """Peak, its time and the area over a week of the typical patient."""
    days = _every(0.005, 0, 7)
    c = interferon()(days, regimens=_once("peginterferon alfa-2a", 180))["C"][0]
    return [
        near("peak concentration, ng/mL", c.max(), 7.6, relative=0.02),
        near("time of the peak, h", HOURS * days[c.argmax()], 70, relative=0.02),
        near("area under the curve to 168 h, ng h/mL", HOURS * np.trapezoid(c, days), 1033, relative=0.02),
    ]


@check("A2", FOLDER, "weekly peginterferon alfa-2a, 180 ug, week 48")
def weekly() -> list[Finding]:
    """Peak, trough and mean of week 48; steady state by weeks 5 to 8 (troughs as a share of that of week 60)."""
    laboratory, days = interferon(), _every(0.01, 47 * 7, 48 * 7)
    c = laboratory(days, regimens=_weekly("peginterferon alfa-2a", 180))["C"][0]
    regimens = _weekly("peginterferon alfa-2a", 180, 60)
    troughs = laboratory(7.0 * np.arange(1, 61), regimens=regimens)["C"][0]
    share = troughs / troughs[-1]
    return [
        near("peak of week 48, ng/mL", c.max(), 13.4, relative=0.02),
        near("trough of week 48, ng/mL", c[-1], 8.3, relative=0.02),
        near("mean of week 48, ng/mL", np.trapezoid(c, days) / 7, 11.4, relative=0.02),
        between("trough of week 3, share of the last", share[2], 0.0, 0.97, expected="not yet steady"),
        between("trough of week 5, share of the last", share[4], 0.99, 1.0, expected="steady by weeks 5 to 8"),
        between("trough of week 8, share of the last", share[7], 0.999, 1.0, expected="steady by weeks 5 to 8"),
    ]


@check("A3", FOLDER, "a population on weekly peginterferon alfa-2a, 180 ug")
def population(patients: int = 4000) -> list[Finding]:
    """Quantiles over patients in week 48; clearance and volume uncorrelated, covariates off."""
    days = _every(0.05, 47 * 7, 48 * 7)
    effects = {name: normal(3, f"check A3 {name}", np.arange(patients)) for name in ("ka", "CL", "V")}
    regimens = _weekly("peginterferon alfa-2a", 180)
    c = interferon()(days, regimens=regimens, patients=patients, effects=effects, settings=Settings())["C"]
    troughs, peaks = c[:, -1], c.max(axis=1)
    printed = {"trough": (troughs, (3.3, 8.3, 15.2)), "peak": (peaks, (8.9, 13.9, 21.1))}
    quantiles = [
        near(f"{name}, {percent} % of patients below, ng/mL", np.quantile(values, percent / 100), value, relative=0.10)
        for name, (values, three) in printed.items()
        for percent, value in zip((5, 50, 95), three, strict=True)
    ]
    overlap = np.mean((troughs > 4) & (troughs < 28))
    return [
        *quantiles,
        between("share of troughs within the label's range of 4 to 28 ng/mL", overlap, 0.5, 1.0, expected="overlaps"),
        between("median trough beside the label's 16 ng/mL", np.median(troughs), 0, 16, expected="below 16"),
    ]


@check("A4", FOLDER, "four doses of peginterferon alfa-2a around a graft")
def four_doses() -> list[Finding]:
    """180 ug on days -1, 13, 27, 41; the numbers to three digits are those of the reference run."""
    starts, days = np.array([-1, 13, 27, 41]), _every(0.01, -1, 55)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
    c = interferon()(days, regimens=regimens, start=-1.0)["C"][0].copy()
    peaks = [c[(days >= s) & (days <= s + 14)].max() for s in starts]
    troughs = np.interp(starts + 14.0, days, c)
    rising = bool(np.all(np.diff(peaks) > 0))
    printed = zip(starts, peaks, (7.57, 8.87, 9.04, 9.07), troughs, (1.94, 2.20, 2.23, 2.24), strict=True)
    return [
        holds(
            "peaks rise from dose to dose", rising, expected="7.6 to 9.1", obtained=", ".join(f"{p:.2f}" for p in peaks)
        ),
        *(
            finding
            for start, peak, its_peak, trough, its_trough in printed
            for finding in (
                near(f"peak after the dose of day {start}, ng/mL", peak, its_peak, relative=0.02),
                near(f"trough before day {start + 14}, ng/mL", trough, its_trough, relative=0.02),
            )
        ),
    ]


@check("A5", FOLDER, "one dose of ropeginterferon in healthy adults")
def ropeginterferon_healthy() -> list[Finding]:
    """The specification does not say to when the area runs; to day 28 here."""
    days, findings = _every(0.01, 0, 28), []
    for dose, (peak, area) in {24: (1.26, 11.7), 90: (6.6, 17.4), 180: (15.0, 21.5), 270: (23.6, 23.6)}.items():
        c = interferon()(days, regimens=_once("ropeginterferon alfa-2b (healthy)", dose))["C"][0]
        exposure = HOURS * np.trapezoid(c, days) / dose
        at = HOURS * days[c.argmax()]
        findings += [
            near(f"peak after {dose} ug, ng/mL", c.max(), peak, relative=0.03),
            near(f"area per dose after {dose} ug, ng h/mL/ug", exposure, area, relative=0.03),
            between(
                f"time of the peak after {dose} ug, h", at, 65 * 0.97, 101 * 1.03, expected="65 to 101, 3 % allowed"
            ),
        ]
    return findings


@check("A6", FOLDER, "fortnightly ropeginterferon in polycythaemia vera, weeks 50 to 52")
def ropeginterferon_vera() -> list[Finding]:
    """250, 350, then 500 ug every two weeks."""
    drug, days = "ropeginterferon alfa-2b", _every(0.01, 50 * 7, 52 * 7)
    regimens = [
        Regimen(drug=drug, dose=250, start=0.0),
        Regimen(drug=drug, dose=350, start=14.0),
        Regimen(drug=drug, dose=500, start=28.0, interval=14, doses=30),
    ]
    c = interferon()(days, regimens=regimens)["C"][0]
    return [
        near("peak, ng/mL", c.max(), 63, relative=0.03),
        near("trough, ng/mL", c.min(), 25, relative=0.03),
        near("mean, ng/mL", np.trapezoid(c, days) / 14, 48, relative=0.03),
    ]


@check("A7", FOLDER, "weekly branched peginterferon alfa-2b, 180 ug, in hepatitis B")
def branched() -> list[Finding]:
    """Absorption times 0.595, creatinine clearance 110 mL/min."""
    regimens, findings, peaks = _weekly("peginterferon alfa-2b 40 kDa", 180), [], []
    for week, peak, trough in ((1, 4.7, 2.1), (48, 9.7, 5.1)):
        days = _every(0.01, 7 * (week - 1), 7 * week)
        clearance = {"CrCL": np.array([110.0])}
        c = interferon()(days, regimens=regimens, effects=clearance, factors=_KA_HEPATITIS_B)["C"][0]
        peaks.append(c.max())
        findings += [
            near(f"peak of week {week}, ng/mL", c.max(), peak, relative=0.03),
            near(f"trough of week {week}, ng/mL", c[-1], trough, relative=0.03),
        ]
    return [*findings, near("accumulation of the peak, week 48 to week 1", peaks[1] / peaks[0], 2, relative=0.1)]


@check("A8", FOLDER, "weekly linear peginterferon alfa-2b, 6 ug/kg, 75 kg")
def linear() -> list[Finding]:
    """Clearance declines with the time since the first dose, so the second peak is higher."""
    regimens, findings = _weekly("peginterferon alfa-2b", 6, unit="ug/kg"), []
    for week, peak, trough in ((1, 2.1, 0.46), (48, 3.2, 1.1)):
        days = _every(0.01, 7 * (week - 1), 7 * week)
        c = interferon()(days, regimens=regimens, effects={"weight": np.array([75.0])})["C"][0]
        findings += [
            near(f"peak of week {week}, ng/mL", c.max(), peak, relative=0.03),
            near(f"trough of week {week}, ng/mL", c[-1], trough, relative=0.03),
        ]
        if week == 1:
            findings.append(near("time of the peak of week 1, h", HOURS * days[c.argmax()], 28, relative=0.03))
    return findings


@check("A9", FOLDER, "one dose of native interferon alfa-2a, 220 ug")
def native() -> list[Finding]:
    """Ranges as published; below 0.02 ng/mL counts as undetectable."""
    days = _every(0.001, 0, 2)
    c = interferon()(days, regimens=_once("interferon alfa-2a", 220))["C"][0]
    return [
        between("peak concentration, ng/mL", c.max(), 1.25, 2.32),
        between("time of the peak, h", HOURS * days[c.argmax()], 7, 8),
        between("highest concentration from 36 h on, ng/mL", c[days >= 1.5].max(), 0, 0.02, expected="undetectable"),
    ]
