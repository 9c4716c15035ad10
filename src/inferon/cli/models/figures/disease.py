"""Pictures of the diseases: what a typical patient or a small population does under treatment."""

from __future__ import annotations

from typing import Any

import numpy as np

from inferon.biology.calendar import DAYS_PER_MONTH
from inferon.cli.models.figures.drawing import PEG, SEED, drawn, log10
from inferon.cohort import draw_cohort
from inferon.cohort.cml import draw_cml_cohort
from inferon.cohort.exposures import lifetime_risk, scenario
from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.cohort.mpn import draw_mpn_cohort
from inferon.engine import compile_model
from inferon.evidence.laboratory import Laboratory
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen
from inferon.trial.cml import monthly_visits, simulate_cml_arm
from inferon.trial.cml_treatment import CmlTreatment
from inferon.trial.hairy_cell import simulate_hairy_cell
from inferon.trial.hairy_cell_treatment import LowDoseInterferon, Treatment
from inferon.trial.mpn import simulate_mpn, titration
from inferon.trial.post_transplant import measurable_disease
from inferon.trial.post_transplant_treatment import Intervention, treat


def transplant() -> Any:
    """The typical patient without interferon and with four doses."""
    days = np.linspace(-1, 180, 182)
    names = {
        "L": "Leukaemic cells",
        "transplant__T_L": "Leukaemia-specific T cells",
        "transplant__H_x": "Host cross-presenting cells",
        "G": "GVHD index",
    }
    lab = Laboratory(compile_model(load_composite("transplant"), tuple(names)))
    arms = {}
    for arm, doses in (("no interferon", 0), (f"{PEG}, four doses of 180 ug", 4)):
        regimens = [Regimen(drug=PEG, dose=180, start=-1.0, interval=14, doses=4)] if doses else []
        found = lab(days, regimens=regimens, start=-1.0)
        arms[arm] = {title: found[name][0] for name, title in names.items()}
        arms[arm]["Leukaemic cells"] = log10(found["L"][0], 1.0)
    panels = {"Leukaemic cells": ("log10", False), "Leukaemia-specific T cells": ("relative", True)}
    panels |= {"Host cross-presenting cells": ("share", True), "GVHD index": ("index", True)}
    return drawn(arms, days, panels, "days from the graft")


def post_transplant() -> Any:
    """Leukaemia after measurable disease under four interventions."""
    found = measurable_disease(draw_cohort("transplant-reference", np.arange(600), seed=SEED), threads=1)
    weekly = Regimen(drug=PEG, dose=90, start=0.0, interval=7, doses=26)
    kept = parameter_table("post_transplant")["s_is_kept"].value
    dose = parameter_table("post_transplant")["CD3_dli"].value
    interventions = {
        "immunosuppression kept": Intervention(kept=kept),
        "withdrawn": Intervention(),
        "and donor lymphocytes": Intervention(infusions=((0.0, dose),)),
        "and weekly peginterferon": Intervention(interferon=(weekly,)),
    }
    courses = {arm: treat(found, how, months=24, threads=1) for arm, how in interventions.items()}
    months = next(iter(courses.values())).days / DAYS_PER_MONTH
    arms = {
        arm: {"Leukaemic cells, median": np.median(log10(course.load, 1.0), axis=0)} for arm, course in courses.items()
    }
    panels = {"Leukaemic cells, median": ("log10", False)}
    return drawn(arms, months, panels, "months from the trigger")


def cml() -> Any:
    """The response population under three first-line treatments."""
    daily = Regimen(drug="interferon alfa-2a", dose=9, unit="MIU", start=0, interval=1, doses=730)
    weekly = Regimen(drug="peginterferon alfa-2b", dose=50, start=0, interval=7, doses=104)
    treatments = {
        "interferon alfa-2a, 9 MIU a day": CmlTreatment(inhibitor=(), interferon=(daily,)),
        "imatinib": CmlTreatment(),
        "imatinib and weekly peginterferon": CmlTreatment(interferon=(weekly,)),
    }
    visits = monthly_visits(24, every=1)
    cohort = draw_cml_cohort("cml-first-line", np.arange(300), seed=SEED)
    arms = {}
    for arm, treatment in treatments.items():
        found = simulate_cml_arm(cohort, treatment, visits=visits, resistance=False, extinction_layer=False, threads=1)
        arms[arm] = {"BCR-ABL": log10(found.samples[:, :, 0], 1e-4)}
    chart = drawn(arms, visits / DAYS_PER_MONTH, {"BCR-ABL": ("log10 %", False)}, "months")
    return chart


def hairy_cell() -> Any:
    """Index and counts under interferon and under a course of cladribine."""
    visits = np.arange(0.0, 731.0, 30.0)
    treatments = {
        "low-dose interferon for a year": Treatment(interferon=LowDoseInterferon()),
        "one course of cladribine": Treatment(courses=(0.0,)),
    }
    cohort, arms = draw_hairy_cell_cohort(np.arange(200), seed=SEED), {}
    titles = {"index": "Hairy-cell index", "ANC": "Neutrophils", "PLT": "Platelets"}
    for arm, treatment in treatments.items():
        seen = simulate_hairy_cell(cohort, treatment, visits=visits).visits
        arms[arm] = {title: seen[name].to_numpy().reshape(len(cohort), -1) for name, title in titles.items()}
    panels = {"Hairy-cell index": ("share", True), "Neutrophils": ("1e9/L", True), "Platelets": ("1e9/L", True)}
    chart = drawn(arms, visits / DAYS_PER_MONTH, panels, "months")
    return chart


def mpn() -> Any:
    """Allele burden and counts under ropeginterferon."""
    visits = np.arange(0.0, 1462.0, 56.0)
    cohort, arms = draw_mpn_cohort("polycythaemia vera", np.arange(200), seed=SEED), {}
    titles = {"VAF": "JAK2 V617F allele burden", "HCT": "Haematocrit", "PLT": "Platelets"}
    for arm, regimens in (("no interferon", []), ("ropeginterferon, fast titration", titration("fast", doses=104))):
        seen = simulate_mpn(cohort, regimens, visits=visits).visits
        arms[arm] = {title: seen[name].to_numpy().reshape(len(cohort), -1) for name, title in titles.items()}
    panels = {
        "JAK2 V617F allele burden": ("share", True),
        "Haematocrit": ("share", False),
        "Platelets": ("1e9/L", True),
    }
    chart = drawn(arms, visits / DAYS_PER_MONTH, panels, "months")
    return chart


def hepatitis_c() -> Any:
    """Viral load in the first fortnight under three constant efficacies."""
    days = np.linspace(0, 14, 113)
    lab = Laboratory(compile_model(load_composite("hepatitis_c"), ("hepatitis_c__viral_load",)))
    table, arms = parameter_table("hepatitis_c"), {}
    for dose, row in ((5, "eps5"), (10, "eps10"), (15, "eps15")):
        found = lab(days, columns={"hepatitis_c__eps_constant": table[row].value})
        arms[f"{dose} MIU a day"] = {"Viral load": found["hepatitis_c__viral_load"][0]}
    chart = drawn(arms, days, {"Viral load": ("log10 copies/mL", False)}, "days")
    return chart


def onset() -> Any:
    """Cumulative incidence of AML over a lifetime by exposure."""
    names = (
        "unexposed",
        "1 Gy at 30",
        "benzene 10 ppm for 10 years",
        "pack a day from 20 to 60",
        "intensified chemotherapy at 50",
    )
    arms = {}
    for name in names:
        found = lifetime_risk(scenario(name))
        arms[name] = {"Acute myeloid leukaemia": 100 * found["AML"][:400:4]}
    chart = drawn(arms, found["age"][:400:4], {"Acute myeloid leukaemia": ("% so far", True)}, "years of age")
    return chart
