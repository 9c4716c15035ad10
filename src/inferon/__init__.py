"""Inferon: an in-silico clinical-trial laboratory for interferon therapy of leukaemia. For research only.

    study = inferon.read_study("study.yaml")     a study file, checked
    result = inferon.run_study(study, "runs/x")  patients, trial, estimates, report
    inferon.simulate("transplant", doses=[...])  one virtual patient or a cohort under a regimen
    inferon.analyse(...)                         competing-risk analysis of patient data
    inferon.load_composite("transplant")         the biology, composed and unit-checked
    inferon.ready_studies()                      the studies that ship with Inferon

Names are loaded when first used, so that ``import inferon`` is quick.
"""

from importlib import import_module
from typing import Any

_CONTENTS = {
    "InputError": "inferon.study",
    "Study": "inferon.study",
    "read_study": "inferon.study",
    "make_study": "inferon.study",
    "revise": "inferon.study",
    "ready_studies": "inferon.study",
    "ready_study": "inferon.study",
    "run_study": "inferon.run",
    "RunResult": "inferon.run",
    "analyse": "inferon.analysis",
    "load_composite": "inferon.model",
    "load_module": "inferon.model",
    "composites": "inferon.model",
    "modules": "inferon.model",
    "draw_cohort": "inferon.cohort",
    "simulate": "inferon.simulation",
    "simulate_arm": "inferon.trial",
    "Regimen": "inferon.protocol",
}

__all__ = list(_CONTENTS)


def __getattr__(name: str) -> Any:
    if name not in _CONTENTS:
        raise AttributeError(f"module 'inferon' has no attribute {name!r}")
    return getattr(import_module(_CONTENTS[name]), name)


def __dir__() -> list[str]:
    return __all__
