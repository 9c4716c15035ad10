"""Checks K1-K8: dose schedules, repair, chimerism and rejection, toxicity, the marrow afterwards, relapse by conditioning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inferon.biology.radiation import functions as radiation
from inferon.cohort import Cohort, draw_cohort
from inferon.engine import Batch, Doses, Settings
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.laboratory import marrow
from inferon.model.catalogue import parameter_table
from inferon.protocol.conditioning import (
    SCHEDULES,
    Irradiation,
    conditioning,
    early_toxicity_factor,
    irradiation,
    irradiation_kill,
    log_kill,
    radiation_values,
)
from inferon.random import normal, uniform
from inferon.trial.simulate import SETTINGS, simulate_arm

FOLDER = "radiation"
SEED = 8
TWO_YEARS = 730.5
POSITIVE = 0.2
"""Share of the remission cohort with measurable residual disease before transplant."""

PRINTED_PATIENTS = 1500
"""Patients behind the printed relapse table, at least."""

_WIDE = replace(SETTINGS, rtol=1e-4)
_MARROW = Settings(rtol=1e-8, default_atol=1e-12, atol={f"marrow__{c}": 1e-6 for c in ("C1", "C2")})

_TABLE = {
    "2 Gy": (0.36, 0.58, 0.99, 0.30, 3.3),
    "4 Gy": (0.73, 1.16, 1.98, 0.61, 6.7),
    "8 Gy": (1.46, 2.33, 3.96, 1.22, 13.3),
    "12 Gy": (2.19, 3.50, 5.94, 1.82, 20.0),
    "12 Gy in six days": (2.19, 3.50, 5.94, 1.82, 20.0),
    "13.2 Gy": (2.39, 3.74, 6.54, 2.01, 20.5),
    "14 Gy": (2.55, 4.07, 6.93, 2.13, 23.3),
    "15.75 Gy": (2.89, 4.69, 7.80, 2.39, 27.6),
    "10 Gy single, 0.25 Gy/min": (2.11, 4.64, 4.95, 1.52, 37.7),
    "10 Gy single, 0.05 Gy/min": (1.97, 3.76, 4.95, 1.52, 25.5),
}


@check("K1", FOLDER, "kill and lung dose of ten schedules")
def schedules() -> list[Finding]:
    """log10 kill of leukaemia, stem cells, progenitors and T cells, and Gy BED3."""
    findings = []
    for name in SCHEDULES:
        kill = irradiation_kill(irradiation(name))
        obtained = (kill.leukaemia, kill.stem_cells, kill.progenitors, kill.t_cells)
        for target, value, printed in zip(radiation.TARGETS, obtained, _TABLE[name], strict=False):
            findings.append(near(f"{name}, log10 kill of {target}", value, printed, relative=0, absolute=0.01))
        findings.append(near(f"{name}, Gy BED3", kill.late_dose_gy, _TABLE[name][4], relative=0, absolute=0.1))
    return findings


@check("K2", FOLDER, "limits of repair")
def limits() -> list[Finding]:
    """All repaired between instantaneous fractions; nothing repaired when they are one dose. Stem cells, 12 Gy in six."""
    v = radiation_values()
    alpha, beta, n, d = v["al_C1"], v["be_C1"], 6, 2.0
    repaired = irradiation_kill(Irradiation(fractions=n, fraction_gy=d, gap_days=1e6, delivery_days=1e-12)).stem_cells
    at_once = irradiation_kill(Irradiation(fractions=n, fraction_gy=d, gap_days=1e-12)).stem_cells
    without = (alpha * n * d + beta * n * d**2) / np.log(10)
    single = (alpha * n * d + beta * (n * d) ** 2) / np.log(10)
    return [
        near("no gap left unrepaired, log10", repaired, without, relative=1e-6),
        near("no gap, log10", at_once, single, relative=1e-6),
    ]


@check("K3", FOLDER, "leukaemic cells in vitro, 12 Gy")
def in_vitro() -> list[Finding]:
    """What colony assays would predict, against 2.2 logs in vivo."""
    row = parameter_table("radiation")["al_L_vitro"]
    printed = {row.value: 7.9, row.lower: 3.8}
    return [
        near(
            f"alpha {alpha:g} 1/Gy, log10", radiation.log_kill(alpha, 0.0, 6, 2.0), expected, relative=0, absolute=0.05
        )
        for alpha, expected in printed.items()
    ]


@check("K4", FOLDER, "donor T cells on day 28 and rejection")
def chimerism() -> list[Finding]:
    """Three regimens of rising T-cell kill; the first two were fitted."""
    v, findings, donor, rejected = radiation_values(), [], [], []
    printed = {"TBI 2 Gy": (61, 4.6), "fludarabine + TBI 2 Gy": (90, 0.6)}
    for name in (*printed, "cyclophosphamide + TBI 12 Gy"):
        kill = log_kill(conditioning(name)).t_cells
        donor.append(100 * float(radiation.donor_t_cells(kill, v)))
        rejected.append(100 * float(radiation.rejection_probability(kill, v)))
    for name, i in zip(printed, (0, 1), strict=True):
        findings.append(near(f"{name}, donor T cells, %", donor[i], printed[name][0], relative=0, absolute=0.5))
        findings.append(near(f"{name}, rejected, %", rejected[i], printed[name][1], relative=0, absolute=0.2))
    ordered = donor == sorted(donor) and rejected == sorted(rejected, reverse=True)
    return [
        *findings,
        between("cyclophosphamide + TBI 12 Gy, donor T cells, %", donor[2], 99.9, 100, expected="above 99.9"),
        between("cyclophosphamide + TBI 12 Gy, rejected, %", rejected[2], 0, 0.01, expected="below 0.01"),
        holds("order of the three", ordered, expected="more kill, more donor, fewer rejected", obtained=str(ordered)),
    ]


def _remission(patients: int, kill: float, *, clonogenic: float | None = None, toxicity: float = 1.0) -> Cohort:
    """People in remission: one in five with measurable disease, cytogenetic factors off, log-kill of sd 1 between patients."""
    off = {"f_td_poor": 1.0, "f_td_fav": 1.0, "f_gvl_poor": 1.0, **({"f_c": clonogenic} if clonogenic else {})}
    numbers = np.arange(patients)
    cohort = draw_cohort("transplant-reference", numbers, seed=SEED, overrides=off)
    p = {symbol: row.value for symbol, row in parameter_table("population").items()}
    positive, z = uniform(SEED, "check K8 MRD", numbers) < POSITIVE, normal(SEED, "check K8 load", numbers)
    before = np.where(positive, p["Lpre_mrdp"] + p["sd_Lpre_mrdp"] * z, p["Lpre_mrdn"] + p["sd_Lpre_mrdn"] * z)
    spread = parameter_table("transplant")["sd_LK_cond"].value
    load = before - kill - spread * normal(SEED, "check K8 log-kill", numbers)
    columns = {"transplant__L0": 10.0**load, "transplant__f_conditioning": np.full(patients, toxicity)}
    return replace(cohort, parameters={**cohort.parameters, **columns})


def _percent(cohort: Cohort, event: str, day: float, *, layer: bool) -> float:
    result = simulate_arm(cohort, (), follow_up=day, settings=_WIDE, extinction_layer=layer, threads=2)
    return 100 * float((result.events[f"{event}_day"] <= day).fill_null(False).mean())


def _error(percent: float, patients: int, printed: int = PRINTED_PATIENTS) -> float:
    """Three Monte-Carlo errors of the difference from a printed share, in points."""
    share = percent / 100
    return 300 * float(np.sqrt(share * (1 - share) * (1 / patients + 1 / printed)))


@check("K5", FOLDER, "lung dose, early toxicity and non-relapse mortality")
def toxicity(patients: int = 3000) -> list[Finding]:
    """From 12 to 14 Gy; and non-relapse mortality within a year in the remission cohort after 3 logs of kill."""
    twelve, fourteen = (early_toxicity_factor(conditioning(f"cyclophosphamide + TBI {dose} Gy")) for dose in (12, 14))
    findings = [near("14 Gy over 12 Gy, factor on h_c", fourteen / twelve, 1.64, relative=0, absolute=0.02)]
    for factor, printed in ((1, 20.5), (2, 24.6), (4, 32.7)):
        died = _percent(_remission(patients, 3.0, toxicity=factor), "non_relapse_mortality", 365.25, layer=False)
        width = max(1.5, _error(printed, patients))
        findings.append(near(f"dead without relapse, h_c x {factor}, %", died, printed, relative=0, absolute=width))
    return findings


def _engraftment(stem_cells: float, others: float) -> float:
    """Day of ANC above 0.5 after a blood graft into a marrow of which conditioning left so much (log10 kill)."""
    row, chain = parameter_table("transplant")["CD34"].value, marrow()
    m = {symbol: r.value for symbol, r in parameter_table("marrow").items()}
    states = [chain.model.kernel.states.index(f"marrow__{c}") for c in ("C1", "C2")]
    cells = np.array([[m["seed_C1"] * row, m["seed_C2"] * row]])
    graft = Doses(np.zeros((1, 2)), cells, np.zeros((1, 2)), np.array([states]))
    left = {"marrow__remaining_C1": 10.0**-stem_cells, "marrow__remaining_other": 10.0**-others}
    days = np.linspace(0, 40, 4001)
    counts = chain(days, columns=left, doses=graft, settings=_MARROW)["marrow__ANC"][0]
    return float(days[np.argmax(counts > 0.5)])


@check("K6", FOLDER, "a blood graft after cyclophosphamide and 12 Gy")
def engraftment() -> list[Finding]:
    """Neutrophils above 0.5: as after the myeloablative constants of the marrow module, and as into an empty marrow."""
    kill = log_kill(conditioning("cyclophosphamide + TBI 12 Gy"))
    m = {symbol: row.value for symbol, row in parameter_table("marrow").items()}
    obtained = _engraftment(kill.stem_cells, kill.progenitors)
    return [
        near(
            "day, against the class constants",
            obtained,
            _engraftment(m["LK_C1_MAC"], m["LK_C2_MAC"]),
            relative=0,
            absolute=1,
        ),
        near("day, against an empty marrow (check C6)", obtained, 14.9, relative=0, absolute=1),
    ]


def _irradiated(given: Irradiation, days: np.ndarray) -> np.ndarray:
    """Neutrophils of a healthy marrow irradiated without a graft, in percent; stem cells, progenitors and lymphocytes are hit."""
    chain, kill = marrow(), irradiation_kill(given)
    batch: Batch = chain.batch(days, 1, {}, {}, None, 0.0, _MARROW)
    shares = {"C1": kill.stem_cells, "C2": kill.progenitors, "B_B": kill.t_cells}
    for day in given.days:
        if day > 0:
            chain.carry_on(batch, float(day))
        for state, total in shares.items():
            batch.state(f"marrow__{state}")[:] *= radiation.surviving_share(total, given.fractions)
    chain.carry_on(batch, float(days[-1]))
    counts = batch.samples[0, :, chain.model.kernel.readouts.index("marrow__ANC")]
    return 100 * counts / parameter_table("marrow")["ANC_1"].value


@check("K7", FOLDER, "irradiation without a graft (the marrow is known to recover too early)")
def without_a_graft() -> list[Finding]:
    """What the model gives, not what is observed: nadirs near week 4 to 6, and no recovery after 10 Gy."""
    days, findings = np.linspace(0, 60, 1201), []
    for name, nadir, day in (("2 Gy", 10, 8), ("4 Gy", 1, 9)):
        counts = _irradiated(irradiation(name), days)
        findings.append(near(f"{name}, lowest neutrophils, % of normal", counts.min(), nadir, relative=0, absolute=2))
        findings.append(near(f"{name}, day of the lowest", days[counts.argmin()], day, relative=0, absolute=1))
    counts = _irradiated(irradiation("10 Gy single, 0.25 Gy/min"), days)
    low = days[counts < 100 * 0.5 / parameter_table("marrow")["ANC_1"].value]
    return [
        *findings,
        near("10 Gy, neutrophils below 0.5 from day", low.min(), 5, relative=0, absolute=1),
        near("10 Gy, neutrophils below 0.5 to day", low.max(), 38, relative=0, absolute=1),
    ]


_RELAPSE = {
    "no extinction layer": ("f_c", {0.3: 54, 3.0: 51, 5.3: 51}),
    "extinction, f_c 0.01": ("f_c", {0.3: 52, 3.0: 46, 5.3: 27}),
    "extinction, f_c 1e-4": ("f_c_cond", {0.3: 43, 1.4: 40, 3.0: 28, 5.3: 8}),
}
"""Row of the clonogenic fraction, and relapse in percent by log10 kill; four of the eight printed kills, for time."""

_LOW_KILL = (
    "printed lower than the second program of the reference tables gives for the same rows (53 and 47 %); this engine agrees "
    "with the second program"
)
_SECOND_PROGRAM = {0.3: 53, 1.4: 47, 3.0: 32, 5.3: 9}
"""Relapse with f_c 1e-4 by the program behind the reference tables of module E, section 3; 8000 patients."""


@check("K8", FOLDER, "relapse within two years by log-kill of conditioning, remission cohort")
def relapse_by_kill(patients: int = 1500) -> list[Finding]:
    """With the mean equations alone, and with the extinction layer at two clonogenic fractions."""
    findings = []
    fraction = {s: row.value for folder in ("transplant", "radiation") for s, row in parameter_table(folder).items()}
    for setting, (symbol, printed) in _RELAPSE.items():
        few = symbol == "f_c_cond"
        for kill, expected in printed.items():
            cohort = _remission(patients, kill, clonogenic=fraction[symbol])
            relapsed = _percent(cohort, "relapse", TWO_YEARS, layer=setting.startswith("extinction"))
            what, width = f"{setting}, {kill:g} log10, % relapsed", max(1.5, _error(expected, patients))
            misfit = _LOW_KILL if few and kill < 2 else ""
            findings.append(near(what, relapsed, expected, relative=0, absolute=width, misfit=misfit))
            if few:
                other = _SECOND_PROGRAM[kill]
                width = max(1.5, _error(other, patients, 8000))
                findings.append(near(f"{what}, second program", relapsed, other, relative=0, absolute=width))
    return findings
