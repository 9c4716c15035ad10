"""Section 10: what was assumed, and where the page must not be read further."""

from inferon.report.blocks import Bullets, Paragraph, Section
from inferon.report.inputs import ReportInputs
from inferon.report.published import is_expectation
from inferon.report.words import plural, when


def section(inputs: ReportInputs) -> Section:
    """The assumptions of this run first, then the limits of the model it used."""
    blocks = []
    if stated := list(inputs.estimates.get("assumptions") or ()):
        blocks += [Paragraph("Assumptions stated by this run:"), Bullets(stated)]
    blocks += [Paragraph("Limits of the model and of the evidence:"), Bullets(limits(inputs))]
    return Section("limits", "Assumptions and limits", blocks)


def limits(inputs: ReportInputs) -> list[str]:
    """What holds for every run, for the transplant model, and for what this run contains."""
    transplant = _transplant(inputs) if inputs.study.get("model", "transplant") == "transplant" else []
    return [*_horizon(inputs), *_families(inputs), *_evidence(inputs), *transplant, *_simulation(inputs)]


def _horizon(inputs: ReportInputs) -> list[str]:
    end = when(inputs.follow_up_days)
    return [
        f"Patients are followed to {end}; nothing is extrapolated beyond, and nothing beyond 12 months is calibrated."
    ]


def _families(inputs: ReportInputs) -> list[str]:
    if len(inputs.families) < 2:
        return [
            "One set of parameters was run: results that depend on parameters the data cannot identify are hypotheses."
        ]
    return [
        f"The {plural(len(inputs.families), 'parameter family', several='parameter families')} are representatives "
        "of many fits, found "
        "by a coarse search; their range is neither a confidence interval nor a posterior, and another structure "
        "could lie outside it."
    ]


def _evidence(inputs: ReportInputs) -> list[str]:
    if not any(is_expectation(row) for row in inputs.published):
        return []
    return [
        "The effect of interferon around a transplant is anchored by one single-arm study. Relapse published for "
        "comparable transplants "
        "runs from about 30% to over 60% with selection and era, so the expectation it is set against could be "
        "elsewhere."
    ]


def _transplant(inputs: ReportInputs) -> list[str]:
    return [
        "GVHD: unless an arm says otherwise, interferon is given no effect on alloreactive T cells. Equal GVHD with and "
        "without it is an assumption of the equations, never a result of them, and says nothing about safety.",
        "Plateau: patients without relapse are held by T cells and mostly still carry leukaemic cells. The plateau "
        "is immune control, "
        "not eradication, and must not be read as cure.",
        "Overall survival: the death rate after relapse is one constant taken from untreated relapse; it is an "
        "assumption of the run.",
        "Non-relapse mortality rises partly because fewer patients relapse first; its level beyond 12 months is not "
        "calibrated and not "
        "reported.",
        "Identifiability: of fifteen free parameter combinations about six are fixed by the published outcomes. "
        "Conclusions on dose, "
        "schedule and mechanism are hypotheses conditional on this structure.",
        "Drug levels come from hepatitis, chronic leukaemia and healthy volunteers; none were measured around a "
        "transplant. The action on "
        "dormant cells and cross-presenting dendritic cells is carried over from mice.",
        "Left out: chronic GVHD, viral infection, graft rejection, second transplant, donor lymphocytes, clonal "
        "evolution, drug "
        "interactions. GVHD prophylaxis is reduced to one number and its taper.",
        "Neutrophils: the drug's effect on engraftment uses the value calibrated for this module; the value from "
        "other diseases would "
        "delay engraftment by about three days more.",
    ]


def _simulation(inputs: ReportInputs) -> list[str]:
    said = ["Monte-Carlo intervals measure the number of virtual patients and trials, not the truth of the model."]
    if len(inputs.arms) > 1:
        said.append(
            "Arms share random numbers patient by patient: the difference between virtual arms is more precise than "
            "the two intervals suggest."
        )
    return [*said, "Not for the choice of conditioning, prophylaxis or drug in any person; not for regulatory use."]
