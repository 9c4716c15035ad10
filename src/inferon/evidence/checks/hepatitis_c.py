"""Checks H1-H6: two phases of decline, rebound between doses, untreated infection, dose reduction (module H).

Falls are printed to two digits: tolerance 0.015 log10 (H1 prints 1.40 and 1.49 where four digits are 1.396 and 1.494); slopes to
0.0015 a day.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from inferon.biology.hepatitis_c.functions import first_phase, steady_state
from inferon.engine import Batch, Settings, compile_model
from inferon.engine.interventions import set_parameters
from inferon.evidence.check import Finding, between, check, holds, near
from inferon.evidence.laboratory import Laboratory
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen

FOLDER = "hepatitis_c"
DIGITS, RAPID_DIGITS = 0.015, 0.02
TIGHT = Settings(rtol=1e-9, atol={"hepatitis_c__T": 1e-6, "hepatitis_c__I": 1e-6, "hepatitis_c__V": 1e-6})
EFFICACIES = {"eps5": (0.80, 0.071), "eps10": (1.40, 0.119), "eps15": (1.49, 0.123)}
"""Row of the table: fall by day 2 (log10), slope of the second phase (ln a day)."""


def _values() -> dict[str, float]:
    return {symbol: row.value for symbol, row in parameter_table(FOLDER).items()}


@cache
def _laboratory() -> Laboratory:
    return Laboratory(compile_model(load_composite(FOLDER), ("hepatitis_c__viral_load",)))


def _load(days: list[float], *regimens: Regimen, **changed: float) -> np.ndarray:
    """Viral load (log10 copies/mL) on days, the typical patient; ``changed`` replaces parameters by name of the composite."""
    return _laboratory()(np.array(days, dtype=float), regimens=regimens, columns=changed, settings=TIGHT)[
        "hepatitis_c__viral_load"
    ][0]


@check("H1", FOLDER, "first phase under a constant efficacy")
def first() -> list[Finding]:
    """Fall by day 2, and where the first phase would level off."""
    v, findings = _values(), []
    limits = {"eps5": 0.72, "eps10": 1.30, "eps15": 1.40}
    for row, (fall, _) in EFFICACIES.items():
        load = _load([0, 2], hepatitis_c__eps_constant=v[row])
        findings += [
            near(f"fall by day 2 at {v[row]:g}, log10", float(load[0] - load[1]), fall, relative=0, absolute=DIGITS),
            near(
                f"limit of the first phase at {v[row]:g}, log10",
                float(first_phase(v[row])),
                limits[row],
                relative=0,
                absolute=0.005,
            ),
        ]
    return findings


@check("H2", FOLDER, "second phase under a constant efficacy")
def second() -> list[Finding]:
    """Slope between days 4 and 14, which is not the loss of infected cells."""
    v, findings = _values(), []
    for row, (_, printed) in EFFICACIES.items():
        load = _load([0, 4, 14], hepatitis_c__eps_constant=v[row])
        slope = float((load[1] - load[2]) * np.log(10) / 10)
        findings += [
            near(f"slope at {v[row]:g}, ln a day", slope, printed, relative=0, absolute=0.0015),
            between(f"slope at {v[row]:g} below delta", slope, 0, v["delta"]),
        ]
    return findings


@check("H3", FOLDER, "benchmark: efficacy follows the drug, 180 ug weekly")
def benchmark() -> list[Finding]:
    """The published benchmark's own disposition and virus."""
    v = _values()
    load = _load(
        [0, 2, 7, 14, 28],
        Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=5),
        interferon_pk__ka=v["ka_bench"],
        interferon_pk__CL=v["ke_bench"] * v["V_bench"],
        interferon_pk__V=v["V_bench"],
        hepatitis_c__EC50_hcv=v["EC50_bench"],
        hepatitis_c__n_hcv=v["n_bench"],
        hepatitis_c__delta=v["delta_bench"],
        hepatitis_c__c=v["c_bench"],
    )
    printed = {2: 2.12, 7: 2.20, 14: 3.05, 28: 4.34}
    return [
        near(f"fall by day {day}, log10", float(load[0] - now), fall, relative=0, absolute=DIGITS)
        for (day, fall), now in zip(printed.items(), load[1:], strict=True)
    ]


@check("H4", FOLDER, "rapidly cleared peginterferon: the load rises before the next dose")
def saw_tooth() -> list[Finding]:
    """Half-life 40 h, 70 L, 75 ug weekly; no absorption rate is printed: that of the 12-kDa product's label is taken."""
    v = _values()
    load = _load(
        [0, 1, 7, 8],
        Regimen(drug="peginterferon alfa-2b", dose=75, start=0, interval=7, doses=2),
        interferon_pk__ka=v["ka_rapid"],
        interferon_pk__CL=np.log(2) * 24 / v["t_half_rapid"] * v["V_rapid"],
        interferon_pk__V=v["V_rapid"],
        interferon_pk__T50=np.inf,
        hepatitis_c__EC50_hcv=v["EC50_bench"],
    )
    return [
        near(f"fall by day {day}, log10", float(load[0] - now), fall, relative=0, absolute=RAPID_DIGITS)
        for (day, fall), now in zip({1: 1.62, 7: 0.34, 8: 1.89}.items(), load[1:], strict=True)
    ]


@check("H5", FOLDER, "untreated infection")
def untreated() -> list[Finding]:
    """A year without treatment."""
    load = _load([0, 30, 365])
    return [
        near("viral load, log10 copies/mL", float(load[0]), 6.36, relative=0, absolute=0.005),
        near(
            "the same in closed form", float(np.log10(steady_state(_values())["V"])), 6.36, relative=0, absolute=0.005
        ),
        between("change in a year, log10", float(np.abs(load - load[0]).max()), 0, 1e-6),
    ]


@check("H6", FOLDER, "dose reduction from 10 to 3 MIU a day")
def reduction() -> list[Finding]:
    """Two weeks at 10 MIU; no efficacy is given for 3 MIU, so that of 5 MIU stands as the most it can be."""
    v, days = _values(), np.array([0.0, 14, 16, 21])
    batch = _laboratory().batch(days, 1, {"hepatitis_c__eps_constant": v["eps10"]}, {}, None, 0.0, TIGHT)
    batch.advance(14.0)
    load = _with_efficacy(batch, v["eps5"]).samples[0, :, 0]
    return [
        between(
            "rise within two days of the reduction, log10", float(load[2] - load[1]), 0.3, 1.0, expected="a rebound"
        ),
        holds(
            "no recovery of control in the week after",
            bool(load[3] > load[1]),
            expected="load stays above that before the reduction",
            obtained=f"{load[1]:.2f} before, {load[3]:.2f} a week after",
        ),
    ]


def _with_efficacy(batch: Batch, efficacy: float) -> Batch:
    """The same patient carried on to the last sampled day with another constant efficacy."""
    column = np.array([batch.model.column("hepatitis_c__eps_constant")])
    set_parameters(batch, np.array([0]), column, np.array([[efficacy]]))
    batch.advance(float(batch.sample_days[-1]))
    return batch
