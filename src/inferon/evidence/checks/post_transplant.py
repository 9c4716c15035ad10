"""Checks L1-L4 and L6: limits and directions of what is done after a transplant, always in the same patients."""

from __future__ import annotations

from functools import cache

import numpy as np

from inferon.biology.post_transplant.functions import gvhd_probability
from inferon.cohort import draw_cohort
from inferon.engine import Batch, compile_model
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH, Regimen
from inferon.trial.post_transplant import (
    READOUTS,
    Triggered,
    cores,
    cytogenetic_relapse,
    measurable_disease,
    overt_relapse,
)
from inferon.trial.post_transplant_treatment import Course, Intervention, treat
from inferon.trial.simulate import SETTINGS

FOLDER = "post_transplant"
PATIENTS, SEED = 2500, 20211201
"""Of the reference cohort: about 1100 reach measurable disease, 840 overt relapse and 730 the load of a cytogenetic relapse."""

DOSE = parameter_table(FOLDER)["CD3_dli"].value
ONE = ((0.0, DOSE),)
"""The default infusion, on the day of the trigger."""


def weekly(doses: int, start: float = 0.0, dose: float = 90.0) -> tuple[Regimen, ...]:
    """Weekly peginterferon alfa-2a."""
    return (Regimen(drug="peginterferon alfa-2a", dose=dose, start=start, interval=7, doses=doses),)


@cache
def triggered(kind: str, age: float | None = None) -> Triggered:
    """Patients at ``MRD``, ``relapse`` or ``CML``; with ``age`` everybody is that old."""
    cohort = draw_cohort("transplant-reference", np.arange(PATIENTS), seed=SEED)
    begin = {"MRD": measurable_disease, "relapse": overt_relapse, "CML": cytogenetic_relapse}[kind]
    found = begin(cohort, parameters={} if age is None else {"age": age})
    if found.failures:
        raise RuntimeError(f"patients could not be solved: {found.failures}")
    return found


@cache
def course(
    kind: str, intervention: Intervention, changed: tuple[tuple[str, float], ...] = (), age: float | None = None
) -> Course:
    """One intervention in everybody who reached a trigger, for two years."""
    result = treat(triggered(kind, age), intervention, parameters=dict(changed))
    if set(result.events["status"]) != {"ok"}:
        raise RuntimeError(f"patients could not be solved: {result.events['status'].value_counts()}")
    return result


def by_month(result: Course, event: str, month: int) -> float:
    """Percent of patients with an event within so many months of the trigger."""
    return 100.0 * float((result.events[f"{event}_day"] <= month * MONTH).fill_null(False).mean())


def alive(result: Course, month: int = 24) -> float:
    """Percent alive."""
    return 100.0 - by_month(result, "death", month)


def below(result: Course, month: int, load: float) -> float:
    """Percent of patients with fewer leukaemic cells at a month; deaths of other causes do not compete."""
    return 100.0 * float(np.mean(result.load[:, month] < load))


def relapse(intervention: Intervention, month: int = 24) -> float:
    """Percent relapsed after measurable disease."""
    return by_month(course("MRD", intervention), "relapse", month)


@check("L1", FOLDER, "without exhaustion, boost and cells it is the transplant model with immunosuppression withdrawn")
def nothing_added() -> list[Finding]:
    """The transplant composite itself, started from the same states, against module L with K_exh 1e30 and w_dli 0."""
    patients = triggered("MRD")
    nothing = Intervention(infusions=((0.0, 0.0),), gvhd_layer=False)
    ours = course("MRD", nothing, (("K_exh", 1e30), ("w_dli", 0.0)))
    theirs = _transplant_alone(patients, ours.days)
    findings = []
    for name in ("L", "G", "transplant__T_L", "transplant__T_A"):
        a, b = (samples[:, :, READOUTS.index(name)] for samples in (ours.samples, theirs))
        counted = b > 1e-3
        apart = float(np.abs(a[counted] / b[counted] - 1).max())
        words = f"{name.removeprefix('transplant__')}, monthly for two years: largest relative difference"
        findings.append(between(words, apart, 0, 1e-6, expected="at most 1e-06"))
    return findings


def _transplant_alone(patients: Triggered, days: np.ndarray) -> np.ndarray:
    """Samples of the transplant composite, started at each trigger with the states carried over and IS0 = 0."""
    names = [name for name in READOUTS if name != "F_exh"]
    model = compile_model(load_composite("transplant"), names)
    before, rows = patients.batch, patients.chosen
    table = np.column_stack([before.parameters[rows, before.model.column(p)] for p in model.kernel.parameters])
    table[:, model.column("transplant__IS0")] = 0.0
    batch = Batch(model, table, start=0.0, sample_days=days, origin=patients.day, settings=SETTINGS)
    batch.t[:] = patients.day
    for name in model.kernel.states:
        batch.state(name)[:] = before.state(name)[rows]
    for place, name in enumerate(model.kernel.switches):
        batch.switches[:, place] = before.switches[rows, list(before.model.kernel.switches).index(name)]
    batch.advance(patients.day + days[-1] + 1e-6, threads=cores())
    return batch.samples


@check("L2", FOLDER, "earlier, at lower burden, longer, after cytoreduction: fewer relapses")
def directions() -> list[Finding]:
    """Relapse within two years of measurable disease, survival after overt relapse, GVHD by dose."""
    load = triggered("MRD").load
    bands = [(load < 3e8), (load >= 3e8) & (load < 3e9), load >= 3e9]
    relapsed = (course("MRD", Intervention(interferon=weekly(26))).events["relapse_day"] <= 24 * MONTH).fill_null(False)
    by_burden = [100 * float(relapsed.to_numpy()[band].mean()) for band in bands]
    start = [relapse(Intervention(interferon=weekly(26, day))) for day in (0.0, 28.0, 84.0)]
    infusion = [relapse(Intervention(infusions=((day, DOSE),), gvhd_layer=False)) for day in (0.0, 28.0, 84.0)]
    length = [relapse(Intervention(interferon=weekly(doses))) for doses in (52, 26, 8, 1)]
    killed = [
        100 - alive(course("relapse", Intervention(log_kill=kill, infusions=ONE))) for kill in (4.0, 3.0, 2.0, 0.0)
    ]
    gvhd = [gvhd_after(dose) for dose in (1e6, 5e6, 3e7, 1.5e8)]
    return [
        _rising("relapse by start of interferon (day 0, 28, 84), %", start),
        _rising("relapse by day of lymphocytes (0, 28, 84), %", infusion),
        _rising("relapse by burden at the trigger (below 3e8, to 3e9, above), %", by_burden),
        _rising("relapse by weeks of interferon (52, 26, 8, 1), %", length),
        _rising("dead after overt relapse by log-kill before lymphocytes (4, 3, 2, 0), %", killed),
        _rising("GVHD by CD3 dose (1e6, 5e6, 3e7, 1.5e8), %", gvhd),
    ]


def _rising(quantity: str, values: list[float]) -> Finding:
    shown = ", ".join(f"{value:.1f}" for value in values)
    return holds(quantity, bool(np.all(np.diff(values) > 0)), expected="rises in this order", obtained=shown)


def gvhd_after(dose: float) -> float:
    """Percent with GVHD of grade II or more after a first infusion, by the closed form."""
    row = {symbol: parameter.value for symbol, parameter in parameter_table(FOLDER).items()}
    chance = gvhd_probability(
        np.array([dose]), intercept=row["a_gvhd"], slope=row["b_gvhd"], log10_reference=row["log10_dose_gvhd"]
    )
    return 100 * float(chance[0])


@check("L3", FOLDER, "dose of lymphocytes: response does not depend on it, GVHD does")
def by_dose() -> list[Finding]:
    """5e6, 3e7 and 1.5e8 CD3/kg; a response is molecular remission of CML at two years."""
    doses, printed = (5e6, 3e7, 1.5e8), (23, 40, 58)
    courses = [course("CML", Intervention(infusions=((0.0, dose),))) for dose in doses]
    remission = parameter_table(FOLDER)["L_mol_CML"].value
    response = [below(result, 24, remission) for result in courses]
    allowed = max(4.0, 300 * float(np.sqrt(0.25 / len(triggered("CML")))))
    seen = [by_month(result, "gvhd_after_lymphocytes", 12) for result in courses]
    span = max(response) - min(response)
    return [
        between(
            f"span of the responses {', '.join(f'{r:.1f}' for r in response)}, points",
            span,
            0,
            allowed,
            expected="no trend",
        ),
        *(
            near(f"GVHD after {dose:g} CD3/kg, closed form, %", gvhd_after(dose), p, absolute=3, relative=0)
            for dose, p in zip(doses, printed, strict=True)
        ),
        *(
            near(f"GVHD after {dose:g} CD3/kg, in the patients, %", found, p, absolute=3 + allowed, relative=0)
            for dose, found, p in zip(doses, seen, printed, strict=True)
        ),
    ]


@check("L4", FOLDER, "slow growth lets lymphocytes work, bulky fast disease does not respond")
def growth() -> list[Finding]:
    """CML patients with and without slower growth; overt acute relapse with lymphocytes and without."""
    slow = triggered("CML")
    fast = Triggered(slow.cohort, slow.chosen, slow.day, slow.batch, slow.drug)
    load = parameter_table(FOLDER)["L_mol_CML"].value
    response = [below(treat(patients, Intervention(infusions=ONE)), 24, load) for patients in (fast, slow)]
    survival = [alive(course("relapse", how)) for how in (Intervention(), Intervention(infusions=ONE))]
    allowed = max(4.0, 300 * float(np.sqrt(0.11 * 0.89 / len(triggered("relapse")))))
    shown = ", ".join(f"{value:.1f}" for value in response)
    return [
        holds(
            "molecular remission, growth as it is and four times slower, %",
            response[1] > response[0] + 4,
            expected="rises",
            obtained=shown,
        ),
        near(
            "alive after overt relapse with lymphocytes minus without, points",
            survival[1] - survival[0],
            1,
            absolute=allowed,
            relative=0,
        ),
    ]


@check("L6", FOLDER, "inhibitor and lymphocytes together are at least as good as each alone")
def together() -> list[Finding]:
    """CML, share in molecular remission at 12 and 24 months; the same patients, deaths not counted."""
    load = parameter_table(FOLDER)["L_mol_CML"].value
    each = {
        "lymphocytes": course("CML", Intervention(infusions=ONE, gvhd_layer=False)),
        "inhibitor": course("CML", Intervention(inhibitor=True)),
    }
    both = course("CML", Intervention(infusions=ONE, inhibitor=True, gvhd_layer=False))
    findings = []
    for words, alone in each.items():
        for month in (12, 24):
            one, two = below(alone, month, load), below(both, month, load)
            obtained = f"{one:.1f} and {two:.1f}"
            findings.append(
                holds(
                    f"remission at {month} months, {words} alone and both, %",
                    two >= one,
                    expected="no fall",
                    obtained=obtained,
                )
            )
    return findings
