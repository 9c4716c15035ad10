"""The trial room: simulate arms, enrol, randomise, follow and censor, and derive endpoints as plain tables."""

from inferon.trial.conduct import Conduct, analysis_dataset, conduct_trial
from inferon.trial.endpoints import ENDPOINTS, time_to_event
from inferon.trial.estimates import curve, estimate
from inferon.trial.post_transplant import Triggered, cytogenetic_relapse, measurable_disease, overt_relapse
from inferon.trial.post_transplant_treatment import Intervention, treat
from inferon.trial.simulate import READOUTS, ArmResult, simulate_arm
from inferon.trial.stream import arm_in_blocks

__all__ = [
    "ENDPOINTS",
    "READOUTS",
    "ArmResult",
    "Conduct",
    "Intervention",
    "Triggered",
    "analysis_dataset",
    "arm_in_blocks",
    "conduct_trial",
    "curve",
    "cytogenetic_relapse",
    "estimate",
    "measurable_disease",
    "overt_relapse",
    "simulate_arm",
    "time_to_event",
    "treat",
]
