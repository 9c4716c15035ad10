"""Checks B1-B7: neopterin, refractoriness and its recovery, blood counts under weekly drug, and monotone effects (module B)."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from inferon.engine import Batch, CompiledModel, Settings, compile_model
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.laboratory import blood_counts, interferon
from inferon.model import Instance, compose, load_module
from inferon.model.catalogue import parameter_table
from inferon.protocol import PRODUCTS, Regimen
from inferon.random import normal

FOLDER = "interferon_response"
FOUR_DOSES = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
WEEKLY = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=48)]


@check("B1", FOLDER, "neopterin under weekly peginterferon alfa-2a, 180 ug")
def neopterin() -> list[Finding]:
    """First and late peak; the time of the first is the specification's own misfit."""
    days = np.linspace(0, 84, 8401)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=12)]
    course = interferon()(days, regimens=regimens)["interferon_response__Neo"][0]
    first = course[days <= 7]
    at = 24 * days[first.argmax()]
    return [
        near("peak of the first week, nmol/L", first.max(), 42, absolute=0.5, relative=0),
        near("late peak, nmol/L", course[days >= 77].max(), 27.9, absolute=0.05, relative=0),
        between("time of the first peak, h", at, 70, 90),
        between(
            "time of the first peak beside the one observed, h",
            at,
            51 - 23,
            51 + 23,
            expected="51 with sd 23 (28 to 74)",
            misfit="named by the specification: the fitted turnover of neopterin peaks later than was seen",
        ),
    ]


@cache
def _exposed() -> CompiledModel:
    """The response alone at a constant concentration so far above EC_u that u = 1 to 1e-10."""
    rows = {"a_drug": "a_pegA2a", "w_cyt": "w_cyt_40kDa"}
    response = Instance(load_module("interferon_response"), values=rows)
    return compile_model(compose("response", [response], {"C": 1e10}), ("interferon_response__EC_isg", "U"))


def _response() -> dict[str, float]:
    return {symbol: row.value for symbol, row in parameter_table("interferon_response").items()}


@check("B2", FOLDER, "desensitisation at constant exposure")
def desensitisation() -> list[Finding]:
    """EC_isg over 60 days beside EC0 (1 + phi (1 - exp(-k_U t)))."""
    days, rows = np.linspace(0, 60, 61), _response()
    settings = Settings(rtol=1e-10, default_atol=1e-13)
    batch = Batch(_exposed(), _exposed().defaults(1), start=0.0, sample_days=days, settings=settings)
    batch.advance(60.0)
    expected = rows["EC0"] * (1 + rows["phi"] * -np.expm1(-rows["k_U"] * days))
    largest = float(np.abs(batch.samples[0, :, 0] / expected - 1).max())
    return [
        between("EC_isg, largest relative difference from the closed form", largest, 0, 1e-6, expected="at most 1e-06")
    ]


B3 = {
    1: (0.447, 0.564, 0.270),
    7: (0.163, 0.451, 0.717),
    13: (0.064, 0.259, 0.876),
    20: (0.160, 0.516, 0.953),
    27: (0.065, 0.283, 0.968),
}
"""Day (day 0 is the graft, first dose on day -1): S_isg, S_ap, U; three digits as in the transplant reference, section 8."""


@check("B3", FOLDER, "signals after four doses around a graft")
def signals() -> list[Finding]:
    """Half a unit of the third digit is allowed."""
    curves = interferon()(np.array([*B3, 69.0, 83.0]), regimens=FOUR_DOSES, start=-1.0)
    findings = [
        near(f"{name} on day {day}", curves[name][0, i], value, absolute=5.1e-4, relative=0)
        for i, (day, values) in enumerate(B3.items())
        for name, value in zip(("S_isg", "S_ap", "U"), values, strict=True)
    ]
    late = zip((69, 83), curves["U"][0, -2:], (0.878, 0.523), strict=True)
    return findings + [near(f"U on day {day}", u, value, absolute=5.1e-4, relative=0) for day, u, value in late]


def rechallenge(equivalents: float) -> tuple[float, np.ndarray]:
    """Share of the first S_isg at a second contact, and U: after 60 d of exposure, one half-life later, 21 d later.

    Without elimination an intravenous dose is a constant concentration; setting the amount to zero is the wash-out.
    """
    rows, laboratory = _response(), interferon()
    batch = laboratory.batch(np.array([]), 1, {"interferon_pk__CL": 0.0}, {}, None, 0.0, Settings(rtol=1e-9))
    drug, u = batch.state("interferon_pk__A_c"), batch.state("U")
    volume = batch.parameters[0, laboratory.model.column("interferon_pk__V")]
    drug[:] = equivalents / rows["a_pegA2a"] * volume
    laboratory.carry_on(batch, 60.0)
    seen = [u[0]]
    drug[:] = 0.0
    for day in (60 + np.log(2) / rows["k_U"], 81.0):
        laboratory.carry_on(batch, float(day))
        seen.append(u[0])
    first = equivalents / (rows["EC0"] + equivalents)
    again = equivalents / (rows["EC0"] * (1 + rows["phi"] * seen[2]) + equivalents)
    return again / first, np.array(seen)


@check("B4", FOLDER, "recovery from refractoriness")
def recovery() -> list[Finding]:
    """Half-life of U without drug, and the signal restored after three weeks (stated for 0.1 ng/mL equivalents or more)."""
    findings = [near("half-life of U, d", np.log(2) / _response()["k_U"], 4.3, absolute=0.05, relative=0)]
    for equivalents, share in ((0.1, 0.78), (0.2, 0.88)):
        restored, u = rechallenge(equivalents)
        findings += [
            near(
                f"S_isg restored at {equivalents} ng/mL, share of the first",
                restored,
                share,
                absolute=0.006,
                relative=0,
            ),
            between(
                f"S_isg restored at {equivalents} ng/mL, at least 70 %", restored, 0.70, 1.0, expected="0.7 or more"
            ),
            near(f"U after one half-life ({equivalents} ng/mL), share", u[1] / u[0], 0.5, relative=1e-6),
            near(f"U after 21 days ({equivalents} ng/mL), share", u[2] / u[0], 0.033, absolute=5e-4, relative=0),
        ]
    return findings


@check("B5", FOLDER, "platelets under weekly peginterferon alfa-2a, 180 ug")
def platelets() -> list[Finding]:
    """48 weeks on drug and 16 off, with the marrow; and what the printed nadir is, the production factor alone."""
    days = np.linspace(0, 448, 897)
    count = blood_counts()(days, regimens=WEEKLY, settings=Settings())["marrow__PLT"][0]
    relative = count / count[0]
    factor = interferon()(np.linspace(329, 336, 701), regimens=WEEKLY)["f_plt"][0].mean()
    plateau = np.abs(relative[(days >= 84) & (days <= 336)] - relative[days == 336]).max()
    after = relative[days >= 336 + 56]
    return [
        near(
            "nadir, share of the start",
            relative.min(),
            0.70,
            absolute=0.03,
            relative=0,
            misfit="fewer neutrophils raise the marrow's feedback signal and with it the output of platelets by 17 %, which "
            "IC_plt was not calibrated with; without that feedback the fall is the printed one",
        ),
        near("production factor in week 48", factor, 0.70, absolute=0.03, relative=0),
        between("drift from week 12 to week 48", plateau, 0, 0.01, expected="a plateau by 12 weeks"),
        between("least count from 4 weeks off drug", relative[days >= 364].min(), 0.95, np.inf, expected="recovering"),
        between(
            "distance from the start, from 8 weeks off drug", np.abs(after - 1).max(), 0, 0.01, expected="recovered"
        ),
    ]


def _spread(stream: str, patients: int, median: float, cv: float) -> np.ndarray:
    return median * np.exp(np.sqrt(np.log1p(cv**2)) * normal(6, f"check B6 {stream}", np.arange(patients)))


@cache
def worst_neutrophils(patients: int = 8000) -> np.ndarray:
    """Lowest neutrophil count (1e9/L) of 48 weekly doses: baseline (median 3.4, CV 38 %), IC_anc and disposition vary."""
    row = parameter_table(FOLDER)["IC_anc"]
    columns = {
        "interferon_response__IC_anc": _spread("IC_anc", patients, row.value, row.variability or 0.0),
        "marrow__ANC_1": _spread("baseline", patients, 3.4, 0.38),
    }
    effects = {name: normal(6, f"check B6 {name}", np.arange(patients)) for name in ("ka", "CL", "V")}
    days = np.linspace(0, 336, 337)
    counts = blood_counts()(
        days, regimens=WEEKLY, patients=patients, effects=effects, columns=columns, settings=Settings()
    )
    return counts["marrow__ANC"].min(axis=1)


@check("B6", FOLDER, "neutrophils under weekly peginterferon alfa-2a, 180 ug")
def neutrophils() -> list[Finding]:
    """Share of 8000 patients whose nadir is below a count; 3 Monte-Carlo errors and half a unit of the last printed digit."""
    counts, findings = worst_neutrophils(), []
    for limit, percent in {1.5: 29, 1.0: 9, 0.75: 2.9, 0.5: 0.5}.items():
        share, rounding = percent / 100, 0.005 if percent >= 5 else 0.0005
        allowed = 3 * np.sqrt(share * (1 - share) / len(counts)) + rounding
        reason = (
            "neither count nor tolerance is defined: nadir of 48 weeks here; at the drug's peak without feedback 34 %"
        )
        findings.append(
            near(
                f"patients below {limit}e9/L, %",
                100 * float(np.mean(counts < limit)),
                percent,
                absolute=100 * allowed,
                relative=0,
                misfit=reason if limit == 1.5 else "",
            )
        )
    return findings


@check("B7", FOLDER, "more drug, more effect")
def monotone() -> list[Finding]:
    """Three weekly doses of every product at 45 to 360 ug: S_ap never falls, f_anc and f_plt never rise."""
    days, findings = np.linspace(0, 40, 161), []
    for drug in PRODUCTS:
        curves = [
            interferon()(days, regimens=[Regimen(drug=drug, dose=dose, start=0.0, interval=7, doses=3)])
            for dose in (45, 90, 180, 360)
        ]
        pairs = list(pairwise(curves))
        up = all(np.all(more["S_ap"] >= less["S_ap"] - 1e-9) for less, more in pairs)
        down = all(np.all(more[f] <= less[f] + 1e-9) for less, more in pairs for f in ("f_anc", "f_plt"))
        obtained = "monotone" if up and down else "not monotone"
        findings.append(
            holds(f"{drug}: S_ap, f_anc, f_plt by dose", up and down, expected="monotone", obtained=obtained)
        )
    return findings
