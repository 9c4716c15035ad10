"""Checks D1-D8: chronic myeloid leukaemia, the cascade and the core, against the specification of module D."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from inferon.cohort.cml import draw_cml_cohort
from inferon.engine import Batch, Settings, compile_model
from inferon.evidence.check import Finding, check, holds, near
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol.visits import MONTH
from inferon.trial.cml import CmlArm, monthly_visits, simulate_cml_arm
from inferon.trial.cml_treatment import CmlTreatment, records_into
from inferon.trial.responses.cml import Response

SEED = 20041126
RELAPSED = (1, 2, 3, 4, 7, 9, 10, 17, 18, 19)
"""Published patients who lose a major molecular response within 24 months of stopping."""


@cache
def michor_course(*, growing: bool = True, stop: float = np.inf, until: float = 450.0) -> Mapping[str, np.ndarray]:
    """Terminal and stem leukaemic cells by day, imatinib from day 0 to ``stop``; stem cells grow or stay."""
    model = compile_model(load_composite("michor"), ("michor__L3", "michor__L0"))
    table = model.defaults(1)
    if not growing:
        table[0, model.column("michor__r_y")] = table[0, model.column("michor__d0")]
    doses = records_into(model, "michor__tki", np.array([[0.0, stop]]), np.array([[1.0, -1.0]]))
    days = np.arange(0.0, until + 1)
    batch = Batch(model, table, start=0.0, doses=doses, sample_days=days, settings=Settings(rtol=1e-9))
    batch.advance(until)
    return {"terminal": batch.samples[0, :, 0], "stem": batch.samples[0, :, 1]}


def _slope(course: Mapping[str, np.ndarray], first: int, last: int) -> float:
    """Least-squares slope of log terminal cells between two days, 1/d."""
    days = np.arange(first, last + 1)
    return float(np.polyfit(days, np.log(course["terminal"][days]), 1)[0])


@check("D1", "cml", "Michor cascade under imatinib, first slope")
def first_slope() -> list[Finding]:
    return [near("slope of log load, days 10-60, 1/d", _slope(michor_course(), 10, 60), -0.0497, absolute=0.0001)]


@check("D2", "cml", "Michor cascade under imatinib, later slopes")
def later_slopes() -> list[Finding]:
    course, constant = michor_course(), michor_course(growing=False)
    return [
        near("slope, days 100-200 (transition), 1/d", _slope(course, 100, 200), -0.03, absolute=0.001),
        near("slope, days 200-300, 1/d", _slope(course, 200, 300), -0.0076, absolute=0.0001),
        near("slope, days 250-350, 1/d", _slope(course, 250, 350), -0.0056, absolute=0.0001),
        near("slope, days 200-400, constant stem cells, 1/d", _slope(constant, 200, 400), -0.0077, absolute=0.0001),
    ]


@check("D3", "cml", "Michor cascade, stop on day 365")
def stop_of_the_cascade() -> list[Finding]:
    course = michor_course(stop=365.0)
    off = course["terminal"][365:]
    return [
        near("days until the load exceeds that before treatment", int(np.argmax(off > course["terminal"][0])), 38),
        near("growth of stem cells by day 365, fold", course["stem"][365] / course["stem"][0], 6.2, absolute=0.05),
    ]


def stopped_patients(**changes: float) -> CmlArm:
    """The 21 published patients to 24 months after each one's stop, monthly, the mean equations alone."""
    cohort = draw_cml_cohort("cml-published", np.arange(1, 22), seed=SEED)
    return simulate_cml_arm(
        cohort,
        CmlTreatment(stops=True),
        visits=monthly_visits(190),
        resistance=False,
        extinction_layer=False,
        parameters=changes,
    )


def relapsed_within_24_months(arm: CmlArm) -> tuple[int, ...]:
    """Patients whose true BCR-ABL is above that of a major molecular response at a visit within 24 months of stopping."""
    stop = arm.patients["stop_day"].to_numpy()[:, None]
    window = (arm.days > stop) & (arm.days <= stop + 24 * MONTH)
    lost = (arm.samples[:, :, 0] > parameter_table("cml")["r_mmr"].value) & window
    return tuple(int(p) for p in arm.patients["patient"].to_numpy()[lost.any(axis=1)])


@check("D4", "cml", "21 published patients stop")
def published_patients_stop() -> list[Finding]:
    relapsed = relapsed_within_24_months(stopped_patients())
    return [holds("patients who relapse", relapsed == RELAPSED, expected=_listed(RELAPSED), obtained=_listed(relapsed))]


def _listed(patients: Sequence[int]) -> str:
    return f"{len(patients)} of 21: {', '.join(map(str, patients))}"


@check("D5", "cml", "no immunity")
def no_immunity() -> list[Finding]:
    none = {"r_z": 0.0, "p_z_core": 0.0}  # no source of immune cells and no recruitment
    relapsed = relapsed_within_24_months(stopped_patients(**none))
    cohort = draw_cml_cohort("cml-treatment-free", np.arange(400), seed=SEED)
    treatment = CmlTreatment(stops=True)
    arm = simulate_cml_arm(cohort, treatment, visits=monthly_visits(215), resistance=False, parameters=none)
    remission = arm.patients["molecular_relapse_day"].is_null().to_numpy()
    extinct = arm.patients["extinct"].to_numpy()
    return [
        holds(
            "without extinction, patients who relapse", len(relapsed) == 21, expected="all", obtained=_listed(relapsed)
        ),
        holds(
            "with extinction, remission in patients not extinct",
            not np.any(remission & ~extinct) and bool(extinct.any()),
            expected="nobody",
            obtained=f"{np.sum(remission & ~extinct)} of {np.sum(~extinct)}; {extinct.sum()} of {len(extinct)} extinct",
        ),
    ]


def first_line(
    patients: int,
    months: int,
    *,
    treatment: CmlTreatment | None = None,
    slope: float | None = None,
    signals: Mapping[str, float] | None = None,
    **changes: float,
) -> CmlArm:
    """The response population under a treatment (imatinib when None), quarterly visits; ``slope``: median fast slope, 1/month."""
    overrides = {} if slope is None else {"e_tki": parameter_table("cml")["p_y2"].value + slope}
    cohort = draw_cml_cohort("cml-first-line", np.arange(patients), seed=SEED, overrides=overrides)
    visits = np.union1d(monthly_visits(months, every=3), monthly_visits(months)[-1])
    return simulate_cml_arm(
        cohort, treatment or CmlTreatment(), visits=visits, parameters=changes, signals=signals, threads=2
    )


def percent_with(arm: CmlArm, response: Response, month: int) -> float:
    """Percent of patients with a response at the visit of a month."""
    return 100.0 * float(arm.held[response][:, _visit(arm, month)].mean())


def median_load(arm: CmlArm, month: int) -> float:
    """Median of true BCR-ABL at the visit of a month, percent."""
    return float(np.median(arm.samples[:, _visit(arm, month), 0]))


def _visit(arm: CmlArm, month: int) -> int:
    return int(np.argmin(np.abs(arm.days - month * MONTH)))


@check("D6", "cml", "response population under imatinib")
def medians_of_the_response_population() -> list[Finding]:
    arm = first_line(4000, 60)
    expected = {0: (100, 0.1), 3: (5, 0.4), 6: (0.4, 0.05), 12: (0.065, 0.004), 24: (0.027, 0.002), 60: (0.004, 0.0006)}
    return [
        near(f"median BCR-ABL, month {month}, %", median_load(arm, month), value, absolute=width)
        for month, (value, width) in expected.items()
    ]


@check("D7", "cml", "wake-up without extra kill")
def wake_up() -> list[Finding]:
    arms = {factor: first_line(3000, 24, signals={"E_act": factor}) for factor in (1.0, 2.0, 5.0)}
    mmr = {factor: percent_with(arm, Response.MAJOR_MOLECULAR, 12) for factor, arm in arms.items()}
    mr4 = {factor: percent_with(arm, Response.MR4, 24) for factor, arm in arms.items()}
    loads = [median_load(arm, 6) for arm in arms.values()]
    return [
        near("MMR at 12 months, %", mmr[1.0], 62, absolute=3),
        near("MMR at 12 months, waking x 2, %", mmr[2.0], 58, absolute=3),
        near("MMR at 12 months, waking x 5, %", mmr[5.0], 64, absolute=3),
        holds(
            "median load at 6 months, waking x 1, x 2, x 5",
            loads == sorted(loads),
            expected="slightly higher the more cells wake",
            obtained=", ".join(f"{load:.2f} %" for load in loads),
        ),
        near("MR4 at 24 months, %", mr4[1.0], 28, absolute=3),
        near("MR4 at 24 months, waking x 2, %", mr4[2.0], 42, absolute=3),
        near("MR4 at 24 months, waking x 5, %", mr4[5.0], 67, absolute=3),
    ]


@check("D8", "cml", "extra kill without wake-up")
def extra_kill() -> list[Finding]:
    slope = parameter_table("cml")["fast_slope_trial"].value
    expected = {0.0: (39, 20), 0.2: (59, 26), 0.4: (73, 31)}
    findings = []
    for kill, (mmr, mr4) in expected.items():
        arm = first_line(3000, 24, slope=slope, signals={"S_ap": 1.0, "q_ap": 1.0}, kifn=kill)
        label = f"extra kill {kill:g} /month, %"
        findings += [
            near(f"MMR at 12 months, {label}", percent_with(arm, Response.MAJOR_MOLECULAR, 12), mmr, absolute=3),
            near(f"MR4 at 24 months, {label}", percent_with(arm, Response.MR4, 24), mr4, absolute=3),
        ]
    return findings
