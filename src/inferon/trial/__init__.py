"""The trial room: simulate arms, enrol, randomise, follow and censor, and derive endpoints as plain tables."""

from inferon.trial.conduct import Conduct, analysis_dataset, conduct_trial
from inferon.trial.endpoints import ENDPOINTS, time_to_event
from inferon.trial.estimates import curve, estimate
from inferon.trial.simulate import READOUTS, ArmResult, simulate_arm
from inferon.trial.stream import arm_in_blocks

__all__ = [
    "ENDPOINTS",
    "READOUTS",
    "ArmResult",
    "Conduct",
    "analysis_dataset",
    "arm_in_blocks",
    "conduct_trial",
    "curve",
    "estimate",
    "simulate_arm",
    "time_to_event",
]
